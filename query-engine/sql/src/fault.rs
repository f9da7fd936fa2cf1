//! What went wrong with a query, and where in its text.
//!
//! Invariant: whoever asked learns what they can change, with the place where there is one,
//! and nothing of the insides; what is ours goes to the log.

use std::fmt::Write as _;

use datafusion::{
    arrow::error::ArrowError,
    common::{Column, DataFusionError, SchemaError},
};
use proto::error::{ErrorCode, Place, Refusal};

use crate::tables;

/// How alike a name must be to one that exists to be suggested.
const LIKENESS_MIN: f64 = 0.7;
/// Longest message.
const MESSAGE_CHARS_MAX: usize = 1_000;

const MEMORY: &str =
    "the query needs more memory than one may have: filter or aggregate more, sort and join less";

/// Why a table cannot be read on, on its way through DataFusion.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Stopped {
    /// Retention dropped what was still to be read.
    #[error("events were dropped from the log while the query read them: ask again")]
    Dropped,
    /// The log.
    #[error("the log cannot be read")]
    Log(#[from] event_log::ReadError),
    /// The issue database.
    #[error("the issues cannot be read")]
    Issues(#[from] read_model::issues::reader::ReadError),
    /// Its reader could not be had.
    #[error("{0}")]
    Refused(String),
}

impl From<Stopped> for DataFusionError {
    fn from(stopped: Stopped) -> Self {
        Self::External(Box::new(stopped))
    }
}

/// The place of a line and a column, both from 1, and the length of the word there.
pub(crate) fn place(text: &str, line: u64, column: u64) -> Place {
    let lines = text.split_inclusive('\n');
    let before: usize = lines
        .take(usize::try_from(line.saturating_sub(1)).unwrap_or(usize::MAX))
        .map(|line| line.chars().count())
        .sum();
    let offset = before + usize::try_from(column.saturating_sub(1)).unwrap_or_default();
    let mut rest = text.chars().skip(offset);
    let length = match rest.next() {
        Some('"') => 2 + rest.take_while(|c| *c != '"').count(),
        Some(c) if is_word(c) => 1 + rest.take_while(|c| is_word(*c)).count(),
        Some(_) => 1,
        None => 0,
    };
    Place {
        offset: u32::try_from(offset).unwrap_or(u32::MAX),
        length: u32::try_from(length).unwrap_or(u32::MAX),
        suggestion: String::new(),
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// An error of reading or planning a text.
pub(crate) fn of_text(error: &DataFusionError, text: &str) -> Refusal {
    let span = error.diagnostic().and_then(|told| told.span);
    let found = span.map(|span| place(text, span.start.line, span.start.column));
    let (message, suggestion) = said(error);
    let (message, told) = cut_place(&message, text);
    let place = found.or(told).map(|place| Place {
        suggestion,
        ..place
    });
    refusal(error, message).within(place)
}

/// An error of running it.
pub(crate) fn of_run(error: &DataFusionError) -> Refusal {
    let (message, _) = said(error);
    refusal(error, message)
}

/// Which code a fault has.
fn refusal(error: &DataFusionError, message: String) -> Refusal {
    let internal = || {
        tracing::error!(error = ground::with_causes(error), "a query failed");
        Refusal::new(ErrorCode::Internal, "the query failed on the server")
    };
    match root(error) {
        DataFusionError::ResourcesExhausted(text) if text.contains("come again") => {
            Refusal::new(ErrorCode::Overloaded, message)
        }
        DataFusionError::External(source) => match source.downcast_ref::<Stopped>() {
            Some(Stopped::Dropped | Stopped::Refused(_)) => {
                Refusal::new(ErrorCode::Overloaded, message)
            }
            _ => internal(),
        },
        DataFusionError::ObjectStore(source)
            if matches!(**source, object_store::Error::NotFound { .. }) =>
        {
            let message = "a file of events was removed while the query read it: ask again";
            Refusal::new(ErrorCode::Overloaded, message)
        }
        DataFusionError::ObjectStore(_) => {
            tracing::error!(
                error = ground::with_causes(error),
                "a cold file cannot be read"
            );
            let message = "the store of older events cannot be read at the moment";
            Refusal::new(ErrorCode::Overloaded, message)
        }
        DataFusionError::ParquetError(_) => {
            tracing::error!(
                error = ground::with_causes(error),
                "a cold file cannot be read"
            );
            let message =
                "a file of older events cannot be read: it is damaged, or was replaced meanwhile";
            Refusal::new(ErrorCode::Internal, message)
        }
        DataFusionError::Internal(_)
        | DataFusionError::IoError(_)
        | DataFusionError::ExecutionJoin(_) => internal(),
        _ => Refusal::at(ErrorCode::Invalid, "query", message),
    }
}

/// The innermost error that says something.
fn root(error: &DataFusionError) -> &DataFusionError {
    match error {
        DataFusionError::Context(_, inner) | DataFusionError::Diagnostic(_, inner) => root(inner),
        DataFusionError::Shared(inner) => root(inner),
        DataFusionError::Collection(all) => all.first().map_or(error, root),
        DataFusionError::ArrowError(inner, _) => match inner.as_ref() {
            ArrowError::ExternalError(source) => source.downcast_ref().map_or(error, root),
            _ => error,
        },
        DataFusionError::External(source) => source.downcast_ref().map_or(error, root),
        _ => error,
    }
}

/// The message, and what may have been meant.
fn said(error: &DataFusionError) -> (String, String) {
    let (message, suggestion) = match root(error) {
        DataFusionError::SchemaError(fault, _) => return of_schema(fault),
        DataFusionError::Plan(text) => match missing_table(text) {
            Some(name) => return no_table(name),
            None => (first_line(text), meant(text)),
        },
        DataFusionError::SQL(fault, _) => {
            let text = fault.to_string();
            let text = text.strip_prefix("sql parser error: ").unwrap_or(&text);
            (first_line(text), String::new())
        }
        DataFusionError::NotImplemented(text) => (
            format!("is not supported: {}", first_line(text)),
            String::new(),
        ),
        DataFusionError::ArrowError(fault, _) => (first_line(&fault.to_string()), String::new()),
        DataFusionError::ResourcesExhausted(text) => {
            // What a part of a plan says of its own account is of no use to who asks.
            let is_ours = text.contains("of memory");
            let shown = if is_ours { text.as_str() } else { MEMORY };
            (first_line(shown), String::new())
        }
        DataFusionError::Execution(text) | DataFusionError::Configuration(text) => {
            (first_line(text), String::new())
        }
        other => (first_line(&other.strip_backtrace()), String::new()),
    };
    (message, suggestion)
}

fn first_line(text: &str) -> String {
    let text = text
        .split(DataFusionError::BACK_TRACE_SEP)
        .next()
        .unwrap_or(text);
    let line = text.lines().next().unwrap_or_default();
    line.chars().take(MESSAGE_CHARS_MAX).collect()
}

/// What the planner says could be meant.
fn meant(text: &str) -> String {
    let behind = text.split_once("Did you mean '").map(|(_, rest)| rest);
    let word = behind.and_then(|rest| rest.split_once('\''));
    word.map(|(word, _)| word.to_owned()).unwrap_or_default()
}

fn of_schema(fault: &SchemaError) -> (String, String) {
    match fault {
        SchemaError::FieldNotFound {
            field,
            valid_fields,
        } => {
            let name = field.name.as_str();
            let names = valid_fields.iter().map(Column::name);
            let near = nearest(name, names).unwrap_or_default();
            let whose = field.relation.as_ref();
            let whose = whose
                .map(|table| format!(" in {table}"))
                .unwrap_or_default();
            let mut message = format!("there is no column {name:?}{whose}");
            if near.is_empty() {
                message.push_str(&of_which(valid_fields));
            } else {
                let _ = write!(message, ": did you mean {near:?}?");
            }
            (message, near)
        }
        SchemaError::AmbiguousReference { field } => {
            let name = &field.name;
            let message = format!("the column {name:?} is in more than one table: say in which");
            (message, String::new())
        }
        other => (first_line(&other.to_string()), String::new()),
    }
}

/// What there is, where that is not much.
fn of_which(fields: &[Column]) -> String {
    let names: Vec<&str> = fields.iter().map(Column::name).take(40).collect();
    if names.is_empty() {
        return String::new();
    }
    format!("; there are {}", names.join(", "))
}

fn missing_table(text: &str) -> Option<&str> {
    let name = text.strip_prefix("table '")?.split_once("' not found")?.0;
    Some(name.rsplit('.').next().unwrap_or(name))
}

fn no_table(name: &str) -> (String, String) {
    let names = || tables::names().into_iter();
    let near = nearest(name, names()).unwrap_or_default();
    let message = if near.is_empty() {
        let all: Vec<&str> = names().collect();
        format!("there is no table {name:?}; there are {}", all.join(", "))
    } else {
        format!("there is no table {name:?}: did you mean {near:?}?")
    };
    (message, near)
}

fn nearest<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> Option<String> {
    let name = name.to_lowercase();
    let scored = names.map(|known| (strsim::jaro_winkler(&name, known), known));
    let best = scored.max_by(|one, other| one.0.total_cmp(&other.0))?;
    (best.0 >= LIKENESS_MIN).then(|| best.1.to_owned())
}

/// Takes " at Line: 1, Column: 8" off a message.
fn cut_place(message: &str, text: &str) -> (String, Option<Place>) {
    let found = message.rsplit_once(" at Line: ");
    let Some((before, numbers)) = found else {
        return (message.to_owned(), None);
    };
    let numbers = numbers.split_once(", Column: ");
    let numbers = numbers.and_then(|(line, rest)| {
        let digits = rest.split(|c: char| !c.is_ascii_digit()).next()?;
        Some((line.parse().ok()?, digits.parse().ok()?))
    });
    match numbers {
        // An end that came too soon has no place of its own.
        Some((0, _)) => {
            let end = u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
            let place = Place {
                offset: end,
                length: 0,
                suggestion: String::new(),
            };
            (before.to_owned(), Some(place))
        }
        Some((line, column)) => (before.to_owned(), Some(place(text, line, column))),
        None => (message.to_owned(), None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_counts_characters_of_all_lines_before() {
        let text = "SELECT \"ü\",\n  titel\nFROM x";
        for (line, column, offset, length) in
            [(1, 8, 7, 3), (2, 3, 14, 5), (3, 6, 25, 1), (9, 1, 26, 0)]
        {
            let found = place(text, line, column);
            assert_eq!(
                (found.offset, found.length),
                (offset, length),
                "{line}:{column}"
            );
        }
    }

    #[test]
    fn a_message_gives_its_place_away() {
        let text = "SELECT 1 FROM";
        let (message, found) = cut_place("Expected: x, found: FROM at Line: 1, Column: 10", text);
        assert_eq!(message, "Expected: x, found: FROM");
        assert_eq!(found.map(|place| place.offset), Some(9));
        let (message, found) = cut_place("nothing", text);
        assert_eq!((message.as_str(), found), ("nothing", None));
    }
}
