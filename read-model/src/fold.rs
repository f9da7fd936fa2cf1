//! Texts as search compares them: without regard to case, in every alphabet, and to
//! the form in which the same letters may be written.
//!
//! Full case folding of Unicode ("Straße" is "STRASSE") after compatibility
//! normalisation (NFKC: full-width letters, ligatures, composed and decomposed
//! accents are one), and normalised again, for folding may decompose. Invariant:
//! folding what is folded changes nothing. What is stored folded and what is asked
//! for are folded by the same release, for another one's read model is rebuilt.

use icu_casemap::CaseMapper;
use icu_normalizer::ComposingNormalizer;

/// The text, folded.
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let normalizer = ComposingNormalizer::new_nfkc();
    let normal = normalizer.normalize(text);
    let folded = CaseMapper::new().fold_string(&normal);
    normalizer.normalize(&folded).into_owned()
}

/// Title and culprit of an issue, folded, to look for words in. The line feed
/// between them keeps a word from matching across both: words hold none.
pub(crate) fn folded_headline(title: &str, culprit: &str) -> String {
    let mut folded = fold(title);
    folded.push('\n');
    folded.push_str(&fold(culprit));
    folded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_letters_fold_alike_in_every_alphabet() {
        for alike in [
            ["TypeError: X", "typeerror: x"],
            ["Ошибка оплаты", "ошибка ОПЛАТЫ"],
            ["Übertragung", "u\u{308}bertragung"],
            ["Straße", "STRASSE"],
            ["ΣΊΣΥΦΟΣ", "σίσυφος"],
            ["ＡＢＣ", "abc"],
            ["ﬁnal", "FINAL"],
            ["Ǆ", "ǆ"],
            ["ᏣᎳᎩ", "ꮳꮃꭹ"],
            ["İ", "i\u{307}"],
            ["ｶﾞ", "ガ"],
        ] {
            assert_eq!(fold(alike[0]), fold(alike[1]), "{alike:?}");
        }
        assert_ne!(fold("e"), fold("é"), "accents tell words apart");
    }

    proptest::proptest! {
        #[test]
        fn folding_twice_changes_nothing(text in "\\PC{0,20}") {
            let once = fold(&text);
            proptest::prop_assert_eq!(fold(&once), once);
        }
    }
}
