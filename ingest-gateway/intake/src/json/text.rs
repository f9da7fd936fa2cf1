//! The inside of a JSON string → its text, with what clients get wrong repaired.

/// How a NUL, a lone surrogate and a broken escape are shown.
const REPLACEMENT: char = '\u{fffd}';

/// The text of a string's inside. Total: an escape that JSON does not know stands for
/// itself, a lone surrogate and a NUL become U+FFFD.
pub(super) fn decode(inside: &str) -> String {
    let mut out = String::with_capacity(inside.len());
    let mut rest = inside;
    while let Some(at) = rest.find(['\\', '\0']) {
        out.push_str(&rest[..at]);
        let found = rest.as_bytes()[at];
        rest = &rest[at + 1..];
        if found == 0 {
            out.push(REPLACEMENT);
        } else {
            rest = escape(rest, &mut out);
        }
    }
    out.push_str(rest);
    out
}

/// Reads an escape from behind its backslash; returns what follows.
fn escape<'t>(rest: &'t str, out: &mut String) -> &'t str {
    let plain = match rest.as_bytes().first() {
        Some(b'"') => '"',
        Some(b'\\') => '\\',
        Some(b'/') => '/',
        Some(b'b') => '\u{8}',
        Some(b'f') => '\u{c}',
        Some(b'n') => '\n',
        Some(b'r') => '\r',
        Some(b't') => '\t',
        Some(b'u') => return unicode(&rest[1..], out),
        // No escape of JSON: the backslash was meant.
        _ => {
            out.push('\\');
            return rest;
        }
    };
    out.push(plain);
    &rest[1..]
}

/// Reads `\uXXXX` from behind the `u`, and the second half of a pair.
fn unicode<'t>(rest: &'t str, out: &mut String) -> &'t str {
    let Some(unit) = hex_unit(rest) else {
        out.push(REPLACEMENT);
        return rest;
    };
    let behind = &rest[4..];
    if (0xd800..0xdc00).contains(&unit)
        && let Some(second) = behind.strip_prefix("\\u")
        && let Some(low @ 0xdc00..=0xdfff) = hex_unit(second)
    {
        let code = 0x1_0000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
        out.push(char::from_u32(code).unwrap_or(REPLACEMENT));
        return &second[4..];
    }
    match char::from_u32(unit) {
        Some(c) if c != '\0' => out.push(c),
        _ => out.push(REPLACEMENT),
    }
    behind
}

fn hex_unit(text: &str) -> Option<u32> {
    let digits = text.get(..4)?;
    let all_hex = digits.bytes().all(|b| b.is_ascii_hexdigit());
    all_hex.then(|| u32::from_str_radix(digits, 16).ok())?
}
