//! What people and their programs ask of the gateway: commands, sign-in, accounts, a
//! project's settings, and what became of what was sent.
//!
//! Invariant: every request but those of `/auth/*` has a caller, whom
//! [`Callers`] knows; what a caller may do is decided below this, in
//! [`commands`](crate::commands), or in the list that is asked for.

mod accounts;
mod issues;
mod outcomes;
pub mod settings;
pub(crate) mod sign_in;

use std::sync::Arc;

use axum::{
    Json, Router,
    response::{IntoResponse, Response},
};
use event_model::credential::Uses;
use http::{HeaderValue, header};
use proto::{
    routes::service_path,
    v1::{
        account_service_server::{self, AccountServiceServer},
        command_service_server::{self, CommandServiceServer},
        ingest_debug_service_server::{self, IngestDebugServiceServer},
        project_settings_service_server::{self, ProjectSettingsServiceServer},
    },
};
use serde_json::Value;
use tonic::codec::CompressionEncoding;
use tonic_web::GrpcWebLayer;
use tower::Layer;

use self::{accounts::Accounts, outcomes::Outcomes, settings::Settings, sign_in::SignIn};
use crate::{
    auth::caller::Callers,
    commands::{CommandRpc, Commands, rules::RULES_BYTES_MAX},
    error::ApiError,
    outcome::Tally,
    policy::Policies,
};

/// Longest command message, bytes: 1,000 issue ids are 18 KB.
const COMMAND_BYTES_MAX: usize = 256 * 1024;

/// Longest message about settings, bytes: the longest text of rules of grouping; the text
/// of a look with all lists full is shorter.
const SETTINGS_BYTES_MAX: usize = RULES_BYTES_MAX + 64 * 1024;

/// What they need.
#[derive(Debug, Clone)]
pub(crate) struct People {
    pub(crate) commands: Commands,
    pub(crate) callers: Callers,
    /// When sessions and tokens were used last.
    pub(crate) uses: Uses,
    pub(crate) policies: Arc<Policies>,
    /// Of an event that settings are tried with.
    pub(crate) event_limits: Arc<event_intake::Limits>,
    /// What became of what was sent.
    pub(crate) tally: Arc<Tally>,
    pub(crate) sign_in: Arc<SignIn>,
}

impl People {
    /// All that people ask for.
    pub(crate) fn router(&self) -> Router {
        let commands = CommandRpc {
            commands: self.commands.clone(),
            callers: self.callers.clone(),
        };
        let issues_rest = issues::router(commands.clone());
        let commands = CommandServiceServer::new(commands)
            .accept_compressed(CompressionEncoding::Gzip)
            .max_decoding_message_size(COMMAND_BYTES_MAX);
        let settings = Settings {
            core: self.commands.core().clone(),
            policies: Arc::clone(&self.policies),
            event_limits: Arc::clone(&self.event_limits),
            callers: self.callers.clone(),
        };
        let rules_rest = settings::rest::router(settings.clone());
        let settings = ProjectSettingsServiceServer::new(settings)
            .accept_compressed(CompressionEncoding::Gzip)
            .max_decoding_message_size(SETTINGS_BYTES_MAX);
        let accounts = Accounts {
            core: self.commands.core().clone(),
            uses: self.uses.clone(),
            callers: self.callers.clone(),
        };
        let accounts = AccountServiceServer::new(accounts)
            .accept_compressed(CompressionEncoding::Gzip)
            .max_decoding_message_size(COMMAND_BYTES_MAX);
        let outcomes = Outcomes {
            state: Arc::clone(self.commands.core().state()),
            tally: Arc::clone(&self.tally),
            callers: self.callers.clone(),
        };
        let outcomes_rest = outcomes::router(outcomes.clone());
        let outcomes = IngestDebugServiceServer::new(outcomes)
            .accept_compressed(CompressionEncoding::Gzip)
            .max_decoding_message_size(COMMAND_BYTES_MAX);
        Router::new()
            .route_service(
                &service_path(command_service_server::SERVICE_NAME),
                GrpcWebLayer::new().layer(commands),
            )
            .route_service(
                &service_path(account_service_server::SERVICE_NAME),
                GrpcWebLayer::new().layer(accounts),
            )
            .route_service(
                &service_path(ingest_debug_service_server::SERVICE_NAME),
                GrpcWebLayer::new().layer(outcomes),
            )
            .route_service(
                &service_path(project_settings_service_server::SERVICE_NAME),
                GrpcWebLayer::new().layer(settings),
            )
            .merge(outcomes_rest)
            .merge(rules_rest)
            .merge(issues_rest)
            .merge(sign_in::router(Arc::clone(&self.sign_in)))
    }
}

/// What REST answers, which nobody keeps.
fn answer(answered: Result<Value, ApiError>) -> Response {
    let mut response = match answered {
        Ok(told) => Json(told).into_response(),
        Err(error) => error.into_response(),
    };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    response
}
