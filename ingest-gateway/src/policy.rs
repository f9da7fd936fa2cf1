//! What owners want of each project's events, compiled once: what is masked, what is
//! not stored.
//!
//! Invariant: a policy is that of the version of its project's settings in the control
//! state it was asked with; a change is compiled by the first event of the project after
//! it, and for that project alone. Other commands (the alerter notes its place every few
//! seconds) compile nothing. A rule that this release cannot compile (it was checked by another when
//! it was set) is left out, with a line in the log.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use arc_swap::ArcSwap;
use event_intake::{
    filter::{Filter, FilterReason},
    scrub::Rules,
};
use event_model::{
    ControlState, Head, ProjectId,
    credential::ServerSecret,
    settings::{Filters, Scrubbing},
    stack_hash,
};
use parking_lot::Mutex;

/// Of one project.
#[derive(Debug)]
pub(crate) struct Policy {
    /// What is masked.
    pub(crate) rules: Rules,
    filter: Filter,
    /// Stacks of discarded issues, sorted.
    discarded: Vec<u64>,
    /// Whether the surplus of a spike is only counted.
    pub(crate) is_protected: bool,
    /// The version of the settings it was compiled of.
    version: u64,
}

impl Policy {
    /// Whether the stack of an event is that of a discarded issue.
    pub(crate) fn is_discarded(&self, head: &Head) -> bool {
        !self.discarded.is_empty()
            && stack_hash(head).is_some_and(|hash| self.discarded.binary_search(&hash).is_ok())
    }

    /// Why an event is not to be stored; `None`: it is. `sender` is who sent it.
    pub(crate) fn unwanted(
        &self,
        event: &event_model::Event,
        head: &Head,
        sender: Option<std::net::IpAddr>,
    ) -> Option<FilterReason> {
        if self.is_discarded(head) {
            return Some(FilterReason::DiscardedIssue);
        }
        self.filter.reason(event, sender)
    }
}

/// Of all projects.
#[derive(Debug)]
pub(crate) struct Policies {
    /// Those with settings of their own.
    compiled: ArcSwap<HashMap<ProjectId, Arc<Policy>>>,
    /// One compilation at a time: events that come together compile once.
    compiling: Mutex<()>,
    /// How often a project's settings were compiled.
    compilations: AtomicU64,
    /// Of projects without settings.
    standard: Arc<Policy>,
    secret: ServerSecret,
}

impl Policies {
    pub(crate) fn new(secret: ServerSecret) -> Self {
        let standard = Policy {
            rules: Rules::standard().clone(),
            filter: Filter::default(),
            discarded: Vec::new(),
            is_protected: true,
            version: 0,
        };
        Self {
            compiled: ArcSwap::default(),
            compiling: Mutex::new(()),
            compilations: AtomicU64::new(0),
            standard: Arc::new(standard),
            secret,
        }
    }

    /// That of a project, as the control state has it.
    pub(crate) fn of(&self, project: ProjectId, state: &ControlState) -> Arc<Policy> {
        let version = state.settings_version(project);
        if version == 0 {
            return Arc::clone(&self.standard);
        }
        let known = |all: &HashMap<ProjectId, Arc<Policy>>| {
            let known = all.get(&project).filter(|known| known.version == version);
            known.cloned()
        };
        if let Some(known) = known(&self.compiled.load()) {
            return known;
        }
        let _one_at_a_time = self.compiling.lock();
        if let Some(known) = known(&self.compiled.load()) {
            return known;
        }
        let policy = Arc::new(self.compile(project, state, version));
        let mut next = HashMap::clone(&self.compiled.load());
        next.insert(project, Arc::clone(&policy));
        self.compiled.store(Arc::new(next));
        policy
    }

    fn compile(&self, project: ProjectId, state: &ControlState, version: u64) -> Policy {
        self.compilations.fetch_add(1, Ordering::Relaxed);
        let issues = state.discarded.values();
        let of_project = issues.filter(|issue| issue.project_id == project);
        let mut discarded: Vec<u64> = of_project
            .flat_map(|issue| issue.stacks.iter().copied())
            .collect();
        discarded.sort_unstable();
        let scrubbing = state.scrubbing.get(&project).cloned().unwrap_or_default();
        let filters = state.filters.get(&project).cloned().unwrap_or_default();
        Policy {
            rules: self.rules(project, &scrubbing),
            filter: filter(project, &filters),
            discarded,
            is_protected: !state.unprotected.contains(&project),
            version,
        }
    }

