//! Which rule would have made one issue of two.
//!
//! Invariant: a rule that is suggested was tried by the grouper, behind the project's own: it
//! gives both events one fingerprint, it leaves none of the newest events of either behind,
//! and it moves none of the newest events of other issues. What trying costs is bounded: in
//! rules by [`TRIALS_MAX`], in events by [`EVENTS_MAX`], in comparisons by [`STEPS_MAX`];
//! counted, not timed.

use std::sync::Arc;

use event_model::{Fingerprint, IssueId, ProjectId};
use grouping::{Grouper, Rules, rules::RULES_BYTES_MAX, similar::suggestions};
use read_model::search::reader::{EventFilter, From};

use super::Seen;
use crate::{error::ApiError, view::View};

/// Newest events of the project that a rule is tried on.
const EVENTS_MAX: usize = 200;
/// Rules that are tried for an answer.
const TRIALS_MAX: usize = 40;
/// Rules that are tried for one pair of issues.
const TRIALS_A_PAIR_MAX: usize = 6;
/// Comparisons that the project's own rules may cost for all events of a trial.
const STEPS_MAX: u64 = 1_000_000;

/// What rules are tried on.
pub(super) struct Trials<'t> {
    grouper: Grouper,
    text: &'t str,
    /// None: not read yet.
    newest: Option<Vec<Newest>>,
    left: usize,
}

/// One of the project's newest events, as the rules of now group it.
struct Newest {
    event: event_model::StoredEvent,
    issue: Option<IssueId>,
    fingerprint: Fingerprint,
}

impl<'t> Trials<'t> {
    pub(super) fn new(grouper: Grouper, text: &'t str) -> Self {
        Self {
            grouper,
            text,
            newest: None,
            left: TRIALS_MAX,
        }
    }

    /// How many events rules were tried on.
    pub(super) fn events(&self) -> u32 {
        let count = self.newest.as_ref().map_or(0, Vec::len);
        u32::try_from(count).unwrap_or(u32::MAX)
    }

    /// The first rule that joins two events, and nothing else.
    pub(super) fn rule(
        &mut self,
        view: &View<'_>,
        own: &Seen,
        other: &Seen,
    ) -> Result<Option<String>, ApiError> {
        let print = |seen: &Seen| self.grouper.fingerprint(seen.event.whole());
        let before = [print(own), print(other)];
        if before[0] == before[1] {
            return Ok(None);
        }
        let project = ProjectId(own.event.head().project_id.to_native());
        let lines = suggestions(&own.profile, &other.profile, self.text);
        for line in lines.into_iter().take(TRIALS_A_PAIR_MAX) {
            if self.left == 0 || self.text.len() + line.len() >= RULES_BYTES_MAX {
                break;
            }
            self.left -= 1;
            if self.joins(view, project, &line, own, other, before)? {
                return Ok(Some(line));
            }
        }
        Ok(None)
    }

    fn joins(
        &mut self,
        view: &View<'_>,
        project: ProjectId,
        line: &str,
        own: &Seen,
        other: &Seen,
        before: [Fingerprint; 2],
    ) -> Result<bool, ApiError> {
        let Ok(more) = Rules::parse(line) else {
            return Ok(false);
        };
        let lines = u32::try_from(self.text.lines().count()).unwrap_or(u32::MAX);
        let rules = self.grouper.rules().followed_by(&more, lines);
        let grouper = Grouper::new(Arc::new(rules), self.grouper.algorithm());
        let joined = grouper.fingerprint(own.event.whole());
        if joined != grouper.fingerprint(other.event.whole()) {
            return Ok(false);
        }
        let is_right = |newest: &Newest| {
            let after = grouper.fingerprint(newest.event.whole());
            let is_of_either = [Some(own.issue), Some(other.issue)].contains(&newest.issue);
            if is_of_either {
                after == joined || !before.contains(&newest.fingerprint)
            } else {
                after == newest.fingerprint
            }
        };
        Ok(self.newest(view, project)?.iter().all(is_right))
    }

    fn newest(&mut self, view: &View<'_>, project: ProjectId) -> Result<&[Newest], ApiError> {
        if self.newest.is_none() {
            self.newest = Some(self.read(view, project)?);
        }
        Ok(self.newest.as_deref().unwrap_or_default())
    }

    fn read(&self, view: &View<'_>, project: ProjectId) -> Result<Vec<Newest>, ApiError> {
        let filter = EventFilter {
            project: Some(project),
            ..EventFilter::default()
        };
        let hits = view.in_log(view.events(&filter, From::Newest, EVENTS_MAX)?);
        let keys = hits.iter().map(|hit| (hit.project_id, hit.fingerprint));
        let issues = view.issues(|snapshot| snapshot.issue_ids(keys))?;
        let mut newest = Vec::with_capacity(hits.len());
        let mut steps = 0;
        for hit in hits {
            let Some(event) = view.retained(hit.position)? else {
                continue;
            };
            steps += self.grouper.matched(event.whole()).steps;
            if steps > STEPS_MAX {
                break;
            }
            newest.push(Newest {
                fingerprint: self.grouper.fingerprint(event.whole()),
                issue: issues.get(&(hit.project_id, hit.fingerprint)).copied(),
                event,
            });
        }
        Ok(newest)
    }
}
