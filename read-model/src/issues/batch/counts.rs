//! What the events of one fingerprint add up to within a batch, folded in memory.
//!
//! Invariant: sums of any order of the same contributions are equal but for what names a
//! first or a last event, and these go by time and position. Everything that a table has
//! by hour, minute, scene or level is derived of one map, so that an event costs one entry.

use std::collections::{BTreeMap, HashMap};

use event_model::{EventId, Level, Position};

use super::{FastState, Headline, PartDelta};

/// What one record adds to its fingerprint: an event, or what stands for many.
#[derive(Debug, Clone, Copy)]
pub struct Contribution<'r> {
    /// The record's.
    pub position: Position,
    /// The event's.
    pub event_id: EventId,
    /// When it happened, Unix milliseconds.
    pub at_ms: i64,
    /// When it was received, Unix milliseconds.
    pub received_ms: i64,
    /// How many events it stands for, at least 1.
    pub weight: u64,
    /// How bad.
    pub level: Level,
    /// Number of its scene.
    pub scene: i64,
    /// The event's release; empty: none.
    pub release: &'r str,
    /// Hash of the user's identity; none: it names nobody.
    pub user: Option<u64>,
}

/// What events add that were only counted: those of one minute, scene and level.
#[derive(Debug, Clone, Copy)]
pub struct Tallied<'r> {
    /// The record's.
    pub position: Position,
    /// Unix minute.
    pub minute: i64,
    /// The first of them, Unix milliseconds.
    pub first_ms: i64,
    /// The last of them, Unix milliseconds.
    pub last_ms: i64,
    /// When the last was received, Unix milliseconds.
    pub received_ms: i64,
    /// Sum of weights.
    pub count: u64,
    /// How bad.
    pub level: Level,
    /// Number of their scene.
    pub scene: i64,
    /// Their release; empty: none.
    pub release: &'r str,
    /// Hashes of their users' identities.
    pub users: &'r [u64],
}

/// Events of one minute, scene and level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// Sum of weights.
    pub count: u64,
    /// Earliest event time, Unix milliseconds.
    pub first_seen_ms: i64,
    /// Latest event time, Unix milliseconds.
    pub last_seen_ms: i64,
}

/// A release, and the event that names it: time and position.
pub type ReleaseSeen = (i64, Position, String);

/// See the module.
#[derive(Debug, Clone, PartialEq)]
pub struct Counts {
    /// Sum of weights.
    pub count: u64,
    /// Of these, what was only counted.
    pub sampled: u64,
    /// Earliest event time of the batch.
    pub first_seen_ms: i64,
    /// Latest event time of the batch.
    pub last_seen_ms: i64,
    /// The same of events that are stored: when `first` and `last` happened.
    pub first_at_ms: i64,
    /// Likewise.
    pub last_at_ms: i64,
    /// The first record of the batch.
    pub opened: Position,
    /// The stored event first seen; of one millisecond the first in the log.
    pub first: (Position, EventId),
    /// The stored event last seen; of one millisecond the last in the log.
    pub last: (Position, EventId),
    /// What the event last seen shows.
    pub headline: Headline,
    /// Of the event first seen of those that name a release.
    pub first_release: Option<ReleaseSeen>,
    /// Of the event last seen of those that name a release.
    pub last_release: Option<ReleaseSeen>,
    /// Events by minute, scene and level.
    pub moments: HashMap<(i64, i64, Level), Moment, FastState>,
    /// The minutes of the hour (bit n: minute n) in which a user was seen, by hour,
    /// scene and hash.
    pub user_hours: HashMap<(i64, i64, u64), u64, FastState>,
    /// Events by tag key and value, what is above the caps already under ''.
    pub tags: BTreeMap<String, BTreeMap<String, u64>>,
    /// Events by hour of receipt.
    pub received_hours: BTreeMap<i64, u64>,
    /// The newest receipt, Unix milliseconds.
    pub last_received_ms: i64,
}

impl Counts {
    /// Nothing yet, to be begun by the record at `opened`.
    pub fn none(opened: Position) -> Self {
        Self {
            count: 0,
            sampled: 0,
            first_seen_ms: i64::MAX,
            last_seen_ms: i64::MIN,
            first_at_ms: i64::MAX,
            last_at_ms: i64::MIN,
            opened,
            first: (opened, EventId([0; 16])),
            last: (opened, EventId([0; 16])),
            headline: Headline::default(),
            first_release: None,
            last_release: None,
            moments: HashMap::default(),
            user_hours: HashMap::default(),
            tags: BTreeMap::new(),
            received_hours: BTreeMap::new(),
            last_received_ms: i64::MIN,
        }
    }

    /// Adds all of a record but its tags; whether it is the last seen so far.
    pub fn add(&mut self, one: &Contribution<'_>) -> bool {
        self.count += one.weight;
        self.see(one.at_ms, one.at_ms);
        let is_last = one.at_ms >= self.last_at_ms;
        if is_last {
            self.last_at_ms = one.at_ms;
            self.last = (one.position, one.event_id);
        }
        if one.at_ms < self.first_at_ms {
            self.first_at_ms = one.at_ms;
            self.first = (one.position, one.event_id);
        }
        let minute = one.at_ms.div_euclid(60_000);
        let moment = (minute, one.scene, one.level);
        self.add_moment(moment, one.weight, (one.at_ms, one.at_ms));
        if let Some(user) = one.user {
            let hour = (minute.div_euclid(60), one.scene, user);
            *self.user_hours.entry(hour).or_default() |= 1 << minute.rem_euclid(60);
        }
        self.add_release((one.at_ms, one.position, one.release));
        let received_hour = one.received_ms.div_euclid(3_600_000);
        *self.received_hours.entry(received_hour).or_default() += one.weight;
        self.last_received_ms = self.last_received_ms.max(one.received_ms);
        is_last
    }

