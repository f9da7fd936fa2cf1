//! The numbers that stand for enums in the issue database, and so in checkpoints,
//! which outlive the events they were made of.
//!
//! Invariant: a number once given keeps its meaning; a new variant gets a new one. What
//! records hold as well has the same number here ([`event_model::numbers`]).

use event_model::{DeliveryState, IssueStatus, Level, numbers::Numbers, numbers_of};

use super::{batch::TransitionKind, notes::Source};

/// The numbers that only the database has.
pub fn numbers() -> Vec<Numbers> {
    vec![
        numbers_of!("transition", TransitionKind: New, Regressed, Resolved, Ignored, Reopened),
        numbers_of!("source of an arrival", Source: Gateway, Client),
    ]
}

/// Of a status.
pub fn status_number(status: IssueStatus) -> i64 {
    status as i64
}

/// The status with this number; unresolved for any other.
pub fn status_of(number: i64) -> IssueStatus {
    match number {
        2 => IssueStatus::Resolved,
        3 => IssueStatus::Ignored,
        _ => IssueStatus::Unresolved,
    }
}

/// Of a level.
pub fn level_number(level: Level) -> i64 {
    level as i64
}

/// The level with this number; error for any other.
pub fn level_of(number: i64) -> Level {
    match number {
        1 => Level::Debug,
        2 => Level::Info,
        3 => Level::Warning,
        5 => Level::Fatal,
        _ => Level::Error,
    }
}

/// Of a transition.
pub fn transition_number(kind: TransitionKind) -> i64 {
    kind as i64
}

/// The transition with this number; reopened for any other.
pub fn transition_of(number: i64) -> TransitionKind {
    match number {
        1 => TransitionKind::New,
        2 => TransitionKind::Regressed,
        3 => TransitionKind::Resolved,
        4 => TransitionKind::Ignored,
        _ => TransitionKind::Reopened,
    }
}

/// Of a delivery's state.
pub fn delivery_number(state: DeliveryState) -> i64 {
    state as i64
}

/// The state with this number; suppressed for any other.
pub fn delivery_of(number: i64) -> DeliveryState {
    match number {
        1 => DeliveryState::Sending,
        2 => DeliveryState::Sent,
        3 => DeliveryState::Failed,
        5 => DeliveryState::Held,
        _ => DeliveryState::Suppressed,
    }
}

/// Of who says that something arrived.
pub fn source_number(source: Source) -> i64 {
    source as i64
}

#[cfg(test)]
mod tests {
    use std::fmt::Debug;

    use super::*;

    /// What stands in the databases and checkpoints of everyone: never to be edited,
    /// only to grow.
    fn check<T: Copy + PartialEq + Debug>(
        table: &[(T, i64)],
        number: impl Fn(T) -> i64,
        of: impl Fn(i64) -> T,
    ) {
        for (value, expected) in table {
            assert_eq!(number(*value), *expected, "{value:?}");
            assert_eq!(of(*expected), *value, "{expected}");
        }
    }

    #[test]
    fn stored_numbers_keep_their_meaning() {
        use DeliveryState as D;
        use IssueStatus as S;
        use TransitionKind as T;
        let statuses = [(S::Unresolved, 1), (S::Resolved, 2), (S::Ignored, 3)];
        check(&statuses, status_number, status_of);
        let levels = [
            (Level::Debug, 1),
            (Level::Info, 2),
            (Level::Warning, 3),
            (Level::Error, 4),
            (Level::Fatal, 5),
        ];
        check(&levels, level_number, level_of);
        // Heads hold the same numbers.
        for (level, number) in levels {
            assert_eq!(
                (level as i64, Level::from_number(number as u8)),
                (number, level)
            );
        }
        let transitions = [
            (T::New, 1),
            (T::Regressed, 2),
            (T::Resolved, 3),
            (T::Ignored, 4),
            (T::Reopened, 5),
        ];
        check(&transitions, transition_number, transition_of);
        let deliveries = [
            (D::Sending, 1),
            (D::Sent, 2),
            (D::Failed, 3),
            (D::Suppressed, 4),
            (D::Held, 5),
        ];
        check(&deliveries, delivery_number, delivery_of);
        assert_eq!([Source::Gateway, Source::Client].map(source_number), [1, 2]);
    }
}
