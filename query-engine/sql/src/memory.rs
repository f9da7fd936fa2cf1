//! What queries may take of memory: one account for all, and a share of it for each.
//!
//! Invariant: nothing spills to the disk. Whoever asks for more than there is gets an error
//! that names both bounds, and what the query had comes back with its end.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use datafusion::{
    common::DataFusionError,
    execution::memory_pool::{MemoryLimit, MemoryPool, MemoryReservation},
};

/// Of this much, in parts of the whole, a query alone may take at most.
const SHARE: usize = 2;

/// What all queries take.
#[derive(Debug)]
pub(crate) struct Account {
    bytes_max: usize,
    bytes: AtomicUsize,
}

impl Account {
    pub(crate) fn new(bytes_max: usize) -> Arc<Self> {
        Arc::new(Self {
            bytes_max,
            bytes: AtomicUsize::new(0),
        })
    }

    /// For one more query.
    pub(crate) fn share(self: &Arc<Self>) -> Arc<dyn MemoryPool> {
        Arc::new(Share {
            account: Arc::clone(self),
            bytes: AtomicUsize::new(0),
        })
    }

    /// Taken now.
    #[cfg(test)]
    pub(crate) fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }
}

/// What one query takes.
#[derive(Debug)]
struct Share {
    account: Arc<Account>,
    bytes: AtomicUsize,
}

impl Share {
    fn bytes_max(&self) -> usize {
        self.account.bytes_max / SHARE
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a query's share")
    }
}

fn take(of: &AtomicUsize, bytes: usize, most: usize) -> bool {
    let more = |taken: usize| taken.checked_add(bytes).filter(|sum| *sum <= most);
    of.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more)
        .is_ok()
}

impl MemoryPool for Share {
    fn name(&self) -> &'static str {
        "share"
    }

    fn grow(&self, _: &MemoryReservation, bytes: usize) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.account.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    fn shrink(&self, _: &MemoryReservation, bytes: usize) {
        self.bytes.fetch_sub(bytes, Ordering::Relaxed);
        self.account.bytes.fetch_sub(bytes, Ordering::Relaxed);
    }

    fn try_grow(&self, _: &MemoryReservation, bytes: usize) -> Result<(), DataFusionError> {
        let mib = |bytes: usize| bytes / (1024 * 1024);
        if !take(&self.bytes, bytes, self.bytes_max()) {
            return Err(DataFusionError::ResourcesExhausted(format!(
                "the query needs more than {} MiB of memory: filter or aggregate more, sort and join less",
                mib(self.bytes_max())
            )));
        }
        if !take(&self.account.bytes, bytes, self.account.bytes_max) {
            self.bytes.fetch_sub(bytes, Ordering::Relaxed);
            return Err(DataFusionError::ResourcesExhausted(format!(
                "all queries together need more than {} MiB of memory: come again",
                mib(self.account.bytes_max)
            )));
        }
        Ok(())
    }

    fn reserved(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }

    fn memory_limit(&self) -> MemoryLimit {
        MemoryLimit::Finite(self.bytes_max())
    }
}

#[cfg(test)]
mod tests {
    use datafusion::execution::memory_pool::MemoryConsumer;

    use super::*;

    #[test]
    fn a_query_has_its_share_and_all_have_an_end() {
        let account = Account::new(100);
        let (one, other, third) = (account.share(), account.share(), account.share());
        let hold = |pool: &Arc<dyn MemoryPool>| MemoryConsumer::new("test").register(pool);
        let (first, second, last) = (hold(&one), hold(&other), hold(&third));
        assert!(first.try_grow(51).is_err(), "more than its share");
        assert!(first.try_grow(50).is_ok());
        assert!(second.try_grow(45).is_ok());
        let refused = last
            .try_grow(6)
            .expect_err("more than there is")
            .to_string();
        assert!(refused.contains("come again"), "{refused}");
        assert_eq!((third.reserved(), account.bytes()), (0, 95));
        drop((first, second));
        assert_eq!(account.bytes(), 0, "all of it comes back");
    }
}
