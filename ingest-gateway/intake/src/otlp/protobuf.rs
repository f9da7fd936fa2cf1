//! The protobuf encoding, read field by field straight from the bytes: unknown
//! fields and groups of later versions cost nothing, a broken message costs itself.

use std::borrow::Cow;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::Number;

use super::{
    super::{
        Invalid,
        json::{DEPTH_MAX, TOO_DEEP},
    },
    any::Any,
    model::{Attributes, Kind, Log, Recorded, Scope, Span, id_of, names_exception},
};

/// Names of exceptions' span events are short; longer ones are none.
const EVENT_NAME: u32 = 2;

/// A field's value. Fixed and variable numbers are told apart by nobody.
#[derive(Debug, Clone, Copy)]
pub(in super::super) enum Field<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

impl<'a> Field<'a> {
    pub(super) fn bytes(self) -> &'a [u8] {
        match self {
            Self::Bytes(bytes) => bytes,
            Self::Number(_) => &[],
        }
    }

    fn number(self) -> u64 {
        match self {
            Self::Number(number) => number,
            Self::Bytes(_) => 0,
        }
    }

    fn text(self) -> Cow<'a, str> {
        match String::from_utf8_lossy(self.bytes()) {
            text if text.contains('\0') => text.replace('\0', "\u{fffd}").into(),
            text => text,
        }
    }
}

/// The fields of one message.
#[derive(Debug, Clone)]
pub(in super::super) struct Fields<'a> {
    rest: &'a [u8],
}

pub(in super::super) fn fields(message: &[u8]) -> Fields<'_> {
    Fields { rest: message }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u32, Field<'a>), Invalid>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let left = self.rest.len();
        let field = self.field();
        if field.is_none() {
            self.rest = &[];
        }
        Some(field.ok_or_else(|| {
            Invalid::malformed(format!(
                "not protobuf: a field breaks off {left} bytes before the end"
            ))
        }))
    }
}

impl<'a> Fields<'a> {
    fn field(&mut self) -> Option<(u32, Field<'a>)> {
        let key = self.varint()?;
        let number = u32::try_from(key >> 3).ok().filter(|number| *number > 0)?;
        let value = match key & 7 {
            0 => Field::Number(self.varint()?),
            1 => Field::Number(u64::from_le_bytes(self.take(8)?.try_into().ok()?)),
            2 => {
                let length = usize::try_from(self.varint()?).ok()?;
                Field::Bytes(self.take(length)?)
            }
            5 => Field::Number(u32::from_le_bytes(self.take(4)?.try_into().ok()?).into()),
            // Groups were never part of OTLP.
            _ => return None,
        };
        Some((number, value))
    }

    fn varint(&mut self) -> Option<u64> {
        let mut value = 0u64;
        for shift in (0..70).step_by(7) {
            let (byte, rest) = self.rest.split_first()?;
            self.rest = rest;
            value |= u64::from(byte & 0x7f).checked_shl(shift)?;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(taken)
    }
}

pub(super) fn log(message: &[u8]) -> Result<Log<'_>, Invalid> {
    let (mut time, mut observed) = (0, 0);
    let mut log = Log::default();
    for field in fields(message) {
        let (number, field) = field?;
        match number {
            1 => time = field.number() as i64,
            2 => log.severity = field.number() as i64,
            3 => log.severity_text = field.text(),
            5 => log.body = value(field.bytes(), 0)?,
            6 => attribute(field.bytes(), &mut log.attributes, 0)?,
            9 => log.trace_id = id_of(field.bytes()),
            10 => log.span_id = id_of(field.bytes()),
            11 => observed = field.number() as i64,
            12 => log.event_name = field.text(),
            _ => {}
        }
    }
    log.time_ns = if time == 0 { observed } else { time };
    Ok(log)
}

