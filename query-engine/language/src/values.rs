//! Typed values: what stands behind a key, by what its field holds.

pub(crate) mod number;
pub(crate) mod state;
pub(crate) mod time;
pub(crate) mod version;

use event_model::Level;

use crate::{
    error::{QueryError, Span, cut, nearest},
    field::{Field, Kind},
    pattern::Pattern,
    query::{Bounds, Test},
};

use self::{
    state::State,
    time::When,
    version::{Version, VersionTest},
};

/// A sign before a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sign {
    Equal,
    Less,
    AtMost,
    More,
    AtLeast,
}

/// What stands behind a key.
#[derive(Debug, Clone)]
pub(crate) struct Raw {
    pub(crate) sign: Option<Sign>,
    pub(crate) text: Pattern,
    /// The value, with its sign and quotes.
    pub(crate) span: Span,
}

impl Raw {
    fn error(&self, message: impl Into<String>) -> QueryError {
        QueryError::new(self.span, message)
    }

    /// The text, which may have no wildcard.
    fn literal(&self, field: &Field) -> Result<&str, QueryError> {
        self.text.as_literal().ok_or_else(|| {
            self.error(format!(
                "{} holds a {}: no wildcard can stand for it",
                field.name(),
                field.kind().name()
            ))
        })
    }
}

/// The test that a value stands for.
pub(crate) fn test(field: &Field, raw: &Raw) -> Result<Test, QueryError> {
    let kind = field.kind();
    if raw.sign.is_some_and(|sign| sign != Sign::Equal) && !kind.is_ordered() {
        return Err(raw.error(format!(
            "{} is not compared; put the value in quotes if the sign belongs to it",
            field.name()
        )));
    }
    match kind {
        Kind::Text | Kind::Words => Ok(Test::Text(raw.text.clone())),
        Kind::Project => Ok(Test::Project(raw.text.clone())),
        Kind::Version => version(field, raw),
        Kind::State => state::read(raw.literal(field)?)
            .map(Test::State)
            .ok_or_else(|| unknown(raw, field, State::ALL.iter().map(|(_, name)| *name))),
        Kind::Person => Ok(Test::Person(raw.literal(field)?.to_owned())),
        Kind::Level => {
            let names = || Level::ALL.iter().map(|level| level.name());
            let read =
                |text: &str| Level::from_text(text).ok_or_else(|| unknown(raw, field, names()));
            Ok(Test::Level(bounds(raw, raw.literal(field)?, read)?))
        }
        Kind::Number => {
            let read = |text: &str| {
                number::read(text).ok_or_else(|| {
                    raw.error(format!(
                        "{:?} is no number for {}: digits, with k or m behind them for thousands and millions",
                        cut(text),
                        field.name()
                    ))
                })
            };
            Ok(Test::Number(bounds(raw, raw.literal(field)?, read)?))
        }
        Kind::Time => time_bounds(field, raw),
        Kind::Age => age_bounds(field, raw),
        Kind::Flag => match raw.literal(field)?.to_ascii_lowercase().as_str() {
            "yes" | "true" => Ok(Test::Flag(true)),
            "no" | "false" => Ok(Test::Flag(false)),
            _ => Err(unknown(raw, field, ["yes", "no"].into_iter())),
        },
        Kind::EventId => {
            let text = raw.literal(field)?;
            text.parse().map(Test::Event).map_err(|_| {
                raw.error(format!(
                    "{:?} is not an event id of 32 hex digits",
                    cut(text)
                ))
            })
        }
        Kind::IssueId => {
            let text = raw.literal(field)?;
            text.parse().map(Test::Issue).map_err(|_| {
                raw.error(format!(
                    "{:?} is not an issue id of 16 hex digits",
                    cut(text)
                ))
            })
        }
    }
}

fn unknown<'w>(
    raw: &Raw,
    field: &Field,
    known: impl Iterator<Item = &'w str> + Clone,
) -> QueryError {
    let typed = raw.text.as_literal().unwrap_or_default();
    let allowed: Vec<&str> = known.clone().collect();
    raw.error(format!(
        "{:?} is none of {} for {}",
        cut(typed),
        allowed.join(", "),
        field.name()
    ))
    .suggest(nearest(typed, known))
}

/// Values of an order: with a sign, a range (`a..b`, either end may be open), or one.
fn bounds<T: Ord>(
    raw: &Raw,
    text: &str,
    read: impl Fn(&str) -> Result<T, QueryError>,
) -> Result<Bounds<T>, QueryError> {
    bounds_of(raw, text, read, |a, b| a > b)
}

