use std::{fmt::Write as _, fs, path::Path};

use super::*;
use crate::answer::type_name;

const BEGIN: &str = "<!-- tables: UPDATE=1 cargo test -p sql-engine --lib -->\n";
const END: &str = "<!-- end of tables -->";

/// The tables as docs/sql.md has them.
fn page() -> String {
    let mut page = String::new();
    for table in told() {
        writeln!(
            page,
            "\n### `{}`\n\nA row is {}.\n",
            table.name, table.about
        )
        .unwrap();
        page.push_str("| column | type | meaning |\n| --- | --- | --- |\n");
        for (field, about) in table.columns {
            let none = if field.is_nullable() && !about.contains("null") {
                ", may be null"
            } else {
                ""
            };
            let (name, kind) = (field.name(), type_name(&field));
            writeln!(page, "| `{name}` | {kind}{none} | {about} |").unwrap();
        }
    }
    page.push('\n');
    page
}

#[test]
fn the_page_of_tables_is_true() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/sql.md");
    let text = fs::read_to_string(&path).unwrap();
    let (before, rest) = text.split_once(BEGIN).unwrap();
    let (found, after) = rest.split_once(END).unwrap();
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, format!("{before}{BEGIN}{}{END}{after}", page())).unwrap();
    } else {
        assert_eq!(found, page(), "UPDATE=1 writes it");
    }
}

#[test]
fn names_of_tables_and_columns_are_each_there_once() {
    let names = names();
    let distinct: std::collections::BTreeSet<_> = names.iter().collect();
    assert_eq!(distinct.len(), names.len());
    for table in told() {
        let columns: std::collections::BTreeSet<_> = table
            .columns
            .iter()
            .map(|(field, _)| field.name())
            .collect();
        assert_eq!(columns.len(), table.columns.len(), "{}", table.name);
    }
}
