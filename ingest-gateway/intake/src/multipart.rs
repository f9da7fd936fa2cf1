//! `multipart/form-data` bodies that are in memory: cut into parts, nothing copied.
//!
//! Lenient where clients are: bare line feeds, a missing end. Invariant: linear time;
//! at most `parts_max` parts, headers of a part at most [`HEADERS_BYTES_MAX`].

use super::Invalid;

/// Longest headers of one part, bytes.
const HEADERS_BYTES_MAX: usize = 8 << 10;
/// Longest boundary: 70 by RFC 2046, some clients use more.
const BOUNDARY_BYTES_MAX: usize = 200;

/// One part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part<'a> {
    /// The form field.
    pub(super) name: String,
    /// If it is a file.
    pub(super) file_name: Option<String>,
    /// As given.
    pub(super) content_type: Option<String>,
    /// Its payload.
    pub(super) bytes: &'a [u8],
}

/// The boundary that a content type names, if it is multipart.
pub(super) fn boundary(content_type: &str) -> Option<String> {
    let (essence, parameters) = content_type.split_once(';')?;
    if !essence.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    let boundary = parameter(parameters, "boundary")?;
    let is_sound = !boundary.is_empty() && boundary.len() <= BOUNDARY_BYTES_MAX;
    is_sound.then_some(boundary)
}

/// The parts of a body, in order.
pub(super) fn parts<'a>(
    body: &'a [u8],
    boundary: &str,
    parts_max: usize,
) -> Result<Vec<Part<'a>>, Invalid> {
    let delimiter = format!("--{boundary}");
    let delimiter = delimiter.as_bytes();
    let mut starts = delimiters(body, delimiter);
    let mut parts = Vec::new();
    let Some(first) = starts.next() else {
        return Err(Invalid::malformed(
            "the body has no part: its boundary never occurs",
        ));
    };
    let mut at = first + delimiter.len();
    while !body[at..].starts_with(b"--") {
        let end = starts.next();
        let chunk = &body[at..end.unwrap_or(body.len())];
        if parts.len() == parts_max {
            return Err(Invalid::too_large(format!("more than {parts_max} parts")));
        }
        parts.push(part(chunk, at)?);
        let Some(end) = end else {
            break;
        };
        at = end + delimiter.len();
    }
    Ok(parts)
}

/// Where delimiters begin: at the start of a line.
fn delimiters<'a>(body: &'a [u8], delimiter: &'a [u8]) -> impl Iterator<Item = usize> + 'a {
    memchr::memmem::find_iter(body, delimiter)
        .filter(|at| *at == 0 || body.get(at - 1) == Some(&b'\n'))
}

/// One part: what is between two delimiters.
fn part(chunk: &[u8], at: usize) -> Result<Part<'_>, Invalid> {
    let broken = |what: &str| Invalid::malformed(format!("part at byte {at}: {what}"));
    // The rest of the delimiter's line.
    let line = chunk.iter().position(|b| *b == b'\n');
    let chunk = &chunk[line.ok_or_else(|| broken("nothing follows its boundary"))? + 1..];
    let window = &chunk[..chunk.len().min(HEADERS_BYTES_MAX)];
    let (headers, start) = if window.starts_with(b"\r\n") || window.starts_with(b"\n") {
        let blank = usize::from(window[0] == b'\r') + 1;
        (&window[..0], blank)
    } else if let Some(end) = memchr::memmem::find(window, b"\r\n\r\n") {
        (&window[..end], end + 4)
    } else if let Some(end) = memchr::memmem::find(window, b"\n\n") {
        (&window[..end], end + 2)
    } else {
        return Err(broken("its headers do not end"));
    };
    let payload = &chunk[start..];
    let payload = payload.strip_suffix(b"\n").unwrap_or(payload);
    let payload = payload.strip_suffix(b"\r").unwrap_or(payload);
    let mut part = Part {
        name: String::new(),
        file_name: None,
        content_type: None,
        bytes: payload,
    };
    for line in String::from_utf8_lossy(headers).lines() {
        let Some((key, value)) = line.split_once(':') else {
            continue;
        };
        match key.trim().to_ascii_lowercase().as_str() {
            "content-disposition" => {
                let parameters = value.split_once(';').map_or("", |(_, rest)| rest);
                part.name = parameter(parameters, "name").unwrap_or_default();
                part.file_name = extended(parameters).or_else(|| parameter(parameters, "filename"));
            }
            "content-type" => part.content_type = Some(value.trim().to_owned()),
            _ => {}
        }
    }
    Ok(part)
}

