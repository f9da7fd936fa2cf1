#![allow(clippy::unwrap_used)]

use event_model::ProjectId;
use serde_json::json;

use super::{read_minidump, read_multipart_files};
use crate::{Context, Item, Limits, Reading, minidump::tests::dump, read_envelope};

const FORM: &str = "multipart/form-data; boundary=XX";

fn with<T>(read: impl FnOnce(&Context<'_>) -> T) -> T {
    let limits = Limits {
        attachments_bytes_max: 10_000,
        ..Limits::default()
    };
    read(&Context {
        project_id: ProjectId(1),
        received_ns: 1_795_361_286_000_000_000,
        client_ip: None,
        user_agent: None,
        limits: &limits,
        scrub: crate::scrub::Rules::standard(),
    })
}

/// A form of fields and files (those with a slash in their name).
fn form(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, bytes) in parts {
        let disposition = match name.split_once('/') {
            Some((name, file)) => format!("name=\"{name}\"; filename=\"{file}\""),
            None => format!("name=\"{name}\""),
        };
        let head = format!("--XX\r\nContent-Disposition: form-data; {disposition}\r\n\r\n");
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(bytes);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"--XX--\r\n");
    body
}

/// The items in short: an event's type and release, a file's name, type and bytes.
fn short(reading: &Reading, body: &[u8]) -> Vec<String> {
    let bytes = reading.unpacked.as_deref().unwrap_or(body);
    reading
        .items
        .iter()
        .map(|item| match item {
            Item::Event(event) => {
                let event = &event.event;
                let ty = event.exceptions.first().map_or("none", |e| e.ty.as_str());
                format!("event {ty} {}", event.release)
            }
            Item::File(file) => format!(
                "file {} {} {}",
                file.name,
                file.attachment_type,
                bytes[file.bytes.clone()].len()
            ),
            Item::Broken { invalid, .. } => format!("broken {}", invalid.message),
            other => format!("{other:?}"),
        })
        .collect()
}

#[test]
fn a_crash_form_is_an_event_with_its_dump_and_files() {
    let dump = dump(2, 0xc000_0005, &[1, 0]);
    let body = form(&[
        ("sentry", br#"{"release":"game@1","tags":{"a":"b"}}"#),
        ("sentry[environment]", b"beta"),
        ("sentry[tags][c]", b"d"),
        ("prod", b"Crashpad"),
        ("upload_file_minidump/x.dmp", &dump),
        ("log/game.log", b"one\ntwo"),
    ]);
    let reading = with(|c| read_minidump(&body, FORM, c)).unwrap();
    assert_eq!(
        short(&reading, &body),
        [
            "event EXCEPTION_ACCESS_VIOLATION game@1".to_owned(),
            format!("file x.dmp event.minidump {}", dump.len()),
            "file game.log event.attachment 7".to_owned(),
        ]
    );
    let Item::Event(event) = &reading.items[0] else {
        panic!("no event");
    };
    assert_eq!(reading.event_id, Some(event.event.id));
    assert_eq!(event.event.environment, "beta");
    let json = json!(event.event);
    assert_eq!(json["tags"], json!([["a", "b"], ["c", "d"]]));
    assert_eq!(json["extra"]["prod"], "Crashpad");
    assert_eq!(json["platform"], "native");
}

#[test]
fn a_bare_dump_is_a_crash_too() {
    let body = dump(0x8201, 11, &[]);
    let reading = with(|c| read_minidump(&body, "application/octet-stream", c)).unwrap();
    let file = format!("file minidump.dmp event.minidump {}", body.len());
    assert_eq!(short(&reading, &body), ["event SIGSEGV ".to_owned(), file]);
}

#[test]
fn a_crash_without_a_sound_dump_is_refused_with_its_field() {
    for body in [
        form(&[("sentry", b"{}")]),
        form(&[("upload_file_minidump/x.dmp", b"not a dump")]),
        b"MDMP and nothing".to_vec(),
    ] {
        let error = with(|c| read_minidump(&body, FORM, c)).unwrap_err();
        assert_eq!(error.field, "upload_file_minidump");
    }
    assert!(with(|c| read_minidump(b"x", "text/plain", c)).is_err());
}

#[test]
fn files_of_a_form_are_taken_up_to_their_limit() {
    let large = vec![b'x'; 9_000];
    let body = form(&[
        ("a/a.bin", &large),
        ("field", b"no file"),
        ("b/b.bin", &large),
    ]);
    let reading = with(|c| read_multipart_files(&body, FORM, c)).unwrap();
    assert_eq!(
        short(&reading, &body),
        [
            "file a.bin event.attachment 9000",
            "broken attachments of more than 10000 bytes together",
        ]
    );
    let none = form(&[("field", b"no file")]);
    assert!(with(|c| read_multipart_files(&none, FORM, c)).is_err());
}

fn envelope(header: &str, items: &[(&str, &[u8])]) -> Vec<u8> {
    let mut body = format!("{header}\n").into_bytes();
    for (item, payload) in items {
        let item = item.replace('}', &format!(",\"length\":{}}}", payload.len()));
        body.extend_from_slice(item.as_bytes());
        body.push(b'\n');
        body.extend_from_slice(payload);
        body.push(b'\n');
    }
    body
}

const DUMP: &str = r#"{"type":"attachment","attachment_type":"event.minidump","filename":"x.dmp"}"#;
const EVENT: &str = r#"{"type":"event"}"#;

#[test]
fn a_dump_in_an_envelope_completes_its_event_or_is_one() {
    let dump = dump(2, 0xc000_0005, &[0, 0]);
    let file = format!("file x.dmp event.minidump {}", dump.len());
    let read = |body: &[u8]| with(|c| read_envelope(body, c)).unwrap();
    let body = envelope("{}", &[(EVENT, br#"{"release":"game@1"}"#), (DUMP, &dump)]);
    let event = "event EXCEPTION_ACCESS_VIOLATION game@1".to_owned();
    assert_eq!(short(&read(&body), &body), [event, file.clone()]);
    // What the event says of an exception stays.
    let own = br#"{"exception":{"type":"Own"}}"#;
    let body = envelope("{}", &[(DUMP, &dump), (EVENT, own)]);
    assert_eq!(
        short(&read(&body), &body),
        [file.clone(), "event Own ".to_owned()]
    );
    let id = "44d736d9ac1e42bb909ac78a5ac24ed8";
    let body = envelope(&format!("{{\"event_id\":\"{id}\"}}"), &[(DUMP, &dump)]);
    let reading = read(&body);
    let event = "event EXCEPTION_ACCESS_VIOLATION ".to_owned();
    assert_eq!(short(&reading, &body), [file, event]);
    assert_eq!(reading.event_id.unwrap().to_string(), id);
}

#[test]
fn attachments_without_an_event_are_refused() {
    let item = r#"{"type":"attachment","filename":"a.txt"}"#;
    let read = |header: &str| {
        let body = envelope(header, &[(item, b"abc")]);
        short(&with(|c| read_envelope(&body, c)).unwrap(), &body)
    };
    assert_eq!(read("{}"), ["broken an attachment without an event"]);
    let with_id = r#"{"event_id":"44d736d9ac1e42bb909ac78a5ac24ed8"}"#;
    assert_eq!(read(with_id), ["file a.txt event.attachment 3"]);
}
