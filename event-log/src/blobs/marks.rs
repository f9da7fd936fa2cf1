//! Marks: by when and where all that names a blob was in the log.
//!
//! A mark (stamp, position) says: whatever was put with a smaller stamp, and not again
//! since, is named by no record behind the position. So once the log is kept from behind
//! it on, no kept record names such a blob. Stamps are clock times that never go back,
//! whatever the clock does; a file's own time is the stamp of its last put.
//!
//! Invariant: a mark is never wrong, only missing. Losing the file, or a part of the list,
//! keeps blobs for longer. The file is synced before it has its name, and ends with a
//! line without which it is not believed.
//!
//! Units: Unix nanoseconds.

use std::{
    fs::{self, File},
    io::{self, ErrorKind, Write},
    path::Path,
};

use event_model::Position;

/// The file, in the folder of blobs.
const NAME: &str = "marks";
const HEAD: &str = "errata blob marks 1";
const END: &str = "end";
/// Marks kept. Beyond it they are thinned out evenly: some hours apart within 90 days.
const MARKS_MAX: usize = 512;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Mark {
    stamp_ns: i64,
    position: Position,
}

/// Those of a folder of blobs, oldest first.
#[derive(Debug, Default)]
pub(super) struct Marks {
    list: Vec<Mark>,
    newest_ns: i64,
}

impl Marks {
    /// What is there; a file that cannot be understood is none.
    pub(super) fn load(dir: &Path) -> io::Result<Self> {
        let text = match fs::read(dir.join(NAME)) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(error),
        };
        let list = parse(&text).unwrap_or_default();
        let newest_ns = list.last().map_or(0, |mark| mark.stamp_ns);
        Ok(Self { list, newest_ns })
    }

    /// A stamp for now: none that was given before is larger.
    pub(super) fn stamp(&mut self, now_ns: i64) -> i64 {
        self.newest_ns = self.newest_ns.max(now_ns);
        self.newest_ns
    }

    /// All that was put until now is named up to here at most.
    pub(super) fn add(&mut self, now_ns: i64, position: Position) {
        let stamp_ns = self.stamp(now_ns);
        let mark = Mark { stamp_ns, position };
        match self.list.last_mut() {
            // Nothing was appended since: it holds for what was put meanwhile, too.
            Some(last) if last.position == position => *last = mark,
            _ => self.list.push(mark),
        }
        if self.list.len() > MARKS_MAX {
            // The one that is missed least, and not the newest: they would push each other
            // out.
            let gap = |index: &usize| self.list[index + 1].stamp_ns - self.list[index - 1].stamp_ns;
            if let Some(index) = (1..self.list.len() - 1).min_by_key(gap) {
                self.list.remove(index);
            }
        }
    }

    /// The stamp below which nothing is named by a record from `first` on.
    pub(super) fn passed(&self, first: Position) -> Option<i64> {
        let passed = |mark: &&Mark| mark.position.sequence() < first.sequence();
        let newest = self.list.iter().rev().find(passed)?;
        Some(newest.stamp_ns)
    }

    /// Every mark: its stamp, and the first position at which what it says holds.
    pub(super) fn steps(&self) -> Vec<(i64, Position)> {
        let step = |mark: &Mark| (mark.stamp_ns, Position(mark.position.0 + 1));
        self.list.iter().map(step).collect()
    }

    /// Forgets those up to this stamp: what they allow was done.
    pub(super) fn forget(&mut self, stamp_ns: i64) {
        self.list.retain(|mark| mark.stamp_ns > stamp_ns);
    }

    /// Stores them.
    pub(super) fn save(&self, dir: &Path) -> io::Result<()> {
        let unnamed = dir.join("marks.tmp");
        let lines = self.list.iter();
        let lines = lines.map(|mark| format!("{} {}\n", mark.stamp_ns, mark.position.0));
        let text = format!("{HEAD}\n{}{END}\n", lines.collect::<Vec<_>>().concat());
        let mut file = File::create(&unnamed)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&unnamed, dir.join(NAME))
    }
}

fn parse(text: &str) -> Option<Vec<Mark>> {
    let mut lines = text.lines();
    if lines.next()? != HEAD {
        return None;
    }
    let mut list: Vec<Mark> = Vec::new();
    loop {
        let line = lines.next()?;
        if line == END {
            return Some(list);
        }
        let (stamp, position) = line.split_once(' ')?;
        let mark = Mark {
            stamp_ns: stamp.parse().ok()?,
            position: Position(position.parse().ok()?),
        };
        if list
            .last()
            .is_some_and(|last| last.stamp_ns > mark.stamp_ns)
        {
            return None;
        }
        list.push(mark);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn at(sequence: u64) -> Position {
        Position(sequence)
    }

    #[test]
    fn a_mark_is_passed_when_the_log_begins_behind_it() {
        let mut marks = Marks::default();
        for (stamp_ns, position) in [(10, 5), (20, 9), (15, 9), (30, 12)] {
            marks.add(stamp_ns, at(position));
        }
        for (first, passed) in [
            (1, None),
            (5, None),
            (6, Some(10)),
            (9, Some(10)),
            // Of two marks of one position the newer; its clock had gone back.
            (10, Some(20)),
            (13, Some(30)),
        ] {
            assert_eq!(marks.passed(at(first)), passed, "{first}");
        }
        marks.forget(10);
        assert_eq!(marks.passed(at(6)), None);
        assert_eq!(marks.passed(at(10)), Some(20));
    }

    #[test]
    fn what_was_stored_is_believed_whole_or_not_at_all() {
        let dir = tempfile::tempdir().unwrap();
        let mut marks = Marks::load(dir.path()).unwrap();
        for number in 1..20 {
            marks.add(1_000_000_000 * number, at(100 * number as u64));
        }
        marks.save(dir.path()).unwrap();
        let again = Marks::load(dir.path()).unwrap();
        assert_eq!(again.list, marks.list);
        assert_eq!(again.newest_ns, marks.newest_ns, "stamps go on from there");
        let whole = fs::read(dir.path().join(NAME)).unwrap();
        // But for the last line break, no cut is taken for the whole.
        for length in 0..whole.len() - 1 {
            fs::write(dir.path().join(NAME), &whole[..length]).unwrap();
            let cut = Marks::load(dir.path()).unwrap();
            assert!(cut.list.is_empty(), "{length} bytes");
        }
    }

    #[test]
    fn many_marks_are_thinned_out_and_stay_right() {
        let mut marks = Marks::default();
        for number in 1..10_000 {
            marks.add(number, at(number as u64));
            assert_eq!(marks.list.last().unwrap().position, at(number as u64));
        }
        assert!(marks.list.len() <= MARKS_MAX);
        for mark in &marks.list {
            assert_eq!(mark.stamp_ns as u64, mark.position.0);
        }
        for first in (100..10_000).step_by(100) {
            let passed = marks.passed(at(first)).unwrap().unsigned_abs();
            assert!((first - 80..first).contains(&passed), "{first}: {passed}");
        }
    }
}
