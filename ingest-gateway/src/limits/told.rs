//! What clients are told: the `RateLimit` fields of the native paths, and
//! `X-Sentry-Rate-Limits`.
//!
//! Both say how it stands when the answer is written, whatever the answer is: an SDK hears
//! with the last event that was stored that no other will be.

use event_model::PublicKey;
use http::{HeaderMap, HeaderValue};
use proto::rate::{RateLimit, put_rate_limits};

use super::{Allowance, Category, Door, Limits, Scope, hour_of, seconds_up};

/// The header of Sentry's protocol.
const SENTRY: &str = "x-sentry-rate-limits";

impl Limits {
    /// Puts how it stands with a door and the quotas.
    pub(crate) fn tell(
        &self,
        headers: &mut HeaderMap,
        sender: Allowance,
        entered: (PublicKey, Door),
    ) {
        if !self.is_enabled {
            return;
        }
        let (_, door) = entered;
        let mut told = vec![RateLimit::of_rate(
            door.name(),
            self.doors.look(&entered, self.rate(door)).into_told(),
        )];
        if let Some((key, rate)) = sender.key {
            let standing = self.keys.look(&key, rate).into_told();
            told.push(RateLimit::of_rate("key", standing));
        }
        let hour = hour_of(self.clock.now_ns());
        let reset_s = seconds_up(self.hour_left());
        for (scope, quota) in [
            (Scope::Project(sender.project), sender.quotas.project),
            (Scope::Organization, sender.quotas.organization),
        ] {
            if let Some(quota) = quota {
                let used = self.usage.used(scope, Category::Error, hour);
                told.push(RateLimit {
                    name: scope.name(),
                    quota,
                    window_s: 3_600,
                    remaining: quota.saturating_sub(used),
                    reset_s,
                });
            }
        }
        put_rate_limits(headers, &told);
    }

    /// Tells Sentry's SDKs what not to send, beside what they shall not send anyway.
    pub(crate) fn tell_sentry(&self, headers: &mut HeaderMap, sender: Allowance) {
        let mut limits: Vec<String> = Vec::new();
        if let Some(unwanted) = headers.get(SENTRY).and_then(|value| value.to_str().ok()) {
            limits.push(unwanted.to_owned());
        }
        let before = limits.len();
        if let Some((key, rate)) = sender.key {
            let standing = self.keys.look(&key, rate);
            if standing.remaining == 0 {
                // Without categories: all, which stops every SDK.
                limits.push(format!("{}::key:key_limit", seconds_up(standing.next)));
            }
        }
        let hour = hour_of(self.clock.now_ns());
        let seconds = seconds_up(self.hour_left());
        for category in Category::ALL {
            let full = self
                .usage
                .full(sender.project, category, hour, sender.quotas);
            if let Some((scope, _)) = full {
                let words = category.sentry();
                limits.push(format!("{seconds}:{words}:{}:quota", scope.name()));
            }
        }
        if limits.len() == before {
            return;
        }
        if let Ok(value) = HeaderValue::from_str(&limits.join(", ")) {
            headers.insert(SENTRY, value);
        }
    }
}

/// From a cell to what is told of it.
trait IntoTold {
    fn into_told(self) -> proto::rate::Told;
}

impl IntoTold for ground::Standing {
    fn into_told(self) -> proto::rate::Told {
        proto::rate::Told {
            quota: u64::from(self.rate.times),
            window: self.rate.window,
            remaining: u64::from(self.remaining),
            reset: self.full,
        }
    }
}
