//! "Where is my event?": the newest fates of each key, in memory.
//!
//! Owns, for each key of each project and each [`Kind`] of fate, a ring of the newest
//! [`RING_OUTCOMES`]: a flood of one kind never washes away another. One more set of
//! rings holds what could not be attributed to a project (unknown key, wrong project,
//! malformed authentication). Nothing is sampled: the newest of a key are all there.
//! A request that is refused before it belongs to a project, though its key is known,
//! stands in both places, so that whoever looks finds it.
//!
//! Invariant: an outcome holds no body and no query string, its texts are cut
//! ([`arrival::text`]) and what looks like a secret in them is masked. Memory is
//! bounded by [`SHARDS`] × [`SHARD_BYTES_MAX`]; keys that were quiet for longest are
//! forgotten first. Lost at a restart: the log and the metrics are what lasts.

mod arrival;

use std::{
    collections::{HashMap, VecDeque},
    hash::{DefaultHasher, Hash, Hasher},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use event_model::{ProjectId, PublicKey};
use ground::Clock;
use parking_lot::Mutex;

pub(crate) use self::arrival::{Arrival, Detail, sdk_of};
use crate::fate::Series;

/// Outcomes kept for each key. An SDK that starts sends a handful of requests: 200
/// are minutes of a quiet application and still the last second of a busy one.
pub(crate) const RING_OUTCOMES: usize = 200;
/// Locks are held to push one pointer; keys spread over them.
const SHARDS: usize = 16;
/// Memory of a shard's outcomes, bytes: 32 MiB in all hold some 400 busy keys, of
/// the usual 400 bytes an outcome.
const SHARD_BYTES_MAX: usize = 2 << 20;

/// Whose outcomes: a project's key, or nobody's.
type Owner = Option<(ProjectId, PublicKey)>;

/// Fates as their sender sees them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    /// Durable.
    Stored,
    /// Answered with success, and not kept for a reason that is in order.
    NotKept,
    /// The client heard of an error, or of nothing.
    Refused,
}

impl Kind {
    pub(crate) const ALL: [Self; 3] = [Self::Stored, Self::NotKept, Self::Refused];
}

/// The fate of an item (or of several alike), and what is known of its request.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// Grows by one with each outcome, also from one start to the next.
    pub(crate) sequence: u64,
    pub(crate) arrival: Arc<Arrival>,
    pub(crate) series: Series,
    pub(crate) quantity: u64,
    /// From the request's head to the fate, µs; for a stored event: until durable.
    pub(crate) took_us: u64,
    pub(crate) detail: Option<Arc<Detail>>,
}

impl Outcome {
    pub(crate) fn kind(&self) -> Kind {
        match self.series.reason {
            None => Kind::Stored,
            Some(reason) if reason.is_refusal() => Kind::Refused,
            Some(_) => Kind::NotKept,
        }
    }

    /// An estimate from above: the request is counted with each of its items.
    fn bytes(&self) -> usize {
        let detail = self.detail.as_ref().map_or(0, |detail| detail.bytes());
        size_of::<Self>() + detail + self.arrival.bytes()
    }
}

/// The newest outcomes of one key and kind, oldest first.
#[derive(Debug, Default)]
struct Ring {
    outcomes: VecDeque<Arc<Outcome>>,
    bytes: usize,
}

#[derive(Debug, Default)]
struct Shard {
    rings: HashMap<(Owner, Kind), Ring>,
    bytes: usize,
}

/// The newest outcomes of all keys.
#[derive(Debug)]
pub(crate) struct Arrivals {
    shards: [Mutex<Shard>; SHARDS],
    sequence: AtomicU64,
}

impl Default for Arrivals {
    fn default() -> Self {
        // Microseconds: a later start begins above all that this one will ever give,
        // so a reader's "newer than" holds across restarts.
        let first = Clock::MACHINE.now_ns().unsigned_abs() / 1_000;
        Self {
            shards: Default::default(),
            sequence: first.into(),
        }
    }
}

