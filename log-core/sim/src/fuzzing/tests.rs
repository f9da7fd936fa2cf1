//! The fuzzers' seeds, and mutations of them that are the same in every run.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;

use super::{INPUT_BYTES_MAX, TARGETS, Target};
use crate::disk::Rng;

/// Mutations of each target's seeds: with all targets together about two seconds.
const MUTATIONS: u64 = 400;
const CHANGES_MAX: u64 = 6;

fn seeds(name: &str) -> Vec<Vec<u8>> {
    let dir = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../fuzz/corpus")).join(name);
    let mut paths: Vec<_> = fs::read_dir(&dir)
        .unwrap_or_else(|error| panic!("seeds in {}: {error}", dir.display()))
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    assert!(!paths.is_empty(), "no seeds in {}", dir.display());
    paths.iter().map(|path| fs::read(path).unwrap()).collect()
}

fn mutate(rng: &mut Rng, seeds: &[Vec<u8>]) -> Vec<u8> {
    let pick = |rng: &mut Rng| &seeds[rng.below(seeds.len() as u64) as usize];
    let mut bytes = pick(rng).clone();
    for _ in 0..=rng.below(CHANGES_MAX) {
        if bytes.is_empty() {
            break;
        }
        let at = rng.below(bytes.len() as u64) as usize;
        let length = 1 + rng.below(64) as usize;
        match rng.below(8) {
            0 => bytes.truncate(at),
            1 => {
                let other = pick(rng);
                let from = rng.below(other.len() as u64) as usize;
                let to = other.len().min(from + length);
                bytes.splice(at..at, other[from..to].iter().copied());
            }
            2 => {
                let end = bytes.len().min(at + length);
                bytes.drain(at..end);
            }
            3 => bytes[at] = rng.word() as u8,
            4 => bytes[at] = [0x00, 0x01, 0x7F, 0x80, 0xFF][rng.below(5) as usize],
            // Few places decide how the rest is read.
            5 => bytes[0] = rng.word() as u8,
            _ => bytes[at] ^= 1 << rng.below(8),
        }
    }
    bytes.truncate(INPUT_BYTES_MAX);
    bytes
}

fn run(name: &str, target: Target, input: &[u8], what: &str) {
    let done = catch_unwind(AssertUnwindSafe(|| target(input)));
    if done.is_err() {
        let file = std::env::temp_dir().join(format!("errata-fuzz-{name}"));
        fs::write(&file, input).unwrap();
        panic!("{name}: {what}; the input is in {}", file.display());
    }
}

/// `ERRATA_FUZZ_MUTATIONS` goes further than the test of every day.
fn check(wanted: &str) {
    let mutations = std::env::var("ERRATA_FUZZ_MUTATIONS")
        .map_or(MUTATIONS, |text| text.parse().expect("a number"));
    let (name, target) = TARGETS
        .into_iter()
        .find(|(name, _)| *name == wanted)
        .unwrap();
    let seeds = seeds(name);
    for (at, seed) in seeds.iter().enumerate() {
        run(name, target, seed, &format!("seed {at}"));
    }
    let mut rng = Rng::new(1);
    for at in 0..mutations {
        let input = mutate(&mut rng, &seeds);
        run(name, target, &input, &format!("mutation {at}"));
    }
}

#[test]
fn cursors() {
    check("cursor");
}

#[test]
fn frames() {
    check("frame");
}

#[test]
fn manifests() {
    check("manifest");
}

#[test]
fn recovery() {
    check("recovery");
}

#[test]
fn sealed_files() {
    check("sealed");
}

#[test]
fn segments() {
    check("segment");
}
