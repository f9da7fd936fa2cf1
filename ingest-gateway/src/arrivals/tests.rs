#![allow(clippy::unwrap_used)]

use std::thread;

use http::HeaderMap;

use super::{arrival::text, *};
use crate::fate::DropReason;

fn arrival(owner: Option<(u32, u8)>) -> Arc<Arrival> {
    let arrival = Arrival::new(
        &http::Method::POST,
        &"/api/1/envelope/".parse().unwrap(),
        None,
        0,
    );
    if let Some((project, key)) = owner {
        arrival.set_owner(ProjectId(project), PublicKey([key; 16]));
    }
    Arc::new(arrival)
}

fn series(project: u32, reason: Option<DropReason>) -> Series {
    Series {
        project: ProjectId(project),
        category: "error",
        reason,
    }
}

fn note(arrivals: &Arrivals, owner: Option<(u32, u8)>, project: u32, reason: Option<DropReason>) {
    let arrival = arrival(owner);
    arrivals.note(&arrival, series(project, reason), 1, None, Instant::now());
}

fn count(arrivals: &Arrivals, project: u32, key: Option<u8>, kind: Option<Kind>) -> usize {
    let key = key.map(|key| PublicKey([key; 16]));
    let (found, _) = arrivals.newest(ProjectId(project), key, kind, 0, usize::MAX);
    found.len()
}

#[test]
fn a_flood_of_one_kind_washes_nothing_else_away() {
    let arrivals = Arrivals::default();
    note(&arrivals, Some((1, 1)), 1, Some(DropReason::Invalid));
    note(&arrivals, Some((1, 1)), 1, Some(DropReason::Duplicate));
    note(&arrivals, Some((1, 2)), 1, None);
    for _ in 0..1_000 {
        note(&arrivals, Some((1, 1)), 1, None);
        note(&arrivals, Some((2, 3)), 2, None);
    }
    assert_eq!(
        count(&arrivals, 1, Some(1), Some(Kind::Stored)),
        RING_OUTCOMES
    );
    assert_eq!(count(&arrivals, 1, Some(1), Some(Kind::Refused)), 1);
    assert_eq!(count(&arrivals, 1, Some(1), Some(Kind::NotKept)), 1);
    assert_eq!(count(&arrivals, 1, Some(2), None), 1);
    assert_eq!(count(&arrivals, 1, None, None), RING_OUTCOMES + 3);
    assert_eq!(count(&arrivals, 2, Some(1), None), 0);
    assert_eq!(count(&arrivals, 0, None, None), 0);
}

#[test]
fn what_belongs_to_no_project_is_kept_apart_and_with_its_key() {
    let arrivals = Arrivals::default();
    note(&arrivals, None, 0, Some(DropReason::Unauthenticated));
    note(&arrivals, Some((1, 1)), 0, Some(DropReason::Forbidden));
    note(&arrivals, Some((1, 1)), 1, None);
    assert_eq!(count(&arrivals, 0, None, None), 2);
    assert_eq!(count(&arrivals, 1, None, Some(Kind::Refused)), 1);
}

#[test]
fn memory_is_bounded_and_the_quiet_are_forgotten_first() {
    let arrivals = Arrivals::default();
    let wide = "wide ".repeat(100);
    for round in 0..4u32 {
        for key in 0..300u32 {
            let request = Arrival::new(
                &http::Method::POST,
                &"/api/1/envelope/".parse().unwrap(),
                None,
                0,
            );
            let mut public = [0; 16];
            public[..4].copy_from_slice(&key.to_le_bytes());
            request.set_owner(ProjectId(1), PublicKey(public));
            let request = Arc::new(request);
            for _ in 0..50 {
                let mut detail = Detail::default();
                detail.set_kind(&wide);
                let detail = Some(Box::new(detail));
                arrivals.note(&request, series(1, None), 1, detail, Instant::now());
            }
            // The one that was just written is there as a whole.
            let (found, _) =
                arrivals.newest(ProjectId(1), Some(PublicKey(public)), None, 0, usize::MAX);
            assert!(
                found.len() >= 50,
                "round {round} key {key}: {}",
                found.len()
            );
        }
    }
    for shard in &arrivals.shards {
        let shard = shard.lock();
        let outcomes = shard.rings.values().flat_map(|ring| &ring.outcomes);
        let bytes: usize = outcomes.map(|outcome| outcome.bytes()).sum();
        assert_eq!(bytes, shard.bytes);
        assert!(bytes <= SHARD_BYTES_MAX, "{bytes}");
        assert!(shard.rings.len() > 1);
    }
}

