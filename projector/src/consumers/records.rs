//! The records after a position, unreadable ones passed over.
//!
//! A record whose checksum holds but whose content this release cannot read would
//! stop a projection for good if it were an error; passed over, it is missing from
//! every replay alike, counted and logged.

use std::ops::Deref;

use event_log::{Entry, Item, Items, LogReader, ReadError};
use event_model::{Position, StoredEvent};

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

/// The JSON document of an event; an empty one where it cannot be unpacked, which is told. The
/// head is sound: better an event without its body than none, or than a projection that stands
/// still.
pub(crate) fn body_or_none(
    reader: &LogReader,
    position: Position,
    event: &StoredEvent,
) -> impl Deref<Target = [u8]> + use<> {
    reader.body(position, event).unwrap_or_else(|error| {
        let error: &dyn std::error::Error = &error;
        tracing::error!(%position, error, "body passed over");
        "{}".into()
    })
}
