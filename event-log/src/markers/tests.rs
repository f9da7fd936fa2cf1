#![allow(clippy::unwrap_used)]

use std::path::Path;

use event_model::record::{SCHEMA_MARKER_V1, encode_marker};
use log_core::{Config, Log, Record};

use super::{LastMarker, MarkerHint, last_marker};
use crate::reader::LogReader;

const SEGMENT_BYTES: u64 = 8192;
const EVENT: u16 = 0x7f01;
const COMMAND: u16 = 0x7f02;

struct Logs {
    events: Log,
    control: Log,
    hint: MarkerHint,
}

impl Logs {
    fn new(dir: &Path) -> Self {
        let open = |name: &str| {
            let config = Config {
                segment_bytes: SEGMENT_BYTES,
                ..Config::events(dir.join(name))
            };
            Log::open(config).unwrap()
        };
        Self {
            events: open("events"),
            control: open("control"),
            hint: MarkerHint::of(&dir.join("events")),
        }
    }

    fn append(log: &Log, schema: u16, payload: Vec<u8>) -> u64 {
        let record = Record {
            schema,
            payload: payload.into(),
        };
        log.append(record).unwrap().wait().unwrap().start
    }

    /// Events of about four to a segment.
    fn events(&self, count: u64) {
        for _ in 0..count {
            Self::append(&self.events, EVENT, vec![1; 900]);
        }
    }

    fn command(&self, number: u64) {
        let stored = Self::append(&self.control, COMMAND, vec![0; 16]);
        assert_eq!(stored, number);
    }

    fn marker(&self, number: u64) -> u64 {
        Self::append(
            &self.events,
            SCHEMA_MARKER_V1,
            encode_marker(number).to_vec(),
        )
    }

    fn last(&self) -> LastMarker {
        let events = self.events.reader();
        let reader = LogReader::new(
            self.hint.path.parent().unwrap().parent().unwrap(),
            events.clone(),
            self.control.reader(),
        );
        last_marker(&events, &reader, &self.hint).unwrap()
    }
}

#[test]
fn the_hint_spares_the_walk_and_is_verified() {
    let dir = tempfile::tempdir().unwrap();
    let logs = Logs::new(dir.path());
    assert_eq!((logs.last().number, logs.last().records), (0, 0));
    logs.events(3);
    logs.command(1);
    logs.command(2);
    logs.marker(1);
    let place = logs.marker(2);
    logs.events(40);
    let walked = logs.last();
    assert_eq!(walked.number, 2);
    assert!(walked.records > 35, "{walked:?}");

    logs.hint.note(2, place);
    let hinted = logs.last();
    assert_eq!(hinted.number, 2);
    assert!(hinted.records < 10, "{hinted:?}");

    // Wrong in every way: no marker there, another number, beyond the end, no text.
    for (number, sequence) in [(2, place + 1), (3, place), (1, place), (2, 1_000), (9, 9)] {
        logs.hint.note(number, sequence);
        assert_eq!(logs.last(), walked, "{number} {sequence}");
    }
    std::fs::write(&logs.hint.path, "not a hint").unwrap();
    assert_eq!(logs.last(), walked);

    // A command behind the one it names: its marker may be there, or not.
    logs.hint.note(2, place);
    logs.command(3);
    assert_eq!(logs.last(), walked);
    logs.marker(3);
    logs.events(10);
    assert_eq!(logs.last().number, 3, "an old hint hides nothing");
}