/// The same of what has an order of its own.
fn bounds_of<T>(
    raw: &Raw,
    text: &str,
    read: impl Fn(&str) -> Result<T, QueryError>,
    is_after: impl Fn(&T, &T) -> bool,
) -> Result<Bounds<T>, QueryError> {
    if let Some((from, to)) = text.split_once("..") {
        if raw.sign.is_some() {
            return Err(raw.error("a range takes no sign"));
        }
        return match (from, to) {
            ("", "") => Err(raw.error("a range needs an end: 10..20, 10.. or ..20")),
            ("", to) => Ok(Bounds::AtMost(read(to)?)),
            (from, "") => Ok(Bounds::AtLeast(read(from)?)),
            (from, to) => {
                let (low, high) = (read(from)?, read(to)?);
                if is_after(&low, &high) {
                    return Err(raw
                        .error("the range ends before it begins")
                        .suggest(Some(format!("{}..{}", cut(to), cut(from)))));
                }
                Ok(Bounds::Between(low, high))
            }
        };
    }
    let value = read(text)?;
    Ok(match raw.sign {
        None | Some(Sign::Equal) => Bounds::Equal(value),
        Some(Sign::Less) => Bounds::Less(value),
        Some(Sign::AtMost) => Bounds::AtMost(value),
        Some(Sign::More) => Bounds::More(value),
        Some(Sign::AtLeast) => Bounds::AtLeast(value),
    })
}

/// `-24h` is the last 24 hours, `+24h` what was before them.
fn time_bounds(field: &Field, raw: &Raw) -> Result<Test, QueryError> {
    let text = raw.literal(field)?;
    let read = |text: &str| {
        time::read(text).ok_or_else(|| {
            raw.error(format!(
                "{:?} is no time for {}: 2026-11-01, 2026-11-01T10:30, -24h, +7d, today, yesterday or now",
                cut(text),
                field.name()
            ))
        })
    };
    let signed = raw.sign.is_some() || text.contains("..");
    if !signed && let Some(seconds) = text.strip_prefix('+').and_then(number::read_duration) {
        return Ok(Test::Time(Bounds::AtMost(When::Ago(seconds))));
    }
    Ok(Test::Time(
        match bounds_of(raw, text, read, When::is_surely_after)? {
            Bounds::Equal(ago @ When::Ago(_)) => Bounds::AtLeast(ago),
            other => other,
        },
    ))
}

/// `-24h` is younger than 24 hours, `+24h` older.
fn age_bounds(field: &Field, raw: &Raw) -> Result<Test, QueryError> {
    let text = raw.literal(field)?;
    let refuse = |text: &str| {
        raw.error(format!(
            "{:?} is no age for {}: -24h is younger than 24 hours, +7d is older than 7 days; also >1h, 1d..7d",
            cut(text),
            field.name()
        ))
    };
    let read = |text: &str| number::read_duration(text).ok_or_else(|| refuse(text));
    if raw.sign.is_none() && !text.contains("..") {
        let signed = text.split_at_checked(1);
        return match signed.map(|(sign, rest)| (sign, number::read_duration(rest))) {
            Some(("-", Some(seconds))) => Ok(Test::Age(Bounds::AtMost(seconds))),
            Some(("+", Some(seconds))) => Ok(Test::Age(Bounds::AtLeast(seconds))),
            _ => {
                let given = number::read_duration(text);
                Err(refuse(text).suggest(given.map(|_| format!("-{text}"))))
            }
        };
    }
    Ok(Test::Age(bounds(raw, text, read)?))
}

fn version(field: &Field, raw: &Raw) -> Result<Test, QueryError> {
    let refuse = || {
        raw.error(format!(
            "{} takes a version such as 2.1, 2.1.0-beta.1 or 2.1.*",
            field.name()
        ))
    };
    if let [numbers, rest] = raw.text.pieces()
        && rest.is_empty()
        && raw.sign.is_none()
    {
        let numbers = numbers.strip_suffix('.').and_then(version::numbers);
        let numbers = numbers.ok_or_else(refuse)?;
        return Ok(Test::Version(VersionTest::Within(numbers)));
    }
    let text = raw.text.as_literal().ok_or_else(refuse)?;
    let read = |text: &str| Version::read(text).ok_or_else(refuse);
    Ok(Test::Version(VersionTest::Bounds(bounds(raw, text, read)?)))
}
