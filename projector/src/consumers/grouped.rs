//! Grouping for the consumers behind search and Parquet files: by the rules in force at
//! each event's position.
//!
//! Invariant: what a group is depends on the records up to the event alone, wherever a
//! consumer began to read. The control state of where it begins is folded from the control
//! log; from there on the markers that are passed bring it on.

use event_log::{Entry, LogReader, control_at, fold_control, number_at};
use event_model::{
    Command, ControlState, Decision, Position, ProjectId, StoredEvent, control::RegroupStep,
};
use grouping::{Fault, Group, Groupers, Memo};

use crate::{
    ProjectorError,
    history::{self, Compiled},
    metrics,
};

/// The groupers of a consumer that reads on.
#[derive(Debug)]
pub(crate) struct Grouped {
    /// After the commands so far.
    control: ControlState,
    groupers: Groupers,
    /// What was decided of events that were there, as far as is told.
    schedule: ControlState,
    /// Of that.
    others: Compiled,
    memo: Memo,
    /// The last record that was passed; none: no control state was read yet.
    at: Option<Position>,
    name: &'static str,
}

impl Grouped {
    /// For the consumer of this name, which has read nothing yet.
    pub(crate) fn new(name: &'static str) -> Self {
        Self {
            control: ControlState::default(),
            groupers: Groupers::default(),
            schedule: ControlState::default(),
            others: Vec::new(),
            memo: Memo::default(),
            at: None,
            name,
        }
    }

    /// Groups from now on as this state says of events that were there when it was decided.
    pub(crate) fn follow(&mut self, schedule: ControlState) {
        self.schedule = schedule;
        self.others.clear();
    }

    /// Makes ready for the records behind `position`. Costs nothing where the last one
    /// passed is that.
    pub(crate) fn bring_to(
        &mut self,
        reader: &LogReader,
        position: Position,
    ) -> Result<(), ProjectorError> {
        // What is not there any more is not passed.
        let position = position.max(Position(reader.first().0.saturating_sub(1)));
        if self.at == Some(position) {
            return Ok(());
        }
        let now = fold_control(reader)?;
        // Where nobody ever decided about grouping, nothing was otherwise before.
        self.control = if now.grouping_version == 0 {
            now
        } else {
            control_at(reader, number_at(reader, position)?)?
        };
        self.at = Some(position);
        Ok(())
    }

    /// Takes in what changes how events behind it are grouped.
    pub(crate) fn pass(&mut self, position: Position, entry: Option<&Entry>) {
        self.at = Some(position);
        if let Some(Entry::Command { number, command }) = entry
            && matches!(
                command.decision,
                Decision::CreateProject { .. }
                    | Decision::SetGroupingRules { .. }
                    | Decision::SetGroupingAlgorithm { .. }
                    | Decision::ApplyGrouping { .. }
                    | Decision::UndoGrouping { .. }
            )
        {
            self.control.apply_numbered(*number, command);
        }
    }

    /// All that is made of an event.
    pub(crate) fn group(&mut self, position: Position, event: &StoredEvent) -> Group {
        let head = event.head();
        let project = ProjectId(head.project_id.to_native());
        if self.schedule.regroups.contains_key(&project) {
            let held = self.control.rules_in_force(project);
            let place = (position, self.control.version);
            let rules = self.schedule.rules_of(project, place, held.clone());
            if rules != held {
                let grouper = history::grouper(&mut self.others, &rules);
                return self.memo.group(grouper, event);
            }
        }
        let (grouper, fault) = self.groupers.of(&self.control, project);
        let group = self.memo.group(grouper, event);
        count(self.name, fault);
        group
    }

    /// Tells how many events were of stacks that came before, since it was told last.
    pub(crate) fn tell(&mut self) {
        tell(self.name, &mut self.memo);
    }
}

/// Whose events a command groups otherwise, and from where on.
pub(crate) fn regrouped(
    after: &ControlState,
    command: &Command,
    number: u64,
) -> Option<(ProjectId, Position)> {
    let (Decision::ApplyGrouping { project_id, .. } | Decision::UndoGrouping { project_id, .. }) =
        &command.decision
    else {
        return None;
    };
    let project = *project_id;
    let mut step = &after.regroup(project, number)?.step;
    if let RegroupStep::Undone { applied } = step {
        step = &after.regroup(project, *applied)?.step;
    }
    match step {
        RegroupStep::Applied { from, .. } => Some((project, *from)),
        RegroupStep::Undone { .. } => None,
    }
}

/// Tells how often what was asked of a memo was known.
pub(crate) fn tell(name: &'static str, memo: &mut Memo) {
    let lookups = memo.take_lookups();
    for (from, times) in [("memory", lookups.hits), ("stack", lookups.misses)] {
        if times > 0 {
            ::metrics::counter!(metrics::GROUPED, "projection" => name, "from" => from)
                .increment(times);
        }
    }
}

/// Counts an event that the default groups in the place of what was set.
pub(crate) fn count(name: &'static str, fault: Option<Fault>) {
    if let Some(fault) = fault {
        ::metrics::counter!(
            metrics::GROUPED_BY_DEFAULT,
            "projection" => name,
            "reason" => fault.name()
        )
        .increment(1);
    }
}
