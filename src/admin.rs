//! Commands from the host's command line. With the server running they go through
//! `data/admin.sock`; otherwise this process takes the logs' lock and runs the
//! gateway's command service in memory: the same code either way.

mod accounts;
mod export;
mod plan;
mod rest;
mod retention;
mod rules;
mod settings;
mod sql;
mod storage;

use std::{io::Write, path::Path};

use anyhow::{Context, Result};
use event_model::credential::Caller;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tonic::transport::Channel;

use crate::{
    cli::{Command, ProjectCommand, RetentionCommand},
    config::Loaded,
    serve::{self, OpenGateway},
    server,
};

/// Name of the socket in the data directory.
pub(crate) const SOCKET: &str = "admin.sock";

/// Runs one command and prints what it made.
pub(crate) async fn run(command: &Command, loaded: &Loaded) -> Result<()> {
    let socket = loaded.config.data_dir.join(SOCKET);
    match command {
        Command::Sql(asked) => return sql::run(asked, &socket).await,
        Command::Export(asked) => return export::run(asked, &socket).await,
        _ => {}
    }
    let connection = Connection::open(loaded).await?;
    let channel = connection.channel.clone();
    let printed = match command {
        Command::Project {
            command: ProjectCommand::Scrub(choice),
        } => settings::scrub(choice, channel).await,
        Command::Project {
            command: ProjectCommand::Filters(choice),
        } => settings::filters(choice, channel).await,
        Command::Storage => storage::print(channel).await,
        Command::Retention(RetentionCommand::Plan { rule }) => retention::plan(rule, channel).await,
        Command::Project {
            command:
                ProjectCommand::Retention {
                    project,
                    set,
                    clear,
                },
        } => retention::project(*project, (set, *clear), channel).await,
        Command::Plan(command) => plan::set(command, channel).await,
        Command::Project {
            command: ProjectCommand::SpikeProtection { project, set },
        } => settings::spike_protection(*project, *set, channel).await,
        Command::Project {
            command: ProjectCommand::GroupingRules { command },
        } => rules::run(command, channel).await,
        command => accounts::answer(command, channel).await,
    };
    connection.close().await?;
    let mut out = std::io::stdout().lock();
    out.write_all(printed?.as_bytes())
        .context("write to standard output")
}

fn said(status: &tonic::Status) -> anyhow::Error {
    anyhow::anyhow!("{}", status.message())
}

struct Connection {
    channel: Channel,
    own: Option<(OpenGateway, CancellationToken, JoinHandle<()>)>,
}

impl Connection {
    async fn open(loaded: &Loaded) -> Result<Self> {
        let data_dir: &Path = &loaded.config.data_dir;
        let socket = data_dir.join(SOCKET);
        if let Ok(channel) = server::connect_unix(&socket).await {
            return Ok(Self { channel, own: None });
        }
        let open = serve::open_gateway(loaded).await?;
        let stop = CancellationToken::new();
        let router = open.gateway.router().layer(axum::Extension(Caller::Admin));
        let (channel, serving) = server::serve_memory(router, stop.clone());
        Ok(Self {
            channel,
            own: Some((open, stop, tokio::spawn(serving))),
        })
    }

    async fn close(self) -> Result<()> {
        if let Some((open, stop, serving)) = self.own {
            drop(self.channel);
            stop.cancel();
            serving.await.context("stop the in-process server")?;
            open.close().await?;
        }
        Ok(())
    }
}
