//! JSON as clients send it, read leniently in one pass and without a tree.
//!
//! A text is read once into a [`Tape`]; a [`Json`] is one of its values, made when it
//! is looked at. Invariant: strings without escapes borrow the body; nothing is
//! deeper than [`DEPTH_MAX`]; no string holds a NUL or a lone surrogate (both
//! U+FFFD). What real clients get wrong (lone surrogates, invalid UTF-8, raw control
//! characters, `NaN`, numbers beyond f64) is repaired on the way. Fails with
//! [`Invalid`] and the position only on what is no JSON at all.

mod budget;
pub(crate) mod parts;
mod tape;
#[cfg(test)]
mod tests;
mod text;

use std::{borrow::Cow, fmt};

use event_model::free::Writer;
use serde_json::{Map, Number, Value};

pub(crate) use self::budget::{Budget, cut, shorten};
use self::tape::{Broken, Kind, Tape};
use super::Invalid;

/// Levels of nesting kept; deeper arrays and objects become [`TOO_DEEP`]. Below
/// serde_json's own limit of 128, so that depth never fails who reads it later.
pub(crate) const DEPTH_MAX: u8 = 64;
/// Stands for what was nested too deep.
pub(crate) const TOO_DEEP: &str = "[too deep]";
/// Stands for what did not fit a [`Budget`].
pub(crate) const TRUNCATED: &str = "[truncated]";

/// One JSON value.
#[derive(Debug, Clone)]
pub(crate) enum Json<'t> {
    Null,
    Bool(bool),
    Number(Num<'t>),
    String(Cow<'t, str>),
    Array(List<'t>),
    Object(Object<'t>),
}

/// Reads `bytes` and hands the value to `with`: it may borrow a repaired copy.
pub(crate) fn read<T>(bytes: &[u8], with: impl FnOnce(Json<'_>) -> T) -> Result<T, Invalid> {
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => String::from_utf8_lossy(bytes),
    };
    match Tape::read(&text) {
        Ok(tape) => Ok(with(Json::at(&tape, 0))),
        Err(broken) => Err(not_json(&text, &broken)),
    }
}

fn not_json(text: &str, broken: &Broken) -> Invalid {
    let before = &text[..text.floor_char_boundary(broken.at)];
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().map_or(0, str::len) + 1;
    Invalid::malformed(format!(
        "not JSON: expected {} at line {line} column {column}",
        broken.expected
    ))
}

/// A number, as it was written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Num<'t> {
    text: &'t str,
    /// Not as JSON writes it.
    odd: bool,
}

impl Num<'_> {
    pub(crate) fn as_i64(self) -> Option<i64> {
        self.text.parse().ok()
    }

    pub(crate) fn as_f64(self) -> Option<f64> {
        self.text.parse().ok()
    }

    /// Writes it as JSON writes numbers.
    pub(crate) fn write(self, out: &mut Writer) {
        if self.odd {
            out.number(&self.to_string());
        } else {
            out.number(self.text);
        }
    }

    /// As a tree has it.
    pub(crate) fn to_number(self) -> Option<Number> {
        if !self.odd
            && let Ok(number) = serde_json::from_str(self.text)
        {
            return Some(number);
        }
        Number::from_f64(self.as_f64()?)
    }
}

impl fmt::Display for Num<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.odd {
            return f.write_str(self.text);
        }
        match self.as_f64() {
            Some(number) if number.fract() == 0.0 && number.abs() < 9e15 => {
                write!(f, "{}", number as i64)
            }
            number => match number.and_then(Number::from_f64) {
                Some(number) => number.fmt(f),
                None => f.write_str("null"),
            },
        }
    }
}

/// The items of an array.
#[derive(Debug, Clone)]
pub(crate) struct List<'t> {
    tape: &'t Tape<'t>,
    at: usize,
    end: usize,
}

impl List<'_> {
    /// How many are left. Cost: a step for each.
    pub(crate) fn length(&self) -> usize {
        let (mut at, mut count) = (self.at, 0);
        while at < self.end {
            at = self.tape.behind(at);
            count += 1;
        }
        count
    }

    /// Passes over all but the last `max`.
    pub(crate) fn keep_last(&mut self, max: usize) {
        self.pass(self.length().saturating_sub(max));
    }

    /// Passes over the next `items`, without a look at them.
    pub(crate) fn pass(&mut self, items: usize) {
        for _ in 0..items {
            if self.at < self.end {
                self.at = self.tape.behind(self.at);
            }
        }
    }
}

