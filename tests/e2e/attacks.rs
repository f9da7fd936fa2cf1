//! Attacks on a server of our own, over loopback: bounded in time and number.
//!
//! Each plays an attacker while an honest client sends events and something asks
//! `/healthz`, and holds: the honest are served *while* it lasts, the memory of the
//! process (`RssAnon`, read from outside) stays within a bound, and comes back. What
//! a dev build needs is generous in every bound; what an attack took before it was
//! answered is said beside it.

pub(crate) mod bombs;
pub(crate) mod h2;
pub(crate) mod mix;
pub(crate) mod shapes;
pub(crate) mod siege;
pub(crate) mod wire;

mod bodies;
mod contents;
mod crowd;
mod frames;
mod held;
mod places;
mod smuggling;
