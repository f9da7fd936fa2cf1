//! The search language: what people type to find issues and events.
//!
//! `is:unresolved level:error release:"shop@1.4*" !browser:Safari age:-24h free text`
//!
//! Owns: the text, its tree ([`Query`]), the table of fields ([`field::FIELDS`]), what a
//! query means at a moment to a reader ([`Query::resolve`]), and what could stand at a
//! place of it ([`complete`]). Whoever answers queries (SQL over the issue database, the
//! index of events) compiles the resolved tree; whoever keeps them (saved views, alerts)
//! keeps the text or the tree, in which "24 hours ago" is still that.
//!
//! Invariants: every text is read or refused, with the place, in time linear in its length;
//! what a tree is printed as is read as the same tree. Bounds: [`TEXT_BYTES_MAX`] and its
//! neighbours. Must not know where issues and events are stored. Times are Unix
//! milliseconds where the name says so.

pub mod complete;
pub mod expression;
pub mod field;
pub mod query;
pub mod resolve;

mod answerable;
mod error;
mod grammar;
mod pattern;
mod print;
mod values;

pub use answerable::Place;
pub use error::{QueryError, Span};
pub use expression::Expression;
pub use field::{Answer, Field, FieldInfo, Key};
pub use grammar::parse;
pub use pattern::Pattern;
pub use query::{Bounds, Query, Term, Test};
pub use resolve::{Known, Leaf, Reader};
pub use values::{
    state::State,
    time::When,
    version::{Version, VersionTest},
};

/// Longest text of a query: a screen of it.
pub const TEXT_BYTES_MAX: usize = 4096;
/// Most terms: each is a condition of the statement that answers.
pub const TERMS_MAX: usize = 64;
/// Deepest parentheses.
pub const DEPTH_MAX: usize = 16;
/// Most wildcards of one value.
pub const WILDCARDS_MAX: usize = 8;
