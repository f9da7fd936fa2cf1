//! The recovery decision as a table: what a segment's first fault means.
//!
//! Acknowledged data that cannot be read is rot and is never cut off; data that was never proven durable is a torn
//! tail and is. Pure; the test below holds that every case has exactly one row.

use crate::scan::Scan;

/// Where the segment stands in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The last segment: the only one a crash can have cut.
    Tail,
    /// A later segment exists, which is published only after this one's seal was synced.
    Inner,
}

/// How far its first run of whole frames goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Run {
    /// To the seal.
    Sealed,
    /// Not to a seal.
    Open,
}

/// Whether records beyond the first run are proven to have been durable: x < W.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Beyond {
    /// x < W.
    Proven,
    /// x ≥ W.
    Unproven,
}

/// Whether anything but zeros stands behind the first run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rest {
    /// Zeros to the end.
    Zeros,
    /// Something.
    Bytes,
}

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Go on behind the first run.
    Clean,
    /// What stands behind the first run was never acknowledged. In the tail: copy it aside, zero it, go on. In a
    /// complete segment: leave it, nobody reads behind a seal and sealing drops it.
    TornTail,
    /// Refuse to write; report.
    Rot,
}

type Row = (
    Option<Place>,
    Option<Run>,
    Option<Beyond>,
    Option<Rest>,
    Verdict,
);

/// `None` stands for "either".
const TABLE: [Row; 6] = [
    (None, None, Some(Beyond::Proven), None, Verdict::Rot),
    (
        Some(Place::Inner),
        Some(Run::Open),
        Some(Beyond::Unproven),
        None,
        Verdict::Rot,
    ),
    // A torn tail whose zeros never reached the disk: their sync failed, the next opening saw them in memory only, and
    // a power cut brought the bytes back. No acknowledged record can be among them: the seal is the last frame of its
    // segment, and the next header repeats its place, its hash and the first record behind it.
    (
        Some(Place::Inner),
        Some(Run::Sealed),
        Some(Beyond::Unproven),
        Some(Rest::Bytes),
        Verdict::TornTail,
    ),
    (
        Some(Place::Inner),
        Some(Run::Sealed),
        Some(Beyond::Unproven),
        Some(Rest::Zeros),
        Verdict::Clean,
    ),
    (
        Some(Place::Tail),
        None,
        Some(Beyond::Unproven),
        Some(Rest::Bytes),
        Verdict::TornTail,
    ),
    (
        Some(Place::Tail),
        None,
        Some(Beyond::Unproven),
        Some(Rest::Zeros),
        Verdict::Clean,
    ),
];

/// What a scanned segment at `place` calls for.
pub fn classify(place: Place, scan: &Scan) -> Verdict {
    let run = if scan.seal.is_some() {
        Run::Sealed
    } else {
        Run::Open
    };
    let beyond = if scan.next < scan.proven {
        Beyond::Proven
    } else {
        Beyond::Unproven
    };
    let rest = if scan.dirty_end > scan.valid_end {
        Rest::Bytes
    } else {
        Rest::Zeros
    };
    decide(place, run, beyond, rest)
}

fn decide(place: Place, run: Run, beyond: Beyond, rest: Rest) -> Verdict {
    let row = TABLE
        .iter()
        .find(|row| matches(**row, place, run, beyond, rest));
    row.expect("a test holds that the table covers every case")
        .4
}

fn matches(row: Row, place: Place, run: Run, beyond: Beyond, rest: Rest) -> bool {
    row.0.is_none_or(|wanted| wanted == place)
        && row.1.is_none_or(|wanted| wanted == run)
        && row.2.is_none_or(|wanted| wanted == beyond)
        && row.3.is_none_or(|wanted| wanted == rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_case_has_exactly_one_row() {
        for place in [Place::Tail, Place::Inner] {
            for run in [Run::Sealed, Run::Open] {
                for beyond in [Beyond::Proven, Beyond::Unproven] {
                    for rest in [Rest::Zeros, Rest::Bytes] {
                        let rows = TABLE
                            .iter()
                            .filter(|row| matches(**row, place, run, beyond, rest))
                            .count();
                        assert_eq!(rows, 1, "{place:?} {run:?} {beyond:?} {rest:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn acknowledged_data_is_never_cut_off() {
        for place in [Place::Tail, Place::Inner] {
            for run in [Run::Sealed, Run::Open] {
                for rest in [Rest::Zeros, Rest::Bytes] {
                    assert_eq!(decide(place, run, Beyond::Proven, rest), Verdict::Rot);
                }
            }
        }
    }

    #[test]
    fn a_complete_segment_without_its_seal_has_rotted() {
        for beyond in [Beyond::Proven, Beyond::Unproven] {
            for rest in [Rest::Zeros, Rest::Bytes] {
                assert_eq!(decide(Place::Inner, Run::Open, beyond, rest), Verdict::Rot);
            }
        }
    }
}
