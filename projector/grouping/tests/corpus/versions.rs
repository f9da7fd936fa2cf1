//! What each version of the algorithm makes of the corpus: `corpus/versions/N.txt`, a line a
//! family with a hash of its fingerprints.
//!
//! Invariant: a line never changes while a release may have projects on the version, also not
//! for what the gateway's readers do with an event: its issue would begin anew.

use std::{collections::BTreeMap, fs, path::PathBuf};

use grouping::{Algorithm, Grouper};
use xxhash_rust::xxh3::xxh3_64;

use crate::{events, families::Family, folder};

fn path(version: Algorithm) -> PathBuf {
    folder().join(format!("versions/{}.txt", version.number()))
}

/// The families and what the version makes of them now.
fn made(families: &[Family], version: Algorithm) -> BTreeMap<String, String> {
    let grouper = Grouper::standard().by(version);
    let line = |family: &Family| {
        let events = family.together.iter().chain(&family.apart);
        let prints = events.flat_map(|event| {
            let event = events::stored(event, &family.platform);
            grouper.fingerprint(event.whole()).0
        });
        let prints: Vec<u8> = prints.collect();
        (family.id.clone(), format!("{:016x}", xxh3_64(&prints)))
    };
    families.iter().map(line).collect()
}

fn written(version: Algorithm) -> BTreeMap<String, String> {
    let text = fs::read_to_string(path(version)).unwrap_or_default();
    let lines = text.lines().filter_map(|line| line.split_once(' '));
    lines.map(|(id, hash)| (id.into(), hash.into())).collect()
}

#[test]
fn every_version_makes_of_the_corpus_what_it_always_made() {
    let families = Family::all(&folder()).unwrap();
    for version in Algorithm::ALL {
        let (now, then) = (made(&families, version), written(version));
        let others = now.iter().filter(|(id, hash)| then.get(*id) != Some(hash));
        let others: Vec<&String> = others.map(|(id, _)| id).collect();
        assert!(
            others.is_empty(),
            "version {} makes something else of {others:?}, or its lines are missing: \
             `cargo test -p grouping --test corpus -- --ignored write_the_versions`",
            version.number(),
        );
    }
}

/// The newest version does more, and the one before it less: else it would need no number.
#[test]
fn versions_differ_in_what_they_hold() {
    let families = Family::all(&folder()).unwrap();
    let is_held = |id: &str, version: Algorithm| {
        let family = families.iter().find(|family| family.id == id).unwrap();
        crate::score::Row::by(family, &Grouper::standard().by(version)).holds()
    };
    for (id, held) in [
        ("fs-modules", [false, true]),
        ("tmpl-literal-number", [false, true]),
    ] {
        assert_eq!(
            Algorithm::ALL.map(|version| is_held(id, version)),
            held,
            "{id}"
        );
    }
}

/// Adds what is missing, and never changes what is there.
#[test]
#[ignore = "writes the files"]
fn write_the_versions() {
    let families = Family::all(&folder()).unwrap();
    for version in Algorithm::ALL {
        let mut all = made(&families, version);
        all.extend(written(version));
        let lines: Vec<String> = all
            .iter()
            .map(|(id, hash)| format!("{id} {hash}"))
            .collect();
        fs::create_dir_all(folder().join("versions")).unwrap();
        fs::write(path(version), lines.join("\n") + "\n").unwrap();
    }
}
