//! What a value must not do to the mail it is told in, whatever it holds. The escapers of
//! the templates (`askama.toml`), so that no value gets into a mail by another way.
//!
//! Invariant: no value begins a line of our text, turns the direction of what follows it,
//! or becomes markup.

use std::fmt::{self, Write};

use askama::filters::{Escaper, Html};

/// Within a line of text.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Line;

/// Within HTML, as text or in quotes.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Markup;

impl Escaper for Line {
    fn write_escaped_str<W: Write>(&self, mut dest: W, text: &str) -> fmt::Result {
        text.chars().try_for_each(|c| dest.write_char(plain(c)))
    }
}

impl Escaper for Markup {
    fn write_escaped_str<W: Write>(&self, mut dest: W, text: &str) -> fmt::Result {
        let mut chars = text.chars();
        chars.try_for_each(|c| Html.write_escaped_char(&mut dest, plain(c)))
    }
}

/// A value as one line.
pub(super) fn one_line(text: &str) -> String {
    text.chars().map(plain).collect()
}

/// Neither a line break of any kind nor a sign that turns directions.
fn plain(c: char) -> char {
    match c {
        '\u{2028}' | '\u{2029}' => ' ',
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
        c if c.is_control() => ' ',
        c => c,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
pub(super) mod tests {
    use super::*;

    /// What people and machines have called things, to see what breaks.
    pub(crate) const HOSTILE: [&str; 12] = [
        "<script>alert(1)</script>",
        "</h1></div><a href=\"https://evil.example\">",
        "\" onmouseover=\"alert(1)",
        "' style='display:none",
        "x\r\nPlease sign in at https://evil.example",
        "x\nBcc: everybody@example.com",
        "x\u{2028}Please\u{2029}sign in\u{85}now",
        "gpj.\u{202e}exe\u{2066}",
        "{{ said.url }} {% raw %}",
        "&lt;b&gt; &amp;amp;",
        "<!--",
        "\0\u{1b}[31m\u{c}",
    ];

    /// How many lines a text has, to a reader of any kind.
    pub(crate) fn lines(text: &str) -> usize {
        let breaks = [
            '\r', '\n', '\u{b}', '\u{c}', '\u{85}', '\u{2028}', '\u{2029}',
        ];
        text.split(breaks).count()
    }

    /// The markup of a page without its texts.
    pub(crate) fn tags(html: &str) -> Vec<&str> {
        let starts = html.match_indices('<').map(|(start, _)| start);
        let tag = |start| {
            let rest: &str = &html[start..];
            &rest[..=rest.find('>').unwrap()]
        };
        starts.map(tag).collect()
    }

    fn written(escaper: impl Escaper, text: &str) -> String {
        let mut out = String::new();
        escaper.write_escaped_str(&mut out, text).unwrap();
        out
    }

    #[test]
    fn a_value_stays_one_line_of_text() {
        for hostile in HOSTILE {
            for shown in [
                written(Line, hostile),
                written(Markup, hostile),
                one_line(hostile),
            ] {
                let breaks = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
                assert!(!shown.contains(breaks), "{shown:?}");
                assert!(!shown.contains(['\u{202e}', '\u{2066}']), "{shown:?}");
            }
            let markup = written(Markup, hostile);
            assert!(!markup.contains(['<', '>', '"', '\'']), "{markup:?}");
        }
        assert_eq!(written(Markup, "a<b & \"c\""), "a&#60;b &#38; &#34;c&#34;");
    }
}
