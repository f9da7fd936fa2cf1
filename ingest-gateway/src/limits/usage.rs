//! What was stored in the hour at hand, by project and category.
//!
//! A quota is of a clock hour of receipt, UTC: what the log's records say of themselves, so
//! that the counts are read from the log's tail after a restart, and from every gateway's
//! records once there are several (docs/adr). Invariant: of a category no more is paid for in
//! an hour than the quota of the project and of the organisation allow, whoever asks at the
//! same moment: both are asked and paid under one lock. Bounded: three hours of each project
//! that has a key.

use std::collections::HashMap;

use event_model::{Note, ProjectId};
use parking_lot::Mutex;

/// Nanoseconds of an hour.
pub(crate) const HOUR_NS: i64 = 3_600_000_000_000;
/// Hours that are kept: that at hand, and those before it that a stream may have begun in.
const HOURS: usize = 3;

/// The hour of a time: Unix hours.
pub(crate) fn hour_of(time_ns: i64) -> i64 {
    time_ns.div_euclid(HOUR_NS)
}

/// What is counted by itself. What SDKs report of their own drops has no quota.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Category {
    /// Events of every kind: errors, messages, reports of browsers, minidumps.
    Error,
    /// Files.
    Attachment,
    /// Release health.
    Session,
    /// Check-ins.
    Monitor,
    /// What people wrote.
    Feedback,
}

impl Category {
    /// All of them, as they are numbered.
    pub(crate) const ALL: [Self; 5] = [
        Self::Error,
        Self::Attachment,
        Self::Session,
        Self::Monitor,
        Self::Feedback,
    ];

    /// Of a note, and how many items it is; none: it has no quota.
    pub(crate) fn of_note(note: &Note) -> Option<(Self, u64)> {
        match note {
            Note::Attachments(note) => Some((Self::Attachment, note.files.len() as u64)),
            Note::Sessions(_) => Some((Self::Session, 1)),
            Note::CheckIn(_) => Some((Self::Monitor, 1)),
            Note::Feedback(_) => Some((Self::Feedback, 1)),
            _ => None,
        }
    }

    /// The words of the protocol's categories that SDKs stop at. Old browser SDKs look for
    /// `event`; all pass over words that they do not know.
    pub(super) fn sentry(self) -> &'static str {
        match self {
            Self::Error => "error;event;security",
            Self::Attachment => "attachment",
            Self::Session => "session",
            Self::Monitor => "monitor",
            Self::Feedback => "feedback",
        }
    }

    pub(super) fn plural(self) -> &'static str {
        match self {
            Self::Error => "events",
            Self::Attachment => "attachments",
            Self::Session => "sessions",
            Self::Monitor => "check-ins",
            Self::Feedback => "feedback messages",
        }
    }
}

/// Whose quota.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Scope {
    /// All projects'.
    Organization,
    /// One project's.
    Project(ProjectId),
}

impl Scope {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Organization => "organization",
            Self::Project(_) => "project",
        }
    }
}

/// Items of each category an hour; none: as many as come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Quotas {
    pub(super) project: Option<u64>,
    pub(super) organization: Option<u64>,
}

/// Counts of the hours that are kept.
#[derive(Debug, Default)]
struct Hours([(i64, [u64; Category::ALL.len()]); HOURS]);

impl Hours {
    fn count(&mut self, hour: i64, category: Category) -> &mut u64 {
        let slot = &mut self.0[hour.rem_euclid(HOURS as i64) as usize];
        // Of another hour: over, or the clock was set back.
        if slot.0 != hour {
            *slot = (hour, [0; Category::ALL.len()]);
        }
        &mut slot.1[category as usize]
    }

    fn seen(&self, hour: i64, category: Category) -> u64 {
        let slot = &self.0[hour.rem_euclid(HOURS as i64) as usize];
        if slot.0 == hour {
            slot.1[category as usize]
        } else {
            0
        }
    }
}

#[derive(Debug, Default)]
struct Books {
    organization: Hours,
    projects: HashMap<ProjectId, Hours>,
}

impl Books {
    fn full(
        &self,
        project: ProjectId,
        category: Category,
        hour: i64,
        quotas: Quotas,
    ) -> Option<(Scope, u64)> {
        let of_project = self.projects.get(&project);
        let used = of_project.map_or(0, |hours| hours.seen(hour, category));
        if let Some(quota) = quotas.project.filter(|quota| used >= *quota) {
            return Some((Scope::Project(project), quota));
        }
        let used = self.organization.seen(hour, category);
        let quota = quotas.organization.filter(|quota| used >= *quota)?;
        Some((Scope::Organization, quota))
    }

    fn add(&mut self, project: ProjectId, category: Category, hour: i64, items: u64) {
        *self.organization.count(hour, category) += items;
        let of_project = self.projects.entry(project).or_default();
        *of_project.count(hour, category) += items;
    }
}

/// The counts.
#[derive(Debug, Default)]
pub(crate) struct Usage(Mutex<Books>);

impl Usage {
    /// Counts what the log already holds.
    pub(crate) fn note(&self, project: ProjectId, category: Category, hour: i64, items: u64) {
        self.0.lock().add(project, category, hour, items);
    }

    /// Pays for one item, or says whose quota is used up, and how large it is.
    pub(crate) fn take(
        &self,
        project: ProjectId,
        category: Category,
        hour: i64,
        quotas: Quotas,
    ) -> Result<(), (Scope, u64)> {
        let mut books = self.0.lock();
        if let Some(full) = books.full(project, category, hour, quotas) {
            return Err(full);
        }
        books.add(project, category, hour, 1);
        Ok(())
    }

    /// An item that was paid for is not stored.
    pub(crate) fn give_back(&self, project: ProjectId, category: Category, hour: i64) {
        let mut books = self.0.lock();
        let count = books.organization.count(hour, category);
        *count = count.saturating_sub(1);
        if let Some(hours) = books.projects.get_mut(&project) {
            let count = hours.count(hour, category);
            *count = count.saturating_sub(1);
        }
    }

    /// Whose quota is used up, and how large it is; none: there is room.
    pub(crate) fn full(
        &self,
        project: ProjectId,
        category: Category,
        hour: i64,
        quotas: Quotas,
    ) -> Option<(Scope, u64)> {
        if quotas == Quotas::default() {
            return None;
        }
        self.0.lock().full(project, category, hour, quotas)
    }

    /// What was stored.
    pub(crate) fn used(&self, scope: Scope, category: Category, hour: i64) -> u64 {
        let books = self.0.lock();
        match scope {
            Scope::Organization => books.organization.seen(hour, category),
            Scope::Project(id) => {
                let hours = books.projects.get(&id);
                hours.map_or(0, |hours| hours.seen(hour, category))
            }
        }
    }
}
