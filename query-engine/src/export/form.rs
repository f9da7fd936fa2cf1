//! The forms of an exported file, and how events are written in each.
//!
//! Invariant: all forms have the same columns in the same order ([`COLUMNS`]), but Parquet, which has those of
//! docs/formats/parquet.md and so not the issue. JSON lines and CSV are UTF-8. In CSV a cell that a spreadsheet would
//! take for a formula begins with an apostrophe, since a client says what stands there.

use std::io::Write as _;

use event_model::IssueId;
use proto::v1;
use read_model::cold::{ColdRow, Pieces};

use super::cells::{COLUMNS, Cell, cells};
use crate::error::ApiError;

/// What a spreadsheet takes for the beginning of a formula.
const FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// A form of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// One JSON document a line.
    JsonLines,
    /// RFC 4180, with a line of names.
    Csv,
    /// As the files of the cold tier.
    Parquet,
}

impl Format {
    /// As messages have it.
    pub(super) fn of(number: i32) -> Result<Self, ApiError> {
        match v1::ExportFormat::try_from(number) {
            Ok(v1::ExportFormat::Unspecified | v1::ExportFormat::JsonLines) => Ok(Self::JsonLines),
            Ok(v1::ExportFormat::Csv) => Ok(Self::Csv),
            Ok(v1::ExportFormat::Parquet) => Ok(Self::Parquet),
            Err(_) => Err(ApiError::invalid(
                "format",
                format!("{number} is not known"),
            )),
        }
    }

    /// By its short name, which also ends names of files.
    pub(crate) fn named(name: &str) -> Option<Self> {
        let all = [Self::JsonLines, Self::Csv, Self::Parquet];
        all.into_iter().find(|format| format.name() == name)
    }

    /// By the header `Accept`; JSON lines unless another is named.
    pub(crate) fn accepted(accept: &str) -> Self {
        let named = |name: &str| accept.split(',').any(|part| part.trim().starts_with(name));
        if named("text/csv") {
            Self::Csv
        } else if named("application/vnd.apache.parquet") {
            Self::Parquet
        } else {
            Self::JsonLines
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::JsonLines => "jsonl",
            Self::Csv => "csv",
            Self::Parquet => "parquet",
        }
    }

    pub(crate) fn content_type(self) -> &'static str {
        match self {
            Self::JsonLines => "application/x-ndjson",
            Self::Csv => "text/csv; charset=utf-8",
            Self::Parquet => "application/vnd.apache.parquet",
        }
    }

    pub(crate) fn message(self) -> v1::ExportFormat {
        match self {
            Self::JsonLines => v1::ExportFormat::JsonLines,
            Self::Csv => v1::ExportFormat::Csv,
            Self::Parquet => v1::ExportFormat::Parquet,
        }
    }
}

/// A file being written.
pub(super) enum Form {
    JsonLines(Vec<u8>),
    Csv(Vec<u8>),
    Parquet(Box<Pieces>),
}

impl Form {
    pub(super) fn begin(format: Format) -> Result<Self, ApiError> {
        Ok(match format {
            Format::JsonLines => Self::JsonLines(Vec::new()),
            Format::Csv => {
                let mut out = COLUMNS.join(",").into_bytes();
                out.extend_from_slice(b"\r\n");
                Self::Csv(out)
            }
            Format::Parquet => Self::Parquet(Box::new(Pieces::new("an export")?)),
        })
    }

    pub(super) fn push(
        &mut self,
        row: &ColdRow<'_>,
        issue: Option<IssueId>,
    ) -> Result<(), ApiError> {
        match self {
            Self::JsonLines(out) => {
                out.push(b'{');
                for (at, (name, cell)) in COLUMNS.iter().zip(cells(row, issue)).enumerate() {
                    if at > 0 {
                        out.push(b',');
                    }
                    // A Vec takes every write.
                    let _ = write!(out, "\"{name}\":");
                    json(out, &cell);
                }
                out.extend_from_slice(b"}\n");
            }
            Self::Csv(out) => {
                for (at, cell) in cells(row, issue).iter().enumerate() {
                    if at > 0 {
                        out.push(b',');
                    }
                    csv(out, cell);
                }
                out.extend_from_slice(b"\r\n");
            }
            Self::Parquet(pieces) => pieces.push(row)?,
        }
        Ok(())
    }

