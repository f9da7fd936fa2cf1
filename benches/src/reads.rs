//! What reads are measured over: a shop's events with the skew of real ones, appended to a log
//! without a server, and the questions that people ask of them.
//!
//! 2,000 issues of which few have most events (Zipf), 200 releases, 50,000 users, six weeks;
//! about 3.4 KB of JSON an event.

use anyhow::{Context, Result};
use event_log::LogWriter;
use event_model::{Event, EventId, head::Head};
use rand::{Rng, SeedableRng, rngs::StdRng};
use serde_json::json;

const ISSUES: usize = 2_000;
const RELEASES: u32 = 200;
const USERS: u32 = 50_000;
/// Of the exponent: the first issue has some seventh of all events.
const ZIPF: f64 = 1.05;
const WEEKS_NS: i64 = 6 * 7 * 86_400_000_000_000;
const WORDS: [&str; 24] = [
    "checkout",
    "payment",
    "timeout",
    "order",
    "customer",
    "basket",
    "invoice",
    "refund",
    "gateway",
    "stock",
    "warehouse",
    "voucher",
    "address",
    "session",
    "token",
    "price",
    "currency",
    "delivery",
    "parcel",
    "return",
    "review",
    "search",
    "index",
    "banner",
];

/// Appends `events` of project 1, the last one received at `end_ns`; all are durable when it
/// returns. The same every time.
pub fn append(log: &LogWriter, events: u64, end_ns: i64) -> Result<()> {
    let issues: Vec<Event> = (0..ISSUES).map(of_issue).collect::<Result<_>>()?;
    let weights = (1..=ISSUES).map(|rank| (rank as f64).powf(-ZIPF));
    let mut sums = Vec::with_capacity(ISSUES);
    weights.fold(0.0, |sum, weight| {
        sums.push(sum + weight);
        sum + weight
    });
    let all = sums.last().copied().context("there are issues")?;
    let mut rng = StdRng::seed_from_u64(1);
    let mut last = None;
    for number in 0..events {
        let at: f64 = rng.random_range(0.0..all);
        let issue = sums.partition_point(|sum| *sum < at).min(ISSUES - 1);
        let left = (events - number - 1) as f64 / events as f64;
        let at_ns = end_ns - (WEEKS_NS as f64 * left) as i64;
        let event = vary(&issues[issue], &mut rng, number, at_ns);
        let body = serde_json::to_vec(&event)?;
        let head = Head::of(&event, u32::try_from(body.len())?);
        last = Some(loop {
            match log.append_event(&head, body.clone()) {
                Ok(ticket) => break ticket,
                Err(_) => std::thread::yield_now(),
            }
        });
    }
    if let Some(ticket) = last {
        ticket.wait()?;
    }
    Ok(())
}

