#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::*;

/// The pieces of a text with their kinds: `m:error.type:`.
fn told(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let piece = |token: Token| {
        let kind = match token.kind {
            Kind::Comment => 'c',
            Kind::Matcher => 'm',
            Kind::Pattern => 'p',
            Kind::Sign => 's',
            Kind::Action => 'a',
            Kind::Text => 't',
            Kind::Variable => 'v',
        };
        let chars = lines[token.line as usize - 1].chars();
        let text: String = chars
            .skip(token.column as usize - 1)
            .take(token.length as usize)
            .collect();
        format!("{kind}({text})")
    };
    let tokens = tokens(text, 1_000);
    tokens.into_iter().map(piece).collect::<Vec<_>>().join(" ")
}

#[test]
fn a_line_is_told_piece_by_piece() {
    for (line, expected) in [
        ("", ""),
        ("  # é -> a:b", "c(# é -> a:b)"),
        (
            "error.type:Käse !level:\"a b\" -> db, {{ level }}x title=\"In {{ message }}\" # why",
            "m(error.type:) p(Käse) s(!) m(level:) p(\"a b\") s(->) t(db) s(,) v({{ level }}) t(x) \
             t(title=\"In ) v({{ message }}) t(\") c(# why)",
        ),
        (
            "[ function:a* ] | path:b -app ^-group max-frames=3  # x",
            "s([) m(function:) p(a*) s(]) s(|) m(path:) p(b) a(-app) a(^-group) a(max-frames=3) c(# x)",
        ),
        (
            "[function:a] | path:b -app",
            "s([) m(function:) p(a) s(]) s(|) m(path:) p(b) a(-app)",
        ),
        (
            "message:\"a -> b\" -> c",
            "m(message:) p(\"a -> b\") s(->) t(c)",
        ),
        ("type:x -app # a -> b", "m(type:) p(x) a(-app) c(# a -> b)"),
        // What the parser refuses.
        ("type:\"open", "p(\"open)"),
        ("type:x -> {{ open", "m(type:) p(x) s(->) v({{ open)"),
        ("nonsense", "a(nonsense)"),
    ] {
        assert_eq!(told(line), expected, "{line}");
    }
}

#[test]
fn no_more_pieces_are_told_than_wanted_and_lines_are_whole() {
    assert_eq!(
        tokens(&format!("type:x -> {}", ",".repeat(1 << 20)), 50),
        []
    );
    let lines = "type:x -> y\n".repeat(20);
    let told = tokens(&lines, 50);
    assert_eq!((told.len(), told.last().unwrap().line), (48, 12));
}

proptest! {
    #[test]
    fn pieces_follow_each_other_and_are_of_what_is_there(
        words in prop::collection::vec(prop::sample::select(&[
            "type:x", "function:*", "[", "]", "|", "->", "{{", "}}", "default", "-app", "é:ü",
            "title=", "\"", "!", ":", "a", "#", ",", "\n", " ", "\\",
        ][..]), 0..24),
    ) {
        let text = words.concat();
        let lines: Vec<usize> = text.lines().map(|line| line.chars().count()).collect();
        let mut end = (0, 0);
        for token in tokens(&text, 1_000) {
            prop_assert!(token.length > 0);
            prop_assert!((token.line, token.column) >= end, "{token:?} in {text:?}");
            end = (token.line, token.column + token.length);
            let length = lines[token.line as usize - 1];
            prop_assert!((token.column + token.length) as usize <= length + 1, "{token:?} in {text:?}");
        }
    }
}
