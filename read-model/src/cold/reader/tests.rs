#![allow(clippy::unwrap_used)]

use std::{collections::BTreeSet, fs, path::Path};

use event_model::{Event, EventId, Fingerprint, Level, ProjectId, head::Head};
use object_place::Place;
use proptest::prelude::*;

use super::*;
use crate::{
    cold::{ColdRow, ColdStore, READING},
    issues::batch::Headline,
    search::schema::day_of,
};

const DAY_NS: i64 = 86_400_000_000_000;

/// The event of a place: some are of the next day, of several projects, with much or little in them.
fn event(position: u64) -> Event {
    let noise = "0123456789abcdef".repeat((position % 7) as usize * 40);
    let bare = serde_json::json!({
        "id": EventId([1; 16]), "project_id": 1, "received_ns": 1, "timestamp_ns": 1,
    });
    Event {
        id: EventId([position as u8; 16].map(|byte| byte.wrapping_mul(31) ^ (position >> 8) as u8)),
        project_id: ProjectId((position % 3 + 1) as u32),
        received_ns: (position % 2) as i64 * DAY_NS + position as i64,
        timestamp_ns: position as i64,
        level: Level::Warning,
        message: format!("message {position} with \u{1f41e} and {noise}"),
        tags: vec![("number".to_owned(), position.to_string())],
        release: "shop@1.2".to_owned(),
        ..serde_json::from_value(bare).unwrap()
    }
}

/// Writes segments of these lengths, from position 1 on, as their files are.
fn write(root: &Path, lengths: &[u64]) -> Vec<ColdFile> {
    let store = ColdStore::open(&Place::folder(root)).unwrap();
    let mut first = 1;
    for length in lengths {
        let last = first + length - 1;
        for day in 0..2 {
            let of_day: Vec<u64> = (first..=last)
                .filter(|position| position % 2 == day)
                .collect();
            if of_day.is_empty() {
                continue;
            }
            let file = ColdFile {
                first: Position(first),
                last: Position(last),
                date: day_of(day as i64 * DAY_NS),
            };
            let mut writer = store.create(&file).unwrap();
            for position in of_day {
                let event = event(position);
                let stored = event_model::StoredEvent::of(&Head::of(&event, 77)).unwrap();
                writer
                    .push(&ColdRow {
                        position: Position(position),
                        head: stored.whole(),
                        fingerprint: Fingerprint([position as u8; 16]),
                        headline: &Headline {
                            title: format!("title {position}"),
                            ..Headline::default()
                        },
                        body: &serde_json::to_vec(&event).unwrap(),
                    })
                    .unwrap();
            }
            writer.finish().unwrap();
        }
        first = last + 1;
    }
    store.files().unwrap()
}

fn reader(root: &Path) -> ColdReader {
    let reader = ColdReader::new(ColdHome::open(&Place::folder(root), READING).unwrap());
    reader.look(Position(u64::MAX)).unwrap();
    reader
}

fn wanted(position: u64, with_date: bool) -> Wanted {
    Wanted {
        position: Position(position),
        date: with_date.then(|| day_of(event(position).received_ns)),
    }
}

