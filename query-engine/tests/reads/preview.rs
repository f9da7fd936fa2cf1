//! What other rules would make of the events that are there.

#[path = "preview/naive.rs"]
mod naive;
#[path = "preview/world.rs"]
mod world;

use std::time::{Duration, Instant};

use event_model::{IssueId, Position};
use http::{Request, StatusCode};
use proto::v1::{self, RegroupEnd, preview_regroup_response::Step};
use tonic::Code;

use self::world::{Past, ask, asking, begin, shape};
use crate::{
    fixture::{PATIENCE, T0_MS, TOKEN},
    rules::id,
};

#[tokio::test]
async fn issues_merge_into_the_one_whose_first_event_is_the_oldest() {
    let mut past = Past::new();
    past.issue(1, "pay", &[]);
    past.issue(2, "refund", &[]);
    past.issue(3, "ship", &[]);
    for (n, function) in [
        (1, "refund"),
        (2, "pay"),
        (3, "pay"),
        (4, "ship"),
        (5, "pay"),
    ] {
        past.event(n, function, &[]);
    }
    past.settle().await;
    let rules = "stack.function:pay -> money\nstack.function:refund -> money";
    let told = ask(&past.fixture, asking(rules)).await.unwrap();
    assert_eq!(
        (told.events, told.total, told.end()),
        (5, 5, RegroupEnd::All)
    );
    assert_eq!(
        (told.moved, told.issues_before, told.issues_after),
        (3, 3, 2)
    );
    assert_eq!(
        (told.rules, told.splits_total, told.created_total),
        (2, 0, 0)
    );
    // The second was there first.
    assert_eq!(shape(&told.merges), ["2: 1*3 2*1"]);
    let merge = &told.merges[0];
    assert_eq!(merge.issue.as_ref().unwrap().title, "refund");
    let samples = |part: usize| -> Vec<(String, String)> {
        let samples = merge.parts[part].samples.iter();
        samples
            .map(|sample| (sample.id.clone(), sample.issue_id.clone()))
            .collect()
    };
    let of = |n: u8, issue: u64| (id(n), IssueId(issue).to_string());
    assert_eq!(samples(0), [of(5, 1), of(3, 1), of(2, 1)], "newest first");
    assert_eq!(samples(1), [of(1, 2)]);
    let none = ask(&past.fixture, asking("")).await.unwrap();
    assert_eq!(
        (none.moved, none.merges_total, none.issues_after),
        (0, 0, 3)
    );
}

#[tokio::test]
async fn an_issue_is_split_by_a_tag_and_its_oldest_part_lives_on() {
    let mut past = Past::new();
    past.issue(1, "pay", &[]);
    for (n, customer) in [
        (1, "acme"),
        (2, "bolt"),
        (3, "bolt"),
        (4, "bolt"),
        (5, "core"),
    ] {
        past.event(n, "pay", &[("customer", customer)]);
    }
    past.settle().await;
    let rules = "stack.function:pay -> {{ default }}, {{ tags.customer }} \
                 title=\"Of {{ tags.customer }}\"";
    let told = ask(&past.fixture, asking(rules)).await.unwrap();
    assert_eq!(
        (told.moved, told.issues_before, told.issues_after),
        (4, 1, 3)
    );
    assert_eq!(
        (told.merges_total, told.splits_total, told.created_total),
        (0, 1, 2)
    );
    let split = &told.splits[0];
    let parts: Vec<(&str, u64, bool)> = split
        .parts
        .iter()
        .map(|part| (&*part.title, part.events, part.is_new))
        .collect();
    assert_eq!(parts[0], ("Of bolt", 3, true));
    assert!(parts.contains(&("Of core", 1, true)), "{parts:?}");
    // The oldest event is of this one, which keeps the id.
    assert!(parts.contains(&("pay", 1, false)), "{parts:?}");
    let lives_on = split.parts.iter().find(|part| !part.is_new).unwrap();
    assert_eq!(lives_on.id, IssueId(1).to_string());
    assert_eq!(lives_on.samples[0].id, id(1));
    // A part that leaves an issue leaves the rest as it is.
    past.issue(2, "refund", &[]);
    past.event(6, "refund", &[]);
    past.settle().await;
    let rules = "tags.customer:core -> apart";
    let told = ask(&past.fixture, asking(rules)).await.unwrap();
    assert_eq!(
        (told.moved, told.issues_before, told.issues_after),
        (1, 2, 3)
    );
    assert_eq!(told.splits[0].parts[0].id, IssueId(1).to_string());
    assert!(!told.splits[0].parts[0].is_new && told.splits[0].parts[1].is_new);
}

