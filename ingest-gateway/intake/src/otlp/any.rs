//! A value of OpenTelemetry (`AnyValue`), in whichever encoding it came: attributes
//! are looked up, taken out and moved, so they are a small tree of borrowed texts.

use std::borrow::Cow;

use event_model::free::{Free, Writer};
use serde_json::{Map, Number, Value};

use super::super::json::{Budget, Json, TRUNCATED, owned_items, owned_members};

/// One value.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) enum Any<'a> {
    #[default]
    Null,
    Bool(bool),
    Number(Number),
    String(Cow<'a, str>),
    Array(Vec<Any<'a>>),
    Object(Object<'a>),
}

/// Members in the client's order; a key may occur twice, the last one counts.
pub(super) type Object<'a> = Vec<(Cow<'a, str>, Any<'a>)>;

impl<'a> From<Json<'a>> for Any<'a> {
    fn from(json: Json<'a>) -> Self {
        match json {
            Json::Null => Self::Null,
            Json::Bool(value) => Self::Bool(value),
            Json::Number(number) => number.to_number().map_or(Self::Null, Self::Number),
            Json::String(text) => Self::String(text),
            Json::Array(items) => Self::Array(items.map(Self::from).collect()),
            Json::Object(members) => {
                let members = members.map(|(key, json)| (key, Self::from(json)));
                Self::Object(members.collect())
            }
        }
    }
}

impl<'a> Any<'a> {
    /// A text: strings as they are, numbers and booleans as JSON writes them.
    pub(super) fn into_text(self) -> Option<Cow<'a, str>> {
        match self {
            Self::String(text) => Some(text),
            Self::Number(number) => Some(number.to_string().into()),
            Self::Bool(value) => Some(if value { "true" } else { "false" }.into()),
            Self::Null | Self::Array(_) | Self::Object(_) => None,
        }
    }

    /// Any value as a text; arrays and objects as compact JSON.
    pub(super) fn into_any_text(self, bytes_max: usize) -> Option<Cow<'a, str>> {
        match self {
            any @ (Self::Array(_) | Self::Object(_)) => {
                let value = any.into_value(&mut Budget::new(bytes_max, bytes_max));
                Some(value.to_string().into())
            }
            any => any.into_text(),
        }
    }

    pub(super) fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    fn into_value(self, budget: &mut Budget) -> Value {
        match self {
            Self::Null => {
                budget.take(0);
                Value::Null
            }
            Self::Bool(value) => {
                budget.take(1);
                Value::Bool(value)
            }
            Self::Number(number) => {
                budget.take(8);
                Value::Number(number)
            }
            Self::String(text) => budget
                .string(text)
                .map_or_else(|| TRUNCATED.into(), |text| Value::String(text.into_owned())),
            Self::Array(items) => Value::Array(owned_items(items, budget, Self::into_value)),
            Self::Object(members) => Value::Object(into_map(members, budget)),
        }
    }

    fn write(&self, out: &mut Writer) {
        match self {
            Self::Null => out.null(),
            Self::Bool(value) => out.boolean(*value),
            Self::Number(number) => out.number(&number.to_string()),
            Self::String(text) => out.string(text),
            Self::Array(items) => {
                out.begin_list();
                for item in items {
                    item.write(out);
                }
                out.end();
            }
            Self::Object(members) => {
                out.begin_object();
                write_members(members, out);
                out.end();
            }
        }
    }
}

/// The members as an owned map, as far as the budget goes.
pub(super) fn into_map(members: Object<'_>, budget: &mut Budget) -> Map<String, Value> {
    owned_members(members, budget, Any::into_value)
}

/// The members as text.
pub(super) fn to_free(members: &Object<'_>) -> Free {
    let mut out = Writer::new();
    write_members(members, &mut out);
    out.finish()
}

fn write_members(members: &Object<'_>, out: &mut Writer) {
    for (key, any) in members {
        out.key(key);
        any.write(out);
    }
}
