//! The moment that a query is of, and whose.
//!
//! Invariant: all tables of events in a query end at the same record of the log and begin
//! their hot part behind the same files, however often the query names them, so a file that
//! appears meanwhile changes nothing.

use std::sync::Arc;

use event_log::LogReader;
use event_model::{Position, access::Sight, retention::Expired};
use proto::error::{ErrorCode, Refusal};
use query_engine::Reads;

use crate::cold::{ColdFiles, ColdList};

/// Looks at files that come and go; retention drops a segment in hours.
const LOOKS_MAX: u32 = 3;

fn listed(files: &Arc<dyn ColdFiles>) -> Result<ColdList, Refusal> {
    files.list().map_err(|error| {
        tracing::error!(
            error = ground::with_causes(&error),
            "cold files cannot be listed"
        );
        let message = "the files of older events cannot be listed at the moment";
        Refusal::new(ErrorCode::Overloaded, message)
    })
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Moment {
    pub(crate) reads: Reads,
    pub(crate) sight: Sight,
    /// What has gone by its rule, wherever it still is.
    pub(crate) expired: Arc<Expired>,
    pub(crate) cold: ColdList,
    /// The last record of the log, and the first that it keeps.
    pub(crate) end: Position,
    pub(crate) first: Position,
}

impl Moment {
    /// Now. Blocking.
    pub(crate) fn now(
        reads: &Reads,
        sight: Sight,
        files: &Arc<dyn ColdFiles>,
    ) -> Result<Self, Refusal> {
        let log = reads.log();
        // The end first: what is exported later was in the log before it.
        let end = log.end();
        let mut first = log.first();
        let mut cold = listed(files)?;
        for _ in 0..LOOKS_MAX {
            // What was dropped from the log since then is in files that appeared since then.
            let now = log.first();
            if now == first {
                break;
            }
            (first, cold) = (now, listed(files)?);
        }
        Ok(Self {
            reads: reads.clone(),
            sight,
            expired: Arc::clone(&reads.control().expired),
            cold,
            end,
            first,
        })
    }

    pub(crate) fn log(&self) -> &LogReader {
        self.reads.log()
    }

    /// The records of the hot part: behind the first, up to the second.
    pub(crate) fn hot(&self) -> (Position, Position) {
        let kept = Position(self.first.0.saturating_sub(1));
        (self.cold.through.max(kept), self.end.max(self.cold.through))
    }
}