#[tokio::test]
async fn what_was_merged_by_hand_is_one_issue() {
    let mut past = Past::new();
    past.issue(1, "pay", &[]);
    past.issue(2, "refund", &[]);
    past.issue(3, "ship", &[]);
    past.merge(1, 2);
    for (n, function) in [(1, "pay"), (2, "refund"), (3, "ship"), (4, "refund")] {
        past.event(n, function, &[]);
    }
    past.settle().await;
    // Both anew, each as a whole: they stay together.
    let rules = "error.type:* -> {{ stack.function }}";
    let told = ask(&past.fixture, asking(rules)).await.unwrap();
    assert_eq!(
        (told.moved, told.issues_before, told.issues_after),
        (0, 2, 2),
        "{told:?}"
    );
    assert_eq!(
        (told.merges_total, told.splits_total, told.created_total),
        (0, 0, 0)
    );
    // Into one fingerprint of the same issue is no move.
    let rules = "stack.function:pay -> x\nstack.function:refund -> x";
    let told = ask(&past.fixture, asking(rules)).await.unwrap();
    assert_eq!((told.moved, told.issues_after), (0, 2), "{told:?}");
    // What takes from a merged issue and another takes from two.
    let rules = "stack.function:refund -> x\nstack.function:ship -> x";
    let told = ask(&past.fixture, asking(rules)).await.unwrap();
    assert_eq!(shape(&told.merges), ["1: 1*3 3*1"]);
    assert_eq!((told.moved, told.issues_after), (1, 1));
}

#[tokio::test]
async fn events_are_told_from_what_they_were_grouped_by_then() {
    let mut past = Past::new();
    past.issue(1, "pay", &[]);
    past.event(1, "pay", &[]);
    past.set("error.type:* -> first");
    past.issue(2, "pay", &[]);
    past.event(2, "pay", &[]);
    past.set("# again\nerror.type:* -> second");
    past.issue(3, "pay", &[]);
    past.event(3, "pay", &[]);
    past.event(4, "ship", &[]);
    past.settle().await;
    // Those in force, asked of all.
    let request = v1::PreviewRegroupRequest {
        project_id: 1,
        ..Default::default()
    };
    let told = ask(&past.fixture, request).await.unwrap();
    assert_eq!(shape(&told.merges), ["1: 3*2 1*1 2*1"], "{told:?}");
    assert_eq!((told.rules, told.moved, told.issues_before), (1, 3, 3));
    // None at all: the first stays, the others follow it.
    let told = ask(&past.fixture, asking("")).await.unwrap();
    assert_eq!((told.issues_before, told.issues_after), (3, 2), "{told:?}");
    assert_eq!(shape(&told.merges), ["1: 1*1 2*1 3*1"]);
    assert_eq!((told.splits_total, told.moved), (1, 3));
}

#[tokio::test]
async fn a_preview_ends_where_its_bounds_are_and_says_so() {
    let mut past = Past::new();
    past.issue(1, "pay", &[]);
    for n in 1..=20 {
        past.event(n, "pay", &[]);
    }
    // Of another project, which is not asked.
    past.foreign(21, "pay");
    past.settle().await;
    let rules = "error.type:* -> {{ default }}, {{ release }}";
    let within = |max_events| v1::PreviewRegroupRequest {
        max_events,
        max_samples: 1,
        ..asking(rules)
    };
    for (max_events, events, end) in [
        (5, 5, RegroupEnd::Events),
        (20, 20, RegroupEnd::All),
        (0, 20, RegroupEnd::All),
    ] {
        let told = ask(&past.fixture, within(max_events)).await.unwrap();
        assert_eq!((told.events, told.end()), (events, end), "{max_events}");
        assert_eq!(told.total, 20);
        let reached = told.reached.unwrap();
        assert_eq!(
            reached.seconds,
            T0_MS / 1000 + 21 - i64::try_from(events).unwrap()
        );
    }
    let stamp = |seconds: i64| prost_types::Timestamp {
        seconds: T0_MS / 1000 + seconds,
        nanos: 0,
    };
    // They happen a quarter of a second before they are received.
    let request = v1::PreviewRegroupRequest {
        from: Some(stamp(5)),
        to: Some(stamp(10)),
        ..asking(rules)
    };
    let told = ask(&past.fixture, request).await.unwrap();
    assert_eq!((told.events, told.end()), (5, RegroupEnd::All));
}

