//! The walk back through the log: every event of a project, grouped as it is and as it
//! would be.
//!
//! The newest events come first: where a walk is cut short, it has seen those of the
//! issues that people work on, and what it has not seen is what retention drops next. Each
//! event is grouped by the rules in force at its position, or by those that were applied to
//! it since: a marker that is passed on the way back says which commands hold before it.
//!
//! Invariant: on a thread of its own, which gives way to all others; memory is bounded by
//! [`RECORDS_AT_ONCE`] and [`PAIRS_MAX`]; between two events it looks whether anybody still
//! waits, and whether its time is up. An event costs a million comparisons twice at most.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use event_log::{Entry, LogReader, ReadError, control_at, number_at};
use event_model::{
    ControlState, Decision, Fingerprint, Position, ProjectId, StoredEvent, control::RulesInForce,
};
use grouping::{Algorithm, Grouper, Rules};
use tokio::sync::mpsc::Sender;

use super::plan::{Cell, Pair};
use crate::{error::ApiError, view::Past};

/// Records read at once; the log is read forwards.
const RECORDS_AT_ONCE: u64 = 1_024;
/// Most pairs of fingerprints that are kept apart: some 20 MB.
const PAIRS_MAX: usize = 100_000;
/// How often it says how far it is.
const TELL_EVERY: Duration = Duration::from_millis(250);
/// An event happened this long after it was received at most, as the gateway clamps it.
const AHEAD_MAX_MS: i64 = 60_000;
/// How far a preview's thread steps back behind those that take events in.
#[cfg(target_os = "linux")]
const NICENESS: i32 = 10;

/// What a walk says.
#[derive(Debug)]
pub(super) enum Step {
    Progress { events: u64, elapsed: Duration },
    Done(Result<Box<Tally>, ApiError>),
}

/// Where a walk ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    All,
    Events,
    Time,
}

/// What a walk has found.
#[derive(Debug)]
pub(super) struct Tally {
    pub(super) pairs: HashMap<Pair, Cell>,
    pub(super) events: u64,
    pub(super) over_budget: u64,
    /// Events of pairs that were too many.
    pub(super) uncounted: u64,
    /// When the oldest event was received, Unix ns.
    pub(super) reached_ns: Option<i64>,
    pub(super) end: End,
}

/// Of which events, and of how many.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    pub(super) project: ProjectId,
    pub(super) from_ms: Option<i64>,
    pub(super) to_ms: Option<i64>,
    pub(super) events_max: u64,
    pub(super) time_max: Duration,
    pub(super) samples_max: usize,
}

/// A walk that is to be made.
pub(super) struct Scan {
    pub(super) past: Past,
    pub(super) log: LogReader,
    /// Of now.
    pub(super) state: Arc<ControlState>,
    pub(super) bounds: Bounds,
    pub(super) proposed: Grouper,
    pub(super) steps: Sender<Step>,
}

impl Scan {
    /// Walks, unless nobody waits any more.
    pub(super) fn run(self) -> Result<Box<Tally>, ApiError> {
        give_way();
        let (first, end) = self.past.ends();
        let mut walk = Walk {
            eras: Eras::read(&self.log, Arc::clone(&self.state), self.bounds.project)?,
            began: Instant::now(),
            told: Instant::now(),
            tally: Tally {
                pairs: HashMap::new(),
                events: 0,
                over_budget: 0,
                uncounted: 0,
                reached_ns: None,
                end: End::All,
            },
            scan: self,
        };
        walk.back(first, end)?;
        Ok(Box::new(walk.tally))
    }
}

/// The scheduler's hint, of this thread alone: it ends with the walk.
fn give_way() {
    #[cfg(target_os = "linux")]
    let _ = rustix::process::nice(NICENESS);
}

struct Walk {
    scan: Scan,
    eras: Eras,
    began: Instant,
    told: Instant,
    tally: Tally,
}

impl Walk {
    fn back(&mut self, first: Position, end: Position) -> Result<(), ApiError> {
        let mut number = self.eras.number_at(&self.scan.log, end)?;
        let mut last = end;
        while last >= first && self.goes_on() {
            let from = first.max(Position(last.0.saturating_sub(RECORDS_AT_ONCE - 1)));
            let items = self.scan.past.span(from, last)?;
            let newest_ns = items.iter().map(|item| item.time_ns).max();
            for item in items.into_iter().rev() {
                match item.entry {
                    // What stands before it was grouped without it.
                    Entry::Command { number: found, .. } => number = found - 1,
                    Entry::Event(event) if self.is_wanted(&event) => {
                        if self.is_full() || !self.goes_on() {
                            return Ok(());
                        }
                        self.take(&event, item.position, number)?;
                    }
                    _ => {}
                }
            }
            if newest_ns.is_some_and(|ns| self.is_before(ns)) {
                return Ok(());
            }
            last = Position(from.0 - 1);
        }
        Ok(())
    }

    /// Whether there is more to do; says now and then how far it is.
    fn goes_on(&mut self) -> bool {
        let now = Instant::now();
        if now.duration_since(self.began) >= self.scan.bounds.time_max {
            self.tally.end = End::Time;
            return false;
        }
        if now.duration_since(self.told) >= TELL_EVERY {
            self.told = now;
            let step = Step::Progress {
                events: self.tally.events,
                elapsed: now.duration_since(self.began),
            };
            // Whoever is slow hears of the next.
            let _ = self.scan.steps.try_send(step);
        }
        !self.scan.steps.is_closed()
    }

    /// Whether there is no room for another event.
    fn is_full(&mut self) -> bool {
        let is_full = self.tally.events >= self.scan.bounds.events_max;
        if is_full {
            self.tally.end = End::Events;
        }
        is_full
    }

