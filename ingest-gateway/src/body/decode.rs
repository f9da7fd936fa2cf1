//! `Content-Encoding` and its inverse, counted while it streams, so that a bomb
//! costs no more than the cap.

mod member;

use std::{cell::RefCell, io::Read};

use http::{HeaderMap, header};

use self::member::Inflated;
use super::{Reservation, Weight};
use crate::error::{ApiError, ErrorCode};

/// Output is produced, counted and paid for in steps of this size, bytes.
const STEP_BYTES: usize = 64 * 1024;
/// Output that is longer than this is not moved any more as it grows.
const LONG_BYTES: usize = 1 << 20;
/// Most bytes that come of one, beyond the first [`RATIO_FREE_BYTES`]. Ordinary errors
/// shrink by five to thirty times; what shrinks by more is a bomb, or a batch of one
/// event over and over.
const RATIO_MAX: usize = 100;
/// So many bytes may come of anything.
const RATIO_FREE_BYTES: usize = 1 << 20;
/// What may become at most so many bytes is light work.
const LIGHT_BYTES_MAX: usize = 4 << 20;
/// RFC 9659: a zstd content encoding needs no window above 8 MiB. Without it one
/// frame header could ask for gigabytes.
const ZSTD_WINDOW_LOG_MAX: u32 = 23;
/// The brotli decoder's input buffer, bytes.
const BROTLI_BUFFER_BYTES: usize = 4096;

thread_local! {
    /// What [`begin`] inflates into: to find and clear room for the longest body takes
    /// longer than to read the usual one.
    static ROOM: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// How a body is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// Not at all.
    Identity,
    /// gzip (RFC 1952).
    Gzip,
    /// zlib (RFC 1950), or bare deflate as some clients send it.
    Deflate,
    /// Brotli (RFC 7932).
    Brotli,
    /// Zstandard (RFC 8878).
    Zstd,
}

impl Encoding {
    /// Reads the header; absent or empty means identity (Ruby's SDK sends an empty
    /// one). Unknown ones and chains are 415.
    pub fn of(headers: &HeaderMap) -> Result<Self, ApiError> {
        let mut found = Self::Identity;
        for value in headers.get_all(header::CONTENT_ENCODING) {
            let text = String::from_utf8_lossy(value.as_bytes());
            for name in text.split(',').map(str::trim) {
                let encoding = Self::named(name).ok_or_else(|| unsupported(name))?;
                if encoding != Self::Identity && found != Self::Identity {
                    return Err(unsupported(&text));
                }
                if encoding != Self::Identity {
                    found = encoding;
                }
            }
        }
        Ok(found)
    }

    /// By the name that HTTP and gRPC give it.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Some(match name.to_ascii_lowercase().as_str() {
            "" | "identity" => Self::Identity,
            "gzip" | "x-gzip" => Self::Gzip,
            "deflate" => Self::Deflate,
            "br" => Self::Brotli,
            "zstd" => Self::Zstd,
            _ => return None,
        })
    }

    fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Gzip => "gzip",
            Self::Deflate => "deflate",
            Self::Brotli => "br",
            Self::Zstd => "zstd",
        }
    }
}

pub(crate) fn unsupported(name: &str) -> ApiError {
    let name: String = name.chars().take(40).collect();
    ApiError::at(
        ErrorCode::UnsupportedEncoding,
        "content-encoding",
        format!("content encoding {name:?} is not one of gzip, deflate, br, zstd, identity"),
    )
}

/// What came out of a decoder that may be stopped.
#[derive(Debug)]
pub(super) enum Part {
    /// All of it.
    Whole(Vec<u8>),
    /// As many bytes as were asked for; more would come, or it breaks off there.
    Beginning(Vec<u8>),
}

/// The encoding that bytes of no named encoding are in, by how they begin: a proxy
/// may have taken the name away. No JSON, base64 or envelope begins like these.
pub(super) fn sniffed(input: &[u8]) -> Encoding {
    match input {
        [0x1f, 0x8b, ..] => Encoding::Gzip,
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Encoding::Zstd,
        [0x78, 0x01 | 0x9c | 0xda, ..] => Encoding::Deflate,
        _ => Encoding::Identity,
    }
}

/// The other way round: named, but sent in clear.
pub(super) fn is_in_clear(encoding: Encoding, input: &[u8]) -> bool {
    matches!(encoding, Encoding::Gzip | Encoding::Zstd)
        && matches!(input.trim_ascii_start().first(), Some(b'{' | b'['))
}

/// Bytes that may come out of so many: what is larger was made to be.
fn ratio_max(input_bytes: usize) -> usize {
    input_bytes
        .saturating_mul(RATIO_MAX)
        .saturating_add(RATIO_FREE_BYTES)
}

/// How much work [`decode`] may be.
pub(super) fn weight(input_bytes: usize, bytes_max: usize) -> Weight {
    if bytes_max.min(ratio_max(input_bytes)) <= LIGHT_BYTES_MAX {
        Weight::Light
    } else {
        Weight::Heavy
    }
}

