//! Metrics of this crate. All carry the label `projection`: "issues", "search" or
//! "cold"; position and errors also "checkpoint".
//!
//! | name | kind | unit | meaning |
//! | --- | --- | --- | --- |
//! | [`POSITION`] | gauge | position | the last record that is visible |
//! | [`LAG`] | gauge | records | how far that is behind the durable log, as of the scrape: also of a thread that is gone |
//! | [`RECORDS`] | counter | records | records taken in since start |
//! | [`BATCHES`] | counter | batches | transactions, commits, files written since start |
//! | [`BATCH_SECONDS`] | histogram | seconds | from a batch's first record to visible |
//! | [`SKIPPED`] | counter | records | records passed over: they could not be read, or made the projection panic |
//! | [`SKIPPED_POSITION`] | gauge | position | the last record that made the projection panic |
//! | [`CHECKPOINT_SECONDS`] | histogram | seconds | time that a checkpoint of the issues took (no label) |
//! | [`ERRORS`] | counter | errors | failed batches; each is tried again |

/// Gauge: the last visible record's position.
pub const POSITION: &str = "errata_projector_position";
/// Gauge: records behind the durable log.
pub const LAG: &str = "errata_projector_lag_records";
/// Counter: records taken in.
pub const RECORDS: &str = "errata_projector_records_total";
/// Counter: batches made visible.
pub const BATCHES: &str = "errata_projector_batches_total";
/// Histogram: seconds a batch took.
pub const BATCH_SECONDS: &str = "errata_projector_batch_seconds";
/// Gauge: the last record that was passed over for a panic.
pub const SKIPPED_POSITION: &str = "errata_projector_skipped_position";
/// Counter: records passed over.
pub const SKIPPED: &str = "errata_projector_skipped_records_total";
/// Histogram: seconds a checkpoint took.
pub const CHECKPOINT_SECONDS: &str = "errata_projector_checkpoint_seconds";
/// Counter: failed batches.
pub const ERRORS: &str = "errata_projector_errors_total";
