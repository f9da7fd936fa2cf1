//! Where the markers stand: found from the end of the events log, on open.

use event_model::record::{SCHEMA_MARKER_V1, decode_marker};
use log_core::Reader;

use crate::error::{ReadError, WhichLog};

/// The number of the last marker in the events log; 0: none. Walks the segments from
/// the last one back, each forward, and ends with the first that holds a marker.
pub(crate) fn last_marker(events: &Reader) -> Result<u64, ReadError> {
    let log_error = |source| ReadError::Log {
        log: WhichLog::Events,
        source,
    };
    let first = events.first();
    let mut end = events.durable_end();
    while end > first {
        let start = events
            .segment_of(end - 1)
            .map_or(first, |segment| segment.base.max(first));
        let mut last = 0;
        for entry in events.read(start) {
            let entry = entry.map_err(log_error)?;
            if entry.sequence >= end {
                break;
            }
            if entry.schema == SCHEMA_MARKER_V1 {
                last = decode_marker(&entry.payload).map_err(|source| ReadError::Record {
                    log: WhichLog::Events,
                    sequence: entry.sequence,
                    source,
                })?;
            }
        }
        if last > 0 {
            return Ok(last);
        }
        end = start;
    }
    Ok(0)
}
