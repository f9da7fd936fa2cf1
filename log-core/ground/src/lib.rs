//! What every crate may know, each thing once: an error with its causes, the waits between
//! attempts, the time, how often something may be done.
//!
//! Owns nothing. Invariant: stands below all others, so it knows none of them, and has no
//! I/O but the reading of the machine's clock. In reading order: [`causes`],
//! [`back_off`], [`clock`], [`limiter`].

pub mod back_off;
pub mod causes;
pub mod clock;
pub mod limiter;

pub use back_off::{BackOff, Waits};
pub use causes::with_causes;
pub use clock::Clock;
pub use limiter::{Limiter, Rate, Standing};
