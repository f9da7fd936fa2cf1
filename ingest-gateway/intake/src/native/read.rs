//! Strict readers of single values: a wrong type is an error that names its path.

use std::{borrow::Cow, fmt};

use event_model::free::Free;

use super::super::{
    Invalid,
    json::{self, Budget, Json},
    scrub, sentry, time,
};

/// A field's path; a chain on the stack, written out only in an error.
#[derive(Clone, Copy)]
pub(super) struct Path<'p> {
    parent: Option<&'p Path<'p>>,
    step: Step<'p>,
}

#[derive(Clone, Copy)]
enum Step<'p> {
    Root,
    Key(&'p str),
    Index(usize),
}

impl<'p> Path<'p> {
    pub(super) const ROOT: Path<'static> = Path {
        parent: None,
        step: Step::Root,
    };

    pub(super) const fn key(&'p self, key: &'p str) -> Path<'p> {
        Path {
            parent: Some(self),
            step: Step::Key(key),
        }
    }

    pub(super) const fn index(&'p self, index: usize) -> Path<'p> {
        Path {
            parent: Some(self),
            step: Step::Index(index),
        }
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(parent) = self.parent else {
            return Ok(());
        };
        parent.fmt(f)?;
        match self.step {
            Step::Root => Ok(()),
            Step::Key(key) if matches!(parent.step, Step::Root) => f.write_str(key),
            Step::Key(key) => write!(f, ".{key}"),
            Step::Index(index) => write!(f, "[{index}]"),
        }
    }
}

pub(super) fn wrong(path: &Path<'_>, expected: &str, found: &Json<'_>) -> Invalid {
    Invalid::field(
        path.to_string(),
        format!("must be {expected}, not {}", found.kind()),
    )
}

/// An object's members, in the client's order.
pub(super) type Members<'a> = Vec<(Cow<'a, str>, Json<'a>)>;

/// The values of `names` in their order (null where missing), and the rest.
pub(super) fn fields<'a, const N: usize>(
    json: Json<'a>,
    path: &Path<'_>,
    names: &[&str; N],
) -> Result<([Json<'a>; N], Members<'a>), Invalid> {
    let mut slots = [const { Json::Null }; N];
    let mut others = Vec::new();
    for (key, value) in members(json, path)? {
        match names.iter().position(|name| *name == key) {
            Some(at) => slots[at] = value,
            None => others.push((key, value)),
        }
    }
    Ok((slots, others))
}

/// An object's members; null is an empty one.
pub(super) fn members<'a>(json: Json<'a>, path: &Path<'_>) -> Result<Members<'a>, Invalid> {
    match json {
        Json::Null => Ok(Vec::new()),
        Json::Object(members) => Ok(members.collect()),
        other => Err(wrong(path, "an object", &other)),
    }
}

/// A list's items; null is an empty one.
pub(super) fn list<'a>(json: Json<'a>, path: &Path<'_>) -> Result<Vec<Json<'a>>, Invalid> {
    match json {
        Json::Null => Ok(Vec::new()),
        Json::Array(items) => Ok(items.collect()),
        other => Err(wrong(path, "a list", &other)),
    }
}

/// A string, cut at what a message may have; null is an empty one.
pub(super) fn text(json: Json<'_>, path: &Path<'_>) -> Result<String, Invalid> {
    Ok(json::cut(
        borrowed_text(json, path)?,
        sentry::MESSAGE_BYTES_MAX,
    ))
}

/// A string, whole.
pub(super) fn borrowed_text<'a>(json: Json<'a>, path: &Path<'_>) -> Result<Cow<'a, str>, Invalid> {
    match json {
        Json::Null => Ok(Cow::Borrowed("")),
        Json::String(text) => Ok(text),
        other => Err(wrong(path, "a string", &other)),
    }
}

/// A string, trimmed and cut at `chars_max` characters.
pub(super) fn short(json: Json<'_>, path: &Path<'_>, chars_max: usize) -> Result<String, Invalid> {
    let text = borrowed_text(json, path)?;
    Ok(text.trim().chars().take(chars_max).collect())
}

/// 1-based; 0: unknown.
pub(super) fn number(json: &Json<'_>, path: &Path<'_>) -> Result<u32, Invalid> {
    match json {
        Json::Null => Ok(0),
        Json::Number(_) => {
            let number = json.as_integer().and_then(|n| u32::try_from(n).ok());
            number.ok_or_else(|| {
                Invalid::field(
                    path.to_string(),
                    "must be a whole number from 0 to 4294967295",
                )
            })
        }
        other => Err(wrong(path, "a number", other)),
    }
}

/// True, false or nothing.
pub(super) fn boolean(json: &Json<'_>, path: &Path<'_>) -> Result<Option<bool>, Invalid> {
    match json {
        Json::Null => Ok(None),
        Json::Bool(value) => Ok(Some(*value)),
        other => Err(wrong(path, "true or false", other)),
    }
}

/// RFC 3339, or seconds.
pub(super) fn timestamp(json: &Json<'_>, path: &Path<'_>) -> Result<Option<i64>, Invalid> {
    match json {
        Json::Null => Ok(None),
        Json::String(text) if text.is_empty() => Ok(None),
        Json::String(_) | Json::Number(_) => match time::read(json) {
            Some(ns) => Ok(Some(ns)),
            None => Err(Invalid::field(
                path.to_string(),
                "must be an RFC 3339 time (\"2026-11-22T12:00:00Z\") or Unix seconds",
            )),
        },
        other => Err(wrong(path, "an RFC 3339 time or Unix seconds", other)),
    }
}

/// An object of free form; the scrub is the whole event's.
pub(super) fn free_map(json: Json<'_>, path: &Path<'_>) -> Result<Free, Invalid> {
    let mut budget = Budget::new(sentry::FREE_BYTES_MAX, sentry::FREE_STRING_BYTES_MAX);
    match json {
        Json::Null => Ok(Free::new()),
        Json::Object(members) => Ok(scrub::unscrubbed(members, &mut budget)),
        other => Err(wrong(path, "an object", &other)),
    }
}
