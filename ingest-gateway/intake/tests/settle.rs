//! What is settled stays as it is when it is settled again: of any event, and of events
//! whose frames were changed since.

use event_intake::{Limits, settle};
use event_model::{
    Event, EventId, Level, ProjectId,
    event::{Breadcrumb, Exception, Frame, Thread},
};
use proptest::{collection::vec, option, prelude::*, sample::select};
use serde_json::json;

/// Small, so that lists are often too long.
const LIMITS: Limits = Limits {
    event_bytes_max: 1 << 20,
    attachments_bytes_max: 1 << 20,
    items_max: 10,
    batch_max: 10,
    frames_max: 3,
    exceptions_max: 2,
    threads_max: 2,
    breadcrumbs_max: 3,
    tags_max: 4,
    remembered_bytes_max: 0,
};

const PLATFORMS: &[&str] = &[
    "",
    "javascript",
    "node",
    "python",
    "java",
    "ruby",
    "go",
    "native",
    "cocoa",
    "csharp",
    "php",
    "rust",
    "other",
    "elixir",
];
const FUNCTIONS: &[&str] = &[
    "",
    "main",
    "main.main",
    "_ZN4shop4Cart5totalEv",
    "__ZN4shop4Cart5totalEv",
    "_ZN4shop4cart3add17h0123456789abcdefE",
    "_RNvNtCs1234_4shop4cart3add",
    "$s4Shop4CartC3add4itemyAA4ItemV_tKF",
    // A function whose own name looks mangled.
    "_Z20_ZN4shop4Cart3addEvv",
    "_Z11_Z8_Z5mainvvv",
    "core::panicking::panic_fmt",
    "System.Linq.Enumerable.First",
];
const PATHS: &[&str] = &[
    "",
    "app.py",
    "/srv/app/shop.py",
    "/srv/.venv/lib/python3.12/site-packages/acme/cart.py",
    "/srv/.venv/lib/python3.12/site-packages/flask/app.py",
    "/usr/lib/python3.12/json/decoder.py",
    "https://shop.example/app.js",
    "https://shop.example/node_modules/react/index.js",
    "node:internal/process",
    "/app/node_modules/shop/index.js",
    "/root/go/pkg/mod/example.com/shop@v1.0.0/main.go",
    "/usr/local/go/src/runtime/panic.go",
    "/usr/local/bundle/gems/rack-3.1.0/lib/rack.rb",
    "chrome-extension://abc/inject.js",
];
const PACKAGES: &[&str] = &[
    "",
    "/private/var/containers/Bundle/Application/0A/Shop.app/Shop",
    "/usr/lib/system/libsystem_c.dylib",
    "shop",
];
const MODULES: &[&str] = &[
    "",
    "com.example.Shop",
    "java.lang.Thread",
    "Elixir.Shop.Cart",
    "shop",
];
const AGENTS: &[&str] = &[
    "",
    "curl/8.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
];

fn text(of: &'static [&'static str]) -> impl Strategy<Value = String> {
    prop_oneof![
        8 => select(of).prop_map(str::to_owned),
        1 => "[_$/a-zA-Z0-9.:]{0,40}",
        1 => (1_000usize..1_100).prop_map(|length| "é".repeat(length)),
    ]
}

fn frame() -> impl Strategy<Value = Frame> {
    let names = (
        text(FUNCTIONS),
        text(MODULES),
        text(PATHS),
        text(PATHS),
        text(PACKAGES),
    );
    (names, any::<bool>(), option::of(any::<bool>())).prop_map(
        |((function, module, filename, abs_path, package), in_app, client_in_app)| Frame {
            function,
            module,
            filename,
            abs_path,
            package,
            in_app,
            client_in_app,
            ..Frame::default()
        },
    )
}

fn breadcrumb() -> impl Strategy<Value = Breadcrumb> {
    (0i64..5).prop_map(|timestamp_ns| Breadcrumb {
        timestamp_ns,
        ..Breadcrumb::default()
    })
}

