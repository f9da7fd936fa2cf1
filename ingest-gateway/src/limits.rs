//! How much and how often: whether a sender may send now, and what it is told of that.
//!
//! Three things hold beside one another, and the first that says no decides:
//!
//! - a rate of the native REST paths, by key ([`Door`]), asked once a request;
//! - a limit of the key itself, set by command, in items a minute;
//! - the quotas of project and organisation ([`usage`]), in items of a category an hour.
//!
//! A request is refused by what is known of its key, before its body is read, if nothing of
//! it could be stored ([`Limits::check`]). Else each item is paid for after the project's
//! filters and before it is compared with those that came before, and what turns out to be a
//! repeated one is given back ([`Limits::take`], [`Limits::give_back`]): so a repeated item
//! costs nothing, and one that was limited can come again. Neighbours of a limited item are
//! stored.
//!
//! Invariant: counted whether or not limits are switched on, so that a plan that is set holds
//! for the running hour. Bounded: only keys that there are, and projects, have an entry.

mod told;
pub(crate) mod usage;

use std::{sync::Arc, time::Duration};

use event_model::{ControlState, ProjectId, PublicKey};
use ground::{Clock, Limiter, Rate, Standing};
use parking_lot::RwLock;

pub(crate) use self::usage::{Category, Scope, Usage, hour_of};
use self::usage::{HOUR_NS, Quotas};
use crate::{
    config::GatewayLimits,
    error::{ApiError, ErrorCode},
    telemetry,
};

/// A path with a rate of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Door {
    /// `POST /api/errors`.
    Errors,
    /// `POST /api/errors/batch`.
    Batches,
}

impl Door {
    fn name(self) -> &'static str {
        match self {
            Self::Errors => "errors",
            Self::Batches => "batches",
        }
    }
}

/// Whose items, and what holds for them at this moment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Allowance {
    project: ProjectId,
    /// The key, and how often it may store, if that is limited.
    key: Option<(PublicKey, Rate)>,
    quotas: Quotas,
}

/// What an item has paid.
#[derive(Debug, Clone, Copy)]
#[must_use = "what is not stored is given back"]
pub(crate) struct Taken {
    sender: Allowance,
    category: Category,
    hour: i64,
}

/// All limits.
#[derive(Debug)]
pub(crate) struct Limits {
    is_enabled: bool,
    errors: Rate,
    batches: Rate,
    doors: Limiter<(PublicKey, Door)>,
    keys: Limiter<PublicKey>,
    usage: Usage,
    state: Arc<RwLock<ControlState>>,
    clock: Clock,
}

impl Limits {
    /// With what the log tells of the running hour.
    pub(crate) fn new(
        limits: &GatewayLimits,
        usage: Usage,
        state: Arc<RwLock<ControlState>>,
        clock: Clock,
    ) -> Self {
        Self {
            is_enabled: limits.enabled,
            errors: Rate::per_minute(limits.errors_per_minute),
            batches: Rate::per_minute(limits.batches_per_minute),
            doors: Limiter::new(clock.clone()),
            keys: Limiter::new(clock.clone()),
            usage,
            state,
            clock,
        }
    }

    /// What holds for whoever sends with this key to this project.
    pub(crate) fn allowance(&self, project: ProjectId, key: Option<PublicKey>) -> Allowance {
        if !self.is_enabled {
            return Allowance {
                project,
                key: None,
                quotas: Quotas::default(),
            };
        }
        let state = self.state.read();
        let limited = key.and_then(|key| {
            let items = state.keys.get(&key)?.items_per_minute?;
            Some((key, Rate::per_minute(items)))
        });
        Allowance {
            project,
            key: limited,
            quotas: Quotas {
                project: state.plan_of(project).events_per_hour(),
                organization: state.plan.events_per_hour(),
            },
        }
    }

    /// One more request of a key at a door.
    pub(crate) fn enter(&self, key: PublicKey, door: Door) -> Result<(), ApiError> {
        if !self.is_enabled {
            return Ok(());
        }
        let rate = self.rate(door);
        let Err(standing) = self.doors.take(&(key, door), rate) else {
            return Ok(());
        };
        telemetry::limited(door.name());
        let message = format!("a key may send {} {} a minute", rate.times, door.name());
        Err(refused(message, standing.next))
    }

