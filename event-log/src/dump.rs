//! The logs as people look at them: `errata log dump` (JSON values), `stat` and
//! `verify` (reports of `log-core`, for the folder of one log).
//!
//! Invariant: one value a record, in the log's order, also for records that are
//! damaged or of a newer release. Hashes of passwords and tokens are left out.

use std::path::{Path, PathBuf};

use event_model::{Position, StackHash};
use ground::with_causes;
use serde_json::{Map, Value, json};

pub use log_core::{SegmentStat, SegmentVerdict, Stat, Verification, stat, verify};

use crate::{
    error::{ReadError, WhichLog},
    folders::log_dir,
    reader::{Entry, Item, LogReader},
};

/// The folder of the events log below `data/log`, for [`stat()`] and [`verify()`].
pub fn events_dir(dir: &Path) -> PathBuf {
    log_dir(dir, WhichLog::Events)
}

/// The folder of the control log below `data/log`.
pub fn control_dir(dir: &Path) -> PathBuf {
    log_dir(dir, WhichLog::Control)
}

/// The events log: `{"log":"events","position","time","kind",…}`. An event has
/// `head` and `body`, a command `number` and `command`, a note `note`, an opaque record
/// `schema`, a record that cannot be read `error`.
pub fn events(reader: &LogReader, after: Position) -> impl Iterator<Item = Value> + use<> {
    let bodies = reader.clone();
    reader.read_after(after).map(move |item| match item {
        Ok(item) => event_value(&bodies, item),
        Err(error) => error_value("events", &error),
    })
}

/// The control log: `{"log":"control","kind":"command","number","command"}`.
pub fn control(reader: &LogReader, after: u64) -> impl Iterator<Item = Value> + use<> {
    reader.commands_after(after).map(|record| match record {
        Ok((number, command)) => {
            json!({"log": "control", "kind": "command", "number": number, "command": command})
        }
        Err(error) => error_value("control", &error),
    })
}

fn event_value(reader: &LogReader, item: Item) -> Value {
    let mut value = Map::new();
    let mut set = |key: &str, field: Value| value.insert(key.to_owned(), field);
    set("log", "events".into());
    set("position", item.position.0.into());
    set("time", time_text(item.time_ns).into());
    match item.entry {
        Entry::Event(event) => {
            set("kind", "event".into());
            set("head", event.whole().to_json());
            let place = event.record().stack();
            if place.hash != StackHash::NONE {
                let at = reader.stack_position(item.position, place);
                let stack = json!({"hash": place.hash.to_string(), "position": at.0});
                set("stack", stack);
            }
            match reader.body(item.position, &event) {
                Ok(body) => {
                    let text = || Value::from(String::from_utf8_lossy(&body).into_owned());
                    let body = serde_json::from_slice(&body).unwrap_or_else(|_| text());
                    set("body", body)
                }
                Err(error) => set("error", with_causes(&error).into()),
            };
        }
        Entry::Command { number, command } => {
            set("kind", "command".into());
            set("number", number.into());
            set("command", json!(command));
        }
        Entry::Note(note) => {
            set("kind", "note".into());
            set("note", json!(note));
        }
        Entry::Opaque { schema } => {
            set("kind", "opaque".into());
            set("schema", format!("{schema:#06x}").into());
        }
    }
    Value::Object(value)
}

fn error_value(log: &str, error: &ReadError) -> Value {
    json!({"log": log, "kind": "error", "error": with_causes(error)})
}

/// A time as a dump shows it, in nanoseconds since the Unix epoch; `None` if it is none.
pub fn time_ns(text: &str) -> Option<i64> {
    let time: jiff::Timestamp = text.parse().ok()?;
    i64::try_from(time.as_nanosecond()).ok()
}

/// A time as people read it, UTC.
pub fn time_text(time_ns: i64) -> String {
    jiff::Timestamp::from_nanosecond(i128::from(time_ns))
        .map_or_else(|_| time_ns.to_string(), |time| time.to_string())
}
