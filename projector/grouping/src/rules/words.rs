//! What a line is made of: words, quotations, the arrow, a comment at its end. Parser and
//! highlighting read a line by the same functions.

/// A quotation mark that is not closed, and where it stands, bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Open(pub(super) usize);

/// Longest piece of a line that a message repeats, characters.
const SHOWN_CHARS_MAX: usize = 80;

/// A piece of a line for a message: not a megabyte of it.
pub(super) fn shown(text: &str) -> String {
    match text.char_indices().nth(SHOWN_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// Where the arrow stands, outside of quotations and comments.
pub(super) fn arrow(line: &str) -> Option<usize> {
    let (mut is_quoted, mut is_escaped, mut is_word) = (false, false, false);
    for (at, c) in line.char_indices() {
        if is_quoted {
            is_quoted = c != '"' || is_escaped;
            is_escaped = c == '\\' && !is_escaped;
        } else if c == '#' && !is_word {
            return None;
        } else if line[at..].starts_with("->") {
            return Some(at);
        } else {
            is_word = !c.is_whitespace();
            is_quoted = c == '"';
        }
    }
    None
}

/// A word of a line, where it begins; blanks within quotes are part of it.
pub(super) fn words(line: &str) -> Result<Vec<(usize, &str)>, Open> {
    let mut words = Vec::new();
    let mut start = None;
    let mut quoted: Option<usize> = None;
    let mut is_escaped = false;
    for (at, c) in line.char_indices() {
        if quoted.is_some() {
            match c {
                '"' if !is_escaped => quoted = None,
                _ => {}
            }
            is_escaped = c == '\\' && !is_escaped;
        } else if c.is_whitespace() {
            if let Some(from) = start.take() {
                words.push((from, &line[from..at]));
            }
        } else if c == '#' && start.is_none() {
            return Ok(words);
        } else {
            start.get_or_insert(at);
            if c == '"' {
                quoted = Some(at);
            }
        }
    }
    if let Some(at) = quoted {
        return Err(Open(at));
    }
    if let Some(from) = start {
        words.push((from, &line[from..]));
    }
    Ok(words)
}

/// The length of an entry: up to a blank or a comma outside of `{{ … }}`.
pub(super) fn entry_len(text: &str) -> Option<usize> {
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        if text[at..].starts_with("{{") {
            at += text[at..].find("}}")? + 2;
        } else if c.is_whitespace() || c == ',' {
            break;
        } else {
            at += c.len_utf8();
        }
    }
    Some(at)
}

/// Where a quotation ends.
pub(super) fn closing(inner: &str) -> Option<usize> {
    let mut is_escaped = false;
    inner.char_indices().find_map(|(at, c)| {
        let ends = c == '"' && !is_escaped;
        is_escaped = c == '\\' && !is_escaped;
        ends.then_some(at)
    })
}

pub(super) fn unquoted(text: &str) -> String {
    let inner = text
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    inner.map_or_else(|| text.to_owned(), |inner| inner.replace("\\\"", "\""))
}
