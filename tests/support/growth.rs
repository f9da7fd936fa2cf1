//! How the time of some work grows with what it is given, whatever the machine does
//! meanwhile: no test may fail for a slow or busy machine. Time is the thread's own on a
//! processor, not that of a clock on the wall.
//!
//! Eight times as much may take a few times eight times as long. What grows with the
//! square takes 64 times as long, however often it is measured. The best of several
//! tries counts, for disturbances only ever add; further tries are made until it holds.

use std::{fs, thread, time::Duration};

/// Of the large one over the small one: eight, with room for what is not linear only
/// nearly (allocations, caches).
const RATIO_MAX: u32 = 24;
/// Tries until it counts as more.
const TRIES_MAX: u32 = 12;
/// Less is noise.
const LEAST: Duration = Duration::from_millis(1);

/// What this thread has run so far. The kernel brings the number up to date when the thread
/// gives way.
fn own_time() -> Duration {
    thread::yield_now();
    let stat = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let spent = stat.split(' ').next().and_then(|ns| ns.parse().ok());
    Duration::from_nanos(spent.expect("Linux counts what a thread runs"))
}

/// Holds that `large`, which works on eight times as much as `small`, is linear.
#[track_caller]
pub(crate) fn assert_linear(what: &str, small: impl Fn(), large: impl Fn()) {
    let time = |work: &dyn Fn()| {
        let before = own_time();
        work();
        own_time().saturating_sub(before)
    };
    let (mut least, mut most) = (Duration::MAX, Duration::MAX);
    for _ in 0..TRIES_MAX {
        least = least.min(time(&small));
        most = most.min(time(&large));
        if most <= RATIO_MAX * least.max(LEAST) {
            return;
        }
    }
    panic!("{what}: {least:?}, and {most:?} for eight times as much");
}

/// The same for a text of so many bytes, made of one piece, and an eighth of it.
#[track_caller]
#[allow(dead_code, reason = "each crate uses what it needs")]
pub(crate) fn assert_linear_in(piece: &str, bytes: usize, work: impl Fn(&str)) {
    let [small, large] = [bytes / 8, bytes].map(|bytes| piece.repeat(bytes / piece.len()));
    let what = format!("{piece:?} again and again");
    assert_linear(&what, || work(&small), || work(&large));
}
