//! What manifest and directory mean together, as two tables; pure. The tests hold that every case has exactly one
//! row.
//!
//! The first table decides whether there is anything to compare with, the second one goes through the segments. A
//! manifest is the truth about what was dropped and in which form a segment counts: a file that it does not explain
//! is removed only if a crash can have left it there, else opening is refused and the file is named.
//!
//! The order for whoever acts on a [`Resolution`]: store the new manifest first, then remove. What was read may
//! never have reached the disk, and files that only it calls leftovers must not go before it has.

use std::collections::{BTreeMap, BTreeSet};

use super::{Form, Listed, Manifest};

/// A segment's files as they lie in the directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Present {
    /// Number of the segment, from the name.
    pub(crate) number: u64,
    /// What its header (or block table) says.
    pub(crate) log_id: [u8; 16],
    /// Its first sequence number.
    pub(crate) base: u64,
    /// Whether `{number:010}.log` is there.
    pub(crate) raw: bool,
    /// Whether `{number:010}.log.zst` is there.
    pub(crate) sealed: bool,
}

/// What the two manifest files together tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Known {
    /// The newest manifest there ever was.
    Newest(Manifest),
    /// A manifest that had one successor at most: the other file cannot be read.
    Doubtful(Manifest),
    /// None was ever written, or the very first write was cut by a crash.
    Nothing,
    /// Some were written, none can be read.
    Lost,
}

/// What to do before a writer goes on; a reader looks at `segments` only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Resolution {
    /// The segments that make up the log, to be stored as the next manifest. Empty: a new log begins here.
    pub(crate) segments: Vec<Listed>,
    /// First retained sequence number; 1 for a new log.
    pub(crate) first_sequence: u64,
    /// Files that a crash left, to be removed after that manifest is durable.
    pub(crate) remove: Vec<(u64, Form)>,
    /// Whether the list differs from the one that was read.
    pub(crate) changed: bool,
}

/// Why a log is not opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// A listed segment is gone.
    #[error(
        "segment {number} with the records from {base} on is listed in the manifest, but its file is gone"
    )]
    Missing {
        /// The segment.
        number: u64,
        /// Its first record.
        base: u64,
    },
    /// A segment that neither the manifest nor a crash explains.
    #[error("segment {number} is not listed in the manifest, whose newest segment is {newest}")]
    Unlisted {
        /// The segment.
        number: u64,
        /// Newest listed segment.
        newest: u64,
    },
    /// A gap among segments that are not listed.
    #[error("segment {number} is missing before segment {found}")]
    Gap {
        /// The missing segment.
        number: u64,
        /// The next one that is there.
        found: u64,
    },
    /// Raw and sealed files of a segment, and no manifest that says which one counts.
    #[error("segment {number} has a raw and a sealed file, and no manifest says which one counts")]
    Ambiguous {
        /// The segment.
        number: u64,
    },
    /// A segment of another log.
    #[error("segment {number} is of another log than the manifest")]
    Foreign {
        /// The segment.
        number: u64,
    },
    /// A segment that starts elsewhere than listed.
    #[error("segment {number} starts at record {found}, the manifest says {expected}")]
    Base {
        /// The segment.
        number: u64,
        /// First record as listed.
        expected: u64,
        /// First record in the file.
        found: u64,
    },
    /// No manifest, and the oldest segments are gone: dropped or lost, nobody can tell.
    #[error(
        "there is no manifest, and the first segment is {first}: whether older ones were dropped or lost is unknown"
    )]
    Absent {
        /// The oldest segment.
        first: u64,
    },
    /// Both manifest files are damaged.
    #[error("both manifest files are damaged")]
    Damaged,
}

/// `None` stands for "any".
type LogRow = (Knows, Option<Oldest>, Log);
type SegmentRow = (Says, Option<Redacted>, Files, Step);

