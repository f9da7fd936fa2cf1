//! What is in the records of the logs.
//!
//! Owns: event and command types, their versioned stored form, ids, and the fold
//! of the control state. Invariant: what one release stored, every later release
//! reads; the same control records folded in the same order give the same state.
//! Must not know where records are stored or how they travel.
//!
//! In reading order: [`id`], [`level`], [`event`] (one whole event),
//! [`free`] (its parts of free form), [`head`] (the
//! part of it that grouping and counting read in place), [`stack`] (of that, what many
//! events share), [`record`] (bytes of a record), [`note`] (records that are no events), [`command`], [`settings`] (of a
//! project), [`plan`] (how much it may store), [`retention`] (how long), [`control`] (the fold), [`credential`], [`access`] (who may do what), [`network`],
//! [`proxy`]; [`stack_hash`] and [`kind`] (what the door knows of an event before grouping).

pub mod access;
pub mod command;
pub mod control;
pub mod credential;
pub mod event;
pub mod free;
pub mod head;
pub mod id;
pub mod level;
pub mod network;
pub mod note;
pub mod numbers;
pub mod plan;
pub mod proxy;
pub mod record;
pub mod retention;
pub mod settings;
pub mod stack;
mod stack_hash;

pub use command::{
    Actor, Command, Decision, DeliveryState, DeliveryStep, DiscardedIssue, DropReason, IssueStatus,
    LinkSecret, OverruledCursor, Role, Sight, TokenScope,
};
pub use control::ControlState;
pub use event::Event;
pub use head::Head;
pub use id::{
    EventId, Fingerprint, IssueId, Position, ProjectId, PublicKey, SessionId, TokenId, UserId,
};
pub use level::Level;
pub use note::Note;
pub use plan::Plan;
pub use record::{EventRecord, RecordError, StoredEvent};
pub use stack::{StackHash, StoredStack};
pub use stack_hash::{kind, stack_hash, stored_stack_hash};
