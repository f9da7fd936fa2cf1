//! Texts as words, the same when they are indexed and when they are asked for.
//!
//! A word is a run of letters and digits, folded ([`crate::fold`]); what stands between is
//! none. Of an identifier its parts are words as well, at the same place: `getUserById` is
//! "getuserbyid", "get", "user", "by" and "id"; `cart_items` and `src/cart.ts` are words one
//! behind another, for neither is a letter between. Scripts written without blanks (Chinese,
//! Japanese, Thai and their kin) have a word a character.
//!
//! Invariant: total, and linear in the text. A word is cut after [`WORD_BYTES_MAX`].

use std::ops::Range;

use tantivy::{
    Index,
    tokenizer::{Token, TokenStream, Tokenizer},
};

use crate::fold::fold;

/// Longest word, bytes before it is folded: the rest of it is not asked for.
pub const WORD_BYTES_MAX: usize = 128;
/// The name that indexes know the tokenizer by.
pub(super) const NAME: &str = "words_of_identifiers";

/// Makes the tokenizer known to an index: to be called for each that is opened.
pub(super) fn register(index: &Index) {
    index.tokenizers().register(NAME, Words::default());
}

/// Makes words.
#[derive(Debug, Clone, Default)]
pub(super) struct Words {
    token: Token,
    parts: Vec<Range<usize>>,
}

impl Tokenizer for Words {
    type TokenStream<'a> = Stream<'a>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> Stream<'a> {
        self.token.reset();
        self.parts.clear();
        Stream {
            text,
            at: 0,
            position: 0,
            token: &mut self.token,
            parts: &mut self.parts,
        }
    }
}

/// The words of a text.
#[derive(Debug)]
pub(super) struct Stream<'a> {
    text: &'a str,
    at: usize,
    /// Of the next word.
    position: usize,
    token: &'a mut Token,
    /// Of the word at hand, not told yet, the last first.
    parts: &'a mut Vec<Range<usize>>,
}

impl Stream<'_> {
    fn tell(&mut self, range: Range<usize>) {
        let word = &self.text[range.clone()];
        self.token.text.clear();
        if word.is_ascii() {
            self.token.text.push_str(word);
            self.token.text.make_ascii_lowercase();
        } else {
            self.token.text.push_str(&fold(word));
        }
        self.token.offset_from = range.start;
        self.token.offset_to = range.end;
    }
}

impl TokenStream for Stream<'_> {
    fn advance(&mut self) -> bool {
        if let Some(part) = self.parts.pop() {
            self.tell(part);
            return true;
        }
        let Some(word) = next_word(self.text, self.at) else {
            return false;
        };
        self.at = word.end;
        let cut = cut(self.text, &word);
        parts(self.text, &cut, self.parts);
        self.token.position = self.position;
        self.position += 1;
        self.tell(cut);
        true
    }

    fn token(&self) -> &Token {
        self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        self.token
    }
}

/// The words that are asked for, whole and folded, in their order: parts of identifiers were
/// indexed, so that they are found without being asked for.
pub fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut at = 0;
    while let Some(word) = next_word(text, at) {
        at = word.end;
        words.push(fold(&text[cut(text, &word)]));
    }
    words
}

/// The next run of letters and digits from `at` on.
fn next_word(text: &str, at: usize) -> Option<Range<usize>> {
    let mut chars = text[at..].char_indices();
    let (start, first) = chars.find(|(_, c)| c.is_alphanumeric())?;
    if stands_alone(first) {
        let end = start + first.len_utf8();
        return Some(at + start..at + end);
    }
    let ends = |(_, c): &(usize, char)| stands_alone(*c) || !(c.is_alphanumeric() || is_mark(*c));
    let end = chars.find(ends).map_or(text.len() - at, |(end, _)| end);
    Some(at + start..at + end)
}

/// Of scripts that have no blanks between words.
fn stands_alone(c: char) -> bool {
    // Most letters are not, and one comparison says so.
    c >= '\u{e00}'
        && matches!(c,
            '\u{e00}'..='\u{eff}' // Thai, Lao
            | '\u{1000}'..='\u{109f}' // Burmese
            | '\u{1780}'..='\u{17ff}' // Khmer
            | '\u{3040}'..='\u{30ff}' // Japanese
            | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' // Chinese
            | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3134f}')
}

