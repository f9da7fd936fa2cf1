//! What is read of the headers that browsers send.

use super::*;

fn headers(agent: &str) -> Headers {
    Headers {
        agent: agent.to_owned(),
        ..Headers::default()
    }
}

fn shown(named: Option<Named>) -> String {
    named.map_or_else(String::new, |(name, version)| join(&name, &version))
}

/// Agents as they are sent: of browsers in use, of old ones, of views within programs, of
/// crawlers, of programs. After each what is read of it: browser, system, device.
const AGENTS: &str = include_str!("../../tests/agents.tsv");

const CHROME: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36";

#[test]
fn agents_of_all_browsers_are_read() {
    let mut seen = 0;
    for line in AGENTS.lines().skip(1) {
        let [agent, browser, os, device, _] = line.split('\t').collect::<Vec<_>>()[..] else {
            panic!("{line}");
        };
        let headers = headers(agent);
        assert_eq!(shown(headers.browser()), browser, "{agent}");
        assert_eq!(shown(headers.os()), os, "{agent}");
        assert_eq!(headers.device().unwrap_or_default(), device, "{agent}");
        seen += 1;
    }
    assert_eq!(seen, 80);
}

#[test]
fn client_hints_know_better_than_frozen_agents() {
    let with = |brands: &str, platform: &str, version: &str| Headers {
        brands: brands.to_owned(),
        platform: platform.to_owned(),
        platform_version: version.to_owned(),
        ..headers(CHROME)
    };
    let both = |headers: &Headers| (shown(headers.browser()), shown(headers.os()));
    let expect = |browser: &str, os: &str| (browser.to_owned(), os.to_owned());
    let brave = r#""Not_A Brand";v="24", "Chromium";v="131", "Brave";v="131""#;
    assert_eq!(
        both(&with(brave, "Windows", "15.0.0")),
        expect("Brave 131", "Windows 11")
    );
    let full = r#""Google Chrome";v="131.0.6778.86", "Chromium";v="131.0.6778.86""#;
    assert_eq!(
        both(&with(full, "Windows", "10.0.0")),
        expect("Chrome 131.0.6778.86", "Windows 10")
    );
    assert_eq!(
        both(&with("", "macOS", "14.4.1")),
        expect("Chrome 131", "macOS 14.4.1")
    );
    assert_eq!(
        both(&with("Chromium", "Windows", "")),
        expect("Chrome 131", "Windows >=10")
    );
}
