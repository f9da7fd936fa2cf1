//! Release health and monitors: `errata.v1.HealthService`.
//!
//! What depends on the clock (a run that was missed, one that takes too long) is told here,
//! by the schedule that a monitor's client told last: nothing of it is stored.

mod monitors;
mod releases;
mod schedule;