impl Arrivals {
    /// Notes a fate.
    pub(crate) fn note(
        &self,
        arrival: &Arc<Arrival>,
        series: Series,
        quantity: u64,
        detail: Option<Box<Detail>>,
        now: Instant,
    ) {
        let outcome = |detail| Outcome {
            sequence: 0,
            arrival: Arc::clone(arrival),
            series,
            quantity,
            took_us: arrival.elapsed_us(now),
            detail,
        };
        let detail: Option<Arc<Detail>> = detail.map(Arc::from);
        let owner = arrival.owner();
        if owner.is_some() && series.project == ProjectId(0) {
            self.push(None, outcome(detail.clone()));
        }
        self.push(owner, outcome(detail));
    }

    /// The newest outcomes after `after`, newest first, at most `limit`, and the number
    /// up to which these are all: of one key or of all keys of the project, of one kind
    /// or of all; `project` 0: what could not be attributed.
    pub(crate) fn newest(
        &self,
        project: ProjectId,
        key: Option<PublicKey>,
        kind: Option<Kind>,
        after: u64,
        limit: usize,
    ) -> (Vec<Arc<Outcome>>, u64) {
        // Numbers are given under a shard's lock: whatever has one up to here is in
        // its ring when that shard's turn comes below.
        let newest = self.sequence.load(Ordering::SeqCst);
        let is_wanted = |owner: &Owner, of_kind: &Kind| {
            let owner_fits = match owner {
                None => project == ProjectId(0),
                Some((of_project, of_key)) => {
                    *of_project == project && key.is_none_or(|key| key == *of_key)
                }
            };
            owner_fits && kind.is_none_or(|kind| kind == *of_kind)
        };
        let mut found = Vec::new();
        for shard in &self.shards {
            let shard = shard.lock();
            for ((owner, of_kind), ring) in &shard.rings {
                if is_wanted(owner, of_kind) {
                    let complete = ring.outcomes.iter().rev();
                    let complete = complete.skip_while(|outcome| outcome.sequence > newest);
                    let newer = complete.take_while(|outcome| outcome.sequence > after);
                    found.extend(newer.take(limit).cloned());
                }
            }
        }
        found.sort_unstable_by_key(|outcome| std::cmp::Reverse(outcome.sequence));
        found.truncate(limit);
        (found, newest)
    }

    fn shard(&self, owner: &Owner) -> &Mutex<Shard> {
        let mut hasher = DefaultHasher::new();
        owner
            .map(|(project, key)| (project.0, key.0))
            .hash(&mut hasher);
        &self.shards[hasher.finish() as usize % SHARDS]
    }

    fn push(&self, owner: Owner, mut outcome: Outcome) {
        let mut shard = self.shard(&owner).lock();
        let shard = &mut *shard;
        outcome.sequence = self.sequence.fetch_add(1, Ordering::SeqCst) + 1;
        let ring = shard.rings.entry((owner, outcome.kind())).or_default();
        let bytes = outcome.bytes();
        ring.bytes += bytes;
        shard.bytes += bytes;
        ring.outcomes.push_back(Arc::new(outcome));
        if ring.outcomes.len() > RING_OUTCOMES
            && let Some(oldest) = ring.outcomes.pop_front()
        {
            let bytes = oldest.bytes();
            ring.bytes -= bytes;
            shard.bytes -= bytes;
        }
        // A ring at its largest is a fraction of a shard, so the one just written stays.
        while shard.bytes > SHARD_BYTES_MAX && shard.rings.len() > 1 {
            let newest = |ring: &Ring| ring.outcomes.back().map_or(0, |last| last.sequence);
            let quiet = shard.rings.iter().min_by_key(|(_, ring)| newest(ring));
            let Some(quiet) = quiet.map(|(key, _)| *key) else {
                return;
            };
            if let Some(ring) = shard.rings.remove(&quiet) {
                shard.bytes -= ring.bytes;
            }
        }
    }
}

#[cfg(test)]
mod tests;
