//! Blobs go when no kept record names them, and never before: random puts, records,
//! marks, drops, clocks that go back, and ends of the process between any two steps.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    time::Duration,
};

use event_log::blobs::{BlobHash, Blobs, Naming, Sheddable, Swept};
use event_model::{Position, ProjectId};
use proptest::prelude::*;

const SECOND_NS: i64 = 1_000_000_000;
/// Nobody is waited for.
const AT_ONCE: Duration = Duration::ZERO;

#[derive(Debug, Clone)]
enum Step {
    /// Puts a file, and has not named it yet.
    Put {
        project: u32,
        content: u8,
    },
    /// The oldest put is named by a record, or is not (no room in the log).
    End {
        is_named: bool,
    },
    /// A record that names nothing.
    Append,
    Mark,
    /// The oldest records go, and then what only they name.
    Drop {
        records: u64,
    },
    /// The process dies, perhaps with its marks.
    Die {
        loses_marks: bool,
    },
    /// The clock goes on, or back.
    Clock {
        seconds: i64,
    },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (1..3u32, 0..6u8).prop_map(|(project, content)| Step::Put { project, content }),
        4 => prop::bool::weighted(0.8).prop_map(|is_named| Step::End { is_named }),
        1 => Just(Step::Append),
        3 => Just(Step::Mark),
        2 => (0..8u64).prop_map(|records| Step::Drop { records }),
        1 => prop::bool::weighted(0.2).prop_map(|loses_marks| Step::Die { loses_marks }),
        3 => (-40..90i64).prop_map(|seconds| Step::Clock { seconds }),
    ]
}

type Blob = (ProjectId, BlobHash);

/// The blobs, and beside them what must be there.
struct World<'a> {
    dir: &'a Path,
    blobs: Blobs,
    now_ns: i64,
    latest_ns: i64,
    /// What the record at each position names.
    log: BTreeMap<u64, Option<Blob>>,
    end: u64,
    held: Vec<(Naming, Blob)>,
}

impl World<'_> {
    fn append(&mut self, names: Option<Blob>) {
        self.end += 1;
        self.log.insert(self.end, names);
    }

    async fn mark(&self) -> bool {
        let end = Position(self.end);
        self.blobs.mark(|| end, self.now_ns, AT_ONCE).await.unwrap()
    }

    async fn drop_records(&mut self, records: u64) -> Swept {
        let first = self.log.keys().next().copied().unwrap_or(self.end + 1);
        let first = (first + records).min(self.end + 1);
        self.log = self.log.split_off(&first);
        self.blobs.sweep(Position(first), AT_ONCE).await.unwrap()
    }

    async fn take(&mut self, step: &Step) {
        match *step {
            Step::Put { project, content } => {
                let (project, bytes) = (ProjectId(project), vec![content; 100]);
                let naming = self.blobs.naming().await;
                let put = self.blobs.put(&naming, project, bytes.into(), self.now_ns);
                let (hash, _) = put.await.unwrap();
                self.held.push((naming, (project, hash)));
            }
            Step::End { is_named } => {
                if self.held.is_empty() {
                    return;
                }
                let (naming, blob) = self.held.remove(0);
                if is_named {
                    self.append(Some(blob));
                }
                drop(naming);
            }
            Step::Append => self.append(None),
            Step::Mark => assert_eq!(self.mark().await, self.held.is_empty()),
            Step::Drop { records } => {
                self.drop_records(records).await;
            }
            Step::Die { loses_marks } => {
                self.held.clear();
                if loses_marks {
                    let _ = std::fs::remove_file(self.dir.join("marks"));
                }
                self.blobs = Blobs::open(self.dir).unwrap();
            }
            Step::Clock { seconds } => {
                self.now_ns += seconds * SECOND_NS;
                self.latest_ns = self.latest_ns.max(self.now_ns);
            }
        }
    }

    async fn check(&self) -> Result<(), TestCaseError> {
        let named = self.log.values().flatten();
        let held = self.held.iter().map(|(_, blob)| blob);
        let wanted: BTreeSet<Blob> = named.chain(held).copied().collect();
        for (project, hash) in wanted {
            let found = self.blobs.get(project, hash).await;
            prop_assert!(matches!(found, Ok(Some(_))), "{project} {hash}: {found:?}");
        }
        Ok(())
    }
}

/// Bytes of all files, by project.
fn there(dir: &Path) -> BTreeMap<ProjectId, u64> {
    let mut bytes = BTreeMap::new();
    for project in 1..3u32 {
        let Ok(files) = std::fs::read_dir(dir.join(project.to_string())) else {
            continue;
        };
        let sizes = files.map(|file| file.unwrap().metadata().unwrap().len());
        bytes.insert(ProjectId(project), sizes.sum::<u64>());
    }
    bytes.retain(|_, bytes| *bytes > 0);
    bytes
}

