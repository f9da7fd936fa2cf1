//! Reading a request's body: capped, timed, paid for from one memory budget.
//!
//! Invariant: the bytes of all bodies being worked on, received and decompressed,
//! stay below the budget; a body that would exceed it is refused with 503. Units
//! are bytes. Fails with [`ApiError`]: 413 above a cap, 408 when the body does not
//! come in time, 400 when it breaks off or does not decompress, 415 on an unknown
//! encoding.

mod decode;
mod metered;

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, header};
use http_body_util::BodyExt;

pub use decode::Encoding;
pub(crate) use decode::unsupported;
pub(crate) use metered::budget_layer;

use crate::{
    config::GatewayLimits,
    error::{ApiError, ErrorCode},
    journal::Arrival,
    outcome::DropReason,
    telemetry,
};

/// Bodies above it are decompressed and parsed on a blocking thread, so that one
/// sender never holds up the others: 256 KiB take about a millisecond.
pub const OFF_THREAD_BYTES_MIN: usize = 256 * 1024;

/// Memory for all bodies being worked on.
#[derive(Debug)]
pub struct Budget {
    used_bytes: AtomicUsize,
    bytes_max: usize,
}

/// A part of the [`Budget`], given back on drop.
#[derive(Debug)]
pub struct Reservation {
    budget: Arc<Budget>,
    bytes: usize,
}

impl Budget {
    /// A budget of so many bytes.
    pub fn new(bytes_max: usize) -> Arc<Self> {
        Arc::new(Self {
            used_bytes: AtomicUsize::new(0),
            bytes_max,
        })
    }

    /// Bytes reserved now.
    pub fn used_bytes(&self) -> usize {
        self.used_bytes.load(Ordering::Relaxed)
    }

    /// An empty reservation, to be grown.
    pub fn reserve(self: &Arc<Self>) -> Reservation {
        Reservation {
            budget: Arc::clone(self),
            bytes: 0,
        }
    }
}

impl Reservation {
    /// Takes more, or refuses with 503.
    pub fn grow(&mut self, bytes: usize) -> Result<(), ApiError> {
        let budget = &self.budget;
        let taken = budget
            .used_bytes
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |used| {
                used.checked_add(bytes)
                    .filter(|sum| *sum <= budget.bytes_max)
            });
        if taken.is_err() {
            return Err(ApiError::new(
                ErrorCode::Overloaded,
                "too many large requests at once, try again soon",
            ));
        }
        self.bytes += bytes;
        telemetry::body_memory(bytes, 0);
        Ok(())
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.budget
            .used_bytes
            .fetch_sub(self.bytes, Ordering::Relaxed);
        telemetry::body_memory(0, self.bytes);
    }
}

/// A whole body, decompressed, with the memory it is paid for.
#[derive(Debug)]
pub struct ReadBody {
    /// Decompressed.
    pub bytes: Bytes,
    /// Held as long as the bytes and what is parsed from them.
    pub reservation: Reservation,
}

/// Reads and decompresses a body.
pub async fn read(
    headers: &HeaderMap,
    body: Body,
    sniff_gzip: bool,
    limits: &GatewayLimits,
    budget: &Arc<Budget>,
) -> Result<ReadBody, ApiError> {
    let encoding = match Encoding::of(headers) {
        Ok(encoding) => encoding,
        Err(error) => {
            drain(body, limits).await;
            return Err(error);
        }
    };
    let mut reservation = budget.reserve();
    let received = receive(headers, body, limits, &mut reservation).await?;
    telemetry::body_received(received.len());
    Arrival::with_current(|arrival| arrival.set_received(received.len()));
    let encoding = match encoding {
        Encoding::Identity if sniff_gzip && received.starts_with(&decode::GZIP_MAGIC) => {
            Encoding::Gzip
        }
        // A sender that labels plain JSON as gzip exists as well; what it sent is clear.
        other => other,
    };
    if encoding == Encoding::Identity {
        Arrival::with_current(|arrival| arrival.set_decompressed(received.len()));
        return Ok(ReadBody {
            bytes: received,
            reservation,
        });
    }
    inflate(
        encoding,
        received,
        limits.decompressed_bytes_max,
        reservation,
    )
    .await
}

/// Decompresses a message that is compressed apart from its body (gRPC).
pub(crate) async fn inflate(
    encoding: Encoding,
    message: Bytes,
    bytes_max: usize,
    mut reservation: Reservation,
) -> Result<ReadBody, ApiError> {
    let large = message.len() >= OFF_THREAD_BYTES_MIN / 8;
    let inflate = move || -> Result<ReadBody, ApiError> {
        let bytes = decode::decode(encoding, &message, bytes_max, &mut reservation)?;
        Ok(ReadBody {
            bytes: bytes.into(),
            reservation,
        })
    };
    let read = off_thread_if(large, inflate).await??;
    Arrival::with_current(|arrival| arrival.set_decompressed(read.bytes.len()));
    Ok(read)
}

/// Runs heavy work on a blocking thread, light work here.
pub(crate) async fn off_thread_if<T: Send + 'static>(
    heavy: bool,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, ApiError> {
    if !heavy {
        return Ok(work());
    }
    tokio::task::spawn_blocking(work).await.map_err(|error| {
        tracing::error!(%error, "reading a body panicked");
        ApiError::new(ErrorCode::Internal, "the body could not be read")
    })
}

async fn receive(
    headers: &HeaderMap,
    mut body: Body,
    limits: &GatewayLimits,
    reservation: &mut Reservation,
) -> Result<Bytes, ApiError> {
    let announced = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|bytes| bytes > limits.received_bytes_max) {
        drain(body, limits).await;
        return Err(too_large(limits));
    }
    let deadline = tokio::time::Instant::now() + limits.body_read_timeout();
    let mut first: Option<Bytes> = None;
    let mut rest = BytesMut::new();
    let mut length = 0usize;
    loop {
        let frame = tokio::time::timeout_at(deadline, body.frame())
            .await
            .map_err(|_| {
                Arrival::with_current(|arrival| arrival.set_received(length));
                ApiError::new(
                    ErrorCode::TimedOut,
                    format!(
                        "the body did not come within {} ms",
                        limits.body_read_timeout_ms
                    ),
                )
            })?;
        let data = match frame {
            None => break,
            Some(Ok(frame)) => frame.into_data().unwrap_or_default(),
            Some(Err(error)) => {
                Arrival::with_current(|arrival| arrival.set_received(length));
                return Err(ApiError {
                    reason: Some(DropReason::Aborted),
                    ..ApiError::invalid(
                        "",
                        format!("the body broke off after {length} bytes: {error}"),
                    )
                });
            }
        };
        length += data.len();
        if length > limits.received_bytes_max {
            Arrival::with_current(|arrival| arrival.set_received(length));
            drain(body, limits).await;
            return Err(too_large(limits));
        }
        reservation.grow(data.len())?;
        // The usual body is one frame: no copy then.
        match &first {
            None => first = Some(data),
            Some(one) => {
                if rest.is_empty() {
                    rest.reserve(announced.unwrap_or(length * 2));
                    rest.extend_from_slice(one);
                }
                rest.extend_from_slice(&data);
            }
        }
    }
    Ok(if rest.is_empty() {
        first.unwrap_or_default()
    } else {
        rest.freeze()
    })
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
