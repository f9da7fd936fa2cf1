//! What was already dealt with: notifications that ended, when each issue was last
//! mailed, and how far all transitions are done.
//!
//! Invariant: [`Ledger::done_to`] never passes a transition that is still being
//! delivered, so a restart from it misses nothing. Bounded: issues are forgotten
//! after the mail interval, ended notifications once the cursor has passed them.

use std::{
    collections::{BTreeMap, HashMap, HashSet, VecDeque},
    time::Duration,
};

use proto::v1::{DeliveryState, RecordDeliveryRequest};

use crate::{quota, rule::DIGEST};

/// The state of all notifications, as far as the alerter must remember it.
#[derive(Debug, Default)]
pub struct Ledger {
    /// Ended notifications above the cursor: id → transition position.
    ended: HashMap<String, u64>,
    /// Notifications that were begun or held and have not ended.
    open: HashSet<String>,
    /// The last transition of a digest that was told: what stands below it and has no
    /// record of its own was in it.
    digested_to: u64,
    /// Warnings of quotas: id → when, Unix nanoseconds. Of an hour that is over none comes
    /// again, so they are forgotten after two.
    warned: HashMap<String, i64>,
    /// When each issue was last mailed, Unix nanoseconds.
    last_mailed_ns: HashMap<String, i64>,
    /// When mails went out, within the window of [`Self::mails_within`]; oldest first.
    mailed_ns: VecDeque<i64>,
    /// Transitions being delivered: position → how many notifications.
    in_flight: BTreeMap<u64, usize>,
    /// The last transition seen.
    seen: u64,
}

impl Ledger {
    /// The ledger as recorded: `cursor` and the newest step of each delivery.
    /// Returns what was `sending` without an end besides. A digest without an end is not
    /// among it: its transitions stand above the cursor and are gathered again.
    pub fn restore(
        cursor: u64,
        deliveries: &[RecordDeliveryRequest],
    ) -> (Self, Vec<RecordDeliveryRequest>) {
        let mut ledger = Self {
            seen: cursor,
            ..Self::default()
        };
        let mut unfinished = Vec::new();
        let mut mailed_ns = Vec::new();
        for delivery in deliveries {
            let id = &delivery.notification_id;
            let is_digest = delivery.rule == DIGEST;
            if quota::is_rule(&delivery.rule) {
                // One without an end is told again, under the same id, if it still holds.
                if delivery.state() != DeliveryState::Sending {
                    ledger.warned.insert(id.clone(), at_ns(delivery));
                }
                continue;
            }
            match delivery.state() {
                DeliveryState::Sending if is_digest => continue,
                DeliveryState::Sending => {
                    ledger.open.insert(id.clone());
                    unfinished.push(delivery.clone());
                    continue;
                }
                DeliveryState::Held => {
                    ledger.open.insert(id.clone());
                    continue;
                }
                DeliveryState::Sent => {
                    mailed_ns.push(at_ns(delivery));
                    if !is_digest {
                        ledger.remember(&delivery.issue_id, at_ns(delivery));
                    }
                }
                _ => {}
            }
            if delivery.transition_position > cursor {
                ledger
                    .ended
                    .insert(id.clone(), delivery.transition_position);
                if is_digest {
                    ledger.digested_to = ledger.digested_to.max(delivery.transition_position);
                }
            }
        }
        mailed_ns.sort_unstable();
        ledger.mailed_ns = mailed_ns.into();
        (ledger, unfinished)
    }

    /// Whether this notification of the transition at `position` was dealt with before.
    pub fn has_ended(&self, notification_id: &str, position: u64) -> bool {
        self.ended.contains_key(notification_id)
            || position <= self.digested_to && !self.is_open(notification_id)
    }

    /// Whether it was begun or held, and has not ended.
    pub fn is_open(&self, notification_id: &str) -> bool {
        self.open.contains(notification_id)
    }

    /// Mails that went out within `window` before `now_ns`.
    pub fn mails_within(&mut self, now_ns: i64, window: Duration) -> usize {
        let from_ns = now_ns.saturating_sub(nanoseconds(window));
        while self.mailed_ns.front().is_some_and(|at| *at <= from_ns) {
            self.mailed_ns.pop_front();
        }
        self.mailed_ns.len()
    }

    /// Until when the issue may not be mailed again, if it was mailed less than `interval`
    /// before `now_ns`.
    pub fn limited_until_ns(&self, issue_id: &str, now_ns: i64, interval: Duration) -> Option<i64> {
        let until_ns = self
            .last_mailed_ns
            .get(issue_id)?
            .saturating_add(nanoseconds(interval));
        (now_ns < until_ns).then_some(until_ns)
    }

    /// A mail went out, of this issue.
    pub fn mailed(&mut self, issue_id: &str, at_ns: i64) {
        self.remember(issue_id, at_ns);
        self.mailed_ns.push_back(at_ns);
    }

    /// Whether this warning of a quota was told.
    pub fn is_warned(&self, notification_id: &str) -> bool {
        self.warned.contains_key(notification_id)
    }

