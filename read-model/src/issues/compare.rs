//! Two issue databases side by side: which rows differ, by table and key.
//!
//! Tables are pure functions of the logs up to a position, so two databases of one position are equal row by row, and
//! whatever differs is a defect of a projection or damage. Both are read once, in the order of their keys; memory does
//! not grow with them. What differs is counted in full, and listed up to a bound.
//!
//! Fails with [`ReadModelError`] if one of them cannot be read.

use std::{
    cmp::Ordering,
    collections::BTreeSet,
    fmt::{self, Write as _},
    path::Path,
};

use rusqlite::{Connection, OpenFlags, Rows, Statement, types::Value};
use sha2::{Digest, Sha256};

use super::{schema::SCHEMA_VERSION, writer::meta};
use crate::ReadModelError;

/// Longest text and bytes of a value that are shown.
const SHOWN_MAX: usize = 60;

/// What comparing came to.
#[derive(Debug, Default)]
pub struct Comparison {
    /// By table.
    pub tables: Vec<TableSummary>,
    /// What differs, up to the bound.
    pub differences: Vec<Difference>,
}

/// A table of both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableSummary {
    /// Its name.
    pub name: String,
    /// Rows of the first database.
    pub rows: u64,
    /// Rows of the second one.
    pub other_rows: u64,
    /// Keys whose rows differ.
    pub different: u64,
    /// SHA-256 of the first one's rows, in the order of their keys: equal tables have equal ones.
    pub sha256: [u8; 32],
}

/// A row that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The table.
    pub table: String,
    /// Columns of the key, with their values.
    pub key: String,
    /// How.
    pub how: How,
}

/// How a row differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum How {
    /// Only the first database has it.
    OnlyFirst,
    /// Only the second one has it.
    OnlySecond,
    /// These columns have other values: name, first, second.
    Columns(Vec<(String, String, String)>),
}

impl Comparison {
    /// Keys that differ, in all tables.
    pub fn different(&self) -> u64 {
        self.tables.iter().map(|table| table.different).sum()
    }

    /// Rows of the first database.
    pub fn rows(&self) -> u64 {
        self.tables.iter().map(|table| table.rows).sum()
    }

    /// A table by its name.
    pub fn table(&self, name: &str) -> Option<&TableSummary> {
        self.tables.iter().find(|table| table.name == name)
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.table, self.key)
    }
}

/// Compares two databases that nobody writes to; lists at most `listed_max` differences.
pub fn compare(
    first: &Path,
    second: &Path,
    listed_max: usize,
) -> Result<Comparison, ReadModelError> {
    let (first, second) = (open(first)?, open(second)?);
    let mut names = tables(&first)?;
    names.extend(tables(&second)?);
    let mut comparison = Comparison::default();
    for name in names {
        let shape = Shape::of(&name, [&first, &second])?;
        compare_table(&shape, (&first, &second), listed_max, &mut comparison)?;
    }
    Ok(comparison)
}

fn open(path: &Path) -> Result<Connection, ReadModelError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(path, flags).map_err(failed())
}

/// Refuses a database with tables of another release, which cannot be compared row by row.
pub fn refuse_other_schema(path: &Path) -> Result<(), ReadModelError> {
    let found = meta(&open(path)?, "schema_version")?.unwrap_or(0);
    if found == SCHEMA_VERSION {
        return Ok(());
    }
    Err(ReadModelError::SchemaVersion {
        path: path.to_owned(),
        found,
        expected: SCHEMA_VERSION,
    })
}

fn failed() -> impl FnOnce(rusqlite::Error) -> ReadModelError {
    ReadModelError::sqlite("compare the issues")
}

fn tables(connection: &Connection) -> Result<BTreeSet<String>, ReadModelError> {
    let sql = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'";
    let mut names = connection.prepare(sql).map_err(failed())?;
    let names = names.query_map([], |row| row.get(0)).map_err(failed())?;
    names.collect::<Result<_, _>>().map_err(failed())
}

/// A table's columns, those of the key first.
struct Shape {
    name: String,
    columns: Vec<String>,
    /// How many of them are the key: all, if the table has none.
    key: usize,
}

