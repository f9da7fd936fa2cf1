//! The envelope grammar: header lines and payloads, read with every leniency real
//! clients need (missing `length`, blank lines, `\r`, no newline at the end).
//!
//! Invariant: an item whose header or length is broken costs only itself: the
//! splitter looks for the next line that is an item header of a known type.

use std::ops::Range;

use event_model::{EventId, ProjectId};

use super::{DsnParts, EnvelopeHeader, Invalid, json, time};

/// Item types of the protocol; any other is "unknown".
const KINDS: [&str; 31] = [
    "event",
    "transaction",
    "attachment",
    "session",
    "sessions",
    "check_in",
    "client_report",
    "feedback",
    "user_report",
    "log",
    "otel_log",
    "trace_metric",
    "span",
    "otel_span",
    "otel_traces_data",
    "profile",
    "profile_chunk",
    "replay_event",
    "replay_recording",
    "replay_video",
    "statsd",
    "metric_buckets",
    "metric_meta",
    "raw_security",
    "security",
    "nel",
    "minidump",
    "unreal_report",
    "form_data",
    "integration",
    "trace_attachment",
];

/// Most things that an item may say it holds: what is only counted is somebody's word.
const ITEM_COUNT_MAX: u32 = 10_000;
/// Longest header line, of an envelope or an item: they are read before anybody knows
/// whether the rest is worth it.
const HEADER_BYTES_MAX: usize = 8 << 10;

/// One item, its payload unread.
#[derive(Debug, PartialEq)]
pub(super) struct RawItem {
    /// One of [`KINDS`], or "unknown".
    pub(super) kind: &'static str,
    /// How many things it says it holds.
    pub(super) item_count: Option<u32>,
    /// What an attachment says of itself.
    pub(super) file: FileHeader,
    /// Where its payload is, or why there is none.
    pub(super) payload: Result<Range<usize>, Invalid>,
}

/// What an attachment's header says of it.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct FileHeader {
    pub(super) name: Option<String>,
    pub(super) content_type: Option<String>,
    pub(super) attachment_type: Option<String>,
}

/// The first line, and where the rest begins.
pub(super) fn header(body: &[u8]) -> Result<(EnvelopeHeader, usize), Invalid> {
    let start = skip_blank(body, 0);
    if start == body.len() {
        return Err(Invalid::malformed("empty envelope"));
    }
    let window = &body[..body.len().min(start + HEADER_BYTES_MAX + 1)];
    let end = line_end(window, start);
    if end - start > HEADER_BYTES_MAX {
        return Err(Invalid::malformed(format!(
            "the envelope's header (line 1) is longer than {HEADER_BYTES_MAX} bytes"
        )));
    }
    let read = json::read(&body[start..end], |line| {
        let object = matches!(line, json::Json::Object(_));
        object.then(|| EnvelopeHeader {
            event_id: line.get("event_id").and_then(|json| event_id(&json)),
            dsn: line.get("dsn").and_then(|json| dsn(json.as_str()?)),
            sent_at_ns: line.get("sent_at").and_then(|json| time::read(&json)),
        })
    });
    match read {
        Ok(Some(header)) => Ok((header, (end + 1).min(body.len()))),
        Ok(None) => Err(Invalid::malformed(
            "the envelope's header (line 1) is no JSON object",
        )),
        Err(invalid) => Err(Invalid::malformed(format!(
            "the envelope's header (line 1): {}",
            invalid.message
        ))),
    }
}

/// An event id of 32 hex digits, hyphens allowed; all zeros is none.
pub(super) fn event_id(json: &json::Json<'_>) -> Option<EventId> {
    let id: EventId = json.as_str()?.trim().parse().ok()?;
    (id.0 != [0; 16]).then_some(id)
}

/// `scheme://KEY[:SECRET]@host[/prefix]/PROJECT`.
pub(super) fn dsn(text: &str) -> Option<DsnParts> {
    let (_, rest) = text.trim().split_once("://")?;
    let (user, place) = rest.split_once('@')?;
    let key = user.split(':').next()?;
    let path = place.split(['?', '#']).next()?;
    let (_, project) = path.trim_end_matches('/').rsplit_once('/')?;
    Some(DsnParts {
        public_key: key.parse().ok()?,
        project_id: ProjectId(project.parse().ok()?),
    })
}

/// Cuts the items out of `body`, from `at` on; at most `items_max`, then one that
/// says so.
pub(super) fn items(body: &[u8], at: usize, items_max: usize) -> Vec<RawItem> {
    let mut items = Vec::new();
    let mut at = skip_blank(body, at);
    while at < body.len() {
        if items.len() == items_max {
            items.push(RawItem {
                kind: "unknown",
                item_count: None,
                file: FileHeader::default(),
                payload: Err(Invalid::too_large(format!(
                    "more than {items_max} items in one envelope"
                ))),
            });
            break;
        }
        let (item, next) = item(body, at);
        items.push(item);
        at = skip_blank(body, next);
    }
    items
}

