//! The native event: JSON of `errata.v1.Event` with snake-case names. The gRPC
//! twin is turned into the same tree ([`proto`]) and read here too, so both have
//! one meaning.
//!
//! Strict where Sentry's reader is lenient: a wrong type is an [`Invalid`] that
//! names the field's path, for whoever writes a client. Unknown keys are ignored,
//! at the top level kept in `other`. Texts that are too long are cut.

mod batch;
mod discarded;
mod error;
mod proto;
mod read;
mod wire;

pub use self::batch::NativeBatch;
pub(super) use self::proto::json_text;
use self::read::{Path, fields, free_map, list, members, text, timestamp};
use super::{
    Context, Invalid, InvalidReason, ReadEvent, envelope,
    json::{self, Budget, Json},
    scrub::{self, Scrub},
    sentry, settle,
};
use ::proto::v1;
use event_model::{
    Event, Level,
    event::Breadcrumb,
    free::{Free, Writer},
};
use serde_json::json;

/// The names of event.proto, in the order in which they are taken apart below; a
/// test holds them equal to the descriptor's.
const EVENT: [&str; 14] = [
    "error",
    "level",
    "platform",
    "release",
    "environment",
    "timestamp",
    "id",
    "client",
    "user",
    "context",
    "tags",
    "fingerprint",
    "extra",
    "count",
];
/// Equal errors that one event may stand for: nobody sees ten thousand times more in a
/// few seconds.
const COUNT_MAX: u32 = 100_000;
/// An event may become so many times its largest size when it is decoded: some twenty
/// thousand frames.
const DECODED_FACTOR_MAX: usize = 16;
const CLIENT: [&str; 6] = [
    "url",
    "user_agent",
    "language",
    "resolution",
    "os",
    "hostname",
];
const USER: [&str; 5] = ["id", "session_id", "email", "username", "ip_address"];
const CONTEXT: [&str; 3] = ["breadcrumbs", "state", "metrics"];
const BREADCRUMB: [&str; 6] = ["timestamp", "type", "category", "level", "message", "data"];

/// One event's body.
pub(super) fn event(body: &[u8], context: &Context<'_>) -> Result<ReadEvent, Invalid> {
    let size_bytes = checked_size(body.len(), context)?;
    json::read(body, |json| from_json(json, size_bytes, context))?
}

/// One event as gRPC brings it. Bounded in bytes and in what they become.
pub(super) fn from_message(message: &[u8], context: &Context<'_>) -> Result<ReadEvent, Invalid> {
    checked_size(message.len(), context)?;
    let bytes_max = context
        .limits
        .event_bytes_max
        .saturating_mul(DECODED_FACTOR_MAX);
    if wire::decoded_bytes(message) > bytes_max {
        return Err(Invalid::too_large(format!(
            "an event of so many parts that they take more than {bytes_max} bytes"
        )));
    }
    let event = <v1::Event as prost::Message>::decode(message)
        .map_err(|error| Invalid::malformed(format!("no event in protobuf: {error}")))?;
    super::from_proto(&event, context)
}

/// The size, if it is allowed.
pub(super) fn checked_size(bytes: usize, context: &Context<'_>) -> Result<u32, Invalid> {
    let max = context.limits.event_bytes_max;
    if bytes > max {
        return Err(Invalid::too_large(format!(
            "an event of {bytes} bytes; at most {max} are allowed"
        )));
    }
    Ok(bytes as u32)
}

