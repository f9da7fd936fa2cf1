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

/// An agent, and its browser, system and device.
const AGENTS: [(&str, &str, &str, &str); 19] = [
    (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
        "Chrome 131",
        "Windows >=10",
        "",
    ),
    (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36 Edg/131.0.2903.70",
        "Edge 131.0.2903.70",
        "Windows >=10",
        "",
    ),
    (
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4.1 Safari/605.1.15",
        "Safari 17.4.1",
        "macOS >=10.15.7",
        "Mac",
    ),
    (
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4.1 Mobile/15E148 Safari/604.1",
        "Safari 17.4.1",
        "iOS 17.4.1",
        "iPhone",
    ),
    (
        "Mozilla/5.0 (iPad; CPU OS 16_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/120.0.6099.119 Mobile/15E148 Safari/604.1",
        "Chrome 120.0.6099.119",
        "iOS 16.6",
        "iPad",
    ),
    (
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
        "iOS WebView",
        "iOS 17",
        "iPhone",
    ),
    (
        "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
        "Firefox 140",
        "Linux",
        "",
    ),
    (
        "Mozilla/5.0 (Android 14; Mobile; rv:133.0) Gecko/133.0 Firefox/133.0",
        "Firefox 133",
        "Android 14",
        "",
    ),
    (
        "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36",
        "Chrome 131",
        "Android 10",
        "",
    ),
    (
        "Mozilla/5.0 (Linux; Android 13; SM-S901B Build/TP1A.220624.014; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/119.0.6045.66 Mobile Safari/537.36",
        "Android WebView 119.0.6045.66",
        "Android 13",
        "SM-S901B",
    ),
    (
        "Mozilla/5.0 (Linux; Android 13; SAMSUNG SM-S918B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/23.0 Chrome/115.0.0.0 Mobile Safari/537.36",
        "Samsung Internet 23",
        "Android 13",
        "SAMSUNG SM-S918B",
    ),
    (
        "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
        "Chrome 131",
        "ChromeOS 14541",
        "",
    ),
    (
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/131.0.0.0 Safari/537.36",
        "Headless Chrome 131",
        "Linux",
        "",
    ),
    (
        "Mozilla/5.0 (Windows NT 6.1; WOW64; Trident/7.0; rv:11.0) like Gecko",
        "Internet Explorer 11",
        "Windows 7",
        "",
    ),
    (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/117.0.0.0 Safari/537.36 OPR/103.0.0.0",
        "Opera 103",
        "Windows >=10",
        "",
    ),
    (
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_13_6) AppleWebKit/537.36 (KHTML, like Gecko) shop/1.2 Chrome/114.0 Electron/25.3.1 Safari/537.36",
        "Electron 25.3.1",
        "macOS 10.13.6",
        "Mac",
    ),
    ("curl/8.5.0", "", "", ""),
    ("python-requests/2.31.0", "", "", ""),
    ("Mozilla/5.0", "", "", ""),
];

#[test]
fn agents_of_all_browsers_are_read() {
    for (agent, browser, os, device) in AGENTS {
        let headers = headers(agent);
        assert_eq!(shown(headers.browser()), browser, "{agent}");
        assert_eq!(shown(headers.os()), os, "{agent}");
        assert_eq!(headers.device().unwrap_or_default(), device, "{agent}");
    }
}

#[test]
fn client_hints_know_better_than_frozen_agents() {
    let chrome = AGENTS[0].0;
    let with = |brands: &str, platform: &str, version: &str| Headers {
        brands: brands.to_owned(),
        platform: platform.to_owned(),
        platform_version: version.to_owned(),
        ..headers(chrome)
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