    /// Refuses a request that could bring nothing but items of this category, if none of
    /// them can be stored; `None`: it may bring anything.
    pub(crate) fn check(
        &self,
        sender: Allowance,
        category: Option<Category>,
    ) -> Result<(), ApiError> {
        if let Some((key, rate)) = sender.key {
            let standing = self.keys.look(&key, rate);
            if standing.remaining == 0 {
                return Err(key_refused(standing));
            }
        }
        let Some(category) = category else {
            return Ok(());
        };
        let hour = hour_of(self.clock.now_ns());
        match self
            .usage
            .full(sender.project, category, hour, sender.quotas)
        {
            Some((scope, quota)) => Err(self.quota_refused(scope, quota, category)),
            None => Ok(()),
        }
    }

    /// Pays for one item that was received then.
    pub(crate) fn take(
        &self,
        sender: Allowance,
        category: Category,
        received_ns: i64,
    ) -> Result<Taken, ApiError> {
        if let Some((key, rate)) = sender.key
            && let Err(standing) = self.keys.take(&key, rate)
        {
            return Err(key_refused(standing));
        }
        let hour = hour_of(received_ns);
        let paid = self
            .usage
            .take(sender.project, category, hour, sender.quotas);
        if let Err((scope, quota)) = paid {
            if let Some((key, rate)) = sender.key {
                self.keys.give_back(&key, rate);
            }
            return Err(self.quota_refused(scope, quota, category));
        }
        Ok(Taken {
            sender,
            category,
            hour,
        })
    }

    /// The item was not stored after all.
    pub(crate) fn give_back(&self, taken: Taken) {
        let Taken {
            sender,
            category,
            hour,
        } = taken;
        if let Some((key, rate)) = sender.key {
            self.keys.give_back(&key, rate);
        }
        self.usage.give_back(sender.project, category, hour);
    }

    /// Errors of the running hour beside the quota, of the organisation and each project
    /// that has one.
    pub(crate) fn standings(&self) -> Vec<(Scope, u64, u64)> {
        let hour = hour_of(self.clock.now_ns());
        let state = self.state.read();
        let projects = state.projects.keys().map(|id| {
            let quota = state.plan_of(*id).events_per_hour();
            (Scope::Project(*id), quota)
        });
        let organization = (Scope::Organization, state.plan.events_per_hour());
        std::iter::once(organization)
            .chain(projects)
            .filter_map(|(scope, quota)| {
                let used = self.usage.used(scope, Category::Error, hour);
                Some((scope, used, quota?))
            })
            .collect()
    }

    fn rate(&self, door: Door) -> Rate {
        match door {
            Door::Errors => self.errors,
            Door::Batches => self.batches,
        }
    }

    /// Until the running hour ends.
    fn hour_left(&self) -> Duration {
        let now = self.clock.now_ns();
        let left = (hour_of(now) + 1) * HOUR_NS - now;
        Duration::from_nanos(left.unsigned_abs())
    }

    fn quota_refused(&self, scope: Scope, quota: u64, category: Category) -> ApiError {
        telemetry::limited(scope.name());
        let whose = match scope {
            Scope::Organization => "the organisation".to_owned(),
            Scope::Project(id) => format!("project {id}"),
        };
        let what = category.plural();
        let message = format!("{whose} has used its quota of {quota} {what} an hour");
        refused(message, self.hour_left())
    }
}

fn key_refused(standing: Standing) -> ApiError {
    telemetry::limited("key");
    let items = standing.rate.times;
    let message = format!("the key may store {items} items a minute");
    refused(message, standing.next)
}

fn refused(message: String, wait: Duration) -> ApiError {
    ApiError::new(ErrorCode::Limited, message).retry_after(seconds_up(wait))
}

/// Whole seconds, at least one.
fn seconds_up(wait: Duration) -> u64 {
    (wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).max(1)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