    /// It is being told.
    pub fn warned(&mut self, notification_id: &str, at_ns: i64) {
        let kept_ns = 2 * nanoseconds(Duration::from_hours(1));
        self.warned
            .retain(|_, told_ns| at_ns.saturating_sub(*told_ns) < kept_ns);
        self.warned.insert(notification_id.to_owned(), at_ns);
    }

    /// A digest or a warning went out.
    pub fn digested(&mut self, at_ns: i64) {
        self.mailed_ns.push_back(at_ns);
    }

    fn remember(&mut self, issue_id: &str, at_ns: i64) {
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
        self.open.remove(notification_id);
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
        self.last_mailed_ns
            .retain(|_, last| now_ns.saturating_sub(*last) < nanoseconds(interval));
    }
}

fn nanoseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
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
            assert_eq!(ledger.has_ended(id, 20), ended, "{id}");
        }
        let open: Vec<_> = unfinished
            .iter()
            .map(|d| d.notification_id.as_str())
            .collect();
        assert_eq!(open, ["open"]);
        assert_eq!(ledger.done_to(), 10);
    }

    #[test]
    fn a_warning_of_a_quota_is_told_once_across_a_restart() {
        let quota = |id: &str, state| RecordDeliveryRequest {
            rule: "quota_80".to_owned(),
            ..delivery(id, 0, state, 100)
        };
        let recorded = [
            quota("sent", DeliveryState::Sent),
            quota("failed", DeliveryState::Failed),
            quota("open", DeliveryState::Sending),
        ];
        let (mut ledger, unfinished) = Ledger::restore(10, &recorded);
        assert_eq!(unfinished, [], "it is looked at anew whether it holds");
        let known = |ledger: &Ledger| ["sent", "failed", "open"].map(|id| ledger.is_warned(id));
        assert_eq!(known(&ledger), [true, true, false]);
        ledger.warned("open", 8_000 * SECOND_NS);
        assert_eq!(known(&ledger), [false, false, true], "of an hour long over");
    }

    #[test]
    fn one_mail_an_issue_and_interval() {
        let (ledger, _) = Ledger::restore(0, &[delivery("a", 1, DeliveryState::Sent, 1000)]);
        let until = |issue, s: i64| ledger.limited_until_ns(issue, s * SECOND_NS, HOUR);
        for (issue, at_s, expected_s) in [
            ("00000000000000aa", 1000, Some(4600)),
            ("00000000000000aa", 4599, Some(4600)),
            ("00000000000000aa", 4600, None),
            ("00000000000000bb", 1000, None),
        ] {
            let expected_ns = expected_s.map(|s: i64| s * SECOND_NS);
            assert_eq!(until(issue, at_s), expected_ns, "{issue} at {at_s}");
        }
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
        assert!(!ledger.has_ended("n9", 9), "the cursor covers it");
    }

    #[test]
    fn what_was_held_is_still_to_be_told_after_a_restart() {
        let recorded = [
            delivery("mailed", 11, DeliveryState::Sent, 100),
            delivery("held", 12, DeliveryState::Held, 110),
        ];
        let (ledger, unfinished) = Ledger::restore(10, &recorded);
        assert!(!ledger.has_ended("held", 12) && ledger.is_open("held"));
        assert_eq!(unfinished, [], "it is not sent before its time");
        let until = ledger.limited_until_ns("00000000000000aa", 120 * SECOND_NS, HOUR);
        assert_eq!(until, Some(3700 * SECOND_NS), "an hour after the mail");
    }

    #[test]
    fn a_digest_that_was_told_covers_its_transitions_and_one_without_an_end_does_not() {
        let digest = |position, state| RecordDeliveryRequest {
            rule: DIGEST.to_owned(),
            ..delivery("digest", position, state, 100)
        };
        for (state, is_covered) in [
            (DeliveryState::Sent, true),
            (DeliveryState::Failed, true),
            (DeliveryState::Sending, false),
        ] {
            let recorded = [
                digest(50, state),
                delivery("held", 30, DeliveryState::Held, 90),
            ];
            let (ledger, unfinished) = Ledger::restore(10, &recorded);
            assert_eq!(ledger.has_ended("gathered", 40), is_covered, "{state:?}");
            assert!(!ledger.has_ended("later", 51), "{state:?}");
            assert!(!ledger.has_ended("held", 30), "{state:?}");
            assert_eq!(unfinished, [], "{state:?}");
        }
    }

    #[test]
    fn mails_are_counted_over_a_sliding_window_across_a_restart() {
        let recorded: Vec<_> = (0..5)
            .map(|n| delivery(&n.to_string(), n, DeliveryState::Sent, 100 * n as i64))
            .collect();
        let (mut ledger, _) = Ledger::restore(0, &recorded);
        ledger.mailed("00000000000000cc", 450 * SECOND_NS);
        ledger.digested(460 * SECOND_NS);
        for (at_s, expected) in [(460, 7), (3650, 6), (3700, 5), (4059, 1), (4060, 0)] {
            let counted = ledger.mails_within(at_s * SECOND_NS, HOUR);
            assert_eq!(counted, expected, "at {at_s}");
        }
    }
}
