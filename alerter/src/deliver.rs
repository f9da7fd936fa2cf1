//! One notification's way out: `sending` recorded, attempts with back-off, the end
//! recorded.
//!
//! Invariant: the channel is called only after `sending` is durable. If recording
//! the end fails, the notification stays `sending` and is sent once more after a
//! restart under the same Message-ID: at most twice, never lost.

use std::{sync::Arc, time::Duration};

use ground::{Clock, with_causes};
use lettre::message::Mailbox;
use proto::v1::{DeliveryState, RecordDeliveryRequest};
use tokio_util::sync::CancellationToken;

use crate::{
    clock::timestamp,
    config::RetryPolicy,
    mail::{Mail, Mailer},
    metric,
    run::Peers,
};

/// Longest recorded error, characters.
const ERROR_CHARS_MAX: usize = 500;
/// How long recording a step may take before it is tried again.
const RECORD_WAIT: Duration = Duration::from_secs(2);
/// How often recording a step is tried.
const RECORD_ATTEMPTS_MAX: u32 = 5;

/// What delivering needs.
#[derive(Clone)]
pub(crate) struct Courier {
    pub(crate) mailer: Arc<Mailer>,
    pub(crate) peers: Peers,
    pub(crate) retry: RetryPolicy,
    pub(crate) clock: Clock,
    pub(crate) public_url: String,
    pub(crate) stop: CancellationToken,
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    Sent,
    Failed,
    /// Left as `sending` for the next start.
    Open,
}

impl Courier {
    /// Delivers what one notification tells: a mail, or one each to those who see different
    /// parts of it. `step` has all but state, attempts, error and time.
    pub(crate) async fn deliver(
        &self,
        mails: Vec<(Mail, Vec<Mailbox>)>,
        mut step: RecordDeliveryRequest,
    ) -> Ended {
        if !self
            .record(&mut step, DeliveryState::Sending, String::new())
            .await
        {
            return Ended::Open;
        }
        let attempted_before = step.attempts;
        let mut failure = None;
        for (mail, to) in &mails {
            let first = step.attempts - attempted_before;
            match self.send(mail, to, &mut step, first).await {
                Some(Ok(())) => metric::ended("sent"),
                Some(Err(text)) => {
                    metric::ended("failed");
                    failure = Some(text);
                }
                None => return Ended::Open,
            }
        }
        let (state, text, ended) = match failure {
            None => (DeliveryState::Sent, String::new(), Ended::Sent),
            Some(text) => (DeliveryState::Failed, text, Ended::Failed),
        };
        let recorded = self.record(&mut step, state, text).await;
        if recorded { ended } else { Ended::Open }
    }

    /// One mail, until it is out or given up; none: the process ends before. `others`: how
    /// many attempts of the step were made for other mails of it.
    async fn send(
        &self,
        mail: &Mail,
        to: &[Mailbox],
        step: &mut RecordDeliveryRequest,
        others: u32,
    ) -> Option<Result<(), String>> {
        let mut waits = self.retry.back_off.waits();
        loop {
            step.attempts += 1;
            metric::attempted();
            let attempts = step.attempts - others;
            let Err(error) = self.mailer.send(mail, to, &self.public_url).await else {
                return Some(Ok(()));
            };
            let text = with_causes(&error);
            tracing::warn!(issue = %step.issue_id, attempts, error = %text, "mail was not sent");
            if error.is_permanent() || attempts >= self.retry.attempts_max {
                return Some(Err(text));
            }
            tokio::select! {
                () = self.stop.cancelled() => return None,
                () = tokio::time::sleep(waits.next_wait()) => {}
            }
        }
    }

    /// Records a step; false if it could not be recorded.
    pub(crate) async fn record(
        &self,
        step: &mut RecordDeliveryRequest,
        state: DeliveryState,
        error: String,
    ) -> bool {
        step.set_state(state);
        step.error = error.chars().take(ERROR_CHARS_MAX).collect();
        step.at = Some(timestamp(self.clock.now_ns()));
        for attempt in 1..=RECORD_ATTEMPTS_MAX {
            match self.peers.commands().record_delivery(step.clone()).await {
                Ok(_) => return true,
                Err(status) => {
                    tracing::warn!(attempt, %status, "a delivery could not be recorded");
                    tokio::select! {
                        () = self.stop.cancelled() => return false,
                        () = tokio::time::sleep(RECORD_WAIT) => {}
                    }
                }
            }
        }
        false
    }
}
