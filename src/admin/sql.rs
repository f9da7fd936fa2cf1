//! `errata sql`: the running server's `POST /api/sql` through `admin.sock`.
//!
//! What it answers is printed as it comes, so that a long answer takes no memory here; a
//! table alone is laid out first.

use std::fmt::Write as _;

use std::{
    io::{Read, Write},
    path::Path,
};

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use http::{Request, header};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use proto::routes;
use serde::Deserialize;
use serde_json::{Value, json};

use super::rest::{self, Told};
use crate::cli::{SqlForm, SqlQuery};

/// Rows of a table unless another number is asked for.
const TABLE_ROWS: u32 = 1_000;
/// Widest column of a table, characters.
const CELL_CHARS_MAX: usize = 80;

/// Asks and prints.
pub(super) async fn run(asked: &SqlQuery, socket: &Path) -> Result<()> {
    let format = asked.format;
    rest::ask(socket, request(asked)?, |body| print(body, format)).await
}

fn request(asked: &SqlQuery) -> Result<Request<Full<Bytes>>> {
    let mut query = asked.query.clone();
    if query == "-" {
        query.clear();
        let read = std::io::stdin().read_to_string(&mut query);
        read.context("read the query from standard input")?;
    }
    let limit = match asked.format {
        SqlForm::Table => Some(asked.limit.unwrap_or(TABLE_ROWS)),
        SqlForm::Json | SqlForm::Csv => asked.limit,
    };
    let parameters: Vec<Value> = asked.parameters.iter().map(|p| parameter(p)).collect();
    let mut body = json!({ "query": query, "parameters": parameters });
    if let Some(limit) = limit {
        body["limit"] = limit.into();
    }
    let accept = match asked.format {
        SqlForm::Table | SqlForm::Json => "application/json",
        SqlForm::Csv => "text/csv",
    };
    Ok(Request::post(routes::SQL.path)
        .header(header::HOST, rest::HOST)
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::ACCEPT, accept)
        .body(Full::from(body.to_string()))?)
}

fn parameter(text: &str) -> Value {
    match serde_json::from_str(text) {
        Ok(value @ (Value::Null | Value::Bool(_) | Value::Number(_))) => value,
        _ => Value::String(text.to_owned()),
    }
}

async fn print(body: Incoming, format: SqlForm) -> Result<()> {
    match format {
        SqlForm::Csv => rest::print(body).await,
        SqlForm::Json => {
            rest::print(body).await?;
            Ok(std::io::stdout().lock().write_all(b"\n")?)
        }
        SqlForm::Table => {
            let answer = body.collect().await.context("the answer ended early")?;
            let answer: Answer = serde_json::from_slice(&answer.to_bytes())?;
            std::io::stdout()
                .lock()
                .write_all(table(&answer).as_bytes())?;
            match answer.error {
                Some(error) => bail!("{}", error.message),
                None => Ok(()),
            }
        }
    }
}

#[derive(Deserialize)]
struct Answer {
    columns: Vec<Column>,
    rows: Vec<Vec<Value>>,
    truncated: bool,
    elapsed_ms: u64,
    error: Option<Told>,
}

#[derive(Deserialize)]
struct Column {
    name: String,
    #[serde(rename = "type")]
    kind: String,
}

fn table(answer: &Answer) -> String {
    let cells: Vec<Vec<String>> = answer
        .rows
        .iter()
        .map(|row| row.iter().map(cell).collect())
        .collect();
    let names = answer.columns.iter().map(|column| column.name.clone());
    let head: Vec<String> = names.collect();
    let width = |at: usize| {
        let of_rows = cells.iter().map(|row| row[at].chars().count());
        of_rows.chain([head[at].chars().count()]).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let is_number: Vec<bool> = answer
        .columns
        .iter()
        .map(|column| matches!(column.kind.as_str(), "integer" | "float" | "decimal"))
        .collect();
    let mut text = String::new();
    let mut line = |row: &[String]| {
        let cells = row.iter().enumerate().map(|(at, cell)| {
            let width = widths[at];
            if is_number[at] {
                format!("{cell:>width$}")
            } else {
                format!("{cell:<width$}")
            }
        });
        let cells: Vec<String> = cells.collect();
        text.push_str(cells.join("  ").trim_end());
        text.push('\n');
    };
    line(&head);
    let rules: Vec<String> = widths.iter().map(|width| "-".repeat(*width)).collect();
    line(&rules);
    for row in &cells {
        line(row);
    }
    let (rows, more) = (
        cells.len(),
        if answer.truncated {
            ", there are more"
        } else {
            ""
        },
    );
    let _ = writeln!(text, "({rows} rows{more}, {} ms)", answer.elapsed_ms);
    text
}

/// On one line, and not too long.
fn cell(value: &Value) -> String {
    let text = match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let text = text.replace(['\n', '\r', '\t'], " ");
    match text.char_indices().nth(CELL_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_table_stands_in_columns_and_says_when_there_is_more() {
        let answer: Answer = serde_json::from_value(json!({
            "columns": [{"name": "title", "type": "text"}, {"name": "n", "type": "integer"}],
            "rows": [["one\nline", 5], [null, 1234]],
            "truncated": true,
            "elapsed_ms": 3,
        }))
        .unwrap();
        let expected = "title        n\n--------  ----\none line     5\n          1234\n(2 rows, there are more, 3 ms)\n";
        assert_eq!(table(&answer), expected);
    }

    #[test]
    fn a_parameter_is_what_it_looks_like() {
        assert_eq!(parameter("5"), json!(5));
        assert_eq!(parameter("null"), Value::Null);
        assert_eq!(parameter("[1]"), json!("[1]"));
        assert_eq!(parameter("prod"), json!("prod"));
    }
}