    fn rules(&self, project: ProjectId, settings: &Scrubbing) -> Rules {
        let compile = |settings: &Scrubbing| Rules::compile(settings, self.hash(project));
        compile(settings).unwrap_or_else(|error| {
            tracing::error!(%project, %error, "a scrub rule cannot be compiled and is left out");
            let mut sound = settings.clone();
            let alone = |rule: &event_model::settings::ScrubRule| Scrubbing {
                rules: vec![rule.clone()],
                ..Scrubbing::default()
            };
            sound.rules.retain(|rule| compile(&alone(rule)).is_ok());
            // Without exceptions more is masked, not less.
            sound.allow.clear();
            compile(&sound).unwrap_or_else(|_| Rules::standard().clone())
        })
    }

    /// The hash of values, of this installation and project alone.
    pub(crate) fn hash(
        &self,
        project: ProjectId,
    ) -> impl Fn(&str) -> [u8; 32] + Send + Sync + 'static {
        let secret = self.secret.clone();
        move |value| secret.hash_of_value(project, value)
    }
}

fn filter(project: ProjectId, settings: &Filters) -> Filter {
    Filter::compile(settings).unwrap_or_else(|error| {
        tracing::error!(%project, %error, "filters cannot be compiled, none applies");
        Filter::default()
    })
}

#[cfg(test)]
mod tests {
    use event_model::{Actor, Command, Decision, DiscardedIssue, IssueId, PublicKey};

    use super::*;

    fn apply(state: &mut ControlState, decision: Decision) {
        state.apply(&Command {
            actor: Actor::System,
            at_ns: 1,
            decision,
        });
    }

    /// Three projects.
    fn state() -> ControlState {
        let mut state = ControlState::default();
        for id in 1..=3 {
            let decision = Decision::CreateProject {
                id: ProjectId(id),
                name: id.to_string(),
                platform: String::new(),
                public_key: PublicKey([id as u8; 16]),
                key_label: String::new(),
                algorithm: 1,
            };
            apply(&mut state, decision);
        }
        state
    }

    #[test]
    fn only_a_change_of_a_projects_own_settings_compiles_and_that_once() {
        let policies = Policies::new(ServerSecret::new([7; 32]));
        let mut state = state();
        // An event of each project after every command; what was compiled so far.
        let events = |state: &ControlState| {
            for _ in 0..3 {
                for id in 1..=3 {
                    policies.of(ProjectId(id), state);
                }
            }
            policies.compilations.load(Ordering::Relaxed)
        };
        let scrub = |project| Decision::SetScrubbing {
            project_id: ProjectId(project),
            scrubbing: Scrubbing::default(),
        };
        assert_eq!(events(&state), 0, "nobody has set anything");
        apply(&mut state, scrub(1));
        apply(&mut state, scrub(2));
        assert_eq!(events(&state), 2);
        for position in 0..50 {
            apply(&mut state, Decision::AdvanceAlertCursor { position });
            assert_eq!(events(&state), 2, "the alerter's place is no setting");
        }
        apply(&mut state, scrub(1));
        assert_eq!(events(&state), 3, "only that project's");
        let discard = Decision::DiscardIssues {
            issues: vec![DiscardedIssue {
                id: IssueId(9),
                project_id: ProjectId(3),
                stacks: vec![5, 4],
            }],
        };
        apply(&mut state, discard);
        assert_eq!(events(&state), 4);
        assert_eq!(policies.of(ProjectId(3), &state).discarded, [4, 5]);
        let undiscard = Decision::UndiscardIssues {
            issues: vec![IssueId(9)],
        };
        apply(&mut state, undiscard);
        assert_eq!(events(&state), 5);
        assert!(policies.of(ProjectId(3), &state).discarded.is_empty());
    }
}
