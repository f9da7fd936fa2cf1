//! Records that make a projection panic.
//!
//! A panic on a record is a defect of ours, and the record comes again at every start
//! and in every replay: it is passed over, counted and named, so that one event cannot
//! stop what is shown of all others. Invariant: which records are passed over depends on
//! the records alone, never on where a batch ended, so that replays agree; the issue
//! database lists them in `meta`.

use std::panic::{AssertUnwindSafe, catch_unwind};

use event_model::Position;

use crate::metrics;

/// What a panic said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Panic(pub(crate) String);

/// Does some work, or says why it panicked. What the work holds may be half changed
/// then: the caller goes back to what is stored.
pub(crate) fn caught<T>(work: impl FnOnce() -> T) -> Result<T, Panic> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| {
        let text = panic
            .downcast_ref::<String>()
            .cloned()
            .or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string));
        Panic(text.unwrap_or_else(|| "without a text".to_owned()))
    })
}

/// Counts and names a record that is passed over.
pub(crate) fn passed_over(name: &'static str, position: Position, panic: &Panic) {
    ::metrics::counter!(metrics::SKIPPED, "projection" => name).increment(1);
    ::metrics::gauge!(metrics::SKIPPED_POSITION, "projection" => name).set(position.0 as f64);
    tracing::error!(
        projection = name, %position, panic = panic.0,
        "a record made the projection panic and is passed over: please report it"
    );
}

/// Looks at each record before a projection takes it in; nothing in a server. A test
/// panics in it, in the place of a defect.
#[derive(Clone, Default)]
pub(crate) struct Tripwire(Option<std::sync::Arc<dyn Fn(Position) + Send + Sync>>);

impl Tripwire {
    /// Calls `look` for each record.
    #[cfg(test)]
    pub(crate) fn new(look: impl Fn(Position) + Send + Sync + 'static) -> Self {
        Self(Some(std::sync::Arc::new(look)))
    }

    pub(crate) fn pass(&self, position: Position) {
        if let Some(look) = &self.0 {
            look(position);
        }
    }
}

impl std::fmt::Debug for Tripwire {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Tripwire").field(&self.0.is_some()).finish()
    }
}

#[cfg(test)]
mod tests;
