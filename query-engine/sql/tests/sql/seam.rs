//! Log and files meet, and every event is there once, whatever happens meanwhile.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use object_store::ObjectStore;
use parking_lot::Mutex;
use serde_json::json;
use sql_engine::cold::{ColdError, ColdFiles, ColdList};

use crate::world::{BOUNDS, World, append, block_on, complete, event, events, wait};

const ONCE: &str = "SELECT count(*), count(DISTINCT position), count(DISTINCT event_id), min(position), max(position) FROM events";

/// Does something around a look at the files.
struct Around {
    files: Arc<dyn ColdFiles>,
    armed: AtomicBool,
    before: Mutex<Option<Box<dyn FnOnce() + Send>>>,
    behind: Mutex<Option<Box<dyn FnOnce() + Send>>>,
}

impl std::fmt::Debug for Around {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Around")
    }
}

impl ColdFiles for Around {
    fn list(&self) -> Result<ColdList, ColdError> {
        let is_armed = self.armed.swap(false, Ordering::SeqCst);
        if is_armed && let Some(act) = self.before.lock().take() {
            act();
        }
        let list = self.files.list();
        if is_armed && let Some(act) = self.behind.lock().take() {
            act();
        }
        list
    }

    fn store(&self) -> Result<Option<Arc<dyn ObjectStore>>, ColdError> {
        self.files.store()
    }
}

#[test]
fn a_file_that_appears_while_a_query_runs_changes_nothing() {
    for is_before in [true, false] {
        let slot: Arc<Mutex<Option<Arc<Around>>>> = Arc::default();
        let kept = Arc::clone(&slot);
        let world = World::with(BOUNDS, move |files| {
            let around = Arc::new(Around {
                files,
                armed: AtomicBool::new(false),
                before: Mutex::default(),
                behind: Mutex::default(),
            });
            *kept.lock() = Some(Arc::clone(&around));
            around
        });
        let around = slot.lock().take().unwrap();
        for n in 0..300 {
            world.append(&event(n));
        }
        world.settle();
        let reader = world.log.reader();
        let sealed = complete(&reader);
        let (log, cold) = (world.log.clone(), world.dir.path().join("cold"));
        let added = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&added);
        let act: Box<dyn FnOnce() + Send> = Box::new(move || {
            let before = files_in(&cold);
            let mut n = 1_000;
            while complete(&log.reader()) == sealed {
                append(&log, &event(n));
                count.fetch_add(1, Ordering::SeqCst);
                n += 1;
            }
            wait("the new file", || files_in(&cold) > before);
        });
        *if is_before {
            around.before.lock()
        } else {
            around.behind.lock()
        } = Some(act);
        around.armed.store(true, Ordering::SeqCst);
        let row = block_on(world.ask(ONCE)).rows().remove(0);
        assert!(
            added.load(Ordering::SeqCst) > 0,
            "nothing happened meanwhile"
        );
        let all = events(&reader);
        // Seen is all up to the end of the moment: of a log that went on, or of the file.
        let seen = row[0].as_u64().unwrap();
        assert_eq!((&row[0], &row[0]), (&row[1], &row[2]), "twice: {row:?}");
        let last = row[4].as_u64().unwrap();
        let expected = all
            .iter()
            .filter(|(position, _)| position.0 <= last)
            .count();
        assert_eq!(seen, expected as u64, "missing, before: {is_before}");
        assert!(seen >= 300, "{row:?}");
    }
}

#[test]
fn half_of_a_segments_files_are_not_taken_for_all() {
    let world = World::new();
    // Two days in one segment: hours apart, so that midnight is within.
    for n in 0..300 {
        let mut event = event(n);
        event.received_ns += n.cast_signed() * 600 * 1_000_000_000;
        event.timestamp_ns = event.received_ns;
        world.append(&event);
    }
    world.settle();
    let row = block_on(world.ask(ONCE)).rows().remove(0);
    assert_eq!((&row[0], &row[2]), (&json!(300), &json!(300)));
    let cold = world.dir.path().join("cold/events");
    let mut newest: Vec<_> = walk(&cold);
    newest.sort_by_key(|path| path.file_name().unwrap().to_owned());
    let name = newest.last().unwrap().file_name().unwrap().to_owned();
    let of_segment: Vec<_> = newest
        .iter()
        .filter(|path| path.file_name() == Some(&name))
        .collect();
    assert!(of_segment.len() >= 2, "a segment over midnight: {newest:?}");
    // As if it had not been written yet. The query engine of before knows the segment whole.
    std::fs::remove_file(of_segment[0]).unwrap();
    let folder = sql_engine::cold::KeptFiles::open(
        &read_model::cold::Place::folder(world.dir.path().join("cold")),
        world.log.reader(),
    );
    let list = folder.unwrap().list().unwrap();
    assert!(
        list.files
            .iter()
            .all(|found| found.object.location.filename() != name.to_str())
    );
    assert!(list.through < complete(&world.log.reader()));
}

fn files_in(cold: &std::path::Path) -> usize {
    walk(&cold.join("events")).len()
}

fn walk(dir: &std::path::Path) -> Vec<std::path::PathBuf> {
    let Ok(entries) = std::fs::read_dir(dir) else {
        return Vec::new();
    };
    let paths = entries.map(|entry| entry.unwrap().path());
    let found = paths.flat_map(|path| {
        if path.is_dir() {
            walk(&path)
        } else {
            vec![path]
        }
    });
    found
        .filter(|path| path.extension().is_some_and(|end| end == "parquet"))
        .collect()
}
