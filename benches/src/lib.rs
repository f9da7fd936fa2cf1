//! Load generator and limits, measured from outside.
//!
//! Owns: the payloads ([`payload`]), the open-loop generator ([`load`]), reading back
//! what became of the load ([`drain`]), the bare server that only reads and
//! inflates (`bin/bare.rs`), and the speed of the log beside this machine's limits
//! ([`log_speed`]), the whole server beside them ([`server`]), and traffic that is written to
//! a log without one ([`traffic`]). Invariant: latencies are measured from the moment a
//! request was due, not from when the generator got round to it.

pub mod drain;
pub mod load;
pub mod log_speed;
pub mod payload;
pub mod reads;
pub mod server;
pub mod traffic;
