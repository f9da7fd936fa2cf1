//! Each filter: what it drops, what it leaves, and that it is off by default.

use event_model::{EventId, ProjectId};

use super::*;
use crate::{Context, Item, Limits, read_store, scrub::Rules};

const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0";

/// The event of a Sentry payload.
fn event(json: &str) -> Event {
    let context = Context {
        project_id: ProjectId(1),
        received_ns: 1_795_000_000_000_000_000,
        client_ip: None,
        user_agent: None,
        limits: &Limits::default(),
        scrub: Rules::standard(),
    };
    let mut reading = read_store(json.as_bytes(), &context).expect("a sound body");
    match reading.items.remove(0) {
        Item::Event(reading) => {
            assert_ne!(reading.event.id, EventId([0; 16]));
            reading.event
        }
        other => panic!("{other:?} is no event"),
    }
}

fn agent(name: &str) -> Event {
    event(&format!(
        r#"{{"message":"x","platform":"javascript","request":{{"headers":{{"User-Agent":"{name}"}}}}}}"#
    ))
}

#[track_caller]
fn check(set: impl FnOnce(&mut Filters), event: &Event, expected: Option<FilterReason>) {
    let mut settings = Filters::default();
    let none = Filter::compile(&settings).expect("sound filters");
    assert_eq!(none.reason(event, None), None, "off by default");
    set(&mut settings);
    let filter = Filter::compile(&settings).expect("sound filters");
    assert_eq!(filter.reason(event, None), expected);
}

#[test]
fn releases_and_environments_by_glob() {
    let given = event(r#"{"message":"x","release":"shop@1.2.3","environment":"Staging"}"#);
    let release = |glob: &str| {
        let glob = glob.to_owned();
        move |f: &mut Filters| f.releases = vec![glob]
    };
    check(release("shop@1.*"), &given, Some(FilterReason::Release));
    check(release("SHOP@1.2.3"), &given, Some(FilterReason::Release));
    check(release("shop@2.*"), &given, None);
    check(release("1.*"), &given, None);
    let staging = |f: &mut Filters| f.environments = vec!["stag*".into()];
    check(staging, &given, Some(FilterReason::Environment));
    check(staging, &event(r#"{"message":"x"}"#), None);
}

#[test]
fn addresses_of_sender_and_user() {
    let filter = Filter::compile(&Filters {
        ip_ranges: vec!["192.0.2.0/24".into(), "2001:db8::/32".into()],
        ..Filters::default()
    })
    .expect("sound filters");
    let plain = event(r#"{"message":"x"}"#);
    let ip = |text: &str| text.parse::<IpAddr>().ok();
    let reason = Some(FilterReason::IpAddress);
    assert_eq!(filter.reason(&plain, ip("192.0.2.8")), reason);
    assert_eq!(filter.reason(&plain, ip("2001:db8::9")), reason);
    assert_eq!(filter.reason(&plain, ip("198.51.100.1")), None);
    assert_eq!(filter.reason(&plain, None), None);
    let of_user = event(r#"{"message":"x","user":{"ip_address":"192.0.2.1"}}"#);
    assert_eq!(filter.reason(&of_user, ip("198.51.100.1")), reason);
}

#[test]
fn user_agents_crawlers_and_old_browsers() {
    let probe = |f: &mut Filters| f.user_agents = vec!["*uptime-probe*".into()];
    check(
        probe,
        &agent("Uptime-Probe/1.0"),
        Some(FilterReason::UserAgent),
    );
    check(probe, &agent(FIREFOX), None);
    let crawlers = |f: &mut Filters| f.crawlers = true;
    for name in [
        "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
        "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
        "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2)",
        "facebookexternalhit/1.1",
        "Mozilla/5.0 (compatible; Yahoo! Slurp)",
        "SomeNewCrawler/3",
    ] {
        check(crawlers, &agent(name), Some(FilterReason::Crawler));
    }
    check(crawlers, &agent(FIREFOX), None);
    check(
        crawlers,
        &agent("Mozilla/5.0 (Linux; Android 9; CUBOT) Chrome/143.0.0.0 Mobile Safari/537.36"),
        None,
    );
    let legacy = |f: &mut Filters| f.legacy_browsers = true;
    for name in [
        "Mozilla/5.0 (Windows NT 10.0; WOW64; Trident/7.0; rv:11.0) like Gecko",
        "Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 6.1)",
        "Mozilla/5.0 (X11; Linux x86_64; rv:52.0) Gecko/20100101 Firefox/52.0",
        "Mozilla/5.0 (Windows NT 6.1) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/49.0.2623.112 Safari/537.36",
        "Mozilla/5.0 (Macintosh) AppleWebKit/601.7.7 (KHTML, like Gecko) Version/9.1.2 Safari/601.7.7",
    ] {
        check(legacy, &agent(name), Some(FilterReason::LegacyBrowser));
    }
    for name in [
        FIREFOX,
        "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 Safari/537.36",
        "Mozilla/5.0 (Macintosh) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15",
        "Mozilla/5.0 (Linux; Android 14; wv) Version/4.0 Chrome/143.0.0.0 Mobile Safari/537.36",
        "python-requests/2.32",
    ] {
        check(legacy, &agent(name), None);
    }
}

#[test]
fn extensions_by_who_threw_and_by_known_texts() {
    let extensions = |f: &mut Filters| f.browser_extensions = true;
    let thrown = |first: &str, last: &str| {
        event(&format!(
            r#"{{"platform":"javascript","exception":{{"values":[{{"type":"TypeError","value":"x","stacktrace":{{"frames":[
                {{"abs_path":"{first}","function":"a"}},{{"abs_path":"https://shop.example/m.js"}},{{"abs_path":"{last}","function":"b"}}]}}}}]}}}}"#
        ))
    };
    let (own, other) = (
        "https://shop.example/app.js",
        "chrome-extension://abc/inject.js",
    );
    let reason = Some(FilterReason::BrowserExtension);
    check(extensions, &thrown(own, other), reason);
    check(extensions, &thrown("moz-extension://abc/x.js", own), reason);
    check(extensions, &thrown(own, own), None);
    let text = event(r#"{"message":"Can't find variable: ZiteReader"}"#);
    check(extensions, &text, reason);
}

