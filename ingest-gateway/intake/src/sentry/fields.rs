//! The smaller fields: level, platform, versions, tags, user, breadcrumbs, free
//! forms.

use std::{borrow::Cow, net::IpAddr};

use event_model::{
    Event, Level,
    event::{Breadcrumb, Problem, User},
    free::{Free, Part, Writer},
};

use super::{
    super::{
        Context, Limits,
        json::{self, Budget, Json, TRUNCATED},
        limit, remembered,
        scrub::{self, Path, Scrub},
        time,
    },
    FREE_BYTES_MAX, FREE_STRING_BYTES_MAX, MESSAGE_BYTES_MAX, name,
};

/// Longest tag key, release, tag value, fingerprint part: characters.
pub(in super::super) const TAG_CHARS_MAX: usize = 200;
/// Longest environment, dist, platform: characters.
pub(in super::super) const SHORT_CHARS_MAX: usize = 64;
/// Most parts of a fingerprint (event.proto).
pub(in super::super) const FINGERPRINT_PARTS_MAX: usize = 20;
/// Longest release, build or environment that is read, and shown where it was cut,
/// bytes.
const VERSION_BYTES_MAX: usize = 2 << 10;
/// Data of one breadcrumb, bytes.
const BREADCRUMB_DATA: Budget = Budget::new(8 << 10, 4 << 10);

/// A name or one of Python's numbers (10 … 50).
pub(super) fn level(json: &Json<'_>) -> Option<Level> {
    match json {
        Json::String(text) => {
            let named = Level::from_text(text.trim());
            named.or_else(|| numbered(text.trim().parse().ok()?))
        }
        json => numbered(json.as_integer()?),
    }
}

fn numbered(number: i64) -> Option<Level> {
    Some(match number {
        ..=0 => return None,
        1..=10 => Level::Debug,
        11..=20 => Level::Info,
        21..=30 => Level::Warning,
        31..=40 => Level::Error,
        _ => Level::Fatal,
    })
}

/// In lower case; "other" for what is no name.
pub(in super::super) fn platform(json: Json<'_>) -> String {
    let text = json.into_text().unwrap_or_default();
    let text = text.trim().to_ascii_lowercase();
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'+' | b'.' | b'#');
    if text.is_empty() || text.len() > SHORT_CHARS_MAX || !text.bytes().all(plain) {
        return "other".to_owned();
    }
    text
}

/// A release, build or environment as the client named it, on one line and cut. Where
/// that is not what it gave, a problem says so.
pub(super) fn version(
    field: &str,
    json: Json<'_>,
    chars_max: usize,
    problems: &mut Vec<Problem>,
) -> String {
    if matches!(json, Json::Array(_) | Json::Object(_)) {
        let message = format!("must be a text, not {}", json.kind());
        let given = json.into_any_text(VERSION_BYTES_MAX).unwrap_or_default();
        problems.push(problem(field, message, &given));
        return String::new();
    }
    let text = json.into_text().unwrap_or_default();
    let text = text.trim();
    let one_line = |c: char| if c.is_control() { ' ' } else { c };
    let kept: String = text.chars().take(chars_max).map(one_line).collect();
    if kept == text {
        return kept;
    }
    let message = if text.chars().nth(chars_max).is_some() {
        format!("cut at {chars_max} characters")
    } else {
        "control characters became blanks".to_owned()
    };
    problems.push(problem(field, message, text));
    kept
}

/// As [`version`]; "none" is how some clients write that there is none.
pub(super) fn environment(json: Json<'_>, problems: &mut Vec<Problem>) -> String {
    let given = version("environment", json, SHORT_CHARS_MAX, problems);
    if !given.eq_ignore_ascii_case("none") {
        return given;
    }
    let message = "\"none\" stands for no environment".to_owned();
    problems.push(problem("environment", message, &given));
    String::new()
}

fn problem(field: &str, message: String, given: &str) -> Problem {
    Problem {
        field: field.to_owned(),
        message,
        value: json::cut(given.into(), VERSION_BYTES_MAX),
    }
}

/// Names that are fields of the event; a tag of that name would contradict them.
const RESERVED_TAGS: [&str; 6] = [
    "release",
    "dist",
    "user",
    "environment",
    "filename",
    "function",
];

/// A map, a list of pairs, or a list of `{key, value}`; the last of equal keys
/// counts.
pub(super) fn tags(json: Json<'_>, tags_max: usize) -> Vec<(String, String)> {
    let mut tags: Vec<(String, String)> = Vec::new();
    for (key, value) in pairs(json) {
        let Some((key, value)) = tag(&key, value) else {
            continue;
        };
        if RESERVED_TAGS.contains(&key.as_str()) {
            continue;
        }
        match tags.iter().position(|(known, _)| *known == key) {
            Some(at) => tags[at].1 = value,
            None if tags.len() < tags_max => tags.push((key, value)),
            None => {}
        }
    }
    tags
}

