//! The features of a profile with their weights, and the sketch that stands for them.
//!
//! A feature of weight w is hashed w times, so the chance that a place of two sketches is
//! equal is the share of weight that the profiles have in common.
//!
//! Invariant: stored with fingerprints. A change of any number here changes what is stored,
//! so it raises the version of the issue database, by which that is made anew.

use std::collections::BTreeMap;

use xxhash_rust::xxh3::xxh3_64;

use super::{Call, Failure, Profile, WORDS_MAX};

/// Places of a sketch.
pub const PLACES: usize = 64;

/// Weight of the type of what broke; a cause has half of all.
const TYPE: u32 = 6;
/// Of its last name, which stays when a type moves to another module.
const TYPE_NAME: u32 = 2;
/// Of an error's code.
const CODE: u32 = 6;
/// Of calls, the newest first; those behind have the last.
const CALLS: [u32; 7] = [12, 8, 6, 4, 3, 2, 2];
/// Of a word of a text that tells issues apart, and of one that the stack explains.
const WORD_TELLING: u32 = 3;
const WORD: u32 = 1;
/// Of what a client or a rule gives.
const ENTRY: u32 = 8;
/// Most that the words of a text weigh beside a stack.
const WORDS_BESIDE_STACK: u32 = 8;

/// The features of a profile, by their hash, with their weights.
pub(crate) fn features(profile: &Profile) -> BTreeMap<u64, u32> {
    let mut features = Features::default();
    for (at, failure) in profile.errors.iter().enumerate() {
        features.failure(failure, if at == 0 { 2 } else { 1 });
    }
    for entry in &profile.entries {
        features.add("entry", entry, 2 * ENTRY);
    }
    features.0
}

/// A sketch of a profile; none if there is nothing to compare.
pub(crate) fn of(profile: &Profile) -> Option<[u16; PLACES]> {
    let features = features(profile);
    if features.is_empty() {
        return None;
    }
    let mut least = [u32::MAX; PLACES];
    for (feature, weight) in features {
        for copy in 0..u64::from(weight) {
            let element = mixed(feature.wrapping_add(copy.wrapping_mul(COPY)));
            for (least, factor) in least.iter_mut().zip(&FACTORS) {
                *least = (*least).min((element.wrapping_mul(*factor) >> 32) as u32);
            }
        }
    }
    Some(least.map(|least| (least & 0xFFFF) as u16))
}

/// Weights in halves: a cause has half of what broke.
#[derive(Default)]
struct Features(BTreeMap<u64, u32>);

impl Features {
    /// Of a feature that occurs twice the larger weight counts.
    fn add(&mut self, label: &str, text: &str, weight: u32) {
        if text.is_empty() || weight == 0 {
            return;
        }
        let mut bytes = Vec::with_capacity(label.len() + 1 + text.len());
        bytes.extend_from_slice(label.as_bytes());
        bytes.push(0);
        bytes.extend_from_slice(text.as_bytes());
        let known = self.0.entry(xxh3_64(&bytes)).or_default();
        *known = weight.max(*known);
    }

    fn failure(&mut self, failure: &Failure, share: u32) {
        self.add("type", &failure.ty, share * TYPE);
        self.add("type name", last_name(&failure.ty), share * TYPE_NAME);
        self.add("code", &failure.code, share * CODE);
        for (rank, call) in failure.calls.iter().enumerate() {
            let weight = CALLS[rank.min(CALLS.len() - 1)];
            self.call(call, share * weight);
        }
        for pair in failure.calls.windows(2) {
            let [callee, caller] = pair else { continue };
            let pair = format!("{}\n{}", caller.shown(), callee.shown());
            self.add("pair", &pair, share);
        }
        self.words(failure, share);
    }

    /// A call is alike by its name, by its place, and more by both.
    fn call(&mut self, call: &Call, weight: u32) {
        let whole = format!("{}\n{}\n{}", call.place, call.function, call.address);
        self.add("call", &whole, weight / 2);
        self.add("function", &call.function, weight / 3);
        self.add("place", &call.place, weight / 6);
    }

    fn words(&mut self, failure: &Failure, share: u32) {
        let words: Vec<&str> = words(&failure.text).collect();
        let each = if failure.is_told_by_text {
            WORD_TELLING
        } else {
            WORD
        };
        let mut left = if failure.calls.is_empty() {
            u32::MAX
        } else {
            share * WORDS_BESIDE_STACK
        };
        for word in &words {
            let weight = (share * each).min(left);
            left -= weight;
            self.add("word", word, weight);
        }
        if failure.is_told_by_text {
            for pair in words.windows(2) {
                let weight = share.min(left);
                left -= weight;
                self.add("words", &pair.join(" "), weight);
            }
        }
    }
}

/// "b" of "a.b", "a::b", "a\b".
pub(super) fn last_name(ty: &str) -> &str {
    ty.rsplit(['.', ':', '\\', '/']).next().unwrap_or_default()
}

/// The words of a masked text, without the signs around them.
pub(super) fn words(text: &str) -> impl Iterator<Item = &str> {
    let is_sign = |c: char| !(c.is_alphanumeric() || matches!(c, '<' | '>' | '_' | '#'));
    let words = text.split(is_sign).filter(|word| !word.is_empty());
    words.take(WORDS_MAX)
}

/// What tells copies of a feature apart: an odd number without a pattern.
const COPY: u64 = 0x9E37_79B9_7F4A_7C15;
/// One a place.
const FACTORS: [u64; PLACES] = factors();

const fn factors() -> [u64; PLACES] {
    let mut factors = [0; PLACES];
    let mut at = 0;
    while at < PLACES {
        factors[at] = mixed((at as u64 + 1).wrapping_mul(COPY)) | 1;
        at += 1;
    }
    factors
}

/// SplitMix64's last steps.
const fn mixed(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    number ^ (number >> 31)
}