async fn live(steps: &[Step]) -> Result<(), TestCaseError> {
    let dir = tempfile::tempdir().unwrap();
    let now_ns = 1_700_000_000 * SECOND_NS;
    let mut world = World {
        dir: dir.path(),
        blobs: Blobs::open(dir.path()).unwrap(),
        now_ns,
        latest_ns: now_ns,
        log: BTreeMap::new(),
        end: 0,
        held: Vec::new(),
    };
    for step in steps {
        world.take(step).await;
        world.check().await?;
    }
    // With the last record the last file goes, and is accounted for.
    world.held.clear();
    world.now_ns = world.latest_ns + 10 * SECOND_NS;
    prop_assert!(world.mark().await);
    world.append(None);
    let before = there(dir.path());
    let swept = world.drop_records(u64::MAX / 2).await;
    prop_assert_eq!(there(dir.path()), BTreeMap::new());
    prop_assert_eq!(swept.projects, before);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn a_blob_stays_as_long_as_a_kept_record_names_it_and_no_longer(
        steps in prop::collection::vec(step(), 0..60),
    ) {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(live(&steps))?;
    }
}

#[tokio::test]
async fn nothing_is_removed_beneath_a_put_that_will_be_named() {
    let dir = tempfile::tempdir().unwrap();
    let blobs = Blobs::open(dir.path()).unwrap();
    let project = ProjectId(1);
    let naming = blobs.naming().await;
    let put = blobs.put(&naming, project, "a file".into(), SECOND_NS);
    let (hash, _) = put.await.unwrap();
    drop(naming);
    let later = 60 * SECOND_NS;
    assert!(blobs.mark(|| Position(5), later, AT_ONCE).await.unwrap());
    // The record is dropped while the same file is put for another one.
    let naming = blobs.naming().await;
    let again = blobs.put(&naming, project, "a file".into(), later + SECOND_NS);
    again.await.unwrap();
    let swept = blobs.sweep(Position(6), AT_ONCE).await.unwrap();
    assert_eq!(swept, Swept::default());
    assert!(blobs.get(project, hash).await.unwrap().is_some());
    drop(naming);
    // Nor once that one is in the log.
    let swept = blobs.sweep(Position(6), AT_ONCE).await.unwrap();
    assert_eq!(swept, Swept::default());
    assert!(blobs.get(project, hash).await.unwrap().is_some());
}

#[tokio::test]
async fn a_clock_that_goes_back_costs_no_file() {
    let dir = tempfile::tempdir().unwrap();
    let project = ProjectId(1);
    for opened_again in [false, true] {
        let mut blobs = Blobs::open(dir.path()).unwrap();
        let (noon, hour) = (1_700_000_000 * SECOND_NS, 3_600 * SECOND_NS);
        assert!(blobs.mark(|| Position(1), noon, AT_ONCE).await.unwrap());
        if opened_again {
            blobs = Blobs::open(dir.path()).unwrap();
        }
        let naming = blobs.naming().await;
        let put = blobs.put(&naming, project, "later".into(), noon - hour);
        let (hash, _) = put.await.unwrap();
        // The record behind the mark.
        drop(naming);
        let swept = blobs.sweep(Position(2), AT_ONCE).await.unwrap();
        assert_eq!(swept, Swept::default(), "{opened_again}");
        assert!(blobs.get(project, hash).await.unwrap().is_some());
    }
}

#[tokio::test]
async fn the_oldest_files_are_told_by_the_position_that_their_records_are_before() {
    let dir = tempfile::tempdir().unwrap();
    let blobs = Blobs::open(dir.path()).unwrap();
    assert_eq!(blobs.oldest(1).await.unwrap(), None);
    // A file of 100 bytes and its record each minute, and a mark behind it.
    for minute in 1..=4u8 {
        let now_ns = i64::from(minute) * 60 * SECOND_NS;
        let naming = blobs.naming().await;
        let put = blobs.put(&naming, ProjectId(7), vec![minute; 100].into(), now_ns);
        put.await.unwrap();
        drop(naming);
        let end = Position(u64::from(minute) * 10);
        let marked = blobs.mark(|| end, now_ns + 10 * SECOND_NS, AT_ONCE).await;
        assert!(marked.unwrap());
    }
    let step = |below, files| {
        Some(Sheddable {
            below: Position(below),
            files,
            bytes: files * 100,
        })
    };
    for (wanted, expected) in [
        (1, step(11, 1)),
        (100, step(11, 1)),
        (101, step(21, 2)),
        (400, step(41, 4)),
        (5_000, step(41, 4)),
    ] {
        assert_eq!(blobs.oldest(wanted).await.unwrap(), expected, "{wanted}");
    }
    let swept = blobs.sweep(Position(21), AT_ONCE).await.unwrap();
    assert_eq!((swept.files, swept.projects[&ProjectId(7)]), (2, 200));
    assert_eq!(blobs.oldest(1).await.unwrap(), step(31, 1));
}
