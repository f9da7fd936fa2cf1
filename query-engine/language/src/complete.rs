//! What could stand where somebody types.
//!
//! Tells which part of the text is being typed and what it is; whoever knows values offers
//! them.

use crate::{
    error::Span,
    field::{FIELDS, Field},
    pattern::Pattern,
    print,
};

/// What is being typed at a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Typing {
    /// What would be replaced.
    pub span: Span,
    /// What stands there, without quotes and signs.
    pub text: String,
    /// Of which field it is a value; none: a key, or a word.
    pub field: Option<Field>,
    /// Whether it is the key behind `has:`.
    pub is_has: bool,
}

/// What is being typed right before the byte `at`.
///
/// Goes over the text once, as the grammar does, but takes whatever comes.
pub fn typing(text: &str, at: usize) -> Typing {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    let before = &text[..at];
    let start = start_of_word(before);
    let word = &before[start..];
    let negated = word.len() - word.trim_start_matches(['!', '(']).len();
    let (start, word) = (start + negated, &word[negated..]);
    let colon = word
        .find(':')
        .filter(|colon| !word[..*colon].contains('"') || word.starts_with("tag.\""));
    let Some(colon) = colon.filter(|colon| *colon > 0) else {
        return Typing {
            span: Span::new(start, at),
            text: word.trim_start_matches('"').to_owned(),
            field: None,
            is_has: false,
        };
    };
    let (key, value) = (&word[..colon], &word[colon + 1..]);
    let signs = value.len() - value.trim_start_matches(['<', '>', '=']).len();
    let value = &value[signs..];
    let is_has = key.eq_ignore_ascii_case("has");
    Typing {
        span: Span::new(start + colon + 1 + signs, at),
        text: value.trim_start_matches('"').to_owned(),
        field: (!is_has).then(|| Field::of_key(&key.replace('"', ""))),
        is_has,
    }
}

/// Where the word at the end begins: behind the last blank outside of quotes.
fn start_of_word(text: &str) -> usize {
    let (mut start, mut is_quoted, mut is_escaped) = (0, false, false);
    for (at, c) in text.char_indices() {
        if is_escaped {
            is_escaped = false;
        } else if c == '\\' {
            is_escaped = true;
        } else if c == '"' {
            is_quoted = !is_quoted;
        } else if c.is_whitespace() && !is_quoted {
            start = at + c.len_utf8();
        }
    }
    start
}

/// Something that could stand there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completion {
    /// What replaces what is being typed.
    pub text: String,
    /// What it is, for people; may be empty.
    pub about: String,
    /// Events that have it, where that is known; 0 otherwise.
    pub count: u64,
}

/// The fields whose names begin so, with their colon; behind `has:` without.
pub fn keys(typing: &Typing) -> Vec<Completion> {
    let typed = typing.text.to_lowercase();
    let begins = |name: &str| name.starts_with(&typed);
    let fields = FIELDS
        .iter()
        .filter(|row| begins(row.name) || row.aliases.iter().any(|alias| begins(alias)));
    let colon = if typing.is_has { "" } else { ":" };
    let mut found: Vec<Completion> = fields
        .map(|row| Completion {
            text: format!("{}{colon}", row.name),
            about: row.about.to_owned(),
            count: 0,
        })
        .collect();
    if !typing.is_has && begins("has") {
        found.push(Completion {
            text: "has:".to_owned(),
            about: "that a field or a tag is there at all".to_owned(),
            count: 0,
        });
    }
    found
}

/// The key of a tag as it is typed, with its colon; behind `has:` without.
pub fn tag_key(tag: &str, is_has: bool) -> String {
    let colon = if is_has { "" } else { ":" };
    format!("{}{colon}", print::key(&Field::Tag(tag.to_owned()), is_has))
}

/// The term that asks for this value of a field.
pub fn term(field: &Field, value: &str) -> String {
    format!(
        "{}:{}",
        print::key(field, false),
        print::value(&Pattern::literal(value))
    )
}

/// The term that asks for whatever has no value there.
pub fn absent(field: &Field) -> String {
    format!("!has:{}", print::key(field, true))
}

/// A value as it is typed.
pub fn value(text: &str) -> String {
    print::value(&Pattern::literal(text))
}

/// Fixed values of a field that begin so.
pub fn words(field: &Field, typed: &str) -> Vec<&'static str> {
    let typed = typed.to_lowercase();
    let all: Vec<&'static str> = match field.kind() {
        crate::field::Kind::State => crate::State::ALL.iter().map(|(_, name)| *name).collect(),
        crate::field::Kind::Level => event_model::Level::ALL
            .iter()
            .map(|level| level.name())
            .collect(),
        crate::field::Kind::Flag => vec!["yes", "no"],
        crate::field::Kind::Person => vec!["me", "none"],
        crate::field::Kind::Time => vec!["-1h", "-24h", "-7d", "-30d", "today", "yesterday"],
        crate::field::Kind::Age => vec!["-1h", "-24h", "-7d", "+7d", "+30d"],
        _ => Vec::new(),
    };
    all.into_iter()
        .filter(|word| word.starts_with(&typed))
        .collect()
}
