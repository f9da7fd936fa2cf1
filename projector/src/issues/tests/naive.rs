//! What the issue database should answer, counted over the raw events without any table.

use std::collections::{BTreeMap, BTreeSet};

use event_log::Entry;
use event_model::{IssueId, IssueStatus, ProjectId, access::Sight, head::Head};
use proptest::prelude::*;
use read_model::issues::reader::{IssueFilter, Range, Scope};

use super::{arbitrary_head, issue_of, regroup, set_status};
use crate::testing::{NOON_NS, event};

/// What happens.
#[derive(Debug, Clone)]
pub(super) enum Step {
    Event(Head),
    Status(Head, IssueStatus),
    /// Issues by an event of each; the first one's project is that of the decision.
    Merge(Vec<Head>),
    /// Out of the issue of the first, those of the others, together or each alone.
    Unmerge(Head, Vec<Head>, bool),
}

impl Step {
    pub(super) fn arbitrary() -> impl Strategy<Value = Self> {
        let statuses = prop_oneof![
            1 => Just(IssueStatus::Unresolved),
            2 => Just(IssueStatus::Resolved),
            1 => Just(IssueStatus::Ignored)
        ];
        let heads = || proptest::collection::vec(arbitrary_head(), 2..6);
        prop_oneof![
            10 => arbitrary_head().prop_map(Step::Event),
            2 => (arbitrary_head(), statuses).prop_map(|(head, status)| Step::Status(head, status)),
            2 => heads().prop_map(Step::Merge),
            1 => (arbitrary_head(), heads(), any::<bool>())
                .prop_map(|(of, heads, together)| Step::Unmerge(of, heads, together)),
        ]
    }

    pub(super) fn entry(&self) -> Entry {
        match self {
            Self::Event(head) => event(head),
            Self::Status(head, status) => set_status(head, *status),
            Self::Merge(heads) => regroup::merge(&heads.iter().collect::<Vec<_>>()),
            Self::Unmerge(of, heads, together) => {
                regroup::unmerge(of, &heads.iter().collect::<Vec<_>>(), *together)
            }
        }
    }
}

/// What is known without any table.
#[derive(Default)]
pub(super) struct Naive {
    pub(super) events: Vec<(IssueId, Head)>,
    /// Of all ids, those merged away included, until [`Naive::of`] ends.
    pub(super) statuses: BTreeMap<IssueId, IssueStatus>,
    /// The issue of each fingerprint, which is named by the issue that it opened.
    pub(super) leads: BTreeMap<IssueId, IssueId>,
    /// Fingerprints in the order of their first events, with their projects.
    opened: Vec<(IssueId, u32)>,
    /// Event times, ms.
    regressions: Vec<(IssueId, i64)>,
}

pub(super) fn at_ms(head: &Head) -> i64 {
    head.timestamp_ns.div_euclid(1_000_000)
}

impl Naive {
    pub(super) fn of(steps: &[Step]) -> Self {
        let mut naive = Self::default();
        for step in steps {
            naive.take(step);
        }
        let leads = &naive.leads;
        for (id, _) in &mut naive.events {
            *id = leads[id];
        }
        for (id, _) in &mut naive.regressions {
            *id = leads[id];
        }
        naive.statuses.retain(|id, _| leads[id] == *id);
        naive
    }

