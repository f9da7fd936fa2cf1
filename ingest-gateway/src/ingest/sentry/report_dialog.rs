//! The dialog that asks people what happened: a script that SDKs load
//! (`showReportDialog`), and the form it posts back to the same address.
//!
//! The script is the same for everybody and reads names and texts from its own
//! address, so that nothing of a request is ever written into it.

use axum::response::{IntoResponse, Response};
use event_model::{EventId, ProjectId, PublicKey};
use http::{HeaderValue, StatusCode, header};

use super::{Call, paths};
use crate::{
    auth::key,
    body::{Party, ReadBody},
    error::{ApiError, ErrorCode},
    ingest::Ingestion,
    outcome::Received,
};

const SCRIPT: &str = include_str!("report_dialog.js");

impl Call {
    /// The key of the DSN in the query; its project must be the key's.
    pub(super) fn dialog_key(&self) -> Result<PublicKey, ApiError> {
        let dsn = self.query("dsn").unwrap_or_default();
        let dsn = event_intake::dsn(&dsn).ok_or_else(|| {
            ApiError::new(ErrorCode::Unauthenticated, "the query names no DSN (dsn=…)")
        })?;
        Ok(dsn.public_key)
    }

    /// The script, for whoever has a key that works.
    pub(super) fn show_dialog(&self, ingestion: &Ingestion) -> Result<Response, ApiError> {
        ingestion.check_open()?;
        let key = self.dialog_key()?;
        key::project_of(&ingestion.state.read(), key)?;
        let mut response = SCRIPT.into_response();
        let headers = response.headers_mut();
        for (name, value) in [
            (header::CONTENT_TYPE, "text/javascript; charset=utf-8"),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (header::CACHE_CONTROL, "no-store"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        // Pages may demand it of everything they load.
        let policy = http::HeaderName::from_static("cross-origin-resource-policy");
        headers.insert(policy, HeaderValue::from_static("cross-origin"));
        Ok(response)
    }

    /// The form: `name`, `email`, `comments`.
    pub(super) async fn take_dialog(
        &self,
        ingestion: &Ingestion,
        project: ProjectId,
        sent: (Party, ReadBody),
        item: &mut Option<Received>,
    ) -> Result<Response, ApiError> {
        let event_id: Option<EventId> = self
            .query("eventId")
            .and_then(|id| id.parse().ok())
            .filter(|id: &EventId| id.0 != [0; 16]);
        let read = move |body: &[u8], context: &event_intake::Context<'_>| {
            event_intake::check_form(body)?;
            let (mut name, mut email, mut message) = Default::default();
            for (key, value) in url::form_urlencoded::parse(body) {
                match key.as_ref() {
                    "name" => name = value,
                    "email" => email = value,
                    "comments" => message = value,
                    _ => {}
                }
            }
            let said = event_intake::Written {
                event_id,
                name: &name,
                email: &email,
                message: &message,
                ..event_intake::Written::default()
            };
            event_intake::read_written(&said, context).map(paths::one)
        };
        let stored = self.take(ingestion, project, sent, item, read).await?;
        Ok(stored.limit((StatusCode::OK, axum::Json(serde_json::json!({}))).into_response()))
    }
}
