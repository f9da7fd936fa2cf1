//! A count of notices on which threads of any process sleep: a futex.
//!
//! Invariant: a thread that read the count before it looked at what it waits for is woken by every notice after the
//! look, or does not fall asleep. Under loom it is a mutex and a condition variable with the same comparison.

use std::time::Duration;

use crate::sync::{AtomicU32, Ordering, fence};

#[cfg(not(loom))]
use rustix::io::Errno;
#[cfg(not(loom))]
use rustix::thread::futex::{self, Flags, Timespec};

/// Sleep between looks where the system has no futex for such memory: slower, still right.
#[cfg(not(loom))]
const LOOK_WAIT: Duration = Duration::from_millis(1);

#[derive(Debug)]
#[repr(C)]
pub(super) struct Bell {
    /// Wraps: a sleeper would have to be held up for exactly 2^32 notices to miss one, and then has a time-out.
    count: AtomicU32,
    #[cfg(loom)]
    asleep: (loom::sync::Mutex<()>, loom::sync::Condvar),
}

impl Bell {
    pub(super) fn new() -> Self {
        Self {
            count: AtomicU32::new(0),
            #[cfg(loom)]
            asleep: (loom::sync::Mutex::new(()), loom::sync::Condvar::new()),
        }
    }

    /// Notices so far. Who sees a count sees what was stored before that notice.
    pub(super) fn count(&self) -> u32 {
        // As in `acquire`: the memory may be mapped read-only.
        let count = self.count.load(Ordering::Relaxed);
        fence(Ordering::Acquire);
        count
    }
}

#[cfg(not(loom))]
impl Bell {
    /// Wakes all sleepers. One system call, whether there are any or not: followers map the page for reading, and so
    /// cannot say that they sleep.
    pub(super) fn ring(&self) {
        self.count.fetch_add(1, Ordering::Release);
        // Not `PRIVATE`: sleepers may be in other processes. It cannot fail on memory that is mapped.
        let woken = futex::wake(&self.count, Flags::empty(), i32::MAX as u32);
        debug_assert!(woken.is_ok(), "{woken:?}");
    }

    /// Sleeps while the count is `heard`, at most for `time`. May end early.
    pub(super) fn wait(&self, heard: u32, time: Duration) {
        match self.sleep(heard, time) {
            // Woken, rung before, a signal, time is up: the caller looks again.
            Ok(()) | Err(Errno::AGAIN | Errno::INTR | Errno::TIMEDOUT) => {}
            Err(_) => std::thread::sleep(time.min(LOOK_WAIT)),
        }
    }

    pub(super) fn sleep(&self, heard: u32, time: Duration) -> Result<(), Errno> {
        let time = Timespec {
            tv_sec: time.as_secs().cast_signed(),
            tv_nsec: time.subsec_nanos().into(),
        };
        futex::wait(&self.count, Flags::empty(), heard, Some(&time))
    }
}

#[cfg(loom)]
impl Bell {
    pub(super) fn ring(&self) {
        self.count.fetch_add(1, Ordering::Release);
        // The lock is the kernel's: comparing and falling asleep are one step.
        drop(self.asleep.0.lock());
        self.asleep.1.notify_all();
    }

    /// Never ends by time, so that a lost notice shows as a deadlock.
    pub(super) fn wait(&self, heard: u32, _time: Duration) {
        let guard = self.asleep.0.lock();
        let Ok(guard) = guard else { return };
        if self.count.load(Ordering::Relaxed) == heard {
            drop(self.asleep.1.wait(guard));
        }
    }
}
