//! How many events a second one core groups: twenty frames each, of three languages, and
//! a message.
#![allow(missing_docs)]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use event_model::{
    StoredEvent,
    head::Head,
    record::{BodyPlace, SCHEMA_EVENT_V1, archive_head, encode_event},
};
use grouping::Grouper;

#[path = "../../../tests/support/heads.rs"]
#[allow(dead_code, clippy::unwrap_used)]
mod heads;

const FRAMES: usize = 20;

fn stack(platform: &str, own: &str, others: &str) -> StoredEvent {
    let frames: Vec<String> = (0..FRAMES)
        .map(|depth| match depth % 3 {
            0 => format!("!{others}"),
            _ => own.replace('#', &depth.to_string()),
        })
        .collect();
    let frames: Vec<&str> = frames.iter().map(String::as_str).collect();
    stored(&heads::error(
        platform,
        "ValueError",
        "order 17 is not open",
        &frames,
    ))
}

fn stored(head: &Head) -> StoredEvent {
    let record = encode_event(&archive_head(head), BodyPlace::Plain(b"{}"));
    StoredEvent::parse(SCHEMA_EVENT_V1, record.into()).expect("just encoded")
}

fn bench(criterion: &mut Criterion) {
    let events = [
        (
            "python",
            stack("python", "handle# in acme.shop.views", "run in lib"),
        ),
        (
            "javascript",
            stack(
                "javascript",
                "Cart.add# @ https://shop.example/assets/index-BwX3k_9a.js",
                "run @ node:internal/x",
            ),
        ),
        (
            "java",
            stack(
                "java",
                "lambda$add$# in com.acme.Cart$1",
                "run in java.lang.Thread",
            ),
        ),
        (
            "message",
            stored(&heads::message("User 42 of 10.0.0.1 not found in 12ms")),
        ),
    ];
    let mut group = criterion.benchmark_group("grouping");
    group.throughput(Throughput::Elements(1));
    let grouper = Grouper::new();
    for (name, event) in &events {
        group.bench_function(format!("fingerprint/{name}"), |bencher| {
            bencher.iter(|| grouper.fingerprint(std::hint::black_box(event.head())));
        });
    }
    group.bench_function("group/python", |bencher| {
        bencher.iter(|| grouper.group(std::hint::black_box(events[0].1.head())));
    });
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
