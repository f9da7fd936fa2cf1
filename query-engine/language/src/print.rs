//! A tree as text, which is read as the same tree.

use std::fmt;

use crate::{
    expression::Expression,
    field::{Field, Key, TAG_PREFIX},
    grammar::adds_up,
    pattern::Pattern,
    query::{Bounds, Query, Term, Test},
    values::{number::print_duration, time::When, version::VersionTest},
};

impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.root {
            Some(root) => write!(f, "{root}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Expression<Term> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Or(parts) => joined(f, parts, " OR ", false),
            Self::And(parts) => {
                let between = if adds_up(parts) { " AND " } else { " " };
                joined(f, parts, between, true)
            }
            Self::Not(inner) => {
                f.write_str("!")?;
                enclosed(f, inner, matches!(**inner, Self::And(_) | Self::Or(_)))
            }
            Self::Term(term) => term.fmt(f),
        }
    }
}

fn joined(
    f: &mut fmt::Formatter<'_>,
    parts: &[Expression<Term>],
    between: &str,
    is_and: bool,
) -> fmt::Result {
    for (at, part) in parts.iter().enumerate() {
        if at > 0 {
            f.write_str(between)?;
        }
        enclosed(f, part, is_and && matches!(part, Expression::Or(_)))?;
    }
    Ok(())
}

fn enclosed(f: &mut fmt::Formatter<'_>, part: &Expression<Term>, is_enclosed: bool) -> fmt::Result {
    if is_enclosed {
        write!(f, "({part})")
    } else {
        write!(f, "{part}")
    }
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.test == Test::Present {
            return write!(f, "has:{}", key(&self.field, true));
        }
        if self.field != Field::Any {
            write!(f, "{}:", key(&self.field, false))?;
        }
        f.write_str(&self.test.to_string())
    }
}

/// A key as it is typed.
pub(crate) fn key(field: &Field, is_value: bool) -> String {
    let tag = match field {
        Field::Any => return String::new(),
        Field::Known(known) => return known.info().name.to_owned(),
        Field::Tag(tag) => tag.as_str(),
    };
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '-');
    if tag.is_empty() || !tag.chars().all(is_plain) {
        let quoted = quoted(&Pattern::literal(tag));
        return if is_value {
            quoted
        } else {
            format!("{TAG_PREFIX}{quoted}")
        };
    }
    let is_own = tag.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && Key::of_name(tag).is_none()
        && !tag.eq_ignore_ascii_case("has")
        && !tag.starts_with(TAG_PREFIX);
    if is_own {
        tag.to_owned()
    } else {
        format!("{TAG_PREFIX}{tag}")
    }
}

impl fmt::Display for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Present => Ok(()),
            Self::Text(pattern) | Self::Project(pattern) => f.write_str(&value(pattern)),
            Self::State(state) => f.write_str(state.name()),
            Self::Level(ends) => f.write_str(&bounds(ends, |level| level.name().to_owned())),
            Self::Number(ends) => f.write_str(&bounds(ends, u64::to_string)),
            Self::Time(ends) => f.write_str(&bounds(ends, |when: &When| when.print())),
            // Without a sign an age is none.
            Self::Age(Bounds::Equal(age)) => write!(f, "={}", print_duration(*age)),
            Self::Age(ends) => f.write_str(&bounds(ends, |age| print_duration(*age))),
            Self::Version(VersionTest::Bounds(ends)) => {
                f.write_str(&bounds(ends, ToString::to_string))
            }
            Self::Version(VersionTest::Within(numbers)) => {
                write!(f, "{}*", VersionTest::prefix(numbers))
            }
            Self::Person(text) => f.write_str(&value(&Pattern::literal(text.as_str()))),
            Self::Flag(flag) => f.write_str(if *flag { "yes" } else { "no" }),
            Self::Event(id) => id.fmt(f),
            Self::Issue(id) => id.fmt(f),
        }
    }
}

fn bounds<T>(bounds: &Bounds<T>, print: impl Fn(&T) -> String) -> String {
    match bounds {
        Bounds::Equal(value) => print(value),
        Bounds::Less(value) => format!("<{}", print(value)),
        Bounds::AtMost(value) => format!("<={}", print(value)),
        Bounds::More(value) => format!(">{}", print(value)),
        Bounds::AtLeast(value) => format!(">={}", print(value)),
        Bounds::Between(from, to) => format!("{}..{}", print(from), print(to)),
    }
}

/// A value as it is typed: in quotes unless it is plainly one word.
pub(crate) fn value(pattern: &Pattern) -> String {
    let plain = pattern.pieces().join("*");
    let is_word = |c: char| c.is_alphanumeric() || "_-.@/+,#%=~&$*".contains(c);
    let begins = |c: char| c.is_alphanumeric() || matches!(c, '_' | '*');
    let has_stars = pattern.pieces().iter().any(|piece| piece.contains('*'));
    let is_plain = plain.starts_with(begins)
        && plain.chars().all(is_word)
        && !has_stars
        && !matches!(plain.as_str(), "AND" | "OR" | "NOT");
    if is_plain { plain } else { quoted(pattern) }
}

fn quoted(pattern: &Pattern) -> String {
    let escaped = |piece: &String| {
        let mut text = String::with_capacity(piece.len() + 2);
        for c in piece.chars() {
            if matches!(c, '"' | '\\' | '*') {
                text.push('\\');
            }
            text.push(c);
        }
        text
    };
    let pieces: Vec<String> = pattern.pieces().iter().map(escaped).collect();
    format!("\"{}\"", pieces.join("*"))
}
