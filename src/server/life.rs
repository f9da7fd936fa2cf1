//! What is known of one connection while it lives, and how long it may do nothing.
//!
//! Invariant: a connection is idle when none of its requests is in progress, from the
//! head to the last byte of the answer. Times are nanoseconds since it was accepted.
//! Nothing here touches the connection: who drives it asks [`Life::overdue`].

use std::{
    sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering},
    time::Duration,
};

use parking_lot::Mutex;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// How long each phase of a connection may take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    /// From being accepted to the first request's whole head, the protocol's detection
    /// included: whoever connects and says nothing holds a place of someone else.
    pub(super) first_head: Duration,
    /// From one answer of HTTP/1.1 to the next request's whole head.
    pub(super) next_head: Duration,
    /// Without a request in progress, pings or not.
    pub(super) idle: Duration,
    /// An answer of which the client has taken nothing for so long will not be read.
    pub(super) unread: Duration,
    /// Longest pause within a request's body.
    pub(super) pause: Duration,
    /// A request's body as a whole, unless it is a stream of messages.
    pub(super) sending: Duration,
    /// Between two looks at a connection that is at work.
    pub(super) look_every: Duration,
    /// What is open has this long to end once shutdown began.
    pub(super) drain: Duration,
}

impl Patience {
    /// Of every listener.
    pub(super) const USUAL: Self = Self {
        first_head: Duration::from_secs(10),
        next_head: Duration::from_secs(30),
        idle: Duration::from_mins(1),
        unread: Duration::from_secs(30),
        pause: Duration::from_secs(30),
        sending: Duration::from_mins(1),
        look_every: Duration::from_secs(5),
        drain: Duration::from_secs(4),
    };
}

/// A body that has paused for less is on its way.
const STALLED_MIN: Duration = Duration::from_secs(2);

/// Why a connection is closed by us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Overdue {
    /// It never sent a request.
    Silent,
    /// It has sent none for long.
    Idle,
    /// It does not read its answers.
    Unread,
}

impl Overdue {
    /// The label's value.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Silent => "silent",
            Self::Idle => "idle",
            Self::Unread => "unread",
        }
    }
}

/// See the module.
#[derive(Debug)]
pub(super) struct Life {
    pub(super) patience: Patience,
    born: Instant,
    had_request: AtomicBool,
    busy: AtomicU32,
    idle_since_ns: AtomicU64,
    /// Answers of which the client was given something (or their head) and has not come
    /// for more, since when.
    unread: Mutex<Vec<(u64, u64)>>,
    /// Requests whose body has stopped to come, and since when one has.
    stalled: AtomicU32,
    stalled_since_ns: AtomicU64,
    next_answer: AtomicU64,
    /// Its place is another's from now on.
    evicted: CancellationToken,
}

impl Life {
    pub(super) fn new(patience: Patience) -> Self {
        Self {
            patience,
            born: Instant::now(),
            had_request: false.into(),
            busy: 0.into(),
            idle_since_ns: 0.into(),
            unread: Mutex::default(),
            stalled: 0.into(),
            stalled_since_ns: 0.into(),
            next_answer: 0.into(),
            evicted: CancellationToken::new(),
        }
    }

