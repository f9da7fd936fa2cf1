//! The alerter's metrics, all of them:
//!
//! | name | unit | labels | meaning |
//! | --- | --- | --- | --- |
//! | `errata_alerter_notifications_total` | notifications | `state`, `channel` | ended: sent, failed, suppressed |
//! | `errata_alerter_attempts_total` | attempts | `channel` | tries to hand one over |
//! | `errata_alerter_held_total` | notifications | `why` | that wait: for the end of an issue's interval, for a digest |
//! | `errata_alerter_in_flight` | notifications | | being delivered now |

use metrics::{counter, gauge};

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
