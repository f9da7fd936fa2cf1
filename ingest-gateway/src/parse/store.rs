//! The body of `/store/`: JSON, or base64 of it, or base64 of zlib of it (raven).

use std::{borrow::Cow, io::Read as _};

use base64::{
    Engine as _,
    alphabet::{STANDARD, URL_SAFE},
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

use super::Invalid;

/// Padded or not, as clients like.
const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);

/// The JSON, at most `bytes_max` bytes of it.
pub(super) fn payload(body: &[u8], bytes_max: usize) -> Result<Cow<'_, [u8]>, Invalid> {
    let body = body.trim_ascii();
    let body = body.strip_prefix("\u{feff}".as_bytes()).unwrap_or(body);
    if body.is_empty() {
        return Err(Invalid::malformed("empty body"));
    }
    if matches!(body.first(), Some(b'{' | b'[' | b'"')) {
        return Ok(Cow::Borrowed(body));
    }
    let compact: Vec<u8> = body
        .iter()
        .copied()
        .filter(|b| !b.is_ascii_whitespace())
        .collect();
    let alphabet = if compact.contains(&b'-') || compact.contains(&b'_') {
        &URL_SAFE
    } else {
        &STANDARD
    };
    let decoded = GeneralPurpose::new(alphabet, LENIENT)
        .decode(&compact)
        .map_err(|error| Invalid::malformed(format!("neither JSON nor base64: {error}")))?;
    if decoded.first() == Some(&b'{') {
        return Ok(Cow::Owned(decoded));
    }
    let mut inflated = Vec::new();
    // One byte more than allowed is enough to know; a bomb costs no more.
    let limit = bytes_max as u64 + 1;
    flate2::read::ZlibDecoder::new(decoded.as_slice())
        .take(limit)
        .read_to_end(&mut inflated)
        .map_err(|error| Invalid::malformed(format!("base64 of neither JSON nor zlib: {error}")))?;
    if inflated.len() > bytes_max {
        return Err(Invalid::too_large(format!(
            "an event of more than {bytes_max} bytes, inflated"
        )));
    }
    Ok(Cow::Owned(inflated))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::io::Write as _;

    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

    use super::*;

    fn zlib(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn all_three_forms_are_read() {
        let json = br#"{"message":"gr\u00f6\u00dfe ?>"}"#;
        for body in [
            json.to_vec(),
            [b" \n", json.as_slice()].concat(),
            STANDARD.encode(json).into_bytes(),
            STANDARD.encode(zlib(json)).into_bytes(),
            URL_SAFE_NO_PAD.encode(zlib(json)).into_bytes(),
        ] {
            assert_eq!(payload(&body, 1 << 20).unwrap().as_ref(), json);
        }
    }

    #[test]
    fn a_bomb_is_refused_at_the_limit() {
        let bomb = STANDARD.encode(zlib(&vec![b' '; 5_000_000]));
        let invalid = payload(bomb.as_bytes(), 1000).unwrap_err();
        assert_eq!(invalid.reason, super::super::InvalidReason::TooLarge);
    }

    #[test]
    fn anything_else_is_malformed() {
        for body in [&b""[..], b"  ", b"hello, world", b"aGVsbG8=", b"\xff\xfe"] {
            assert!(payload(body, 1000).is_err());
        }
    }
}
