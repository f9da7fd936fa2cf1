//! The records after a position, unreadable ones passed over.
//!
//! A record whose checksum holds but whose content this release cannot read would
//! stop a projection for good if it were an error; passed over, it is missing from
//! every replay alike, counted and logged.

use event_log::{Entry, Item, Items, LogReader, ReadError};
use event_model::Position;

use crate::{ProjectorError, metrics};

/// See the module.
pub(crate) struct Records {
    items: Items,
    name: &'static str,
}

impl Records {
    /// The records after `after`, as far as they are durable by now.
    pub(crate) fn after(reader: &LogReader, after: Position, name: &'static str) -> Self {
        Self {
            items: reader.read_after(after),
            name,
        }
    }
}

impl Iterator for Records {
    type Item = Result<(Position, Option<Entry>), ProjectorError>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.items.next()? {
            Ok(Item {
                position, entry, ..
            }) => Some(Ok((position, Some(entry)))),
            Err(error @ (ReadError::Record { .. } | ReadError::CommandMissing { .. })) => {
                let position = self.items.position();
                ::metrics::counter!(metrics::SKIPPED, "projection" => self.name).increment(1);
                let error: &dyn std::error::Error = &error;
                tracing::error!(projection = self.name, %position, error, "record passed over");
                Some(Ok((position, None)))
            }
            Err(error) => Some(Err(error.into())),
        }
    }
}
