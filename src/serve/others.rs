//! What the gateway asks of other roles: issues, of the query role by its generated
//! clients; a test mail, of the mail server that the alerter uses.

use std::sync::{Arc, OnceLock};

use alerter::{SmtpConfig, mail::Mailer};
use anyhow::{Context, Result};
use event_model::{
    IssueId, Position, ProjectId,
    credential::{INTERNAL_TOKEN_HEADER, ServerSecret},
};
use ingest_gateway::others::{
    Answer, History, IssueLookup, KnownIssue, LocatedIssue, Others, TestMail,
};
use proto::{
    error::{ErrorCode, Refusal},
    v1::{
        self, GetEventRequest, GetIssueRequest, GetTimeSeriesRequest, LocateIssuesRequest,
        event_service_client::EventServiceClient, issue_service_client::IssueServiceClient,
        stats_service_client::StatsServiceClient,
    },
};
use tonic::{Request, metadata::AsciiMetadataValue, transport::Channel};

use crate::config::Config;

/// Events of an issue that are looked at: their stacks are what the door knows it by.
const EVENTS_MAX: usize = 10;

/// The way to the query role, known once that role is.
#[derive(Debug, Clone)]
pub(crate) struct QueryRole {
    channel: Arc<OnceLock<Channel>>,
    token: AsciiMetadataValue,
}

impl QueryRole {
    fn new(secret: &ServerSecret) -> Result<Self> {
        let mut token = AsciiMetadataValue::try_from(secret.internal_token())
            .context("internal_token cannot travel in a header")?;
        token.set_sensitive(true);
        Ok(Self {
            channel: Arc::default(),
            token,
        })
    }

    /// From now on it is reached this way.
    pub(crate) fn is_at(&self, channel: Channel) {
        let _ = self.channel.set(channel);
    }

    fn request<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        let metadata = request.metadata_mut();
        metadata.insert(INTERNAL_TOKEN_HEADER, self.token.clone());
        request
    }

    async fn look(&self, id: IssueId) -> Result<Option<KnownIssue>, Refusal> {
        let Some(channel) = self.channel.get().cloned() else {
            let message = "the query role does not run";
            return Err(Refusal::new(ErrorCode::Overloaded, message));
        };
        let mut issues = IssueServiceClient::new(channel.clone());
        let wanted = GetIssueRequest {
            issue_id: id.to_string(),
            ..GetIssueRequest::default()
        };
        let found = match issues.get_issue(self.request(wanted)).await {
            Ok(found) => found.into_inner(),
            Err(status) => match Refusal::of_status(&status) {
                refusal if refusal.code == ErrorCode::NotFound => return Ok(None),
                refusal => return Err(refusal),
            },
        };
        let issue = found.issue.unwrap_or_default();
        let mut events = EventServiceClient::new(channel);
        let mut positions = Vec::new();
        let mut event_id = "latest".to_owned();
        while positions.len() < EVENTS_MAX && !event_id.is_empty() {
            let wanted = GetEventRequest {
                event_id,
                issue_id: id.to_string(),
                ..GetEventRequest::default()
            };
            // Events that are gone give no stack, and are no reason to keep the others.
            let Ok(found) = events.get_event(self.request(wanted)).await else {
                break;
            };
            let event = found.into_inner();
            positions.extend(event.summary.map(|summary| Position(summary.position)));
            event_id = event.older_event_id;
        }
        let fingerprints = found.fingerprints.iter();
        Ok(Some(KnownIssue {
            id: issue.id.parse().unwrap_or(id),
            project_id: ProjectId(issue.project_id),
            fingerprints: fingerprints
                .filter_map(|print| print.fingerprint.parse().ok())
                .collect(),
            positions,
        }))
    }
}

impl QueryRole {
    async fn places(&self, ids: Vec<IssueId>) -> Result<Vec<LocatedIssue>, Refusal> {
        let Some(channel) = self.channel.get().cloned() else {
            let message = "the query role does not run";
            return Err(Refusal::new(ErrorCode::Overloaded, message));
        };
        let wanted = LocateIssuesRequest {
            issue_ids: ids.iter().map(ToString::to_string).collect(),
        };
        let mut issues = IssueServiceClient::new(channel);
        let found = issues.locate_issues(self.request(wanted)).await;
        let found = found.map_err(|status| Refusal::of_status(&status))?;
        let places = found.into_inner().issues.into_iter();
        let place = |issue: v1::LocatedIssue| {
            Some(LocatedIssue {
                asked: issue.id.parse().ok()?,
                lead: issue.lead_id.parse().ok()?,
                project_id: ProjectId(issue.project_id),
                opened: Position(issue.opened),
                fingerprints: issue.fingerprints,
            })
        };
        Ok(places.filter_map(place).collect())
    }
}

impl QueryRole {
    async fn counts(
        &self,
        project: ProjectId,
        until_hour: i64,
        count: i64,
    ) -> Result<Vec<u64>, Refusal> {
        let Some(channel) = self.channel.get().cloned() else {
            let message = "the query role does not run";
            return Err(Refusal::new(ErrorCode::Overloaded, message));
        };
        let hour = |hour: i64| prost_types::Timestamp {
            seconds: hour * 3_600,
            nanos: 0,
        };
        let wanted = GetTimeSeriesRequest {
            project_ids: vec![project.0],
            from: Some(hour(until_hour - count)),
            to: Some(hour(until_hour)),
            bucket_s: 3_600,
            ..GetTimeSeriesRequest::default()
        };
        let mut stats = StatsServiceClient::new(channel);
        let found = stats.get_time_series(self.request(wanted)).await;
        let found = found.map_err(|status| Refusal::of_status(&status))?;
        let series = found.into_inner().series.into_iter().next();
        Ok(series.map(|series| series.counts).unwrap_or_default())
    }
}

impl History for QueryRole {
    fn hours(
        &self,
        project: ProjectId,
        until_hour: i64,
        count: i64,
    ) -> Answer<'_, Result<Vec<u64>, Refusal>> {
        Box::pin(self.counts(project, until_hour, count))
    }
}

impl IssueLookup for QueryRole {
    fn locate(&self, ids: Vec<IssueId>) -> Answer<'_, Result<Vec<LocatedIssue>, Refusal>> {
        Box::pin(self.places(ids))
    }

    fn find(&self, id: IssueId) -> Answer<'_, Result<Option<KnownIssue>, Refusal>> {
        Box::pin(self.look(id))
    }
}

#[derive(Debug)]
struct Smtp {
    config: SmtpConfig,
    public_url: String,
}

impl TestMail for Smtp {
    fn send_test(&self, to: String) -> Answer<'_, Result<(), String>> {
        Box::pin(async move {
            let mailer = Mailer::new(&self.config).map_err(|error| error.to_string())?;
            let sent = mailer.send_test(&to, &self.public_url).await;
            sent.map_err(|error| error.to_string())
        })
    }
}

/// What a gateway of this configuration may ask, and the way that is to be told.
pub(crate) fn others(config: &Config, secret: &ServerSecret) -> Result<(Others, QueryRole)> {
    let query = QueryRole::new(secret)?;
    let smtp = super::alerts::smtp(config).map(|smtp| {
        let mail: Arc<dyn TestMail> = Arc::new(Smtp {
            config: smtp,
            public_url: config.public_url(),
        });
        mail
    });
    let others = Others {
        issues: Some(Arc::new(query.clone())),
        history: Some(Arc::new(query.clone())),
        mail: smtp,
    };
    Ok((others, query))
}
