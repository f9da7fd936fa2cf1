//! Requests are read and stored a piece at a time: what is read of an event is many
//! times as large as what was sent, and the log's queue does not hold what a request
//! may. A piece is prepared where it is read, so that no more than one event is in
//! memory as it was read.
//!
//! Invariant: pieces are read, stored and answered in the order of the request.

use bytes::Bytes;
use event_intake::{Invalid, Item};

use super::{Ingestion, Origin, Prepared};
use crate::{
    body::{OFF_THREAD_BYTES_MIN, Party, Reservation, Weight},
    error::ApiError,
};

/// Items of a piece.
const ITEMS_MAX: usize = 64;
/// Bytes of its events, ready for the log; one more event may come on top.
const BYTES_MAX: usize = 1 << 20;
/// Bytes that reading takes for one byte of a text: a value of its list for two.
const READ_FACTOR: usize = 8;

/// Where the work on a request is done, and who pays for it.
#[derive(Debug, Clone)]
pub(crate) struct Desk {
    pub(crate) party: Party,
    pub(crate) reservation: Reservation,
    /// Whether it leaves the worker; a small request is read where it came in,
    /// when it has its turn.
    weight: Option<Weight>,
    /// What reading one event takes, besides the event.
    read_bytes: usize,
}

impl Desk {
    /// For a body of so many bytes.
    pub(crate) fn new(
        ingestion: &Ingestion,
        party: Party,
        reservation: Reservation,
        body: &Bytes,
    ) -> Self {
        let length = body.len();
        let is_heavy = length >= OFF_THREAD_BYTES_MIN;
        let event_max = ingestion.limits.event_bytes_max;
        Self {
            party,
            reservation,
            weight: is_heavy.then(|| Weight::of(length)),
            read_bytes: if is_heavy {
                length.min(event_max) * READ_FACTOR
            } else {
                0
            },
        }
    }

    /// The same for what costs more than its size tells: never on the worker.
    pub(crate) fn away(self) -> Self {
        Self {
            weight: self.weight.or(Some(Weight::Light)),
            ..self
        }
    }

    /// Does a part of the work.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        ingestion: &Ingestion,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, ApiError> {
        let Some(weight) = self.weight else {
            let _turn = ingestion.bodies.pool.turn(self.party).await?;
            return Ok(work());
        };
        let _charge = self.reservation.charge(self.read_bytes)?;
        ingestion.bodies.pool.run(self.party, weight, work).await
    }
}

/// What a request holds, one after the other.
pub(crate) trait Source: Send + 'static {
    /// What is read.
    type Read: Send + 'static;

    /// The next one, and what it takes; none at the end. Fails if nothing of the
    /// request is any good.
    fn next(&mut self, origin: &Origin) -> Result<Option<(Self::Read, usize)>, Invalid>;
}

/// A piece of a request.
pub(crate) struct Piece<T> {
    pub(crate) read: Vec<T>,
    pub(crate) is_last: bool,
}

/// Reads the next piece.
pub(crate) async fn next<S: Source>(
    ingestion: &Ingestion,
    desk: &Desk,
    origin: &Origin,
    mut source: S,
) -> Result<(S, Piece<S::Read>), ApiError> {
    let origin = origin.clone();
    let work = move || -> Result<(S, Piece<S::Read>), Invalid> {
        let (mut read, mut bytes) = (Vec::new(), 0usize);
        while read.len() < ITEMS_MAX && bytes < BYTES_MAX {
            let Some((one, size)) = source.next(&origin)? else {
                let is_last = true;
                return Ok((source, Piece { read, is_last }));
            };
            read.push(one);
            bytes += size;
        }
        let is_last = false;
        Ok((source, Piece { read, is_last }))
    };
    Ok(desk.run(ingestion, work).await??)
}

/// An item of a request, its event prepared.
pub(crate) enum Got {
    Event(Prepared),
    Other(Item),
}

impl Got {
    pub(crate) fn of(item: Item, origin: &Origin) -> (Self, usize) {
        match item {
            Item::Event(event) => {
                let event = origin.prepare(&event);
                let bytes = event.bytes();
                (Self::Event(event), bytes)
            }
            other => (Self::Other(other), size_of::<Item>()),
        }
    }
}

/// An envelope's items.
impl Source for event_intake::Envelope {
    type Read = Got;

    fn next(&mut self, origin: &Origin) -> Result<Option<(Got, usize)>, Invalid> {
        let item = self.next_item(&origin.context());
        Ok(item.map(|item| Got::of(item, origin)))
    }
}

/// Events of a batch, each good or not.
impl Source for event_intake::NativeBatch {
    type Read = Result<Prepared, Invalid>;

    fn next(&mut self, origin: &Origin) -> Result<Option<(Self::Read, usize)>, Invalid> {
        let Some(read) = self.next_event(&origin.context()) else {
            return Ok(None);
        };
        let read = read.map(|event| origin.prepare(&event));
        let bytes = read.as_ref().map_or(0, Prepared::bytes);
        Ok(Some((read, bytes)))
    }
}
