//! Micro-benchmarks of an event's way to the log: inflate, read (with the scrub of what
//! has no form), scrub again, head, body, append, and the sum, on the load generator's
//! payloads. Beside them, in the same run: what the same bytes need at least (a copy),
//! and what a tree of them costs (`serde_json::Value`, and sonic-rs). The sum beside a
//! bare server is `run.sh`'s.
#![allow(clippy::unwrap_used, missing_docs)]

use std::hint::black_box;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use event_intake::{
    Context, Item, Limits, read_envelope,
    scrub::{self, Rules},
};
use event_log::{EventTicket, LogConfig, LogWriter};
use event_model::{Event, Head, ProjectId};

/// Events of one appended group: the log's sync is shared by as many as came meanwhile.
const GROUP: usize = 64;

/// One payload, in the forms that it passes through.
struct Payload {
    name: &'static str,
    json: String,
    envelope: Vec<u8>,
    zipped: Vec<u8>,
}

impl Payload {
    fn read(name: &'static str) -> Self {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("payloads");
        let text = std::fs::read_to_string(folder.join(name).with_extension("json")).unwrap();
        // Compact, as SDKs send it.
        let json = serde_json::from_str::<serde_json::Value>(&text)
            .unwrap()
            .to_string();
        let header = format!("{{}}\n{{\"type\":\"event\",\"length\":{}}}\n", json.len());
        let envelope = format!("{header}{json}\n").into_bytes();
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(6));
        encoder.write_all(&envelope).unwrap();
        let zipped = encoder.finish().unwrap();
        Self {
            name,
            json,
            envelope,
            zipped,
        }
    }

    fn inflate(&self) -> Vec<u8> {
        let mut inflated = vec![0u8; self.envelope.len() + 1];
        let mut reader = flate2::bufread::MultiGzDecoder::new(self.zipped.as_slice());
        let mut filled = 0;
        while let Ok(read @ 1..) = reader.read(&mut inflated[filled..]) {
            filled += read;
        }
        inflated.truncate(filled);
        inflated
    }
}

fn event_of(envelope: &[u8], context: &Context<'_>) -> Event {
    let reading = read_envelope(envelope, context).unwrap();
    let mut events = reading.items.into_iter().filter_map(|item| match item {
        Item::Event(event) => Some(event.event),
        _ => None,
    });
    events.next().expect("the payload is an event")
}

/// A group of events, until all are durable.
fn append(log: &LogWriter, runtime: &tokio::runtime::Runtime, events: Vec<(Head, Vec<u8>)>) {
    let append = |(head, body): (Head, Vec<u8>)| log.append_event(&head, body).unwrap();
    let tickets: Vec<EventTicket> = events.into_iter().map(append).collect();
    runtime.block_on(async {
        for ticket in tickets {
            ticket.await.unwrap();
        }
    });
}

fn steps(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let limits = Limits::default();
    let context = Context {
        project_id: ProjectId(1),
        received_ns: 1_795_363_200_000_000_000,
        client_ip: None,
        user_agent: None,
        limits: &limits,
        scrub: Rules::standard(),
    };
    for payload in [Payload::read("small"), Payload::read("large")] {
        let length = payload.json.len();
        let mut event = event_of(&payload.envelope, &context);
        let mut group = criterion.benchmark_group(format!("ingest/{}", payload.name));
        group.sample_size(30);
        group.warm_up_time(Duration::from_millis(500));
        group.measurement_time(Duration::from_secs(2));
        group.throughput(Throughput::Bytes(length as u64));

        let mut copy = vec![0u8; payload.envelope.len()];
        group.bench_function("limit: a copy", |bencher| {
            bencher.iter(|| copy.copy_from_slice(black_box(&payload.envelope)));
        });
        group.bench_function("peer: serde_json::Value", |bencher| {
            bencher.iter(|| {
                serde_json::from_str::<serde_json::Value>(black_box(&payload.json)).unwrap()
            });
        });
        group.bench_function("peer: sonic_rs::Value", |bencher| {
            bencher
                .iter(|| sonic_rs::from_str::<sonic_rs::Value>(black_box(&payload.json)).unwrap());
        });
        group.bench_function("inflate", |bencher| bencher.iter(|| payload.inflate()));
        group.bench_function("read and scrub", |bencher| {
            bencher.iter(|| event_of(black_box(&payload.envelope), &context));
        });
        // Of an event that is scrubbed already, as most have nothing to mask.
        group.bench_function("scrub alone", |bencher| {
            bencher.iter(|| scrub::event(black_box(&mut event), Rules::standard()));
        });
        group.bench_function("head", |bencher| {
            bencher.iter(|| Head::of(black_box(&event), length as u32));
        });
        group.bench_function("body", |bencher| {
            bencher.iter(|| black_box(&event).to_json(length));
        });
        group.bench_function("sum: inflate to body", |bencher| {
            bencher.iter(|| {
                let event = event_of(&payload.inflate(), &context);
                (Head::of(&event, length as u32), event.to_json(length))
            });
        });

        let folder = tempfile::tempdir_in(Path::new(env!("CARGO_TARGET_TMPDIR"))).unwrap();
        let log = LogWriter::open(LogConfig::new(folder.path())).unwrap();
        let one = (Head::of(&event, length as u32), event.to_json(length));
        group.throughput(Throughput::Elements(GROUP as u64));
        group.bench_function(format!("append {GROUP}, durable"), |bencher| {
            let setup = || vec![one.clone(); GROUP];
            bencher.iter_batched(
                setup,
                |events| append(&log, &runtime, events),
                BatchSize::LargeInput,
            );
        });
        group.bench_function(format!("sum of {GROUP}, durable"), |bencher| {
            bencher.iter(|| {
                let events = (0..GROUP).map(|_| {
                    let event = event_of(&payload.inflate(), &context);
                    (Head::of(&event, length as u32), event.to_json(length))
                });
                append(&log, &runtime, events.collect());
            });
        });
        group.finish();
        log.close().unwrap();
    }
}

criterion_group!(benches, steps);
criterion_main!(benches);
