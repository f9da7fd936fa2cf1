//! A log copied away while it is written to, brought back and cut, beside what a plain list says.

use std::fs;
use std::path::Path;

use log_core::{AdoptError, Config, Log, Placed, Reader, Sealing, SegmentCopy, adopt, cut, verify};
use proptest::prelude::*;

use crate::support::{assert_holds, config, entries, fill, payload, record};

const LENGTH: usize = 300;

fn sealing(dir: &Path) -> Config {
    Config {
        sealing: Some(Sealing {
            raw_segments: 1,
            level: 1,
        }),
        ..config(dir, 16 * 1024)
    }
}

/// Writes what counts of each file into `to`.
fn put(copies: &[SegmentCopy], to: &Path) -> Vec<Placed> {
    fs::create_dir_all(to).unwrap();
    let place = |copy: &SegmentCopy| {
        let (mut bytes, mut step) = (Vec::new(), vec![0; 1000]);
        loop {
            match copy.read_at(&mut step, bytes.len() as u64).unwrap() {
                0 => break,
                read => bytes.extend_from_slice(&step[..read]),
            }
        }
        assert_eq!(bytes.len() as u64, copy.bytes);
        fs::write(to.join(&copy.name), bytes).unwrap();
        Placed {
            number: copy.number,
            base: copy.base,
            sealed: Path::new(&copy.name)
                .extension()
                .is_some_and(|extension| extension == "zst"),
            redaction: copy.redaction,
        }
    };
    copies.iter().map(place).collect()
}

fn copy(from: &Path, to: &Path) -> Vec<Placed> {
    let reader = Reader::open_read_only(from).unwrap();
    put(&reader.copies(|_| true).unwrap(), to)
}

#[test]
fn a_copy_of_a_log_that_is_written_to_is_the_log_up_to_a_moment() {
    let dir = tempfile::tempdir().unwrap();
    let (live, back) = (dir.path().join("live"), dir.path().join("back"));
    let log = Log::open(sealing(&live)).unwrap();
    fill(&log, 1, 300, LENGTH);
    let reader = Reader::open_read_only(&live).unwrap();
    let copies = reader.copies(|_| true).unwrap();
    // What was open stays readable, whatever becomes of its name.
    while log.seal_next().unwrap().is_some() {}
    log.drop_below(200).unwrap();
    fill(&log, 300, 400, LENGTH);
    let placed = put(&copies, &back);
    adopt(&back, &placed).unwrap();
    assert!(verify(&back).unwrap().is_sound());
    assert_holds(&Reader::open_read_only(&back).unwrap(), 1, 300, LENGTH);
    let again = Log::open(sealing(&back)).unwrap();
    fill(&again, 300, 500, LENGTH);
    while again.seal_next().unwrap().is_some() {}
    again.close().unwrap();
    assert!(verify(&back).unwrap().is_sound());
    assert_holds(&Reader::open_read_only(&back).unwrap(), 1, 500, LENGTH);
}

#[test]
fn a_seal_tells_a_segment_in_both_of_its_forms() {
    let dir = tempfile::tempdir().unwrap();
    let log = Log::open(sealing(dir.path())).unwrap();
    fill(&log, 1, 200, LENGTH);
    let seals = || -> Vec<_> {
        let copies = Reader::open_read_only(dir.path()).unwrap();
        let copies = copies.copies(|_| false).unwrap();
        copies.iter().map(|copy| copy.seal).collect()
    };
    let raw = seals();
    assert!(raw.len() > 2 && raw.last().unwrap().is_none());
    while log.seal_next().unwrap().is_some() {}
    assert_eq!(seals(), raw);
}

#[test]
fn a_copy_that_lacks_a_segment_or_has_another_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let (live, other) = (dir.path().join("live"), dir.path().join("other"));
    for path in [&live, &other] {
        let log = Log::open(sealing(path)).unwrap();
        fill(&log, 1, 200, LENGTH);
    }
    let back = dir.path().join("gap");
    let mut placed = copy(&live, &back);
    placed.remove(1);
    assert!(adopt(&back, &placed).is_err());
    let back = dir.path().join("foreign");
    let placed = copy(&live, &back);
    fs::copy(other.join("0000000002.log"), back.join("0000000002.log")).unwrap();
    assert!(adopt(&back, &placed).is_err());
    let back = dir.path().join("nothing");
    fs::create_dir(&back).unwrap();
    assert!(matches!(adopt(&back, &[]), Err(AdoptError::Nothing { .. })));
}

