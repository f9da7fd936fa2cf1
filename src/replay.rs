//! `errata replay`: the read model rebuilt from the logs as a new generation, which then
//! becomes the current one. A running server does it beside what it serves and is asked on
//! `projector.sock`; without one this process does it, under the read model's lock. With
//! `--until` it is built aside, to be looked at.

use std::{fmt::Write as _, fs, io::Write, path::Path, time::Duration};

use anyhow::{Context, Result, bail};
use event_log::{LogReader, dump};
use projector::{Parts, ProjectorConfig, ReplayWish};
use proto::v1::{
    self, GetReplayRequest, ReplayPhase, ReplayStep, StartReplayRequest, SteerReplayRequest,
    replay_service_client::ReplayServiceClient,
};
use tonic::transport::Channel;

use crate::{
    cli::{Projection, Replay},
    config::Config,
    serve::REPLAY_SOCKET,
    server,
};

/// Between two looks at a running server's replay.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Rebuilds and reports, or speaks with the server that does.
pub(crate) async fn run(args: &Replay, config: &Config) -> Result<()> {
    if let (Some(until), Some(to)) = (&args.until, &args.to) {
        return aside(args, config, until, to);
    }
    let socket = config.data_dir.join(REPLAY_SOCKET);
    let server = server::connect_unix(&socket).await.ok();
    let mut server = server.map(ReplayServiceClient::new);
    let step = match (args.status, args.pause, args.resume, args.cancel) {
        (true, ..) => Some(ReplayStep::Unspecified),
        (_, true, ..) => Some(ReplayStep::Pause),
        (_, _, true, _) => Some(ReplayStep::Resume),
        (.., true) => Some(ReplayStep::Cancel),
        _ => None,
    };
    match (&mut server, step) {
        (None, Some(_)) => bail!(
            "no server with the projector role runs here: nobody listens at {}",
            socket.display()
        ),
        (Some(server), Some(step)) => print(&told(&steer(server, step).await?)),
        (Some(server), None) => beside(args, server).await,
        (None, None) => alone(args, config),
    }
}

fn wish(args: &Replay) -> ReplayWish {
    ReplayWish {
        parts: match args.projection {
            Projection::All => Parts::All,
            Projection::Issues => Parts::Issues,
            Projection::Search => Parts::Search,
        },
        accept_loss: args.accept_loss,
    }
}

fn alone(args: &Replay, config: &Config) -> Result<()> {
    let reader =
        LogReader::open_read_only(&config.data_dir.join("log")).context("open the logs")?;
    let mut projector_config = ProjectorConfig::new(&config.data_dir);
    projector_config.cold = config.cold_place();
    let report = projector::replay(&projector_config, &reader, wish(args)).context("replay")?;
    print(&format!("{report}\n"))
}

fn aside(args: &Replay, config: &Config, until: &str, to: &Path) -> Result<()> {
    let Some(until_ns) = dump::time_ns(until) else {
        bail!("--until {until:?} is no time like 2026-11-22T10:00:00Z");
    };
    if fs::read_dir(to).is_ok_and(|mut entries| entries.next().is_some()) {
        bail!("--to {}: something is there", to.display());
    }
    let reader =
        LogReader::open_read_only(&config.data_dir.join("log")).context("open the logs")?;
    let end = reader
        .before_time(until_ns)
        .context("find the last record before --until")?;
    let mut projector_config = ProjectorConfig::new(&config.data_dir);
    projector_config.cold = config.cold_place();
    to.clone_into(&mut projector_config.read_model_dir);
    let report = projector::replay_until(&projector_config, &reader, wish(args), end)
        .context("replay into --to")?;
    print(&format!("{report}\nto look at, in {}\n", to.display()))
}

async fn steer(server: &mut ReplayServiceClient<Channel>, step: ReplayStep) -> Result<v1::Replay> {
    let answer = match step {
        ReplayStep::Unspecified => server.get_replay(GetReplayRequest {}).await,
        step => {
            let step = step.into();
            server.steer_replay(SteerReplayRequest { step }).await
        }
    };
    Ok(answer.map_err(|status| said(&status))?.into_inner())
}

fn said(status: &tonic::Status) -> anyhow::Error {
    anyhow::anyhow!("{}", status.message())
}

/// Starts it in the server, and waits for its end.
async fn beside(args: &Replay, server: &mut ReplayServiceClient<Channel>) -> Result<()> {
    let parts = match args.projection {
        Projection::All => v1::ReplayParts::All,
        Projection::Issues => v1::ReplayParts::Issues,
        Projection::Search => v1::ReplayParts::Search,
    };
    let wanted = StartReplayRequest {
        parts: parts.into(),
        accept_loss: args.accept_loss,
    };
    let mut replay = server
        .start_replay(wanted)
        .await
        .map_err(|status| said(&status))?
        .into_inner();
    if args.detach {
        return print(&told(&replay));
    }
    let mut last = String::new();
    loop {
        match replay.phase() {
            ReplayPhase::Done => return print(&told(&replay)),
            ReplayPhase::Cancelled => bail!("the replay was cancelled; what was live stays"),
            ReplayPhase::Failed => {
                bail!("the replay failed, what was live stays: {}", replay.error)
            }
            _ => {}
        }
        let line = told(&replay);
        if line != last {
            eprint!("{line}");
            last = line;
        }
        tokio::time::sleep(LOOK_EVERY).await;
        replay = steer(server, ReplayStep::Unspecified).await?;
    }
}

/// How far it is, in a line.
fn told(replay: &v1::Replay) -> String {
    let phase = match replay.phase() {
        ReplayPhase::Unspecified => return "no replay since the server started\n".to_owned(),
        _ if replay.is_paused => "paused",
        ReplayPhase::Building => "building",
        ReplayPhase::CatchingUp => "catching up",
        ReplayPhase::Swapping => "swapping",
        ReplayPhase::Done => "done",
        ReplayPhase::Cancelled => "cancelled",
        ReplayPhase::Failed => "failed",
    };
    let mut line = format!("generation {}: {phase}", replay.generation);
    let parts = replay.parts();
    for (name, progress, is_made) in [
        ("issues", &replay.issues, parts != v1::ReplayParts::Search),
        ("search", &replay.search, parts != v1::ReplayParts::Issues),
    ] {
        let progress = progress.unwrap_or_default();
        if is_made {
            let (position, end) = (progress.position, replay.end_position);
            let rate = progress.records_per_second;
            // Writing into a text cannot fail.
            let _ = write!(
                line,
                "; {name} at {position} of {end} ({rate:.0} records/s)"
            );
        }
    }
    let _ = write!(line, "; {:.1} s of work", replay.seconds);
    if !replay.error.is_empty() {
        let _ = write!(line, "; {}", replay.error);
    }
    line + "\n"
}

fn print(text: &str) -> Result<()> {
    write!(std::io::stdout(), "{text}").context("write to standard output")
}
