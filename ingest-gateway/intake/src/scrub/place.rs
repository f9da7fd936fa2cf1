//! Where a rule applies: a pattern over the names on the way to a value.
//!
//! Owns the pattern language. "iban" is a name, wherever it stands; with a dot it is
//! a path from the top ("extra.customer.iban"), `**` for any names between, `*` for
//! any characters of one name ("request.headers.x-*"); "$string" is every string.
//! Places in lists do not count. Names are compared without regard to case. A place
//! holds all that is below it. Matching is linear in names × parts of the pattern.

/// Longest pattern, characters.
pub(super) const PATTERN_CHARS_MAX: usize = 200;

/// A compiled pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// Every string.
    Anywhere,
    /// A path and what is below it.
    Path(Vec<Part>),
}

/// One part of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    /// `**`
    AnyNames,
    /// A name, in lower case; may hold `*`.
    Name(String),
}

impl Place {
    /// Reads a pattern. Fails with what is wrong with it, for people.
    pub(super) fn parse(pattern: &str) -> Result<Self, String> {
        let pattern = pattern.trim();
        if pattern.is_empty() {
            return Err("must not be empty".to_owned());
        }
        if pattern.chars().count() > PATTERN_CHARS_MAX {
            return Err(format!("must have at most {PATTERN_CHARS_MAX} characters"));
        }
        if pattern == "$string" {
            return Ok(Self::Anywhere);
        }
        if pattern.starts_with('$') {
            return Err("the only name that begins with a $ is $string".to_owned());
        }
        let mut parts: Vec<Part> = Vec::new();
        if !pattern.contains('.') {
            parts.push(Part::AnyNames);
        }
        for name in pattern.split('.') {
            match name {
                "" => return Err("has an empty name between dots".to_owned()),
                "**" if parts.last() == Some(&Part::AnyNames) => {}
                "**" => parts.push(Part::AnyNames),
                name => parts.push(Part::Name(name.to_lowercase())),
            }
        }
        if parts.iter().all(|part| *part == Part::AnyNames) {
            return Err("must have a name; $string is every string".to_owned());
        }
        if parts.last() != Some(&Part::AnyNames) {
            parts.push(Part::AnyNames);
        }
        Ok(Self::Path(parts))
    }

    /// Whether the value at the end of these names is there.
    pub(super) fn holds(&self, names: &[&str]) -> bool {
        match self {
            Self::Anywhere => true,
            Self::Path(parts) => {
                let any = |part: &Part| *part == Part::AnyNames;
                let is = |part: &Part, name: &&str| match part {
                    Part::AnyNames => false,
                    Part::Name(glob) => is_like(glob, name),
                };
                wildcards(parts, names, any, is)
            }
        }
    }
}

/// Whether `text` is like `glob` (in lower case; `*` any characters, `?` one),
/// without regard to case.
pub(crate) fn is_like(glob: &str, text: &str) -> bool {
    if text.is_ascii() && glob.is_ascii() {
        let is = |glob: &u8, byte: &u8| *glob == b'?' || *glob == byte.to_ascii_lowercase();
        return wildcards(glob.as_bytes(), text.as_bytes(), |b| *b == b'*', is);
    }
    let glob: Vec<char> = glob.chars().collect();
    let text: Vec<char> = text.to_lowercase().chars().collect();
    wildcards(
        &glob,
        &text,
        |c| *c == '*',
        |glob, c| *glob == '?' || glob == c,
    )
}

/// Matches the whole of `items`, going back to the last wildcard only: what comes
/// before it fits already.
fn wildcards<P, T>(
    pattern: &[P],
    items: &[T],
    is_any: impl Fn(&P) -> bool,
    is: impl Fn(&P, &T) -> bool,
) -> bool {
    let (mut at, mut item) = (0, 0);
    let mut back: Option<(usize, usize)> = None;
    while item < items.len() {
        match pattern.get(at) {
            Some(part) if is_any(part) => {
                back = Some((at, item));
                at += 1;
            }
            Some(part) if is(part, &items[item]) => {
                at += 1;
                item += 1;
            }
            _ => {
                let Some((wildcard, from)) = back else {
                    return false;
                };
                back = Some((wildcard, from + 1));
                at = wildcard + 1;
                item = from + 1;
            }
        }
    }
    pattern[at..].iter().all(is_any)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pattern: &str, path: &str, expected: bool) {
        let names: Vec<&str> = path.split('.').collect();
        let place = Place::parse(pattern).expect("a sound pattern");
        assert_eq!(place.holds(&names), expected, "{pattern} {path}");
    }

    #[test]
    fn a_name_is_found_wherever_it_stands() {
        check("iban", "extra.iban", true);
        check("iban", "exceptions.frames.vars.customer.IBAN", true);
        check("iban", "extra.iban.parts.country", true);
        check("iban", "extra.iban_valid", false);
        check("*_iban", "extra.old_iban", true);
        check("$string", "message", true);
    }

    #[test]
    fn a_path_begins_at_the_top() {
        check("extra.customer.iban", "extra.customer.iban", true);
        check("extra.customer.iban", "contexts.extra.customer.iban", false);
        check("extra.**.iban", "extra.iban", true);
        check("extra.**.iban", "extra.a.b.iban", true);
        check("extra.**.iban", "extra.a.b.ibans", false);
        check("**.customer.iban", "contexts.x.customer.iban", true);
        check(
            "request.headers.x-*",
            "request.headers.X-Forwarded-For",
            true,
        );
        check("request.headers.x-*", "request.headers.Accept", false);
        check("extra.*.iban", "extra.a.b.iban", false);
        check("extra.customer", "extra.customer.name.first", true);
        check("extra.**", "extra", true);
        check("extra.grö*", "extra.GRÖSSE", true);
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        for pattern in [
            "",
            " ",
            "a..b",
            ".a",
            "a.",
            "**",
            "**.**",
            "$x",
            &"x".repeat(201),
        ] {
            assert!(Place::parse(pattern).is_err(), "{pattern}");
        }
    }

    #[test]
    fn globs_do_not_go_back_far() {
        assert!(is_like("*abc*", "xxABCxx"));
        assert!(is_like("a?c", "abc"));
        assert!(!is_like("a?c", "ac"));
        // Going back for each star would never end.
        assert!(!is_like(&"*a".repeat(50), &"ab".repeat(20_000)));
    }
}
