//! The log as a viewer sees it, for who walks through much of it.

use std::sync::Arc;

use event_log::{Entry, Item, LogReader, ReadError as LogError};
use event_model::{
    Position, ProjectId,
    access::{Sight, Viewer},
    retention::Expired,
};

/// The log as far as a viewer sees it, for who walks through much of it on a thread of
/// their own: it holds no reader of the read model for so long.
pub(crate) struct Past {
    log: LogReader,
    sight: Sight,
    expired: Arc<Expired>,
}

impl Past {
    pub(crate) fn new(log: &LogReader, viewer: &Viewer, expired: &Arc<Expired>) -> Self {
        Self {
            log: log.clone(),
            sight: viewer.sight().clone(),
            expired: Arc::clone(expired),
        }
    }

    /// The first position that the log keeps, and the last there is.
    pub(crate) fn ends(&self) -> (Position, Position) {
        (self.log.first(), self.log.end())
    }

    /// Events in sight and commands of these positions, both included, in the log's order.
    /// Passed over is what is no longer kept, and what cannot be read: projections pass
    /// over it, too.
    pub(crate) fn span(&self, first: Position, last: Position) -> Result<Vec<Item>, LogError> {
        let mut found = Vec::new();
        let before = Position(first.0.saturating_sub(1));
        let mut reading = self.log.read_after(before);
        while let Some(read) = reading.next() {
            if reading.position() > last {
                break;
            }
            match read {
                Ok(item) if self.sees(&item.entry) => found.push(item),
                Ok(_) | Err(LogError::Record { .. } | LogError::CommandMissing { .. }) => {}
                // It was dropped while it was read: what was older is gone, too.
                Err(LogError::NotRetained { .. }) => break,
                Err(error) => return Err(error),
            }
        }
        Ok(found)
    }

    fn sees(&self, entry: &Entry) -> bool {
        match entry {
            Entry::Event(event) => {
                let head = event.head();
                self.sight.has(ProjectId(head.project_id.to_native()))
                    && !self.expired.has_head(head)
            }
            Entry::Command { .. } => true,
            Entry::Note(_) | Entry::Opaque { .. } => false,
        }
    }
}
