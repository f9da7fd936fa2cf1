//! Files that come without an envelope: as forms, or as a bare minidump.

use std::io::Read as _;

use serde_json::{Map, Value};

use super::{
    Context, File, Invalid, Item, Reading, envelope, files, items, minidump, multipart, sentry,
    value,
};

/// The form field that crash reporters put their dump into.
const DUMP_FIELD: &str = "upload_file_minidump";
/// Form fields kept beside a dump, longest value in characters.
const ANNOTATIONS_MAX: usize = 100;
const ANNOTATION_CHARS_MAX: usize = 1_024;

/// Longest dump that is read of a compressed one, bytes: what crashed stands in its
/// first few hundred kilobytes, memory behind.
const DUMP_BYTES_MAX: u64 = 16 << 20;
/// The same, by the bytes it was compressed to.
const DUMP_RATIO_MAX: u64 = 100;

/// Where an item's dump is, if it has one.
pub(super) fn dump_place(raw: &envelope::RawItem) -> Option<std::ops::Range<usize>> {
    let is_dump =
        raw.kind == "attachment" && raw.file.attachment_type.as_deref() == Some("event.minidump");
    raw.payload.as_ref().ok().filter(|_| is_dump).cloned()
}

/// Reads a dump, as it is or gzip'd, as crash reporters store it.
pub(super) fn read_dump(bytes: &[u8]) -> Option<minidump::Minidump> {
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        return minidump::read(bytes);
    }
    let max = (bytes.len() as u64 * DUMP_RATIO_MAX).min(DUMP_BYTES_MAX);
    let mut dump = Vec::new();
    // Cut or broken: what came out may still say what crashed.
    let _ = flate2::read::MultiGzDecoder::new(bytes)
        .take(max)
        .read_to_end(&mut dump);
    minidump::read(&dump)
}

/// Files need an event to belong to.
pub(super) fn refuse_files_of_nothing(reading: &mut Reading) {
    if reading.event_id.is_some() {
        return;
    }
    for item in &mut reading.items {
        if matches!(item, Item::File(_)) {
            *item = Item::Broken {
                kind: "attachment".to_owned(),
                invalid: super::file_of_nothing(),
            };
        }
    }
}

/// Reads a form whose files belong to the event that the path names.
pub fn read_multipart_files(
    body: &[u8],
    content_type: &str,
    context: &Context<'_>,
) -> Result<Reading, Invalid> {
    let parts = form(body, content_type, context)?;
    let mut reading = Reading {
        event_id: None,
        items: Vec::new(),
        unpacked: None,
    };
    for part in parts.iter().filter(|part| part.file_name.is_some()) {
        reading.items.push(file(body, part, None));
    }
    limit_files(&mut reading, context);
    if reading.items.is_empty() {
        return Err(Invalid::malformed("the form holds no file"));
    }
    Ok(reading)
}

/// Reads a crash: a form with a dump and what is known around it, or a bare dump.
pub fn read_minidump(
    body: &[u8],
    content_type: &str,
    context: &Context<'_>,
) -> Result<Reading, Invalid> {
    let mut reading = Reading {
        event_id: None,
        items: Vec::new(),
        unpacked: None,
    };
    let (dump, base) = if minidump::is_minidump(body) {
        let range = 0..body.len();
        let file = File::new(
            Some("minidump.dmp"),
            Some("application/x-dmp"),
            Some("event.minidump"),
            range,
        );
        reading.items.push(Item::File(file));
        (body, Map::new())
    } else {
        let parts = form(body, content_type, context)?;
        let dump = parts
            .iter()
            .find(|part| part.name == DUMP_FIELD)
            .ok_or_else(|| Invalid::field(DUMP_FIELD, "missing"))?;
        for part in &parts {
            if part.name == DUMP_FIELD {
                reading.items.push(file(body, part, Some("event.minidump")));
            } else if part.file_name.is_some() {
                reading.items.push(file(body, part, None));
            }
        }
        (dump.bytes, beside(&parts, context)?)
    };
    let dump =
        read_dump(dump).ok_or_else(|| Invalid::field(DUMP_FIELD, "no minidump, or cut short"))?;
    limit_files(&mut reading, context);
    let payload = minidump::payload(base, &dump);
    match sentry::read(&payload, None, None, context)? {
        sentry::Payload::Event(event) => {
            reading.event_id = Some(event.event.id);
            reading.items.insert(0, Item::Event(event));
        }
        sentry::Payload::NotStored(kind) => {
            return Err(Invalid::field(
                "sentry.type",
                format!("a crash is no {kind}"),
            ));
        }
    }
    Ok(reading)
}

