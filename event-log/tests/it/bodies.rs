//! Bodies come back byte for byte, wherever they are.

use event_log::{Entry, LogReader, ReadError};
use event_model::{
    Position,
    record::{BodyPlace, BodyRef, SCHEMA_EVENT_V1, StackPlace, archive_head, encode_event},
};
use log_core::{Config, Log, Record};

use crate::sample::{bodies, event, note, open};

fn kind(reader: &LogReader, position: u64) -> &'static str {
    match reader.event(Position(position)).unwrap().unwrap().body() {
        BodyRef::Plain(_) => "plain",
        BodyRef::Zstd { .. } => "zstd",
        BodyRef::Block { frame: Some(_), .. } => "carrier",
        BodyRef::Block { .. } => "shared",
    }
}

#[test]
fn bodies_of_a_burst_share_blocks_and_come_back_whole_in_any_order() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path());
    let events: Vec<_> = (1..=2_000)
        .map(|n| {
            // Blocks end at different places; some bodies are alone in theirs.
            let bytes = if n % 500 == 0 {
                300_000
            } else {
                1_000 + (n as usize * 37) % 4_000
            };
            event(n, bytes)
        })
        .collect();
    let expected: Vec<_> = events.iter().map(|(_, body)| body.clone()).collect();
    // Made before, so that they come faster than the disk takes them.
    let tickets: Vec<_> = events
        .into_iter()
        .map(|(head, body)| log.append_event(&head, body).unwrap())
        .collect();
    for ticket in tickets {
        ticket.wait().unwrap();
    }
    let reader = log.reader();
    assert_eq!(bodies(&reader), expected);
    let kinds: Vec<_> = (1..=2_000).map(|n| kind(&reader, n)).collect();
    let count = |wanted| kinds.iter().filter(|kind| **kind == wanted).count();
    // How many depends on how fast the disk is; the forming of blocks has its own tests.
    assert!(
        count("shared") > 0 && count("carrier") > 0,
        "a burst shares blocks: {kinds:?}"
    );
    // Backwards: the carrier is always behind the one that is asked for.
    drop(log);
    let reader = open(dir.path()).reader();
    for n in (1..=2_000).rev().step_by(7) {
        let stored = reader.event(Position(n)).unwrap().unwrap();
        let body = reader.body(Position(n), &stored).unwrap();
        assert_eq!(body, expected[n as usize - 1]);
    }
}

#[test]
fn notes_among_a_burst_get_their_own_positions_and_tear_no_block() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path());
    let mut tickets = Vec::new();
    for n in 1..=600 {
        let (head, body) = event(n, 3_000);
        tickets.push((None, body.clone(), log.append_event(&head, body).unwrap()));
        let note = note(n as u32);
        tickets.push((
            Some(note.clone()),
            Vec::new(),
            log.append_note(&note).unwrap(),
        ));
    }
    let reader = log.reader();
    let mut positions = std::collections::BTreeSet::new();
    for (note, body, ticket) in tickets {
        let position = ticket.wait().unwrap();
        assert!(positions.insert(position), "{position} is given twice");
        let before = Position(position.0 - 1);
        let item = reader.read_after(before).next().unwrap().unwrap();
        match (item.entry, note) {
            (Entry::Note(found), Some(note)) => assert_eq!(found, note),
            (Entry::Event(event), None) => {
                assert_eq!(reader.body(position, &event).unwrap(), body);
            }
            (entry, note) => panic!("{entry:?} instead of {note:?}"),
        }
    }
    assert_eq!(positions.len(), 1_200);
    let shared = positions
        .iter()
        .filter(|p| reader.event(**p).unwrap().is_some() && kind(&reader, p.0) == "shared");
    assert!(shared.count() > 0, "a burst shares blocks");
}

#[test]
fn a_lone_small_event_stays_plain_and_a_lone_large_one_is_compressed() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path());
    let mut expected = Vec::new();
    for (n, bytes) in [(1, 0), (2, 20_000), (3, 100_000)] {
        let (head, body) = event(n, bytes);
        expected.push(body.clone());
        log.append_event(&head, body).unwrap().wait().unwrap();
    }
    // An empty body is stored, if oddly.
    let (head, _) = event(4, 0);
    expected.push(Vec::new());
    log.append_event(&head, Vec::new()).unwrap().wait().unwrap();
    let reader = log.reader();
    let kinds: Vec<_> = (1..=4).map(|n| kind(&reader, n)).collect();
    assert_eq!(kinds, ["plain", "plain", "zstd", "plain"]);
    assert_eq!(bodies(&reader), expected);
}

#[test]
fn bodies_that_cannot_be_unpacked_say_why_and_cost_no_memory() {
    let dir = tempfile::tempdir().unwrap();
    drop(open(dir.path()));
    let (head, _) = event(1, 0);
    let head = archive_head(&head);
    let good = zstd::bulk::compress(&[b'x'; 100], 1).unwrap();
    // Claims 2^62 bytes: magic, 8-byte content size, nothing else.
    let mut huge = vec![0x28, 0xb5, 0x2f, 0xfd, 0xe0];
    huge.extend_from_slice(&(1u64 << 62).to_le_bytes());
    let block = |back, offset, len, frame| BodyPlace::Block {
        back,
        offset,
        len,
        frame,
    };
    let zstd = |frame, len| BodyPlace::Zstd { frame, len };
    let places = [
        (zstd(b"no frame at all", 3), "not a zstd frame"),
        (zstd(&good, 99), "100 bytes instead of 99"),
        (zstd(&huge, 1), "more than 16777216"),
        (
            zstd(&good[..good.len() - 1], 100),
            "the zstd frame is damaged",
        ),
        (
            block(0, 0, 101, Some(&good)),
            "bytes 0..101 of a block of 100",
        ),
        (block(9, 0, 1, None), "its block is 9 records back"),
        (block(3, 0, 1, None), "record 4 carries no block"),
    ];
    let core = Log::open(Config {
        segment_bytes: 1024 * 1024,
        ..Config::events(dir.path().join("events"))
    })
    .unwrap();
    for (place, _) in &places {
        let record = Record {
            schema: SCHEMA_EVENT_V1,
            payload: encode_event(&head, &StackPlace::default(), *place).into(),
        };
        core.append(record).unwrap().wait().unwrap();
    }
    core.close().unwrap();
    let reader = LogReader::open_read_only(dir.path()).unwrap();
    for (index, (_, reason)) in places.iter().enumerate() {
        let position = Position(index as u64 + 1);
        let stored = reader.event(position).unwrap().unwrap();
        let error = reader.body(position, &stored).unwrap_err();
        assert!(matches!(error, ReadError::Body { .. }));
        assert!(error.to_string().contains(reason), "{error}, not {reason}");
    }
}
