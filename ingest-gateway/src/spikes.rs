//! Spike protection: when a project has many more events than it usually has, those that
//! are like many others are only counted.
//!
//! Owns, for each project, how many events it has in the minute at hand and how many are
//! usual ([`usual`]); while a project is above its threshold, and for a minute after, how
//! many there are of each kind ([`event_model::kind`]). Of a kind the first
//! [`RARE_EVENTS_MAX`] of a minute are kept, so that what is rare always gets through; of
//! one that had more in the minute before, the first. The rest is surplus, once one event
//! of its kind was kept that is known to be durable: only then it is counted under that
//! one's name.
//!
//! Invariant: nothing that is projected depends on what is here: a replay sees the records
//! only. Minutes are those of receipt. Bounded: [`KINDS_MAX`] kinds a project; events of
//! further ones are kept. Lost at a restart: kinds begin anew, what is usual is asked for.

mod usual;

use std::collections::HashMap;

use dashmap::DashMap;
use event_model::{EventId, Head, ProjectId, kind};

pub(crate) use self::usual::{HISTORY_HOURS, Usual};

/// So many events of a kind are kept in a minute before they are surplus: enough to see
/// how they differ, and whatever is rarer than one each six seconds is not touched.
pub(crate) const RARE_EVENTS_MAX: u32 = 10;
/// Kinds of a project that are told apart, at 64 bytes each.
const KINDS_MAX: usize = 4_096;
const MINUTE_NS: i64 = 60_000_000_000;

/// When a minute of a project is a spike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Threshold {
    /// Never below so many events a minute: small projects do not trip.
    pub(crate) floor: u32,
    /// So many times what is usual.
    pub(crate) factor: u32,
}

/// What becomes of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is stored.
    Keep,
    /// It is stored, and those of its kind that come after it are counted under its name.
    KeepFor(u64),
    /// It is one more of a kind; that event was kept for it.
    Count {
        /// The kind.
        kind: u64,
        /// Durable.
        sample: EventId,
    },
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Spikes {
    /// None: nothing is ever surplus.
    threshold: Option<Threshold>,
    projects: DashMap<ProjectId, Project>,
}

#[derive(Debug, Default)]
struct Project {
    /// Unix minute.
    minute: i64,
    /// Events in it.
    events: u32,
    /// Whether the minute before was above the threshold.
    was_above: bool,
    usual: Usual,
    kinds: HashMap<u64, Kind>,
}

#[derive(Debug, Default)]
struct Kind {
    minute: i64,
    events: u32,
    /// Whether the minute before had more than are rare.
    was_frequent: bool,
    sample: Option<EventId>,
    /// One that may become the sample is on its way to the disk.
    is_awaited: bool,
}

impl Spikes {
    pub(crate) fn new(threshold: Option<Threshold>) -> Self {
        Self {
            threshold,
            projects: DashMap::new(),
        }
    }

    /// Judges an event that is wanted and no duplicate.
    pub(crate) fn judge(&self, head: &Head) -> Verdict {
        let Some(threshold) = self.threshold else {
            return Verdict::Keep;
        };
        let minute = head.received_ns.div_euclid(MINUTE_NS);
        let id = ProjectId(head.project_id);
        let mut project = self.projects.entry(id).or_default();
        let was_above = project.is_above(threshold);
        if project.turn_to(minute, threshold) && was_above && !project.is_above(threshold) {
            Self::ends(id);
        }
        project.events = project.events.saturating_add(1);
        if !project.is_above(threshold) {
            return Verdict::Keep;
        }
        if !was_above {
            Self::begins(id, &project);
        }
        project.judge(kind(head))
    }

    /// The event that others of its kind are counted under is durable.
    pub(crate) fn kept(&self, project: ProjectId, kind: u64, sample: EventId) {
        self.with_kind(project, kind, |kind| {
            kind.sample = Some(sample);
            kind.is_awaited = false;
        });
    }

    /// It is not.
    pub(crate) fn not_kept(&self, project: ProjectId, kind: u64) {
        self.with_kind(project, kind, |kind| kind.is_awaited = false);
    }

    fn with_kind(&self, project: ProjectId, kind: u64, change: impl FnOnce(&mut Kind)) {
        if let Some(mut project) = self.projects.get_mut(&project)
            && let Some(kind) = project.kinds.get_mut(&kind)
        {
            change(kind);
        }
    }

    /// What is usual for a project.
    pub(crate) fn learn(&self, project: ProjectId, usual: Usual) {
        self.projects.entry(project).or_default().usual = usual;
    }

    /// How many projects are in a spike at this moment, in Unix nanoseconds.
    pub(crate) fn spiking(&self, now_ns: i64) -> usize {
        let Some(threshold) = self.threshold else {
            return 0;
        };
        // Of one that fell silent nobody turns the minute.
        let minute = now_ns.div_euclid(MINUTE_NS);
        let is_in_one =
            |project: &Project| project.minute + 1 >= minute && project.is_above(threshold);
        let projects = self.projects.iter();
        projects.filter(|project| is_in_one(project)).count()
    }

    fn begins(id: ProjectId, project: &Project) {
        let (events, usual) = (project.events, project.usual.of(project.minute));
        tracing::warn!(project = %id, events, usual, "a spike begins: events that are like many others are only counted");
    }

    fn ends(id: ProjectId) {
        tracing::info!(project = %id, "a spike is over");
    }
}

impl Project {
    fn is_above(&self, threshold: Threshold) -> bool {
        self.was_above || self.events > threshold.of(self.usual.of(self.minute))
    }

    /// Begins another minute, if it is one; whether it is. A clock that goes back does not.
    fn turn_to(&mut self, minute: i64, threshold: Threshold) -> bool {
        if minute <= self.minute {
            return false;
        }
        let follows = minute == self.minute + 1;
        let exceeded = self.events > threshold.of(self.usual.of(self.minute));
        self.was_above = follows && exceeded;
        let before = self.minute;
        (self.minute, self.events) = (minute, 0);
        if follows && self.was_above {
            self.kinds.retain(|_, kind| kind.minute >= before);
        } else {
            // What is left of a spike is of no use to the next one.
            self.kinds = HashMap::new();
        }
        true
    }

    fn judge(&mut self, number: u64) -> Verdict {
        if self.kinds.len() >= KINDS_MAX && !self.kinds.contains_key(&number) {
            return Verdict::Keep;
        }
        let kind = self.kinds.entry(number).or_default();
        if kind.minute != self.minute {
            let follows = kind.minute + 1 == self.minute;
            kind.was_frequent = follows && kind.events > RARE_EVENTS_MAX;
            (kind.minute, kind.events) = (self.minute, 0);
        }
        kind.events = kind.events.saturating_add(1);
        let kept_max = if kind.was_frequent {
            1
        } else {
            RARE_EVENTS_MAX
        };
        let is_surplus = kind.events > kept_max;
        match kind.sample {
            Some(sample) if is_surplus => Verdict::Count {
                kind: number,
                sample,
            },
            // The last one that is kept in a minute stands for those that may follow.
            _ if kind.events >= kept_max && !kind.is_awaited => {
                kind.is_awaited = true;
                Verdict::KeepFor(number)
            }
            _ => Verdict::Keep,
        }
    }
}

impl Threshold {
    fn of(self, usual: u32) -> u32 {
        usual.saturating_mul(self.factor).max(self.floor)
    }
}

#[cfg(test)]
mod tests;
