//! The loop: restore the ledger, follow transitions, hand notices to couriers,
//! record how far all are dealt with.
//!
//! Invariant: the cursor is recorded only for transitions whose notifications have
//! ended. A lost connection is taken up again from the cursor, with back-off.

use std::time::Duration;

use lettre::message::Mailbox;
use proto::v1::{
    AdvanceAlertCursorRequest, DeliveryState, GetIssueRequest, ListDeliveriesRequest,
    ListMembersRequest, ListProjectsRequest, RecordDeliveryRequest, StreamTransitionsRequest,
    Transition, command_service_client::CommandServiceClient,
    issue_service_client::IssueServiceClient, live_service_client::LiveServiceClient,
    project_service_client::ProjectServiceClient,
};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tonic::{
    Request, Status,
    metadata::{Ascii, MetadataValue},
    service::{Interceptor, interceptor::InterceptedService},
    transport::Channel,
};

use crate::{
    config::AlerterConfig,
    deliver::{Courier, Ended},
    health::AlerterHealth,
    ledger::Ledger,
    mail::{MailError, Mailer, Notice},
    metric,
    rule::{EMAIL, Rule, notification_id},
};

/// Notifications delivered at the same time; further ones wait in the stream.
const IN_FLIGHT_MAX: usize = 4;
/// Deliveries read at the start; more than can stand above a cursor recorded every
/// [`CURSOR_INTERVAL`].
const DELIVERIES_MAX: u32 = 1000;
/// How often the cursor is recorded while transitions come.
const CURSOR_INTERVAL: Duration = Duration::from_secs(10);
/// First wait before a lost connection is taken up again; doubles.
const RECONNECT_WAIT: Duration = Duration::from_millis(200);
/// Longest such wait.
const RECONNECT_WAIT_MAX: Duration = Duration::from_secs(30);

/// Why the alerter cannot run at all.
#[derive(Debug, thiserror::Error)]
pub enum AlerterError {
    /// The mail settings cannot be used.
    #[error(transparent)]
    Mail(#[from] MailError),
    /// The internal token cannot travel in a header.
    #[error("internal token is not plain ASCII")]
    Token,
}

/// The other roles, and how to authenticate to them.
#[derive(Clone)]
pub struct Peers {
    gateway: Channel,
    query: Channel,
    token: InternalToken,
}

/// Adds the internal token to each call.
#[derive(Clone)]
pub(crate) struct InternalToken(MetadataValue<Ascii>);

impl Interceptor for InternalToken {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        request
            .metadata_mut()
            .insert("x-errata-internal", self.0.clone());
        Ok(request)
    }
}

pub(crate) type Authenticated = InterceptedService<Channel, InternalToken>;

impl Peers {
    /// The roles behind these channels.
    pub fn new(
        gateway: Channel,
        query: Channel,
        internal_token: &str,
    ) -> Result<Self, AlerterError> {
        let token = internal_token.parse().map_err(|_| AlerterError::Token)?;
        Ok(Self {
            gateway,
            query,
            token: InternalToken(token),
        })
    }

    pub(crate) fn commands(&self) -> CommandServiceClient<Authenticated> {
        CommandServiceClient::with_interceptor(self.gateway.clone(), self.token.clone())
    }

    fn live(&self) -> LiveServiceClient<Authenticated> {
        LiveServiceClient::with_interceptor(self.query.clone(), self.token.clone())
    }

    fn projects(&self) -> ProjectServiceClient<Authenticated> {
        ProjectServiceClient::with_interceptor(self.query.clone(), self.token.clone())
    }

    fn issues(&self) -> IssueServiceClient<Authenticated> {
        IssueServiceClient::with_interceptor(self.query.clone(), self.token.clone())
    }
}

/// Runs until `stop` is cancelled, and says in `health` how it fares. Without SMTP there
/// is nothing to do but to wait.
pub async fn run(
    config: AlerterConfig,
    peers: Peers,
    health: &AlerterHealth,
    stop: CancellationToken,
) -> Result<(), AlerterError> {
    let Some(smtp) = &config.smtp else {
        tracing::info!("no smtp.url is set: no mail will be sent");
        health.set(None);
        stop.cancelled().await;
        return Ok(());
    };
    let courier = Courier {
        mailer: std::sync::Arc::new(Mailer::new(smtp)?),
        peers,
        retry: config.retry,
        public_url: config.public_url.clone(),
        stop: stop.clone(),
    };
    let mut wait = RECONNECT_WAIT;
    while !stop.is_cancelled() {
        let started = tokio::time::Instant::now();
        match follow(&config, &courier, health).await {
            Ok(()) => tracing::debug!("the stream of transitions ended"),
            Err(status) if stop.is_cancelled() => tracing::debug!(%status, "stopping"),
            Err(status) => {
                tracing::warn!(%status, "transitions are taken up again");
                health.set(Some(format!(
                    "transitions cannot be followed: {}",
                    status.message()
                )));
            }
        }
        wait = if started.elapsed() > RECONNECT_WAIT_MAX {
            RECONNECT_WAIT
        } else {
            wait
        };
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(wait) => wait = (wait * 2).min(RECONNECT_WAIT_MAX),
        }
    }
    Ok(())
}

