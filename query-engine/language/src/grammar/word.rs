//! Words, quoted texts and keys.

use winnow::{
    Parser,
    combinator::{opt, peek},
    stream::Stream,
    token::{any, one_of, take_while},
};

use crate::{
    WILDCARDS_MAX,
    error::{QueryError, Span},
    field::TAG_PREFIX,
    pattern::Pattern,
};

use super::{Input, Parsed, at};

/// A text as it was typed, its escapes dealt with.
#[derive(Debug)]
pub(super) struct Value {
    pub(super) is_quoted: bool,
    /// What stands between wildcards.
    pieces: Vec<String>,
}

impl Value {
    fn new(is_quoted: bool) -> Self {
        Self {
            is_quoted,
            pieces: vec![String::new()],
        }
    }

    fn push(&mut self, c: char) {
        if let Some(last) = self.pieces.last_mut() {
            last.push(c);
        }
    }

    /// What is looked for.
    pub(super) fn pattern(&self, span: Span) -> Parsed<Pattern> {
        let pattern = Pattern::of_pieces(self.pieces.clone());
        if pattern.wildcards() > WILDCARDS_MAX {
            let message = format!("{} wildcards, at most {WILDCARDS_MAX}", pattern.wildcards());
            return Err(QueryError::new(span, message));
        }
        if pattern.as_literal() == Some("") {
            return Err(QueryError::new(span, "nothing stands between the quotes"));
        }
        Ok(pattern)
    }
}

/// The next character of a text: an escaped one, a wildcard, or one like any other.
fn piece(input: &mut Input<'_>, value: &mut Value) -> Parsed<()> {
    let c: char = any.parse_next(input)?;
    if c == '*' {
        value.pieces.push(String::new());
        return Ok(());
    }
    if c == '\\'
        && let Some(escaped) = opt(one_of(['"', '\\', '*'])).parse_next(input)?
    {
        value.push(escaped);
        return Ok(());
    }
    value.push(c);
    Ok(())
}

/// `"…"`
pub(super) fn quoted(input: &mut Input<'_>) -> Parsed<Value> {
    let open = at(input);
    "\"".void().parse_next(input)?;
    let mut value = Value::new(true);
    loop {
        if opt("\"").parse_next(input)?.is_some() {
            return Ok(value);
        }
        if input.input.is_empty() {
            let message = "this quote is never closed; to search for one, write \\\"";
            return Err(QueryError::new(Span::new(open, open + 1), message));
        }
        piece(input, &mut value)?;
    }
}

/// Whether a word ends before this character, so many of its kind having opened a
/// parenthesis.
pub(super) fn is_bare_end(c: char, in_words: usize) -> bool {
    c.is_whitespace() || c == '"' || c == ')' && in_words == 0
}

/// Characters up to a blank, a quote, or a parenthesis that no word has opened.
pub(super) fn bare(input: &mut Input<'_>) -> Parsed<Value> {
    let mut value = Value::new(false);
    let start = at(input);
    while let Some(c) = peek(opt(any)).parse_next(input)? {
        if is_bare_end(c, input.state.in_words) {
            break;
        }
        match c {
            '(' => input.state.in_words += 1,
            ')' => input.state.in_words -= 1,
            _ => {}
        }
        piece(input, &mut value)?;
    }
    if at(input) == start {
        return Err(winnow::error::ParserError::from_input(input));
    }
    Ok(value)
}

/// A key before its colon.
#[derive(Debug)]
pub(super) struct Name {
    pub(super) text: String,
    /// The key of a tag, as such: `tag."a b":`.
    pub(super) is_tag: bool,
    /// Whether nothing else can be meant: `tag.a:`.
    pub(super) is_certain: bool,
}

/// A key and its colon, if what follows can be its value.
pub(super) fn key(input: &mut Input<'_>) -> Parsed<Name> {
    let checkpoint = input.checkpoint();
    let head = (
        one_of(|c: char| c.is_alphabetic() || c == '_'),
        take_while(0.., |c: char| {
            c.is_alphanumeric() || matches!(c, '_' | '.' | '-')
        }),
    );
    let head: &str = head.take().parse_next(input)?;
    let mut name = Name {
        text: head.to_owned(),
        is_tag: false,
        is_certain: head.starts_with(TAG_PREFIX) && head.len() > TAG_PREFIX.len(),
    };
    if head == TAG_PREFIX
        && let Some(quoted) = opt(quoted).parse_next(input)?
    {
        let span = Span::new(at(input) - 1, at(input));
        let key = quoted.pattern(span)?;
        let key = key
            .as_literal()
            .ok_or_else(|| QueryError::new(span, "a key holds no wildcard"))?;
        key.clone_into(&mut name.text);
        name.is_tag = true;
        name.is_certain = true;
    }
    ":".void().parse_next(input)?;
    // "std::io", "http://x", "C:\x": no field has such values, no tag is asked for so.
    let is_field = name.is_certain || crate::Key::of_name(&name.text).is_some();
    let looks_else = input.input.starts_with(':')
        || input.input.starts_with('\\')
        || input.input.starts_with("//");
    if looks_else && !is_field {
        input.reset(&checkpoint);
        return Err(winnow::error::ParserError::from_input(input));
    }
    Ok(name)
}
