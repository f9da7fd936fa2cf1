//! The `errata` binary: parse, telemetry, run, map to an exit code.

mod admin;
mod backups;
mod cli;
mod compare;
mod config;
mod descriptors;
mod explain;
mod forward;
mod front;
mod health;
mod logs;
mod openapi;
mod ops;
mod peers;
mod reference;
mod replay;
mod secret;
mod serve;
mod server;

use std::{
    io::{IsTerminal, Write},
    process::ExitCode,
    time::Duration,
};

use anyhow::{Context, Result};
use clap::Parser;
use rustix::fs::Mode;
use tracing_subscriber::EnvFilter;

use crate::{
    cli::{Cli, Command},
    config::{Loaded, TelemetryConfig},
};

/// Gives pages back some ten seconds after they were needed, by a thread of its own: glibc
/// keeps what an attack once took.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// Threads that still block at the end have this long; see `serve` for the rest.
const RUNTIME_SHUTDOWN_TIMEOUT: Duration = Duration::from_millis(500);

fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(&cli) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("errata: {error:#}");
            match cli.command {
                Command::Log { .. } | Command::Backup { .. } | Command::Verify(_) => {
                    ExitCode::from(logs::CANNOT_RUN)
                }
                _ => ExitCode::FAILURE,
            }
        }
    }
}

fn run(cli: &Cli) -> Result<ExitCode> {
    // What the binary says of itself needs no configuration.
    match &cli.command {
        Command::Completions { shell } => {
            reference::completions(*shell, &mut std::io::stdout());
            return Ok(ExitCode::SUCCESS);
        }
        Command::Reference { page } => {
            let text = reference::page(*page)?;
            std::io::stdout().write_all(text.as_bytes())?;
            return Ok(ExitCode::SUCCESS);
        }
        Command::ExplainGrouping(args) => return explain::run(args).map(|()| ExitCode::SUCCESS),
        _ => {}
    }
    // Before a file is made: what is stored tells of people, and is this user's alone.
    rustix::process::umask(Mode::from_raw_mode(0o077));
    // Before a file is opened.
    descriptors::raise_limit();
    // Before any log is opened: a disk that fails under a mapped file is named, and a writer ends with its message.
    log_core::install_sigbus_handler().context("install the handler of SIGBUS")?;
    let loaded = load(cli)?;
    start_telemetry(&loaded.config.telemetry, &cli.command)?;
    for name in &loaded.unknown_variables {
        tracing::warn!(name, "this variable is no configuration key and is ignored");
    }
    match &cli.command {
        Command::Log { command } => return logs::run(command, &loaded.config),
        Command::Backup { command } => return backups::run(command, &loaded.config),
        Command::Restore(args) => {
            return backups::bring_back(args, &loaded.config).map(|()| ExitCode::SUCCESS);
        }
        _ => {}
    }
    // Before anything is made in it: with half of a backup a server would begin a log of its own.
    backup::refuse_half_restored(&loaded.config.data_dir)?;
    if let Command::Verify(args) = &cli.command {
        return compare::verify(args, &loaded.config);
    }
    let runtime = tokio::runtime::Runtime::new().context("start the async runtime")?;
    let ended = runtime.block_on(async {
        match &cli.command {
            Command::Serve(args) => serve::run(args, loaded).await,
            Command::Replay(args) => replay::run(args, &loaded.config).await,
            command => admin::run(command, &loaded).await,
        }
    });
    // Dropping it would wait for ever for a thread that hangs on a broken disk.
    runtime.shutdown_timeout(RUNTIME_SHUTDOWN_TIMEOUT);
    ended.map(|()| ExitCode::SUCCESS)
}

fn load(cli: &Cli) -> Result<Loaded> {
    let mut flags = Vec::new();
    if let Some(dir) = &cli.common.data_dir {
        flags.push(("data_dir", dir.display().to_string()));
    }
    if let Command::Serve(serve) = &cli.command {
        let given = [
            ("listen", &serve.listen),
            ("metrics.listen", &serve.metrics_listen),
        ];
        flags.extend(
            given
                .map(|(key, value)| value.clone().map(|value| (key, value)))
                .into_iter()
                .flatten(),
        );
    }
    config::load(cli.common.config.as_deref(), &flags)
}

fn start_telemetry(config: &TelemetryConfig, command: &Command) -> Result<()> {
    // Commands print their answer; what they log is for trouble only.
    let filter = if matches!(command, Command::Serve(_)) {
        config.filter.as_str()
    } else {
        "warn"
    };
    let filter =
        EnvFilter::try_new(filter).with_context(|| format!("telemetry.filter {filter:?}"))?;
    let mut builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    if !std::io::stderr().is_terminal() {
        // Colours are for people: in a file or a journal their codes are noise.
        builder = builder.with_ansi(false);
    }
    match config.format.as_str() {
        "json" => builder.json().init(),
        "text" => builder.init(),
        other => anyhow::bail!("telemetry.format {other:?} is neither \"text\" nor \"json\""),
    }
    Ok(())
}