/// What a finished courier reports.
struct Report {
    notification_id: String,
    position: u64,
    issue_id: String,
    ended: Ended,
}

struct Session<'a> {
    config: &'a AlerterConfig,
    courier: &'a Courier,
    ledger: Ledger,
    cursor: u64,
    couriers: JoinSet<Report>,
}

async fn follow(
    config: &AlerterConfig,
    courier: &Courier,
    health: &AlerterHealth,
) -> Result<(), Status> {
    let recorded = courier
        .peers
        .live()
        .list_deliveries(ListDeliveriesRequest {
            limit: DELIVERIES_MAX,
            ..ListDeliveriesRequest::default()
        })
        .await?
        .into_inner();
    let cursor = recorded.alert_cursor;
    let (ledger, unfinished) = Ledger::restore(cursor, &recorded.deliveries);
    let mut session = Session {
        config,
        courier,
        ledger,
        cursor,
        couriers: JoinSet::new(),
    };
    for step in unfinished {
        session.resume(step).await?;
    }
    let result = session.follow_stream(health).await;
    session.finish().await;
    result
}

impl Session<'_> {
    async fn follow_stream(&mut self, health: &AlerterHealth) -> Result<(), Status> {
        let request = StreamTransitionsRequest {
            after_position: self.cursor,
        };
        let mut stream = self
            .courier
            .peers
            .live()
            .stream_transitions(request)
            .await?
            .into_inner();
        health.set(None);
        let mut tick = tokio::time::interval(CURSOR_INTERVAL);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = self.courier.stop.cancelled() => return Ok(()),
                Some(report) = self.couriers.join_next() => self.settle(report)?,
                _ = tick.tick() => self.advance_cursor().await,
                message = stream.message(), if self.couriers.len() < IN_FLIGHT_MAX => {
                    let Some(message) = message? else { return Ok(()) };
                    if let Some(transition) = message.transition {
                        self.handle(transition).await?;
                    }
                }
            }
        }
    }

    async fn handle(&mut self, transition: Transition) -> Result<(), Status> {
        self.ledger.see(transition.position);
        let (Some(rule), Some(issue)) =
            (Rule::for_kind(transition.kind()), transition.issue.clone())
        else {
            return Ok(());
        };
        let id = notification_id(&transition, rule, EMAIL);
        let now_ns = unix_ns(&now());
        let age_ns = now_ns.saturating_sub(transition.at.as_ref().map_or(now_ns, unix_ns));
        let too_old =
            age_ns > i64::try_from(self.config.transition_age_max.as_nanos()).unwrap_or(i64::MAX);
        if self.ledger.has_ended(&id) || too_old {
            return Ok(());
        }
        let to = self.recipients().await?;
        if to.is_empty() {
            tracing::warn!(issue = %issue.id, "nobody has an e-mail address: no mail is sent");
            return Ok(());
        }
        let mut step = RecordDeliveryRequest {
            notification_id: id.clone(),
            transition_position: transition.position,
            issue_id: issue.id.clone(),
            rule: rule.name().to_owned(),
            channel: EMAIL.to_owned(),
            target: join_addresses(&to),
            ..RecordDeliveryRequest::default()
        };
        if self
            .ledger
            .is_limited(&issue.id, now_ns, self.config.mail_interval)
        {
            self.ledger.begin(transition.position);
            if self
                .courier
                .record(&mut step, DeliveryState::Suppressed, String::new())
                .await
            {
                metric::ended("suppressed");
                self.ledger.end(&id, transition.position);
                return Ok(());
            }
            return Err(unrecorded());
        }
        let notice = Notice {
            notification_id: id,
            rule,
            issue,
            project_name: transition.project_name,
            release: transition.release,
            environment: transition.environment,
        };
        self.spawn(notice, to, step);
        Ok(())
    }

    /// Sends once more what a crash left as `sending`.
    async fn resume(&mut self, step: RecordDeliveryRequest) -> Result<(), Status> {
        let request = GetIssueRequest {
            issue_id: step.issue_id.clone(),
            ..GetIssueRequest::default()
        };
        let issue = self
            .courier
            .peers
            .issues()
            .get_issue(request)
            .await?
            .into_inner()
            .issue;
        let (Some(issue), Some(rule)) = (issue, Rule::from_name(&step.rule)) else {
            return Ok(());
        };
        let projects = self
            .courier
            .peers
            .projects()
            .list_projects(ListProjectsRequest::default())
            .await?;
        let project = projects
            .into_inner()
            .projects
            .into_iter()
            .find(|p| p.id == issue.project_id);
        let to = step
            .target
            .split(',')
            .filter_map(|address| address.trim().parse().ok())
            .collect();
        let notice = Notice {
            notification_id: step.notification_id.clone(),
            rule,
            release: issue.last_release.clone(),
            environment: String::new(),
            project_name: project.map(|p| p.name).unwrap_or_default(),
            issue,
        };
        self.spawn(notice, to, step);
        Ok(())
    }

    fn spawn(&mut self, notice: Notice, to: Vec<Mailbox>, step: RecordDeliveryRequest) {
        self.ledger.begin(step.transition_position);
        // Counts against the limit from now on: the next transition may come before
        // this mail is out.
        self.ledger.mailed(&step.issue_id, unix_ns(&now()));
        let courier = self.courier.clone();
        self.couriers.spawn(async move {
            let (notification_id, position, issue_id) = (
                step.notification_id.clone(),
                step.transition_position,
                step.issue_id.clone(),
            );
            let ended = courier.deliver(notice, to, step).await;
            Report {
                notification_id,
                position,
                issue_id,
                ended,
            }
        });
        metric::in_flight(self.couriers.len());
    }

    /// An error: something could not be recorded while the gateway was away. Whatever
    /// stands above the cursor is taken up again.
    fn settle(&mut self, report: Result<Report, tokio::task::JoinError>) -> Result<(), Status> {
        metric::in_flight(self.couriers.len());
        match report {
            Ok(report) if report.ended == Ended::Open => {
                tracing::info!(issue = %report.issue_id, "a notification stays open for the next start");
                return Err(unrecorded());
            }
            Ok(report) => self.ledger.end(&report.notification_id, report.position),
            Err(error) => {
                tracing::error!(%error, "a courier panicked; its notification stays open");
            }
        }
        Ok(())
    }

    async fn recipients(&self) -> Result<Vec<Mailbox>, Status> {
        let members = self
            .courier
            .peers
            .projects()
            .list_members(ListMembersRequest {})
            .await?
            .into_inner();
        Ok(members
            .members
            .iter()
            .filter_map(|member| member.email.parse().ok())
            .collect())
    }

    async fn advance_cursor(&mut self) {
        let done = self.ledger.done_to();
        if done <= self.cursor {
            return;
        }
        let request = AdvanceAlertCursorRequest { position: done };
        match self
            .courier
            .peers
            .commands()
            .advance_alert_cursor(request)
            .await
        {
            Ok(_) => {
                self.cursor = done;
                self.ledger
                    .forget(done, unix_ns(&now()), self.config.mail_interval);
            }
            Err(status) => tracing::warn!(%status, "the alert cursor could not be recorded"),
        }
    }

    /// Waits for the couriers (each ends soon once `stop` is cancelled) and records
    /// the cursor.
    async fn finish(&mut self) {
        while let Some(report) = self.couriers.join_next().await {
            // Taken up again either way.
            let _ = self.settle(report);
        }
        self.advance_cursor().await;
    }
}

fn unrecorded() -> Status {
    Status::unavailable("a delivery could not be recorded")
}

fn join_addresses(to: &[Mailbox]) -> String {
    to.iter()
        .map(|mailbox| mailbox.email.to_string())
        .collect::<Vec<_>>()
        .join(", ")
}

/// The time as it travels.
pub(crate) fn now() -> prost_types::Timestamp {
    let now = jiff::Timestamp::now();
    prost_types::Timestamp {
        seconds: now.as_second(),
        nanos: now.subsec_nanosecond(),
    }
}

fn unix_ns(at: &prost_types::Timestamp) -> i64 {
    at.seconds
        .saturating_mul(1_000_000_000)
        .saturating_add(i64::from(at.nanos))
}
