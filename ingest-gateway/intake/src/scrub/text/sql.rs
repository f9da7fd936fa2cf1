//! Statements of SQL that hold passwords: `IDENTIFIED BY '…'`, `PASSWORD '…'`, and rows
//! of values whose columns are named before them. Also pairs of a name and its value,
//! as Erlang and Python print them.

use super::{Detect, Kind, Scan, Secret, is_word, secret};
use crate::scrub::names;

/// Longest word around a "w" looked at, bytes.
const WORD_BYTES_MAX: usize = 80;
/// How far before a `BY` an `IDENTIFIED` may stand, and behind `PASSWORD FOR` its `=`,
/// bytes.
const NEAR_BYTES_MAX: usize = 80;
/// Longest list of columns, bytes.
const COLUMNS_BYTES_MAX: usize = 4 << 10;
/// Most columns looked at.
const COLUMNS_MAX: usize = 256;

impl<'t> Scan<'t> {
    /// What follows a word like "password" that is no assignment; `at` is its "w".
    pub(super) fn password(&self, at: usize) -> Option<Secret<'t>> {
        let before = self.before(at)? | 0x20;
        if !matches!(before, b's' | b'p') || !self.detect.has(Detect::ASSIGNMENT) {
            return None;
        }
        let to = at + self.run(at, WORD_BYTES_MAX, is_word);
        let mut from = at;
        while from > self.floor && at - from < WORD_BYTES_MAX && is_word(self.bytes[from - 1]) {
            from -= 1;
        }
        if !names::is_secret(&self.text[from..to]) {
            return None;
        }
        let closed = matches!(self.bytes.get(to), Some(b'"' | b'\'' | b'`' | b']'));
        let behind = to + usize::from(closed);
        if self.bytes.get(behind) == Some(&b',') {
            return self.pair(from, behind + 1);
        }
        let next = self.after_blanks(behind);
        if next == behind || next >= self.bytes.len() {
            return None;
        }
        if matches!(self.bytes[next], b'\'' | b'"') || self.is_national(next) {
            // `{"password" "…` is no statement.
            return self.literal(next).and_then(|found| found.0);
        }
        for word in ["like", "to", "in", "is", "values", "hash"] {
            if self.has(next, word.as_bytes()) {
                let value = self.after_blanks(next + word.len());
                let bracket = usize::from(self.bytes.get(value) == Some(&b'('));
                let value = value + bracket;
                let quoted = !self.quote_at(value).is_empty() || self.is_national(value);
                return if quoted {
                    self.literal(value).and_then(|found| found.0)
                } else {
                    None
                };
            }
        }
        if self.has(next, b"for ") {
            return self.password_for(next + 4);
        }
        None
    }

    /// `N'…'` and the like.
    fn is_national(&self, at: usize) -> bool {
        matches!(self.bytes.get(at), Some(b'N' | b'n' | b'E' | b'e'))
            && self.bytes.get(at + 1) == Some(&b'\'')
    }

    /// `SET PASSWORD FOR 'ann'@'localhost' = …`.
    fn password_for(&self, from: usize) -> Option<Secret<'t>> {
        let user = self.run(from, NEAR_BYTES_MAX, |b| !matches!(b, b'=' | b'\n'));
        let equals = from + user;
        if self.bytes.get(equals) != Some(&b'=') {
            return None;
        }
        let value = self.after_blanks(equals + 1);
        match self.literal(value) {
            Some(found) => found.0,
            None => self.bare_word(value),
        }
    }

    /// `("password", "…")` and `{password,<<"…">>}`: the value begins at `from`, behind a
    /// name that begins at `name`.
    fn pair(&self, name: usize, from: usize) -> Option<Secret<'t>> {
        let mut open = name;
        while open > self.floor && matches!(self.bytes[open - 1], b'"' | b'\'' | b':') {
            open -= 1;
        }
        if !matches!(self.before(open)?, b'(' | b'{') {
            return None;
        }
        let found = self.literal(self.after_blanks(from))?.0?;
        let quote = found.to + self.run(found.to, 3, |b| matches!(b, b'"' | b'\'' | b'>'));
        let is_pair = matches!(self.bytes.get(quote), None | Some(b')' | b'}' | b'>'));
        is_pair.then_some(found)
    }

    /// `IDENTIFIED BY '…'`, `IDENTIFIED WITH … BY …`; `at` is the Y.
    pub(super) fn identified_by(&self, at: usize) -> Option<Secret<'t>> {
        let before = self.before(at)? | 0x20;
        if before != b'b' || !self.ends_word(at + 1) || !self.begins_word(at - 1) {
            return None;
        }
        if !self.detect.has(Detect::ASSIGNMENT) {
            return None;
        }
        let near = &self.bytes[self.floor.max(at.saturating_sub(NEAR_BYTES_MAX))..at];
        let word = b"identified";
        if !near
            .windows(word.len())
            .any(|w| w.eq_ignore_ascii_case(word))
        {
            return None;
        }
        let mut value = self.after_blanks(at + 1);
        for word in ["password ", "values "] {
            if self.has(value, word.as_bytes()) {
                value = self.after_blanks(value + word.len());
            }
        }
        if let Some(found) = self.literal(value) {
            return found.0;
        }
        // A sentence may go on so: a statement begins with its verb.
        let is_statement = [b"create ".as_slice(), b"alter ", b"grant "]
            .iter()
            .any(|verb| {
                let mut places = near.windows(verb.len());
                places.any(|there| there.eq_ignore_ascii_case(verb))
            });
        if !is_statement || self.has(value, b"random") {
            return None;
        }
        self.bare_word(value)
    }

    /// A value without quotes, as Oracle takes it.
    fn bare_word(&self, from: usize) -> Option<Secret<'t>> {
        if self.kind == Kind::Source {
            return None;
        }
        let in_value = |b: u8| b > b' ' && !matches!(b, b';' | b',' | b')' | b'"' | b'\'');
        self.telling(from, from + self.run(from, WORD_BYTES_MAX * 4, in_value))
    }

    /// `(name, password) VALUES ('ann', '…'), …`; `at` is the V. Plans the secrets of all
    /// rows, and of the parameters printed behind a statement with places for them.
    pub(super) fn rows(&mut self, at: usize) -> Option<Secret<'t>> {
        let behind = at + b"values".len();
        if at < self.rows_end || !self.has(at, b"values") || !self.ends_word(behind) {
            return None;
        }
        if !self.detect.has(Detect::ASSIGNMENT) {
            return None;
        }
        let secret_columns = self.secret_columns_before(at);
        let mut row = self.after_blanks(behind);
        if secret_columns.is_empty() {
            return None;
        }
        let mut has_places = false;
        while self.bytes.get(row) == Some(&b'(') {
            let (end, places) = self.row(row, &secret_columns);
            has_places |= places;
            row = self.after_blanks(end);
            if self.bytes.get(row) != Some(&b',') {
                break;
            }
            row = self.after_blanks(row + 1);
        }
        self.rows_end = row;
        if has_places
            && let Some(found) = self.text[self.text.floor_char_boundary(row)..].find("arameters: ")
        {
            let from = self.text.floor_char_boundary(row) + found + b"arameters: ".len();
            let from = from + self.run(from, 1, |b| b == b'[');
            if matches!(self.bytes.get(from), Some(b'(')) {
                self.rows_end = self.row(from, &secret_columns).0;
            }
        }
        None
    }

    /// Which columns of the list that ends before `at` are secret.
    fn secret_columns_before(&self, at: usize) -> Vec<usize> {
        let since = self.floor.max(at.saturating_sub(COLUMNS_BYTES_MAX));
        let before = self.bytes[since..at].trim_ascii_end();
        let Some((b')', list)) = before.split_last() else {
            return Vec::new();
        };
        let bracket = |b: &u8| matches!(b, b'(' | b')');
        let Some(open) = list
            .iter()
            .rposition(bracket)
            .filter(|at| list[*at] == b'(')
        else {
            return Vec::new();
        };
        let names = list[open + 1..].split(|b| *b == b',').take(COLUMNS_MAX);
        let is_secret = |name: &[u8]| {
            let name = std::str::from_utf8(name).unwrap_or_default().trim();
            names::is_secret(name)
        };
        let secret = names.enumerate().filter(|(_, name)| is_secret(name));
        secret.map(|(column, _)| column).collect()
    }

    /// Plans the secrets of one row, which begins with the bracket at `open`: where it
    /// ends, and whether a secret is given elsewhere.
    fn row(&mut self, open: usize, secret_columns: &[usize]) -> (usize, bool) {
        let (mut at, mut column, mut depth) = (open + 1, 0, 0usize);
        let mut from = at;
        let mut has_places = false;
        loop {
            at = at.min(self.bytes.len());
            let byte = self.bytes.get(at).copied();
            match byte {
                Some(b'\'' | b'"') => at = self.behind_string(at),
                Some(b'(') => depth += 1,
                Some(b')') if depth > 0 => depth -= 1,
                Some(b',') if depth > 0 => {}
                None | Some(b',' | b')') => {
                    if secret_columns.contains(&column) {
                        has_places |= self.plan(from, at);
                    }
                    column += 1;
                    from = at + 1;
                    if byte != Some(b',') {
                        return ((at + 1).min(self.bytes.len()), has_places);
                    }
                }
                Some(_) => {}
            }
            at += 1;
        }
    }

    /// The last byte of the string that begins at `at`; a doubled quote is part of it.
    fn behind_string(&self, at: usize) -> usize {
        let quote = self.bytes[at];
        let mut at = at + 1;
        while let Some(byte) = self.bytes.get(at) {
            match byte {
                b'\\' => at += 1,
                _ if *byte == quote && self.bytes.get(at + 1) == Some(&quote) => at += 1,
                _ if *byte == quote => return at,
                _ => {}
            }
            at += 1;
        }
        self.bytes.len()
    }

    /// Plans the value at `from..to`; whether it is only a place for one.
    fn plan(&mut self, from: usize, to: usize) -> bool {
        let from = self.after_blanks(from).min(to);
        let to = from + self.bytes[from..to].trim_ascii_end().len();
        let found = match self.literal(from) {
            // A doubled quote is part of the string.
            Some(found) => found.0.map(|found| {
                let end = to.saturating_sub(usize::from(to > found.to));
                if self.quote_at(from).is_empty() {
                    found
                } else {
                    secret(found.from, end.max(found.to))
                }
            }),
            None => self.telling(from, to),
        };
        self.planned.extend(found);
        found.is_none()
    }
}