/// One event's JSON.
pub(super) fn from_json(
    json: Json<'_>,
    size_bytes: u32,
    context: &Context<'_>,
) -> Result<ReadEvent, Invalid> {
    let root = Path::ROOT;
    if !matches!(json, Json::Object(_)) {
        return Err(Invalid {
            reason: InvalidReason::Malformed,
            ..read::wrong(&root, "an object", &json)
        });
    }
    let mut event = context.empty_event();
    let mut other_budget = Budget::new(sentry::FREE_BYTES_MAX, sentry::FREE_STRING_BYTES_MAX);
    let (slots, others) = fields(json, &root, &EVENT)?;
    let [
        error,
        level,
        platform,
        release,
        environment,
        at,
        id,
        client,
        user,
        led_there,
        tags,
        fingerprint,
        extra,
        count,
    ] = slots;
    let (mut other, mut writer) = (Writer::new(), Scrub::inactive());
    for (key, value) in others {
        let path = scrub::Path::root("other");
        writer.member(&path, &key, value, &mut other_budget, &mut other);
    }
    let limits = context.limits;
    event.platform = sentry::platform(Json::String(text(platform, &root.key("platform"))?.into()));
    let read = error::chain(error, &root.key("error"), &event.platform, limits)?;
    event.exceptions = read.exceptions;
    event.threads = read.threads;
    if let Some(stack) = read.stack_left {
        other.key("stack");
        other.string(&stack);
    }
    event.other = other.finish();
    event.count = read::number(&count, &root.key("count"))?.min(COUNT_MAX);
    event.level = level_of(&level, &root.key("level"))?.unwrap_or_default();
    event.release = read::short(release, &root.key("release"), sentry::TAG_CHARS_MAX)?;
    event.environment = read::short(
        environment,
        &root.key("environment"),
        sentry::SHORT_CHARS_MAX,
    )?;
    let client_ns = timestamp(&at, &root.key("timestamp"))?;
    event.timestamp_ns = super::time::event_time(client_ns, 0, context.received_ns);
    let id = Json::String(text(id, &root.key("id"))?.into());
    if let Some(id) = envelope::event_id(&id) {
        event.id = id;
    }
    read_client(client, &root.key("client"), &mut event)?;
    read_user(user, &root.key("user"), &mut event, context)?;
    read_context(led_there, &root.key("context"), &mut event)?;
    for (key, value) in members(tags, &root.key("tags"))? {
        if event.tags.len() == limits.tags_max {
            break;
        }
        let path = root.key("tags");
        if matches!(value, Json::Array(_) | Json::Object(_)) {
            return Err(read::wrong(&path.key(&key), "a string", &value));
        }
        event.tags.extend(sentry::tag(&key, value));
    }
    let path = root.key("fingerprint");
    let parts = list(fingerprint, &path)?.into_iter().enumerate();
    for (at, part) in parts.take(sentry::FINGERPRINT_PARTS_MAX) {
        let part = read::short(part, &path.index(at), sentry::TAG_CHARS_MAX)?;
        event.fingerprint.push(part);
    }
    event.extra = free_map(extra, &root.key("extra"))?;
    context.fill_user_agent(&mut event);
    settle(&mut event, context.limits);
    scrub::event(&mut event, context.scrub);
    Ok(ReadEvent { event, size_bytes })
}

/// A name, or its number in event.proto. An unknown name is an error's level, as
/// everywhere.
fn level_of(json: &Json<'_>, path: &Path<'_>) -> Result<Option<Level>, Invalid> {
    match json {
        Json::Null => Ok(None),
        Json::String(name) => {
            let name = name.trim();
            let bare = name.strip_prefix("LEVEL_").unwrap_or(name);
            Ok(Level::from_text(bare))
        }
        json => match json.as_integer() {
            Some(0) => Ok(None),
            Some(number @ 1..=5) => Ok(Some(Level::from_number(number as u8))),
            _ => Err(read::wrong(path, "a level's name", json)),
        },
    }
}

fn read_client(json: Json<'_>, path: &Path<'_>, event: &mut Event) -> Result<(), Invalid> {
    let (slots, _) = fields(json, path, &CLIENT)?;
    let [url, user_agent, language, resolution, os, hostname] = slots;
    let url = text(url, &path.key("url"))?;
    let user_agent = text(user_agent, &path.key("user_agent"))?;
    event.server_name = text(hostname, &path.key("hostname"))?;
    let mut request = Free::new();
    if !url.is_empty() {
        request.insert("url", url);
    }
    if !user_agent.is_empty() {
        request.insert("headers", json!({ "User-Agent": user_agent }));
    }
    event.request = sentry::request_from(&request);
    let contexts = [
        ("culture", "locale", text(language, &path.key("language"))?),
        (
            "device",
            "screen_resolution",
            text(resolution, &path.key("resolution"))?,
        ),
        ("os", "name", text(os, &path.key("os"))?),
    ];
    for (context, name, value) in contexts {
        if !value.is_empty() {
            event.contexts.insert(context, json!({ name: value }));
        }
    }
    Ok(())
}

