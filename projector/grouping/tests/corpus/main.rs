//! The corpus (`corpus/README.md`): families of events that belong together and of
//! events that do not, through the gateway's readers to their fingerprints.
//!
//! `make grouping-score` prints what holds; `GROUPING_FAMILIES` names another folder.
#![allow(clippy::unwrap_used)]

mod events;
mod families;
mod known;
mod random;
mod score;

use std::path::PathBuf;

use families::Family;
use random::Generator;
use score::{Row, Tally};

/// The corpus of the project, or the folder that a person names.
fn folder() -> PathBuf {
    let own = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("corpus");
    std::env::var_os("GROUPING_FAMILIES").map_or_else(own, PathBuf::from)
}

fn rows() -> Vec<Row> {
    let families = Family::all(&folder()).unwrap();
    families.iter().map(Row::of).collect()
}

#[test]
fn what_holds_is_what_is_known_to_hold() {
    known::check(&rows(), &random_failures());
}

/// The generators that do not keep to their limit, and by how much.
fn random_failures() -> Vec<(String, String)> {
    let generators = Generator::all(&folder()).unwrap();
    let found = generators.iter().filter_map(|generator| {
        let failure = generator.failure(random::SEED)?;
        Some((generator.id().to_owned(), failure))
    });
    found.collect()
}

/// Prints the figures: run by `make grouping-score`.
#[test]
#[ignore = "for people"]
#[expect(clippy::print_stdout, reason = "that is what it is for")]
fn score() {
    let rows = rows();
    for row in rows.iter().filter(|row| !row.holds()) {
        println!("{}", row.line());
    }
    for (id, failure) in random_failures() {
        println!("  random {id}: {failure}");
    }
    print!("{}", Tally::of(&rows));
}
