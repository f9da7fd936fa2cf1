//! Which top-level module of a crate may use which, as `tidy.rs` holds it of crates.
//!
//! A table stands in the order of reading: a module uses such as stand before it, so a
//! circle finds no place in it. It is exact: an edge that is not in it fails the test, and
//! so does one that the source no longer has. A module and what is below it are one;
//! within it parent and child may use each other. Files of tests may use whatever they
//! test with. Paths are read, not types: what `lib.rs` passes on must be named by its
//! module.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use super::{is_test, root};

/// A top-level module, and those that it uses.
type Row = (&'static str, &'static [&'static str]);

/// Crates with a table, by the folder of their source.
const TABLES: &[(&str, &[Row])] = &[
    ("event-log/src", EVENT_LOG),
    ("ingest-gateway/src", INGEST_GATEWAY),
];

const EVENT_LOG: &[Row] = &[
    ("error", &[]),
    ("folders", &["error"]),
    ("thread", &["error"]),
    ("ticket", &["error"]),
    ("blocks", &[]),
    ("lanes", &[]),
    ("blobs", &[]),
    ("stacks", &["blocks"]),
    ("reader", &["blocks", "error", "folders", "stacks"]),
    ("markers", &["error", "reader"]),
    ("commands", &["error", "markers", "ticket"]),
    (
        "appender",
        &["blocks", "error", "lanes", "stacks", "thread", "ticket"],
    ),
    (
        "writer",
        &[
            "appender", "blocks", "commands", "error", "folders", "lanes", "markers", "reader",
            "thread", "ticket",
        ],
    ),
    ("control", &["error", "reader"]),
    (
        "retention",
        &["control", "error", "folders", "reader", "writer"],
    ),
    ("space", &["error", "reader"]),
    (
        "copy",
        &["control", "error", "folders", "markers", "reader"],
    ),
    ("dump", &["error", "folders", "reader"]),
];

const INGEST_GATEWAY: &[Row] = &[
    // Words, which know nobody.
    ("fate", &[]),
    ("path", &[]),
    ("error", &["fate"]),
    ("others", &[]),
    ("config", &["others"]),
    // What became of items.
    ("arrivals", &["error", "fate"]),
    ("outcome", &["arrivals", "error", "fate"]),
    ("telemetry", &["fate", "outcome"]),
    // Who asks.
    ("address", &[]),
    ("auth", &["address", "arrivals", "error"]),
    ("password", &["error"]),
    // Of ingestion.
    ("policy", &[]),
    ("limits", &["config", "error", "telemetry"]),
    ("recent", &["error"]),
    ("spikes", &[]),
    ("stock", &["error", "fate"]),
    ("disk", &["error", "fate", "telemetry"]),
    (
        "body",
        &["arrivals", "config", "error", "fate", "telemetry"],
    ),
    // Decisions.
    (
        "commands",
        &["auth", "error", "others", "password", "telemetry"],
    ),
    ("bootstrap", &["commands", "config", "error", "password"]),
    // The three rooms.
    (
        "ingest",
        &[
            "address",
            "arrivals",
            "auth",
            "body",
            "config",
            "disk",
            "error",
            "fate",
            "limits",
            "outcome",
            "policy",
            "recent",
            "spikes",
            "stock",
            "telemetry",
        ],
    ),
    (
        "people",
        &[
            "address",
            "arrivals",
            "auth",
            "body",
            "commands",
            "config",
            "error",
            "fate",
            "outcome",
            "password",
            "policy",
            "telemetry",
        ],
    ),
    (
        "upkeep",
        &[
            "commands",
            "disk",
            "error",
            "fate",
            "others",
            "outcome",
            "spikes",
            "stock",
            "telemetry",
        ],
    ),
    (
        "gateway",
        &[
            "auth",
            "body",
            "bootstrap",
            "commands",
            "config",
            "disk",
            "error",
            "ingest",
            "limits",
            "outcome",
            "password",
            "people",
            "policy",
            "recent",
            "spikes",
            "stock",
            "telemetry",
            "upkeep",
        ],
    ),
];

#[test]
fn modules_use_only_the_modules_they_may() {
    let faults: Vec<String> = TABLES
        .iter()
        .flat_map(|(folder, table)| {
            let faults = faults(table, &edges(&root().join(folder)));
            faults
                .into_iter()
                .map(move |fault| format!("{folder}: {fault}"))
        })
        .collect();
    assert!(faults.is_empty(), "{faults:#?}");
}

/// What each top-level module uses, by module: from the source below this folder.
fn edges(folder: &Path) -> BTreeMap<String, BTreeSet<String>> {
    fn walk(folder: &Path, dir: &Path, found: &mut BTreeMap<String, BTreeSet<String>>) {
        for entry in fs::read_dir(dir).unwrap().map(Result::unwrap) {
            let path = entry.path();
            if path.is_dir() {
                walk(folder, &path, found);
                continue;
            }
            let inner = path.strip_prefix(folder).unwrap();
            let name = inner.to_str().unwrap();
            let is_source = path.extension().is_some_and(|end| end == "rs");
            if !is_source || name == "lib.rs" || is_test(&format!("src/{name}")) {
                continue;
            }
            let module = name.split(['/', '.']).next().unwrap();
            let depth = inner.components().count();
            let mut used = used(&fs::read_to_string(&path).unwrap(), depth);
            used.remove(module);
            found.entry(module.to_owned()).or_default().extend(used);
        }
    }
    let mut found = BTreeMap::new();
    walk(folder, folder, &mut found);
    found
}

/// Where the source and its table differ, and where the table has a circle.
fn faults(table: &[Row], edges: &BTreeMap<String, BTreeSet<String>>) -> Vec<String> {
    let mut faults = Vec::new();
    let mut before = BTreeSet::new();
    for (module, may) in table {
        let circles = may.iter().filter(|used| !before.contains(*used));
        faults.extend(circles.map(|used| {
            format!("{module} uses {used}, which does not stand before it: a circle, or the order")
        }));
        before.insert(*module);
        let Some(used) = edges.get(*module) else {
            faults.push(format!("{module} is in the table, but not in the source"));
            continue;
        };
        let new = used.iter().filter(|used| !may.contains(&used.as_str()));
        faults.extend(new.map(|used| format!("{module} must not use {used}: see ARCHITECTURE.md")));
        let stale = may.iter().filter(|may| !used.contains(**may));
        faults.extend(stale.map(|may| format!("{module} no longer uses {may}")));
    }
    let unknown = edges.keys().filter(|name| !before.contains(name.as_str()));
    faults.extend(unknown.map(|name| format!("{name} is not in the table")));
    faults
}

/// The names right below the crate's root that a source names; the source is that of a
/// module so many steps below the root.
fn used(source: &str, depth: usize) -> BTreeSet<String> {
    let tokens = tokens(source);
    let mut found = BTreeSet::new();
    // Of each open brace whether it is a module's.
    let mut braces = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let token = tokens[at];
        at += 1;
        match token {
            "{" => braces.push(at > 2 && tokens.get(at - 3) == Some(&"mod")),
            "}" => {
                braces.pop();
            }
            "crate" | "super" if tokens.get(at) == Some(&"::") => {
                let mut up = 1;
                while token == "super" && tokens.get(at + 1) == Some(&"super") {
                    up += 1;
                    at += 2;
                }
                let modules = braces.iter().filter(|is_module| **is_module).count();
                if (token == "crate" || up == depth + modules) && tokens.get(at) == Some(&"::") {
                    found.extend(first_names(&tokens[at + 1..]).map(str::to_owned));
                }
            }
            _ => {}
        }
    }
    found
}

/// The first names of a path's rest: one, or those of a group.
fn first_names<'a>(tokens: &'a [&'a str]) -> impl Iterator<Item = &'a str> {
    let is_group = tokens.first() == Some(&"{");
    let (mut depth, mut is_first, mut is_over) = (0, true, false);
    let names = tokens.iter().filter(move |token| {
        if is_over {
            return false;
        }
        let is_name = is_first && (!is_group || depth == 1);
        match **token {
            "{" => depth += 1,
            "}" => depth -= 1,
            "," if depth == 1 => is_first = true,
            _ => is_first = false,
        }
        is_over = depth == 0;
        is_name && !matches!(**token, "{" | "}" | "," | "self")
    });
    names.copied()
}

/// Characters that would begin a text or a block, did they not stand in quotes.
const SIGNS: &[&str] = &["'\"'", "'\\\"'", "'{'", "'}'"];

/// Words and signs, without comments and texts; `::` is one sign.
fn tokens(source: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = source;
    while let Some(first) = rest.chars().next() {
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if let Some(raw) = rest.strip_prefix("r#\"") {
            raw.find("\"#").map_or(rest.len(), |end| end + 5)
        } else if let Some(raw) = rest.strip_prefix("r\"") {
            raw.find('"').map_or(rest.len(), |end| end + 3)
        } else if first == '"' {
            text_bytes(rest)
        } else if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
            sign.len()
        } else {
            let is_word = |c: char| c.is_alphanumeric() || c == '_';
            let length = if is_word(first) {
                rest.find(|c| !is_word(c)).unwrap_or(rest.len())
            } else if rest.starts_with("::") {
                2
            } else {
                first.len_utf8()
            };
            if !first.is_whitespace() {
                found.push(&rest[..length]);
            }
            length
        };
        rest = &rest[length..];
    }
    found
}

/// The length of the text that begins here, quotes included.
fn text_bytes(rest: &str) -> usize {
    let mut is_escaped = false;
    let end = rest.char_indices().skip(1).find(|(_, c)| {
        let ends = *c == '"' && !is_escaped;
        is_escaped = *c == '\\' && !is_escaped;
        ends
    });
    end.map_or(rest.len(), |(at, _)| at + 1)
}

#[test]
fn the_modules_that_a_source_names_are_found() {
    for (source, depth, expected) in [
        ("use crate::clock::now_ns;", 1, "clock"),
        (
            "use crate::{clock, error::{ApiError, ErrorCode}, fate::*};",
            2,
            "clock error fate",
        ),
        ("fn f(x: &crate::outcome::Tally) {}", 1, "outcome"),
        ("pub(in crate::ingest) fn f() {}", 3, "ingest"),
        ("use super::clock;", 1, "clock"),
        ("use super::clock;", 2, ""),
        ("use super::super::{clock, self};", 2, "clock"),
        (
            "mod tests { use super::*; use super::super::fate; }",
            1,
            "fate",
        ),
        ("mod a { fn f() {} } use super::fate;", 1, "fate"),
        (
            "// crate::comment\n/// [`crate::doc`]\nfn f() { \"crate::text \\\" {\"; }",
            1,
            "",
        ),
        (
            "let s = r#\"crate::raw \"#; let c = ['{', '\"']; use super::fate;",
            1,
            "fate",
        ),
        (
            "use event_model::credential; use self::inner::crate_name;",
            1,
            "",
        ),
    ] {
        let found: Vec<_> = used(source, depth).into_iter().collect();
        assert_eq!(found.join(" "), expected, "{source}");
    }
}

#[test]
fn a_table_that_differs_or_has_a_circle_is_refused() {
    let edges = |rows: &[(&str, &str)]| -> BTreeMap<String, BTreeSet<String>> {
        let row = |(module, used): &(&str, &str)| {
            let used = used.split_whitespace().map(str::to_owned);
            ((*module).to_owned(), used.collect())
        };
        rows.iter().map(row).collect()
    };
    let sound: &[Row] = &[("a", &[]), ("b", &["a"])];
    for (table, source, expected) in [
        (sound, &[("a", ""), ("b", "a")][..], ""),
        (sound, &[("a", "b"), ("b", "a")], "a must not use b"),
        (sound, &[("a", ""), ("b", "")], "b no longer uses a"),
        (
            sound,
            &[("a", "")],
            "b is in the table, but not in the source",
        ),
        (
            sound,
            &[("a", ""), ("b", "a"), ("c", "")],
            "c is not in the table",
        ),
        (
            &[("a", &["b"]), ("b", &["a"])],
            &[("a", "b"), ("b", "a")],
            "a uses b, which does not stand before it",
        ),
    ] {
        let found = faults(table, &edges(source));
        assert_eq!(found.len(), usize::from(!expected.is_empty()), "{found:?}");
        assert!(
            found.iter().all(|fault| fault.starts_with(expected)),
            "{found:?}"
        );
    }
}
