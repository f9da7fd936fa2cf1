//! Metrics of this crate: the only list of them is [`describe`].

use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};

/// Describes the metrics to the recorder, once at start.
pub fn describe() {
    describe_gauge!(
        POSITION,
        "Position of the last record that is visible; label `projection` (issues, search, cold; checkpoint)"
    );
    describe_gauge!(
        LAG,
        "Records that a projection is behind the durable log, as of the scrape, also if its thread is gone; label `projection`"
    );
    describe_counter!(RECORDS, "Records taken in; label `projection`");
    describe_counter!(
        BATCHES,
        "Transactions, commits and files written; label `projection`"
    );
    describe_histogram!(
        BATCH_SECONDS,
        Unit::Seconds,
        "From a batch's first record to visible; label `projection`"
    );
    describe_counter!(
        SKIPPED,
        "Records passed over: they could not be read, or made the projection panic; label `projection`"
    );
    describe_gauge!(
        SKIPPED_POSITION,
        "Position of the last record that made a projection panic; label `projection`"
    );
    describe_histogram!(
        CHECKPOINT_SECONDS,
        Unit::Seconds,
        "Time that a checkpoint of the issues took"
    );
    describe_counter!(
        GROUPED,
        "Times that grouping was asked of an event; labels `projection`, `from` (memory: its stack, and what else counts, came before; stack: it was grouped)"
    );
    describe_counter!(
        GROUPED_BY_DEFAULT,
        "Events grouped without their project's rules, which this release cannot read, or by another version of the algorithm than its own, which this release does not have; labels `projection`, `reason` (rules, algorithm)"
    );
    describe_gauge!(
        REPLAYING,
        "Whether a replay is under way beside the live projections (1) or the last one is over (0); absent before the first"
    );
    describe_gauge!(
        REPLAY_POSITION,
        "Position of the last record that the newest replay has taken in; label `projection` (issues, search)"
    );
    describe_counter!(
        REPLAYS,
        "Replays that ended beside the live projections; label `outcome` (done, cancelled, failed)"
    );
    describe_counter!(
        ERRORS,
        "Failed batches, each of which is tried again; label `projection` (also checkpoint)"
    );
}

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
/// Counter: times that grouping was asked.
pub const GROUPED: &str = "errata_projector_grouped_total";
/// Counter: events that the default grouped in the place of what was set.
pub const GROUPED_BY_DEFAULT: &str = "errata_projector_grouped_by_default_total";
/// Gauge: whether a replay is under way.
pub const REPLAYING: &str = "errata_projector_replaying";
/// Gauge: how far the newest replay is.
pub const REPLAY_POSITION: &str = "errata_projector_replay_position";
/// Counter: replays that ended.
pub const REPLAYS: &str = "errata_projector_replays_total";
/// Counter: failed batches.
pub const ERRORS: &str = "errata_projector_errors_total";
