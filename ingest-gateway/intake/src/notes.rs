//! Feedback, sessions, check-ins and client reports → notes.
//!
//! What a person wrote passes the same reader and scrub as an event's message. Every
//! list has a bound; what is beyond is left out. Fails with [`Invalid`] if nothing of
//! the item can be used.

#[cfg(test)]
mod tests;

use event_model::{
    EventId, Note,
    note::{
        CheckIn, CheckInStatus, ClientDropV1, ClientReport, Feedback, SessionCountV1,
        SessionStatus, SessionUpdateV1, Sessions,
    },
};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::{Context, Invalid, sentry, time, value};

/// Longest name, release, environment, address, characters.
const NAME_CHARS_MAX: usize = 200;
/// Longest page address, characters.
const URL_CHARS_MAX: usize = 1_024;
/// Longest feedback that is kept, characters.
const MESSAGE_CHARS_MAX: usize = 4_096;
/// Sums of one `sessions` item: an hour by the minute, and 1,000 people.
const SESSION_COUNTS_MAX: usize = 1_000;
/// Drops of one client report: every category with a few reasons.
pub(super) const CLIENT_DROPS_MAX: usize = 100;
/// Longest reason and category, characters.
pub(super) const WORD_CHARS_MAX: usize = 64;
/// Largest number of drops taken on an SDK's word.
pub(super) const QUANTITY_MAX: u64 = 1_000_000_000;
/// What a monitor's configuration may hold.
const CONFIG_KEYS: [&str; 7] = [
    "schedule",
    "checkin_margin",
    "max_runtime",
    "timezone",
    "failure_issue_threshold",
    "recovery_threshold",
    "owner",
];

/// What a person wrote, before it is cut and scrubbed.
#[derive(Debug, Clone, Default)]
pub struct Written<'a> {
    /// The event it is about.
    pub event_id: Option<EventId>,
    /// The person's name.
    pub name: &'a str,
    /// The person's e-mail address.
    pub email: &'a str,
    /// The text.
    pub message: &'a str,
    /// The page.
    pub url: &'a str,
    /// Of the application.
    pub release: &'a str,
    /// Where it ran.
    pub environment: &'a str,
}

/// Feedback made of what a person wrote; `id` none: made of what it says, so that a
/// repeated one is the same.
pub(super) fn written(
    written: &Written<'_>,
    id: Option<EventId>,
    context: &Context<'_>,
) -> Result<Note, Invalid> {
    let message: String = written.message.chars().take(MESSAGE_CHARS_MAX).collect();
    if message.trim().is_empty() {
        return Err(Invalid::field("message", "feedback without a text"));
    }
    let name = value::clean(written.name, NAME_CHARS_MAX);
    let email = value::clean(written.email, NAME_CHARS_MAX);
    let url = value::clean(written.url, URL_CHARS_MAX);
    // As an event it passes the scrub of all events, the project's own rules included.
    let event = json!({
        "message": message,
        "user": { "username": name, "email": email },
        "tags": { "url": page(&url) },
        "release": value::clean(written.release, NAME_CHARS_MAX),
        "environment": value::clean(written.environment, NAME_CHARS_MAX),
    });
    let sentry::Payload::Event(read) =
        sentry::read(event.to_string().as_bytes(), None, None, context)?
    else {
        return Err(Invalid::malformed("feedback that is no message"));
    };
    let event = read.event;
    let user = event.user.unwrap_or_default();
    let url = event.tags.into_iter().find(|(key, _)| key == "url");
    let id = id.map_or_else(|| id_of(written, context), |id| id.0);
    Ok(Note::Feedback(Feedback {
        project_id: context.project_id.0,
        received_ns: context.received_ns,
        id,
        event_id: written.event_id.map(|id| id.0),
        name: user.username,
        email: user.email,
        message: event.message,
        url: url.map(|(_, url)| url).unwrap_or_default(),
        release: event.release,
        environment: event.environment,
    }))
}

/// Without what a query may hold of a person.
fn page(url: &str) -> &str {
    url.split(['?', '#']).next().unwrap_or_default()
}

