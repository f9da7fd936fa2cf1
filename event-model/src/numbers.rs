//! Every number that the records of the logs hold, in one table.
//!
//! Invariant: a number once given keeps its meaning, and what is gone leaves its number
//! unused. The table is printed by `errata reference numbers`; tests hold that none is
//! used twice, and that those of a released version stay. A value that is not listed
//! does not compile.

use crate::{
    Actor, Decision, DeliveryState, DropReason, IssueStatus, Level, Role, TokenScope,
    command::Sight,
    note::{self, CheckInStatus, SessionStatus},
    record,
    settings::{ScrubMethod, SourceLines},
};

/// What the numbers are of, and which stands for what.
pub type Numbers = (&'static str, Vec<(u64, &'static str)>);

/// The values of an enum that is stored as its number.
#[macro_export]
macro_rules! numbers_of {
    ($of:literal, $ty:ident: $($variant:ident),+ $(,)?) => {{
        // Lists all, or does not compile.
        const _: fn(&$ty) = |value| match value { $( $ty::$variant => (), )+ };
        ($of, vec![$( ($ty::$variant as u64, stringify!($variant)) ),+])
    }};
}

/// All numbers of records, of both logs.
pub fn numbers() -> Vec<Numbers> {
    let mut schemas = vec![
        (u64::from(record::SCHEMA_EVENT_V1), "Event"),
        (u64::from(record::SCHEMA_MARKER_V1), "Marker"),
        (u64::from(record::SCHEMA_STACK_V1), "Stack"),
        (u64::from(note::SCHEMA_ATTACHMENTS_V1), "Attachments"),
        (u64::from(note::SCHEMA_FEEDBACK_V1), "Feedback"),
        (u64::from(note::SCHEMA_SESSIONS_V1), "Sessions"),
        (u64::from(note::SCHEMA_CHECK_IN_V1), "CheckIn"),
        (u64::from(note::SCHEMA_CLIENT_REPORT_V1), "ClientReport"),
        (u64::from(note::SCHEMA_TALLY_V1), "Tally"),
        (u64::from(note::SCHEMA_SAMPLED_V1), "Sampled"),
    ];
    let decisions = Decision::KINDS.iter();
    schemas.extend(decisions.map(|(schema, kind)| (u64::from(*schema), *kind)));
    vec![
        ("record schema", schemas),
        (
            "body kind",
            vec![(0, "Plain"), (1, "Zstd"), (2, "SharedBlock")],
        ),
        ("handled", vec![(0, "Unknown"), (1, "No"), (2, "Yes")]),
        numbers_of!("level", Level: Debug, Info, Warning, Error, Fatal),
        numbers_of!("session status", SessionStatus: Ok, Exited, Crashed, Abnormal, Unhandled),
        numbers_of!("check-in status", CheckInStatus: InProgress, Ok, Error),
        ("actor", actors()),
        numbers_of!("role", Role: Member, Owner),
        ("sight", sights()),
        numbers_of!("token scope", TokenScope: Read, Full),
        numbers_of!("issue status", IssueStatus: Unresolved, Resolved, Ignored),
        numbers_of!(
            "delivery state",
            DeliveryState: Sending, Sent, Failed, Suppressed, Held
        ),
        numbers_of!("reason of a dropped range", DropReason: Age, Size, Space),
        numbers_of!("scrub method", ScrubMethod: Mask, Remove, Hash),
        numbers_of!("source lines", SourceLines: Scrub, Keep, Remove),
    ]
}

/// Enums that hold something have no `as`; a test compares these with what is archived.
fn actors() -> Vec<(u64, &'static str)> {
    const _: fn(&Actor) = |actor| match actor {
        Actor::System | Actor::Admin | Actor::User(_) | Actor::Alerter => (),
    };
    vec![(1, "System"), (2, "Admin"), (3, "User"), (4, "Alerter")]
}

fn sights() -> Vec<(u64, &'static str)> {
    const _: fn(&Sight) = |sight| match sight {
        Sight::All | Sight::Only(_) => (),
    };
    vec![(1, "All"), (2, "Only")]
}