fn form<'b>(
    body: &'b [u8],
    content_type: &str,
    context: &Context<'_>,
) -> Result<Vec<multipart::Part<'b>>, Invalid> {
    let boundary = multipart::boundary(content_type).ok_or_else(|| {
        Invalid::malformed("the content type is not multipart/form-data with a boundary")
    })?;
    multipart::parts(body, &boundary, context.limits.items_max)
}

fn file(body: &[u8], part: &multipart::Part<'_>, kind: Option<&str>) -> Item {
    Item::File(File::new(
        part.file_name.as_deref(),
        part.content_type.as_deref(),
        kind,
        files::range_in(body, part.bytes),
    ))
}

/// Refuses the files beyond the limit of all together.
fn limit_files(reading: &mut Reading, context: &Context<'_>) {
    let max = context.limits.attachments_bytes_max;
    let mut sum = 0usize;
    for item in &mut reading.items {
        let Item::File(file) = item else { continue };
        sum = sum.saturating_add(file.bytes.len());
        if sum > max {
            *item = Item::Broken {
                kind: "attachment".to_owned(),
                invalid: items::too_large(max),
            };
        }
    }
}

/// What a form says beside its files: `sentry` as JSON, `sentry[a][b]` member by
/// member; any other field is kept as an annotation.
fn beside(
    parts: &[multipart::Part<'_>],
    context: &Context<'_>,
) -> Result<Map<String, Value>, Invalid> {
    let fields = parts.iter().filter(|part| part.file_name.is_none());
    let bytes: usize = fields.map(|part| part.name.len() + part.bytes.len()).sum();
    let max = context.limits.event_bytes_max;
    if bytes > max {
        return Err(Invalid::too_large(format!(
            "the form says {bytes} bytes beside its files; at most {max} are allowed"
        )));
    }
    let mut event = Map::new();
    let mut annotations = Map::new();
    for part in parts.iter().filter(|part| part.file_name.is_none()) {
        let text = String::from_utf8_lossy(part.bytes);
        if part.name == "sentry" {
            if let Ok(members) = value::object(part.bytes) {
                // Members given one by one are the newer ones.
                for (key, member) in members {
                    event.entry(key).or_insert(member);
                }
            }
        } else if let Some(keys) = part.name.strip_prefix("sentry[") {
            put(&mut event, keys, &text);
        } else if annotations.len() < ANNOTATIONS_MAX {
            let text: String = text.chars().take(ANNOTATION_CHARS_MAX).collect();
            annotations.insert(part.name.clone(), text.into());
        }
    }
    if !annotations.is_empty() {
        let extra = event
            .entry("extra")
            .or_insert_with(|| Value::Object(Map::new()));
        if let Value::Object(extra) = extra {
            for (key, text) in annotations {
                extra.entry(key).or_insert(text);
            }
        }
    }
    Ok(event)
}

/// Sets `a][b]` to a text; at most four levels.
fn put(event: &mut Map<String, Value>, keys: &str, text: &str) {
    let keys: Vec<&str> = keys.trim_end_matches(']').split("][").take(4).collect();
    let Some((last, outer)) = keys.split_last() else {
        return;
    };
    let mut map = event;
    for key in outer {
        let inner = map.entry(*key).or_insert_with(|| Value::Object(Map::new()));
        let Value::Object(inner) = inner else {
            return;
        };
        map = inner;
    }
    map.insert((*last).to_owned(), text.into());
}

#[cfg(test)]
mod tests;
