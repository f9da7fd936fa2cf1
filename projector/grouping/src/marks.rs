//! Many short words looked for in short texts: names, files and messages are asked hundreds of
//! such questions, and almost all are answered by a text's first bytes, or by which bytes it
//! has at all.
//!
//! Invariant: the answers are those of `starts_with`, `==` and `find`, for any text.

/// Bytes that are compared in one step.
const HEAD_BYTES: usize = 8;

/// The first bytes of a text, as a number; zeros behind its end.
fn head_of(text: &str) -> u64 {
    let bytes = text.as_bytes();
    if let Some(first) = bytes.first_chunk::<HEAD_BYTES>() {
        return u64::from_le_bytes(*first);
    }
    let mut head = [0; HEAD_BYTES];
    head[..bytes.len()].copy_from_slice(bytes);
    u64::from_le_bytes(head)
}

/// The same of a word, and which bits of a text's are to be compared with it.
const fn head_of_word(word: &str) -> (u64, u64) {
    let bytes = word.as_bytes();
    assert!(!bytes.is_empty(), "an empty word stands everywhere");
    let (mut head, mut mask, mut at) = (0, 0, 0);
    while at < bytes.len() && at < HEAD_BYTES {
        // A zero is what stands behind a text's end.
        assert!(bytes[at] != 0, "a word without zeros");
        head |= (bytes[at] as u64) << (8 * at);
        mask |= 0xFF << (8 * at);
        at += 1;
    }
    (head, mask)
}

/// Words, of which a text may begin with one, or be one.
pub(crate) struct Words<const N: usize> {
    all: [&'static str; N],
    heads: [(u64, u64); N],
    /// Which bytes one of them begins with.
    first: [bool; 256],
}

impl<const N: usize> Words<N> {
    /// None of which is empty.
    pub(crate) const fn of(words: [&'static str; N]) -> Self {
        let mut heads = [(0, 0); N];
        let mut first = [false; 256];
        let mut at = 0;
        while at < N {
            heads[at] = head_of_word(words[at]);
            first[words[at].as_bytes()[0] as usize] = true;
            at += 1;
        }
        Self {
            all: words,
            heads,
            first,
        }
    }

    /// Whether a text begins with one of them.
    pub(crate) fn begin(&self, text: &str) -> bool {
        self.first_of(text).is_some()
    }

    /// The first of them that a text begins with.
    pub(crate) fn first_of(&self, text: &str) -> Option<&'static str> {
        self.found(text, |word| {
            word.len() <= HEAD_BYTES || text.starts_with(word)
        })
    }

    /// Whether a text is one of them.
    pub(crate) fn has(&self, text: &str) -> bool {
        self.found(text, |word| text == word).is_some()
    }

    fn found(&self, text: &str, fits: impl Fn(&str) -> bool) -> Option<&'static str> {
        let first = text.as_bytes().first()?;
        if !self.first[usize::from(*first)] {
            return None;
        }
        let head = head_of(text);
        let mut words = self.all.iter().zip(&self.heads);
        let found = words.find(|(word, (of_word, mask))| head & mask == *of_word && fits(word));
        found.map(|(word, _)| *word)
    }
}

/// Which ASCII bytes a text has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Signs {
    /// Those below 64: digits and most signs.
    low: u64,
    /// The others: letters, and `@[\]^_{|}~` and the backtick.
    high: u64,
}

impl Signs {
    /// Those of a text.
    pub(crate) const fn of(text: &str) -> Self {
        let bytes = text.as_bytes();
        let (mut low, mut high, mut at) = (0, 0, 0);
        while at < bytes.len() {
            let bit = 1 << (bytes[at] & 63);
            low |= if bytes[at] < 64 { bit } else { 0 };
            high |= if bytes[at] >> 6 == 1 { bit } else { 0 };
            at += 1;
        }
        Self { low, high }
    }

    /// Whether this one is among them; no other than ASCII is.
    pub(crate) const fn has(self, byte: u8) -> bool {
        let bits = match byte >> 6 {
            0 => self.low,
            1 => self.high,
            _ => 0,
        };
        bits >> (byte & 63) & 1 == 1
    }