fn id_of(written: &Written<'_>, context: &Context<'_>) -> [u8; 16] {
    let mut hash = Sha256::new();
    hash.update(b"errata feedback 1");
    hash.update(context.project_id.0.to_le_bytes());
    hash.update(written.event_id.map_or([0; 16], |id| id.0));
    for part in [written.name, written.email, written.message] {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    let digest: [u8; 32] = hash.finalize().into();
    std::array::from_fn(|at| digest[at])
}

/// An item `feedback`: an event whose feedback context says it. `id` is the
/// envelope's.
pub(super) fn feedback(
    payload: &[u8],
    id: Option<EventId>,
    context: &Context<'_>,
) -> Result<Note, Invalid> {
    let event = value::object(payload)?;
    let said = value::inner(&event, "contexts")
        .and_then(|contexts| value::inner(contexts, "feedback"))
        .ok_or_else(|| Invalid::field("contexts.feedback", "missing"))?;
    let page = value::inner(&event, "request").and_then(|request| request.get("url"));
    let page = page.and_then(Value::as_str).unwrap_or_default();
    let url = texts(said, "url");
    let about = Written {
        event_id: value::id(said, "associated_event_id").map(EventId),
        name: texts(said, "name"),
        email: texts(said, "contact_email"),
        message: texts(said, "message"),
        url: if url.is_empty() { page } else { url },
        release: texts(&event, "release"),
        environment: texts(&event, "environment"),
    };
    let id = id.or_else(|| value::id(&event, "event_id").map(EventId));
    written(&about, id, context)
}

/// An item `user_report`, the older form.
pub(super) fn user_report(payload: &[u8], context: &Context<'_>) -> Result<Note, Invalid> {
    let said = value::object(payload)?;
    let about = Written {
        event_id: value::id(&said, "event_id").map(EventId),
        name: texts(&said, "name"),
        email: texts(&said, "email"),
        message: texts(&said, "comments"),
        ..Written::default()
    };
    written(&about, None, context)
}

fn texts<'m>(map: &'m Map<String, Value>, key: &str) -> &'m str {
    map.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// An item `session`.
pub(super) fn session(
    payload: &[u8],
    sent_at_ns: Option<i64>,
    context: &Context<'_>,
) -> Result<Note, Invalid> {
    let map = value::object(payload)?;
    let name = value::text(&map, "status", WORD_CHARS_MAX);
    let status = match name.as_str() {
        "" => SessionStatus::Ok,
        name => SessionStatus::from_name(name)
            .ok_or_else(|| Invalid::field("status", format!("unknown status {name:?}")))?,
    };
    let at_ns = when(&map, "timestamp", sent_at_ns, context);
    let update = SessionUpdateV1 {
        id: value::id(&map, "sid").ok_or_else(|| Invalid::field("sid", "missing"))?,
        user_hash: user_hash(&map),
        // Without a number the time orders the updates, as the protocol says.
        sequence: value::number(&map, "seq").unwrap_or_else(|| at_ns.unsigned_abs() / 1_000_000),
        is_first: map.get("init") == Some(&Value::Bool(true)),
        status: status as u8,
        errors: count(&map, "errors"),
        started_ns: when(&map, "started", sent_at_ns, context),
        at_ns,
        duration_ms: value::seconds_as_ms(&map, "duration"),
        abnormal_mechanism: value::text(&map, "abnormal_mechanism", WORD_CHARS_MAX),
    };
    sessions_of(&map, vec![update], Vec::new(), context)
}

/// An item `sessions`: sums by the minute.
pub(super) fn sessions(
    payload: &[u8],
    sent_at_ns: Option<i64>,
    context: &Context<'_>,
) -> Result<Note, Invalid> {
    let map = value::object(payload)?;
    let aggregates = map.get("aggregates").and_then(Value::as_array);
    let aggregates = aggregates.ok_or_else(|| Invalid::field("aggregates", "missing"))?;
    let counts = aggregates
        .iter()
        .filter_map(Value::as_object)
        .take(SESSION_COUNTS_MAX)
        .map(|sum| SessionCountV1 {
            started_ns: when(sum, "started", sent_at_ns, context),
            user_hash: user_hash(sum),
            exited: count(sum, "exited"),
            errored: count(sum, "errored"),
            crashed: count(sum, "crashed"),
            abnormal: count(sum, "abnormal"),
            unhandled: count(sum, "unhandled"),
        })
        .collect();
    sessions_of(&map, Vec::new(), counts, context)
}

fn sessions_of(
    map: &Map<String, Value>,
    updates: Vec<SessionUpdateV1>,
    counts: Vec<SessionCountV1>,
    context: &Context<'_>,
) -> Result<Note, Invalid> {
    let attributes = value::inner(map, "attrs");
    let attribute =
        |key| attributes.map_or_else(String::new, |a| value::text(a, key, NAME_CHARS_MAX));
    let release = attribute("release");
    if release.is_empty() {
        return Err(Invalid::field("attrs.release", "missing"));
    }
    Ok(Note::Sessions(Sessions {
        project_id: context.project_id.0,
        received_ns: context.received_ns,
        release,
        environment: attribute("environment"),
        updates,
        counts,
    }))
}

