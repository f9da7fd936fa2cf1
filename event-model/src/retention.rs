//! How long events of a project, a level or an environment are kept: rules, and what has
//! gone by them.
//!
//! Invariants: an event has gone if any cut takes it in, so the shortest of its rules wins
//! and no rule keeps what another one lets go; a cut never goes back, so what has gone stays
//! gone, whatever is set later. What has gone is decided and recorded ([`Cut`]), and follows
//! from no clock: the clock is asked by whoever decides ([`due`]). Part of the stored form of
//! decisions. Units: a rule has seconds, a cut Unix nanoseconds of receipt.

use std::{collections::BTreeMap, fmt, str::FromStr};

use rkyv::{Archive, Deserialize, Serialize};

use crate::{Level, ProjectId, head::ArchivedHead};

/// Most rules of a project, and of the configuration.
pub const RULES_MAX: usize = 50;
/// Longest name of an environment in a rule, bytes.
pub const ENVIRONMENT_BYTES_MAX: usize = 200;
/// Shortest and longest time that a rule keeps, seconds: the longest is a hundred years.
pub const KEEP_S: (u64, u64) = (1, 100 * 366 * 86_400);

/// A cut moves when it would move by this part of the time that its rule keeps: often enough
/// that an event is late by a few percent only, seldom enough that the log of decisions, which
/// is kept for good, has a few hundred of them a year.
const STEPS: u64 = 24;
/// But in steps of a day at most.
const STEP_S_MAX: u64 = 86_400;
const NS: i64 = 1_000_000_000;

/// Which events. What is not named may be any.
#[derive(
    Debug,
    Clone,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Archive,
    Serialize,
    Deserialize,
    serde::Serialize,
)]
pub struct Scope {
    /// Of this project.
    pub project: Option<ProjectId>,
    /// Of this level, no other one.
    pub level: Option<Level>,
    /// Of this environment, never empty.
    pub environment: Option<String>,
}

/// How long events are kept.
#[derive(Debug, Clone, PartialEq, Eq, Archive, Serialize, Deserialize, serde::Serialize)]
pub struct KeepRule {
    /// Which.
    pub scope: Scope,
    /// From their receipt, within [`KEEP_S`].
    pub keep_s: u64,
}

/// Up to where events have gone.
#[derive(Debug, Clone, PartialEq, Eq, Archive, Serialize, Deserialize, serde::Serialize)]
pub struct Cut {
    /// Which.
    pub scope: Scope,
    /// Those that were received before then, Unix nanoseconds.
    pub before_ns: i64,
}

/// Why a text is no rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// Nothing is said of which, or of how long.
    #[error("a rule is `level:debug 7d`: which events, then for how long")]
    Shape,
    /// No time.
    #[error("{0:?} is not for how long: a whole number and one of d, h, m, s, at most 100 years")]
    Keep(String),
    /// No key of ours.
    #[error("{0:?} is none of project:, level:, environment:")]
    Key(String),
    /// The same twice.
    #[error("{0} is named twice")]
    Twice(&'static str),
    /// No project has it.
    #[error("{0:?} is no number of a project")]
    Project(String),
    /// No level has it.
    #[error("{0:?} is none of debug, info, warning, error, fatal")]
    Level(String),
    /// None, or a long one.
    #[error("an environment has 1 to {ENVIRONMENT_BYTES_MAX} bytes, in quotes if it has blanks")]
    Environment,
}

impl Scope {
    /// Whether it takes in such an event.
    pub fn has(&self, project: ProjectId, level: Level, environment: &str) -> bool {
        self.project.is_none_or(|own| own == project)
            && self.level.is_none_or(|own| own == level)
            && self
                .environment
                .as_ref()
                .is_none_or(|own| own == environment)
    }

    /// Whether nothing is named.
    pub fn is_all(&self) -> bool {
        *self == Self::default()
    }

