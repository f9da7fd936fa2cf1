//! Which browser, system and device a request came from: contexts and tags from its
//! `User-Agent` and client hints, where the event has none of its own.
//!
//! Owns the tables of names. Browsers have frozen what they send; what is new comes in
//! client hints, which win. A pure function of the event, linear in the headers. What
//! is no browser (a script, a robot's bare name) tells nothing here.

use event_model::{Event, free::Part};
use serde_json::{Map, Value, json};

/// Longest header looked at, bytes.
const HEADER_BYTES_MAX: usize = 1_024;
/// Longest name and version kept, characters.
const NAME_CHARS_MAX: usize = 60;

/// What stands before the version, and whose it is. Most say that they are Chrome and
/// Safari, too: the first that is found counts.
const BROWSERS: [(&str, &str); 34] = [
    ("Electron/", "Electron"),
    ("FBAV/", "Facebook"),
    ("Instagram ", "Instagram"),
    ("MicroMessenger/", "WeChat"),
    ("GSA/", "Google App"),
    ("EdgA/", "Edge"),
    ("EdgiOS/", "Edge"),
    ("Edg/", "Edge"),
    ("Edge/", "Edge"),
    ("OPR/", "Opera"),
    ("OPiOS/", "Opera"),
    ("OPT/", "Opera"),
    ("Opera Mini/", "Opera Mini"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("YaBrowser/", "Yandex Browser"),
    ("Vivaldi/", "Vivaldi"),
    ("DuckDuckGo/", "DuckDuckGo"),
    ("Ddg/", "DuckDuckGo"),
    ("UCBrowser/", "UC Browser"),
    ("Whale/", "Whale"),
    ("MiuiBrowser/", "Miui Browser"),
    ("HuaweiBrowser/", "Huawei Browser"),
    ("QQBrowser/", "QQ Browser"),
    ("Silk/", "Silk"),
    ("Brave/", "Brave"),
    ("HeadlessChrome/", "Headless Chrome"),
    ("CriOS/", "Chrome"),
    ("FxiOS/", "Firefox"),
    ("Focus/", "Firefox Focus"),
    ("Chromium/", "Chromium"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("MSIE ", "Internet Explorer"),
    ("Opera/", "Opera"),
];
/// Brands of client hints, as they are called above.
const BRANDS: [(&str, &str); 6] = [
    ("Google Chrome", "Chrome"),
    ("Microsoft Edge", "Edge"),
    ("HeadlessChrome", "Headless Chrome"),
    ("Android WebView", "Android WebView"),
    ("YaBrowser", "Yandex Browser"),
    ("Opera", "Opera"),
];
/// Versions of Windows by what browsers call them.
const WINDOWS: [(&str, &str); 7] = [
    // Also of Windows 11.
    ("10.0", ">=10"),
    ("6.3", "8.1"),
    ("6.2", "8"),
    ("6.1", "7"),
    ("6.0", "Vista"),
    ("5.2", "XP"),
    ("5.1", "XP"),
];

/// Systems that need no more than their name, which some follow by a version.
const SYSTEMS: [(&str, &str); 6] = [
    ("Tizen", "Tizen"),
    ("KAIOS", "KaiOS"),
    ("FreeBSD", "FreeBSD"),
    ("OpenBSD", "OpenBSD"),
    // Of Opera Mini.
    ("Android", "Android"),
    ("Linux", "Linux"),
];

/// A name and a version; that may be empty.
type Named = (String, String);

/// Fills in the contexts `browser`, `os` and `device` of a browser's event, `browser` and
/// `client_os` of a server's, and the tags that tell events apart by them.
pub(super) fn tell(event: &mut Event, tags_max: usize) {
    let Some(headers) = Headers::of(event) else {
        return;
    };
    let of_browser = event.platform == "javascript";
    let os_key = if of_browser { "os" } else { "client_os" };
    let (browser, os) = (headers.browser(), headers.os());
    if let Some(browser) = &browser
        && put(event, "browser", browser)
    {
        // "Chrome 131": the rest of a version is another in every week.
        let major = browser.1.split('.').next().unwrap_or_default();
        tag(event, "browser", &join(&browser.0, major), tags_max);
        tag(event, "browser.name", &browser.0, tags_max);
    }
    if browser.is_none() && !of_browser {
        return;
    }
    if let Some(os) = &os
        && put(event, os_key, os)
    {
        tag(event, os_key, &join(&os.0, &os.1), tags_max);
        tag(event, &format!("{os_key}.name"), &os.0, tags_max);
    }
    if of_browser
        && event.contexts.get("device").is_none()
        && let Some(device) = headers.device()
    {
        event.contexts.insert("device", json!({ "family": device }));
        tag(event, "device.family", &device, tags_max);
    }
}

fn join(name: &str, version: &str) -> String {
    format!("{name} {version}").trim_end().to_owned()
}

/// Adds a context; false if the event has one of its own.
fn put(event: &mut Event, key: &str, (name, version): &Named) -> bool {
    if event.contexts.get(key).is_some() {
        return false;
    }
    let mut context = Map::new();
    context.insert("name".to_owned(), Value::from(name.as_str()));
    if !version.is_empty() {
        context.insert("version".to_owned(), Value::from(version.as_str()));
    }
    event.contexts.insert(key, context);
    true
}

fn tag(event: &mut Event, key: &str, value: &str, tags_max: usize) {
    let is_there = event.tags.iter().any(|(known, _)| known == key);
    if !is_there && event.tags.len() < tags_max {
        event.tags.push((key.to_owned(), value.to_owned()));
    }
}

/// What a request says of where it came from.
#[derive(Debug, Default)]
struct Headers {
    agent: String,
    brands: String,
    platform: String,
    platform_version: String,
    model: String,
}

impl Headers {
    /// None if the event has no request, or it names no program.
    fn of(event: &Event) -> Option<Self> {
        let given = event.request.get("headers").and_then(Part::members)?;
        let mut headers = Self::default();
        let mut has_all_versions = false;
        for (name, value) in given {
            let name = name.to_ascii_lowercase();
            if name != "user-agent" && !name.starts_with("sec-ch-ua") {
                continue;
            }
            let Some(text) = value.as_str().filter(|text| text.len() <= HEADER_BYTES_MAX) else {
                continue;
            };
            let bare = || text.trim_matches('"').to_owned();
            match name.as_str() {
                "user-agent" => headers.agent = text.into_owned(),
                "sec-ch-ua-full-version-list" => {
                    (headers.brands, has_all_versions) = (text.into_owned(), true);
                }
                "sec-ch-ua" if !has_all_versions => headers.brands = text.into_owned(),
                "sec-ch-ua-platform" => headers.platform = bare(),
                "sec-ch-ua-platform-version" => headers.platform_version = bare(),
                "sec-ch-ua-model" => headers.model = bare(),
                _ => {}
            }
        }
        (!headers.agent.is_empty() || !headers.brands.is_empty()).then_some(headers)
    }

    fn browser(&self) -> Option<Named> {
        let by_agent = browser_of(&self.agent);
        let Some((name, version)) = brand_of(&self.brands) else {
            return by_agent;
        };
        match by_agent {
            // The agent has the whole version, or knows better than "Chromium".
            Some(known) if known.0 == name && known.1.starts_with(&version) => Some(known),
            Some(known) if name == "Chromium" => Some(known),
            _ => Some((name, version)),
        }
    }

    fn os(&self) -> Option<Named> {
        let by_agent = os_of(&self.agent);
        let name = match self.platform.as_str() {
            "" | "Unknown" => return by_agent,
            "Chrome OS" | "Chromium OS" => "ChromeOS",
            other => other,
        };
        let given = version_at(&self.platform_version);
        let major: u32 = given.split('.').next()?.parse().unwrap_or_default();
        let version = match (name, major) {
            // What Windows 11 calls itself there.
            ("Windows", 13..) => "11".to_owned(),
            ("Windows", 1..) => "10".to_owned(),
            ("Windows", 0) if !given.is_empty() => "8".to_owned(),
            _ => given,
        };
        match by_agent {
            Some(known) if version.is_empty() && known.0 == name => Some(known),
            _ => Some((cut(name), version)),
        }
    }

    fn device(&self) -> Option<String> {
        if !self.model.is_empty() {
            return Some(cut(&self.model));
        }
        let agent = self.agent.as_str();
        for family in ["iPod", "iPad", "iPhone"] {
            if agent.contains(family) {
                return Some(family.to_owned());
            }
        }
        if let Some((_, rest)) = agent.split_once("Android ") {
            let mut parts = enclosed(rest).split("; ").skip(1);
            let model = if agent.contains("Windows Phone") {
                parts.last()?
            } else {
                parts.find(|part| !is_aside(part))?
            };
            let model = model.split(" Build/").next()?.trim();
            let model = model.strip_prefix("SAMSUNG ").unwrap_or(model);
            let is_model = !matches!(model, "" | "Mobile" | "Tablet") && !model.starts_with("rv:");
            return is_model.then(|| cut(model));
        }
        agent.contains("Macintosh").then(|| "Mac".to_owned())
    }
}

/// Up to the end of the parentheses in which this text begins: "moto g(30)" has its own.
fn enclosed(text: &str) -> &str {
    let mut depth = 0_u32;
    let end = text.find(|c| match c {
        '(' => {
            depth += 1;
            false
        }
        ')' => depth.checked_sub(1).map(|less| depth = less).is_none(),
        _ => false,
    });
    &text[..end.unwrap_or(text.len())]
}

/// What old phones say before their model: "U", "wv", a language.
fn is_aside(part: &str) -> bool {
    let is_language = matches!(part.as_bytes(), [a, b, b'-', c, d]
        if [a, b, c, d].iter().all(|byte| byte.is_ascii_alphabetic()));
    part.len() <= 2 || is_language
}

fn browser_of(agent: &str) -> Option<Named> {
    if !agent.starts_with("Mozilla/") && !agent.starts_with("Opera/") {
        return None;
    }
    let named = BROWSERS.iter().find_map(|(token, name)| {
        let (_, rest) = agent.split_once(token)?;
        Some(((*name).to_owned(), version_at(rest)))
    });
    match named {
        // The second is how it was told before Android 5.
        Some((name, version))
            if name == "Chrome"
                && ["; wv)", " Version/4.0 Chrome/"]
                    .iter()
                    .any(|sign| agent.contains(sign)) =>
        {
            Some(("Android WebView".to_owned(), version))
        }
        // Version 10 and later ones say that they are 9.80.
        Some((name, version)) if agent.starts_with("Opera/") && name == "Opera" => {
            let later = agent.split_once("Version/");
            Some((name, later.map_or(version, |(_, rest)| version_at(rest))))
        }
        Some(named) => Some(named),
        None if agent.contains("Trident/") => {
            let version = agent.split_once("rv:").map_or("", |(_, rest)| rest);
            Some(("Internet Explorer".to_owned(), version_at(version)))
        }
        None => {
            let (_, version) = agent.split_once("Version/").unwrap_or_default();
            let name = match (agent.contains("Safari/"), agent.contains("Android")) {
                (true, true) => "Android Browser",
                (true, false) => "Safari",
                (false, _) if agent.contains("like Mac OS X") => "iOS WebView",
                _ => return None,
            };
            Some((name.to_owned(), version_at(version)))
        }
    }
}

/// The brand of `"Chromium";v="131", "Google Chrome";v="131", "Not_A Brand";v="24"` that
/// says most.
fn brand_of(brands: &str) -> Option<Named> {
    let mut found: Option<Named> = None;
    for brand in brands.split(", ").take(8) {
        let mut parts = brand.split('"');
        let name = parts.nth(1)?;
        let version = parts.nth(1).unwrap_or_default();
        let is_grease = name.contains("Not") && name.contains("Brand");
        let says_more = found.as_ref().is_none_or(|(known, _)| known == "Chromium");
        if !is_grease && says_more {
            let known = BRANDS.iter().find(|(brand, _)| *brand == name);
            let name = known.map_or(name, |(_, name)| name);
            found = Some((cut(name), version_at(version)));
        }
    }
    found
}

fn os_of(agent: &str) -> Option<Named> {
    let after = |token: &str| agent.split_once(token).map(|(_, rest)| rest);
    let of = |name: &str, version: String| Some((name.to_owned(), version));
    if let Some(rest) = after("Windows Phone ") {
        return of("Windows Phone", version_at(rest.trim_start_matches("OS ")));
    }
    if let Some(rest) = after("Windows NT ") {
        let given = version_at(rest);
        let known = WINDOWS
            .iter()
            .find(|(version, _)| given == trimmed(version));
        return of(
            "Windows",
            known.map_or(given.clone(), |(_, name)| (*name).to_owned()),
        );
    }
    if let Some(rest) = after("Android ") {
        return of("Android", version_at(rest));
    }
    if let Some(rest) = after("iPhone OS ").or_else(|| after("CPU OS ")) {
        return of("iOS", version_at(rest));
    }
    if let Some(rest) = after("Mac OS X ") {
        let version = version_at(rest);
        // Where browsers have stopped to count.
        let is_frozen = version == "10.15.7" || version == "10.15";
        return of(
            "macOS",
            if is_frozen {
                ">=10.15.7".to_owned()
            } else {
                version
            },
        );
    }
    if let Some(rest) = after("CrOS ") {
        let version = rest.split_once(' ').map_or("", |(_, version)| version);
        return of("ChromeOS", version_at(version));
    }
    for (token, name) in SYSTEMS {
        if let Some(rest) = after(token) {
            return of(name, version_at(rest.trim_start_matches([' ', '/'])));
        }
    }
    None
}

/// The version that a text begins with: digits, with dots or underscores between, without
/// the zeros in which frozen ones end.
fn version_at(text: &str) -> String {
    let in_version = |c: &char| c.is_ascii_digit() || matches!(c, '.' | '_');
    let version: String = text
        .chars()
        .take(NAME_CHARS_MAX)
        .take_while(in_version)
        .collect();
    trimmed(&version.replace('_', ".")).to_owned()
}

fn trimmed(version: &str) -> &str {
    let mut version = version.trim_end_matches('.');
    while let Some(rest) = version.strip_suffix(".0") {
        version = rest;
    }
    version
}

fn cut(name: &str) -> String {
    name.chars()
        .filter(|c| !c.is_control())
        .take(NAME_CHARS_MAX)
        .collect()
}

#[cfg(test)]
mod tests;
