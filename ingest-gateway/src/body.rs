//! Reading a request's body: capped, timed, paid for from one account of memory.
//!
//! Invariant: the bytes of all bodies being worked on, received and decompressed, are
//! in the [`account`] as long as they are anywhere ([`ReadBody`]); what is only
//! announced is not. Nothing holds them for ever: a body has [a deadline]
//! (`limits.body_read_timeout_ms`), one that stands still is given up sooner, and
//! sooner still when memory runs short. What may be heavy runs in the [`pool`], the rest on the
//! workers, no more at once than can be worked on ([`turns`]). Units
//! are bytes. Fails with [`ApiError`]: 413 above a cap, 408 when the body does not
//! come in time, 400 when it breaks off or does not decompress, 415 on an unknown
//! encoding, 503 when there is no room.

mod account;
mod decode;
mod pool;
mod queue;
mod turns;

use std::{sync::Arc, time::Duration};

use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, header};
use http_body_util::BodyExt;
use tokio::time::Instant;

pub use account::{Budget, Charge, Party, Reservation};
pub use decode::Encoding;
pub(crate) use decode::unsupported;
pub use pool::{Pool, Weight};

use crate::{
    arrivals::Arrival,
    config::GatewayLimits,
    error::{ApiError, ErrorCode},
    fate::DropReason,
    telemetry,
};

/// What is larger is read on a thread of the [`Pool`]: the workers answer everybody.
/// Of compressed bodies what comes out counts.
pub const OFF_THREAD_BYTES_MIN: usize = 64 * 1024;
/// Longest compressed body that is begun on a worker.
const INLINE_INPUT_BYTES_MAX: usize = 32 * 1024;
/// Longest first line of a body that says whose it is: see [`Incoming::first_line`].
const FIRST_LINE_BYTES_MAX: usize = 8 << 10;
/// So much is received to find that line.
const FIRST_LINE_INPUT_BYTES_MAX: usize = 64 << 10;
/// Between two looks whether a body that does not come is worth waiting for.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// A body may stand still so long, at times when memory is plenty and when it is not.
const PATIENCE: Duration = Duration::from_secs(10);
const PATIENCE_TIGHT: Duration = Duration::from_secs(1);
/// Bytes a second that a body must come with when memory is short.
const TIGHT_BYTES_A_SECOND: usize = 16 * 1024;

/// Where bodies are read: the memory that pays for them, and threads for those that may
/// be heavy.
#[derive(Debug, Clone)]
pub(crate) struct Bodies {
    pub(crate) budget: Arc<Budget>,
    pub(crate) pool: Arc<Pool>,
}

impl Bodies {
    /// The threads, and whose turn it is there.
    pub(crate) fn turn(&self, party: Party) -> (&Pool, Party) {
        (&self.pool, party)
    }
}

/// A whole body, decompressed.
#[derive(Debug)]
pub struct ReadBody {
    /// Decompressed. The memory they are paid from is theirs: it is given back with
    /// the last of them, wherever that is.
    pub bytes: Bytes,
    /// The same reservation, for what is made of them.
    pub reservation: Reservation,
    /// Length as received.
    pub received_bytes: usize,
}

/// Bytes and what pays for them.
struct Paid {
    bytes: Bytes,
    _reservation: Reservation,
}

impl AsRef<[u8]> for Paid {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl ReadBody {
    pub(crate) fn new(bytes: Bytes, reservation: Reservation, received_bytes: usize) -> Self {
        Arrival::with_current(|arrival| arrival.set_decompressed(bytes.len()));
        let paid = Paid {
            bytes,
            _reservation: reservation.clone(),
        };
        Self {
            bytes: Bytes::from_owner(paid),
            reservation,
            received_bytes,
        }
    }
}

/// Reads and decompresses a body.
pub async fn read(
    headers: &HeaderMap,
    body: Body,
    limits: &GatewayLimits,
    reservation: Reservation,
    pool: (&Pool, Party),
) -> Result<ReadBody, ApiError> {
    let incoming = Incoming::open(headers, body, limits, reservation).await?;
    incoming.whole(pool).await
}

/// Reads a body as it is, whatever it looks like.
pub(crate) async fn read_plain(
    body: Body,
    limits: &GatewayLimits,
    reservation: Reservation,
    pool: (&Pool, Party),
) -> Result<ReadBody, ApiError> {
    let mut incoming = Incoming::open(&HeaderMap::new(), body, limits, reservation).await?;
    incoming.is_plain = true;
    incoming.whole(pool).await
}

/// A body on its way in.
#[derive(Debug)]
pub(crate) struct Incoming<'l> {
    body: Body,
    limits: &'l GatewayLimits,
    encoding: Encoding,
    announced: Option<usize>,
    started: Instant,
    /// When the last bytes came.
    last: Instant,
    /// The usual body is one frame: no copy then.
    first: Bytes,
    /// All of it, if it is several.
    rest: Vec<u8>,
    is_whole: bool,
    /// It is what it is, whatever it looks like.
    is_plain: bool,
    reservation: Reservation,
}

