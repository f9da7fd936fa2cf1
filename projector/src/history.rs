//! Records that were taken in already, read once more: events that are grouped otherwise.
//!
//! A [`Walk`] goes forward over a span of the log and says of every event of one project
//! what it is grouped as before a command, and what behind it. Invariant: depends on the
//! records of the span and on the control log alone; what the log no longer has is not
//! walked. Tallies of storms go with the event that was kept for them, as long as that is
//! known ([`KIND_MINUTES_KEPT`]).

use std::collections::{HashMap, hash_map};

use event_log::{Entry, LogReader, control_at, number_at};
use event_model::{
    ControlState, Fingerprint, Position, ProjectId, StoredEvent, control::RulesInForce,
    note::Sampled,
};
use grouping::{Algorithm, Grouper, Memo, Rules, regroup::Pair};
use read_model::issues::batch::KIND_MINUTES_KEPT;

use crate::{ProjectorError, careful::caught, consumers::records::Records};

const MINUTE_NS: i64 = 60_000_000_000;

/// Where what was taken in can be read again.
pub(crate) trait History {
    /// The records from `from` on that stand before `before`; none for one that cannot be
    /// read.
    fn span(&self, from: Position, before: Position) -> Span<'_>;
    /// The control state of before a record.
    fn control_before(&self, position: Position) -> Result<ControlState, ProjectorError>;
    /// Comes back when what became of the events by this command may be seen.
    fn meet(&self, _position: Position) {}
}

/// Records with their positions.
pub(crate) type Span<'h> =
    Box<dyn Iterator<Item = Result<(Position, Option<Entry>), ProjectorError>> + 'h>;

impl History for LogReader {
    fn span(&self, from: Position, before: Position) -> Span<'_> {
        let after = Position::new(from.partition(), from.sequence().saturating_sub(1));
        let records = Records::after(self, after, "regroup");
        Box::new(records.take_while(move |record| match record {
            Ok((position, _)) => *position < before,
            Err(_) => true,
        }))
    }

    fn control_before(&self, position: Position) -> Result<ControlState, ProjectorError> {
        let first = self.first();
        let position = position.max(first);
        let before = Position::new(position.partition(), position.sequence().saturating_sub(1));
        Ok(control_at(self, number_at(self, before)?)?)
    }
}

/// What stands on the way.
pub(crate) enum Passed<'r> {
    /// An event of the project.
    Event(&'r StoredEvent),
    /// Others, of a kind that is known.
    Sampled(&'r Sampled),
}

/// A record of the project, with what it is grouped as before and behind the command.
pub(crate) struct Step<'w, 'r> {
    pub(crate) position: Position,
    pub(crate) what: Passed<'r>,
    pub(crate) pair: Pair,
    /// What groups it behind the command.
    pub(crate) grouper: &'w Grouper,
    /// Whether other rules did before.
    pub(crate) is_other: bool,
    /// As of the record.
    pub(crate) control: &'w ControlState,
}

/// Rules, and what was made of them.
pub(crate) type Compiled = Vec<(RulesInForce, Grouper)>;

/// See the module.
pub(crate) struct Walk<'c> {
    project: ProjectId,
    before: &'c ControlState,
    after: &'c ControlState,
    /// A few, and a text is compared by where it is.
    groupers: Compiled,
    memo: Memo,
    /// What kinds of events are grouped as, and the minute of the newest event kept for each.
    pub(crate) kinds: HashMap<u64, (Pair, i64)>,
    newest_kind: i64,
}

impl<'c> Walk<'c> {
    /// Of a project's events, before and behind a command.
    pub(crate) fn new(
        project: ProjectId,
        before: &'c ControlState,
        after: &'c ControlState,
    ) -> Self {
        Self {
            project,
            before,
            after,
            groupers: Vec::new(),
            memo: Memo::default(),
            kinds: HashMap::new(),
            newest_kind: i64::MIN / 2,
        }
    }

