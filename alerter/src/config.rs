//! What the alerter is told by the binary. No hidden defaults: [`AlerterConfig::new`]
//! names them all.

use std::time::Duration;

use ground::{BackOff, Clock};

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
    /// By which everything above is measured.
    pub clock: Clock,
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
    /// The waits between them.
    pub back_off: BackOff,
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
                back_off: BackOff {
                    first: Duration::from_secs(1),
                    factor: 4.0,
                    longest: Duration::from_mins(5),
                },
            },
            clock: Clock::MACHINE,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_is_tried_for_about_six_minutes() {
        let retry = AlerterConfig::new("", None).retry;
        let mut waits = retry.back_off.waits();
        let waits_s: Vec<u64> = (1..retry.attempts_max)
            .map(|_| waits.next_wait().as_secs())
            .collect();
        assert_eq!(waits_s, [1, 4, 16, 64, 256]);
    }
}
