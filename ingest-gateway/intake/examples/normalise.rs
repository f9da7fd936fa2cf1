//! What the gateway would store: reads one Sentry event payload (JSON) a line, writes
//! one stored event a line, or `null` where nothing would be stored. For
//! `tests/differential`. The time of receipt is that of the captures.
//! `cargo run -p event-intake --example normalise < payloads.jsonl`

use std::io::{self, BufRead as _, Write as _};

use event_intake::{Context, Item, Limits, read_store, scrub::Rules};
use event_model::ProjectId;

/// 22 Nov 2026, 16:00 UTC: just after the captures.
const RECEIVED_NS: i64 = 1_795_363_200_000_000_000;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let limits = Limits::default();
    let context = Context {
        project_id: ProjectId(42),
        received_ns: RECEIVED_NS,
        client_ip: Some(std::net::Ipv4Addr::new(198, 51, 100, 7).into()),
        user_agent: None,
        limits: &limits,
        scrub: Rules::standard(),
    };
    let mut out = io::stdout().lock();
    for line in io::stdin().lock().lines() {
        let reading = read_store(line?.as_bytes(), &context);
        let item = reading
            .ok()
            .and_then(|reading| reading.items.into_iter().next());
        match item {
            Some(Item::Event(reading)) => serde_json::to_writer(&mut out, &reading.event)?,
            _ => out.write_all(b"null")?,
        }
        out.write_all(b"\n")?;
    }
    Ok(())
}
