//! gRPC's frames around messages, read here and not by tonic: so that a message is paid
//! for from the same account of memory, decompressed under the same caps, by the same
//! threads, as every other body; and so that nothing is decoded before the sender is
//! known. Any encoding will do.

use std::{convert::Infallible, time::Duration};

use axum::{body::Body, response::Response};
use bytes::{Buf, BufMut, Bytes, BytesMut};
use http::{HeaderMap, HeaderValue, header};
use http_body_util::{BodyExt, Full};
use tokio::time::Instant;

use crate::{
    body::{self, Party, Pool, ReadBody, Reservation},
    config::GatewayLimits,
    error::{ApiError, ErrorCode},
    fate::DropReason,
};

/// What stands before a message: whether it is compressed, and its length.
const FRAME_BYTES: usize = 5;
/// Between two looks whether the memory for a message that does not come runs short.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Reads a body of one message.
pub(super) async fn one(
    headers: &HeaderMap,
    body: Body,
    limits: &GatewayLimits,
    reservation: Reservation,
    turn: (&Pool, Party),
) -> Result<ReadBody, ApiError> {
    let checked = check_type(headers);
    if let Err(error) = checked {
        body::drain(body, limits).await;
        return Err(error);
    }
    // Its length is announced in the frame; the encoding is the message's own.
    let mut read = body::read_plain(body, limits, reservation, turn).await?;
    let Some((frame, rest)) = read.bytes.split_first_chunk::<FRAME_BYTES>() else {
        return Err(ApiError::invalid("", "the body has no gRPC message"));
    };
    let frame = *frame;
    let length = length_of(frame);
    if rest.len() != length {
        let message = format!(
            "the gRPC message has {} bytes and says {length}",
            rest.len()
        );
        return Err(ApiError::invalid("", message));
    }
    read.bytes.advance(FRAME_BYTES);
    unpack(headers, frame[0], read, limits.decompressed_bytes_max, turn).await
}

/// Refuses what is no gRPC.
pub(super) fn check_type(headers: &HeaderMap) -> Result<(), ApiError> {
    let content_type = headers.get(header::CONTENT_TYPE);
    let content_type = content_type
        .and_then(|value| value.to_str().ok())
        .unwrap_or("");
    if matches!(content_type, "application/grpc" | "application/grpc+proto") {
        return Ok(());
    }
    Err(ApiError::at(
        ErrorCode::UnsupportedEncoding,
        "content-type",
        "this path takes gRPC: application/grpc",
    ))
}

fn length_of(frame: [u8; FRAME_BYTES]) -> usize {
    u32::from_be_bytes([frame[1], frame[2], frame[3], frame[4]]) as usize
}

/// Decompresses a message, if its frame says so.
async fn unpack(
    headers: &HeaderMap,
    flags: u8,
    message: ReadBody,
    bytes_max: usize,
    turn: (&Pool, Party),
) -> Result<ReadBody, ApiError> {
    if flags & 1 == 0 {
        return Ok(message);
    }
    let name = headers
        .get("grpc-encoding")
        .and_then(|value| value.to_str().ok());
    let encoding = name.and_then(body::Encoding::named);
    let encoding = encoding.ok_or_else(|| body::unsupported(name.unwrap_or("")))?;
    body::inflate(encoding, message, bytes_max, turn).await
}

/// The messages of a stream, one after the other.
pub(super) struct Messages<'l> {
    headers: HeaderMap,
    body: Body,
    limits: &'l GatewayLimits,
    /// What came and is no whole message yet.
    buffer: BytesMut,
    reservation: Reservation,
    /// The end of all.
    deadline: Instant,
    /// When the last bytes came.
    last: Instant,
    is_ended: bool,
}

/// What comes next of a stream.
pub(super) enum Next {
    /// A message.
    Message(ReadBody),
    /// Nothing for a while: time to store what is there.
    Pause,
    /// The end.
    End,
}

impl<'l> Messages<'l> {
    pub(super) fn new(
        headers: HeaderMap,
        body: Body,
        limits: &'l GatewayLimits,
        reservation: Reservation,
    ) -> Self {
        let now = Instant::now();
        Self {
            headers,
            body,
            limits,
            buffer: BytesMut::new(),
            reservation,
            deadline: now + limits.stream_timeout(),
            last: now,
            is_ended: false,
        }
    }

