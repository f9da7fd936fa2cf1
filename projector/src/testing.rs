//! Records for the tests of this crate.

use event_model::{Command, ControlState, Decision, Position, command::Actor, head::Head};

use event_log::Entry;

use crate::{
    ProjectorError,
    history::{History, Span},
};

pub(crate) use crate::heads::{NOON_NS, message, stored};

pub(crate) fn event(head: &Head) -> Entry {
    Entry::Event(stored(head))
}

pub(crate) fn command(decision: Decision) -> Entry {
    Entry::Command {
        number: 1,
        command: Command {
            actor: Actor::User(event_model::UserId(7)),
            at_ns: NOON_NS,
            decision,
        },
    }
}

/// Entries with positions from 1, commands with their numbers.
pub(crate) fn numbered(entries: Vec<Entry>) -> Vec<(Position, Entry)> {
    let mut last = 0;
    let number_it = |mut entry| {
        if let Entry::Command { number, .. } = &mut entry {
            last += 1;
            *number = last;
        }
        entry
    };
    let entries = entries.into_iter().map(number_it);
    (1..).map(Position).zip(entries).collect()
}

/// What was taken in, for who reads it again.
pub(crate) struct Entries<'e>(pub(crate) &'e [(Position, Entry)]);

impl History for Entries<'_> {
    fn span(&self, from: Position, before: Position) -> Span<'_> {
        let entries = self.0.iter();
        let within = entries.filter(move |(position, _)| (from..before).contains(position));
        Box::new(within.map(|(position, entry)| Ok((*position, Some(entry.clone())))))
    }

    fn control_before(&self, position: Position) -> Result<ControlState, ProjectorError> {
        let mut state = ControlState::default();
        for (at, entry) in self.0 {
            if let Entry::Command { number, command } = entry
                && *at < position
            {
                state.apply_numbered(*number, command);
            }
        }
        Ok(state)
    }
}
