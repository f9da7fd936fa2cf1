//! What a process without the gateway needs of the gateway's first start: the logs and
//! the secret, and how far the logs are durable. It waits, as long as it takes, and says
//! so.

use std::{path::Path, time::Duration};

use anyhow::{Context, Result};
use event_log::LogReader;
use event_model::credential::ServerSecret;
use ground::BackOff;
use projector::{Projector, ProjectorConfig};

use crate::{admin, config::Config, health::Health, peers, secret, server};

/// Between two looks.
const PAUSES: BackOff = BackOff::doubling(Duration::from_millis(50), Duration::from_secs(1));

/// The secret and both logs, followed.
pub(super) async fn wait_for_both(
    data_dir: &Path,
    health: &Health,
) -> Result<(ServerSecret, LogReader)> {
    let dir = data_dir.join("log");
    let what = format!(
        "waiting for the logs in {} and {}, which the gateway makes at its first start",
        dir.display(),
        secret::NAME
    );
    wait_for(&what, health, || {
        let Some(secret) = secret::load(data_dir)? else {
            return Ok(None);
        };
        match LogReader::follow(&dir) {
            Ok(logs) => Ok(Some((secret, logs))),
            Err(error) if error.is_not_there_yet() => Ok(None),
            Err(error) => Err(error).context("follow the logs"),
        }
    })
    .await
}

/// A secret for its internal token alone: of a role that opens no file.
pub(super) async fn wait_for_token(config: &Config, health: &Health) -> Result<ServerSecret> {
    if peers::given_token(config)?.is_some() {
        // Signs nothing: sessions are the gateway's and the query role's.
        let mut key = [0; 32];
        getrandom::fill(&mut key).map_err(|error| anyhow::anyhow!("draw a random key: {error}"))?;
        return Ok(ServerSecret::new(key));
    }
    let data_dir = &config.data_dir;
    let what = format!(
        "waiting for {}, which the gateway makes at its first start (a role without that directory is given \
         internal_token)",
        data_dir.join(secret::NAME).display()
    );
    wait_for(&what, health, || secret::load(data_dir)).await
}

/// Waits until the logs cover what the read model has stored. After a power cut only a
/// gateway can tell how far they are durable; until it has, a read model that is sound
/// would look like one of other logs, and be thrown away. Once the gateway has opened
/// them it is what it looks like, and the projector's own business.
pub(super) async fn wait_for_read_model(
    config: &Config,
    logs: &LogReader,
    health: &Health,
) -> Result<()> {
    let paths = ProjectorConfig::new(&config.data_dir);
    let socket = config.data_dir.join(admin::SOCKET);
    let (mut pauses, mut is_said) = (PAUSES.waits(), false);
    while let Some(stored) =
        Projector::stored_position(&paths).filter(|stored| *stored > logs.end())
    {
        // Bound once the gateway has opened the logs: asked before they are looked at again.
        let is_open = server::connect_unix(&socket).await.is_ok();
        if is_open && stored > logs.end() {
            return Ok(());
        }
        let what = format!(
            "waiting for the gateway: the read model is at position {stored}, the logs prove {} without it",
            logs.end()
        );
        if !is_said {
            tracing::info!("{what}");
            is_said = true;
        }
        health.wait_for(&what);
        tokio::time::sleep(pauses.next_wait()).await;
    }
    Ok(())
}

async fn wait_for<T>(
    what: &str,
    health: &Health,
    mut look: impl FnMut() -> Result<Option<T>>,
) -> Result<T> {
    let (mut pauses, mut is_said) = (PAUSES.waits(), false);
    loop {
        // Blocking for milliseconds, at the start, with nothing else to run.
        if let Some(found) = look()? {
            return Ok(found);
        }
        if !is_said {
            tracing::info!("{what}");
            health.wait_for(what);
            is_said = true;
        }
        tokio::time::sleep(pauses.next_wait()).await;
    }
}
