//! The `errata` binary.
fn main() {}
