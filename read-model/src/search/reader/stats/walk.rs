//! The events of a segment that pass, some at once, with what each statistic needs of them.

use std::time::Instant;

use event_model::Position;
use tantivy::{DocId, columnar::Column};

use super::{Ask, Part, failed};
use crate::{ReadModelError, search::reader::NS_A_MS};

/// Blocks between two looks at the clock.
const BLOCKS_A_LOOK: u32 = 64;

/// One event.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen {
    /// Its bucket.
    pub(super) bucket: usize,
    /// The errors it stands for.
    pub(super) errors: u64,
    /// Hash of its user.
    pub(super) user: Option<u64>,
}

/// See the module.
pub(super) struct Walk<'s> {
    part: &'s Part<'s>,
    ask: &'s Ask<'s>,
    times: Column<i64>,
    weights: Column<u64>,
    positions: Column<u64>,
    /// None: users are not asked for, or the segment names none.
    users: Option<Column<u64>>,
}

impl<'s> Walk<'s> {
    pub(super) fn of(part: &'s Part<'s>, ask: &'s Ask<'s>) -> Result<Self, ReadModelError> {
        let columns = part.segment.fast_fields();
        let users = if ask.with_users {
            columns.column_opt::<u64>("user_hash").map_err(failed)?
        } else {
            None
        };
        Ok(Self {
            part,
            ask,
            times: columns.i64("timestamp_ns").map_err(failed)?,
            weights: columns.u64("weight").map_err(failed)?,
            positions: columns.u64("position").map_err(failed)?,
            users,
        })
    }

    /// Calls with some events at once: their numbers within the segment, and what was seen
    /// of each.
    pub(super) fn each(
        &self,
        mut see: impl FnMut(&[DocId], &[Seen]),
    ) -> Result<(), ReadModelError> {
        let mut block = Block::default();
        let mut blocks = 0_u32;
        let mut is_late = Instant::now() > self.ask.until;
        let walked = self
            .part
            .weight
            .for_each_no_score(self.part.segment, &mut |docs| {
                blocks += 1;
                if blocks.is_multiple_of(BLOCKS_A_LOOK) {
                    is_late = is_late || Instant::now() > self.ask.until;
                }
                // The walk itself cannot be ended; what is left of it is little.
                if is_late {
                    return;
                }
                block.fill(self, docs);
                if !block.docs.is_empty() {
                    see(&block.docs, &block.seen);
                }
            });
        walked.map_err(failed)?;
        if is_late {
            let seconds = self.ask.seconds;
            return Err(ReadModelError::OutOfTime { seconds });
        }
        Ok(())
    }

    /// The bucket of a time; `near` is that of the event before.
    fn bucket(&self, at_ns: i64, near: usize) -> Option<usize> {
        let edges = self.ask.edges_ms;
        let at_ms = at_ns.div_euclid(NS_A_MS);
        let is_near = edges.get(near).is_some_and(|from| *from <= at_ms)
            && edges.get(near + 1).is_some_and(|to| at_ms < *to);
        if is_near {
            return Some(near);
        }
        let after = edges.partition_point(|edge| *edge <= at_ms);
        (after > 0 && after < edges.len()).then(|| after - 1)
    }
}

/// Buffers that are filled again and again.
#[derive(Default)]
struct Block {
    docs: Vec<DocId>,
    seen: Vec<Seen>,
    kept: Vec<DocId>,
    times: Vec<Option<i64>>,
    weights: Vec<Option<u64>>,
    users: Vec<Option<u64>>,
    positions: Vec<Option<u64>>,
    near: usize,
}

impl Block {
    fn fill(&mut self, walk: &Walk<'_>, docs: &[DocId]) {
        self.keep(walk, docs);
        let count = self.kept.len();
        read(&walk.times, &self.kept, &mut self.times);
        let has_weights = walk.weights.max_value() > 1;
        if has_weights {
            read(&walk.weights, &self.kept, &mut self.weights);
        }
        if let Some(users) = &walk.users {
            read(users, &self.kept, &mut self.users);
        }
        self.docs.clear();
        self.seen.clear();
        for at in 0..count {
            let bucket = walk.bucket(self.times[at].unwrap_or_default(), self.near);
            let Some(bucket) = bucket else { continue };
            self.near = bucket;
            let errors = if has_weights {
                self.weights[at].unwrap_or(1)
            } else {
                1
            };
            let user = if walk.users.is_some() {
                self.users[at]
            } else {
                None
            };
            self.docs.push(self.kept[at]);
            self.seen.push(Seen {
                bucket,
                errors,
                user,
            });
        }
    }

    /// What was not replaced, and is kept.
    fn keep(&mut self, walk: &Walk<'_>, docs: &[DocId]) {
        self.kept.clear();
        match walk.part.segment.alive_bitset() {
            None => self.kept.extend_from_slice(docs),
            Some(bits) => {
                let alive = docs.iter().filter(|doc| bits.is_alive(**doc));
                self.kept.extend(alive);
            }
        }
        let positions = &walk.positions;
        let (first, last) = (positions.min_value(), positions.max_value());
        if !walk.part.kept.has_all(Position(first), Position(last)) {
            read(&walk.positions, &self.kept, &mut self.positions);
            let mut positions = self.positions.iter();
            self.kept.retain(|_| {
                let position = positions.next().copied().flatten();
                walk.part.kept.has(Position(position.unwrap_or_default()))
            });
        }
    }
}

fn read<T: PartialOrd + Copy + std::fmt::Debug + Send + Sync + 'static>(
    column: &Column<T>,
    docs: &[DocId],
    into: &mut Vec<Option<T>>,
) {
    into.clear();
    into.resize(docs.len(), None);
    column.first_vals(docs, into);
}
