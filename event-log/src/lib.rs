//! Both logs as one ordered stream of typed records.
//!
//! Owns: the events log and the control log (`log-core` inside), how events are
//! batched and compressed on the way in, markers, and blobs. Must not know HTTP,
//! grouping or the read model.
//!
//! Invariants:
//! - The events log alone is the order. A command is appended to the control log,
//!   then a marker with its number to the events log; it takes effect at the
//!   marker's place. Markers stand in the order of the control log, each number
//!   once; those that a crash left out are written when the writer opens.
//! - Events of a lane (a key of a project) stand in the order of the calls of
//!   [`LogWriter::append_event_of`], each durable before its ticket completes.
//! - Readers see durable records only.
//! - An event's stack stands before it in its own segment, once: a segment can be dropped
//!   or read without any other.
//!
//! The path of an event: [`LogWriter::append_event`] archives the head and queues
//! it, bounded in bytes → the appender thread takes what gathered while the last
//! batches were syncing, in turns of lanes, compresses the bodies together and appends
//! one atomic batch → the completer thread answers the tickets when the batch is durable.
//!
//! In reading order: [`writer`], `lanes`, [`ticket`], [`reader`], [`control`] (the fold that
//! follows the control log), [`retention`], [`space`], [`blobs`], [`dump`], [`copy`] (both logs copied
//! away and brought back), [`error`].

mod appender;
pub mod blobs;
mod blocks;
mod commands;
pub mod control;
pub mod copy;
pub mod dump;
pub mod error;
mod folders;
mod lanes;
mod markers;
pub mod reader;
pub mod retention;
pub mod space;
mod stacks;
mod thread;
pub mod ticket;
pub mod writer;

pub use control::{ControlFollower, control_at, fold_control, number_at};
pub use error::{AppendError, CloseError, CommandError, CommitError, OpenError, ReadError};
pub use lanes::Lane;
pub use reader::{Entry, Item, Items, LogReader, SegmentSpan};
pub use retention::{LogCursor, Plan, Retention};
pub use space::{Floor, Room, Tier};
pub use ticket::{CommandReceipt, EventTicket};
pub use writer::{LogConfig, LogWriter, WriterState};