impl Shape {
    /// Of the first database that has the table.
    fn of(name: &str, of: [&Connection; 2]) -> Result<Self, ReadModelError> {
        let mut columns: Vec<(i64, String)> = Vec::new();
        for connection in of {
            let sql = "SELECT pk, name FROM pragma_table_info(?1)";
            let mut found = connection.prepare(sql).map_err(failed())?;
            let found = found.query_map([name], |row| Ok((row.get(0)?, row.get(1)?)));
            columns = found.and_then(Iterator::collect).map_err(failed())?;
            if !columns.is_empty() {
                break;
            }
        }
        // The others have 0, and keep their order behind the key.
        columns.sort_by_key(|(place, _)| if *place == 0 { i64::MAX } else { *place });
        let key = columns.iter().filter(|(place, _)| *place > 0).count();
        Ok(Self {
            name: name.to_owned(),
            key: if key == 0 { columns.len() } else { key },
            columns: columns.into_iter().map(|(_, name)| name).collect(),
        })
    }

    fn sql(&self) -> String {
        let quoted: Vec<String> = self
            .columns
            .iter()
            .map(|column| format!("\"{column}\""))
            .collect();
        format!(
            "SELECT {} FROM \"{}\" ORDER BY {}",
            quoted.join(", "),
            self.name,
            quoted[..self.key].join(", ")
        )
    }

    fn key(&self, row: &[Value]) -> String {
        let mut text = String::new();
        for (column, value) in self.columns.iter().zip(row).take(self.key) {
            let comma = if text.is_empty() { "" } else { ", " };
            // Writing into a string cannot fail.
            let _ = write!(text, "{comma}{column} {}", shown(value));
        }
        text
    }
}

/// The rows of a table of one database; none if it has no such table.
struct Walk<'a> {
    rows: Option<Rows<'a>>,
    columns: usize,
    count: u64,
}

impl Walk<'_> {
    fn next(&mut self) -> Result<Option<Vec<Value>>, ReadModelError> {
        let Some(rows) = &mut self.rows else {
            return Ok(None);
        };
        let Some(row) = rows.next().map_err(failed())? else {
            return Ok(None);
        };
        self.count += 1;
        let values = (0..self.columns).map(|at| row.get(at));
        values.collect::<Result<_, _>>().map(Some).map_err(failed())
    }
}

/// The statement that reads a table; none if the database has no such table.
fn prepare<'a>(
    shape: &Shape,
    connection: &'a Connection,
) -> Result<Option<Statement<'a>>, ReadModelError> {
    if !tables(connection)?.contains(&shape.name) {
        return Ok(None);
    }
    connection.prepare(&shape.sql()).map(Some).map_err(failed())
}

impl<'a> Walk<'a> {
    fn begin(
        statement: Option<&'a mut Statement<'_>>,
        shape: &Shape,
    ) -> Result<Self, ReadModelError> {
        let rows = statement.map(|statement| statement.query([]));
        Ok(Self {
            rows: rows.transpose().map_err(failed())?,
            columns: shape.columns.len(),
            count: 0,
        })
    }
}

fn compare_table(
    shape: &Shape,
    (first, second): (&Connection, &Connection),
    listed_max: usize,
    comparison: &mut Comparison,
) -> Result<(), ReadModelError> {
    let (mut ours, mut theirs) = (prepare(shape, first)?, prepare(shape, second)?);
    let mut ours = Walk::begin(ours.as_mut(), shape)?;
    let mut theirs = Walk::begin(theirs.as_mut(), shape)?;
    let mut hash = Sha256::new();
    let mut different = 0;
    let (mut one, mut other) = (ours.next()?, theirs.next()?);
    loop {
        let order = match (&one, &other) {
            (None, None) => break,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(one), Some(other)) => order(&one[..shape.key], &other[..shape.key]),
        };
        if let Some((key, how)) = difference(shape, order, one.as_deref(), other.as_deref()) {
            different += 1;
            if comparison.differences.len() < listed_max {
                let table = shape.name.clone();
                comparison.differences.push(Difference { table, key, how });
            }
        }
        if order != Ordering::Greater {
            add(&mut hash, one.as_deref().unwrap_or_default());
            one = ours.next()?;
        }
        if order != Ordering::Less {
            other = theirs.next()?;
        }
    }
    comparison.tables.push(TableSummary {
        name: shape.name.clone(),
        rows: ours.count,
        other_rows: theirs.count,
        different,
        sha256: hash.finalize().into(),
    });
    Ok(())
}

