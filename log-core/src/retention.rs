//! Retention: which of the oldest segments may go. Pure; `Log::drop_below` acts on it.
//!
//! Age, size and the room that the disk lacks say what is wanted gone: a prefix of the complete segments, never the one that is written to. Then
//! every required cursor is asked, and what one of them has not passed stays. A cursor that lags beyond
//! `cursor_lag_bytes_max` loses its claim and is named in [`Plan::overruled`]; one that does not exist yet holds
//! everything, whatever the cap: its owner has never said what it has kept.
//!
//! Units: bytes are those on disk, times nanoseconds since the Unix epoch by the writer's clock, positions sequence
//! numbers of the next record wanted. Nothing here fails.

use std::time::Duration;

/// What is to be kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Retention {
    /// A segment is wanted gone when its newest record is older than this; `None`: no bound.
    pub age_max: Option<Duration>,
    /// The oldest segments are wanted gone while all together take more than this on disk; `None`: no bound.
    pub bytes_max: Option<u64>,
    /// The oldest segments are wanted gone until this much more is free, whatever their age; 0: none are.
    pub shed_bytes: u64,
    /// Cursors that must have passed a segment before it goes.
    pub cursors_required: Vec<String>,
    /// A required cursor with more than this on disk from its position on loses its claim; `None`: never.
    pub cursor_lag_bytes_max: Option<u64>,
}

/// What a plan must know of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmentFacts {
    /// Its number.
    pub number: u64,
    /// Sequence number of its first record.
    pub base: u64,
    /// One past its last durable record.
    pub end: u64,
    /// A time that none of its records is newer than: when the next segment was created.
    pub last_ns: i64,
    /// Bytes it takes on disk.
    pub disk_bytes: u64,
    /// Whether no record will be added to it.
    pub complete: bool,
}

/// Why the newest of the dropped segments goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// It is older than `age_max`.
    Age,
    /// All segments together take more than `bytes_max`.
    Size,
    /// The disk has to have `shed_bytes` more.
    Space,
}

/// A cursor and where it stands; 0: it does not exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Its name.
    pub cursor: String,
    /// Sequence number of the next record its owner wants.
    pub position: u64,
}

/// What may go now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The first sequence number kept: today's first one when nothing goes.
    pub below: u64,
    /// What age and size ask for: `below` is less where cursors hold something back.
    pub wanted: u64,
    /// Segments that go.
    pub segments: u64,
    /// Bytes on disk that they take.
    pub bytes: u64,
    /// Why; `None` when nothing goes.
    pub reason: Option<Reason>,
    /// Required cursors that have not passed `wanted`, and are obeyed.
    pub held_by: Vec<Claim>,
    /// Required cursors that have not passed `below`, and are no longer obeyed: what they want is lost to them.
    pub overruled: Vec<Claim>,
}

impl Plan {
    /// Whether nothing goes.
    pub fn is_empty(&self) -> bool {
        self.segments == 0
    }
}

/// What may go of `segments` (all that are retained, oldest first), with the log's cursors at these positions.
pub fn plan(
    segments: &[SegmentFacts],
    cursors: &[(String, u64)],
    retention: &Retention,
    now_ns: i64,
) -> Plan {
    let first = segments.first().map_or(1, |segment| segment.base);
    let unwanted = unwanted(retention, segments, now_ns);
    let wanted = unwanted.last().map_or(first, |(segment, _)| segment.end);
    let (mut held_by, mut overruled) = (Vec::new(), Vec::new());
    for name in &retention.cursors_required {
        let found = cursors.iter().find(|(cursor, _)| cursor == name);
        let position = found.map_or(0, |(_, position)| *position);
        if position >= wanted {
            continue;
        }
        let claim = Claim {
            cursor: name.clone(),
            position,
        };
        if found.is_some() && lags(retention, segments, position) {
            overruled.push(claim);
        } else {
            held_by.push(claim);
        }
    }
    let held = held_by.iter().map(|claim| claim.position).min();
    let obeyed = held.unwrap_or(wanted);
    let dropped: Vec<_> = unwanted
        .into_iter()
        .take_while(|(segment, _)| segment.end <= obeyed)
        .collect();
    let below = dropped.last().map_or(first, |(segment, _)| segment.end);
    overruled.retain(|claim| claim.position < below && below > first);
    Plan {
        below,
        wanted,
        segments: dropped.len() as u64,
        bytes: dropped.iter().map(|(segment, _)| segment.disk_bytes).sum(),
        reason: dropped.last().map(|(_, reason)| *reason),
        held_by,
        overruled,
    }
}

/// Bytes on disk of what one of these cursors has not passed, whole segments; of all of them if one does not exist.
pub fn unread_bytes(segments: &[SegmentFacts], cursors: &[(String, u64)], names: &[&str]) -> u64 {
    let position_of = |name: &&str| {
        let found = cursors.iter().find(|(cursor, _)| cursor == name);
        found.map_or(0, |(_, position)| *position)
    };
    let Some(slowest) = names.iter().map(position_of).min() else {
        return 0;
    };
    // One that has passed everything wants what comes next: the segment that is written to.
    let unread = |segment: &&SegmentFacts| segment.end > slowest || !segment.complete;
    segments
        .iter()
        .filter(unread)
        .map(|segment| segment.disk_bytes)
        .sum()
}

/// The oldest segments, as far as age, size or lack of space says that each of them should go.
fn unwanted<'a>(
    retention: &Retention,
    segments: &'a [SegmentFacts],
    now_ns: i64,
) -> Vec<(&'a SegmentFacts, Reason)> {
    let mut left: u64 = segments.iter().map(|segment| segment.disk_bytes).sum();
    let oldest_ns = retention.age_max.map(|age| {
        let age_ns = i64::try_from(age.as_nanos()).unwrap_or(i64::MAX);
        now_ns.saturating_sub(age_ns)
    });
    let mut unwanted = Vec::new();
    let mut freed = 0;
    // The last one is written to, or will be the log's only word on where it ends.
    let candidates = segments.split_last().map_or(&[][..], |(_, before)| before);
    for segment in candidates.iter().take_while(|segment| segment.complete) {
        let reason = if oldest_ns.is_some_and(|oldest| segment.last_ns < oldest) {
            Reason::Age
        } else if retention.bytes_max.is_some_and(|max| left > max) {
            Reason::Size
        } else if freed < retention.shed_bytes {
            Reason::Space
        } else {
            break;
        };
        left -= segment.disk_bytes;
        freed += segment.disk_bytes;
        unwanted.push((segment, reason));
    }
    unwanted
}

/// Whether more is kept from this position on than a cursor may ask for.
fn lags(retention: &Retention, segments: &[SegmentFacts], position: u64) -> bool {
    let wanted = segments.iter().filter(|segment| segment.end > position);
    let bytes: u64 = wanted.map(|segment| segment.disk_bytes).sum();
    retention
        .cursor_lag_bytes_max
        .is_some_and(|bytes_max| bytes > bytes_max)
}

#[cfg(test)]
mod tests;
