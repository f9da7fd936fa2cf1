//! Why a text is no query, and where.

use std::fmt;

/// Bytes of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Span {
    /// The first.
    pub start: usize,
    /// Behind the last.
    pub end: usize,
}

impl Span {
    /// From `start` up to `end`.
    pub fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }

    /// Where it stands in `text`, in characters: the first, and how many.
    pub fn characters(self, text: &str) -> (usize, usize) {
        let count = |from: usize, to: usize| {
            text.get(from..to)
                .map_or(0, |part: &str| part.chars().count())
        };
        let end = self.end.min(text.len());
        let start = self.start.min(end);
        (count(0, start), count(start, end))
    }
}

/// A text that cannot be read, or not be answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryError {
    /// For people: names the field, the value and what is allowed.
    pub message: String,
    /// What of the text is meant.
    pub span: Span,
    /// What may have been meant, to stand there instead.
    pub suggestion: Option<String>,
    /// Whether another reading may be tried: within the grammar alone.
    pub(crate) may_try: bool,
}

impl QueryError {
    /// An error at a place.
    pub fn new(span: Span, message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            span,
            suggestion: None,
            may_try: false,
        }
    }

    /// The same with what may have been meant.
    #[must_use]
    pub fn suggest(self, suggestion: Option<String>) -> Self {
        Self { suggestion, ..self }
    }
}

impl fmt::Display for QueryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        match &self.suggestion {
            Some(suggestion) => write!(f, "; did you mean {suggestion}?"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for QueryError {}

/// Of known words the one nearest to what was typed, if any is near enough: a letter in
/// three may be wrong.
pub(crate) fn nearest<'w>(typed: &str, known: impl IntoIterator<Item = &'w str>) -> Option<String> {
    let typed: String = typed.chars().take(TYPED_MAX).collect();
    let typed = typed.to_lowercase();
    let most = typed.chars().count().div_ceil(3);
    let far = |word: &str| strsim::osa_distance(&typed, &word.to_lowercase());
    let near = known.into_iter().map(|word| (far(word), word));
    let near = near.filter(|(distance, word)| *distance <= most && *distance < word.len());
    near.min_by_key(|(distance, _)| *distance)
        .map(|(_, word)| word.to_owned())
}

/// Characters that are compared: no known word is longer.
const TYPED_MAX: usize = 64;

/// Enough of a text to recognise it in a message.
pub(crate) fn cut(text: &str) -> String {
    text.chars().take(64).collect()
}