/// One tag: any printable key up to 200 characters; a value of one line, cut at
/// 200 characters; an empty one is none.
pub(in super::super) fn tag(key: &str, value: Json<'_>) -> Option<(String, String)> {
    let key = key.trim();
    let printable = key.chars().all(|c| !c.is_control());
    if key.is_empty() || !printable || key.chars().count() > TAG_CHARS_MAX {
        return None;
    }
    let value = value.into_text()?;
    let value = value.trim();
    if value.is_empty() {
        return None;
    }
    let one_line = |c: char| if c.is_control() { ' ' } else { c };
    let value = value.chars().take(TAG_CHARS_MAX).map(one_line).collect();
    Some((key.to_owned(), value))
}

/// What a map, a list of pairs or a list of `{key, value}` holds.
pub(super) fn pairs(json: Json<'_>) -> Vec<(Cow<'_, str>, Json<'_>)> {
    match json {
        Json::Object(members) => members.collect(),
        Json::Array(items) => items.filter_map(pair).collect(),
        _ => Vec::new(),
    }
}

fn pair(item: Json<'_>) -> Option<(Cow<'_, str>, Json<'_>)> {
    match item {
        Json::Array(mut two) => {
            let (key, value) = (two.next()?, two.next()?);
            let pair = (key.into_text()?, value);
            two.next().is_none().then_some(pair)
        }
        Json::Object(members) => {
            let (mut key, mut value) = (None, None);
            for (name, json) in members {
                match name.as_ref() {
                    "key" | "name" => key = json.into_text(),
                    "value" => value = Some(json),
                    _ => {}
                }
            }
            Some((key?, value?))
        }
        _ => None,
    }
}

/// Numbers become strings, unknown keys go to `data`.
pub(super) fn user(json: Json<'_>, scrub: &mut Scrub) -> Option<User> {
    let mut user = User::default();
    let mut data = Writer::new();
    let path = Path::root("user");
    let path = path.key("data");
    let mut budget = Budget::new(FREE_BYTES_MAX, FREE_STRING_BYTES_MAX);
    for (key, value) in json.into_object()? {
        match key.as_ref() {
            _ if value.is_null() => {}
            "id" => user.id = name(value),
            "email" => user.email = name(value),
            "username" => user.username = name(value),
            "ip_address" => user.ip_address = name(value),
            "session_id" => user.session_id = name(value),
            "data" => match value {
                Json::Object(members) => scrub.members(&path, members, &mut budget, &mut data),
                other => scrub.member(&path, "data", other, &mut budget, &mut data),
            },
            other => scrub.member(&path, other, value, &mut budget, &mut data),
        }
    }
    user.data = data.finish();
    (user != User::default()).then_some(user)
}

/// `{{auto}}` becomes the sender's address, or nothing if the SDK says it must
/// not be inferred; an address that is none is left out. Browsers without the
/// setting (before version 9) expect it to be inferred.
pub(super) fn fill_address(event: &mut Event, context: &Context<'_>) {
    let infer = event
        .sdk
        .get("settings")
        .and_then(|settings| settings.get("infer_ip"))
        .and_then(Part::as_str)
        .map(Cow::into_owned);
    let infer = infer.as_deref();
    let wanted = match infer {
        Some("auto") => true,
        Some(_) => false,
        None => event.platform == "javascript",
    };
    let sender = (infer != Some("never"))
        .then_some(context.client_ip)
        .flatten()
        .map(|ip| ip.to_string());
    if let Some(user) = &mut event.user {
        resolve_address(&mut user.ip_address, sender.as_deref());
    }
    let known = event
        .user
        .as_ref()
        .is_some_and(|u| !u.ip_address.is_empty());
    if wanted
        && !known
        && let Some(sender) = sender
    {
        event.user.get_or_insert_default().ip_address = sender;
    }
    if event.user.as_ref() == Some(&User::default()) {
        event.user = None;
    }
}

/// Replaces `{{auto}}`, drops what is no address.
pub(in super::super) fn resolve_address(address: &mut String, sender: Option<&str>) {
    if address.trim() == "{{auto}}" {
        sender.unwrap_or_default().clone_into(address);
    } else if address.trim().parse::<IpAddr>().is_err() {
        address.clear();
    }
}

/// Oldest first, whatever order they came in; the newest are kept.
pub(super) fn breadcrumbs(
    json: Json<'_>,
    max: usize,
    drift_ns: i64,
    scrub: &mut Scrub,
) -> Vec<Breadcrumb> {
    let items = match json {
        Json::Array(items) => items,
        Json::Object(members) => match members.get("values") {
            Some(Json::Array(items)) => items,
            _ => return Vec::new(),
        },
        _ => return Vec::new(),
    };
    if items.length() <= max {
        let before = scrub.mark();
        let crumbs = each_breadcrumb(items.clone(), drift_ns, scrub);
        // Nearly all come in order. Where not, those are read again, so that the paths
        // of what was masked name the places of what is stored.
        if limit::is_in_order(&crumbs) {
            return crumbs;
        }
        scrub.rewind(before);
    }
    let time_ns = |item: &Json<'_>| {
        let at = item.get("timestamp")?;
        time::read(&at).filter(|ns| *ns != 0)
    };
    let mut timed: Vec<(i64, Json<'_>)> = Vec::new();
    for item in items {
        // One without a time happened after the one before it.
        let before_ns = timed.last().map_or(i64::MIN, |(ns, _)| *ns);
        timed.push((time_ns(&item).unwrap_or(before_ns), item));
    }
    timed.sort_by_key(|(ns, _)| *ns);
    let newest = timed.split_off(timed.len().saturating_sub(max));
    each_breadcrumb(newest.into_iter().map(|(_, item)| item), drift_ns, scrub)
}

