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
mod similar;
mod versions;

use std::path::PathBuf;

use families::Family;
use grouping::Grouper;
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

/// The counted components of an explanation are what the fingerprint is made of, and two
/// events of different issues differ in one of them.
#[test]
fn what_is_explained_is_what_groups() {
    let grouper = Grouper::standard();
    for family in Family::all(&folder()).unwrap() {
        let events = family.together.iter().chain(&family.apart);
        let events = events.map(|event| events::stored(event, &family.platform));
        let events: Vec<_> = events.collect();
        for event in &events {
            let explained = grouper.explain(event.whole());
            let fingerprint = grouper.fingerprint(event.whole());
            assert_eq!(
                explained.fingerprint, fingerprint,
                "{}: {explained}",
                family.id
            );
            assert_eq!(explained.root.fingerprint(), fingerprint, "{}", family.id);
        }
        for pair in events.windows(2) {
            let [a, b] = [pair[0].whole(), pair[1].whole()];
            let is_one = grouper.fingerprint(a) == grouper.fingerprint(b);
            assert_eq!(grouper.why_apart(a, b).is_none(), is_one, "{}", family.id);
        }
    }
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
