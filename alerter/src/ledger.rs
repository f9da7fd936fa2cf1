//! What was already dealt with: notifications that ended, when each issue was last
//! mailed, and how far all transitions are done.
//!
//! Invariant: [`Ledger::done_to`] never passes a transition that is still being
//! delivered, so a restart from it misses nothing. Bounded: issues are forgotten
//! after the mail interval, ended notifications once the cursor has passed them.

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use proto::v1::{DeliveryState, RecordDeliveryRequest};

/// The state of all notifications, as far as the alerter must remember it.
#[derive(Debug, Default)]
pub struct Ledger {
    /// Ended notifications above the cursor: id → transition position.
    ended: HashMap<String, u64>,
    /// When each issue was last mailed, Unix nanoseconds.
    last_mailed_ns: HashMap<String, i64>,
    /// Transitions being delivered: position → how many notifications.
    in_flight: BTreeMap<u64, usize>,
    /// The last transition seen.
    seen: u64,
}

impl Ledger {
    /// The ledger as recorded: `cursor` and the newest step of each delivery.
    /// Returns what was `sending` without an end besides.
    pub fn restore(
        cursor: u64,
        deliveries: &[RecordDeliveryRequest],
    ) -> (Self, Vec<RecordDeliveryRequest>) {
        let mut ledger = Self {
            seen: cursor,
            ..Self::default()
        };
        let mut unfinished = Vec::new();
        for delivery in deliveries {
            if delivery.state() == DeliveryState::Sending {
                unfinished.push(delivery.clone());
                continue;
            }
            if delivery.state() == DeliveryState::Sent {
                ledger.mailed(&delivery.issue_id, at_ns(delivery));
            }
            if delivery.transition_position > cursor {
                ledger.ended.insert(
                    delivery.notification_id.clone(),
                    delivery.transition_position,
                );
            }
        }
        (ledger, unfinished)
    }

    /// Whether this notification was dealt with before.
    pub fn has_ended(&self, notification_id: &str) -> bool {
        self.ended.contains_key(notification_id)
    }

    /// Whether the issue was mailed less than `interval` before `now_ns`.
    pub fn is_limited(&self, issue_id: &str, now_ns: i64, interval: Duration) -> bool {
        let interval_ns = i64::try_from(interval.as_nanos()).unwrap_or(i64::MAX);
        self.last_mailed_ns
            .get(issue_id)
            .is_some_and(|last| now_ns.saturating_sub(*last) < interval_ns)
    }

    /// The issue was mailed.
    pub fn mailed(&mut self, issue_id: &str, at_ns: i64) {
        let last = self
            .last_mailed_ns
            .entry(issue_id.to_owned())
            .or_insert(at_ns);
        *last = at_ns.max(*last);
    }

    /// A transition arrived.
    pub fn see(&mut self, position: u64) {
        self.seen = self.seen.max(position);
    }

    /// A notification of the transition at `position` is being delivered.
    pub fn begin(&mut self, position: u64) {
        *self.in_flight.entry(position).or_default() += 1;
    }

    /// It ended.
    pub fn end(&mut self, notification_id: &str, position: u64) {
        self.ended.insert(notification_id.to_owned(), position);
        if let Some(count) = self.in_flight.get_mut(&position) {
            *count -= 1;
            if *count == 0 {
                self.in_flight.remove(&position);
            }
        }
    }

    /// All transitions up to here are dealt with.
    pub fn done_to(&self) -> u64 {
        match self.in_flight.keys().next() {
            Some(first) => self.seen.min(first.saturating_sub(1)),
            None => self.seen,
        }
    }

    /// The cursor was recorded: forget what it covers, and issues whose limit is over.
    pub fn forget(&mut self, cursor: u64, now_ns: i64, interval: Duration) {
        self.ended.retain(|_, position| *position > cursor);
        let interval_ns = i64::try_from(interval.as_nanos()).unwrap_or(i64::MAX);
        self.last_mailed_ns
            .retain(|_, last| now_ns.saturating_sub(*last) < interval_ns);
    }
}

fn at_ns(delivery: &RecordDeliveryRequest) -> i64 {
    delivery
        .at
        .as_ref()
        .map_or(0, |at| at.seconds * 1_000_000_000 + i64::from(at.nanos))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_hours(1);
    const SECOND_NS: i64 = 1_000_000_000;

    fn delivery(id: &str, position: u64, state: DeliveryState, at_s: i64) -> RecordDeliveryRequest {
        RecordDeliveryRequest {
            notification_id: id.to_owned(),
            transition_position: position,
            issue_id: "00000000000000aa".to_owned(),
            state: state.into(),
            at: Some(prost_types::Timestamp {
                seconds: at_s,
                nanos: 0,
            }),
            ..RecordDeliveryRequest::default()
        }
    }

    #[test]
    fn a_restart_repeats_nothing_that_ended_and_resumes_what_did_not() {
        let recorded = [
            delivery("sent", 11, DeliveryState::Sent, 100),
            delivery("failed", 12, DeliveryState::Failed, 100),
            delivery("held", 13, DeliveryState::Suppressed, 100),
            delivery("open", 14, DeliveryState::Sending, 100),
            delivery("old", 9, DeliveryState::Sent, 50),
        ];
        let (ledger, unfinished) = Ledger::restore(10, &recorded);
        for (id, ended) in [
            ("sent", true),
            ("failed", true),
            ("held", true),
            ("open", false),
            ("old", false),
        ] {
            assert_eq!(ledger.has_ended(id), ended, "{id}");
        }
        let open: Vec<_> = unfinished
            .iter()
            .map(|d| d.notification_id.as_str())
            .collect();
        assert_eq!(open, ["open"]);
        assert_eq!(ledger.done_to(), 10);
    }

    #[test]
    fn one_mail_an_issue_and_interval() {
        let (ledger, _) = Ledger::restore(0, &[delivery("a", 1, DeliveryState::Sent, 1000)]);
        let at = |s: i64| ledger.is_limited("00000000000000aa", s * SECOND_NS, HOUR);
        assert!(at(1000) && at(4599));
        assert!(!at(4600));
        assert!(
            !ledger.is_limited("00000000000000bb", 1000 * SECOND_NS, HOUR),
            "another issue"
        );
    }

    #[test]
    fn the_cursor_waits_for_what_is_in_flight() {
        let mut ledger = Ledger::default();
        for position in [5, 8, 9] {
            ledger.see(position);
            ledger.begin(position);
        }
        ledger.end("n9", 9);
        assert_eq!(ledger.done_to(), 4);
        ledger.end("n5", 5);
        assert_eq!(ledger.done_to(), 7);
        ledger.end("n8", 8);
        assert_eq!(ledger.done_to(), 9);
        ledger.forget(9, 0, HOUR);
        assert!(!ledger.has_ended("n9"), "the cursor covers it");
    }
}