    /// Adds what was only counted.
    pub fn add_tallied(&mut self, one: &Tallied<'_>) {
        self.count += one.count;
        self.sampled += one.count;
        self.see(one.first_ms, one.last_ms);
        let moment = (one.minute, one.scene, one.level);
        self.add_moment(moment, one.count, (one.first_ms, one.last_ms));
        let hour = one.minute.div_euclid(60);
        for user in one.users {
            let minutes = self.user_hours.entry((hour, one.scene, *user));
            *minutes.or_default() |= 1 << one.minute.rem_euclid(60);
        }
        self.add_release((one.first_ms, one.position, one.release));
        self.add_release((one.last_ms, one.position, one.release));
        self.last_received_ms = self.last_received_ms.max(one.received_ms);
    }

    fn see(&mut self, first_ms: i64, last_ms: i64) {
        self.first_seen_ms = self.first_seen_ms.min(first_ms);
        self.last_seen_ms = self.last_seen_ms.max(last_ms);
    }

    fn add_moment(&mut self, key: (i64, i64, Level), count: u64, (first, last): (i64, i64)) {
        let moment = self.moments.entry(key).or_insert(Moment {
            count: 0,
            first_seen_ms: i64::MAX,
            last_seen_ms: i64::MIN,
        });
        moment.count += count;
        moment.first_seen_ms = moment.first_seen_ms.min(first);
        moment.last_seen_ms = moment.last_seen_ms.max(last);
    }

    fn add_release(&mut self, (at_ms, position, release): (i64, Position, &str)) {
        if release.is_empty() {
            return;
        }
        let set = |place: &mut Option<ReleaseSeen>| match place {
            Some((at, named_by, name)) if name == release => {
                (*at, *named_by) = (at_ms, position);
            }
            _ => *place = Some((at_ms, position, release.to_owned())),
        };
        let first = self.first_release.as_ref();
        if first.is_none_or(|(at, ..)| at_ms < *at) {
            set(&mut self.first_release);
        }
        let last = self.last_release.as_ref();
        if last.is_none_or(|(at, ..)| at_ms >= *at) {
            set(&mut self.last_release);
        }
    }

    /// Adds what another fingerprint of the same issue counts, as far as its issue's rows
    /// need it: neither users nor tags.
    pub fn add_sums(&mut self, other: &Self) {
        self.count += other.count;
        self.sampled += other.sampled;
        self.see(other.first_seen_ms, other.last_seen_ms);
        if (other.first_at_ms, other.first.0) < (self.first_at_ms, self.first.0) {
            (self.first_at_ms, self.first) = (other.first_at_ms, other.first);
        }
        if (other.last_at_ms, other.last.0) >= (self.last_at_ms, self.last.0) {
            (self.last_at_ms, self.last) = (other.last_at_ms, other.last);
            self.headline.clone_from(&other.headline);
        }
        let before = |a: &ReleaseSeen, b: &ReleaseSeen| (a.0, a.1) < (b.0, b.1);
        if let Some(first) = &other.first_release
            && self
                .first_release
                .as_ref()
                .is_none_or(|own| before(first, own))
        {
            self.first_release = Some(first.clone());
        }
        if let Some(last) = &other.last_release
            && self
                .last_release
                .as_ref()
                .is_none_or(|own| before(own, last))
        {
            self.last_release = Some(last.clone());
        }
        self.opened = self.opened.min(other.opened);
        for (key, moment) in &other.moments {
            let times = (moment.first_seen_ms, moment.last_seen_ms);
            self.add_moment(*key, moment.count, times);
        }
    }

    /// Events by minute and scene.
    pub fn minutes(&self) -> BTreeMap<(i64, i64), u64> {
        self.sums(|minute, scene, _| (minute, scene))
    }

    /// Events by hour and scene.
    pub fn hours(&self) -> BTreeMap<(i64, i64), u64> {
        self.sums(|minute, scene, _| (minute.div_euclid(60), scene))
    }

    /// Events by whatever is made of minute, scene and level.
    pub(crate) fn sums<K: Ord>(&self, key: impl Fn(i64, i64, Level) -> K) -> BTreeMap<K, u64> {
        let mut sums = BTreeMap::new();
        for ((minute, scene, level), moment) in &self.moments {
            *sums.entry(key(*minute, *scene, *level)).or_default() += moment.count;
        }
        sums
    }

    /// What there is of each scene, or of what `key` makes of it.
    pub fn parts<K: Ord>(&self, key: impl Fn(i64) -> K) -> BTreeMap<K, PartDelta> {
        let mut parts = BTreeMap::new();
        for ((_, scene, _), moment) in &self.moments {
            let part = parts.entry(key(*scene)).or_insert_with(PartDelta::none);
            part.add_part(&PartDelta {
                count: moment.count,
                first_seen_ms: moment.first_seen_ms,
                last_seen_ms: moment.last_seen_ms,
            });
        }
        parts
    }

    /// The oldest and the newest minute.
    pub fn minutes_within(&self) -> Option<(i64, i64)> {
        let minutes = || self.moments.keys().map(|(minute, ..)| *minute);
        minutes().min().zip(minutes().max())
    }
}
