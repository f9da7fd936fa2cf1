//! The pieces of a text of rules, for highlighting: those that the parser sees
//! (`words`), also in lines that it refuses.
//!
//! Invariant: total and linear; pieces follow each other and do not overlap. Columns and
//! lengths are characters, from 1.

use super::words::{arrow, closing, entry_len, words};

/// What a piece is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// From `#` to the end of the line.
    Comment,
    /// A matcher's name, with the colon.
    Matcher,
    /// What it is compared with.
    Pattern,
    /// `!`, `[`, `]`, `|`, `->`, `,`.
    Sign,
    /// What is done with a frame.
    Action,
    /// An entry of a fingerprint, a title.
    Text,
    /// `{{ name }}`.
    Variable,
}

/// A piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    /// From 1.
    pub line: u32,
    /// From 1, characters.
    pub column: u32,
    /// Characters.
    pub length: u32,
    /// What it is.
    pub kind: Kind,
}

/// The first pieces of a text, at most so many, with the last line as a whole or not at all.
pub fn tokens(text: &str, tokens_max: usize) -> Vec<Token> {
    let mut tokens = Vec::new();
    for (number, line) in (1u32..).zip(text.lines()) {
        let before = tokens.len();
        Line {
            text: line,
            number,
            told: 0,
            column: 1,
            tokens: &mut tokens,
            tokens_max,
        }
        .read();
        if tokens.len() > tokens_max {
            tokens.truncate(before);
            break;
        }
    }
    tokens
}

struct Line<'t, 'o> {
    text: &'t str,
    number: u32,
    /// Up to where columns were counted, bytes.
    told: usize,
    column: u32,
    tokens: &'o mut Vec<Token>,
    /// One more than these is enough to know that they are too many.
    tokens_max: usize,
}

impl Line<'_, '_> {
    fn read(&mut self) {
        let text = self.text;
        let (before, then) = match arrow(text) {
            Some(at) => (&text[..at], Some(at)),
            None => (text, None),
        };
        match words(before) {
            Ok(found) => {
                for (at, word) in &found {
                    self.word(*at, word);
                }
                if then.is_none() {
                    let end = found.last().map_or(0, |(at, word)| at + word.len());
                    self.comment(end);
                }
            }
            Err(open) => self.add(open.0, before.len() - open.0, Kind::Pattern),
        }
        if let Some(at) = then {
            self.add(at, 2, Kind::Sign);
            self.fingerprint(at + 2);
        }
    }

    /// What follows the last word, if it is a comment.
    fn comment(&mut self, from: usize) {
        let rest = &self.text[from..];
        let start = from + rest.len() - rest.trim_start().len();
        if self.text[start..].starts_with('#') {
            self.add(start, self.text.len() - start, Kind::Comment);
        }
    }

    fn word(&mut self, at: usize, word: &str) {
        let signs = word.len() - word.trim_start_matches(['!', '[', '|']).len();
        for sign in 0..signs {
            self.add(at + sign, 1, Kind::Sign);
        }
        let (at, word) = (at + signs, &word[signs..]);
        let bare = if word.contains('"') {
            word
        } else {
            word.strip_suffix(']').unwrap_or(word)
        };
        match bare.split_once(':') {
            Some((name, pattern)) => {
                self.add(at, name.len() + 1, Kind::Matcher);
                self.add(at + name.len() + 1, pattern.len(), Kind::Pattern);
            }
            None => self.add(at, bare.len(), Kind::Action),
        }
        self.add(at + bare.len(), word.len() - bare.len(), Kind::Sign);
    }

    fn fingerprint(&mut self, mut at: usize) {
        let text = self.text;
        while let Some(c) = text[at..].chars().next() {
            if c == ',' {
                self.add(at, 1, Kind::Sign);
                at += 1;
            } else if c.is_whitespace() {
                at += c.len_utf8();
            } else if c == '#' {
                return self.add(at, text.len() - at, Kind::Comment);
            } else {
                let rest = &text[at..];
                let titled = if rest.starts_with("title=") { 6 } else { 0 };
                let word = &rest[titled..];
                let length = match word.strip_prefix('"') {
                    Some(inner) => closing(inner).map(|end| end + 2),
                    None => entry_len(word),
                };
                let end = titled + length.unwrap_or(word.len());
                self.entry(at, &rest[..end.max(1).min(rest.len())]);
                at += end.max(1);
            }
        }
    }

    /// An entry, with variables in it.
    fn entry(&mut self, mut at: usize, mut entry: &str) {
        while let Some(start) = entry.find("{{") {
            let end = entry[start..].find("}}");
            let end = end.map_or(entry.len(), |end| start + end + 2);
            self.add(at, start, Kind::Text);
            self.add(at + start, end - start, Kind::Variable);
            (at, entry) = (at + end, &entry[end..]);
        }
        self.add(at, entry.len(), Kind::Text);
    }

    fn add(&mut self, at: usize, bytes: usize, kind: Kind) {
        if bytes == 0 || self.tokens.len() > self.tokens_max {
            return;
        }
        let characters = |text: &str| u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
        self.column = self
            .column
            .saturating_add(characters(&self.text[self.told..at]));
        self.told = at;
        self.tokens.push(Token {
            line: self.number,
            column: self.column,
            length: characters(&self.text[at..at + bytes]),
            kind,
        });
    }
}

#[cfg(test)]
mod tests;