/// How the rows at hand differ, of which the first or the second is wanted if their keys do.
fn difference(
    shape: &Shape,
    order: Ordering,
    one: Option<&[Value]>,
    other: Option<&[Value]>,
) -> Option<(String, How)> {
    match (order, one, other) {
        (Ordering::Less, Some(row), _) => Some((shape.key(row), How::OnlyFirst)),
        (Ordering::Greater, _, Some(row)) => Some((shape.key(row), How::OnlySecond)),
        (_, Some(one), Some(other)) => {
            let changed = changed(shape, one, other);
            (!changed.is_empty()).then(|| (shape.key(one), How::Columns(changed)))
        }
        _ => None,
    }
}

fn changed(shape: &Shape, one: &[Value], other: &[Value]) -> Vec<(String, String, String)> {
    let pairs = shape.columns.iter().zip(one.iter().zip(other));
    pairs
        .filter(|(_, (one, other))| one != other)
        .map(|(column, (one, other))| (column.clone(), shown(one), shown(other)))
        .collect()
}

/// As SQLite orders values: nothing, numbers, texts, bytes.
fn order(one: &[Value], other: &[Value]) -> Ordering {
    let rank = |value: &Value| match value {
        Value::Null => 0,
        Value::Integer(_) | Value::Real(_) => 1,
        Value::Text(_) => 2,
        Value::Blob(_) => 3,
    };
    let number = |value: &Value| match value {
        Value::Integer(number) => *number as f64,
        Value::Real(number) => *number,
        _ => 0.0,
    };
    let pairs = one.iter().zip(other);
    let mut orders = pairs.map(|(one, other)| match (one, other) {
        (Value::Integer(one), Value::Integer(other)) => one.cmp(other),
        (Value::Text(one), Value::Text(other)) => one.as_bytes().cmp(other.as_bytes()),
        (Value::Blob(one), Value::Blob(other)) => one.cmp(other),
        _ => rank(one)
            .cmp(&rank(other))
            .then(number(one).total_cmp(&number(other))),
    });
    orders
        .find(|order| *order != Ordering::Equal)
        .unwrap_or(Ordering::Equal)
}

fn add(hash: &mut Sha256, row: &[Value]) {
    for value in row {
        let (kind, bytes): (u8, &[u8]) = match value {
            Value::Null => (0, &[]),
            Value::Integer(number) => (1, &number.to_le_bytes()),
            Value::Real(number) => (2, &number.to_le_bytes()),
            Value::Text(text) => (3, text.as_bytes()),
            Value::Blob(bytes) => (4, bytes),
        };
        hash.update([kind]);
        hash.update((bytes.len() as u64).to_le_bytes());
        hash.update(bytes);
    }
}

