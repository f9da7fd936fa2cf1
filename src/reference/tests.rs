#![allow(clippy::unwrap_used)]

use std::{collections::BTreeSet, fs, path::Path};

use clap::ValueEnum;

use super::*;

#[test]
fn the_committed_reference_is_what_the_program_says() {
    for (file, of) in [
        ("configuration.md", Page::Configuration),
        ("errata.schema.json", Page::Schema),
        ("cli.md", Page::Cli),
        ("metrics.md", Page::Metrics),
        ("errors.md", Page::Errors),
        ("routes.md", Page::Routes),
        ("numbers.md", Page::Numbers),
    ] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("docs/reference")
            .join(file);
        let committed = fs::read_to_string(&path).unwrap_or_default();
        assert!(
            committed == page(of).unwrap(),
            "{} is not current: run `make reference` and commit it",
            path.display()
        );
    }
}

#[test]
fn every_key_is_in_the_reference() {
    fn leaves(value: &Value, prefix: &str, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(table) => table
                .iter()
                .for_each(|(name, inner)| leaves(inner, &format!("{prefix}.{name}"), found)),
            _ => {
                found.insert(prefix[1..].to_owned());
            }
        }
    }
    let mut known = BTreeSet::new();
    leaves(
        &serde_json::to_value(Config::default()).unwrap(),
        "",
        &mut known,
    );
    let described: BTreeSet<String> = keys().unwrap().into_iter().map(|key| key.name).collect();
    assert_eq!(described, known);
}

#[test]
fn every_metric_in_the_source_is_described() {
    fn walk(dir: &Path, found: &mut BTreeSet<String>) {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|e| e == "rs") && name != "tests.rs" {
                let text = fs::read_to_string(&path).unwrap();
                // Every name of a metric stands in the source as one word in quotes.
                found.extend(
                    text.split('"')
                        .filter(|word| is_metric(word))
                        .map(str::to_owned),
                );
            }
        }
    }
    fn is_metric(word: &str) -> bool {
        let word = word.strip_prefix("errata_");
        word.is_some_and(|rest| {
            !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
        })
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut used = BTreeSet::new();
    for dir in [
        "src",
        "alerter/src",
        "event-log/src",
        "ingest-gateway/src",
        "log-core/src",
        "projector/src",
        "query-engine/src",
        "read-model/src",
    ] {
        walk(&root.join(dir), &mut used);
    }
    assert!(used.len() > 20, "{used:?}");
    let described: BTreeSet<String> = metric::names().into_iter().collect();
    assert_eq!(used, described);
}

#[test]
fn every_shell_and_the_manual_know_every_command() {
    for shell in clap_complete::Shell::value_variants() {
        let mut text = Vec::new();
        completions(*shell, &mut text);
        let text = String::from_utf8(text).unwrap();
        assert!(
            text.contains("replay") && text.contains("accept-loss"),
            "{shell}"
        );
    }
    assert!(page(Page::Man).unwrap().contains("errata\\-replay"));
}
