//! Versions are tied to what they are versions of: whoever changes a stored form, or what
//! grouping computes, without its version, or the version without the form, is told here.
//!
//! `tests/golden/versions.txt` has a line a version: its name, its number, and a checksum
//! of what describes it: snapshots, tables of a format's page, tables of a database.
//! Prose may change freely, it is not in the checksum.

use std::{fmt::Write as _, fs};

use super::root;

const LEDGER: &str = "tests/golden/versions.txt";

struct Tie {
    /// In the ledger.
    name: &'static str,
    /// The file and the constant with the version.
    version: (&'static str, &'static str),
    /// What describes it.
    form: Form,
}

enum Form {
    /// Tables in Markdown or in module docs.
    Tables(&'static str),
    /// Tables, and files that were written once.
    TablesAndFiles(&'static str, &'static str),
    /// Statements, without comments.
    Sql(&'static str),
    /// Every file of a folder.
    Files(&'static str),
}

const TIES: [Tie; 6] = [
    Tie {
        name: "grouping",
        version: ("projector/grouping/src/algorithm.rs", "NEWEST_VERSION"),
        form: Form::Files("projector/grouping/src/fingerprint/snapshots"),
    },
    Tie {
        name: "issue-database",
        version: ("read-model/src/issues/schema.rs", "SCHEMA_VERSION"),
        form: Form::Sql("read-model/src/issues/schema.rs"),
    },
    Tie {
        name: "log",
        version: ("log-core/src/format.rs", "FORMAT_VERSION"),
        form: Form::TablesAndFiles("docs/formats/log.md", "log-core/tests/golden"),
    },
    Tie {
        name: "sealed-segment",
        version: ("log-core/src/sealed/table.rs", "TABLE_VERSION"),
        form: Form::Tables("log-core/src/sealed/table.rs"),
    },
    Tie {
        name: "parquet",
        version: ("read-model/src/cold/schema.rs", "SCHEMA_VERSION"),
        form: Form::Tables("docs/formats/parquet.md"),
    },
    Tie {
        name: "checkpoint",
        version: ("read-model/src/checkpoint/header.rs", "VERSION"),
        form: Form::Tables("read-model/src/checkpoint.rs"),
    },
];

fn text(file: &str) -> String {
    fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

impl Tie {
    fn version(&self) -> u64 {
        let (file, constant) = self.version;
        let start = format!("const {constant}: ");
        let text = text(file);
        let line = text.lines().find_map(|line| line.split_once(&start));
        let (_, rest) = line.unwrap_or_else(|| panic!("{file} has no {constant}"));
        let number = rest.split_once("= ").and_then(|(_, n)| n.strip_suffix(';'));
        number.unwrap().parse().unwrap()
    }

    fn checksum(&self) -> u32 {
        let mut bytes = Vec::new();
        match self.form {
            Form::Tables(file) => bytes.extend(tables(&text(file))),
            Form::Sql(file) => bytes.extend(statements(&text(file))),
            Form::Files(dir) => files(dir, &mut bytes),
            Form::TablesAndFiles(file, dir) => {
                bytes.extend(tables(&text(file)));
                files(dir, &mut bytes);
            }
        }
        assert!(bytes.len() > 100, "{}: nothing describes it", self.name);
        crc32fast::hash(&bytes)
    }

    fn described_by(&self) -> String {
        match self.form {
            Form::Tables(file) => format!("the tables in {file}"),
            Form::Sql(file) => format!("the statements in {file}"),
            Form::Files(dir) => dir.to_owned(),
            Form::TablesAndFiles(file, dir) => format!("the tables in {file} or {dir}"),
        }
    }
}

fn tables(text: &str) -> Vec<u8> {
    let rows = text
        .lines()
        .map(|line| line.trim_start_matches("//!").trim());
    let rows: Vec<&str> = rows.filter(|line| line.starts_with('|')).collect();
    rows.join("\n").into_bytes()
}

fn statements(text: &str) -> Vec<u8> {
    let (_, schema) = text.split_once("const SCHEMA: &str = \"").unwrap();
    let (schema, _) = schema.split_once("\";").unwrap();
    let lines = schema.lines().map(|line| line.split("--").next().unwrap());
    let words: Vec<&str> = lines.flat_map(str::split_whitespace).collect();
    words.join(" ").into_bytes()
}

fn files(dir: &str, bytes: &mut Vec<u8>) {
    let mut entries: Vec<_> = fs::read_dir(root().join(dir))
        .unwrap_or_else(|error| panic!("{dir}: {error}"))
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    entries.sort();
    for name in entries {
        let path = format!("{dir}/{name}");
        bytes.extend_from_slice(name.as_bytes());
        if root().join(&path).is_dir() {
            files(&path, bytes);
        } else {
            bytes.extend(fs::read(root().join(&path)).unwrap());
        }
    }
}

/// What is wrong with a version and its form; none: they belong together.
fn fault(tie: &Tie, version: u64, checksum: u32, ledger: &[(u64, u32)]) -> Option<String> {
    let (name, (file, constant)) = (tie.name, tie.version);
    let form = tie.described_by();
    let Some(&(newest, known)) = ledger.last() else {
        return Some(format!(
            "add the line `{name} {version} {checksum:08x}` to {LEDGER}"
        ));
    };
    let mut said = String::new();
    let _ = match (version == newest, checksum == known) {
        (true, true) => return None,
        (true, false) => write!(
            said,
            "{form} changed, and {constant} is still {version}. If what is stored or computed is \
             another now, raise {constant} in {file} and add the line `{name} {} {checksum:08x}` \
             to {LEDGER}; if only words are, put {checksum:08x} in place of {known:08x} there",
            version + 1
        ),
        (false, true) => write!(
            said,
            "{constant} in {file} is {version}, but {form} is as it was with {newest}: take the \
             version back, or make anew what describes it"
        ),
        (false, false) if version > newest => write!(
            said,
            "{constant} was raised to {version}: add the line `{name} {version} {checksum:08x}` \
             to {LEDGER}"
        ),
        (false, false) => write!(
            said,
            "{constant} in {file} is {version}, less than the {newest} that was in use before"
        ),
    };
    Some(said)
}

fn ledger(name: &str) -> Vec<(u64, u32)> {
    let text = text(LEDGER);
    let lines = text
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty());
    let rows = lines.map(|line| line.split(' ').collect::<Vec<_>>());
    let own = rows.filter(|row| row[0] == name);
    let rows: Vec<(u64, u32)> = own
        .map(|row| {
            (
                row[1].parse().unwrap(),
                u32::from_str_radix(row[2], 16).unwrap(),
            )
        })
        .collect();
    assert!(
        rows.windows(2).all(|pair| pair[0].0 < pair[1].0),
        "{LEDGER}: the versions of {name} rise"
    );
    rows
}

#[test]
fn a_version_changes_with_its_form_and_a_form_with_its_version() {
    let faults: Vec<String> = TIES
        .iter()
        .filter_map(|tie| fault(tie, tie.version(), tie.checksum(), &ledger(tie.name)))
        .collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn each_way_of_changing_one_without_the_other_is_told() {
    let tie = &TIES[0];
    let known = [(1, 0xa), (2, 0xb)];
    for (version, checksum, expected) in [
        (2, 0xb, None),
        (2, 0xc, Some("raise NEWEST_VERSION")),
        (3, 0xb, Some("take the version back")),
        (3, 0xc, Some("add the line `grouping 3 0000000c`")),
        (1, 0xa, Some("less than the 2")),
    ] {
        let found = fault(tie, version, checksum, &known);
        match (&found, expected) {
            (None, None) => {}
            (Some(found), Some(expected)) => assert!(found.contains(expected), "{found}"),
            _ => panic!("{version} {checksum}: {found:?}"),
        }
    }
    assert!(fault(tie, 1, 1, &[]).unwrap().contains("add the line"));
}

#[test]
fn words_between_tables_and_comments_do_not_count() {
    let page = "# A page\n\nWords.\n\n| at | what |\n| 0 | a |\n";
    assert_eq!(tables(page), tables(&page.replace("Words", "Others")));
    assert_ne!(tables(page), tables(&page.replace("| a |", "| b |")));
    let docs = "//! Words.\n//! | 0 | a |\nfn code() {}\n";
    assert_eq!(tables(docs), b"| 0 | a |");
    let sql = "const SCHEMA: &str = \"\nCREATE TABLE a (b INTEGER); -- words\n\";";
    assert_eq!(statements(sql), b"CREATE TABLE a (b INTEGER);");
}