/// A parameter of a header, its quotes and escapes taken off.
fn parameter(parameters: &str, wanted: &str) -> Option<String> {
    let mut rest = parameters;
    loop {
        let (key, after) = rest.split_once('=')?;
        let key = key.trim().trim_start_matches(';').trim();
        let after = after.trim_start();
        let (value, next) = if let Some(quoted) = after.strip_prefix('"') {
            unquote(quoted)
        } else {
            let end = after.find(';').unwrap_or(after.len());
            (after[..end].trim().to_owned(), &after[end..])
        };
        if key.eq_ignore_ascii_case(wanted) {
            return Some(value);
        }
        rest = next;
    }
}

/// Up to the closing quote, and what follows. Only quotes are escaped: the
/// backslashes of Windows paths stand for themselves.
fn unquote(text: &str) -> (String, &str) {
    let mut value = String::new();
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return (value, &text[at + 1..]),
            '\\' if chars.peek().is_some_and(|(_, next)| *next == '"') => {
                value.push('"');
                chars.next();
            }
            c => value.push(c),
        }
    }
    (value, "")
}

/// `filename*=UTF-8''…` of RFC 5987.
fn extended(parameters: &str) -> Option<String> {
    let value = parameter(parameters, "filename*")?;
    let (charset, rest) = value.split_once('\'')?;
    let (_, encoded) = rest.split_once('\'')?;
    if !charset.eq_ignore_ascii_case("utf-8") {
        return None;
    }
    let decoded = percent_encoding::percent_decode_str(encoded).decode_utf8_lossy();
    Some(decoded.into_owned())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn split(body: &str) -> Vec<(String, Option<String>, String)> {
        parts(body.as_bytes(), "XX", 10)
            .unwrap()
            .into_iter()
            .map(|part| {
                let text = String::from_utf8_lossy(part.bytes).into_owned();
                (part.name, part.file_name, text)
            })
            .collect()
    }

    #[track_caller]
    fn check(body: &str, expected: &[(&str, Option<&str>, &str)]) {
        for body in [body.to_owned(), body.replace('\n', "\r\n")] {
            let found = split(&body);
            let found: Vec<_> = found
                .iter()
                .map(|(name, file, text)| (name.as_str(), file.as_deref(), text.replace('\r', "")))
                .collect();
            let expected: Vec<_> = expected
                .iter()
                .map(|(name, file, text)| (*name, *file, (*text).to_owned()))
                .collect();
            assert_eq!(found, expected, "{body}");
        }
    }

    #[test]
    fn parts_are_cut_with_names_and_files() {
        check("--XX--\n", &[]);
        check(
            "preamble\n--XX\nContent-Disposition: form-data; name=\"a\"\n\n1\n2\n--XX--\n",
            &[("a", None, "1\n2")],
        );
        check(
            "--XX\ncontent-disposition: form-data; name=a; filename=\"C:\\x\\d \\\"q\\\".dmp\"\n\
             Content-Type: application/octet-stream\n\nMDMP\n\n--XX\n\nbare\n--XX--",
            &[
                ("a", Some("C:\\x\\d \"q\".dmp"), "MDMP\n"),
                ("", None, "bare"),
            ],
        );
        check(
            "--XX\nContent-Disposition: form-data; name=\"f\"; filename=\"x\"; \
             filename*=UTF-8''k%C3%A4se.txt\n\nx",
            &[("f", Some("käse.txt"), "x")],
        );
    }

    #[test]
    fn the_boundary_within_a_line_is_payload() {
        check(
            "--XX\nContent-Disposition: form-data; name=\"a\"\n\nx--XX y\n--XX--",
            &[("a", None, "x--XX y")],
        );
    }

    #[test]
    fn what_is_no_multipart_is_told() {
        for (body, part) in [
            ("", "never occurs"),
            ("--YY\n\nx", "never occurs"),
            ("--XX", "nothing follows"),
            ("--XX\nContent-Disposition: x", "do not end"),
        ] {
            let error = parts(body.as_bytes(), "XX", 10).unwrap_err().message;
            assert!(error.contains(part), "{error}");
        }
        let many = "--XX\n\nx\n".repeat(11);
        assert!(parts(many.as_bytes(), "XX", 10).is_err());
    }

    #[test]
    fn a_boundary_is_read_from_the_content_type() {
        for (text, expected) in [
            ("multipart/form-data; boundary=abc", Some("abc")),
            (
                "Multipart/Form-Data; charset=x; boundary=\"a b\"",
                Some("a b"),
            ),
            ("multipart/form-data", None),
            ("multipart/form-data; boundary=", None),
            ("text/plain; boundary=abc", None),
        ] {
            assert_eq!(boundary(text).as_deref(), expected, "{text}");
        }
    }
}
