//! The best hits of one list, gathered segment by segment.

use std::{cmp::Reverse, collections::BinaryHeap};

use event_model::{Fingerprint, Position, ProjectId};
use tantivy::{DocId, Searcher, SegmentReader, TERMINATED, query::Weight};

use super::{From, Hit, Moment};

/// Holds the best `limit` moments so far. The heap's top is the worst of them,
/// and the one to give way.
pub(super) struct Best {
    from: From,
    limit: usize,
    heap: BinaryHeap<Reverse<Ranked>>,
}

/// What is compared, higher is better: a moment where new is better, its complements
/// where old is.
type Rank = (i64, u64);

/// Orders by rank alone.
struct Ranked {
    rank: Rank,
    hit: Hit,
}

impl PartialEq for Ranked {
    fn eq(&self, other: &Self) -> bool {
        self.rank == other.rank
    }
}
impl Eq for Ranked {}
impl PartialOrd for Ranked {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Ranked {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.rank.cmp(&other.rank)
    }
}

impl Best {
    pub(super) fn new(from: From, limit: usize) -> Self {
        Self {
            from,
            limit,
            heap: BinaryHeap::new(),
        }
    }

    fn rank(&self, moment: Moment) -> Rank {
        let rank = (moment.at_ms, moment.position.0);
        if self.from.newest_first() {
            rank
        } else {
            (!rank.0, !rank.1)
        }
    }

    /// The rank a hit must exceed to enter; none while there is room.
    fn bar(&self) -> Option<Rank> {
        let full = self.heap.len() >= self.limit;
        self.heap.peek().filter(|_| full).map(|worst| worst.0.rank)
    }

    /// Adds the matches of one day.
    pub(super) fn collect(
        &mut self,
        searcher: &Searcher,
        weight: &dyn Weight,
    ) -> tantivy::Result<()> {
        let mut segments: Vec<(Rank, &SegmentReader)> = Vec::new();
        for segment in searcher.segment_readers() {
            let times = segment.fast_fields().i64("timestamp_ns")?;
            let oldest = Moment::of(times.min_value(), 0);
            let newest = Moment::of(times.max_value(), u64::MAX);
            let reachable = match self.from {
                From::Newest | From::Oldest => true,
                From::Before(bound) => oldest < bound,
                From::After(bound) => newest > bound,
            };
            if reachable {
                let promise = if self.from.newest_first() {
                    newest
                } else {
                    oldest
                };
                segments.push((self.rank(promise), segment));
            }
        }
        segments.sort_by_key(|(rank, _)| Reverse(*rank));
        for (promise, segment) in segments {
            if self.bar().is_some_and(|bar| promise <= bar) {
                break;
            }
            self.collect_segment(segment, weight)?;
        }
        Ok(())
    }

    fn collect_segment(
        &mut self,
        segment: &SegmentReader,
        weight: &dyn Weight,
    ) -> tantivy::Result<()> {
        let columns = segment.fast_fields();
        let positions = columns.u64("position")?.first_or_default_col(0);
        let times = columns.i64("timestamp_ns")?.first_or_default_col(0);
        let mut matches = weight.scorer(segment, 1.0)?;
        let mut winners: BinaryHeap<Reverse<(Rank, DocId)>> = BinaryHeap::new();
        let mut doc = matches.doc();
        while doc != TERMINATED {
            let moment = Moment::of(times.get_val(doc), positions.get_val(doc));
            let alive = segment.alive_bitset().is_none_or(|bits| bits.is_alive(doc));
            if alive && self.from.admits(moment) {
                let rank = self.rank(moment);
                let bar = if winners.len() >= self.limit {
                    winners.peek().map(|worst| worst.0.0)
                } else {
                    None
                };
                if bar.max(self.bar()).is_none_or(|bar| rank > bar) {
                    if winners.len() >= self.limit {
                        winners.pop();
                    }
                    winners.push(Reverse((rank, doc)));
                }
            }
            doc = matches.advance();
        }
        for Reverse((rank, doc)) in winners {
            let hit = read_hit(segment, doc)?;
            self.heap.push(Reverse(Ranked { rank, hit }));
            if self.heap.len() > self.limit {
                self.heap.pop();
            }
        }
        Ok(())
    }

    /// In the order asked for.
    pub(super) fn into_hits(self) -> Vec<Hit> {
        // `Reverse` makes ascending order of the heap the best first.
        let sorted = self.heap.into_sorted_vec();
        sorted.into_iter().map(|ranked| ranked.0.hit).collect()
    }
}

fn read_hit(segment: &SegmentReader, doc: DocId) -> tantivy::Result<Hit> {
    let columns = segment.fast_fields();
    let number = |name: &str| -> tantivy::Result<u64> {
        Ok(columns.u64(name)?.first(doc).unwrap_or_default())
    };
    let time = |name: &str| -> tantivy::Result<i64> {
        Ok(columns.i64(name)?.first(doc).unwrap_or_default())
    };
    let mut bytes = Vec::with_capacity(16);
    if let Some(column) = columns.bytes("fingerprint")?
        && let Some(ord) = column.term_ords(doc).next()
    {
        column.ord_to_bytes(ord, &mut bytes)?;
    }
    Ok(Hit {
        position: Position(number("position")?),
        project_id: ProjectId(number("project_id")? as u32),
        fingerprint: Fingerprint(<[u8; 16]>::try_from(bytes.as_slice()).unwrap_or_default()),
        timestamp_ns: time("timestamp_ns")?,
        received_ns: time("received_ns")?,
    })
}
