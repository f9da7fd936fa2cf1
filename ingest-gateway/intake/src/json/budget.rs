//! How much of a client's data is kept.

use std::borrow::Cow;

/// What may still be taken over into the model, so that one field cannot fill a
/// record.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Budget {
    left: usize,
    string_max: usize,
}

/// What a value costs besides its text (quotes, comma, colon), bytes.
const VALUE_COST_BYTES: usize = 4;

impl Budget {
    /// For what was bounded before.
    pub(crate) const fn unlimited() -> Self {
        Self::new(usize::MAX, usize::MAX)
    }

    /// `bytes` in all, `string_max` bytes for each string.
    pub(crate) const fn new(bytes: usize, string_max: usize) -> Self {
        Self {
            left: bytes,
            string_max,
        }
    }

    /// Whether nothing is left.
    pub(crate) fn is_used_up(&self) -> bool {
        self.left == 0
    }

    /// Takes a value of so many bytes; whether it fitted.
    pub(crate) fn take(&mut self, bytes: usize) -> bool {
        let cost = bytes + VALUE_COST_BYTES;
        let fits = cost <= self.left;
        self.left = self.left.saturating_sub(cost);
        fits
    }

    /// Takes a string, cut where it is too long; `None` if it did not fit.
    pub(crate) fn string<'t>(&mut self, text: Cow<'t, str>) -> Option<Cow<'t, str>> {
        let text = shorten(text, self.string_max);
        self.take(text.len()).then_some(text)
    }
}

/// `text`, at most `bytes_max` bytes and then an ellipsis.
pub(crate) fn cut(text: Cow<'_, str>, bytes_max: usize) -> String {
    shorten(text, bytes_max).into_owned()
}

/// The same, borrowed if it is short enough.
pub(crate) fn shorten(text: Cow<'_, str>, bytes_max: usize) -> Cow<'_, str> {
    if text.len() <= bytes_max {
        return text;
    }
    let end = text.floor_char_boundary(bytes_max);
    let mut short = String::with_capacity(end + '…'.len_utf8());
    short.push_str(&text[..end]);
    short.push('…');
    Cow::Owned(short)
}