fn read_user(
    json: Json<'_>,
    path: &Path<'_>,
    event: &mut Event,
    context: &Context<'_>,
) -> Result<(), Invalid> {
    let (slots, _) = fields(json, path, &USER)?;
    let [id, session_id, email, username, ip_address] = slots;
    // Ids are numbers in many databases; their text is meant.
    let id = match id {
        Json::Number(number) => number.to_string(),
        id => text(id, &path.key("id"))?,
    };
    let mut user = event_model::event::User {
        id,
        session_id: text(session_id, &path.key("session_id"))?,
        email: text(email, &path.key("email"))?,
        username: text(username, &path.key("username"))?,
        ip_address: text(ip_address, &path.key("ip_address"))?,
        data: Free::new(),
    };
    let sender = context.client_ip.map(|ip| ip.to_string());
    sentry::resolve_address(&mut user.ip_address, sender.as_deref());
    event.user = (user != event_model::event::User::default()).then_some(user);
    Ok(())
}

fn read_context(json: Json<'_>, path: &Path<'_>, event: &mut Event) -> Result<(), Invalid> {
    let (slots, _) = fields(json, path, &CONTEXT)?;
    let [breadcrumbs, state, metrics] = slots;
    let crumbs = list(breadcrumbs, &path.key("breadcrumbs"))?;
    for (at, crumb) in crumbs.into_iter().enumerate() {
        let crumb = read_breadcrumb(crumb, &path.key("breadcrumbs").index(at))?;
        event.breadcrumbs.push(crumb);
    }
    for (name, json) in [("state", state), ("metrics", metrics)] {
        let free = free_map(json, &path.key(name))?;
        if !free.is_empty() {
            event.contexts.insert(name, free.to_map());
        }
    }
    Ok(())
}

fn read_breadcrumb(json: Json<'_>, path: &Path<'_>) -> Result<Breadcrumb, Invalid> {
    let (slots, _) = fields(json, path, &BREADCRUMB)?;
    let [at, ty, category, level, message, data] = slots;
    Ok(Breadcrumb {
        timestamp_ns: timestamp(&at, &path.key("timestamp"))?.unwrap_or_default(),
        ty: text(ty, &path.key("type"))?,
        category: text(category, &path.key("category"))?,
        level: level_of(&level, &path.key("level"))?,
        message: text(message, &path.key("message"))?,
        data: free_map(data, &path.key("data"))?,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use prost::Message as _;

    #[test]
    fn the_names_read_are_those_of_event_proto() {
        let files = prost_types::FileDescriptorSet::decode(::proto::FILE_DESCRIPTOR_SET).unwrap();
        let file = files
            .file
            .iter()
            .find(|f| f.name() == "errata/v1/event.proto")
            .unwrap();
        let tables: [(&str, &[&str]); 7] = [
            ("Event", &super::EVENT),
            ("Error", &super::error::ERROR),
            ("Frame", &super::error::FRAME),
            ("Client", &super::CLIENT),
            ("User", &super::USER),
            ("Context", &super::CONTEXT),
            ("Breadcrumb", &super::BREADCRUMB),
        ];
        let described: Vec<&str> = file
            .message_type
            .iter()
            .map(prost_types::DescriptorProto::name)
            .collect();
        assert_eq!(described.len(), tables.len(), "{described:?}");
        for (name, read) in tables {
            let message = file.message_type.iter().find(|m| m.name() == name).unwrap();
            // A map's entries are nested messages, not fields.
            let fields: Vec<&str> = message
                .field
                .iter()
                .map(prost_types::FieldDescriptorProto::name)
                .collect();
            assert_eq!(fields, read, "{name}");
        }
        let discarded = files
            .file
            .iter()
            .flat_map(|file| &file.message_type)
            .find(|message| message.name() == "DiscardedEvents");
        let fields = discarded.unwrap().field.iter();
        let fields = fields.map(prost_types::FieldDescriptorProto::name);
        assert!(fields.eq(super::discarded::DISCARDED));
    }
}
