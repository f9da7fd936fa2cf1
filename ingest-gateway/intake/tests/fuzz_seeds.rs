//! The fuzzers' seeds, and mutations of them that are the same in every run. What a
//! fuzzer finds is put among the seeds (`fuzz/corpus`).
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "fuzz_seeds/check.rs"]
mod check;
#[path = "../../../tests/support/growth.rs"]
mod growth;

use std::{fs, path::PathBuf};

/// Mutations of each target's seeds: with all targets together a few seconds.
const MUTATIONS: usize = 300;
/// A body of this many bytes takes milliseconds, unless its time grows with its square.
const LONG_BYTES: usize = 64 * 1024;

fn seeds(name: &str) -> Vec<Vec<u8>> {
    let dir = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/corpus")
        .join(name);
    let mut paths: Vec<_> = fs::read_dir(&dir)
        .unwrap_or_else(|error| panic!("seeds in {}: {error}", dir.display()))
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    assert!(!paths.is_empty(), "no seeds in {}", dir.display());
    paths.iter().map(|path| fs::read(path).unwrap()).collect()
}

/// `SplitMix64`: the same numbers in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) as usize % end.max(1)
    }
}

/// Pieces that parsers care about.
const PIECES: [&[u8]; 16] = [
    b"\"",
    b"\\",
    b"{",
    b"}",
    b"[",
    b"]",
    b"\n",
    b"\0",
    b"\xff",
    b"\\ud800",
    b"null",
    b"1e999",
    b"-",
    b"[Filtered]",
    b"password=",
    b"://u:p@",
];

fn mutate(random: &mut Random, seeds: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = seeds[random.below(seeds.len())].clone();
    for _ in 0..=random.below(6) {
        let at = random.below(bytes.len() + 1);
        match random.below(6) {
            0 => bytes.truncate(at),
            1 if at < bytes.len() => bytes[at] = random.below(256) as u8,
            2 => {
                bytes.splice(at..at, PIECES[random.below(PIECES.len())].iter().copied());
            }
            3 if at < bytes.len() => {
                bytes.drain(at..(at + 1 + random.below(20)).min(bytes.len()));
            }
            4 => {
                // A piece of its own, again.
                let from = random.below(bytes.len() + 1);
                let piece = bytes[from..(from + random.below(200)).min(bytes.len())].to_vec();
                bytes.splice(at..at, piece);
            }
            _ => {
                let other = &seeds[random.below(seeds.len())];
                let from = random.below(other.len() + 1);
                let piece = &other[from..(from + random.below(100)).min(other.len())];
                bytes.splice(at..at, piece.iter().copied());
            }
        }
    }
    bytes
}

#[test]
fn all_that_was_ever_found_still_holds() {
    for (name, check) in check::TARGETS {
        for seed in seeds(name) {
            check(&seed);
        }
    }
}

#[test]
fn what_is_like_it_holds_as_well() {
    for (number, (name, check)) in check::TARGETS.into_iter().enumerate() {
        let seeds = seeds(name);
        let mut random = Random(number as u64);
        for _ in 0..MUTATIONS {
            let bytes = mutate(&mut random, &seeds);
            let held = std::panic::catch_unwind(|| check(&bytes));
            assert!(
                held.is_ok(),
                "{name}: {:?}",
                String::from_utf8_lossy(&bytes)
            );
        }
    }
}

#[test]
fn no_text_takes_a_time_that_grows_with_its_square() {
    let long = |piece: &str, bytes: usize| piece.repeat(bytes / piece.len());
    for piece in [
        "\"",
        "\\",
        "[",
        "{\"a\":",
        "a:",
        "=",
        "&a=",
        "password=",
        "@",
        "a@b.",
        "://",
        "1",
        "1-",
        "eyJ",
        "eyJa.",
        "-----BEGIN PRIVATE KEY-----",
        "at f (",
        "  File \"a\", line 1, in f\n",
        "\tat a.b(c.java:1)\n",
        "Caused by: ",
        "goroutine 1 [running]:\n",
        "   at A.b() in c:line 1\n",
        "#0 a.php(1): f()\n",
        "During handling of the above exception, another exception occurred:\n",
        "Bearer ",
        "%41",
        "é",
        "\u{0}",
    ] {
        let [small, large] = [LONG_BYTES / 8, LONG_BYTES].map(|bytes| long(piece, bytes));
        for (name, check) in check::TARGETS {
            growth::assert_linear(
                &format!("{name} of {piece:?}, again and again"),
                || check(small.as_bytes()),
                || check(large.as_bytes()),
            );
        }
    }
}