impl<'t> Iterator for List<'t> {
    type Item = Json<'t>;

    fn next(&mut self) -> Option<Json<'t>> {
        if self.at >= self.end {
            return None;
        }
        let json = Json::at(self.tape, self.at);
        self.at = self.tape.behind(self.at);
        Some(json)
    }
}

/// The members of an object in the client's order; a key may occur twice, the last
/// one counts.
#[derive(Debug, Clone)]
pub(crate) struct Object<'t> {
    tape: &'t Tape<'t>,
    at: usize,
    end: usize,
}

impl<'t> Object<'t> {
    pub(crate) fn is_empty(&self) -> bool {
        self.at >= self.end
    }

    /// Its text and how deep it lies, if it is one that is often the same (a frame, a
    /// member of the whole) and nothing was taken from it yet. Two of the same text and
    /// depth are the same.
    pub(crate) fn whole(&self) -> Option<(&'t str, u8)> {
        self.tape.whole(self.at)
    }

    /// The keys, in their order.
    pub(crate) fn keys(&self) -> impl Iterator<Item = Cow<'t, str>> + use<'t> {
        let tape = self.tape;
        self.places().map(move |at| string(tape, at))
    }

    /// The keys as they were written; nothing for one with escapes.
    pub(crate) fn plain_keys(&self) -> impl Iterator<Item = Option<&'t str>> + use<'t> {
        let tape = self.tape;
        self.places().map(move |at| {
            let node = tape.node(at);
            (node.kind == Kind::Plain).then(|| tape.text(node))
        })
    }

    fn places(&self) -> impl Iterator<Item = usize> + use<'t> {
        let (tape, end) = (self.tape, self.end);
        let first = (self.at < end).then_some(self.at);
        std::iter::successors(first, move |at| {
            let next = tape.behind(at + 1);
            (next < end).then_some(next)
        })
    }

    /// The value of `key`; the last if there are several.
    pub(crate) fn get(&self, key: &str) -> Option<Json<'t>> {
        let (mut at, mut found) = (self.at, None);
        while at < self.end {
            if string(self.tape, at) == key {
                found = Some(at + 1);
            }
            at = self.tape.behind(at + 1);
        }
        found.map(|at| Json::at(self.tape, at))
    }
}

impl<'t> Iterator for Object<'t> {
    type Item = (Cow<'t, str>, Json<'t>);

    fn next(&mut self) -> Option<Self::Item> {
        if self.at >= self.end {
            return None;
        }
        let member = (string(self.tape, self.at), Json::at(self.tape, self.at + 1));
        self.at = self.tape.behind(self.at + 1);
        Some(member)
    }
}

fn string<'t>(tape: &'t Tape<'_>, at: usize) -> Cow<'t, str> {
    let node = tape.node(at);
    match node.kind {
        Kind::Plain => Cow::Borrowed(tape.text(node)),
        _ => Cow::Owned(text::decode(tape.text(node))),
    }
}

impl<'t> Json<'t> {
    fn at(tape: &'t Tape<'_>, at: usize) -> Self {
        let node = tape.node(at);
        match node.kind {
            Kind::Null => Json::Null,
            Kind::True => Json::Bool(true),
            Kind::False => Json::Bool(false),
            Kind::Number | Kind::OddNumber => Json::Number(Num {
                text: tape.text(node),
                odd: node.kind == Kind::OddNumber,
            }),
            Kind::Plain | Kind::Escaped => Json::String(string(tape, at)),
            Kind::TooDeep => Json::String(Cow::Borrowed(TOO_DEEP)),
            Kind::Array => Json::Array(List {
                tape,
                at: at + 1,
                end: tape.behind(at),
            }),
            Kind::Object => Json::Object(Object {
                tape,
                at: at + 1,
                end: tape.behind(at),
            }),
        }
    }

    pub(crate) fn is_null(&self) -> bool {
        matches!(self, Json::Null)
    }

