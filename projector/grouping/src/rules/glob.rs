//! Patterns: `*` is any text, also with slashes in it, `**` the same, `?` one character.
//!
//! Invariant: a match costs at most pattern times text; each comparison is a step of the
//! event's budget.

use super::Budget;

/// Longest pattern, characters.
pub(super) const PATTERN_CHARS_MAX: usize = 256;

/// How a text is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Compare {
    Exactly,
    /// Capitals do not count.
    Loosely,
    /// Nor does which way slashes lean.
    AsPath,
}

/// A pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Glob {
    /// `*` stands for a run of stars.
    chars: Vec<char>,
    compare: Compare,
}

impl Glob {
    pub(super) fn new(pattern: &str, compare: Compare) -> Self {
        let mut chars: Vec<char> = Vec::new();
        for c in pattern.chars() {
            if c == '*' && chars.last() == Some(&'*') {
                continue;
            }
            chars.push(folded(c, compare));
        }
        Self { chars, compare }
    }

    /// Whether the whole text fits; not if the budget is spent.
    pub(super) fn fits(&self, text: &str, budget: &mut Budget) -> bool {
        let mut pattern = 0;
        let mut at = 0;
        // Where to go on if what follows the last star does not fit: one character later.
        let mut again: Option<(usize, usize)> = None;
        loop {
            if !budget.step() {
                return false;
            }
            let next = text[at..].chars().next();
            match (self.chars.get(pattern), next) {
                (Some('*'), _) => {
                    pattern += 1;
                    again = Some((pattern, at));
                    if pattern == self.chars.len() {
                        return true;
                    }
                }
                (Some(wanted), Some(c)) if *wanted == '?' || *wanted == folded(c, self.compare) => {
                    pattern += 1;
                    at += c.len_utf8();
                }
                (None, None) => return true,
                _ => {
                    let Some((behind, from)) = again else {
                        return false;
                    };
                    let Some(skipped) = text[from..].chars().next() else {
                        return false;
                    };
                    let from = from + skipped.len_utf8();
                    (pattern, at, again) = (behind, from, Some((behind, from)));
                }
            }
        }
    }
}

fn folded(c: char, compare: Compare) -> char {
    match compare {
        Compare::Exactly => c,
        Compare::AsPath if c == '\\' => '/',
        Compare::Loosely | Compare::AsPath => c.to_ascii_lowercase(),
    }
}
