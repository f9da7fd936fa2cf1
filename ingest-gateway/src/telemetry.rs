//! The gateway's metrics: the only list of them is [`describe`].
//!
//! Invariant: `received = Σ items_total + in_flight` in every scrape: the counts of
//! items are handed to the recorder as of one moment, right before it renders
//! ([`crate::Gateway::publisher`]). Labels are bounded: projects are those that
//! exist, reasons, categories and endpoints are words of this program.

use std::{collections::HashSet, time::Duration};

use event_log::{Room, error::WhichLog, retention::Retained, writer::Maintenance};
use event_model::note::SAMPLED;
use metrics::{
    Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram,
};

use crate::{fate::DropReason, outcome::Counts};

/// Describes the metrics to the recorder, once at start.
pub fn describe() {
    describe_counter!(
        "errata_ingest_items_received_total",
        "Items received by the gateway: the sum of errata_ingest_items_total and errata_ingest_items_in_flight, in every scrape"
    );
    describe_counter!(
        "errata_ingest_items_total",
        "Items with a fate; labels `outcome` (stored: durable; sampled: counted by a durable record; dropped), `reason` (empty if stored), `category`, `project` (0: not known)"
    );
    describe_gauge!(
        "errata_ingest_items_in_flight",
        "Items received that have no fate yet"
    );
    describe_gauge!(
        "errata_ingest_spiking_projects",
        "Projects that have many more events than usual, so that the surplus of those alike is only counted"
    );
    describe_gauge!(
        "errata_ingest_body_bytes_in_flight",
        Unit::Bytes,
        "Memory held by request bodies being worked on"
    );
    describe_histogram!(
        "errata_ingest_request_seconds",
        Unit::Seconds,
        "HTTP ingestion, from a request's head to its answer; labels `endpoint`, `status`"
    );
    describe_counter!(
        "errata_ingest_received_bytes_total",
        Unit::Bytes,
        "Request bodies as received, before decompression"
    );
    describe_gauge!(
        "errata_log_sealed_segments",
        "Segments sealed since the start; label `log`"
    );
    describe_gauge!(
        "errata_log_scrubbed_bytes",
        Unit::Bytes,
        "Bytes of complete segments read and checked since the start; label `log`"
    );
    describe_gauge!(
        "errata_log_damaged_segments",
        "Segments found damaged since the start; label `log`"
    );
    describe_counter!(
        "errata_sign_ins_total",
        "Passwords given; label `result`: right, wrong, limited (had to wait), failed (could not be checked)"
    );
    describe_counter!(
        "errata_limited_total",
        "Times that a limit said no; label `limit`: errors, batches (rates of native paths), key (a key's own), project, organization (quotas), sign_in"
    );
    describe_gauge!(
        "errata_quota_events",
        "Events that may be stored in an hour, where a plan says so; labels `scope` (organization, project), `project`"
    );
    describe_gauge!(
        "errata_quota_used_events",
        "Events stored in the running hour, UTC, where a plan has a quota; labels as errata_quota_events"
    );
    describe_counter!(
        "errata_commands_total",
        "Commands; label `result`: recorded, refused, failed"
    );
    describe_gauge!(
        "errata_log_retained_first",
        "Position of the oldest record kept"
    );
    describe_counter!(
        "errata_log_dropped_segments_total",
        "Segments dropped by retention"
    );
    describe_counter!(
        "errata_log_dropped_bytes_total",
        Unit::Bytes,
        "Bytes on disk of segments dropped by retention"
    );
    describe_gauge!(
        "errata_log_held_back_records",
        "Records that retention wants gone and a cursor has not passed; label `cursor`"
    );
    describe_gauge!(
        "errata_disk_free_bytes",
        Unit::Bytes,
        "What is free of the disk that holds the logs"
    );
    describe_gauge!(
        "errata_disk_kept_bytes",
        Unit::Bytes,
        "What has to be free of it, or events are refused: log.free_bytes_min, and what projections have yet to write"
    );
    describe_counter!(
        "errata_shed_files_total",
        "Files that gave way because the disk was about to be full; label `tier`: cold, blobs, events (segments)"
    );
    describe_counter!(
        "errata_shed_bytes_total",
        Unit::Bytes,
        "Their bytes on disk; label `tier`"
    );
}