    /// Whether all of those are among these.
    const fn hold(self, those: Self) -> bool {
        self.low & those.low == those.low && self.high & those.high == those.high
    }
}

/// Words that may stand anywhere in a text.
pub(crate) struct Marks<const N: usize> {
    words: [&'static str; N],
    signs: [Signs; N],
}

impl<const N: usize> Marks<N> {
    pub(crate) const fn of(words: [&'static str; N]) -> Self {
        let mut signs = [Signs { low: 0, high: 0 }; N];
        let mut at = 0;
        while at < N {
            signs[at] = Signs::of(words[at]);
            at += 1;
        }
        Self { words, signs }
    }

    /// Those that a text of these signs may hold: all that it holds, and few others.
    pub(crate) fn likely(&self, signs: Signs) -> impl Iterator<Item = &'static str> {
        let words = self.words.iter().zip(&self.signs);
        let likely = words.filter(move |(_, of_word)| signs.hold(**of_word));
        likely.map(|(word, _)| *word)
    }

    /// Whether a text of these signs holds one of them.
    pub(crate) fn are_in(&self, text: &str, signs: Signs) -> bool {
        self.likely(signs).any(|word| text.contains(word))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Marks, Signs, Words};

    /// Long ones before those that they begin with.
    const WORDS: [&str; 9] = [
        "abcdefghi",
        "abcdefgh.j",
        "aaaaaaaaaaaa",
        "abcdefgh",
        "ab.",
        "a",
        "::",
        "é",
        "b$",
    ];
    static KNOWN: Words<9> = Words::of(WORDS);
    static MARKS: Marks<9> = Marks::of(WORDS);

    /// Words of the list, whole, cut, and with more behind them; and zeros, as behind a
    /// text's end.
    fn texts() -> impl Strategy<Value = String> {
        let part = prop::sample::select(
            &[
                "a", "ab.", "abcdefgh", "i", ".j", ":", "é", "\0", "$", "b", "aaaa",
            ][..],
        );
        prop::collection::vec(part, 0..5).prop_map(|parts| parts.concat())
    }

    proptest! {
        #[test]
        fn words_are_found_as_if_each_were_compared(text in prop_oneof![texts(), "\\PC{0,12}"]) {
            let begins = WORDS.iter().find(|word| text.starts_with(**word)).copied();
            prop_assert_eq!(KNOWN.first_of(&text), begins);
            prop_assert_eq!(KNOWN.begin(&text), begins.is_some());
            prop_assert_eq!(KNOWN.has(&text), WORDS.contains(&text.as_str()));
        }

        #[test]
        fn marks_are_found_as_if_each_were_looked_for(
            text in prop_oneof![texts(), "\\PC{0,24}", "[a-c$:.@é]{0,24}"],
        ) {
            let signs = Signs::of(&text);
            let held = WORDS.iter().filter(|word| text.contains(**word));
            let likely: Vec<&str> = MARKS.likely(signs).collect();
            for word in held.clone() {
                prop_assert!(likely.contains(word), "{:?}", word);
            }
            prop_assert_eq!(MARKS.are_in(&text, signs), held.count() > 0);
            for byte in 0..=u8::MAX {
                let has = byte.is_ascii() && text.as_bytes().contains(&byte);
                prop_assert_eq!(signs.has(byte), has, "{:?}", byte);
            }
        }
    }

    #[test]
    fn signs_that_are_not_there_rule_a_mark_out() {
        let likely: Vec<&str> = MARKS.likely(Signs::of("cab.hijdefg")).collect();
        assert_eq!(
            likely,
            [
                "abcdefghi",
                "abcdefgh.j",
                "aaaaaaaaaaaa",
                "abcdefgh",
                "ab.",
                "a",
                "é"
            ]
        );
        // What is not ASCII is no sign: any text may hold it.
        assert_eq!(MARKS.likely(Signs::of("")).collect::<Vec<_>>(), ["é"]);
    }
}