/// A letter's accent, written behind it.
fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{483}'..='\u{489}' | '\u{591}'..='\u{5bd}'
        | '\u{610}'..='\u{61a}' | '\u{64b}'..='\u{65f}' | '\u{900}'..='\u{903}'
        | '\u{93c}'..='\u{94f}' | '\u{3099}'..='\u{309a}')
}

fn cut(text: &str, word: &Range<usize>) -> Range<usize> {
    let end = text.floor_char_boundary(word.end.min(word.start + WORD_BYTES_MAX));
    word.start..end
}

/// The parts of an identifier, the last first; none of a word that is one.
fn parts(text: &str, word: &Range<usize>, parts: &mut Vec<Range<usize>>) {
    let mut start = word.start;
    let mut before: Option<char> = None;
    let mut chars = text[word.clone()].char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let next = chars.peek().map(|(_, next)| *next);
        if before.is_some_and(|before| begins(before, c, next)) {
            parts.push(start..word.start + at);
            start = word.start + at;
        }
        before = Some(c);
    }
    if !parts.is_empty() {
        parts.push(start..word.end);
        parts.reverse();
    }
}

/// Whether a part begins at `c`: at a capital behind a small letter, at the last of several
/// capitals ("HTTPServer"), between letters and digits.
fn begins(before: char, c: char, next: Option<char>) -> bool {
    let is_small_next = next.is_some_and(char::is_lowercase);
    (before.is_lowercase() && c.is_uppercase())
        || (before.is_uppercase() && c.is_uppercase() && is_small_next)
        || (before.is_numeric() != c.is_numeric() && !is_mark(c))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tantivy::tokenizer::{TokenStream as _, Tokenizer as _};

    use super::{WORD_BYTES_MAX, Words, words};

    /// Each word with its place.
    fn told(text: &str) -> Vec<(usize, String)> {
        let mut tokenizer = Words::default();
        let mut stream = tokenizer.token_stream(text);
        let mut told = Vec::new();
        while stream.advance() {
            let token = stream.token();
            told.push((token.position, token.text.clone()));
        }
        told
    }

    #[test]
    fn identifiers_are_found_whole_and_by_their_parts() {
        for (text, expected) in [
            ("getUserById", "0getuserbyid 0get 0user 0by 0id"),
            ("HTTPServer2", "0httpserver2 0http 0server 02"),
            ("cart_items", "0cart 1items"),
            ("src/cart.ts:12", "0src 1cart 2ts 312 "),
            ("bad  JSON!", "0bad 1json"),
            ("Größe straße", "0grösse 1strasse"),
            ("支払い失敗", "0支 1払 2い 3失 4敗"),
            ("x支y", "0x 1支 2y"),
            ("cafe\u{301} ok", "0café 1ok"),
            ("", ""),
            ("-- ?!", ""),
        ] {
            let told: Vec<String> = told(text)
                .into_iter()
                .map(|(at, word)| format!("{at}{word}"))
                .collect();
            assert_eq!(told.join(" "), expected.trim(), "{text}");
        }
    }

    #[test]
    fn what_is_asked_for_is_whole() {
        assert_eq!(
            words("getUserById in src/cart.ts"),
            ["getuserbyid", "in", "src", "cart", "ts"]
        );
        let long = "x".repeat(10 * WORD_BYTES_MAX);
        assert_eq!(words(&long), ["x".repeat(WORD_BYTES_MAX)]);
        assert_eq!(told(&long).len(), 1);
    }

    proptest! {
        /// Whatever is asked for of a text is found in it, at the same places.
        #[test]
        fn words_asked_for_are_words_indexed(text in "\\PC{0,60}") {
            let told = told(&text);
            let asked = words(&text);
            let mut places = told.iter().map(|(at, _)| *at).collect::<Vec<_>>();
            prop_assert!(places.is_sorted());
            places.dedup();
            prop_assert_eq!(places.len(), asked.len());
            for (at, word) in asked.into_iter().enumerate() {
                prop_assert!(told.contains(&(at, word)));
            }
        }
    }
}