    /// Whether it takes in all that `other` does.
    fn covers(&self, other: &Self) -> bool {
        (self.project.is_none() || self.project == other.project)
            && (self.level.is_none() || self.level == other.level)
            && (self.environment.is_none() || self.environment == other.environment)
    }

    /// Reads `project:3 level:debug environment:"my own"`, in any order; nothing: all.
    fn parse(text: &str) -> Result<Self, RuleError> {
        let mut scope = Self::default();
        let mut rest = text.trim();
        while !rest.is_empty() {
            let (key, value, behind) = part(rest)?;
            rest = behind;
            match key {
                "project" => {
                    let id = value.parse().ok().filter(|id| *id > 0).map(ProjectId);
                    let id = id.ok_or_else(|| RuleError::Project(value.to_owned()))?;
                    once(&mut scope.project, "project", id)?;
                }
                "level" => {
                    let named = Level::ALL.into_iter().find(|level| level.name() == value);
                    let level = named.ok_or_else(|| RuleError::Level(value.to_owned()))?;
                    once(&mut scope.level, "level", level)?;
                }
                "environment" => {
                    if value.is_empty() || value.len() > ENVIRONMENT_BYTES_MAX {
                        return Err(RuleError::Environment);
                    }
                    once(&mut scope.environment, "environment", value.to_owned())?;
                }
                key => return Err(RuleError::Key(key.to_owned())),
            }
        }
        Ok(scope)
    }
}

/// `key:value` at the begin of a text, the value in quotes or without blanks; what is behind.
fn part(text: &str) -> Result<(&str, &str, &str), RuleError> {
    let word = || text.split_whitespace().next().unwrap_or_default();
    let Some((key, rest)) = text.split_once(':') else {
        return Err(RuleError::Key(word().to_owned()));
    };
    if key.contains(char::is_whitespace) {
        return Err(RuleError::Key(word().to_owned()));
    }
    let (value, behind) = match rest.strip_prefix('"') {
        Some(quoted) => quoted.split_once('"').ok_or(RuleError::Environment)?,
        None => rest.split_once(char::is_whitespace).unwrap_or((rest, "")),
    };
    Ok((key, value, behind.trim_start()))
}

fn once<T>(place: &mut Option<T>, name: &'static str, value: T) -> Result<(), RuleError> {
    if place.replace(value).is_some() {
        return Err(RuleError::Twice(name));
    }
    Ok(())
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        parts.extend(self.project.map(|id| format!("project:{}", id.0)));
        parts.extend(self.level.map(|level| format!("level:{}", level.name())));
        parts.extend(self.environment.as_ref().map(|name| {
            if name.contains(char::is_whitespace) {
                format!("environment:\"{name}\"")
            } else {
                format!("environment:{name}")
            }
        }));
        f.write_str(&parts.join(" "))
    }
}

impl FromStr for KeepRule {
    type Err = RuleError;

    /// Reads `level:debug 7d`. What is kept for how long is the last word; without another
    /// one the rule is of all events.
    fn from_str(text: &str) -> Result<Self, RuleError> {
        let text = text.trim();
        let (scope, keep) = text.rsplit_once(char::is_whitespace).unwrap_or(("", text));
        if keep.is_empty() {
            return Err(RuleError::Shape);
        }
        if keep.contains(':') {
            return Err(RuleError::Shape);
        }
        Ok(Self {
            scope: Scope::parse(scope)?,
            keep_s: seconds(keep).ok_or_else(|| RuleError::Keep(keep.to_owned()))?,
        })
    }
}

