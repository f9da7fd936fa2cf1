//! Those alike among tens of thousands: found, and by reading few rows.

#![allow(clippy::unwrap_used)]

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use event_model::access::Sight;
use rusqlite::Connection;

use super::*;
use crate::issues::{
    reader::Reader,
    sketch::BANDS,
    writer::{Durability, IssueWriter},
};

/// Of project 1; each of them again in project 2.
const PRINTS: i64 = 40_000;
/// Of these one and the same sketch.
const CROWD: i64 = 20_000;
/// Steps of SQLite's machine that a question may take, whatever there is: about those of
/// 1,300 rows. A scan of the bands alone would take millions.
const STEPS_MAX: u64 = 60_000;

struct World {
    reader: Reader,
    db: Connection,
    _dir: tempfile::TempDir,
}

/// Numbers without a pattern, the same for the same seed.
fn sketch(seed: i64) -> Sketch {
    let mut state = seed as u64;
    Sketch([0; PLACES].map(|_: u16| {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        (mixed ^ (mixed >> 31)) as u16
    }))
}

/// The same with the first places of another one's.
fn like(one: &Sketch, places: usize, seed: i64) -> Sketch {
    let mut other = sketch(seed);
    other.0[..places].copy_from_slice(&one.0[..places]);
    other
}

impl World {
    /// Fingerprints of these numbers with their sketches, in projects 1 and 2.
    fn new(prints: impl IntoIterator<Item = (i64, Sketch)>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("issues.sqlite3");
        drop(IssueWriter::create(&path, Durability::Build).unwrap());
        let db = Connection::open(&path).unwrap();
        db.execute_batch("PRAGMA synchronous = OFF; BEGIN").unwrap();
        for (number, sketch) in prints {
            for project in [1, 2] {
                add(&db, project, number + (project - 1) * 1_000_000, &sketch);
            }
        }
        db.execute_batch("COMMIT").unwrap();
        let reader = Reader::open(&path).unwrap();
        Self {
            reader,
            db,
            _dir: dir,
        }
    }

    fn alike(&self, id: i64) -> (Vec<(u64, u32)>, usize) {
        self.seen(&Sight::All, id)
    }

    fn seen(&self, sight: &Sight, id: i64) -> (Vec<(u64, u32)>, usize) {
        let found = self
            .reader
            .read(sight, |snapshot| snapshot.alike(IssueId(id as u64), 24, 10));
        let found = found.unwrap();
        let pairs = found.issues.iter();
        let pairs = pairs.map(|alike| (alike.issue.0, alike.equal_places));
        (pairs.collect(), found.rows_read)
    }
}

/// An issue with one fingerprint, whose newest event is at the place of its number.
fn add(db: &Connection, project: i64, id: i64, sketch: &Sketch) {
    let mut issue = db
        .prepare_cached(
            "INSERT INTO issue (id, project_id, title, culprit, type, value, level, platform,
                 handled, status, count, users, first_seen, last_seen, first_position,
                 last_position, first_event_id, last_event_id)
             VALUES (?1, ?2, '', '', '', '', 4, '', 0, 1, 1, 0, 0, 0, ?1, ?1, zeroblob(16),
                 zeroblob(16))",
        )
        .unwrap();
    issue.execute([id, project]).unwrap();
    let mut print = db
        .prepare_cached(
            "INSERT INTO fingerprint (id, project_id, fingerprint, title, culprit, type, value,
                 level, platform, handled, count, users, first_seen, last_seen, first_position,
                 last_position, first_event_id, last_event_id, first_release, last_release,
                 first_release_at, last_release_at, opened, issue_id)
             VALUES (?1, ?2, cast(printf('%016d', ?1) AS BLOB), '', '', '', '', 4, '', 0, 1, 0, 0, 0,
                 ?1, ?1,
                 zeroblob(16), zeroblob(16), '', '', 0, 0, ?1, ?1)",
        )
        .unwrap();
    print.execute([id, project]).unwrap();
    let mut row = db
        .prepare_cached("INSERT INTO fingerprint_sketch VALUES (?1, ?2)")
        .unwrap();
    row.execute(params![id, sketch.to_bytes()]).unwrap();
    let mut row = db
        .prepare_cached("INSERT INTO fingerprint_band VALUES (?1, ?2, ?3)")
        .unwrap();
    for band in sketch.bands() {
        row.execute([project, band, id]).unwrap();
    }
}