impl<'l> Incoming<'l> {
    /// Begins to read. Refuses, and drains, what can be refused by the head.
    pub(crate) async fn open(
        headers: &HeaderMap,
        body: Body,
        limits: &'l GatewayLimits,
        reservation: Reservation,
    ) -> Result<Self, ApiError> {
        let encoding = match Encoding::of(headers) {
            Ok(encoding) => encoding,
            Err(error) => {
                drain(body, limits).await;
                return Err(error);
            }
        };
        let announced = headers
            .get(header::CONTENT_LENGTH)
            .and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
        if announced.is_some_and(|bytes| bytes > limits.received_bytes_max) {
            drain(body, limits).await;
            return Err(too_large(limits));
        }
        let now = Instant::now();
        Ok(Self {
            body,
            limits,
            encoding,
            announced,
            started: now,
            last: now,
            first: Bytes::new(),
            rest: Vec::new(),
            is_whole: false,
            is_plain: false,
            reservation,
        })
    }

    /// What pays for it.
    pub(crate) fn reservation(&self) -> &Reservation {
        &self.reservation
    }

    fn received(&self) -> &[u8] {
        if self.rest.is_empty() {
            &self.first
        } else {
            &self.rest
        }
    }

    /// The beginning of the body, decompressed: at least so many lines from the first that
    /// is not blank, if they are not too long. Who has no key has one in the first, so no
    /// more is received and made of a body than it takes to find it.
    pub(crate) async fn beginning(&mut self, lines: usize) -> Result<Vec<u8>, ApiError> {
        // Tried anew each time that twice as much is there: linear in all.
        let mut tried = 0;
        loop {
            let received = self.received();
            if self.is_whole || received.len() >= (tried * 2).max(1) {
                tried = received.len();
                let encoding = self.encoding_of(received);
                let part = decode::begin(encoding, received, FIRST_LINE_BYTES_MAX + 1)?;
                let (decode::Part::Whole(bytes) | decode::Part::Beginning(bytes)) = part;
                let line = bytes.trim_ascii_start();
                let ends = line.iter().filter(|byte| **byte == b'\n').take(lines);
                let is_there = ends.count() == lines || bytes.len() > FIRST_LINE_BYTES_MAX;
                if is_there || self.is_whole || received.len() > FIRST_LINE_INPUT_BYTES_MAX {
                    return Ok(bytes);
                }
            }
            self.more().await?;
        }
    }

    /// The rest is not wanted: it is thrown away while the answer is on its way.
    pub(crate) fn leave(self) {
        throw_away(self.body, self.limits);
    }

    /// All of it, decompressed.
    pub(crate) async fn whole(mut self, pool: (&Pool, Party)) -> Result<ReadBody, ApiError> {
        while !self.is_whole {
            self.more().await?;
        }
        let received_bytes = self.received().len();
        telemetry::body_received(received_bytes);
        Arrival::with_current(|arrival| arrival.set_received(received_bytes));
        let encoding = self.encoding_of(self.received());
        let received = if self.rest.is_empty() {
            self.first
        } else {
            self.rest.into()
        };
        let body = ReadBody {
            bytes: received,
            reservation: self.reservation,
            received_bytes,
        };
        let bytes_max = self.limits.decompressed_bytes_max;
        inflate(encoding, body, bytes_max, pool).await
    }

    /// The encoding that the bytes are in, whatever the head says.
    fn encoding_of(&self, received: &[u8]) -> Encoding {
        match self.encoding {
            named if self.is_plain => named,
            Encoding::Identity => decode::sniffed(received),
            named if decode::is_in_clear(named, received) => Encoding::Identity,
            named => named,
        }
    }

    /// Receives one frame more.
    async fn more(&mut self) -> Result<(), ApiError> {
        let deadline = self.started + self.limits.body_read_timeout();
        let frame = loop {
            let look = deadline.min(Instant::now() + LOOK_EVERY);
            match tokio::time::timeout_at(look, self.body.frame()).await {
                Ok(frame) => break frame,
                Err(_) if look == deadline || self.is_too_slow() => return Err(self.gave_up()),
                Err(_) => {}
            }
        };
        let data = match frame {
            None => {
                self.is_whole = true;
                return Ok(());
            }
            Some(Ok(frame)) => frame.into_data().unwrap_or_default(),
            Some(Err(error)) => {
                let length = self.received().len();
                Arrival::with_current(|arrival| arrival.set_received(length));
                return Err(ApiError::invalid(
                    "",
                    format!("the body broke off after {length} bytes: {error}"),
                )
                .counted_as(DropReason::Aborted));
            }
        };
        let length = self.received().len() + data.len();
        if length > self.limits.received_bytes_max {
            Arrival::with_current(|arrival| arrival.set_received(length));
            let body = std::mem::take(&mut self.body);
            drain(body, self.limits).await;
            return Err(too_large(self.limits));
        }
        self.last = Instant::now();
        self.push(data, length)?;
        if self.is_too_slow() {
            return Err(self.gave_up());
        }
        Ok(())
    }