struct ItemHeader {
    kind: &'static str,
    length: Option<Result<usize, Invalid>>,
    item_count: Option<u32>,
    file: FileHeader,
}

fn item_header(line: &[u8]) -> Result<ItemHeader, Invalid> {
    if line.len() > HEADER_BYTES_MAX {
        return Err(Invalid::malformed(format!(
            "longer than {HEADER_BYTES_MAX} bytes"
        )));
    }
    json::read(line, |json| {
        let Some(name) = json.get("type").and_then(json::Json::into_str) else {
            return Err(Invalid::malformed("an item header without a type"));
        };
        let kind = KINDS.iter().find(|k| ***k == *name).copied();
        let length = json.get("length").filter(|length| !length.is_null());
        Ok(ItemHeader {
            kind: kind.unwrap_or("unknown"),
            length: length.map(|length| {
                let bytes = length.as_integer().and_then(|n| usize::try_from(n).ok());
                bytes.ok_or_else(|| Invalid::malformed("an item's length is no whole number"))
            }),
            item_count: json
                .get("item_count")
                .and_then(|count| count.as_integer())
                .and_then(|n| u32::try_from(n).ok())
                .map(|count| count.min(ITEM_COUNT_MAX)),
            file: if kind == Some("attachment") {
                FileHeader {
                    name: text(&json, "filename"),
                    content_type: text(&json, "content_type"),
                    attachment_type: text(&json, "attachment_type"),
                }
            } else {
                FileHeader::default()
            },
        })
    })
    .and_then(|header| header)
}

fn text(json: &json::Json<'_>, key: &str) -> Option<String> {
    json.get(key)?.as_str().map(str::to_owned)
}

/// The item whose header begins at `at`, and where to go on.
fn item(body: &[u8], at: usize) -> (RawItem, usize) {
    let header_end = line_end(body, at);
    let start = (header_end + 1).min(body.len());
    let header = match item_header(&body[at..header_end]) {
        Ok(header) => header,
        Err(invalid) => {
            let message = format!("item header at byte {at}: {}", invalid.message);
            return (broken("unknown", message), next_header(body, start));
        }
    };
    let (payload, next) = match header.length {
        None => {
            let end = line_end(body, start);
            (Ok(start..end), end)
        }
        Some(Ok(length)) => match start.checked_add(length).filter(|end| *end <= body.len()) {
            Some(end) if end == body.len() || body[end] == b'\n' => (Ok(start..end), end),
            Some(end) => {
                let message = format!("item at byte {at}: no newline after its {length} bytes");
                let _ = end;
                (Err(Invalid::malformed(message)), next_header(body, start))
            }
            None => {
                let message = format!(
                    "item at byte {at}: length {length}, but only {} bytes follow",
                    body.len() - start
                );
                (Err(Invalid::malformed(message)), next_header(body, start))
            }
        },
        Some(Err(invalid)) => (Err(invalid), next_header(body, start)),
    };
    let item = RawItem {
        kind: header.kind,
        item_count: header.item_count,
        file: header.file,
        payload,
    };
    (item, next)
}

fn broken(kind: &'static str, message: String) -> RawItem {
    RawItem {
        kind,
        item_count: None,
        file: FileHeader::default(),
        payload: Err(Invalid::malformed(message)),
    }
}

/// After a broken item whose payload begins at `start`: passes over its first
/// line, then over all that is no header of a known type.
fn next_header(body: &[u8], start: usize) -> usize {
    let mut at = (line_end(body, start) + 1).min(body.len());
    while at < body.len() {
        let end = line_end(body, at);
        let line = &body[at..end];
        if line.first() == Some(&b'{')
            && item_header(line).is_ok_and(|header| header.kind != "unknown")
        {
            return at;
        }
        at = (end + 1).min(body.len());
    }
    at
}

fn line_end(body: &[u8], from: usize) -> usize {
    let newline = memchr::memchr(b'\n', &body[from..]);
    newline.map_or(body.len(), |offset| from + offset)
}

