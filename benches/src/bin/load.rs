//! The load generator's command line: prints one JSON object.
#![allow(clippy::print_stdout, reason = "its output is its purpose")]

use std::{sync::Arc, time::Duration};

use anyhow::Result;
use benches::{
    drain::{Reader, resident_anonymous_bytes},
    load::{self, Plan},
    payload::{Payloads, Size},
};
use clap::Parser;
use serde_json::json;

/// Sends real envelopes at a constant rate and tells what became of them.
#[derive(Parser)]
struct Args {
    /// Where the server is.
    #[arg(long, default_value = "127.0.0.1:8470")]
    address: String,
    /// The project's key.
    #[arg(long, default_value = "0123456789abcdef0123456789abcdef")]
    key: String,
    /// An API token: also count what is readable after the drain.
    #[arg(long)]
    token: Option<String>,
    /// Which event.
    #[arg(long, value_enum, default_value_t = Size::Small)]
    size: Size,
    /// Requests a second; 0: as fast as answered.
    #[arg(long, default_value_t = 0)]
    rate: u64,
    /// How long to send, seconds.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Connections.
    #[arg(long, default_value_t = 32)]
    connections: usize,
    /// The server's process: also tell its memory.
    #[arg(long)]
    pid: Option<u32>,
    /// Also measure accepted → visible with so many probes while the load runs.
    #[arg(long, default_value_t = 0)]
    probes: u32,
}

#[tokio::main]
async fn main() -> Result<()> {
    let args = Args::parse();
    let payloads = Arc::new(Payloads::new(args.size));
    let json_bytes = payloads.json_bytes;
    let plan = Plan {
        address: args.address.clone(),
        path: format!("/api/1/envelope/?sentry_key={}&sentry_version=7", args.key),
        rate: args.rate,
        duration: Duration::from_secs(args.seconds),
        connections: args.connections,
    };
    let reader = args
        .token
        .as_ref()
        .map(|token| Reader::new(&args.address, token));
    let before = match &reader {
        Some(reader) => reader.counted().await?,
        None => 0,
    };
    let load = load::run(plan, payloads);
    let probing = async {
        match &reader {
            Some(reader) if args.probes > 0 => {
                reader.visibility(&args.key, args.probes).await.map(Some)
            }
            _ => Ok(None),
        }
    };
    let memory = watch_memory(args.pid, Duration::from_secs(args.seconds));
    let (outcome, visible, memory) = tokio::join!(load, probing, memory);
    let (outcome, visible) = (outcome?, visible?);
    let mut report = json!({"payload_json_bytes": json_bytes, "rate": args.rate, "load": outcome});
    if let Some(reader) = &reader {
        let (count, seconds) = reader.drained().await?;
        report["readable"] = (count - before - u64::from(args.probes)).into();
        report["drain_seconds"] = seconds.into();
    }
    if let Some(visible) = visible {
        report["visible_us"] = json!(visible);
    }
    if let Some(bytes) = memory {
        report["rss_anon_bytes_max"] = bytes.into();
    }
    println!("{report:#}");
    Ok(())
}

/// The most memory seen while the load runs.
async fn watch_memory(pid: Option<u32>, duration: Duration) -> Option<u64> {
    let pid = pid?;
    let end = tokio::time::Instant::now() + duration;
    let mut most = 0;
    while tokio::time::Instant::now() < end {
        most = most.max(resident_anonymous_bytes(pid).ok()?);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Some(most)
}
