//! Telling duplicates: the ids of the last million events, in memory.
//!
//! Invariant: an id is remembered once its event is durable (not if it was only counted), or while it is on its
//! way there; a second one meanwhile waits for the first and is answered like it.
//! Bounded: each shard forgets its oldest. Ids are kept as 64-bit hashes under a
//! random seed: a false match has the chance of 5·10⁻¹⁴ an event, and nobody can
//! aim for one.

use std::{
    collections::{HashSet, VecDeque},
    hash::{BuildHasherDefault, Hasher},
    sync::Arc,
};

use dashmap::{DashMap, Entry};
use event_model::{EventId, ProjectId};
use parking_lot::Mutex;
use tokio::sync::watch;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::error::{ApiError, ErrorCode};

/// Locks are held for one look-up; 16 keep two cores from meeting.
const SHARDS: usize = 16;
/// Shards fill unevenly, by about 250 of 62,500; each holds this many more.
const SHARD_SLACK: usize = 3_000;

/// The keys are hashes already.
#[derive(Default)]
struct Identity(u64);

impl Hasher for Identity {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, _: &[u8]) {
        unreachable!("only u64 keys are hashed")
    }
    fn write_u64(&mut self, key: u64) {
        self.0 = key;
    }
}

type KeyMap<V> = DashMap<u64, V, BuildHasherDefault<Identity>>;
type KeySet = HashSet<u64, BuildHasherDefault<Identity>>;

/// How the first of two equal events ended.
pub type FirstFate = Result<(), ApiError>;

/// Ids of durable events, and which is forgotten next.
#[derive(Default)]
struct Shard {
    ids: KeySet,
    order: VecDeque<u64>,
}

/// The ids of the last events.
pub struct Recent {
    seed: u64,
    per_shard: usize,
    stored: [Mutex<Shard>; SHARDS],
    /// Looked at before `stored`, and left after it was written there: at no moment is an
    /// id in neither.
    on_the_way: KeyMap<watch::Receiver<Option<FirstFate>>>,
}

impl std::fmt::Debug for Recent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Recent").finish_non_exhaustive()
    }
}

/// What an id is.
#[derive(Debug)]
pub enum Claim {
    /// Not seen: to be stored by the holder.
    First(First),
    /// Stored already.
    Stored,
    /// Another request is storing it.
    OnTheWay(Waiter),
}

/// The right to store an event. Dropped without [`First::stored`], it lets the
/// next one try.
#[derive(Debug)]
pub struct First {
    recent: Arc<Recent>,
    key: u64,
    fate: watch::Sender<Option<FirstFate>>,
}

/// Waits for the first one's fate.
#[derive(Debug)]
pub struct Waiter(watch::Receiver<Option<FirstFate>>);

impl Recent {
    /// Remembers at least `capacity` ids.
    pub fn new(capacity: usize) -> Arc<Self> {
        let mut seed = [0u8; 8];
        getrandom::fill(&mut seed).expect("the operating system's random source works");
        Arc::new(Self {
            seed: u64::from_le_bytes(seed),
            per_shard: capacity.div_ceil(SHARDS) + SHARD_SLACK.min(capacity),
            stored: Default::default(),
            on_the_way: KeyMap::default(),
        })
    }

    fn key(&self, project: ProjectId, id: EventId) -> u64 {
        let mut bytes = [0u8; 20];
        bytes[..16].copy_from_slice(&id.0);
        bytes[16..].copy_from_slice(&project.0.to_le_bytes());
        xxh3_64_with_seed(&bytes, self.seed)
    }

    // The map takes the lowest and the highest bits of the key, the shard those
    // between.
    fn shard(&self, key: u64) -> &Mutex<Shard> {
        &self.stored[(key >> 40) as usize % SHARDS]
    }

    /// Notes a durable event (also from the log's tail at start).
    pub fn note(&self, project: ProjectId, id: EventId) {
        self.note_key(self.key(project, id));
    }

    fn note_key(&self, key: u64) {
        let mut shard = self.shard(key).lock();
        if !shard.ids.insert(key) {
            return;
        }
        shard.order.push_back(key);
        if shard.order.len() > self.per_shard
            && let Some(oldest) = shard.order.pop_front()
        {
            shard.ids.remove(&oldest);
        }
    }

    /// Asks for the right to store an event.
    pub fn claim(self: &Arc<Self>, project: ProjectId, id: EventId) -> Claim {
        let key = self.key(project, id);
        let place = match self.on_the_way.entry(key) {
            Entry::Occupied(fate) => return Claim::OnTheWay(Waiter(fate.get().clone())),
            Entry::Vacant(place) => place,
        };
        if self.shard(key).lock().ids.contains(&key) {
            return Claim::Stored;
        }
        let (sender, receiver) = watch::channel(None);
        place.insert(receiver);
        Claim::First(First {
            recent: Arc::clone(self),
            key,
            fate: sender,
        })
    }
}

