//! A text with wildcards: `*` stands for any characters, also none.

/// What is looked for. At most [`crate::WILDCARDS_MAX`] wildcards.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Pattern {
    /// What stands between the wildcards: one more than there are. Within, none is empty.
    pieces: Vec<String>,
}

impl Pattern {
    /// A text as it stands.
    pub fn literal(text: impl Into<String>) -> Self {
        Self {
            pieces: vec![text.into()],
        }
    }

    /// Of what stands between wildcards; wildcards in a row are one.
    pub fn of_pieces(pieces: Vec<String>) -> Self {
        let last = pieces.len().saturating_sub(1);
        let pieces = pieces.into_iter().enumerate();
        let mut pieces: Vec<String> = pieces
            .filter(|(at, piece)| *at == 0 || *at == last || !piece.is_empty())
            .map(|(_, piece)| piece)
            .collect();
        if pieces.is_empty() {
            pieces.push(String::new());
        }
        Self { pieces }
    }

    /// What stands between the wildcards.
    pub fn pieces(&self) -> &[String] {
        &self.pieces
    }

    /// How many wildcards.
    pub fn wildcards(&self) -> usize {
        self.pieces.len() - 1
    }

    /// The text, if it has no wildcard.
    pub fn as_literal(&self) -> Option<&str> {
        match self.pieces.as_slice() {
            [only] => Some(only),
            _ => None,
        }
    }

    /// What every match begins with.
    pub fn prefix(&self) -> &str {
        &self.pieces[0]
    }

    /// Whether all texts match.
    pub fn is_anything(&self) -> bool {
        self.pieces.len() > 1 && self.pieces.iter().all(String::is_empty)
    }

    /// The same with each piece changed.
    #[must_use]
    pub fn map(&self, change: impl Fn(&str) -> String) -> Self {
        Self {
            pieces: self.pieces.iter().map(|piece| change(piece)).collect(),
        }
    }

    /// The same with a wildcard at either end.
    #[must_use]
    pub fn within(&self) -> Self {
        let mut pieces = Vec::with_capacity(self.pieces.len() + 2);
        pieces.push(String::new());
        pieces.extend(self.pieces.iter().cloned());
        pieces.push(String::new());
        Self::of_pieces(pieces)
    }

    /// Whether the whole text matches: each piece is taken where it first fits, which finds
    /// a match if there is one, in time linear in the text for each piece.
    pub fn matches(&self, text: &str) -> bool {
        let (first, rest) = (&self.pieces[0], &self.pieces[1..]);
        let Some((last, middle)) = rest.split_last() else {
            return text == first;
        };
        let Some(mut left) = text.strip_prefix(first.as_str()) else {
            return false;
        };
        for piece in middle {
            match left.find(piece.as_str()) {
                Some(at) => left = &left[at + piece.len()..],
                None => return false,
            }
        }
        left.ends_with(last.as_str())
    }

    /// As a pattern of SQLite's GLOB, whose own wildcards are escaped.
    pub fn glob(&self) -> String {
        let escaped = |piece: &String| {
            let mut text = String::with_capacity(piece.len());
            for c in piece.chars() {
                match c {
                    '*' | '?' | '[' => {
                        text.push('[');
                        text.push(c);
                        text.push(']');
                    }
                    c => text.push(c),
                }
            }
            text
        };
        self.pieces
            .iter()
            .map(escaped)
            .collect::<Vec<_>>()
            .join("*")
    }
}
