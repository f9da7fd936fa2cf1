//! Which events can still be read: those that the log has, and those that are in a cold file.
//!
//! Pure. The events of a day and of a segment are in one file, whole or not at all, so that a day of receipt and a
//! place say whether an event is kept, and nothing has to be opened for it.

use std::{collections::BTreeMap, sync::Arc};

use event_model::Position;

use super::home::Listed;
use crate::search::schema::day_of;

/// See the module.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Kept {
    /// The first position of the log.
    log_first: Position,
    /// Of each day of receipt, "YYYY-MM-DD", the spans of segments that are in cold files, in order, neighbours joined.
    days: Arc<BTreeMap<String, Vec<(Position, Position)>>>,
}

/// The same, of one day.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DayKept {
    log_first: Position,
    spans: Vec<(Position, Position)>,
}

impl Kept {
    /// What a log that begins at `log_first` and these files, in order, have.
    pub fn new(log_first: Position, files: &[Listed]) -> Self {
        let mut days: BTreeMap<String, Vec<(Position, Position)>> = BTreeMap::new();
        for Listed { file, .. } in files {
            let spans = days.entry(file.date.clone()).or_default();
            match spans.last_mut() {
                Some((_, last)) if last.0 + 1 >= file.first.0 => *last = (*last).max(file.last),
                _ => spans.push((file.first, file.last)),
            }
        }
        Self {
            log_first,
            days: Arc::new(days),
        }
    }

    /// Of a log alone that begins at `log_first`.
    pub fn log(log_first: Position) -> Self {
        Self::new(log_first, &[])
    }

    /// The same beside a log that begins at `log_first`.
    #[must_use]
    pub fn beside(self, log_first: Position) -> Self {
        Self { log_first, ..self }
    }

    /// Of one day, "YYYY-MM-DD".
    pub fn of_day(&self, date: &str) -> DayKept {
        DayKept {
            log_first: self.log_first,
            spans: self.days.get(date).cloned().unwrap_or_default(),
        }
    }

    /// Whether the event at this place, received at this time, can be read.
    pub fn has(&self, position: Position, received_ns: i64) -> bool {
        position >= self.log_first || self.of_day(&day_of(received_ns)).has(position)
    }

    /// Whether nothing of a day is in cold files.
    pub fn lacks_day(&self, date: &str) -> bool {
        !self.days.contains_key(date)
    }
}

impl DayKept {
    /// All of them.
    pub fn all() -> Self {
        Self::default()
    }

    /// Whether an event of the day, at this place, can be read.
    pub fn has(&self, position: Position) -> bool {
        if position >= self.log_first {
            return true;
        }
        let at = self.spans.partition_point(|(_, last)| *last < position);
        self.spans
            .get(at)
            .is_some_and(|(first, _)| *first <= position)
    }

    /// Whether all events of the day from `first` to `last` can be.
    pub fn has_all(&self, first: Position, last: Position) -> bool {
        if first >= self.log_first {
            return true;
        }
        let at = self.spans.partition_point(|(_, end)| *end < first);
        let Some((begin, end)) = self.spans.get(at) else {
            return false;
        };
        *begin <= first && (*end >= last || end.0 + 1 >= self.log_first.0)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;
    use crate::cold::names::ColdFile;

    fn listed(day: u8, first: u64, last: u64) -> Listed {
        Listed {
            file: ColdFile {
                first: Position(first),
                last: Position(last),
                date: format!("2026-01-{day:02}"),
            },
            bytes: 1,
        }
    }

    proptest! {
        /// The same as a walk over all files.
        #[test]
        fn it_is_what_files_and_log_have(
            cuts in proptest::collection::btree_set(1u64..60, 1..12),
            gone in proptest::collection::btree_set((0usize..12, 1u8..4), 0..20),
            log_first in 1u64..70,
            asked in (1u8..4, 1u64..70, 0u64..10),
        ) {
            let cuts: Vec<u64> = cuts.into_iter().collect();
            let mut files = Vec::new();
            for (number, pair) in cuts.windows(2).enumerate() {
                for day in 1..4 {
                    if !gone.contains(&(number, day)) {
                        files.push(listed(day, pair[0], pair[1] - 1));
                    }
                }
            }
            let kept = Kept::new(Position(log_first), &files);
            let has = |day: u8, at: u64| {
                let date = format!("2026-01-{day:02}");
                at >= log_first
                    || files.iter().any(|listed| listed.file.date == date && listed.file.spans(Position(at)))
            };
            for day in 1..4u8 {
                let of_day = kept.of_day(&format!("2026-01-{day:02}"));
                for at in 1..70 {
                    prop_assert_eq!(of_day.has(Position(at)), has(day, at), "{} {}", day, at);
                }
            }
            let (day, first, more) = asked;
            let of_day = kept.of_day(&format!("2026-01-{day:02}"));
            let all = (first..=first + more).all(|at| has(day, at));
            prop_assert_eq!(of_day.has_all(Position(first), Position(first + more)), all);
            let days: BTreeSet<&str> = files.iter().map(|listed| listed.file.date.as_str()).collect();
            prop_assert_eq!(kept.lacks_day("2026-01-01"), !days.contains("2026-01-01"));
        }
    }
}