#[test]
fn pages_of_a_developers_machine() {
    let localhost = |f: &mut Filters| f.localhost = true;
    let page = |url: &str| event(&format!(r#"{{"message":"x","request":{{"url":"{url}"}}}}"#));
    for url in [
        "http://localhost:3000/cart",
        "http://shop.localhost/",
        "http://127.0.0.1/",
        "http://[::1]:8080/x",
        "http://0.0.0.0:8000/",
    ] {
        check(localhost, &page(url), Some(FilterReason::Localhost));
    }
    for url in [
        "https://shop.example/localhost",
        "https://localhost.example/",
        "/cart",
        "",
    ] {
        check(localhost, &page(url), None);
    }
    let host = event(r#"{"message":"x","server_name":"localhost"}"#);
    check(localhost, &host, Some(FilterReason::Localhost));
}

#[test]
fn messages_noise_and_lost_chunks() {
    let failed = |ty: &str, value: &str| {
        event(&format!(
            r#"{{"platform":"javascript","exception":{{"values":[{{"type":"{ty}","value":"{value}"}}]}}}}"#
        ))
    };
    let messages = |f: &mut Filters| f.messages = vec!["typeerror: *cheese*".into()];
    check(
        messages,
        &failed("TypeError", "out of cheese"),
        Some(FilterReason::Message),
    );
    check(messages, &failed("RangeError", "out of cheese"), None);
    let plain = |f: &mut Filters| f.messages = vec!["*cheese*".into()];
    check(
        plain,
        &event(r#"{"message":"Cheese!"}"#),
        Some(FilterReason::Message),
    );

    let noise = |f: &mut Filters| f.noise = true;
    let reason = Some(FilterReason::Noise);
    check(noise, &failed("Error", "Script error."), reason);
    check(
        noise,
        &failed("Error", "ResizeObserver loop limit exceeded"),
        reason,
    );
    check(noise, &event(r#"{"message":"Script error."}"#), reason);
    check(noise, &failed("Error", "Script error in checkout.js"), None);

    let chunks = |f: &mut Filters| f.chunk_load_errors = true;
    let reason = Some(FilterReason::ChunkLoadError);
    check(
        chunks,
        &failed("ChunkLoadError", "Loading chunk 7 failed."),
        reason,
    );
    check(
        chunks,
        &failed(
            "TypeError",
            "Failed to fetch dynamically imported module: /a.js",
        ),
        reason,
    );
    check(chunks, &failed("TypeError", "Failed to fetch"), None);
}

#[test]
fn filters_that_cannot_be_are_refused_by_field() {
    for (settings, field) in [
        (
            Filters {
                ip_ranges: vec!["::1".into(), "x".into()],
                ..Filters::default()
            },
            "ip_ranges[1]",
        ),
        (
            Filters {
                releases: vec![" ".into()],
                ..Filters::default()
            },
            "releases[0]",
        ),
        (
            Filters {
                messages: vec!["x".repeat(201)],
                ..Filters::default()
            },
            "messages[0]",
        ),
        (
            Filters {
                user_agents: vec!["x".into(); 201],
                ..Filters::default()
            },
            "user_agents",
        ),
    ] {
        let refused = Filter::compile(&settings).expect_err("cannot be");
        assert_eq!(refused.field, field, "{}", refused.message);
    }
}

#[test]
fn every_reason_has_a_name_of_its_own() {
    let mut names: Vec<&str> = FilterReason::ALL
        .iter()
        .map(|reason| reason.name())
        .collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), FilterReason::ALL.len());
    assert!(names.iter().all(|name| name.starts_with("filtered_")));
}

/// The agents of [`crate::agent`]'s tests.
#[test]
fn crawlers_and_old_browsers_among_real_agents() {
    for line in include_str!("../../tests/agents.tsv").lines().skip(1) {
        let columns: Vec<&str> = line.split('\t').collect();
        let (agent, kind) = (columns[0], columns[4]);
        assert_eq!(browsers::is_crawler(agent), kind == "crawler", "{agent}");
        if kind != "crawler" {
            assert_eq!(browsers::is_legacy(agent), kind == "legacy", "{agent}");
        }
    }
}