    /// What is written and was not taken.
    pub(super) fn take(&mut self) -> Vec<u8> {
        match self {
            Self::JsonLines(out) | Self::Csv(out) => std::mem::take(out),
            Self::Parquet(pieces) => pieces.take(),
        }
    }

    /// The rest of the file.
    pub(super) fn end(&mut self) -> Result<Vec<u8>, ApiError> {
        if let Self::Parquet(pieces) = self {
            pieces.end()?;
        }
        Ok(self.take())
    }
}

fn json(out: &mut Vec<u8>, cell: &Cell<'_>) {
    // A Vec takes every write.
    let _ = match cell {
        Cell::Missing => write!(out, "null"),
        Cell::Number(number) => write!(out, "{number}"),
        Cell::Truth(truth) => write!(out, "{truth}"),
        Cell::Text(text) => serde_json::to_writer(&mut *out, text).map_err(Into::into),
        // Within texts line breaks are escaped, so that those that stand there are blanks.
        Cell::Json(json) => write!(out, "{}", json.replace(['\n', '\r'], " ")),
    };
}

fn csv(out: &mut Vec<u8>, cell: &Cell<'_>) {
    // A Vec takes every write.
    let _ = match cell {
        Cell::Missing => Ok(()),
        Cell::Number(number) => write!(out, "{number}"),
        Cell::Truth(truth) => write!(out, "{truth}"),
        Cell::Text(text) | Cell::Json(text) => {
            let mark = if text.starts_with(FORMULA) { "'" } else { "" };
            if text.contains(['"', ',', '\n', '\r']) {
                write!(out, "\"{mark}{}\"", text.replace('"', "\"\""))
            } else {
                write!(out, "{mark}{text}")
            }
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(cell: &Cell<'_>) -> (String, String) {
        let (mut one, mut other) = (Vec::new(), Vec::new());
        csv(&mut one, cell);
        json(&mut other, cell);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (text(&one), text(&other))
    }

    #[test]
    fn cells_keep_to_themselves_and_are_no_formulas() {
        for (text, expected) in [
            ("plain", "plain"),
            ("", ""),
            ("a,b", "\"a,b\""),
            ("say \"x\"", "\"say \"\"x\"\"\""),
            ("two\r\nlines", "\"two\r\nlines\""),
            ("=1+1", "'=1+1"),
            ("+1", "'+1"),
            ("-1", "'-1"),
            ("@sum(A1)", "'@sum(A1)"),
            ("\t=1", "'\t=1"),
            ("=a,\"b\"", "\"'=a,\"\"b\"\"\""),
            ("a=1", "a=1"),
        ] {
            let (csv, json) = written(&Cell::Text(text.into()));
            assert_eq!(csv, expected);
            assert_eq!(
                serde_json::from_str::<String>(&json).ok().as_deref(),
                Some(text)
            );
        }
        let lines = Cell::Json("{\"a\":\n 1}".into());
        assert_eq!(written(&lines).1, "{\"a\":  1}");
        assert_eq!(written(&Cell::Missing), (String::new(), "null".to_owned()));
    }

    #[test]
    fn a_form_is_asked_for_by_name_or_by_type() {
        for format in [Format::JsonLines, Format::Csv, Format::Parquet] {
            assert_eq!(Format::named(format.name()), Some(format));
            assert_eq!(Format::accepted(format.content_type()), format);
            assert_eq!(Format::of(format.message() as i32), Ok(format));
        }
        assert_eq!(Format::named("xlsx"), None);
        assert_eq!(Format::accepted("*/*"), Format::JsonLines);
        let error = Format::of(9).map_err(|error| error.field.clone());
        assert_eq!(error, Err("format".to_owned()));
    }
}