impl First {
    /// The event is durable.
    pub fn stored(self) {
        self.recent.note_key(self.key);
        self.fate.send_replace(Some(Ok(())));
    }

    /// It is only counted, and that is durable: its id is not remembered, one that comes
    /// again counts again; those who wait are answered like it.
    pub fn counted(self) {
        self.fate.send_replace(Some(Ok(())));
    }

    /// It is not; those who wait hear the same.
    pub fn failed(self, error: ApiError) {
        self.fate.send_replace(Some(Err(error)));
    }
}

impl Drop for First {
    fn drop(&mut self) {
        self.recent.on_the_way.remove(&self.key);
    }
}

impl Waiter {
    /// The first one's fate.
    pub async fn fate(mut self) -> FirstFate {
        let ended = self.0.wait_for(Option::is_some).await;
        ended.ok().and_then(|fate| fate.clone()).unwrap_or_else(|| {
            Err(ApiError::new(
                ErrorCode::Overloaded,
                "the same event was being stored, but its request ended early",
            ))
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    fn id(number: u128) -> EventId {
        EventId(number.to_be_bytes())
    }

    #[test]
    fn the_newest_ids_are_remembered_and_the_memory_is_bounded() {
        let recent = Recent::new(1_000);
        let project = ProjectId(1);
        for number in 0..100_000u128 {
            recent.note(project, id(number));
        }
        for number in 99_000..100_000u128 {
            assert!(matches!(recent.claim(project, id(number)), Claim::Stored));
        }
        let kept: usize = recent.stored.iter().map(|s| s.lock().ids.len()).sum();
        assert!(
            kept <= (1_000usize.div_ceil(SHARDS) + 1_000) * SHARDS,
            "{kept}"
        );
        assert!(matches!(recent.claim(project, id(5)), Claim::First(_)));
        assert!(matches!(
            recent.claim(ProjectId(2), id(99_999)),
            Claim::First(_)
        ));
    }

    #[tokio::test]
    async fn a_second_event_hears_the_fate_of_the_first() {
        let recent = Recent::new(10);
        let Claim::First(first) = recent.claim(ProjectId(1), id(1)) else {
            panic!("nothing was claimed before");
        };
        let Claim::OnTheWay(waiter) = recent.claim(ProjectId(1), id(1)) else {
            panic!("the first is on its way");
        };
        first.stored();
        assert_eq!(waiter.fate().await, Ok(()));
        assert!(matches!(recent.claim(ProjectId(1), id(1)), Claim::Stored));
    }

    #[tokio::test]
    async fn a_failed_first_lets_the_next_one_try() {
        let recent = Recent::new(10);
        let Claim::First(first) = recent.claim(ProjectId(1), id(1)) else {
            panic!("nothing was claimed before");
        };
        let Claim::OnTheWay(waiter) = recent.claim(ProjectId(1), id(1)) else {
            panic!("the first is on its way");
        };
        drop(first);
        assert_eq!(
            waiter.fate().await.map_err(|e| e.code),
            Err(ErrorCode::Overloaded)
        );
        assert!(matches!(recent.claim(ProjectId(1), id(1)), Claim::First(_)));
    }

    /// Each id is sent by all threads at once; the first attempt at every third one fails.
    #[test]
    fn of_equal_events_at_the_same_time_exactly_one_is_stored() {
        const IDS: usize = 5_000;
        const THREADS: usize = 8;
        let recent = Recent::new(IDS);
        let tries: Vec<AtomicUsize> = (0..IDS).map(|_| AtomicUsize::new(0)).collect();
        let stored: Vec<AtomicUsize> = (0..IDS).map(|_| AtomicUsize::new(0)).collect();
        let begin = std::sync::Barrier::new(THREADS);
        std::thread::scope(|scope| {
            for _ in 0..THREADS {
                scope.spawn(|| {
                    begin.wait();
                    for number in 0..IDS {
                        loop {
                            match recent.claim(ProjectId(1), id(number as u128)) {
                                Claim::Stored => break,
                                Claim::OnTheWay(_) => std::thread::yield_now(),
                                Claim::First(first) => {
                                    let tried = tries[number].fetch_add(1, Ordering::AcqRel);
                                    if number % 3 == 0 && tried == 0 {
                                        drop(first);
                                        continue;
                                    }
                                    stored[number].fetch_add(1, Ordering::AcqRel);
                                    first.stored();
                                }
                            }
                        }
                    }
                });
            }
        });
        let counts: Vec<usize> = stored.iter().map(|n| n.load(Ordering::Acquire)).collect();
        assert!(counts.iter().all(|count| *count == 1), "{counts:?}");
        assert!(recent.on_the_way.is_empty());
    }
}
