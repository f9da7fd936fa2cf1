//! Microseconds that each step of an event's way to the log takes, one thread, on the
//! load generator's payloads, beside what this machine needs for the same bytes at
//! least (a copy) and what a tree of them costs (`serde_json::Value`). Steps take
//! turns, so that all see the same machine; the best of the rounds counts.
//! `cargo run --release -p ingest-gateway --example ingest_speed`

use std::{
    hint::black_box,
    io::{self, Read as _, Write as _},
    path::PathBuf,
    time::{Duration, Instant},
};

use event_model::{Event, Head, ProjectId};
use ingest_gateway::parse::{Context, Item, Limits, parse_envelope, scrub::Rules};

/// Turns of each step.
const ROUNDS: usize = 30;
/// How often a step is done in one turn.
const REPEATS: u32 = 100;

type Step<'s> = (&'static str, Box<dyn FnMut() + 's>);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../benches/payloads");
    let mut out = io::stdout().lock();
    for name in ["small.json", "large.json"] {
        let json = std::fs::read_to_string(folder.join(name))?;
        let json = serde_json::from_str::<serde_json::Value>(&json)?.to_string();
        writeln!(out, "{name}: {} bytes of JSON", json.len())?;
        for (step, microseconds) in measure(&json)? {
            writeln!(out, "  {step:<34}{microseconds:>8.1} us")?;
        }
    }
    Ok(())
}

fn measure(json: &str) -> io::Result<Vec<(&'static str, f64)>> {
    let length = json.len();
    let envelope = format!("{{}}\n{{\"type\":\"event\",\"length\":{length}}}\n{json}\n");
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(6));
    encoder.write_all(envelope.as_bytes())?;
    let zipped = encoder.finish()?;
    let limits = Limits::default();
    let context = Context {
        project_id: ProjectId(1),
        received_ns: 1_795_363_200_000_000_000,
        client_ip: None,
        user_agent: None,
        limits: &limits,
        scrub: Rules::standard(),
    };
    let inflate = || {
        let mut inflated = vec![0u8; envelope.len() + 1];
        let mut reader = flate2::bufread::MultiGzDecoder::new(zipped.as_slice());
        let mut filled = 0;
        while let Ok(read @ 1..) = reader.read(&mut inflated[filled..]) {
            filled += read;
        }
        inflated.truncate(filled);
        inflated
    };
    let read = |body: &[u8]| -> Option<Event> {
        let parsed = parse_envelope(body, &context).ok()?;
        parsed.items.into_iter().find_map(|item| match item {
            Item::Event(event) => Some(event.event),
            _ => None,
        })
    };
    let Some(event) = read(envelope.as_bytes()) else {
        return Err(io::Error::other("the payload holds no event"));
    };
    let head = |event: &Event| black_box(Head::of(event, length as u32));
    let body = |event: &Event| write_body(event, length);
    let mut copy = vec![0u8; envelope.len()];
    let mut steps: Vec<Step<'_>> = vec![
        (
            "limit: a copy",
            Box::new(|| copy.copy_from_slice(black_box(envelope.as_bytes()))),
        ),
        (
            "peer: serde_json::Value",
            Box::new(|| {
                let tree = serde_json::from_slice::<serde_json::Value>(black_box(json.as_bytes()));
                let _ = black_box(tree);
            }),
        ),
        (
            "inflate",
            Box::new(|| {
                black_box(inflate());
            }),
        ),
        (
            "read, scrub, normalise",
            Box::new(|| {
                black_box(read(black_box(envelope.as_bytes())));
            }),
        ),
        (
            "head",
            Box::new(|| {
                black_box(head(black_box(&event)));
            }),
        ),
        (
            "body",
            Box::new(|| {
                black_box(body(black_box(&event)));
            }),
        ),
        (
            "sum: inflate to body",
            Box::new(|| {
                if let Some(event) = read(&inflate()) {
                    black_box((head(&event), body(&event)));
                }
            }),
        ),
    ];
    let mut best = vec![Duration::MAX; steps.len()];
    for _ in 0..ROUNDS {
        for ((_, step), best) in steps.iter_mut().zip(&mut best) {
            let start = Instant::now();
            for _ in 0..REPEATS {
                step();
            }
            *best = start.elapsed().min(*best);
        }
    }
    let names = steps.iter().map(|(name, _)| *name);
    let each = best
        .iter()
        .map(|best| best.as_secs_f64() * 1e6 / f64::from(REPEATS));
    Ok(names.zip(each).collect())
}

fn write_body(event: &Event, length: usize) -> Vec<u8> {
    event.to_json(length)
}