fn each_breadcrumb<'t>(
    items: impl Iterator<Item = Json<'t>>,
    drift_ns: i64,
    scrub: &mut Scrub,
) -> Vec<Breadcrumb> {
    let root = Path::root("breadcrumbs");
    let mut crumbs = Vec::new();
    for item in items {
        let path = root.index(crumbs.len());
        crumbs.extend(breadcrumb(item, drift_ns, &path.key("data"), scrub));
    }
    crumbs
}

fn breadcrumb(
    json: Json<'_>,
    drift_ns: i64,
    path: &Path<'_>,
    scrub: &mut Scrub,
) -> Option<Breadcrumb> {
    let mut crumb = Breadcrumb::default();
    for (key, value) in json.into_object()? {
        match key.as_ref() {
            "timestamp" => {
                let at = time::read(&value).map(|ns| ns.saturating_add(drift_ns));
                crumb.timestamp_ns = at.unwrap_or_default();
            }
            "type" => crumb.ty = name(value),
            "category" => crumb.category = name(value),
            "level" => crumb.level = level(&value),
            "message" => {
                let text = value.into_any_text(MESSAGE_BYTES_MAX).unwrap_or_default();
                crumb.message = json::cut(text, MESSAGE_BYTES_MAX);
            }
            "data" => {
                let mut budget = BREADCRUMB_DATA;
                crumb.data = match value {
                    Json::Object(members) => scrub.free(path, members, &mut budget),
                    Json::Null => Free::new(),
                    other => {
                        let mut data = Writer::new();
                        scrub.member(path, "data", other, &mut budget, &mut data);
                        data.finish()
                    }
                };
            }
            _ => {}
        }
    }
    (crumb != Breadcrumb::default()).then_some(crumb)
}

/// Each an object; anything else is kept as the `value` of one.
pub(super) fn contexts(json: Json<'_>, scrub: &mut Scrub) -> Free {
    let mut budget = Budget::new(FREE_BYTES_MAX, FREE_STRING_BYTES_MAX);
    let Some(members) = json.into_object() else {
        return Free::new();
    };
    let root = Path::root("contexts");
    if members
        .clone()
        .all(|(_, value)| matches!(value, Json::Object(_)))
    {
        return scrub.free(&root, members, &mut budget);
    }
    let mut contexts = Writer::new();
    for (key, value) in members {
        match value {
            Json::Null => {}
            Json::Object(_) => scrub.member(&root, &key, value, &mut budget, &mut contexts),
            other => {
                contexts.key(&key);
                contexts.begin_object();
                scrub.member(&root.key(&key), "value", other, &mut budget, &mut contexts);
                contexts.end();
            }
        }
    }
    contexts.finish()
}

/// An object as it is, a list's items under their numbers; anything else is nothing.
pub(super) fn free_map(
    json: Json<'_>,
    path: &Path<'_>,
    budget: &mut Budget,
    scrub: &mut Scrub,
) -> Free {
    match json {
        Json::Object(members) => scrub.free(path, members, budget),
        Json::Array(items) => {
            let mut out = Writer::new();
            for (at, item) in items.enumerate() {
                if budget.is_used_up() {
                    out.key(TRUNCATED);
                    out.boolean(true);
                    break;
                }
                scrub.member(path, &at.to_string(), item, budget, &mut out);
            }
            out.finish()
        }
        _ => Free::new(),
    }
}

/// Names and versions of programs, which look like secrets and are none.
pub(super) fn unscrubbed(json: Json<'_>, limits: &Limits) -> Free {
    let Some(members) = json.into_object() else {
        return Free::new();
    };
    remembered::unscrubbed(members, limits.remembered_bytes_max, |members| {
        let mut budget = Budget::new(FREE_BYTES_MAX, FREE_STRING_BYTES_MAX);
        scrub::unscrubbed(members, &mut budget)
    })
}

/// Scalars as strings; a bare string is no fingerprint.
pub(super) fn fingerprint(json: Json<'_>) -> Vec<String> {
    let Json::Array(items) = json else {
        return Vec::new();
    };
    let parts = items.filter_map(Json::into_text);
    let cut = |part: Cow<'_, str>| part.chars().take(TAG_CHARS_MAX).collect();
    parts.take(FINGERPRINT_PARTS_MAX).map(cut).collect()
}