/// Whoever it was, without saying who.
fn user_hash(map: &Map<String, Value>) -> u64 {
    let did = value::text(map, "did", NAME_CHARS_MAX);
    if did.is_empty() {
        return 0;
    }
    let digest: [u8; 32] = Sha256::digest(did).into();
    u64::from_le_bytes(std::array::from_fn(|at| digest[at])).max(1)
}

fn count(map: &Map<String, Value>, key: &str) -> u32 {
    value::number(map, key).map_or(0, |n| u32::try_from(n).unwrap_or(u32::MAX))
}

/// The client's time on the server's clock, clamped as events' times are.
fn when(
    map: &Map<String, Value>,
    key: &str,
    sent_at_ns: Option<i64>,
    context: &Context<'_>,
) -> i64 {
    let drift_ns = time::drift_ns(sent_at_ns, context.received_ns);
    time::event_time(value::time_ns(map, key), drift_ns, context.received_ns)
}

/// An item `check_in`.
pub(super) fn check_in(payload: &[u8], context: &Context<'_>) -> Result<Note, Invalid> {
    let map = value::object(payload)?;
    check_in_of(&map, context)
}

/// The same of members, which a URL may have given.
pub(super) fn check_in_of(
    map: &Map<String, Value>,
    context: &Context<'_>,
) -> Result<Note, Invalid> {
    let monitor = value::text(map, "monitor_slug", NAME_CHARS_MAX);
    if monitor.is_empty() {
        return Err(Invalid::field("monitor_slug", "missing"));
    }
    let name = value::text(map, "status", WORD_CHARS_MAX);
    let status = CheckInStatus::from_name(&name).ok_or_else(|| {
        Invalid::field(
            "status",
            format!("{name:?} is none of in_progress, ok, error"),
        )
    })?;
    let config = value::inner(map, "monitor_config").map(|config| {
        let known = CONFIG_KEYS.iter().filter_map(|key| {
            let value = config.get(*key).filter(|value| is_small(value))?;
            Some(((*key).to_owned(), value.clone()))
        });
        Value::Object(known.collect()).to_string()
    });
    Ok(Note::CheckIn(CheckIn {
        project_id: context.project_id.0,
        received_ns: context.received_ns,
        id: value::id(map, "check_in_id").unwrap_or_default(),
        monitor,
        status: status as u8,
        duration_ms: value::seconds_as_ms(map, "duration"),
        release: value::text(map, "release", NAME_CHARS_MAX),
        environment: value::text(map, "environment", NAME_CHARS_MAX),
        config: config.unwrap_or_default(),
    }))
}

/// Whether a member of a monitor's configuration can be one: a schedule is an object
/// of three short texts.
fn is_small(value: &Value) -> bool {
    value.to_string().len() <= NAME_CHARS_MAX
}

/// An item `client_report`.
pub(super) fn client_report(payload: &[u8], context: &Context<'_>) -> Result<Note, Invalid> {
    let map = value::object(payload)?;
    // Relays report under further names; they mean the same.
    let lists = [
        "discarded_events",
        "rate_limited_events",
        "filtered_events",
        "filtered_sampling_events",
    ];
    let lists = lists.iter().filter_map(|key| map.get(*key)?.as_array());
    let drops = lists
        .flatten()
        .filter_map(Value::as_object)
        .filter_map(|drop| {
            let quantity = value::number(drop, "quantity").unwrap_or(1);
            (quantity > 0).then(|| ClientDropV1 {
                reason: word(drop, "reason"),
                category: word(drop, "category"),
                quantity: quantity.min(QUANTITY_MAX),
            })
        })
        .take(CLIENT_DROPS_MAX)
        .collect();
    Ok(report_of(drops, context))
}

/// What a client dropped itself, as it is kept.
pub(super) fn report_of(drops: Vec<ClientDropV1>, context: &Context<'_>) -> Note {
    Note::ClientReport(ClientReport {
        project_id: context.project_id.0,
        received_ns: context.received_ns,
        drops,
    })
}

/// A word of the protocol: bounded in length and alphabet, as it becomes a row's key.
fn word(map: &Map<String, Value>, key: &str) -> String {
    let text = value::text(map, key, WORD_CHARS_MAX).to_ascii_lowercase();
    let word: String = text.chars().filter(|c| is_of_word(*c)).collect();
    if word.is_empty() {
        "unknown".to_owned()
    } else {
        word
    }
}

/// The alphabet of such a word.
pub(super) fn is_of_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | ':')
}