    fn take(&mut self, step: &Step) {
        match step {
            Step::Event(head) => {
                let own = issue_of(head);
                let id = *self.leads.entry(own).or_insert_with(|| {
                    self.opened.push((own, head.project_id));
                    own
                });
                let status = self.statuses.entry(id).or_insert(IssueStatus::Unresolved);
                // Commands are all of noon.
                if *status == IssueStatus::Resolved && head.timestamp_ns >= NOON_NS {
                    *status = IssueStatus::Unresolved;
                    self.regressions.push((id, at_ms(head)));
                }
                self.events.push((own, head.clone()));
            }
            Step::Status(head, status) => {
                if let Some(id) = self.leads.get(&issue_of(head)) {
                    self.statuses.insert(*id, *status);
                }
            }
            Step::Merge(heads) => {
                let project = heads[0].project_id;
                let owns = heads.iter().map(issue_of);
                let issues: BTreeSet<IssueId> = owns
                    .filter(|own| self.opened.contains(&(*own, project)))
                    .map(|own| self.leads[&own])
                    .collect();
                if issues.len() > 1 {
                    let leads = self.leads.iter();
                    let all = leads.filter(|(_, lead)| issues.contains(lead));
                    self.make_one(all.map(|(own, _)| *own).collect());
                }
            }
            Step::Unmerge(of, heads, together) => {
                let Some(lead) = self.leads.get(&issue_of(of)).copied() else {
                    return;
                };
                let members = self.leads.iter().filter(|(_, of)| **of == lead);
                let members: BTreeSet<IssueId> = members.map(|(own, _)| *own).collect();
                // Fingerprints are alike in all projects.
                let own = |head: &Head| Head {
                    project_id: of.project_id,
                    ..head.clone()
                };
                let taken: BTreeSet<IssueId> =
                    heads.iter().map(|head| issue_of(&own(head))).collect();
                let taken: BTreeSet<IssueId> = taken.intersection(&members).copied().collect();
                self.make_one(members.difference(&taken).copied().collect());
                if *together {
                    self.make_one(taken);
                } else {
                    for own in taken {
                        self.make_one(BTreeSet::from([own]));
                    }
                }
            }
        }
    }

    /// The oldest gives the id; how each id stands stays what it was.
    fn make_one(&mut self, members: BTreeSet<IssueId>) {
        let oldest = self.opened.iter().find(|(own, _)| members.contains(own));
        let Some((oldest, _)) = oldest.copied() else {
            return;
        };
        for own in members {
            self.leads.insert(own, oldest);
        }
    }

    /// As if there had never been anything of other projects.
    pub(super) fn within(mut self, sight: &Sight) -> Self {
        self.events
            .retain(|(_, head)| sight.has(ProjectId(head.project_id)));
        let seen: BTreeSet<IssueId> = self.events.iter().map(|(id, _)| *id).collect();
        self.regressions.retain(|(id, _)| seen.contains(id));
        self.statuses.retain(|id, _| seen.contains(id));
        self
    }

    pub(super) fn is_of_part(scope: &Scope, head: &Head) -> bool {
        (scope.environment.is_empty() || scope.environment == head.environment)
            && (scope.release.is_empty() || scope.release == head.release)
    }

    pub(super) fn is_within(range: Option<Range>, ms: i64) -> bool {
        range.is_none_or(|range| ms >= range.from_ms() && ms < range.to_ms())
    }

    /// Events within scope and projects.
    pub(super) fn scoped(&self, scope: &Scope, projects: &Sight) -> Vec<&(IssueId, Head)> {
        let is_within = |head: &Head| {
            Self::is_of_part(scope, head)
                && Self::is_within(scope.range, at_ms(head))
                && projects.has(ProjectId(head.project_id))
        };
        let events = self.events.iter();
        events.filter(|(_, head)| is_within(head)).collect()
    }

    pub(super) fn first_ms(&self, id: IssueId) -> i64 {
        let its = self.events.iter().filter(|(issue, _)| *issue == id);
        its.map(|(_, head)| at_ms(head)).min().unwrap()
    }

    pub(super) fn came_back(&self, id: IssueId, range: Option<Range>) -> bool {
        let mut all = self.regressions.iter();
        all.any(|(issue, ms)| *issue == id && Self::is_within(range, *ms))
    }

    pub(super) fn issues(&self, filter: &IssueFilter) -> BTreeSet<IssueId> {
        let range = filter.scope.range;
        self.scoped(&filter.scope, &filter.projects)
            .into_iter()
            .map(|(id, _)| *id)
            .filter(|id| filter.statuses.is_empty() || filter.statuses.contains(&self.statuses[id]))
            .filter(|id| !filter.is_new || Self::is_within(range, self.first_ms(*id)))
            .filter(|id| !filter.is_regressed || self.came_back(*id, range))
            .collect()
    }

    pub(super) fn users<'h>(heads: impl Iterator<Item = &'h Head>) -> u64 {
        let users: BTreeSet<&str> = heads.map(|head| head.user.as_str()).collect();
        users.iter().filter(|user| !user.is_empty()).count() as u64
    }
}