fn skip_blank(body: &[u8], from: usize) -> usize {
    let blank = |b: &u8| matches!(b, b' ' | b'\t' | b'\r' | b'\n');
    let rest = body.get(from..).unwrap_or_default();
    from.min(body.len()) + rest.iter().take_while(|b| blank(b)).count()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn split(body: &[u8]) -> Vec<(&'static str, Option<String>)> {
        let (_, at) = header(body).unwrap();
        items(body, at, 100)
            .into_iter()
            .map(|item| {
                let payload = item.payload.ok();
                (
                    item.kind,
                    payload.map(|p| String::from_utf8_lossy(&body[p]).into_owned()),
                )
            })
            .collect()
    }

    #[track_caller]
    fn check(body: &str, expected: &[(&str, Option<&str>)]) {
        let found = split(body.as_bytes());
        let found: Vec<_> = found.iter().map(|(k, p)| (*k, p.as_deref())).collect();
        assert_eq!(found, expected, "{body}");
    }

    #[test]
    fn the_grammar_with_all_its_leniency() {
        check("{}", &[]);
        check("{}\n", &[]);
        check("{}\n\n\n", &[]);
        check("\n{}\n{\"type\":\"event\"}\n{}", &[("event", Some("{}"))]);
        check(
            "{}\r\n{\"type\":\"event\"}\r\n{}\n",
            &[("event", Some("{}"))],
        );
        check(
            "{}\n{\"type\":\"event\",\"length\":2}\n{}\n\n \n",
            &[("event", Some("{}"))],
        );
        check("{}\n{\"type\":\"event\"}", &[("event", Some(""))]);
        check(
            "{}\n{\"length\":0,\"type\":\"attachment\"}\n",
            &[("attachment", Some(""))],
        );
        check(
            "{}\n{\"type\":\"attachment\",\"length\":5}\na\nb\nc\n\n{\"type\":\"event\"}\n{}\n",
            &[("attachment", Some("a\nb\nc")), ("event", Some("{}"))],
        );
        check("{}\n{\"type\":\"newest\"}\nx", &[("unknown", Some("x"))]);
        check(
            "{}\n{\"type\":\"event\",\"length\":null}\n{}",
            &[("event", Some("{}"))],
        );
    }

    #[test]
    fn a_broken_item_never_loses_its_neighbours() {
        let good = "{\"type\":\"event\"}\n{\"a\":1}\n";
        for bad in [
            "{\"type\":\"attachment\",\"length\":99999}\nxyz\n",
            "{\"type\":\"attachment\",\"length\":2}\nxyz\n",
            "{\"type\":\"attachment\",\"length\":-1}\nxyz\n",
            "{\"type\":\"attachment\",\"length\":\"x\"}\nxyz\n",
            "{\"length\":3}\nxyz\n",
            "not json\nxyz\n",
            "[]\n{\"type\":\"transaction\"}\n",
            &format!(
                "{{\"type\":\"event\",\"x\":\"{}\"}}\nxyz\n",
                "y".repeat(HEADER_BYTES_MAX)
            ),
        ] {
            for body in [
                format!("{{}}\n{good}{bad}"),
                format!("{{}}\n{bad}{good}"),
                format!("{{}}\n{good}{bad}{good}"),
            ] {
                let found = split(body.as_bytes());
                let events = found
                    .iter()
                    .filter(|i| *i == &("event", Some("{\"a\":1}".into())));
                let broken = found.iter().filter(|(_, payload)| payload.is_none());
                assert_eq!(events.count(), body.matches("{\"a\":1}").count(), "{body}");
                assert_eq!(broken.count(), 1, "{body}");
            }
        }
    }

    #[test]
    fn the_header_is_read_and_named_if_broken() {
        let (read, at) = header(
            br#"{"event_id":"44d736d9-ac1e-42bb-909a-c78a5ac24ed8","dsn":"http://a94ae32be2584e0bbd7a4cbb95971fee:s@h:1/sentry/42","sent_at":"2026-11-22T15:28:06Z","x":1}
"#,
        )
        .unwrap();
        assert_eq!(
            read.event_id.unwrap().to_string(),
            "44d736d9ac1e42bb909ac78a5ac24ed8"
        );
        let dsn = read.dsn.unwrap();
        assert_eq!(
            dsn.public_key.to_string(),
            "a94ae32be2584e0bbd7a4cbb95971fee"
        );
        assert_eq!(dsn.project_id, ProjectId(42));
        assert_eq!(read.sent_at_ns, Some(1_795_361_286_000_000_000));
        assert!(at > 100);
        for odd in [
            r#"{"event_id":5,"dsn":[],"sent_at":{}}"#,
            r#"{"event_id":"x","dsn":"http://x@h","sent_at":"soon"}"#,
        ] {
            assert_eq!(header(odd.as_bytes()).unwrap().0, EnvelopeHeader::default());
        }
        let long = format!("{{\"a\":\"{}\"}}\n", "x".repeat(HEADER_BYTES_MAX));
        for bad in ["", "\n\n", "[]", "nope", "{\"a\":", &long] {
            assert!(!header(bad.as_bytes()).unwrap_err().message.is_empty());
        }
    }
}