/// A whole number and a unit, within [`KEEP_S`].
fn seconds(text: &str) -> Option<u64> {
    let units = [("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)];
    let (number, unit_s) = units
        .into_iter()
        .find_map(|(unit, unit_s)| Some((text.strip_suffix(unit)?, unit_s)))?;
    if !number.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let seconds = number.parse::<u64>().ok()?.checked_mul(unit_s)?;
    (KEEP_S.0..=KEEP_S.1).contains(&seconds).then_some(seconds)
}

impl fmt::Display for KeepRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = [(86_400, 'd'), (3_600, 'h'), (60, 'm')];
        let unit = units
            .into_iter()
            .find(|(unit_s, _)| self.keep_s.is_multiple_of(*unit_s));
        let (unit_s, unit) = unit.unwrap_or((1, 's'));
        if !self.scope.is_all() {
            write!(f, "{} ", self.scope)?;
        }
        write!(f, "{}{unit}", self.keep_s / unit_s)
    }
}

impl KeepRule {
    /// Where its cut is at `now_ns`.
    pub fn before_ns(&self, now_ns: i64) -> i64 {
        let keep_ns = i64::try_from(self.keep_s).unwrap_or(i64::MAX);
        now_ns.saturating_sub(keep_ns.saturating_mul(NS))
    }

    fn step_ns(&self) -> i64 {
        let step_s = (self.keep_s / STEPS).clamp(1, STEP_S_MAX);
        i64::try_from(step_s).unwrap_or(i64::MAX).saturating_mul(NS)
    }
}

/// The cuts that are to be made now, of those that rules ask for: one a scope.
pub fn due<'a>(
    rules: impl IntoIterator<Item = &'a KeepRule>,
    expired: &Expired,
    now_ns: i64,
) -> Vec<Cut> {
    let mut found: BTreeMap<&Scope, i64> = BTreeMap::new();
    for rule in rules {
        let before_ns = rule.before_ns(now_ns);
        let known = expired.before_ns(&rule.scope);
        if known.is_none_or(|known| before_ns.saturating_sub(known) >= rule.step_ns()) {
            let cut = found.entry(&rule.scope).or_insert(before_ns);
            *cut = before_ns.max(*cut);
        }
    }
    let cut = |(scope, before_ns): (&Scope, i64)| Cut {
        scope: scope.clone(),
        before_ns,
    };
    found.into_iter().map(cut).collect()
}

/// What has gone by rules: the newest cut of each scope.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Expired(BTreeMap<Scope, i64>);

impl Expired {
    /// Takes in a cut.
    pub fn add(&mut self, cut: &Cut) {
        let before_ns = cut.before_ns;
        let is_known =
            |(scope, known): (&Scope, &i64)| scope.covers(&cut.scope) && *known >= before_ns;
        if self.0.iter().any(is_known) {
            return;
        }
        // What it takes in as a whole says nothing any more.
        self.0
            .retain(|scope, known| !(cut.scope.covers(scope) && *known <= before_ns));
        self.0.insert(cut.scope.clone(), before_ns);
    }

    /// Up to where all of a scope has gone; none: not by a rule of its own or a wider one.
    pub fn before_ns(&self, scope: &Scope) -> Option<i64> {
        let wider = self.0.iter().filter(|(known, _)| known.covers(scope));
        wider.map(|(_, before_ns)| *before_ns).max()
    }

    /// Whether nothing has gone.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All cuts.
    pub fn cuts(&self) -> impl Iterator<Item = (&Scope, i64)> {
        self.0.iter().map(|(scope, before_ns)| (scope, *before_ns))
    }

    /// Whether such an event has gone.
    pub fn has(
        &self,
        (project, level, environment): (ProjectId, Level, &str),
        received_ns: i64,
    ) -> bool {
        self.cuts().any(|(scope, before_ns)| {
            received_ns < before_ns && scope.has(project, level, environment)
        })
    }

    /// Whether an event with this head has gone.
    pub fn has_head(&self, head: &ArchivedHead) -> bool {
        !self.is_empty()
            && self.has(
                (
                    ProjectId(head.project_id.to_native()),
                    Level::from_number(head.level),
                    head.environment.as_str(),
                ),
                head.received_ns.to_native(),
            )
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
