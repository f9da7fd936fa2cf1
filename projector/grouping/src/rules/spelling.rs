//! What was probably meant by a word that nobody knows.

/// A word that is further from a known one is no slip of the pen, edits.
const EDITS_MAX: usize = 3;

/// The known word that is nearest, if any is near.
pub(super) fn nearest<'n>(word: &str, known: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let word: Vec<char> = word.chars().take(32).collect();
    let edits = |name: &str| {
        let mut row: Vec<usize> = (0..=word.len()).collect();
        for (at, c) in name.chars().enumerate() {
            let mut before = row[0];
            row[0] = at + 1;
            for (i, other) in word.iter().enumerate() {
                let replaced = before + usize::from(c != *other);
                before = row[i + 1];
                row[i + 1] = replaced.min(row[i] + 1).min(before + 1);
            }
        }
        row[word.len()]
    };
    let near = known
        .map(|name| (edits(name), name))
        .min_by_key(|(edits, _)| *edits)?;
    (near.0 <= EDITS_MAX && near.0 < word.len()).then_some(near.1)
}