    /// The same as an owned value, as far as the budget goes.
    pub(crate) fn into_value(self, budget: &mut Budget) -> Value {
        match self {
            Json::Null => {
                budget.take(0);
                Value::Null
            }
            Json::Bool(value) => {
                budget.take(1);
                Value::Bool(value)
            }
            Json::Number(number) => {
                budget.take(8);
                number.to_number().map_or(Value::Null, Value::Number)
            }
            Json::String(text) => budget
                .string(text)
                .map_or_else(|| TRUNCATED.into(), |text| Value::String(text.into_owned())),
            Json::Array(items) => Value::Array(owned_items(items, budget, Json::into_value)),
            Json::Object(members) => {
                Value::Object(owned_members(members, budget, Json::into_value))
            }
        }
    }

    /// A text: strings as they are, numbers and booleans as JSON writes them.
    pub(crate) fn into_text(self) -> Option<Cow<'t, str>> {
        match self {
            Json::String(text) => Some(text),
            Json::Number(number) if !number.odd => Some(Cow::Borrowed(number.text)),
            Json::Number(number) => Some(number.to_string().into()),
            Json::Bool(value) => Some(if value { "true" } else { "false" }.into()),
            Json::Null | Json::Array(_) | Json::Object(_) => None,
        }
    }

    /// Any value as a text; arrays and objects as compact JSON.
    pub(crate) fn into_any_text(self, bytes_max: usize) -> Option<Cow<'t, str>> {
        match self {
            json @ (Json::Array(_) | Json::Object(_)) => {
                let value = json.into_value(&mut Budget::new(bytes_max, bytes_max));
                Some(value.to_string().into())
            }
            json => json.into_text(),
        }
    }

    /// A string; nothing else is one.
    pub(crate) fn into_str(self) -> Option<Cow<'t, str>> {
        match self {
            Json::String(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn into_object(self) -> Option<Object<'t>> {
        match self {
            Json::Object(members) => Some(members),
            _ => None,
        }
    }

    pub(crate) fn as_str(&self) -> Option<&str> {
        match self {
            Json::String(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn as_bool(&self) -> Option<bool> {
        match self {
            Json::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// A whole number; also one written as a float or as digits in a string.
    pub(crate) fn as_integer(&self) -> Option<i64> {
        match self {
            Json::Number(number) => number.as_i64().or_else(|| {
                let float = number.as_f64()?;
                (float.fract() == 0.0 && float.abs() < 9e15).then_some(float as i64)
            }),
            Json::String(text) => text.trim().parse().ok(),
            _ => None,
        }
    }

    /// The member `key` of an object; the last if there are several.
    pub(crate) fn get(&self, key: &str) -> Option<Json<'t>> {
        match self {
            Json::Object(members) => members.get(key),
            _ => None,
        }
    }

    /// What it is, for error messages.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Json::Null => "null",
            Json::Bool(_) => "a boolean",
            Json::Number(_) => "a number",
            Json::String(_) => "a string",
            Json::Array(_) => "an array",
            Json::Object(_) => "an object",
        }
    }
}

/// The items as owned values, as far as the budget goes; the rest is one mark.
pub(crate) fn owned_items<T>(
    items: impl IntoIterator<Item = T>,
    budget: &mut Budget,
    into_value: impl Fn(T, &mut Budget) -> Value,
) -> Vec<Value> {
    let mut values = Vec::new();
    for item in items {
        if budget.is_used_up() {
            values.push(TRUNCATED.into());
            break;
        }
        values.push(into_value(item, budget));
    }
    values
}

/// The members as an owned map, as far as the budget goes; the rest is one mark.
pub(crate) fn owned_members<'k, T>(
    members: impl IntoIterator<Item = (Cow<'k, str>, T)>,
    budget: &mut Budget,
    into_value: impl Fn(T, &mut Budget) -> Value,
) -> Map<String, Value> {
    let mut map = Map::new();
    for (key, value) in members {
        if !budget.take(key.len()) {
            map.insert(TRUNCATED.to_owned(), Value::Bool(true));
            break;
        }
        map.insert(key.into_owned(), into_value(value, budget));
    }
    map
}
