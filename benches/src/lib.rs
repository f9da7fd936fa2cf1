//! Load generator and limits, measured from outside.
//!
//! Owns: the payloads ([`payload`]), the open-loop generator ([`load`]), reading back
//! what became of the load ([`drain`]), and the bare server that only reads and
//! inflates (`bin/bare.rs`). Invariant: latencies are measured from the moment a
//! request was due, not from when the generator got round to it.

pub mod drain;
pub mod load;
pub mod payload;