/// First table: whether a manifest is there, and the oldest segment.
const LOGS: [LogRow; 5] = [
    (Knows::Manifest, None, Log::Compare),
    (Knows::Lost, None, Log::Damaged),
    (Knows::Nothing, Some(Oldest::None), Log::Begin),
    // Whatever was ever written is there, or shows as a gap: nothing was dropped.
    (Knows::Nothing, Some(Oldest::One), Log::Adopt),
    (Knows::Nothing, Some(Oldest::Later), Log::Absent),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Knows {
    Manifest,
    Nothing,
    Lost,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Oldest {
    None,
    One,
    Later,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Log {
    Compare,
    Begin,
    Adopt,
    Absent,
    Damaged,
}

/// Second table: what the manifest says of a segment, whether it was redacted, which files are there.
const SEGMENTS: [SegmentRow; 22] = [
    (Says::Dropped, None, Files::None, Step::Pass),
    // Dropping stores the manifest first; the crash came before the unlink.
    (Says::Dropped, None, Files::Raw, Step::RemoveAll),
    (Says::Dropped, None, Files::Sealed, Step::RemoveAll),
    (Says::Dropped, None, Files::Both, Step::RemoveAll),
    (Says::Raw, None, Files::None, Step::Missing),
    (Says::Raw, None, Files::Raw, Step::Keep),
    // Sealed, but not listed so yet. It may be older than a redaction of the raw file: it goes.
    (Says::Raw, None, Files::Both, Step::RemoveSealed),
    // The other form holds the same records, unless a redaction came between.
    (
        Says::Raw,
        Some(Redacted::Never),
        Files::Sealed,
        Step::Switch,
    ),
    (
        Says::Raw,
        Some(Redacted::Once),
        Files::Sealed,
        Step::Missing,
    ),
    (Says::Sealed, None, Files::None, Step::Missing),
    (Says::Sealed, None, Files::Sealed, Step::Keep),
    // The crash came between the manifest and the unlink of the raw file.
    (Says::Sealed, None, Files::Both, Step::RemoveRaw),
    (
        Says::Sealed,
        Some(Redacted::Never),
        Files::Raw,
        Step::Switch,
    ),
    (
        Says::Sealed,
        Some(Redacted::Once),
        Files::Raw,
        Step::Missing,
    ),
    (Says::MayFollow, None, Files::None, Step::Pass),
    // A roll: the segment's file is durable before the manifest lists it.
    (Says::MayFollow, None, Files::Raw, Step::Adopt),
    (Says::MayFollow, None, Files::Sealed, Step::Adopt),
    (Says::MayFollow, None, Files::Both, Step::Ambiguous),
    (Says::Unknown, None, Files::None, Step::Pass),
    (Says::Unknown, None, Files::Raw, Step::Unlisted),
    (Says::Unknown, None, Files::Sealed, Step::Unlisted),
    (Says::Unknown, None, Files::Both, Step::Unlisted),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Says {
    /// Older than the first retained one.
    Dropped,
    /// Listed, stored raw.
    Raw,
    /// Listed, stored sealed.
    Sealed,
    /// Not listed; newer than all listed ones by no more than what a crash leaves.
    MayFollow,
    /// Not listed, and no crash explains it.
    Unknown,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Redacted {
    Never,
    Once,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Files {
    None,
    Raw,
    Sealed,
    Both,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Pass,
    Keep,
    Adopt,
    Switch,
    RemoveRaw,
    RemoveSealed,
    RemoveAll,
    Missing,
    Unlisted,
    Ambiguous,
}

/// Segments that a crash can leave unlisted: one roll. When the newest manifest may be lost, one more.
const UNLISTED_MAX: [u64; 2] = [1, 2];

/// Holds manifest and directory together. `present` in any order, a number at most once.
pub(crate) fn check(known: &Known, present: &[Present]) -> Result<Resolution, Problem> {
    let present: BTreeMap<u64, Present> = present.iter().map(|one| (one.number, *one)).collect();
    let (knows, manifest, unlisted_max) = match known {
        Known::Newest(manifest) => (Knows::Manifest, Some(manifest), UNLISTED_MAX[0]),
        Known::Doubtful(manifest) => (Knows::Manifest, Some(manifest), UNLISTED_MAX[1]),
        Known::Nothing => (Knows::Nothing, None, u64::MAX),
        Known::Lost => (Knows::Lost, None, 0),
    };
    let first = present.values().next();
    let oldest = match first {
        None => Oldest::None,
        Some(first) if first.number == 1 => Oldest::One,
        Some(_) => Oldest::Later,
    };
    match decide_log(knows, oldest) {
        Log::Compare | Log::Begin | Log::Adopt => {}
        Log::Absent => {
            let first = first.map_or(1, |first| first.number);
            return Err(Problem::Absent { first });
        }
        Log::Damaged => return Err(Problem::Damaged),
    }
    let log_id = manifest
        .map(|manifest| manifest.log_id)
        .or(first.map(|first| first.log_id));
    let foreign = present
        .values()
        .find(|one| log_id.is_some_and(|log_id| log_id != one.log_id));
    if let Some(&Present { number, .. }) = foreign {
        return Err(Problem::Foreign { number });
    }
    let mut walk = Walk {
        manifest,
        unlisted_max,
        resolution: Resolution {
            segments: Vec::new(),
            first_sequence: manifest.map_or(1, |manifest| manifest.first_sequence),
            remove: Vec::new(),
            changed: manifest.is_none(),
        },
    };
    let listed = manifest.map_or(&[][..], |manifest| &manifest.segments);
    let numbers: BTreeSet<u64> = present
        .keys()
        .copied()
        .chain(listed.iter().map(|segment| segment.number))
        .collect();
    for number in numbers {
        walk.segment(number, present.get(&number))?;
    }
    let mut resolution = walk.resolution;
    if let (None, Some(first)) = (manifest, resolution.segments.first()) {
        resolution.first_sequence = first.base;
    }
    Ok(resolution)
}

struct Walk<'a> {
    manifest: Option<&'a Manifest>,
    unlisted_max: u64,
    resolution: Resolution,
}

impl Walk<'_> {
    /// Takes the next segment, in ascending order.
    fn segment(&mut self, number: u64, present: Option<&Present>) -> Result<(), Problem> {
        let listed = self.manifest.and_then(|manifest| {
            let at = number.checked_sub(manifest.first_segment())?;
            manifest.segments.get(usize::try_from(at).ok()?).copied()
        });
        let files = match present.map(|one| (one.raw, one.sealed)) {
            None | Some((false, false)) => Files::None,
            Some((true, false)) => Files::Raw,
            Some((false, true)) => Files::Sealed,
            Some((true, true)) => Files::Both,
        };
        let redacted = match listed {
            Some(listed) if listed.redaction > 0 => Redacted::Once,
            _ => Redacted::Never,
        };
        let step = decide_segment(self.says(number, listed), redacted, files);
        // Of an unlisted segment the file is all there is.
        let base = listed.map_or(present.map_or(1, |one| one.base), |listed| listed.base);
        let here = listed.unwrap_or(Listed {
            number,
            base,
            form: if files == Files::Sealed {
                Form::Sealed
            } else {
                Form::Raw
            },
            redaction: 0,
        });
        match step {
            Step::Pass => return Ok(()),
            Step::RemoveAll => {
                let there = present.map_or((false, false), |one| (one.raw, one.sealed));
                self.remove(number, there.0, there.1);
                return Ok(());
            }
            Step::Keep => {}
            Step::RemoveRaw => self.remove(number, true, false),
            Step::RemoveSealed => self.remove(number, false, true),
            Step::Adopt | Step::Switch => self.resolution.changed = true,
            Step::Missing => return Err(Problem::Missing { number, base }),
            Step::Ambiguous => return Err(Problem::Ambiguous { number }),
            Step::Unlisted => {
                let newest = self.manifest.map_or(0, Manifest::last_segment);
                return Err(Problem::Unlisted { number, newest });
            }
        }
        let form = match step {
            Step::Switch => other(here.form),
            _ => here.form,
        };
        self.keep(Listed { form, ..here }, present)
    }

    fn says(&self, number: u64, listed: Option<Listed>) -> Says {
        let newest = self.manifest.map_or(0, Manifest::last_segment);
        match listed.map(|listed| listed.form) {
            Some(Form::Raw) => Says::Raw,
            Some(Form::Sealed) => Says::Sealed,
            None if number <= newest => Says::Dropped,
            None if number - newest <= self.unlisted_max => Says::MayFollow,
            None => Says::Unknown,
        }
    }

    fn remove(&mut self, number: u64, raw: bool, sealed: bool) {
        let remove = &mut self.resolution.remove;
        remove.extend(raw.then_some((number, Form::Raw)));
        remove.extend(sealed.then_some((number, Form::Sealed)));
    }

    /// Adds a segment behind those before it.
    fn keep(&mut self, segment: Listed, present: Option<&Present>) -> Result<(), Problem> {
        let Listed { number, base, .. } = segment;
        if let Some(found) = present.map(|one| one.base).filter(|&found| found != base) {
            let expected = base;
            return Err(Problem::Base {
                number,
                expected,
                found,
            });
        }
        if let Some(before) = self.resolution.segments.last().map(|last| last.number)
            && before + 1 != number
        {
            let (number, found) = (before + 1, number);
            return Err(Problem::Gap { number, found });
        }
        self.resolution.segments.push(segment);
        Ok(())
    }
}

fn other(form: Form) -> Form {
    match form {
        Form::Raw => Form::Sealed,
        Form::Sealed => Form::Raw,
    }
}

fn decide_log(knows: Knows, oldest: Oldest) -> Log {
    let row = LOGS.iter().find(|row| matches_log(**row, knows, oldest));
    row.expect("a test holds that the table covers every case")
        .2
}

fn matches_log(row: LogRow, knows: Knows, oldest: Oldest) -> bool {
    row.0 == knows && row.1.is_none_or(|wanted| wanted == oldest)
}

fn decide_segment(says: Says, redacted: Redacted, files: Files) -> Step {
    let row = SEGMENTS
        .iter()
        .find(|row| matches_segment(**row, says, redacted, files));
    row.expect("a test holds that the table covers every case")
        .3
}

fn matches_segment(row: SegmentRow, says: Says, redacted: Redacted, files: Files) -> bool {
    row.0 == says && row.1.is_none_or(|wanted| wanted == redacted) && row.2 == files
}

#[cfg(test)]
mod tests;