/// What was found is what was written.
fn check(found: &Found, expected: &BTreeSet<u64>) {
    assert!(found.faults.is_empty(), "{:?}", found.faults);
    let positions: BTreeSet<u64> = found.events.keys().map(|position| position.0).collect();
    assert_eq!(positions, *expected);
    for (position, old) in &found.events {
        let event = event(position.0);
        assert_eq!(old.position, *position);
        assert_eq!(old.body, serde_json::to_vec(&event).unwrap());
        assert_eq!(old.headline.title, format!("title {position}"));
        assert_eq!(old.fingerprint, Fingerprint([position.0 as u8; 16]));
        let head = old.event.head();
        assert_eq!(head.event_id, event.id.0);
        assert_eq!(head.size_bytes, 77);
        assert_eq!(head.project_id, event.project_id.0);
        assert_eq!(
            head.message.as_str().chars().count(),
            event.message.chars().count().min(1024)
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Whatever is asked for is found where it is, once, and nothing else is.
    #[test]
    fn events_are_found_by_their_places(
        lengths in proptest::collection::vec(1u64..40, 1..5),
        asked in proptest::collection::vec((1u64..160, any::<bool>()), 0..40),
        after in 0u64..160,
    ) {
        let dir = tempfile::tempdir().unwrap();
        let files = write(dir.path(), &lengths);
        let reader = reader(dir.path());
        let end: u64 = lengths.iter().sum();
        let wanted: Vec<Wanted> = asked.iter().map(|(position, date)| wanted(*position, *date)).collect();
        let expected = asked.iter().map(|(position, _)| *position).filter(|position| *position <= end);
        check(&reader.events(&wanted).unwrap(), &expected.collect());
        let mut walked = BTreeSet::new();
        for file in &files {
            reader.walk::<ReadModelError>(file, Position(after), |found| {
                let positions = found.events.keys().map(|position| position.0).collect();
                check(&found, &positions);
                walked.extend(positions);
                Ok(true)
            }).unwrap();
        }
        prop_assert_eq!(walked, (after + 1..=end).collect::<BTreeSet<u64>>());
    }
}

#[test]
fn rows_of_many_pages_and_batches_are_found() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), &[9_000]);
    let reader = reader(dir.path());
    let asked = [1, 2, 4_097, 5_000, 8_999, 9_000];
    let found = reader.events(&asked.map(|position| wanted(position, true)));
    check(&found.unwrap(), &asked.into());
    // Not the rest of the file, once it is enough.
    let mut batches = 0;
    let walked = reader.walk::<ReadModelError>(&reader.files()[0].file, Position(0), |_| {
        batches += 1;
        Ok(false)
    });
    walked.unwrap();
    assert_eq!(batches, 1);
}

#[test]
fn what_is_gone_damaged_or_written_anew_costs_itself_only() {
    let dir = tempfile::tempdir().unwrap();
    let files = write(dir.path(), &[20, 20, 20]);
    let reader = reader(dir.path());
    let all: Vec<Wanted> = (1..=60).map(|position| wanted(position, true)).collect();
    check(&reader.events(&all).unwrap(), &(1..=60).collect());
    let path = |file: &ColdFile| dir.path().join(file.path().as_ref());
    // Positions 1 to 20: the odd ones go, the even ones become something else.
    let [even, odd] = [0, 1].map(|day| {
        let of_day =
            |file: &&ColdFile| file.last == Position(20) && file.date == day_of(day * DAY_NS);
        path(files.iter().find(of_day).unwrap())
    });
    fs::remove_file(odd).unwrap();
    let mut bytes = fs::read(&even).unwrap();
    let half = bytes.len() / 2;
    bytes[4..half].fill(0xff);
    fs::write(&even, &bytes).unwrap();
    let found = reader.events(&all).unwrap();
    let positions: BTreeSet<u64> = found.events.keys().map(|position| position.0).collect();
    assert_eq!(positions, (21..=60).collect());
    assert!(!found.faults.is_empty());
    fs::write(&even, "PAR1").unwrap();
    let found = reader.events(&[wanted(2, true), wanted(21, true)]).unwrap();
    assert_eq!((found.events.len(), found.faults.len()), (1, 1));
    // The same files, written anew: what was known of them is not believed.
    write(dir.path(), &[20, 20, 20]);
    check(&reader.events(&all).unwrap(), &(1..=60).collect());
}

#[test]
fn a_folder_that_is_not_there_has_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let reader = reader(&dir.path().join("cold"));
    check(
        &reader.events(&[wanted(1, true)]).unwrap(),
        &BTreeSet::new(),
    );
    assert!(!reader.kept(Position(5)).has(Position(4), 0));
    assert!(reader.kept(Position(5)).has(Position(5), 0));
}

#[test]
fn more_reads_than_turns_wait_or_are_told() {
    let turns = Turns::default();
    let mut held: Vec<Turn<'_>> = (0..READS_MAX).map(|_| turns.take().unwrap()).collect();
    assert!(matches!(turns.take(), Err(ReadModelError::ColdBusy)));
    held.pop();
    let _again = turns.take().unwrap();
}