    /// Kinds that are known before the first record.
    pub(crate) fn know(&mut self, kind: u64, print: Fingerprint, minute: i64) {
        let pair = Pair {
            now: print,
            then: print,
        };
        self.kinds.insert(kind, (pair, minute));
        self.newest_kind = self.newest_kind.max(minute);
    }

    /// Goes from `from` to before `before`, and shows each event of the project.
    pub(crate) fn go(
        &mut self,
        history: &dyn History,
        (from, before): (Position, Position),
        mut see: impl FnMut(Step<'_, '_>) -> Result<(), ProjectorError>,
    ) -> Result<(), ProjectorError> {
        let mut control = history.control_before(from)?;
        for record in history.span(from, before) {
            let (position, entry) = record?;
            let (what, pair, (held, rules)) = match &entry {
                Some(Entry::Command { number, command }) => {
                    control.apply_numbered(*number, command);
                    continue;
                }
                Some(Entry::Event(event)) => {
                    let head = event.head();
                    if head.project_id.to_native() != self.project.0 {
                        continue;
                    }
                    let rules = self.rules(position, &control);
                    let Some(pair) = self.pair(event, &rules) else {
                        continue;
                    };
                    let kind = head.kept_for.to_native();
                    if kind != 0 {
                        let minute = head.received_ns.to_native().div_euclid(MINUTE_NS);
                        self.kept_for(kind, pair, minute);
                    }
                    (Passed::Event(event), pair, rules)
                }
                Some(Entry::Note(event_model::Note::Sampled(note)))
                    if note.project_id == self.project.0 =>
                {
                    let known = self.kinds.get(&note.kind);
                    let is_fresh = |minute: i64| self.newest_kind - minute <= KIND_MINUTES_KEPT;
                    let Some((pair, _)) = known.filter(|(_, minute)| is_fresh(*minute)) else {
                        continue;
                    };
                    let rules = self.rules(position, &control);
                    (Passed::Sampled(note), *pair, rules)
                }
                _ => continue,
            };
            see(Step {
                position,
                what,
                pair,
                is_other: held != rules,
                grouper: grouper(&mut self.groupers, &rules),
                control: &control,
            })?;
        }
        Ok(())
    }

    /// What groups what stands there, before the command and behind it.
    fn rules(&self, position: Position, control: &ControlState) -> (RulesInForce, RulesInForce) {
        let held = control.rules_in_force(self.project);
        let place = (position, control.version);
        let of = |state: &ControlState| state.rules_of(self.project, place, held.clone());
        (of(self.before), of(self.after))
    }

    /// None of an event that makes grouping panic: it was passed over.
    fn pair(
        &mut self,
        event: &StoredEvent,
        (now, then): &(RulesInForce, RulesInForce),
    ) -> Option<Pair> {
        caught(|| {
            let mut print = |rules| {
                let grouper = grouper(&mut self.groupers, rules);
                self.memo.fingerprint(grouper, event)
            };
            let first = print(now);
            Pair {
                now: first,
                then: if now == then { first } else { print(then) },
            }
        })
        .ok()
    }

    fn kept_for(&mut self, kind: u64, pair: Pair, minute: i64) {
        self.newest_kind = self.newest_kind.max(minute);
        match self.kinds.entry(kind) {
            hash_map::Entry::Occupied(mut known) => {
                let newest = minute.max(known.get().1);
                known.insert((pair, newest));
            }
            hash_map::Entry::Vacant(vacant) => {
                vacant.insert((pair, minute));
            }
        }
    }
}

/// Rules that this release cannot read, and versions that it does not have, group nothing, as
/// in every projection.
pub(crate) fn grouper<'g>(groupers: &'g mut Compiled, rules: &RulesInForce) -> &'g Grouper {
    let place = groupers.iter().position(|(known, _)| known == rules);
    let place = place.unwrap_or_else(|| {
        let compiled = Rules::parse(&rules.text).unwrap_or_default();
        let algorithm = Algorithm::of_project(rules.algorithm);
        groupers.push((rules.clone(), Grouper::new(compiled.into(), algorithm)));
        groupers.len() - 1
    });
    &groupers[place].1
}
