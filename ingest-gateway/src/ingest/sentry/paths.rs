//! What each path but `/envelope/` and `/store/` takes, and answers.

use axum::response::{IntoResponse, Response};
use event_intake::{Reading, ReportOrigin};
use event_model::{EventId, ProjectId};
use http::{StatusCode, header};

use super::{Call, Endpoint, items::Stored};
use crate::{
    body::{Party, ReadBody},
    error::{ApiError, ErrorCode},
    fate::DropReason,
    ingest::Ingestion,
    outcome::Received,
};

impl Call {
    /// Takes a body on one of these paths.
    pub(super) async fn take_other(
        &self,
        ingestion: &Ingestion,
        project: ProjectId,
        sent: (Party, ReadBody),
        item: &mut Option<Received>,
    ) -> Result<Response, ApiError> {
        let content_type = self.content_type().unwrap_or_default().to_owned();
        match self.endpoint {
            Endpoint::Security | Endpoint::Nel => {
                if !event_intake::is_report_type(self.content_type()) {
                    return Err(ApiError::new(
                        ErrorCode::UnsupportedType,
                        format!("{content_type:?} is no type of report"),
                    ));
                }
                let origin = ReportOrigin {
                    release: self.query("sentry_release").unwrap_or_default(),
                    environment: self.query("sentry_environment").unwrap_or_default(),
                };
                let read = move |body: &[u8], context: &event_intake::Context<'_>| {
                    event_intake::read_reports(body, &origin, context)
                };
                let stored = self.take(ingestion, project, sent, item, read).await?;
                Ok(stored.limit(StatusCode::OK.into_response()))
            }
            Endpoint::Attachments => {
                let event_id = self.event_id()?;
                let read = move |body: &[u8], context: &event_intake::Context<'_>| {
                    let reading = event_intake::read_multipart_files(body, &content_type, context)?;
                    Ok(Reading {
                        event_id: Some(event_id),
                        ..reading
                    })
                };
                let stored = self.take(ingestion, project, sent, item, read).await?;
                Ok(stored.limit(StatusCode::CREATED.into_response()))
            }
            Endpoint::Minidump => {
                let read = move |body: &[u8], context: &event_intake::Context<'_>| {
                    event_intake::read_minidump(body, &content_type, context)
                };
                let stored = self.take(ingestion, project, sent, item, read).await?;
                Ok(crash_answer(&stored))
            }
            Endpoint::Unreal => {
                if let Some(mut item) = item.take() {
                    item.relabel(self.endpoint.category(), project);
                    item.dropped(DropReason::TypeNotStored);
                }
                Ok(hyphenated(uuid::Uuid::new_v4()))
            }
            Endpoint::Cron => {
                let members = self.check_in_members();
                let read = move |body: &[u8], context: &event_intake::Context<'_>| {
                    event_intake::read_check_in(&members, body, context).map(one)
                };
                let stored = self.take(ingestion, project, sent, item, read).await?;
                Ok(stored.limit(StatusCode::ACCEPTED.into_response()))
            }
            Endpoint::ReportDialog => self.take_dialog(ingestion, project, sent, item).await,
            Endpoint::Envelope => self.take_envelope(ingestion, project, sent, item).await,
            Endpoint::Store => self.take_event(ingestion, project, sent, item).await,
        }
    }

    /// The answer to what is refused. A crash reporter keeps what is refused with 429
    /// and sends it at each start: it is told that all is well.
    pub(super) fn refusal(&self, error: &ApiError) -> Response {
        let is_crash = matches!(self.endpoint, Endpoint::Minidump | Endpoint::Unreal);
        if is_crash && error.code == ErrorCode::Limited {
            return hyphenated(uuid::Uuid::new_v4());
        }
        error.sentry_response()
    }

    fn content_type(&self) -> Option<&str> {
        self.parts.headers.get(header::CONTENT_TYPE)?.to_str().ok()
    }

    fn event_id(&self) -> Result<EventId, ApiError> {
        let text = self.path_event.as_deref().unwrap_or_default();
        text.parse().map_err(|_| {
            let shown: String = text.chars().take(64).collect();
            ApiError::invalid(
                "event_id",
                format!("{shown:?} is no event id of 32 hex digits"),
            )
        })
    }

    /// What the address of a check-in says.
    fn check_in_members(&self) -> Vec<(String, String)> {
        let mut members = Vec::new();
        for (key, value) in [
            ("monitor_slug", self.path_monitor.clone()),
            ("check_in_id", self.query("check_in_id")),
            ("status", self.query("status")),
            ("duration", self.query("duration")),
            ("environment", self.query("environment")),
        ] {
            members.extend(value.map(|value| (key.to_owned(), value)));
        }
        members
    }
}

/// A body with a single item.
pub(super) fn one(item: event_intake::Item) -> Reading {
    Reading {
        event_id: None,
        items: vec![item],
        unpacked: None,
    }
}

fn crash_answer(stored: &Stored) -> Response {
    let id = stored
        .event_id
        .map_or_else(uuid::Uuid::new_v4, |id| uuid::Uuid::from_bytes(id.0));
    hyphenated(id)
}

/// What crash reporters show to people, as plain text.
fn hyphenated(id: uuid::Uuid) -> Response {
    id.hyphenated().to_string().into_response()
}
