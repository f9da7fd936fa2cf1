//! The alerter role and its way to the others: through memory where they run in this
//! process, over TCP where they do not.

use std::{sync::Arc, time::Duration};

use alerter::{AlerterConfig, AlerterHealth, Peers, SmtpConfig};
use anyhow::Result;
use axum::Router;
use event_model::credential::ServerSecret;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::{
    config::Config,
    peers::{self, address},
    server,
};

/// The alerter has this long to record its cursor; without it, transitions since the
/// last one are looked at again, and not mailed again.
const END_TIMEOUT: Duration = Duration::from_secs(3);

/// Which of its peers run in this process.
#[derive(Clone, Copy)]
pub(super) struct Here {
    pub(super) gateway: bool,
    pub(super) query: bool,
}

/// How mail is sent, if it is.
pub(super) fn smtp(config: &Config) -> Option<SmtpConfig> {
    (!config.smtp.url.is_empty()).then(|| SmtpConfig {
        url: config.smtp.url.clone(),
        from: config.smtp.from.clone(),
    })
}

/// The running alerter.
pub(super) struct Alerts {
    stop: CancellationToken,
    alerter: JoinHandle<()>,
    health: Arc<AlerterHealth>,
    failed: CancellationToken,
    transport_stop: CancellationToken,
    transport: JoinHandle<()>,
}

impl Alerts {
    pub(super) fn start(
        config: &Config,
        here: Here,
        router: Router,
        secret: &ServerSecret,
    ) -> Result<Self> {
        let smtp = smtp(config);
        let transport_stop = CancellationToken::new();
        let (memory, serving) = server::serve_memory(router, transport_stop.clone());
        let way = |is_here, key, url: &str| {
            Ok::<_, anyhow::Error>(if is_here {
                memory.clone()
            } else {
                peers::channel(&address(key, url)?)
            })
        };
        let gateway = way(here.gateway, "peers.gateway", &config.peers.gateway)?;
        let query = way(here.query, "peers.query", &config.peers.query)?;
        let peers = Peers::new(gateway, query, &secret.internal_token())?;
        let alerter_config = AlerterConfig {
            mail_interval: Duration::from_secs(config.alerts.mail_interval_s),
            mails_max: config.alerts.mails_per_hour_max,
            digest_wait: Duration::from_secs(config.alerts.digest_wait_s),
            ..AlerterConfig::new(&config.public_url(), smtp)
        };
        let (stop, failed) = (CancellationToken::new(), CancellationToken::new());
        let health = Arc::<AlerterHealth>::default();
        let (told, ended, running) = (Arc::clone(&health), stop.clone(), failed.clone());
        let alerter = tokio::spawn(async move {
            if let Err(error) = alerter::run(alerter_config, peers, &told, ended).await {
                let error = format!("{:#}", anyhow::Error::from(error));
                tracing::error!(error, "no alerts are sent");
                running.cancel();
            }
        });
        Ok(Self {
            stop,
            alerter,
            health,
            failed,
            transport_stop,
            transport: tokio::spawn(serving),
        })
    }

    /// Ready: its peers answer.
    pub(super) fn check(&self) -> impl Fn() -> Result<(), String> + Send + Sync + use<> {
        let health = Arc::clone(&self.health);
        move || health.problem().map_or(Ok(()), Err)
    }

    /// Ready: it has not ended by itself. That it cannot run is said at its start.
    pub(super) fn alive(&self) -> impl Fn() -> Result<(), String> + Send + Sync + use<> {
        let (task, failed) = (self.alerter.abort_handle(), self.failed.clone());
        let stop = self.stop.clone();
        move || {
            if task.is_finished() && !failed.is_cancelled() && !stop.is_cancelled() {
                return Err("the alerter has ended, restart the process".to_owned());
            }
            Ok(())
        }
    }

    /// Completes when it cannot run at all.
    pub(super) async fn failed(&self) {
        self.failed.cancelled().await;
    }

    /// Records the cursor and ends.
    pub(super) async fn end(mut self) {
        self.stop.cancel();
        if tokio::time::timeout(END_TIMEOUT, &mut self.alerter)
            .await
            .is_err()
        {
            tracing::info!("the alerter's cursor could not be recorded in time");
            self.alerter.abort();
        }
        self.transport_stop.cancel();
        let _ = self.transport.await;
    }
}
