//! Microseconds to parse, normalise and scrub one envelope, one thread: each
//! captured request that holds an event, the largest Python one first.
//! `cargo run --release -p ingest-gateway --example parse_speed`

use std::{
    hint::black_box,
    io::{self, Read as _, Write as _},
    path::PathBuf,
    time::Instant,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use event_model::ProjectId;
use ingest_gateway::parse::{Context, Limits, parse_envelope};

/// Repetitions of each body.
const ROUNDS: u32 = 2_000;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/captures");
    let mut text = String::new();
    let file = std::fs::File::open(folder.join("sentry-python-2.75.0.jsonl.gz"))?;
    flate2::read::GzDecoder::new(file).read_to_string(&mut text)?;
    let limits = Limits::default();
    let context = Context {
        project_id: ProjectId(1),
        received_ns: 1_795_363_200_000_000_000,
        client_ip: None,
        user_agent: None,
        limits: &limits,
    };
    let mut out = io::stdout().lock();
    for line in text.lines() {
        let request: serde_json::Value = serde_json::from_str(line)?;
        let scenario = request["scenario"].as_str().unwrap_or_default();
        if ![
            "fastapi_request",
            "nested_chain",
            "simple_exception",
            "message",
        ]
        .contains(&scenario)
            || request["content_encoding"] != "gzip"
        {
            continue;
        }
        let sent = STANDARD.decode(request["body_b64"].as_str().unwrap_or_default())?;
        let mut body = Vec::new();
        flate2::read::GzDecoder::new(sent.as_slice()).read_to_end(&mut body)?;
        let start = Instant::now();
        for _ in 0..ROUNDS {
            let _ = black_box(parse_envelope(black_box(&body), &context));
        }
        let parse_us = start.elapsed().as_secs_f64() * 1e6 / f64::from(ROUNDS);
        let start = Instant::now();
        for _ in 0..ROUNDS {
            let item = body.split(|b| *b == b'\n').nth(2).unwrap_or_default();
            let _ = black_box(serde_json::from_slice::<serde_json::Value>(black_box(item)));
        }
        let value_us = start.elapsed().as_secs_f64() * 1e6 / f64::from(ROUNDS);
        writeln!(
            out,
            "{scenario}: {} bytes, {parse_us:.1} us (serde_json::Value alone: {value_us:.1} us)",
            body.len()
        )?;
    }
    Ok(())
}
