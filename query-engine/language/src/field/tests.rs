//! The table holds what it says, and docs/search.md shows it.

#![allow(clippy::unwrap_used)]

use std::{collections::BTreeSet, fmt::Write, fs, path::PathBuf};

use super::*;

#[test]
fn every_row_stands_at_its_key_with_a_name_of_its_own_and_an_example_that_is_read() {
    let mut names = BTreeSet::new();
    for (at, row) in FIELDS.iter().enumerate() {
        assert_eq!(row.key as usize, at, "{}", row.name);
        for name in row.aliases.iter().chain([&row.name]) {
            assert!(names.insert(*name), "{name} twice");
            assert_eq!(Key::of_name(&name.to_uppercase()), Some(row.key));
        }
        let query = crate::parse(row.example).unwrap();
        let mut fields = Vec::new();
        query
            .root
            .unwrap()
            .for_each(&mut |term| fields.push(term.field.clone()));
        assert_eq!(fields, [Field::Known(row.key)], "{}", row.example);
    }
}

#[test]
fn a_key_that_is_none_is_a_tags() {
    assert_eq!(Field::of_key("LEVEL"), Field::Known(Key::Level));
    assert_eq!(Field::of_key("browser"), Field::Tag("browser".to_owned()));
    assert_eq!(Field::of_key("tag.level"), Field::Tag("level".to_owned()));
    assert_eq!(Field::of_key("tag."), Field::Tag("tag.".to_owned()));
}

const BEGIN: &str = "--ignored write_the_table -->\n";
const END: &str = "<!-- end -->";

fn page() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/search.md")
}

fn table() -> String {
    let mut table = "| field | kind | what | example | issues | events |\n\
                     | --- | --- | --- | --- | --- | --- |\n"
        .to_owned();
    let answer = |answer: Answer| match answer {
        Answer::Stored => "yes",
        Answer::OfIssue => "of their issue",
        Answer::OfEvents => "by their events",
        Answer::Never(_) => "no",
    };
    for row in FIELDS {
        let also: Vec<String> = row
            .aliases
            .iter()
            .map(|name| format!(", `{name}`"))
            .collect();
        writeln!(
            table,
            "| `{}`{} | {} | {} | `{}` | {} | {} |",
            row.name,
            also.concat(),
            row.kind.name(),
            row.about,
            row.example.replace('|', "\\|"),
            answer(row.issues),
            answer(row.events)
        )
        .unwrap();
    }
    table
}

fn parts(page: &str) -> (&str, &str, &str) {
    let begin = page.find(BEGIN).unwrap() + BEGIN.len();
    let end = begin + page[begin..].find(END).unwrap();
    (&page[..begin], &page[begin..end], &page[end..])
}

#[test]
fn the_table_of_the_documentation_is_this_one() {
    let page = fs::read_to_string(page()).unwrap();
    let shown = parts(&page).1;
    assert_eq!(
        shown,
        table(),
        "cargo test -p search-language -- --ignored write_the_table"
    );
}

#[test]
#[ignore = "writes the table of docs/search.md anew"]
fn write_the_table() {
    let old = fs::read_to_string(page()).unwrap();
    let (before, _, after) = parts(&old);
    fs::write(page(), format!("{before}{}{after}", table())).unwrap();
}

#[test]
fn the_examples_of_the_documentation_are_read() {
    let page = fs::read_to_string(page()).unwrap();
    let blocks = page.split("```\n").skip(1).step_by(2);
    let mut read = 0;
    for line in blocks.flat_map(str::lines) {
        crate::parse(line).unwrap_or_else(|error| panic!("{line}: {error}"));
        read += 1;
    }
    assert!(read >= 2, "{read}");
}