    fn is_wanted(&self, event: &StoredEvent) -> bool {
        let (head, bounds) = (event.head(), &self.scan.bounds);
        let at_ms = head.timestamp_ns.to_native().div_euclid(1_000_000);
        head.project_id.to_native() == bounds.project.0
            && bounds.from_ms.is_none_or(|from| at_ms >= from)
            && bounds.to_ms.is_none_or(|to| at_ms < to)
    }

    /// Whether all that was written by then happened before the time asked for.
    fn is_before(&self, written_ns: i64) -> bool {
        let written_ms = written_ns.div_euclid(1_000_000);
        let from = self.scan.bounds.from_ms;
        from.is_some_and(|from| written_ms.saturating_add(AHEAD_MAX_MS) < from)
    }

    fn take(
        &mut self,
        event: &StoredEvent,
        position: Position,
        number: u64,
    ) -> Result<(), ReadError> {
        let proposed = &self.scan.proposed;
        let then = proposed.place(event.whole());
        let place = (position, number);
        let held = self.eras.at(&self.scan.log, place, proposed)?;
        let now = held.map_or(then.fingerprint, |held| held.fingerprint(event.whole()));
        let tally = &mut self.tally;
        tally.events += 1;
        tally.over_budget += u64::from(then.is_cut_short);
        tally.reached_ns = Some(event.head().received_ns.to_native());
        let pair = Pair {
            now,
            then: then.fingerprint,
        };
        tally.add(pair, position, self.scan.bounds.samples_max);
        Ok(())
    }
}

impl Tally {
    fn add(&mut self, pair: Pair, position: Position, samples_max: usize) {
        if self.pairs.len() >= PAIRS_MAX && !self.pairs.contains_key(&pair) {
            self.uncounted += 1;
            return;
        }
        let cell = self.pairs.entry(pair).or_insert_with(|| Cell {
            events: 0,
            oldest: position,
            samples: Vec::new(),
        });
        cell.events += 1;
        cell.oldest = cell.oldest.min(position);
        if cell.samples.len() < samples_max {
            cell.samples.push(position);
        }
    }

    /// The pairs in an order of their own.
    pub(super) fn take_pairs(&mut self) -> Vec<(Pair, Cell)> {
        let mut pairs: Vec<(Pair, Cell)> = self.pairs.drain().collect();
        pairs.sort_unstable_by_key(|(pair, _)| *pair);
        pairs
    }

    /// Every fingerprint that occurs.
    pub(super) fn prints(pairs: &[(Pair, Cell)]) -> impl Iterator<Item = Fingerprint> {
        pairs.iter().flat_map(|(pair, _)| [pair.now, pair.then])
    }
}

/// What a project's events were grouped by, and when.
struct Eras {
    project: ProjectId,
    state: Arc<ControlState>,
    /// The commands that set rules or an algorithm, in ascending order.
    changes: Vec<u64>,
    /// Texts may be large, and a walk passes each era once: one is held.
    held: Option<Era>,
    /// What groups, unless it is what is proposed.
    grouper: Option<(RulesInForce, Option<Grouper>)>,
}

struct Era {
    /// How many changes hold.
    changes: usize,
    rules: RulesInForce,
}

impl Eras {
    fn read(
        log: &LogReader,
        state: Arc<ControlState>,
        project: ProjectId,
    ) -> Result<Self, ReadError> {
        let mut changes = Vec::new();
        for record in log.commands_after(0) {
            let (number, command) = record?;
            if is_of_rules(&command.decision, project) {
                changes.push(number);
            }
        }
        Ok(Self {
            project,
            state,
            changes,
            held: None,
            grouper: None,
        })
    }

    /// The last command that holds at a position, as far as that matters.
    fn number_at(&self, log: &LogReader, position: Position) -> Result<u64, ReadError> {
        if self.changes.is_empty() {
            return Ok(0);
        }
        number_at(log, position)
    }

    /// What groups what stands there, behind the command of this number, unless it is what is
    /// proposed. Rules that this release cannot read group nothing, as in every projection.
    fn at(
        &mut self,
        log: &LogReader,
        (position, number): (Position, u64),
        proposed: &Grouper,
    ) -> Result<Option<&Grouper>, ReadError> {
        let changes = self.changes.partition_point(|change| *change <= number);
        let held = match self.held.take().filter(|era| era.changes == changes) {
            Some(held) => held,
            None => Era {
                changes,
                rules: self.rules(log, changes)?,
            },
        };
        let place = (position, number);
        let rules = self.state.rules_of(self.project, place, held.rules.clone());
        self.held = Some(held);
        let known = self.grouper.take().filter(|(known, _)| *known == rules);
        let (_, grouper) = self.grouper.insert(known.unwrap_or_else(|| {
            let compiled = Rules::parse(&rules.text).unwrap_or_default();
            let algorithm = Algorithm::of_project(rules.algorithm);
            let grouper = Grouper::new(compiled.into(), algorithm);
            (rules, Some(grouper).filter(|grouper| grouper != proposed))
        }));
        Ok(grouper.as_ref())
    }

    fn rules(&self, log: &LogReader, changes: usize) -> Result<RulesInForce, ReadError> {
        let Some(last) = changes.checked_sub(1) else {
            return Ok(ControlState::default().rules_in_force(self.project));
        };
        Ok(control_at(log, self.changes[last])?.rules_in_force(self.project))
    }
}

fn is_of_rules(decision: &Decision, project: ProjectId) -> bool {
    match decision {
        Decision::CreateProject { id: project_id, .. }
        | Decision::SetGroupingRules { project_id, .. }
        | Decision::SetGroupingAlgorithm { project_id, .. }
        | Decision::ApplyGrouping { project_id, .. }
        | Decision::UndoGrouping { project_id, .. } => *project_id == project,
        _ => false,
    }
}
