//! Attachments: names, types, and the bytes' place in the body.
//!
//! Invariant: a name holds no path and no control character and is never empty; a
//! content type is `type/subtype` in lower case or empty. Payloads are not looked
//! into, and not scrubbed: they may be of any format.

use std::ops::Range;

/// Longest name kept, characters.
const NAME_CHARS_MAX: usize = 255;
/// Longest content and attachment type kept, characters.
const TYPE_CHARS_MAX: usize = 100;
/// What a file is if nobody says.
pub(super) const TYPE_PLAIN: &str = "event.attachment";

/// One file of a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Without any path.
    pub name: String,
    /// `type/subtype`, or empty.
    pub content_type: String,
    /// "event.attachment", "event.minidump", …
    pub attachment_type: String,
    /// Where its bytes are in the body that was parsed.
    pub bytes: Range<usize>,
}

impl File {
    /// A file as a client names it.
    pub(super) fn new(
        name: Option<&str>,
        content_type: Option<&str>,
        attachment_type: Option<&str>,
        bytes: Range<usize>,
    ) -> Self {
        Self {
            name: clean_name(name.unwrap_or_default()),
            content_type: media_type(content_type.unwrap_or_default()),
            attachment_type: match word(attachment_type.unwrap_or_default()) {
                text if text.is_empty() => TYPE_PLAIN.to_owned(),
                text => text,
            },
            bytes,
        }
    }
}

/// Where `part` is in `whole`, of which it must be a slice.
pub(super) fn range_in(whole: &[u8], part: &[u8]) -> Range<usize> {
    let start = (part.as_ptr() as usize).wrapping_sub(whole.as_ptr() as usize);
    if start <= whole.len() && part.len() <= whole.len() - start {
        start..start + part.len()
    } else {
        // Empty slices may be anywhere.
        0..0
    }
}

fn clean_name(name: &str) -> String {
    let base = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let name: String = base
        .chars()
        .filter(|c| !c.is_control() && !is_bidi(*c))
        .take(NAME_CHARS_MAX)
        .collect();
    match name.trim() {
        "" | "." | ".." => "unnamed".to_owned(),
        name => name.to_owned(),
    }
}

/// Characters that turn the order of others around: a name must look like what it is.
fn is_bidi(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn media_type(text: &str) -> String {
    let essence = text.split(';').next().unwrap_or_default().trim();
    let is_token = |part: &str| {
        let ok = |b: u8| b.is_ascii_alphanumeric() || b"!#$&^_.+-".contains(&b);
        !part.is_empty() && part.bytes().all(ok)
    };
    match essence.split_once('/') {
        Some((ty, subtype))
            if is_token(ty) && is_token(subtype) && essence.len() <= TYPE_CHARS_MAX =>
        {
            essence.to_ascii_lowercase()
        }
        _ => String::new(),
    }
}

fn word(text: &str) -> String {
    let ok = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    text.chars().filter(ok).take(TYPE_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, content_type: &str, attachment_type: &str, expected: [&str; 3]) {
        let file = File::new(Some(name), Some(content_type), Some(attachment_type), 0..0);
        let found = [
            file.name.as_str(),
            &file.content_type,
            &file.attachment_type,
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn names_and_types_are_made_harmless() {
        let plain = TYPE_PLAIN;
        check("a.txt", "text/plain", "", ["a.txt", "text/plain", plain]);
        check(
            "C:\\x\\..\\käse.png",
            "Image/PNG; charset=x",
            "event.minidump",
            ["käse.png", "image/png", "event.minidump"],
        );
        check("../../etc/passwd", "text", "", ["passwd", "", plain]);
        check("a\r\n\u{202e}b\0.txt", "a/b/c", "", ["ab.txt", "", plain]);
        check("dir/", "te xt/html", "a<b>", ["unnamed", "", "ab"]);
        check("..", "text/html\"", "", ["unnamed", "", plain]);
        let long = "x".repeat(1_000);
        check(
            &long,
            &format!("text/{long}"),
            "",
            [&long[..255], "", plain],
        );
    }

    #[test]
    fn a_place_is_that_of_the_slice() {
        let body = b"0123456789";
        assert_eq!(range_in(body, &body[3..7]), 3..7);
        assert_eq!(range_in(body, &body[10..]), 10..10);
        assert_eq!(range_in(body, b""), 0..0);
    }
}
