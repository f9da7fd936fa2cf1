//! What the alerter is told by the binary. No hidden defaults: [`AlerterConfig::new`]
//! names them all.

use std::time::Duration;

/// The window in which mails are counted.
pub const MAILS_WINDOW: Duration = Duration::from_hours(1);

/// Settings of the alerter.
#[derive(Debug, Clone)]
pub struct AlerterConfig {
    /// Where people reach the web UI, without a slash at the end.
    pub public_url: String,
    /// How to send mail; none: nothing is sent and nothing recorded.
    pub smtp: Option<SmtpConfig>,
    /// At most one mail an issue in this time.
    pub mail_interval: Duration,
    /// Mails of [`MAILS_WINDOW`]; what goes beyond is told in digests.
    pub mails_max: usize,
    /// How long a digest gathers before it is sent.
    pub digest_wait: Duration,
    /// Transitions older than this are passed over: mail set up late must not
    /// flood people with history.
    pub transition_age_max: Duration,
    /// How often and when to try again.
    pub retry: RetryPolicy,
}

/// How to send mail.
#[derive(Debug, Clone)]
pub struct SmtpConfig {
    /// `smtp://user:pass@host:port`, `smtps://…`; `?tls=required` asks for STARTTLS.
    pub url: String,
    /// The sender, `Errata <errata@example.com>` or a bare address.
    pub from: String,
}

/// How often and when to try again.
#[derive(Debug, Clone, Copy)]
pub struct RetryPolicy {
    /// Attempts in all, at least 1.
    pub attempts_max: u32,
    /// Wait before the second attempt.
    pub first_wait: Duration,
    /// Each further wait is this many times the last one.
    pub factor: u32,
    /// No wait is longer.
    pub wait_max: Duration,
}

impl RetryPolicy {
    /// The wait after `attempts` failed attempts.
    pub fn wait_after(&self, attempts: u32) -> Duration {
        let factor = self.factor.saturating_pow(attempts.saturating_sub(1));
        self.first_wait.saturating_mul(factor).min(self.wait_max)
    }
}

impl AlerterConfig {
    /// The defaults: one mail an issue and hour, twenty an hour in all and a digest each
    /// ten minutes of what goes beyond, nothing older than an hour, six attempts over about
    /// six minutes.
    pub fn new(public_url: &str, smtp: Option<SmtpConfig>) -> Self {
        Self {
            public_url: public_url.trim_end_matches('/').to_owned(),
            smtp,
            mail_interval: Duration::from_hours(1),
            mails_max: 20,
            digest_wait: Duration::from_mins(10),
            transition_age_max: Duration::from_hours(1),
            retry: RetryPolicy {
                attempts_max: 6,
                first_wait: Duration::from_secs(1),
                factor: 4,
                wait_max: Duration::from_mins(5),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_the_bound_and_never_overflow() {
        let retry = AlerterConfig::new("", None).retry;
        let waits: Vec<u64> = (1..=6).map(|n| retry.wait_after(n).as_secs()).collect();
        assert_eq!(waits, [1, 4, 16, 64, 256, 300]);
        assert_eq!(retry.wait_after(u32::MAX).as_secs(), 300);
    }
}
