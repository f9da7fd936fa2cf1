//! What grouping makes of the events behind the Parquet files: by the rules in force at each
//! event's position, as the projections come to it from the same logs.

use event_log::{Entry, LogReader, ReadError, control_at, fold_control, number_at};
use event_model::{ControlState, Position, ProjectId, StoredEvent, control::RulesInForce};
use grouping::{Algorithm, Group, Grouper, Groupers, Memo, Rules};

/// Memory of stacks that came before, bytes: of a query, not of a projection.
const MEMO_BYTES: usize = 2 << 20;

/// Groups events while the log is read on.
#[derive(Debug)]
pub(crate) struct Grouped {
    /// After the commands so far.
    control: ControlState,
    groupers: Groupers,
    /// What was decided of events that were there, until now.
    now: ControlState,
    /// Of that: a few, compiled once.
    others: Vec<(RulesInForce, Grouper)>,
    memo: Memo,
}

impl Grouped {
    /// For the records behind `after`.
    pub(crate) fn behind(log: &LogReader, after: Position) -> Result<Self, ReadError> {
        let now = fold_control(log)?;
        // Where nobody ever decided about grouping, nothing was otherwise before.
        let control = if now.grouping_version == 0 {
            now.clone()
        } else {
            control_at(log, number_at(log, after)?)?
        };
        Ok(Self {
            control,
            groupers: Groupers::default(),
            now,
            others: Vec::new(),
            memo: Memo::new(MEMO_BYTES),
        })
    }

    /// Takes in what changes how events behind it are grouped.
    pub(crate) fn pass(&mut self, entry: &Entry) {
        if let Entry::Command { number, command } = entry
            && *number > self.control.version
        {
            self.control.apply_numbered(*number, command);
        }
    }

    /// All that is made of an event.
    pub(crate) fn group(&mut self, position: Position, event: &StoredEvent) -> Group {
        let project = ProjectId(event.head().project_id.to_native());
        if self.now.regroups.contains_key(&project) {
            let held = self.control.rules_in_force(project);
            let place = (position, self.control.version);
            let rules = self.now.rules_of(project, place, held.clone());
            if rules != held {
                let grouper = compiled(&mut self.others, &rules);
                return self.memo.group(grouper, event);
            }
        }
        let (grouper, _) = self.groupers.of(&self.control, project);
        self.memo.group(grouper, event)
    }
}

/// Rules that this release cannot read, and versions that it does not have, group nothing, as
/// in every projection.
fn compiled<'g>(known: &'g mut Vec<(RulesInForce, Grouper)>, rules: &RulesInForce) -> &'g Grouper {
    let place = known.iter().position(|(known, _)| known == rules);
    let place = place.unwrap_or_else(|| {
        let text = Rules::parse(&rules.text).unwrap_or_default();
        let algorithm = Algorithm::of_project(rules.algorithm);
        known.push((rules.clone(), Grouper::new(text.into(), algorithm)));
        known.len() - 1
    });
    &known[place].1
}
