//! How many events a second one core groups: twenty frames each, of four platforms, and
//! a message. "known": the stack came before, and is remembered (`Memo`). "fingerprint",
//! "group": it is grouped, of frames that came before. "new": of frames that never did.
#![allow(missing_docs)]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use event_model::{StoredEvent, head::Head};
use grouping::{Grouper, Memo};

#[path = "../../../tests/support/heads.rs"]
#[allow(dead_code, clippy::unwrap_used)]
mod heads;

const FRAMES: usize = 20;
/// Stacks whose frames are too many to be remembered from one round to the next.
const NEW: usize = 1000;

fn stack(platform: &str, own: &str, others: &str, number: usize) -> StoredEvent {
    let frames: Vec<String> = (0..FRAMES)
        .map(|depth| match depth % 3 {
            0 => format!("!{others}"),
            _ => own.replace('#', &(number * FRAMES + depth).to_string()),
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
    StoredEvent::of(head).expect("just encoded")
}

/// What the row is called, a platform, own frames of it, `#` a number, and others'.
const LANGUAGES: [(&str, &str, &str, &str); 5] = [
    (
        "python",
        "python",
        "handle# in acme.shop.views",
        "run in lib",
    ),
    (
        "javascript",
        "javascript",
        "Cart.add# @ https://shop.example/assets/index-BwX3k_9a.js",
        "run @ node:internal/x",
    ),
    (
        "java",
        "java",
        "add# in com.acme.Cart$1",
        "run in java.lang.Thread",
    ),
    // Numbers that a compiler gives do not count: all are one call, which says so little that
    // the text is asked, and masked.
    (
        "java-lambdas",
        "java",
        "lambda$add$# in com.acme.Cart$1",
        "run in java.lang.Thread",
    ),
    (
        "native",
        "native",
        "shop::Cart<T>::add#(std::string const&)",
        "g_main_loop_run",
    ),
];

fn bench(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("grouping");
    group.throughput(Throughput::Elements(1));
    let grouper = Grouper::standard();
    let mut memo = Memo::default();
    for (name, platform, own, others) in LANGUAGES {
        let event = stack(platform, own, others, 0);
        group.bench_function(format!("fingerprint/{name}"), |bencher| {
            bencher.iter(|| grouper.fingerprint(std::hint::black_box(event.whole())));
        });
        group.bench_function(format!("known/fingerprint/{name}"), |bencher| {
            bencher.iter(|| memo.fingerprint(&grouper, std::hint::black_box(&event)));
        });
        group.bench_function(format!("group/{name}"), |bencher| {
            bencher.iter(|| grouper.group(std::hint::black_box(event.whole())));
        });
        group.bench_function(format!("known/group/{name}"), |bencher| {
            bencher.iter(|| memo.group(&grouper, std::hint::black_box(&event)));
        });
        let events = (0..NEW).map(|number| stack(platform, own, others, number));
        let events: Vec<StoredEvent> = events.collect();
        let mut events = events.iter().cycle();
        group.bench_function(format!("new/{name}"), |bencher| {
            bencher.iter(|| {
                events
                    .next()
                    .map(|event| grouper.fingerprint(event.whole()))
            });
        });
    }
    let message = stored(&heads::message("User 42 of 10.0.0.1 not found in 12ms"));
    group.bench_function("fingerprint/message", |bencher| {
        bencher.iter(|| grouper.fingerprint(std::hint::black_box(message.whole())));
    });
    group.bench_function("known/fingerprint/message", |bencher| {
        bencher.iter(|| memo.fingerprint(&grouper, std::hint::black_box(&message)));
    });
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
