//! Whether a message is a template that a person wrote, with gaps for what varies.

/// Whether a template has gaps that its parameters fill, in the manner of `printf`, Python,
/// .NET, Rust or SLF4J: `%s`, `%-8.3f`, `%(name)s`, `%1$s`, `{}`, `{0:x}`, `{UserId}`. One
/// without may be a text that somebody filled before: what varies is still in it.
pub(crate) fn has_gaps(template: &str) -> bool {
    let after = |mark| {
        template
            .match_indices(mark)
            .map(|(at, _)| &template[at + 1..])
    };
    after('%').any(is_conversion) || after('{').any(is_hole)
}

/// What stands behind a percent sign, as far as it is a conversion.
fn is_conversion(behind: &str) -> bool {
    if let Some(named) = behind.strip_prefix('(') {
        return named.split_once(')').is_some_and(|(name, _)| is_name(name));
    }
    let is_flag = |c: char| matches!(c, '-' | '+' | '#' | '0'..='9' | '.' | '$' | '*' | 'l' | 'z');
    let end = behind.trim_start_matches(is_flag);
    // "100 % sure" and "5% of" are none: a blank is no flag here.
    end.starts_with([
        's', 'd', 'i', 'u', 'f', 'g', 'e', 'x', 'X', 'r', 'v', 'w', 'q', 'p', 'c', 'T', '@',
    ]) && !end[1..].starts_with(|c: char| c.is_ascii_lowercase())
}

/// What stands behind a brace, as far as it is a hole: at most a name or a number, and a form.
fn is_hole(behind: &str) -> bool {
    let Some((inner, _)) = behind.split_once('}') else {
        return false;
    };
    let name = inner.split([':', ',', '!']).next().unwrap_or_default();
    let is_number = name.len() <= 2 && name.bytes().all(|b| b.is_ascii_digit());
    is_number || is_name(name.trim_start_matches(['@', '$']))
}

fn is_name(name: &str) -> bool {
    let mut bytes = name.bytes();
    let starts = bytes
        .next()
        .is_some_and(|b| b.is_ascii_alphabetic() || b == b'_');
    starts && bytes.all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.'))
}

#[cfg(test)]
mod tests {
    use super::has_gaps;

    #[test]
    fn templates_have_gaps_and_filled_texts_have_none() {
        for template in [
            "stage 1 of %s failed",
            "%d",
            "took %-8.3f s",
            "%(name)s has no %(part)s",
            "%1$s of %2$s",
            "%lld bytes, %zu more",
            "no %@ there",
            "%+v",
            "{} of {}",
            "{0} and {1,5:N2}",
            "{UserId} is {@Order}",
            "{order.id!r:>20} is gone",
            "{{literal}} and {name}",
        ] {
            assert!(has_gaps(template), "{template}");
        }
        for filled in [
            "",
            "stage 1 of 3 failed",
            "100 % sure, 5% of it",
            "5%off",
            "%",
            "%(",
            "%()s",
            "{",
            "{ }",
            "{\"a\": 17}",
            "order {5f2c9e} of 12",
            "{1234}",
            "a } b { c",
        ] {
            assert!(!has_gaps(filled), "{filled}");
        }
    }
}
