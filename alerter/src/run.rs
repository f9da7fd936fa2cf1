//! The way to the other roles, and the connection that is taken up again: [`run`] begins
//! sessions, with back-off, until it is stopped.

use std::time::Duration;

use ground::BackOff;
use proto::v1::{
    command_service_client::CommandServiceClient, event_service_client::EventServiceClient,
    issue_service_client::IssueServiceClient, live_service_client::LiveServiceClient,
    project_service_client::ProjectServiceClient,
};
use tokio_util::sync::CancellationToken;
use tonic::{
    Request, Status,
    metadata::{Ascii, MetadataValue},
    service::{Interceptor, interceptor::InterceptedService},
    transport::Channel,
};

use crate::{
    config::AlerterConfig,
    deliver::Courier,
    health::AlerterHealth,
    mail::{MailError, Mailer},
    session,
};

/// Before a lost connection is taken up again.
const RECONNECT: BackOff = BackOff::doubling(Duration::from_millis(200), Duration::from_secs(30));

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

    pub(crate) fn live(&self) -> LiveServiceClient<Authenticated> {
        LiveServiceClient::with_interceptor(self.query.clone(), self.token.clone())
    }

    pub(crate) fn projects(&self) -> ProjectServiceClient<Authenticated> {
        ProjectServiceClient::with_interceptor(self.query.clone(), self.token.clone())
    }

    pub(crate) fn events(&self) -> EventServiceClient<Authenticated> {
        EventServiceClient::with_interceptor(self.query.clone(), self.token.clone())
    }

    pub(crate) fn issues(&self) -> IssueServiceClient<Authenticated> {
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
        clock: config.clock.clone(),
        public_url: config.public_url.clone(),
        stop: stop.clone(),
    };
    let mut waits = RECONNECT.waits();
    while !stop.is_cancelled() {
        let started = tokio::time::Instant::now();
        match session::follow(&config, &courier, health).await {
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
        // It held for a while: what broke it is another matter than before.
        if started.elapsed() > RECONNECT.longest {
            waits.reset();
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(waits.next_wait()) => {}
        }
    }
    Ok(())
}