fn big() -> World {
    let crowd = sketch(-1);
    let strangers = (CROWD..PRINTS).map(|number| (number, sketch(number)));
    let crowded = (1..CROWD).map(move |number| (number, crowd));
    let known = [
        (PRINTS, like(&sketch(PRINTS - 1), 48, -2)),
        (PRINTS + 1, like(&sketch(PRINTS - 1), 32, -3)),
        (PRINTS + 2, like(&sketch(PRINTS - 1), 20, -4)),
    ];
    World::new(crowded.chain(strangers).chain(known))
}

#[test]
fn those_alike_are_found_among_tens_of_thousands_by_few_rows() {
    let world = big();
    let steps = |id: i64| {
        let strides = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&strides);
        let answer = world.reader.read(&Sight::All, |snapshot| {
            let count = move || {
                counted.fetch_add(1, Ordering::Relaxed);
                false
            };
            snapshot.connection.progress_handler(10, Some(count))?;
            let answer = snapshot.alike(IssueId(id as u64), 24, 10);
            snapshot
                .connection
                .progress_handler(0, None::<fn() -> bool>)?;
            answer
        });
        let most = (BANDS as i64 * BAND_ROWS_MAX) as usize + CANDIDATES_MAX + 1;
        let rows_read = answer.unwrap().rows_read;
        assert!(rows_read <= most, "{rows_read} of {most}");
        strides.load(Ordering::Relaxed) * 10
    };
    // One whose every band has 20,000 rows, and one that has few.
    for id in [CROWD / 2, PRINTS - 1] {
        let steps = steps(id);
        assert!(steps < STEPS_MAX, "{id}: {steps}");
    }
    let (found, rows_read) = world.alike(PRINTS - 1);
    let expected = [(PRINTS as u64, 48), (PRINTS as u64 + 1, 32)];
    assert_eq!(found, expected, "{rows_read} rows");
    assert!(rows_read < 100, "{rows_read}");
    // Of many that are equal some are told, the same each time.
    let (found, _) = world.alike(CROWD / 2);
    assert_eq!(found.len(), 10);
    assert!(
        found
            .iter()
            .all(|(id, equal)| *id < CROWD as u64 && *equal == 64)
    );
    assert_eq!(world.alike(CROWD / 2).0, found);
}

#[test]
fn what_is_discarded_merged_or_of_a_project_out_of_sight_is_left_out() {
    let one = sketch(1);
    let world = World::new((1..=5).map(|number| (number, like(&one, 60, number))));
    assert_eq!(world.alike(1).0.len(), 4);
    let sql = "INSERT INTO discarded VALUES (2);
        UPDATE fingerprint SET issue_id = 1 WHERE id = 3;
        DELETE FROM issue WHERE id = 3;
        UPDATE fingerprint SET issue_id = 4 WHERE id = 5;
        DELETE FROM issue WHERE id = 5;";
    world.db.execute_batch(sql).unwrap();
    let (found, _) = world.alike(1);
    assert_eq!(found, [(4, 60)]);
    // Of the two fingerprints the one that is most alike, and its newest event.
    let mine = world
        .reader
        .read(&Sight::All, |snapshot| snapshot.alike(IssueId(4), 24, 10));
    let mine = mine.unwrap().issues;
    assert_eq!((mine.len(), mine[0].issue), (1, IssueId(1)));
    let sight = Sight::only([ProjectId(1)]);
    assert_eq!(world.seen(&sight, 1).0, [(4, 60)]);
    assert_eq!(world.seen(&sight, 1_000_001), (vec![], 0));
    assert_eq!(world.seen(&Sight::NOTHING, 1), (vec![], 0));
    // No sketch, nothing alike.
    world
        .db
        .execute_batch("DELETE FROM fingerprint_sketch WHERE fingerprint_id IN (1, 3)")
        .unwrap();
    assert_eq!(world.alike(1).0, []);
}
