//! Metrics of this crate: the only list of them is [`describe`].

use metrics::{counter, describe_counter, describe_gauge, gauge};

/// Describes the metrics to the recorder, once at start.
pub fn describe() {
    describe_counter!(
        "errata_alerter_notifications_total",
        "Notifications that ended; labels `state` (sent, failed, suppressed), `channel`"
    );
    describe_counter!(
        "errata_alerter_attempts_total",
        "Tries to hand a notification over; label `channel`"
    );
    describe_counter!(
        "errata_alerter_held_total",
        "Notifications that wait; label `why`: for the end of an issue's interval, for a digest"
    );
    describe_gauge!(
        "errata_alerter_in_flight",
        "Notifications being delivered now"
    );
}

pub(crate) fn ended(state: &'static str) {
    counter!("errata_alerter_notifications_total", "state" => state, "channel" => "email")
        .increment(1);
}

pub(crate) fn attempted() {
    counter!("errata_alerter_attempts_total", "channel" => "email").increment(1);
}

pub(crate) fn held(why: &'static str) {
    counter!("errata_alerter_held_total", "why" => why).increment(1);
}

pub(crate) fn in_flight(count: usize) {
    gauge!("errata_alerter_in_flight").set(count as f64);
}