    /// The next message. A stream may stand still as long as a body may take, and much
    /// shorter with half a message when memory is short.
    pub(super) async fn next(&mut self, turn: (&Pool, Party)) -> Result<Next, ApiError> {
        loop {
            if let Some((flags, bytes)) = self.cut()? {
                let length = bytes.len();
                // The buffer paid for it; from here on it pays for itself.
                let reservation = self.reservation.split(length + FRAME_BYTES)?;
                let message = ReadBody::new(bytes, reservation, length);
                let bytes_max = self.limits.event_bytes_max + MESSAGE_BYTES_MORE;
                let read = unpack(&self.headers, flags, message, bytes_max, turn).await?;
                return Ok(Next::Message(read));
            }
            if self.is_ended {
                if self.buffer.is_empty() {
                    return Ok(Next::End);
                }
                return Err(broken_off("the stream ended within a message"));
            }
            let look = self.deadline.min(Instant::now() + LOOK_EVERY);
            if let Ok(frame) = tokio::time::timeout_at(look, self.body.frame()).await {
                self.receive(frame)?;
            } else {
                self.check_patience()?;
                return Ok(Next::Pause);
            }
        }
    }

    fn receive(
        &mut self,
        frame: Option<Result<http_body::Frame<Bytes>, axum::Error>>,
    ) -> Result<(), ApiError> {
        match frame {
            None => self.is_ended = true,
            Some(Ok(frame)) => {
                let data = frame.into_data().unwrap_or_default();
                self.reservation.grow(data.len())?;
                self.buffer.extend_from_slice(&data);
                self.last = Instant::now();
            }
            Some(Err(error)) => {
                return Err(broken_off(&format!("the stream broke off: {error}")));
            }
        }
        Ok(())
    }

    fn check_patience(&self) -> Result<(), ApiError> {
        let idle = self.last.elapsed();
        let is_half = !self.buffer.is_empty();
        if Instant::now() >= self.deadline {
            let message = format!(
                "the stream took longer than {} ms",
                self.limits.stream_timeout_ms
            );
            return Err(ApiError::new(ErrorCode::TimedOut, message));
        }
        if idle >= self.limits.body_read_timeout()
            || (is_half && idle >= LOOK_EVERY && self.reservation.is_tight())
        {
            return Err(ApiError::new(ErrorCode::TimedOut, "the stream stood still"));
        }
        Ok(())
    }

    /// The first message in the buffer, if it is whole.
    fn cut(&mut self) -> Result<Option<(u8, Bytes)>, ApiError> {
        let Some(frame) = self.buffer.first_chunk::<FRAME_BYTES>() else {
            return Ok(None);
        };
        let (flags, length) = (frame[0], length_of(*frame));
        let max = self.limits.event_bytes_max + MESSAGE_BYTES_MORE;
        if length > max {
            return Err(ApiError::new(
                ErrorCode::TooLarge,
                format!("a message of {length} bytes; at most {max} are allowed"),
            ));
        }
        if self.buffer.len() < FRAME_BYTES + length {
            return Ok(None);
        }
        self.buffer.advance(FRAME_BYTES);
        Ok(Some((flags, self.buffer.split_to(length).freeze())))
    }
}

/// What a message may have around its event: a tag and a length, and fields that are
/// not known yet.
pub(super) const MESSAGE_BYTES_MORE: usize = 4 * 1024;

fn broken_off(message: &str) -> ApiError {
    ApiError::invalid("", message).counted_as(DropReason::Aborted)
}

/// A message as the answer of a call.
pub(super) fn answer(message: &[u8]) -> Response {
    let mut framed = BytesMut::with_capacity(FRAME_BYTES + message.len());
    framed.put_u8(0);
    framed.put_u32(message.len() as u32);
    framed.put(message);
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", HeaderValue::from_static("0"));
    let trailers = async { Some(Ok::<_, Infallible>(trailers)) };
    let body = Full::new(Bytes::from(framed)).with_trailers(trailers);
    let mut response = Response::new(Body::new(body));
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/grpc"),
    );
    response
}
