//! Commands: decisions by people, rules and the system, as they stand in the
//! control log.
//!
//! Invariant: a stored command never changes meaning. Each decision has a schema and an
//! archived type of its own (small, read once, so it is deserialised rather than read
//! in place); once released, a new field or a new word in it is a new version of that
//! one decision with an up-conversion, and a release that does not know it finds an
//! opaque record, not a damaged one. What has to hold together is one decision (a
//! project and its first key, a person and their link), for a crash comes between any
//! two. As JSON (for `errata log dump` only) a command leaves out hashes of passwords,
//! links and tokens.

mod decision;
mod form;
pub mod triage;
mod words;

pub use decision::Decision;
pub use words::{
    Actor, DeliveryState, DeliveryStep, DiscardedIssue, DropReason, IssueStatus, LinkSecret,
    OverruledCursor, Role, Sight, TokenScope,
};

use crate::record::RecordError;

/// A decision with who and when.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Command {
    /// Who.
    pub actor: Actor,
    /// Unix nanoseconds, gateway's clock.
    pub at_ns: i64,
    /// What.
    pub decision: Decision,
}

impl Command {
    /// The schema of [`Self::encode`]'s bytes.
    pub fn schema(&self) -> u16 {
        self.decision.schema()
    }

    /// The record's bytes, of schema [`Self::schema`].
    pub fn encode(&self) -> Vec<u8> {
        self.decision
            .archive(self.actor, self.at_ns)
            .expect("a command holds only numbers, strings and lists, which always archive")
            .into_vec()
    }

    /// Reads a record of the control log.
    pub fn decode(schema: u16, record: &[u8]) -> Result<Self, RecordError> {
        let mut aligned = rkyv::util::AlignedVec::<16>::with_capacity(record.len());
        aligned.extend_from_slice(record);
        let (actor, at_ns, decision) = Decision::read(schema, &aligned)
            .ok_or(RecordError::UnknownSchema(schema))?
            .map_err(|error| RecordError::Archive {
                what: "command",
                reason: error.to_string(),
            })?;
        Ok(Self {
            actor,
            at_ns,
            decision,
        })
    }
}
