//! The front door: authenticate, limit, parse, scrub, append, acknowledge.

pub mod parse;