fn event() -> impl Strategy<Value = Event> {
    let stacks = (vec(vec(frame(), 0..6), 0..4), vec(vec(frame(), 0..6), 0..4));
    let around = (
        text(PLATFORMS),
        select(&["", "shop@1.2.3", "1.0"][..]),
        select(AGENTS),
        select(&["", "sentry.dart.flutter", "sentry.python"][..]),
    );
    let lists = (
        vec(breadcrumb(), 0..6),
        vec(("[a-z.]{1,8}", "[a-z]{1,8}"), 0..7),
    );
    (stacks, around, lists).prop_map(|((chain, threads), around, (breadcrumbs, tags))| {
        let (platform, release, agent, sdk) = around;
        let mut event = empty();
        event.platform = platform;
        event.release = release.to_owned();
        event.exceptions = chain
            .into_iter()
            .map(|frames| Exception {
                frames,
                ..Exception::default()
            })
            .collect();
        event.threads = threads
            .into_iter()
            .map(|frames| Thread {
                frames,
                ..Thread::default()
            })
            .collect();
        (event.breadcrumbs, event.tags) = (breadcrumbs, tags);
        if !agent.is_empty() {
            event
                .request
                .insert("headers", json!({ "User-Agent": agent }));
        }
        if !sdk.is_empty() {
            event.sdk.insert("name", sdk);
        }
        event
    })
}

/// An event of nothing.
fn empty() -> Event {
    let json = json!({
        "id": EventId([7; 16]),
        "project_id": ProjectId(1),
        "received_ns": 2,
        "timestamp_ns": 1,
        "level": Level::Error,
    });
    serde_json::from_value(json).expect("the least an event has")
}

/// The event as it is written, for failures that can be read.
fn written(event: &Event) -> String {
    serde_json::to_string_pretty(event).expect("an event is JSON")
}

proptest! {
    #[test]
    fn what_is_settled_stays_as_it_is(event in event()) {
        let mut once = event;
        settle(&mut once, &LIMITS);
        let mut twice = once.clone();
        settle(&mut twice, &LIMITS);
        prop_assert_eq!(written(&once), written(&twice));
    }

    #[test]
    fn what_comes_late_is_settled_as_if_it_had_come_in_time(event in event(), late in frame()) {
        // A source map gives a frame other names: as if the client had sent those.
        let place = |event: &mut Event, late: &Frame| {
            if let Some(frame) = event.exceptions.last_mut().and_then(|e| e.frames.last_mut()) {
                frame.function.clone_from(&late.function);
                frame.module.clone_from(&late.module);
                frame.filename.clone_from(&late.filename);
                frame.abs_path.clone_from(&late.abs_path);
            }
        };
        let mut late_settled = event.clone();
        settle(&mut late_settled, &LIMITS);
        place(&mut late_settled, &late);
        settle(&mut late_settled, &LIMITS);
        let mut in_time = event;
        place(&mut in_time, &late);
        settle(&mut in_time, &LIMITS);
        prop_assert_eq!(written(&late_settled), written(&in_time));
    }
}

#[test]
fn every_list_keeps_to_its_limit() {
    let mut event = empty();
    event.exceptions = std::vec::from_elem(
        Exception {
            frames: std::vec::from_elem(Frame::default(), 9),
            ..Exception::default()
        },
        9,
    );
    event.threads = std::vec::from_elem(
        Thread {
            frames: std::vec::from_elem(Frame::default(), 9),
            ..Thread::default()
        },
        9,
    );
    event.breadcrumbs = std::vec::from_elem(Breadcrumb::default(), 9);
    event.tags = std::vec::from_elem(("key".to_owned(), "value".to_owned()), 9);
    settle(&mut event, &LIMITS);
    let lengths = [
        event.exceptions.len(),
        event.exceptions[0].frames.len(),
        event.threads.len(),
        event.threads[0].frames.len(),
        event.breadcrumbs.len(),
        event.tags.len(),
    ];
    assert_eq!(lengths, [2, 3, 2, 3, 3, 4]);
}
