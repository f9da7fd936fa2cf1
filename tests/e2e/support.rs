//! Starting the server and its clients, and waiting for what they do.

mod bucket;
mod client;
mod flaky;
mod link;
mod load;
mod mailbox;
mod server;

pub(crate) use bucket::Bucket;
pub(crate) use client::{Answer, Client, block_on, node, python};
pub(crate) use flaky::Flaky;
pub(crate) use link::Link;
pub(crate) use load::{Ledger, Load, audit};
pub(crate) use mailbox::Mailbox;
pub(crate) use server::{KEY, OWNER_EMAIL, OWNER_PASSWORD, Server, TOKEN, errata, errata_with};

use std::time::{Duration, Instant};

/// How long anything may take before a test fails; generous, for CI machines are
/// slow and noisy.
pub(crate) const DEADLINE: Duration = Duration::from_mins(1);
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// Polls until `probe` gives something; panics at the deadline with `what`.
pub(crate) fn wait_for<T>(what: &str, mut probe: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = probe() {
            return found;
        }
        assert!(start.elapsed() < DEADLINE, "waited {DEADLINE:?} for {what}");
        std::thread::sleep(POLL_INTERVAL);
    }
}

/// So many letters that do not compress.
pub(crate) fn noise(seed: u64, letters: usize) -> String {
    let mut state = seed;
    let each = std::iter::repeat_with(|| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        char::from(b'a' + (state >> 59) as u8 % 26)
    });
    each.take(letters).collect()
}