/// Decompresses all of `input`, paid for step by step.
pub(super) fn decode(
    encoding: Encoding,
    input: &[u8],
    bytes_max: usize,
    reservation: &Reservation,
) -> Result<Vec<u8>, ApiError> {
    if input.is_empty() {
        return Ok(Vec::new());
    }
    let mut reader = open(encoding, input)?;
    let ratio_max = ratio_max(input.len());
    let room = bytes_max.min(ratio_max).saturating_add(1);
    // JSON shrinks by five to ten times; start near there.
    let guess = input
        .len()
        .saturating_mul(6)
        .clamp(1024, STEP_BYTES)
        .min(room);
    reservation.grow(guess)?;
    let mut output = vec![0u8; guess];
    let mut filled = 0usize;
    loop {
        if filled == output.len() {
            if filled > bytes_max {
                return Err(too_large(format!(
                    "the body is larger than {bytes_max} bytes after decompression"
                )));
            }
            if filled > ratio_max {
                return Err(too_large(format!(
                    "the body's {} bytes become more than {ratio_max}: at most {RATIO_MAX} times \
                     as many are taken",
                    input.len()
                )));
            }
            let more = output.len().clamp(STEP_BYTES, 16 * STEP_BYTES);
            let more = more.min(room - filled);
            reservation.grow(more)?;
            if output.capacity() < filled + more {
                // What is long is given all its addresses at once: memory comes as it is
                // written, while each move to a larger place would hold both of them.
                let is_long = filled >= LONG_BYTES;
                output.reserve_exact(if is_long { room - filled } else { more });
            }
            output.resize(filled + more, 0);
        }
        match reader.read(&mut output[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(broken(encoding, filled, &error)),
        }
    }
    reservation.shrink(output.len() - filled);
    output.truncate(filled);
    output.shrink_to_fit();
    Ok(output)
}

/// Decompresses the first bytes, at most so many; `input` may be cut short.
pub(super) fn begin(encoding: Encoding, input: &[u8], bytes_max: usize) -> Result<Part, ApiError> {
    if input.is_empty() {
        return Ok(Part::Whole(Vec::new()));
    }
    ROOM.with_borrow_mut(|room| {
        if room.len() < bytes_max {
            room.resize(bytes_max, 0);
        }
        let room = &mut room[..bytes_max];
        if encoding == Encoding::Gzip {
            match member::inflate(input, room) {
                Some(Inflated::Whole(filled)) => return Ok(Part::Whole(room[..filled].to_vec())),
                Some(Inflated::Full) => return Ok(Part::Beginning(room.to_vec())),
                None => {}
            }
        }
        begin_into(open(encoding, input)?, encoding, room)
    })
}

fn begin_into(
    mut reader: Box<dyn Read + '_>,
    encoding: Encoding,
    room: &mut [u8],
) -> Result<Part, ApiError> {
    let mut filled = 0usize;
    while filled < room.len() {
        match reader.read(&mut room[filled..]) {
            Ok(0) => return Ok(Part::Whole(room[..filled].to_vec())),
            Ok(read) => filled += read,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => break,
            Err(error) => return Err(broken(encoding, filled, &error)),
        }
    }
    Ok(Part::Beginning(room[..filled].to_vec()))
}

fn open(encoding: Encoding, input: &[u8]) -> Result<Box<dyn Read + '_>, ApiError> {
    Ok(match encoding {
        Encoding::Identity => Box::new(input),
        Encoding::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(input)),
        Encoding::Deflate if is_zlib(input) => Box::new(flate2::bufread::ZlibDecoder::new(input)),
        Encoding::Deflate => Box::new(flate2::bufread::DeflateDecoder::new(input)),
        Encoding::Brotli => Box::new(brotli::Decompressor::new(input, BROTLI_BUFFER_BYTES)),
        Encoding::Zstd => {
            let mut reader = zstd::stream::read::Decoder::with_buffer(input)
                .map_err(|error| broken(encoding, 0, &error))?;
            reader
                .window_log_max(ZSTD_WINDOW_LOG_MAX)
                .map_err(|error| broken(encoding, 0, &error))?;
            Box::new(reader)
        }
    })
}

fn too_large(message: String) -> ApiError {
    ApiError::new(ErrorCode::TooLarge, message)
}

/// RFC 1950: method 8, window at most 32 KiB, and a header divisible by 31.
fn is_zlib(input: &[u8]) -> bool {
    match input {
        [first, second, ..] => {
            first & 0x0f == 8
                && first >> 4 <= 7
                && (u16::from(*first) << 8 | u16::from(*second)).is_multiple_of(31)
        }
        _ => false,
    }
}

fn broken(encoding: Encoding, output_bytes: usize, error: &std::io::Error) -> ApiError {
    ApiError::invalid(
        "",
        format!(
            "the body is not sound {} after {output_bytes} decompressed bytes: {error}",
            encoding.name()
        ),
    )
}