/// What all events of an issue share.
fn of_issue(issue: usize) -> Result<Event> {
    let word = |n: usize| WORDS[(issue * 7 + n * 5) % WORDS.len()];
    let frame = |depth: usize| {
        let is_own = depth.is_multiple_of(3) || depth == 9;
        json!({
            "function": format!("{}_{}{}", word(depth), word(depth + 1), if depth > 6 { issue } else { depth }),
            "module": format!("shop.{}.{}", word(depth), word(depth + 2)),
            "filename": format!("shop/{}/{}.py", word(depth), word(depth + 2)),
            "lineno": 10 + depth * 3,
            "in_app": is_own,
            "context_line": format!("    {} = {}({})", word(depth), word(depth + 1), word(depth + 3)),
        })
    };
    let frames: Vec<_> = (0..10).map(frame).collect();
    Ok(serde_json::from_value(json!({
        "id": EventId([0; 16]), "project_id": 1, "received_ns": 0, "timestamp_ns": 0,
        "platform": "python",
        "exceptions": [{"type": format!("{}Error", word(issue / 24)), "value": "", "frames": frames}],
        "transaction": format!("/{}/{{id}}", word(issue / 5)),
        "environment": if issue % 4 == 3 { "staging" } else { "production" },
        "server_name": format!("web-{}", issue % 8),
        "request": {"method": "POST", "url": format!("https://shop.example/{}", word(issue / 5)), "headers": {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/133.0", "Accept": "*/*"}},
        "contexts": {"runtime": {"name": "CPython", "version": "3.12.1"}, "os": {"name": "Linux", "version": "6.1.0"}},
        "modules": {"django": "5.1", "requests": "2.32", "celery": "5.4"},
    }))?)
}

/// An event of an issue.
fn vary(issue: &Event, rng: &mut StdRng, number: u64, at_ns: i64) -> Event {
    let mut event = issue.clone();
    let mut word = || WORDS[rng.random_range(0..WORDS.len())];
    let value = format!("{} {} {} failed for order {number}", word(), word(), word());
    let crumbs: Vec<_> = (0..8)
        .map(|n| json!({"timestamp_ns": at_ns - n, "category": "http", "message": format!("GET /{}/{}", word(), word())}))
        .collect();
    let mut id = [0; 16];
    id[..8].copy_from_slice(&number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
    id[8..].copy_from_slice(&number.to_be_bytes());
    event.id = EventId(id);
    (event.received_ns, event.timestamp_ns) = (at_ns, at_ns);
    if let Some(exception) = event.exceptions.last_mut() {
        exception.value = value;
    }
    event.breadcrumbs = serde_json::from_value(json!(crumbs)).unwrap_or_default();
    event.level = event_model::Level::from_number(if number % 10 < 8 { 4 } else { 3 });
    // People run what came out lately.
    let newest = 1 + (u64::from(RELEASES) * number / number.max(10_000_000)) as u32;
    let release = newest.saturating_sub(rng.random_range(0..4)).max(1);
    event.release = format!("shop@1.{release}.0");
    let user = rng.random_range(0..USERS);
    event.user = serde_json::from_value(
        json!({"id": user.to_string(), "email": format!("u{user}@shop.example")}),
    )
    .ok();
    let browser = ["Firefox", "Chrome", "Safari", "Edge"][rng.random_range(0..4)];
    event.tags = vec![
        ("browser".to_owned(), browser.to_owned()),
        (
            "region".to_owned(),
            ["eu", "us", "ap"][rng.random_range(0..3)].to_owned(),
        ),
        ("customer".to_owned(), (user % 1_000).to_string()),
    ];
    event
}

/// The id of event `number`.
pub fn id_of(number: u64) -> String {
    let mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    format!("{mixed:016x}{number:016x}")
}

/// What people ask, with the path it has over REST; `{id}` is one event's.
pub const QUESTIONS: [(&str, &str); 14] = [
    ("issues, newest first", "/api/issues?limit=50"),
    ("issues by events", "/api/issues?limit=50&sort=count"),
    (
        "issues of an environment and a release",
        "/api/issues?limit=50&query=environment:staging%20release:shop@1.1*",
    ),
    (
        "issues by a word of their title",
        "/api/issues?limit=50&query=paymentError",
    ),
    (
        "issues by a word of their events",
        "/api/issues?limit=50&query=%22order%20777%22",
    ),
    ("events, newest first", "/api/errors?limit=50"),
    (
        "events by a common word",
        "/api/errors?limit=50&query=checkout",
    ),
    (
        "events by two words",
        "/api/errors?limit=50&query=checkout%20refund",
    ),
    (
        "events by a phrase",
        "/api/errors?limit=50&query=%22failed%20for%20order%20123456%22",
    ),
    (
        "events by a function",
        "/api/errors?limit=50&query=stack.function:checkout*",
    ),
    (
        "events of a user",
        "/api/errors?limit=50&query=user.id:4711",
    ),
    (
        "events by tag and level",
        "/api/errors?limit=50&query=browser:Safari%20level:warning",
    ),
    (
        "events that are not",
        "/api/errors?limit=50&query=!browser:Chrome%20!level:error",
    ),
    ("an event", "/api/errors/{id}"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_of_the_size_and_skew_that_is_said() -> Result<()> {
        let issue = of_issue(17)?;
        let mut rng = StdRng::seed_from_u64(7);
        let event = vary(&issue, &mut rng, 4_711, 1_000_000_000);
        let bytes = serde_json::to_vec(&event)?;
        assert!((2_500..4_500).contains(&bytes.len()), "{}", bytes.len());
        assert_eq!(event.breadcrumbs.len(), 8);
        assert_eq!(event.exceptions[0].frames.len(), 10);
        assert_eq!(event.id.to_string(), id_of(4_711));
        assert!(event.user.is_some());
        Ok(())
    }
}