    fn now_ns(&self) -> u64 {
        u64::try_from(self.born.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    /// A request's head is there.
    pub(super) fn begin_request(&self) {
        self.busy.fetch_add(1, Ordering::AcqRel);
        self.had_request.store(true, Ordering::Release);
    }

    /// The last byte of its answer is handed over.
    pub(super) fn end_request(&self) {
        self.idle_since_ns.store(self.now_ns(), Ordering::Release);
        self.busy.fetch_sub(1, Ordering::AcqRel);
    }

    /// Since when nothing is in progress; none while something is.
    pub(super) fn idle_since(&self) -> Option<Instant> {
        let since = Duration::from_nanos(self.idle_since_ns.load(Ordering::Acquire));
        (self.busy.load(Ordering::Acquire) == 0).then(|| self.born + since)
    }

    /// A request's body has stopped to come (true), or goes on or has ended.
    pub(super) fn stall(&self, has_stopped: bool) {
        if has_stopped {
            self.stalled_since_ns
                .store(self.now_ns(), Ordering::Release);
            self.stalled.fetch_add(1, Ordering::AcqRel);
        } else {
            self.stalled.fetch_sub(1, Ordering::AcqRel);
        }
    }

    /// Since when all its requests wait for their bodies, if for longer than a network
    /// may take: as good as idle where places are lacking.
    pub(super) fn stalled_since(&self) -> Option<Instant> {
        let since = Duration::from_nanos(self.stalled_since_ns.load(Ordering::Acquire));
        let all = self.stalled.load(Ordering::Acquire) >= self.busy.load(Ordering::Acquire).max(1);
        let since = self.born + since;
        (all && since.elapsed() >= STALLED_MIN).then_some(since)
    }

    /// A number for an answer, for the next two.
    pub(super) fn answer(&self) -> u64 {
        self.next_answer.fetch_add(1, Ordering::Relaxed)
    }

    /// The client has something of this answer to read.
    pub(super) fn handed_over(&self, answer: u64) {
        self.unread.lock().push((answer, self.now_ns()));
    }

    /// The client came for more of it, or it has ended.
    pub(super) fn taken(&self, answer: u64) {
        self.unread.lock().retain(|&(other, _)| other != answer);
    }

    /// Gives its place up: to be closed at once.
    pub(super) fn evict(&self) {
        self.evicted.cancel();
    }

    /// Completes when its place was given up.
    pub(super) async fn evicted(&self) {
        self.evicted.cancelled().await;
    }

    /// What it is overdue with at this time.
    fn fault(&self, now_ns: u64) -> Option<Overdue> {
        let over = |since_ns: u64, limit: Duration| {
            u128::from(now_ns.saturating_sub(since_ns)) >= limit.as_nanos()
        };
        if !self.had_request.load(Ordering::Acquire) {
            return over(0, self.patience.first_head).then_some(Overdue::Silent);
        }
        let unread = self.unread.lock();
        if unread
            .iter()
            .any(|&(_, since)| over(since, self.patience.unread))
        {
            return Some(Overdue::Unread);
        }
        let since_ns = self.idle_since_ns.load(Ordering::Acquire);
        let is_idle = self.busy.load(Ordering::Acquire) == 0 && over(since_ns, self.patience.idle);
        is_idle.then_some(Overdue::Idle)
    }

    /// Waits until it is overdue, and with what.
    pub(super) async fn overdue(&self) -> Overdue {
        loop {
            if let Some(fault) = self.fault(self.now_ns()) {
                return fault;
            }
            let next = if self.had_request.load(Ordering::Acquire) {
                Instant::now() + self.patience.look_every
            } else {
                self.born + self.patience.first_head
            };
            tokio::time::sleep_until(next).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    #[test]
    fn each_phase_has_its_own_patience() {
        let life = Life::new(Patience::USUAL);
        assert_eq!(life.fault(9 * SECOND), None);
        assert_eq!(life.fault(10 * SECOND), Some(Overdue::Silent));
        life.begin_request();
        assert_eq!(life.fault(9_000 * SECOND), None, "at work");
        assert!(life.idle_since().is_none());
        let answer = life.answer();
        life.handed_over(answer);
        assert_eq!(life.fault(29 * SECOND), None);
        assert_eq!(life.fault(31 * SECOND), Some(Overdue::Unread));
        life.taken(answer);
        assert_eq!(life.fault(31 * SECOND), None, "it waits for us");
        life.end_request();
        assert!(life.idle_since().is_some());
        assert_eq!(life.fault(59 * SECOND), None);
        assert_eq!(life.fault(61 * SECOND), Some(Overdue::Idle));
    }
}