/// A pattern that costs all that an event may.
fn hostile() -> String {
    let nearly = format!("*{}b", "a".repeat(200));
    format!("error.value:{nearly} -> x\n").repeat(10_000 / 40)
}

fn costly(past: &mut Past, events: usize) {
    past.issue(1, "pay", &[]);
    past.value("a".repeat(1_000));
    past.many(&vec![("pay", Vec::new()); events]);
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_rules_take_no_longer_than_they_may() {
    let mut past = Past::new();
    costly(&mut past, 250);
    past.settle().await;
    let request = v1::PreviewRegroupRequest {
        max_seconds: 1,
        ..asking(&hostile())
    };
    let began = Instant::now();
    let told = ask(&past.fixture, request).await.unwrap();
    assert!(began.elapsed() < PATIENCE, "{:?}", began.elapsed());
    assert!(told.events > 0, "{told:?}");
    assert_eq!(told.over_budget, told.events);
    assert!(
        told.end() == RegroupEnd::Time || told.events == 250,
        "{told:?}"
    );
    assert_eq!(told.moved, 0, "what is not reached does not hold");
    let many = "error.type:nothing -> y\n".repeat(10_000);
    let request = v1::PreviewRegroupRequest {
        max_events: 20,
        ..asking(&many)
    };
    let told = ask(&past.fixture, request).await.unwrap();
    assert_eq!((told.rules, told.events, told.over_budget), (10_000, 20, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_a_project_at_a_time_and_whoever_leaves_ends_it() {
    let mut past = Past::new();
    costly(&mut past, 250);
    past.settle().await;
    let request = v1::PreviewRegroupRequest {
        max_seconds: 600,
        // Each event costs a million comparisons of each.
        ..asking(&hostile())
    };
    let mut under_way = begin(&past.fixture, request.clone()).await.unwrap();
    let first = under_way.message().await.unwrap().unwrap();
    assert!(matches!(first.step, Some(Step::Progress(_))), "{first:?}");
    let refused = begin(&past.fixture, request.clone()).await.unwrap_err();
    assert_eq!(refused.code(), Code::ResourceExhausted, "{refused:?}");
    assert_eq!(refused.metadata().get("retry-after").unwrap(), "5");
    assert!(
        refused
            .message()
            .contains("a preview of project 1 is under way")
    );
    drop(under_way);
    let left = Instant::now();
    loop {
        let small = v1::PreviewRegroupRequest {
            max_events: 1,
            ..asking("")
        };
        match ask(&past.fixture, small).await {
            Ok(told) => break assert_eq!(told.events, 1),
            Err(refused) => assert_eq!(refused.code(), Code::ResourceExhausted),
        }
        assert!(
            left.elapsed() < Duration::from_secs(2),
            "it works on for nobody"
        );
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn what_is_asked_for_wrongly_is_named() {
    let mut past = Past::new();
    past.issue(1, "pay", &[]);
    past.event(1, "pay", &[]);
    past.settle().await;
    let rules = "error.type:* -> y";
    let with = |change: fn(&mut v1::PreviewRegroupRequest)| {
        let mut request = asking(rules);
        change(&mut request);
        request
    };
    for (request, code, field) in [
        (with(|r| r.project_id = 9), Code::NotFound, "project_id"),
        (
            with(|r| r.algorithm = 77),
            Code::InvalidArgument,
            "algorithm",
        ),
        (
            with(|r| r.max_events = 10_000_001),
            Code::InvalidArgument,
            "max_events",
        ),
        (
            with(|r| r.max_seconds = 601),
            Code::InvalidArgument,
            "max_seconds",
        ),
        (
            with(|r| r.max_samples = 6),
            Code::InvalidArgument,
            "max_samples",
        ),
        (
            asking("error.typ:x -> y"),
            Code::InvalidArgument,
            "text:1:1",
        ),
        (asking(&"#".repeat((1 << 20) + 1)), Code::OutOfRange, "text"),
    ] {
        let refused = begin(&past.fixture, request).await.unwrap_err();
        assert_eq!(refused.code(), code, "{field}: {refused:?}");
        assert_eq!(refused.metadata().get("errata-field").unwrap(), field);
    }
    // Refused, none holds a turn.
    ask(&past.fixture, asking(rules)).await.unwrap();
}

#[tokio::test]
async fn rest_answers_the_result() {
    let mut past = Past::new();
    past.issue(1, "pay", &[]);
    past.issue(2, "refund", &[]);
    for (n, function) in [(1, "pay"), (2, "refund"), (3, "pay")] {
        past.event(n, function, &[]);
    }
    past.settle().await;
    let rest = async |query: &str, body: &str| {
        let path = format!("/api/projects/1/grouping-rules/preview{query}");
        let request = Request::post(path).header("authorization", format!("Bearer {TOKEN}"));
        let request = request.body(body.to_owned().into()).unwrap();
        past.fixture.send(request).await
    };
    let (status, told) = rest("", "error.type:* -> all").await;
    assert_eq!(status, StatusCode::OK, "{told}");
    assert_eq!(told["events"], 3);
    assert_eq!(told["end"], "all");
    assert_eq!(told["moved"], 1);
    assert_eq!(told["merges"][0]["issue"]["id"], IssueId(1).to_string());
    assert_eq!(told["merges"][0]["parts"][0]["samples"][0]["id"], id(3));
    assert_eq!(told["merges"][0]["parts"][1]["title"], "refund");
    assert_eq!(told["splits"], serde_json::json!([]));
    let (_, told) = rest("?events=1", "error.type:* -> all").await;
    assert_eq!(
        (&told["events"], &told["end"]),
        (&1.into(), &"events".into())
    );
    let (_, told) = rest("?in_force=true", "not: read at all").await;
    assert_eq!((&told["moved"], &told["rules"]), (&0.into(), &0.into()));
    for (query, body, status, field) in [
        ("", "error.typ:x -> y", StatusCode::BAD_REQUEST, "text:1:1"),
        ("?algorithm=99", "", StatusCode::BAD_REQUEST, "algorithm"),
        ("?events=x", "", StatusCode::BAD_REQUEST, "events"),
        ("?seconds=601", "", StatusCode::BAD_REQUEST, "seconds"),
    ] {
        let (answered, told) = rest(query, body).await;
        assert_eq!(answered, status, "{told}");
        assert_eq!(told["error"]["field"], field);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_thousand_events_are_told_as_a_naive_count_tells_them() {
    let mut past = Past::new();
    let functions: Vec<String> = (0..30).map(|n| format!("f{n}")).collect();
    for (number, function) in (1..).zip(&functions).take(24) {
        past.issue(number, function, &[]);
    }
    past.merge(3, 7);
    past.merge(3, 11);
    past.merge(20, 21);
    let customers = ["acme", "bolt", "core"];
    let mut events = Vec::new();
    for n in 0..20_000_usize {
        // No pattern that ends with the data's.
        let at = n.wrapping_mul(2_654_435_761) >> 7;
        let (function, customer) = (&functions[at % 30], customers[at / 30 % 3]);
        events.push((&**function, vec![("customer", customer)]));
    }
    let positions = past.many(&events);
    past.settle().await;
    for (rules, newest) in [
        (
            "stack.function:f3 tags.customer:acme -> {{ default }}, a\n\
             stack.function:f7 -> seven\nstack.function:f11 -> seven\n\
             stack.function:f29 -> seven\nstack.function:f1? -> teens\n\
             stack.function:f2* -> {{ default }}, {{ tags.customer }}",
            20_000,
        ),
        ("stack.function:f1? -> teens", 1_000),
        ("error.type:* -> {{ stack.function }}", 1_000),
        ("tags.customer:bolt -> bolt", 1_000),
        ("tags.customer:bolt -> {{ stack.function }}", 1_000),
    ] {
        let request = v1::PreviewRegroupRequest {
            max_events: newest,
            max_seconds: 600,
            ..asking(rules)
        };
        let told = ask(&past.fixture, request).await.unwrap();
        let is_all = newest == 20_000;
        assert_eq!(told.end() == RegroupEnd::All, is_all, "{:?}", told.end());
        assert_eq!(told.events, u64::from(newest));
        let seen = 20_000 - newest as usize..;
        let expected = naive::told(&past, rules, &events[seen.clone()], &positions[seen]);
        assert_eq!(told.moved, expected.moved, "{rules}");
        let issues = (told.issues_before as usize, told.issues_after as usize);
        assert_eq!(issues, (expected.before, expected.after), "{rules}");
        for (name, found, expected) in [
            ("merges", &told.merges, &expected.merges),
            ("splits", &told.splits, &expected.splits),
            ("created", &told.created, &expected.created),
        ] {
            naive::compare(&format!("{name} of {rules}"), found, expected);
        }
    }
    assert!(
        positions
            .windows(2)
            .all(|two| two[0] < two[1] && two[0] > Position(0))
    );
}