/// A look at the disk.
pub(crate) fn disk(room: &Room) {
    gauge!("errata_disk_free_bytes").set(room.disk.free_bytes as f64);
    gauge!("errata_disk_kept_bytes").set(room.kept_bytes() as f64);
}

/// Something gave way to keep the disk from being full.
pub(crate) fn shed(tier: &'static str, files: u64, bytes: u64) {
    counter!("errata_shed_files_total", "tier" => tier).increment(files);
    counter!("errata_shed_bytes_total", "tier" => tier).increment(bytes);
}

/// A round of retention; `held` are the cursors that have a gauge.
pub(crate) fn retained(retained: &Retained, held: &mut HashSet<String>) {
    gauge!("errata_log_retained_first").set(retained.first.0 as f64);
    counter!("errata_log_dropped_segments_total").increment(retained.segments);
    counter!("errata_log_dropped_bytes_total").increment(retained.bytes);
    let plan = &retained.plan;
    held.extend(plan.held_by.iter().map(|claim| claim.cursor.clone()));
    for cursor in held.iter() {
        let claim = plan.held_by.iter().find(|claim| &claim.cursor == cursor);
        let from = |position: u64| plan.wanted - position.max(retained.first.0).min(plan.wanted);
        let records = claim.map_or(0, |claim| from(claim.position));
        gauge!("errata_log_held_back_records", "cursor" => cursor.clone()).set(records as f64);
    }
}

/// What a log's maintenance has done since the start.
pub(crate) fn maintained(log: WhichLog, found: &Maintenance) {
    let log = log.to_string();
    gauge!("errata_log_sealed_segments", "log" => log.clone()).set(found.sealed as f64);
    gauge!("errata_log_scrubbed_bytes", "log" => log.clone()).set(found.scrubbed.bytes as f64);
    let damaged = found.scrubbed.damaged.len();
    gauge!("errata_log_damaged_segments", "log" => log).set(damaged as f64);
}

/// How many projects are in a spike.
pub(crate) fn spikes(projects: usize) {
    gauge!("errata_ingest_spiking_projects").set(projects as f64);
}

/// All counts of items, of one moment.
pub(crate) fn items(counts: &Counts) {
    counter!("errata_ingest_items_received_total").absolute(counts.received);
    gauge!("errata_ingest_items_in_flight").set(counts.in_flight as f64);
    for (series, quantity) in &counts.ended {
        let outcome = match series.reason {
            None => "stored",
            Some(DropReason::Sampled) => SAMPLED,
            Some(_) => "dropped",
        };
        counter!(
            "errata_ingest_items_total",
            "outcome" => outcome,
            "reason" => series.reason.map_or("", DropReason::name),
            "category" => series.category,
            "project" => series.project.to_string(),
        )
        .absolute(*quantity);
    }
}

/// A limit said no.
pub(crate) fn limited(limit: &'static str) {
    counter!("errata_limited_total", "limit" => limit).increment(1);
}

/// How a quota stands.
pub(crate) fn quota(scope: &'static str, project: u32, used: u64, quota: u64) {
    let labels = [
        ("scope", scope.to_owned()),
        ("project", project.to_string()),
    ];
    gauge!("errata_quota_used_events", &labels).set(used as f64);
    gauge!("errata_quota_events", &labels).set(quota as f64);
}

pub(crate) fn body_memory(reserved_bytes: usize, released_bytes: usize) {
    let held = gauge!("errata_ingest_body_bytes_in_flight");
    held.increment(reserved_bytes as f64);
    held.decrement(released_bytes as f64);
}

pub(crate) fn body_received(bytes: usize) {
    counter!("errata_ingest_received_bytes_total").increment(bytes as u64);
}

pub(crate) fn request_ended(endpoint: &'static str, status: u16, took: Duration) {
    histogram!(
        "errata_ingest_request_seconds",
        "endpoint" => endpoint,
        "status" => status.to_string(),
    )
    .record(took.as_secs_f64());
}

pub(crate) fn sign_in_ended(result: &'static str) {
    counter!("errata_sign_ins_total", "result" => result).increment(1);
}

pub(crate) fn command_ended(result: &'static str) {
    counter!("errata_commands_total", "result" => result).increment(1);
}
