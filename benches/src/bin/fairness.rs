//! What a storm of one project costs the others: a hundred projects send at a steady rate,
//! first by themselves, then beside one that sends a hundred times as much. Prints one
//! JSON object; the goal is a p99 of the others below 1.5 times what it was, and nothing
//! refused.
//!
//! The server runs already, with `ERRATA_LIMITS__ENABLED=false` so that quotas and spike
//! protection do not hide what the queues do, and its data directory is at hand: projects
//! are made with its own command line.
#![allow(clippy::print_stdout, reason = "its output is its purpose")]

use std::{collections::BTreeMap, path::PathBuf, process::Command, sync::Arc, time::Duration};

use anyhow::{Context, Result, ensure};
use benches::{
    load::{self, Outcome, Plan},
    payload::{Payloads, Size},
};
use clap::Parser;
use serde_json::{Value, json};
use tokio::task::JoinSet;

/// Sends as many projects, one of them in a storm.
#[derive(Parser)]
struct Args {
    /// Where the server is.
    #[arg(long, default_value = "127.0.0.1:8470")]
    address: String,
    /// The server's binary, to make projects with.
    #[arg(long, default_value = "target/release/errata")]
    errata: PathBuf,
    /// The server's data directory.
    #[arg(long, default_value = "data")]
    data_dir: PathBuf,
    /// Projects, the one in the storm among them.
    #[arg(long, default_value_t = 100)]
    projects: usize,
    /// Requests a second of each of the others.
    #[arg(long, default_value_t = 5)]
    rate: u64,
    /// How many times as much the one sends.
    #[arg(long, default_value_t = 100)]
    times: u64,
    /// Connections of that one.
    #[arg(long, default_value_t = 64)]
    connections: usize,
    /// How long each part takes, seconds.
    #[arg(long, default_value_t = 20)]
    seconds: u64,
    /// Which event.
    #[arg(long, value_enum, default_value_t = Size::Small)]
    size: Size,
}

#[tokio::main]
async fn main() -> Result<()> {
    let args = Args::parse();
    let names = 0..args.projects;
    let paths: Vec<String> = names.map(|n| project(&args, n)).collect::<Result<_>>()?;
    let (stormy, others) = paths.split_first().context("no projects")?;
    let payloads = Arc::new(Payloads::new(args.size));
    let plan = |path: &String, rate, connections| Plan {
        address: args.address.clone(),
        path: path.clone(),
        rate,
        duration: Duration::from_secs(args.seconds),
        connections,
    };
    let steady = || -> Vec<Plan> {
        let one = |path| plan(path, args.rate, 2);
        others.iter().map(one).collect()
    };
    let quiet = all(steady(), &payloads).await?;
    let storm = plan(stormy, args.rate * args.times, args.connections);
    let storm = tokio::spawn(load::run(storm, Arc::clone(&payloads)));
    let beside = all(steady(), &payloads).await?;
    let storm = storm.await.context("the storm panicked")??;
    let (before, after) = (p99(&quiet), p99(&beside));
    println!(
        "{:#}",
        json!({
            "quiet": summary(&quiet),
            "beside_the_storm": summary(&beside),
            "p99_times": after as f64 / before.max(1) as f64,
            "storm": storm,
        })
    );
    Ok(())
}

/// Makes a project; the path of its envelopes.
fn project(args: &Args, number: usize) -> Result<String> {
    let name = format!("fairness {} {number}", std::process::id());
    let made = Command::new(&args.errata)
        .args(["project", "create", &name, "--data-dir"])
        .arg(&args.data_dir)
        .output()
        .with_context(|| format!("run {}", args.errata.display()))?;
    let said = String::from_utf8_lossy(&made.stdout);
    ensure!(made.status.success(), "{made:?}");
    let dsn = said.split_whitespace().find(|word| word.contains("://"));
    let dsn = dsn.with_context(|| format!("no DSN in {said:?}"))?;
    let (_, rest) = dsn.split_once("://").context("a DSN without a scheme")?;
    let (key, rest) = rest.split_once('@').context("a DSN without a key")?;
    let (_, id) = rest.rsplit_once('/').context("a DSN without a project")?;
    Ok(format!(
        "/api/{id}/envelope/?sentry_key={key}&sentry_version=7"
    ))
}

async fn all(plans: Vec<Plan>, payloads: &Arc<Payloads>) -> Result<Vec<Outcome>> {
    let mut running = JoinSet::new();
    for plan in plans {
        running.spawn(load::run(plan, Arc::clone(payloads)));
    }
    let mut ended = Vec::new();
    while let Some(outcome) = running.join_next().await {
        ended.push(outcome.context("a load panicked")??);
    }
    Ok(ended)
}

/// The median over projects of their p99, microseconds.
fn p99(outcomes: &[Outcome]) -> u64 {
    let mut all: Vec<u64> = outcomes.iter().map(|one| one.latency_us.p99).collect();
    all.sort_unstable();
    all.get(all.len() / 2).copied().unwrap_or_default()
}

fn summary(outcomes: &[Outcome]) -> Value {
    let mut refused = BTreeMap::<u16, u64>::new();
    for one in outcomes {
        for (status, count) in &one.refused {
            *refused.entry(*status).or_default() += count;
        }
    }
    json!({
        "sent": outcomes.iter().map(|one| one.sent).sum::<u64>(),
        "accepted": outcomes.iter().map(|one| one.accepted).sum::<u64>(),
        "refused": refused,
        "p99_us_of_the_median_project": p99(outcomes),
        "p99_us_of_the_worst_project": outcomes.iter().map(|one| one.latency_us.p99).max(),
    })
}