#[test]
fn a_ring_at_its_largest_leaves_room_for_others() {
    let request = Arrival::new(&http::Method::POST, &"/".parse().unwrap(), None, 0);
    let wide = "wide ".repeat(1_000);
    let mut detail = Detail::default();
    detail.set_kind(&wide);
    detail.sdk = text(&wide);
    detail.set_error(&crate::error::ApiError::invalid(wide.clone(), wide));
    let outcome = Outcome {
        sequence: 1,
        arrival: Arc::new(request),
        series: series(1, None),
        quantity: 1,
        took_us: 0,
        detail: Some(Arc::new(detail)),
    };
    // Path, client, encoding may be as long again.
    assert!((outcome.bytes() + 3 * 304) * RING_OUTCOMES * 3 < SHARD_BYTES_MAX);
}

#[test]
fn a_reader_that_polls_misses_none_and_sees_none_twice() {
    let arrivals = Arc::new(Arrivals::default());
    // Less than a ring an owner in all, so that nothing is pushed out.
    let writers: Vec<_> = (1..=4u8)
        .map(|key| {
            let arrivals = Arc::clone(&arrivals);
            thread::spawn(move || {
                for _ in 0..RING_OUTCOMES {
                    note(&arrivals, Some((1, key)), 1, None);
                }
            })
        })
        .collect();
    let mut seen = Vec::new();
    let mut after = 0;
    loop {
        let is_over = writers.iter().all(thread::JoinHandle::is_finished);
        let (found, newest) = arrivals.newest(ProjectId(1), None, None, after, usize::MAX);
        seen.extend(found.iter().map(|outcome| outcome.sequence));
        after = newest;
        if is_over {
            break;
        }
    }
    seen.sort_unstable();
    let distinct = seen.iter().collect::<std::collections::BTreeSet<_>>().len();
    assert_eq!(
        (seen.len(), distinct),
        (4 * RING_OUTCOMES, 4 * RING_OUTCOMES)
    );
}

#[test]
fn texts_are_cut_and_hold_nothing_that_looks_like_a_key() {
    for (raw, kept) in [
        ("sentry.python/2.75.0", "sentry.python/2.75.0"),
        (
            "/api/1/unreal/a94ae32be2584e0bbd7a4cbb95971fee/",
            "/api/1/unreal/…/",
        ),
        (
            "must be an object, not a string",
            "must be an object, not a string",
        ),
        (
            "error.exceptions[3].frames[12].content_security_policy_violation",
            "error.exceptions[3].frames[12].content_security_policy_violation",
        ),
        (
            "Bearer ghp_0123456789abcdefghijABCDEFGHIJ456789 was given",
            "Bearer … was given",
        ),
        ("two\nlines\0and\tmore", "two lines and more"),
        ("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa1aaa b", "… b"),
        ("grüße…", "grüße…"),
        ("", ""),
    ] {
        assert_eq!(&*text(raw), kept, "{raw}");
    }
    let long = text(&"ab ".repeat(10_000));
    assert!(long.len() < 310 && long.ends_with('…'), "{long}");
    for shift in 0..4 {
        assert!(text(&format!("{}{}", "x".repeat(shift), "ü ".repeat(400))).len() < 310);
    }
}

#[test]
fn a_client_is_named_by_the_first_place_that_tells() {
    let check = |headers: &[(&'static str, &str)], uri: &str, client: &str, names_sdk: bool| {
        let headers: HeaderMap = headers
            .iter()
            .map(|(name, value)| (http::HeaderName::from_static(name), value.parse().unwrap()))
            .collect();
        let arrival = Arrival::new(
            &http::Method::POST,
            &uri.parse().unwrap(),
            Some(&headers),
            0,
        );
        assert_eq!((&*arrival.client, arrival.names_sdk()), (client, names_sdk));
        assert!(!arrival.path.contains('?'));
    };
    let auth = "Sentry sentry_key=a94ae32be2584e0bbd7a4cbb95971fee, sentry_client=sentry.python/2.75.0, sentry_version=7";
    let first = "Sentry sentry_client=sentry-ruby/5.3.1,sentry_key=a94a";
    let agent = ("user-agent", "sentry.ruby/1");
    check(
        &[("x-sentry-auth", auth), agent],
        "/",
        "sentry.python/2.75.0",
        true,
    );
    check(&[("x-sentry-auth", first)], "/", "sentry-ruby/5.3.1", true);
    check(
        &[agent],
        "/api/1/envelope/?sentry_version=7&sentry_client=sentry.javascript.browser%2F11.12.0",
        "sentry.javascript.browser/11.12.0",
        true,
    );
    check(&[agent], "/", "sentry.ruby/1", false);
    check(&[], "/", "", false);
}