pub(super) fn span(message: &[u8]) -> Result<Span<'_>, Invalid> {
    let mut span = Span::default();
    for field in fields(message) {
        let (number, field) = field?;
        match number {
            1 => span.trace_id = id_of(field.bytes()),
            2 => span.span_id = id_of(field.bytes()),
            4 => span.parent_id = id_of(field.bytes()),
            5 => span.name = field.text(),
            6 => span.kind = Kind::of(field.number() as i64),
            9 => attribute(field.bytes(), &mut span.attributes, 0)?,
            11 => span.exceptions.extend(recorded(field.bytes())?),
            _ => {}
        }
    }
    Ok(span)
}

/// Whether a span has an exception, without reading the rest of it. Broken ones
/// have, so that they are looked at.
pub(super) fn has_exception(message: &[u8]) -> bool {
    fields(message).any(|field| match field {
        Ok((11, event)) => fields(event.bytes()).any(|field| match field {
            Ok((EVENT_NAME, name)) => names_exception(&name.text()),
            Ok(_) => false,
            Err(_) => true,
        }),
        Ok(_) => false,
        Err(_) => true,
    })
}

/// A span event, if it is an exception.
fn recorded(message: &[u8]) -> Result<Option<Recorded<'_>>, Invalid> {
    let (mut time_ns, mut is_exception) = (0, false);
    let mut attributes = Attributes::default();
    for field in fields(message) {
        let (number, field) = field?;
        match number {
            1 => time_ns = field.number() as i64,
            EVENT_NAME => is_exception = names_exception(&field.text()),
            3 => attribute(field.bytes(), &mut attributes, 0)?,
            _ => {}
        }
    }
    Ok(is_exception.then_some(Recorded {
        time_ns,
        attributes,
        size_bytes: message.len(),
    }))
}

/// `Resource`.
pub(super) fn resource(message: &[u8]) -> Result<Attributes<'_>, Invalid> {
    let mut attributes = Attributes::default();
    for field in fields(message) {
        if let (1, field) = field? {
            attribute(field.bytes(), &mut attributes, 0)?;
        }
    }
    Ok(attributes)
}

/// `InstrumentationScope`.
pub(super) fn scope(message: &[u8]) -> Result<Scope<'_>, Invalid> {
    let mut scope = Scope::default();
    for field in fields(message) {
        let (number, field) = field?;
        match number {
            1 => scope.name = field.text(),
            2 => scope.version = field.text(),
            3 => attribute(field.bytes(), &mut scope.attributes, 0)?,
            _ => {}
        }
    }
    Ok(scope)
}

/// `KeyValue`.
fn attribute<'a>(message: &'a [u8], into: &mut Attributes<'a>, depth: u8) -> Result<(), Invalid> {
    let (mut key, mut any) = (Cow::Borrowed(""), Any::Null);
    for field in fields(message) {
        match field? {
            (1, field) => key = field.text(),
            (2, field) => any = value(field.bytes(), depth)?,
            _ => {}
        }
    }
    into.push(key, any);
    Ok(())
}

/// `AnyValue`.
fn value(message: &[u8], depth: u8) -> Result<Any<'_>, Invalid> {
    let mut any = Any::Null;
    for field in fields(message) {
        let (number, field) = field?;
        any = match number {
            1 => Any::String(field.text()),
            2 => Any::Bool(field.number() != 0),
            3 => Any::Number((field.number() as i64).into()),
            4 => Number::from_f64(f64::from_bits(field.number())).map_or(Any::Null, Any::Number),
            5 | 6 if depth >= DEPTH_MAX => Any::String(Cow::Borrowed(TOO_DEEP)),
            5 => {
                let mut items = Vec::new();
                for field in fields(field.bytes()) {
                    if let (1, field) = field? {
                        items.push(value(field.bytes(), depth + 1)?);
                    }
                }
                Any::Array(items)
            }
            6 => {
                let mut members = Attributes::default();
                for field in fields(field.bytes()) {
                    if let (1, field) = field? {
                        attribute(field.bytes(), &mut members, depth + 1)?;
                    }
                }
                Any::Object(members.0)
            }
            7 => Any::String(STANDARD.encode(field.bytes()).into()),
            _ => continue,
        };
    }
    Ok(any)
}
