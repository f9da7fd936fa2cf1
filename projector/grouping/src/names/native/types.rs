//! Parameters, return types and what stands in angle brackets.

/// Without parameters; what stands in angle brackets as `<…>`, but for the type that
/// a Rust method is of: `<A as B>::f` and `<impl B for A>::f` are `A::f`.
pub(super) fn without_types(name: &str) -> String {
    let mut shown = String::with_capacity(name.len());
    let mut at = 0;
    while let Some(c) = name[at..].chars().next() {
        let rest = &name[at..];
        if let Some(len) = operator(rest) {
            shown.push_str(&rest[..len]);
            at += len;
        } else if rest.starts_with("(anonymous namespace)") {
            shown.push_str("(anonymous namespace)");
            at += "(anonymous namespace)".len();
        } else if c == '(' {
            break;
        } else if c == '<' {
            let len = bracket(rest);
            let inner = rest[1..len].strip_suffix('>').unwrap_or(&rest[1..len]);
            match owner(inner) {
                // "shop::cart::<impl shop::cart::Cart>::add" has its path inside.
                Some(owner) if shown.is_empty() || shown.ends_with("::") => {
                    shown = owner;
                }
                _ => shown.push_str("<…>"),
            }
            at += len;
        } else {
            // Nothing of the above begins but with one of these.
            let next = rest.bytes().skip(1).position(|b| b"o(<".contains(&b));
            let len = next.map_or(rest.len(), |before| before + 1);
            shown.push_str(&rest[..len]);
            at += len;
        }
    }
    shown
}

/// The type whose method follows a Rust path in brackets; none for other brackets.
fn owner(inner: &str) -> Option<String> {
    let path = if let Some((owner, _)) = split_outside(inner, " as ") {
        owner
    } else if let Some(implemented) = inner.strip_prefix("impl ") {
        split_outside(implemented, " for ").map_or(implemented, |(_, owner)| owner)
    } else {
        return None;
    };
    // One level is enough: `<<A as B>::C as D>::e` is rare, and shows its own path.
    let path = path.trim_start_matches(['&', '<']);
    let end = path.find('<').unwrap_or(path.len());
    let generic = if end < path.len() { "<…>" } else { "" };
    Some(format!(
        "{}{generic}",
        path[..end].trim_start_matches("mut ")
    ))
}

/// Splits at the first `separator` that stands in no bracket.
fn split_outside<'t>(text: &'t str, separator: &str) -> Option<(&'t str, &'t str)> {
    let mut depth = 0usize;
    let mut before = b' ';
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'<' => depth += 1,
            b'>' if before != b'-' => depth = depth.saturating_sub(1),
            b' ' if depth == 0 => {
                if let Some(rest) = text[at..].strip_prefix(separator) {
                    return Some((&text[..at], rest));
                }
            }
            _ => {}
        }
        before = byte;
    }
    None
}

/// The length of the bracket that `text` begins with, all of it if it never closes.
fn bracket(text: &str) -> usize {
    let mut depth = 0usize;
    let mut before = b' ';
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'<' => depth += 1,
            // The arrow of a function's type closes nothing.
            b'>' if before != b'-' => {
                depth -= 1;
                if depth == 0 {
                    return at + 1;
                }
            }
            _ => {}
        }
        before = byte;
    }
    text.len()
}

/// The length of a C++ operator's name at the start of `text`: `operator<<`.
fn operator(text: &str) -> Option<usize> {
    let sign = text.strip_prefix("operator")?;
    let len = match sign {
        _ if sign.starts_with("()") || sign.starts_with("[]") => 2,
        _ => sign
            .bytes()
            .take_while(|b| b"<>=!+-*/%^&|~,".contains(b))
            .count(),
    };
    (len > 0).then_some("operator".len() + len)
}

/// "void shop::add" without "void"; `operator new` keeps its blank.
pub(super) fn without_return_type(name: &str) -> &str {
    if !name.as_bytes().contains(&b' ') {
        return name.trim();
    }
    let before = name.find("operator").unwrap_or(name.len());
    let name_ends = name[..before].trim_end();
    let keep = "(anonymous namespace)";
    let from = name_ends.find(keep).map_or(name_ends.len(), |at| at);
    match name_ends[..from].rfind(' ') {
        Some(at) => name[at + 1..].trim(),
        None => name.trim(),
    }
}
