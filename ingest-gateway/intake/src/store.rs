//! The body of `/store/`: JSON, or base64 of it, or base64 of zlib of it (raven); any
//! of them also as the field `sentry_data` of a form.

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
    // base64 in a form where each sign is escaped is four times as long.
    if body.len() / 5 > bytes_max {
        return Err(Invalid::too_large(format!(
            "a body of {} bytes for an event of at most {bytes_max}",
            body.len()
        )));
    }
    let body = body.trim_ascii();
    let Some(form) = body.strip_prefix(b"sentry_data=") else {
        return data(body, bytes_max);
    };
    let end = form.iter().position(|b| *b == b'&').unwrap_or(form.len());
    let blanks: Vec<u8> = form[..end]
        .iter()
        .map(|b| if *b == b'+' { b' ' } else { *b })
        .collect();
    let decoded: Vec<u8> = percent_encoding::percent_decode(&blanks).collect();
    data(&decoded, bytes_max).map(|json| Cow::Owned(json.into_owned()))
}

/// JSON, or what it was coded to.
fn data(body: &[u8], bytes_max: usize) -> Result<Cow<'_, [u8]>, Invalid> {
    let body = body.trim_ascii();
    let body = body.strip_prefix("\u{feff}".as_bytes()).unwrap_or(body);
    if body.is_empty() {
        return Err(Invalid::malformed("empty body"));
    }
    if matches!(body.first(), Some(b'{' | b'[' | b'"')) {
        return Ok(Cow::Borrowed(body));
    }
    // A `+` that was not escaped in a form or a query came out as a blank.
    let compact: Vec<u8> = body
        .iter()
        .map(|b| if *b == b' ' { b'+' } else { *b })
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
    fn all_forms_are_read() {
        let json = br#"{"message":"gr\u00f6\u00dfe >>>>>> ??????"}"#;
        let coded = STANDARD.encode(json);
        assert!(coded.contains('+') && coded.contains('/') && coded.contains('='));
        let escaped = coded
            .replace('+', "%2B")
            .replace('/', "%2F")
            .replace('=', "%3D");
        for body in [
            format!("sentry_data={escaped}").into_bytes(),
            format!("sentry_data={coded}&sentry_key=a").into_bytes(),
            [
                "sentry_data=".as_bytes(),
                url::form_urlencoded::byte_serialize(json)
                    .collect::<String>()
                    .as_bytes(),
            ]
            .concat(),
            coded.replace('+', " ").into_bytes(),
            json.to_vec(),
            [b" \n", json.as_slice()].concat(),
            STANDARD.encode(zlib(json)).into_bytes(),
            coded.into_bytes(),
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
