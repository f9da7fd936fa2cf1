//! What owners want of each project's events, compiled once: what is masked, what is
//! not stored.
//!
//! Invariant: a policy is that of the control state's version it was asked with; a
//! change is compiled by the first event after it, and only for the projects that
//! changed. A rule that this release cannot compile (it was checked by another when
//! it was set) is left out, with a line in the log.

use std::{collections::HashMap, sync::Arc};

use arc_swap::ArcSwap;
use event_model::{
    ControlState, Head, ProjectId,
    credential::ServerSecret,
    settings::{Filters, Scrubbing},
    stack_hash,
};

use crate::{
    filter::{Filter, FilterReason},
    parse::scrub::Rules,
};

/// Of one project.
#[derive(Debug)]
pub(crate) struct Policy {
    /// What is masked.
    pub(crate) rules: Rules,
    filter: Filter,
    /// Stacks of discarded issues, sorted.
    discarded: Vec<u64>,
    /// What it was compiled of.
    made_of: (Scrubbing, Filters),
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

#[derive(Debug, Default)]
struct Compiled {
    version: u64,
    /// Projects with settings of their own.
    projects: HashMap<ProjectId, Arc<Policy>>,
}

/// Of all projects.
#[derive(Debug)]
pub(crate) struct Policies {
    compiled: ArcSwap<Compiled>,
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
            made_of: Default::default(),
        };
        Self {
            // No state is of this version.
            compiled: ArcSwap::from_pointee(Compiled {
                version: u64::MAX,
                ..Compiled::default()
            }),
            standard: Arc::new(standard),
            secret,
        }
    }

    /// That of a project, as the control state has it.
    pub(crate) fn of(&self, project: ProjectId, state: &ControlState) -> Arc<Policy> {
        let compiled = self.compiled.load();
        let known = if compiled.version == state.version {
            compiled.projects.get(&project).cloned()
        } else {
            let next = self.compile(&compiled, state);
            let known = next.projects.get(&project).cloned();
            self.compiled.store(Arc::new(next));
            known
        };
        known.unwrap_or_else(|| Arc::clone(&self.standard))
    }

    fn compile(&self, before: &Compiled, state: &ControlState) -> Compiled {
        let mut stacks: HashMap<ProjectId, Vec<u64>> = HashMap::new();
        for issue in state.discarded.values() {
            stacks
                .entry(issue.project_id)
                .or_default()
                .extend(&issue.stacks);
        }
        let mut ids: Vec<ProjectId> = state.scrubbing.keys().copied().collect();
        ids.extend(state.filters.keys().copied());
        ids.extend(stacks.keys().copied());
        ids.sort_unstable();
        ids.dedup();
        let projects = ids.into_iter().map(|id| {
            let mut discarded = stacks.remove(&id).unwrap_or_default();
            discarded.sort_unstable();
            let made_of = (
                state.scrubbing.get(&id).cloned().unwrap_or_default(),
                state.filters.get(&id).cloned().unwrap_or_default(),
            );
            let known = before.projects.get(&id);
            let same =
                known.filter(|known| known.made_of == made_of && known.discarded == discarded);
            let policy = same.cloned().unwrap_or_else(|| {
                Arc::new(Policy {
                    rules: self.rules(id, &made_of.0),
                    filter: filter(id, &made_of.1),
                    discarded,
                    made_of,
                })
            });
            (id, policy)
        });
        Compiled {
            version: state.version,
            projects: projects.collect(),
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
