//! `Content-Encoding` and its inverse, counted while it streams, so that a bomb
//! costs no more than the cap.

use std::io::Read;

use http::{HeaderMap, header};

use super::Reservation;
use crate::error::{ApiError, ErrorCode};

/// The first bytes of a gzip member.
pub(super) const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// Output is produced, counted and paid for in steps of this size, bytes.
const STEP_BYTES: usize = 64 * 1024;
/// RFC 9659: a zstd content encoding needs no window above 8 MiB. Without it one
/// frame header could ask for gigabytes.
const ZSTD_WINDOW_LOG_MAX: u32 = 23;
/// The brotli decoder's input buffer, bytes.
const BROTLI_BUFFER_BYTES: usize = 4096;

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
    ApiError {
        field: "content-encoding".to_owned(),
        ..ApiError::new(
            ErrorCode::UnsupportedEncoding,
            format!("content encoding {name:?} is not one of gzip, deflate, br, zstd, identity"),
        )
    }
}

/// Decompresses all of `input`.
pub(super) fn decode(
    encoding: Encoding,
    input: &[u8],
    bytes_max: usize,
    reservation: &mut Reservation,
) -> Result<Vec<u8>, ApiError> {
    if input.is_empty() {
        return Ok(Vec::new());
    }
    match encoding {
        Encoding::Identity => Ok(input.to_vec()),
        Encoding::Gzip => {
            let reader = flate2::bufread::MultiGzDecoder::new(input);
            drain_into(encoding, reader, input.len(), bytes_max, reservation)
        }
        Encoding::Deflate if is_zlib(input) => {
            let reader = flate2::bufread::ZlibDecoder::new(input);
            drain_into(encoding, reader, input.len(), bytes_max, reservation)
        }
        Encoding::Deflate => {
            let reader = flate2::bufread::DeflateDecoder::new(input);
            drain_into(encoding, reader, input.len(), bytes_max, reservation)
        }
        Encoding::Brotli => {
            let reader = brotli::Decompressor::new(input, BROTLI_BUFFER_BYTES);
            drain_into(encoding, reader, input.len(), bytes_max, reservation)
        }
        Encoding::Zstd => {
            let mut reader = zstd::stream::read::Decoder::with_buffer(input)
                .map_err(|error| broken(encoding, 0, &error))?;
            reader
                .window_log_max(ZSTD_WINDOW_LOG_MAX)
                .map_err(|error| broken(encoding, 0, &error))?;
            drain_into(encoding, reader, input.len(), bytes_max, reservation)
        }
    }
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

fn drain_into(
    encoding: Encoding,
    mut reader: impl Read,
    input_bytes: usize,
    bytes_max: usize,
    reservation: &mut Reservation,
) -> Result<Vec<u8>, ApiError> {
    // JSON shrinks by five to ten times; start near there.
    let guess = (input_bytes * 6).clamp(1024, STEP_BYTES);
    let mut output = vec![0u8; guess];
    reservation.grow(guess)?;
    let mut filled = 0usize;
    loop {
        if filled == output.len() {
            let more = output.len().clamp(STEP_BYTES, 16 * STEP_BYTES);
            reservation.grow(more)?;
            output.resize(output.len() + more, 0);
        }
        let read = match reader.read(&mut output[filled..]) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(broken(encoding, filled, &error)),
        };
        filled += read;
        if filled > bytes_max {
            return Err(ApiError::new(
                ErrorCode::TooLarge,
                format!("the body is larger than {bytes_max} bytes after decompression"),
            ));
        }
    }
    output.truncate(filled);
    Ok(output)
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