/// A value as people read it, cut where it is long.
fn shown(value: &Value) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        Value::Integer(number) => number.to_string(),
        Value::Real(number) => number.to_string(),
        Value::Text(text) => {
            let cut: String = text.chars().take(SHOWN_MAX).collect();
            let more = if cut.len() < text.len() { "…" } else { "" };
            format!("{cut:?}{more}")
        }
        Value::Blob(bytes) => {
            let shown = &bytes[..bytes.len().min(SHOWN_MAX / 2)];
            let mut text = "x".to_owned();
            for byte in shown {
                // Writing into a string cannot fail.
                let _ = write!(text, "{byte:02x}");
            }
            if shown.len() < bytes.len() {
                text.push('…');
            }
            text
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn database(dir: &Path, name: &str, sql: &str) -> std::path::PathBuf {
        let path = dir.join(name);
        let connection = Connection::open(&path).unwrap();
        connection.execute_batch(sql).unwrap();
        path
    }

    const TABLES: &str = "
        CREATE TABLE a (id INTEGER PRIMARY KEY, name TEXT, data BLOB);
        CREATE TABLE b (one INTEGER, two TEXT, count INTEGER, PRIMARY KEY (two, one)) WITHOUT ROWID;
        CREATE TABLE c (x INTEGER, y TEXT);";

    #[test]
    fn what_differs_is_named_by_table_key_and_value() {
        let dir = tempfile::tempdir().unwrap();
        let first = format!(
            "{TABLES} INSERT INTO a VALUES (1, 'same', x'00'), (2, 'old', NULL), (3, 'gone', NULL);
             INSERT INTO b VALUES (1, 'k', 5), (2, 'k', 6); INSERT INTO c VALUES (1, 'y'), (1, 'y');
             CREATE TABLE d (id INTEGER PRIMARY KEY); INSERT INTO d VALUES (9);"
        );
        let second = format!(
            "{TABLES} INSERT INTO a VALUES (1, 'same', x'00'), (2, 'new', x'ff');
             INSERT INTO b VALUES (1, 'k', 5), (2, 'k', 7), (0, 'l', 1); INSERT INTO c VALUES (1, 'y');"
        );
        let first = database(dir.path(), "1", &first);
        let second = database(dir.path(), "2", &second);
        let found = compare(&first, &second, 100).unwrap();
        let text = |value: &str| value.to_owned();
        let difference = |table: &str, key: &str, how| Difference {
            table: text(table),
            key: text(key),
            how,
        };
        let columns = |columns: &[[&str; 3]]| {
            let column = |[name, one, other]: &[&str; 3]| (text(name), text(one), text(other));
            How::Columns(columns.iter().map(column).collect())
        };
        assert_eq!(
            found.differences,
            [
                difference(
                    "a",
                    "id 2",
                    columns(&[["name", "\"old\"", "\"new\""], ["data", "nothing", "xff"]])
                ),
                difference("a", "id 3", How::OnlyFirst),
                difference("b", "two \"k\", one 2", columns(&[["count", "6", "7"]])),
                difference("b", "two \"l\", one 0", How::OnlySecond),
                difference("c", "x 1, y \"y\"", How::OnlyFirst),
                difference("d", "id 9", How::OnlyFirst),
            ]
        );
        let bounded = compare(&first, &second, 2).unwrap();
        assert_eq!((bounded.differences.len(), bounded.different()), (2, 6));
        let (a, same) = (
            found.table("a").unwrap(),
            compare(&first, &first, 9).unwrap(),
        );
        assert_eq!((a.rows, a.other_rows, a.different), (3, 2, 2));
        assert_eq!(same.different(), 0);
        assert_eq!(same.table("a").unwrap().sha256, a.sha256);
        assert_ne!(
            compare(&second, &first, 9)
                .unwrap()
                .table("a")
                .unwrap()
                .sha256,
            a.sha256
        );
    }

    /// A cell of any kind.
    fn cell() -> impl Strategy<Value = String> {
        prop_oneof![
            Just("NULL".to_owned()),
            (-3..4i64).prop_map(|number| number.to_string()),
            "[a-cé]{0,3}".prop_map(|text| format!("'{text}'")),
            Just("x''".to_owned()),
            (0..4u8).prop_map(|byte| format!("x'{byte:02x}'")),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn rows_are_counted_as_sets_say(
            one in proptest::collection::btree_map((cell(), cell()), 0..3i64, 0..12),
            other in proptest::collection::btree_map((cell(), cell()), 0..3i64, 0..12),
        ) {
            let dir = tempfile::tempdir().unwrap();
            let make = |name: &str, rows: &std::collections::BTreeMap<(String, String), i64>| {
                let mut sql = "CREATE TABLE t (k, l, v INTEGER, PRIMARY KEY (l, k));".to_owned();
                for ((k, l), v) in rows {
                    let _ = write!(sql, "INSERT INTO t VALUES ({k}, {l}, {v});");
                }
                database(dir.path(), name, &sql)
            };
            let found = compare(&make("1", &one), &make("2", &other), 1000).unwrap();
            let keys: BTreeSet<_> = one.keys().chain(other.keys()).collect();
            let different = keys.iter().filter(|key| one.get(key) != other.get(key)).count();
            prop_assert_eq!(found.different(), different as u64);
            prop_assert_eq!(found.differences.len(), different);
        }
    }
}
