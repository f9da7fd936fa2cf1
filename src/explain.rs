//! `errata explain-grouping`: what of an event counts for its issue, and why two events
//! are not in one. Reads events as clients send them; asks no server.

use std::{
    fs,
    io::{Read, Write},
    path::Path,
    sync::Arc,
};

use anyhow::{Context as _, Result, anyhow, bail};
use event_intake::{Context, Item, Limits, scrub};
use event_model::{Event, ProjectId, StoredEvent, head::Head};
use grouping::{Algorithm, Apart, Component, Explanation, Grouper, RuleError, Rules};
use serde_json::{Map, Value, json};

use crate::cli::ExplainGrouping;

/// Members that Sentry's events have and native ones have not.
const SENTRY_MEMBERS: [&str; 8] = [
    "exception",
    "logentry",
    "threads",
    "stacktrace",
    "event_id",
    "sdk",
    "contexts",
    "breadcrumbs",
];
/// Longest event, bytes: what a server takes at most.
const EVENT_BYTES_MAX: u64 = 32 << 20;

/// Reads, groups, tells.
pub(crate) fn run(args: &ExplainGrouping) -> Result<()> {
    let algorithm = args
        .algorithm
        .map_or(Ok(Algorithm::NEWEST), Algorithm::known);
    let algorithm = algorithm.map_err(|error| anyhow!("--algorithm {error}"))?;
    let rules = match &args.rules {
        Some(path) => rules(path)?,
        None => Rules::default(),
    };
    let grouper = Grouper::new(Arc::new(rules), algorithm);
    let first = stored(&args.file)?;
    let explained = grouper.explain(first.whole());
    let mut out = std::io::stdout();
    let Some(file) = &args.second else {
        let headline = grouper.headline(first.whole());
        if args.json {
            let mut told = explanation(&explained);
            told["title"] = json!(headline.title);
            told["culprit"] = json!(headline.culprit);
            return writeln!(out, "{told:#}").context("write to standard output");
        }
        writeln!(out, "title       {}", headline.title)?;
        if !headline.culprit.is_empty() {
            writeln!(out, "culprit     {}", headline.culprit)?;
        }
        return write!(out, "{explained}").context("write to standard output");
    };
    let second = stored(file)?;
    let apart = grouper.why_apart(first.whole(), second.whole());
    if args.json {
        let told = json!({
            "first": explanation(&explained),
            "second": explanation(&grouper.explain(second.whole())),
            "apart": apart.as_ref().map(difference),
        });
        return writeln!(out, "{told:#}").context("write to standard output");
    }
    match apart {
        Some(apart) => write!(out, "{apart}"),
        None => writeln!(out, "they are one issue: {}", explained.fingerprint),
    }
    .context("write to standard output")
}

fn rules(path: &Path) -> Result<Rules> {
    let text = fs::read_to_string(path).with_context(|| format!("read {}", path.display()))?;
    Rules::parse(&text).map_err(|errors| {
        let lines: Vec<String> = errors.iter().map(RuleError::to_string).collect();
        anyhow!("{}:\n{}", path.display(), lines.join("\n"))
    })
}

/// An event from a file, `-` for standard input, as the log would store it.
fn stored(path: &Path) -> Result<StoredEvent> {
    let mut body = Vec::new();
    if path == Path::new("-") {
        let input = std::io::stdin().lock();
        input
            .take(EVENT_BYTES_MAX + 1)
            .read_to_end(&mut body)
            .context("read standard input")?;
    } else {
        body = fs::read(path).with_context(|| format!("read {}", path.display()))?;
    }
    if body.len() as u64 > EVENT_BYTES_MAX {
        bail!("{}: longer than {EVENT_BYTES_MAX} bytes", path.display());
    }
    let event = read(&body).with_context(|| format!("{}: no event", path.display()))?;
    StoredEvent::of(&Head::of(&event, 0)).context("store the event's head")
}

/// An event of Sentry's or of the native protocol.
fn read(body: &[u8]) -> Result<Event> {
    let members: Map<String, Value> = serde_json::from_slice(body)?;
    let limits = Limits::default();
    let context = Context {
        project_id: ProjectId(1),
        received_ns: 0,
        client_ip: None,
        user_agent: None,
        limits: &limits,
        scrub: scrub::Rules::standard(),
    };
    let is_sentry = SENTRY_MEMBERS
        .iter()
        .any(|name| members.contains_key(*name));
    if members.contains_key("error") || !is_sentry {
        return Ok(event_intake::read_native(body, &context)?.event);
    }
    match event_intake::read_store(body, &context)?
        .items
        .into_iter()
        .next()
    {
        Some(Item::Event(event)) => Ok(event.event),
        _ => bail!("it is of a kind that is not grouped"),
    }
}

fn explanation(explained: &Explanation) -> Value {
    json!({
        "fingerprint": explained.fingerprint.to_string(),
        "root": component(&explained.root),
    })
}

fn component(of: &Component) -> Value {
    let parts: Vec<Value> = of.parts.iter().map(component).collect();
    json!({
        "name": of.name,
        "value": of.value,
        "raw": of.raw,
        "counts": of.counts,
        "why": of.why,
        "parts": parts,
    })
}

fn difference(apart: &Apart) -> Value {
    json!({
        "path": apart.path,
        "first": apart.first.as_ref().map(component),
        "second": apart.second.as_ref().map(component),
    })
}
