//! Events of a storm that were only counted: the tally record of promise 1.
//!
//! A record sums up events of one project that are alike (one [`kind`](crate::kind))
//! within one commit group. Invariant: it stands behind the event that was kept for them
//! ([`crate::head::HeadV1::kept_for`]), which is durable before the first one is counted; what
//! grouping makes of that event holds for them. Bounded: [`PARTS_MAX`] parts of at most
//! [`USERS_MAX`] users each. Their own ids, texts, tags and bodies are not kept.
//!
//! Users are listed by their hashes, 8 bytes each, and not sketched: what is counted of
//! them stays exact at a three hundredth of what the events would take.

use rkyv::{Archive, Deserialize, Serialize};

use crate::{EventId, Level, ProjectId};

/// The newest tally of a storm.
pub type Sampled = SampledV1;

/// Parts of a record; what does not fit goes into another one.
pub const PARTS_MAX: usize = 64;
/// Users of a part, likewise: 4 KiB of them.
pub const USERS_MAX: usize = 512;

/// Events alike that were only counted.
#[derive(Debug, Clone, PartialEq, Eq, Archive, Serialize, Deserialize, serde::Serialize)]
pub struct SampledV1 {
    /// Whose.
    pub project_id: u32,
    /// Server's clock, of the newest of them.
    pub received_ns: i64,
    /// What makes them alike: [`crate::kind`].
    pub kind: u64,
    /// The event that was kept for them.
    #[serde(serialize_with = "crate::id::hex")]
    pub sample_id: [u8; 16],
    /// In the order they came up.
    pub parts: Vec<SampledPartV1>,
}

/// Those of one minute, level, environment and release.
#[derive(Debug, Clone, PartialEq, Eq, Archive, Serialize, Deserialize, serde::Serialize)]
pub struct SampledPartV1 {
    /// Unix minute of the events' clamped time.
    pub minute: i64,
    /// [`Level`] as its number.
    pub level: u8,
    /// Where they happened; may be empty.
    pub environment: String,
    /// Of the application; may be empty.
    pub release: String,
    /// How many events were received.
    pub items: u64,
    /// How many they stand for: the sum of their weights.
    pub count: u64,
    /// The earliest, Unix milliseconds.
    pub first_ms: i64,
    /// The latest, Unix milliseconds.
    pub last_ms: i64,
    /// xxh3-64 of their users' identities, sorted, each once.
    pub users: Vec<u64>,
}

impl SampledV1 {
    /// How many events were received.
    pub fn items(&self) -> u64 {
        self.parts.iter().map(|part| part.items).sum()
    }

    /// How many they stand for.
    pub fn count(&self) -> u64 {
        self.parts.iter().map(|part| part.count).sum()
    }
}

/// One event that is only counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Surplus {
    /// Whose.
    pub project_id: ProjectId,
    /// [`crate::kind`].
    pub kind: u64,
    /// The event that was kept for those like it.
    pub sample: EventId,
    /// Unix nanoseconds, server's clock.
    pub received_ns: i64,
    /// When it happened, clamped, Unix milliseconds.
    pub at_ms: i64,
    /// How bad.
    pub level: Level,
    /// May be empty.
    pub environment: String,
    /// May be empty.
    pub release: String,
    /// xxh3-64 of its user's identity; none: it names none.
    pub user: Option<u64>,
    /// How many it stands for.
    pub weight: u64,
}

/// A record in the making.
#[derive(Debug)]
pub struct Summing(SampledV1);

impl Summing {
    /// Begins with one event.
    pub fn new(first: &Surplus) -> Self {
        let mut summing = Self(SampledV1 {
            project_id: first.project_id.0,
            received_ns: first.received_ns,
            kind: first.kind,
            sample_id: first.sample.0,
            parts: Vec::new(),
        });
        let taken = summing.add(first);
        debug_assert!(taken, "an empty record takes any event");
        summing
    }

    /// Adds one more; whether it could: another kind, or another sample, or no room for
    /// one more part or user asks for another record.
    pub fn add(&mut self, one: &Surplus) -> bool {
        let record = &mut self.0;
        if (record.project_id, record.kind, record.sample_id)
            != (one.project_id.0, one.kind, one.sample.0)
        {
            return false;
        }
        let (minute, level) = (one.at_ms.div_euclid(60_000), one.level as u8);
        let is_its = |part: &SampledPartV1| {
            (part.minute, part.level) == (minute, level)
                && part.environment == one.environment
                && part.release == one.release
        };
        let place = match record.parts.iter().position(is_its) {
            Some(place) => place,
            None if record.parts.len() == PARTS_MAX => return false,
            None => {
                record.parts.push(SampledPartV1 {
                    minute,
                    level,
                    environment: one.environment.clone(),
                    release: one.release.clone(),
                    items: 0,
                    count: 0,
                    first_ms: one.at_ms,
                    last_ms: one.at_ms,
                    users: Vec::new(),
                });
                record.parts.len() - 1
            }
        };
        let part = &mut record.parts[place];
        if let Some(user) = one.user
            && let Err(place) = part.users.binary_search(&user)
        {
            if part.users.len() == USERS_MAX {
                return false;
            }
            part.users.insert(place, user);
        }
        part.items += 1;
        part.count += one.weight.max(1);
        part.first_ms = part.first_ms.min(one.at_ms);
        part.last_ms = part.last_ms.max(one.at_ms);
        record.received_ns = record.received_ns.max(one.received_ns);
        true
    }

    /// The record.
    pub fn finish(self) -> SampledV1 {
        self.0
    }
}