#[test]
fn a_cut_outside_of_the_log_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let log = Log::open(sealing(dir.path())).unwrap();
    fill(&log, 1, 100, LENGTH);
    log.close().unwrap();
    for end in [0, 101, u64::MAX] {
        let cut = cut(dir.path(), end);
        assert!(matches!(cut, Err(AdoptError::Outside { .. })), "{end}");
    }
    let _writer = Log::open(sealing(dir.path())).unwrap();
    assert!(matches!(cut(dir.path(), 50), Err(AdoptError::Open(_))));
}

/// What a test does to a log.
#[derive(Clone, Debug)]
enum Step {
    /// Records one by one.
    Single(u8),
    /// Records as one batch.
    Batch(u8),
    Seal,
    /// Drops below that part of what is there.
    Drop(u8),
    Reopen,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (1..40u8).prop_map(Step::Single),
        4 => (1..30u8).prop_map(Step::Batch),
        1 => Just(Step::Seal),
        1 => (0..100u8).prop_map(Step::Drop),
        1 => Just(Step::Reopen),
    ];
    proptest::collection::vec(step, 1..12)
}

/// A log after these steps, and the end of it.
fn played(dir: &Path, steps: &[Step]) -> u64 {
    let mut log = Log::open(sealing(dir)).unwrap();
    let mut next = 1;
    for step in steps {
        match step {
            Step::Single(count) => {
                fill(&log, next, next + u64::from(*count), LENGTH);
                next += u64::from(*count);
            }
            Step::Batch(count) => {
                let numbers = next..next + u64::from(*count);
                let records = numbers.clone().map(|n| record(payload(n, LENGTH)));
                let ticket = log.append_batch(records.collect()).unwrap();
                ticket.wait().unwrap();
                next = numbers.end;
            }
            Step::Seal => while log.seal_next().unwrap().is_some() {},
            Step::Drop(part) => {
                log.drop_below(next * u64::from(*part) / 100).unwrap();
            }
            Step::Reopen => {
                log.close().unwrap();
                drop(log);
                log = Log::open(sealing(dir)).unwrap();
            }
        }
    }
    log.close().unwrap();
    next
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn a_cut_copy_is_the_log_as_it_was_then(
        steps in steps(),
        at in any::<proptest::sample::Index>(),
        lacking in any::<bool>(),
        more in 1..60u64,
    ) {
        let dir = tempfile::tempdir().unwrap();
        let (live, back) = (dir.path().join("live"), dir.path().join("back"));
        let end = played(&live, &steps);
        let first = Reader::open_read_only(&live).unwrap().first();
        let wanted = first + at.index((end - first + 1) as usize) as u64;
        let mut placed = copy(&live, &back);
        if lacking {
            // Segments behind the cut need not be there.
            let kept = placed.iter().rposition(|one| one.base < wanted).unwrap_or(0);
            for gone in placed.drain(kept + 1..) {
                let suffix = if gone.sealed { ".zst" } else { "" };
                fs::remove_file(back.join(format!("{:010}.log{suffix}", gone.number))).unwrap();
            }
        }
        adopt(&back, &placed).unwrap();
        cut(&back, wanted).unwrap();
        prop_assert!(verify(&back).unwrap().is_sound());
        let reader = Reader::open_read_only(&back).unwrap();
        assert_holds(&reader, first, wanted, LENGTH);
        let was = entries(&Reader::open_read_only(&live).unwrap());
        prop_assert_eq!(&entries(&reader)[..], &was[..(wanted - first) as usize]);
        // It goes on as any log does.
        let log = Log::open(sealing(&back)).unwrap();
        fill(&log, wanted, wanted + more, LENGTH);
        while log.seal_next().unwrap().is_some() {}
        log.close().unwrap();
        prop_assert!(verify(&back).unwrap().is_sound());
        assert_holds(&Reader::open_read_only(&back).unwrap(), first, wanted + more, LENGTH);
    }
}
