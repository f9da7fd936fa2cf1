//! The fields `RateLimit-Policy` and `RateLimit` of answers over HTTP, as the IETF draft
//! draft-ietf-httpapi-ratelimit-headers-10 has them: lists of structured fields (RFC 9651),
//! an item a policy.
//!
//! `"errors";q=100;w=60` is a policy of 100 in 60 s, `"errors";r=7;t=56` says that 7 are
//! left and that in 56 s all are there again. Units: whole seconds, rounded up.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};

/// `RateLimit-Policy`.
pub const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
/// `RateLimit`.
pub const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");

/// One policy, and how it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit {
    /// Lower-case letters.
    pub name: &'static str,
    /// How often, in a window.
    pub quota: u64,
    /// The window.
    pub window_s: u64,
    /// How often now.
    pub remaining: u64,
    /// Until all of it is there again.
    pub reset_s: u64,
}

/// How a rate stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Told {
    /// How often, in a window.
    pub quota: u64,
    /// The window.
    pub window: Duration,
    /// How often now.
    pub remaining: u64,
    /// Until all of it is there again.
    pub reset: Duration,
}

impl RateLimit {
    /// Of a rate.
    pub fn of_rate(name: &'static str, told: Told) -> Self {
        Self {
            name,
            quota: told.quota,
            window_s: told.window.as_secs(),
            remaining: told.remaining,
            reset_s: told.reset.as_secs() + u64::from(told.reset.subsec_nanos() > 0),
        }
    }
}

/// Puts both fields; nothing without a policy.
pub fn put_rate_limits(headers: &mut HeaderMap, limits: &[RateLimit]) {
    let list = |item: &dyn Fn(&RateLimit) -> String| {
        let items: Vec<String> = limits.iter().map(item).collect();
        HeaderValue::from_str(&items.join(", ")).ok()
    };
    if limits.is_empty() {
        return;
    }
    let policies = list(&|one| format!("\"{}\";q={};w={}", one.name, one.quota, one.window_s));
    let standings = list(&|one| format!("\"{}\";r={};t={}", one.name, one.remaining, one.reset_s));
    if let (Some(policies), Some(standings)) = (policies, standings) {
        headers.insert(RATE_LIMIT_POLICY, policies);
        headers.insert(RATE_LIMIT, standings);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_policy_is_an_item_of_both_lists() {
        let mut headers = HeaderMap::new();
        put_rate_limits(&mut headers, &[]);
        assert!(headers.is_empty());
        let told = Told {
            quota: 100,
            window: Duration::from_mins(1),
            remaining: 7,
            reset: Duration::from_millis(55_800),
        };
        let hour = RateLimit {
            name: "project",
            quota: 1_000,
            window_s: 3_600,
            remaining: 0,
            reset_s: 12,
        };
        put_rate_limits(&mut headers, &[RateLimit::of_rate("errors", told), hour]);
        let expected = r#""errors";q=100;w=60, "project";q=1000;w=3600"#;
        assert_eq!(headers[RATE_LIMIT_POLICY], expected);
        let expected = r#""errors";r=7;t=56, "project";r=0;t=12"#;
        assert_eq!(headers[RATE_LIMIT], expected);
    }
}