    /// Keeps what came; `length` is that of all. Memory is taken for what is there,
    /// twice as much at most, never for what is announced.
    fn push(&mut self, data: Bytes, length: usize) -> Result<(), ApiError> {
        if self.received().is_empty() {
            self.reservation.grow(data.len())?;
            self.first = data;
            return Ok(());
        }
        if length > self.rest.capacity() {
            let announced = self.announced.unwrap_or(self.limits.received_bytes_max);
            let wanted = (length * 2).min(announced.max(length));
            let paid = self.rest.capacity().max(self.first.len());
            self.reservation.grow(wanted.saturating_sub(paid))?;
            self.rest.reserve_exact(wanted - self.rest.len());
        }
        if self.rest.is_empty() {
            self.rest
                .extend_from_slice(&std::mem::take(&mut self.first));
        }
        self.rest.extend_from_slice(&data);
        Ok(())
    }

    fn is_too_slow(&self) -> bool {
        let is_tight = self.reservation.is_tight();
        let patience = if is_tight { PATIENCE_TIGHT } else { PATIENCE };
        let elapsed = self.started.elapsed();
        let due = TIGHT_BYTES_A_SECOND.saturating_mul(elapsed.as_secs() as usize);
        self.last.elapsed() >= patience
            || (is_tight && elapsed > 2 * PATIENCE_TIGHT && self.received().len() < due)
    }

    fn gave_up(&self) -> ApiError {
        let length = self.received().len();
        Arrival::with_current(|arrival| arrival.set_received(length));
        ApiError::new(
            ErrorCode::TimedOut,
            format!(
                "the body did not come within {} ms, or stood still",
                self.limits.body_read_timeout_ms
            ),
        )
    }
}

/// Decompresses a body, or a message that is compressed apart from its body (gRPC).
/// What is larger than [`OFF_THREAD_BYTES_MIN`] in the end comes out in the pool.
pub(crate) async fn inflate(
    encoding: Encoding,
    body: ReadBody,
    bytes_max: usize,
    (pool, party): (&Pool, Party),
) -> Result<ReadBody, ApiError> {
    let ReadBody {
        bytes,
        reservation,
        received_bytes,
    } = body;
    if encoding == Encoding::Identity {
        return Ok(ReadBody::new(bytes, reservation, received_bytes));
    }
    if bytes.len() <= INLINE_INPUT_BYTES_MAX {
        let _turn = pool.turn(party).await?;
        let part = decode::begin(encoding, &bytes, OFF_THREAD_BYTES_MIN.min(bytes_max) + 1)?;
        if let decode::Part::Whole(whole) = part {
            reservation.grow(whole.len())?;
            return Ok(ReadBody::new(whole.into(), reservation, received_bytes));
        }
    }
    let weight = decode::weight(bytes.len(), bytes_max);
    let inflate = decode_job(encoding, bytes, bytes_max, &reservation);
    let whole = pool.run(party, weight, inflate).await??;
    Ok(ReadBody::new(whole.into(), reservation, received_bytes))
}

fn decode_job(
    encoding: Encoding,
    input: Bytes,
    bytes_max: usize,
    reservation: &Reservation,
) -> impl FnOnce() -> Result<Vec<u8>, ApiError> + Send + 'static {
    let reservation = reservation.clone();
    move || {
        let whole = decode::decode(encoding, &input, bytes_max, &reservation)?;
        // The compressed bytes are no longer needed.
        reservation.shrink(input.len());
        Ok(whole)
    }
}

fn too_large(limits: &GatewayLimits) -> ApiError {
    ApiError::new(
        ErrorCode::TooLarge,
        format!(
            "the body is larger than {} bytes",
            limits.received_bytes_max
        ),
    )
}

/// How long a refused body is read on.
const DRAIN_MAX: Duration = Duration::from_secs(2);

/// What becomes of the body of a request that is refused by its head. One that is limited
/// hears of it at once, for it may have much to send and be slow; who waits to be told to
/// send is not told to.
pub(crate) async fn refuse(
    body: Body,
    headers: &HeaderMap,
    error: &ApiError,
    limits: &GatewayLimits,
) {
    if error.code != ErrorCode::Limited {
        drain(body, limits).await;
    } else if !headers.contains_key(header::EXPECT) {
        throw_away(body, limits);
    }
}

fn throw_away(body: Body, limits: &GatewayLimits) {
    let limits = limits.clone();
    // Ends soon, whatever comes: `DRAIN_MAX`.
    tokio::spawn(async move { drain(body, &limits).await });
}

/// Reads on and throws away, within reason: a client that is still sending when
/// the connection closes reports a broken pipe instead of the answer.
pub async fn drain(mut body: Body, limits: &GatewayLimits) {
    let mut left = limits.received_bytes_max;
    let reading = async {
        while let Some(Ok(frame)) = body.frame().await {
            let length = frame.data_ref().map_or(0, Bytes::len);
            let Some(rest) = left.checked_sub(length) else {
                return;
            };
            left = rest;
        }
    };
    // Whether it ended or not, the answer goes out now.
    let _ = tokio::time::timeout(DRAIN_MAX, reading).await;
}
