//! How alike two profiles are, and in what.

use super::{Call, Failure, Profile, sketch};

/// Calls that differ and are named.
const NAMED_MAX: usize = 2;
/// Longest name that is repeated, characters.
const NAME_CHARS_MAX: usize = 60;

/// How alike two events are.
#[derive(Debug, Clone, PartialEq)]
pub struct Likeness {
    /// From 0, nothing in common, to 1: the weight that both have of all that either has.
    pub score: f64,
    /// What they share: "same error and 8 of 10 frames".
    pub shared: String,
    /// What differs: "frame `refund`"; empty if nothing that is compared does.
    pub differs: String,
}

impl Profile {
    /// How much alike another event is.
    pub fn likeness(&self, other: &Self) -> Likeness {
        let (shared, differs) = (shared(self, other), differs(self, other));
        Likeness {
            score: self.score(other),
            shared: joined(&shared),
            differs: joined(&differs),
        }
    }

    /// The weight that both have of all that either has.
    pub fn score(&self, other: &Self) -> f64 {
        let (ours, theirs) = (sketch::features(self), sketch::features(other));
        let all = |features: &std::collections::BTreeMap<u64, u32>| -> u64 {
            features.values().copied().map(u64::from).sum()
        };
        let both = ours.iter().filter_map(|(feature, weight)| {
            let other = theirs.get(feature)?;
            Some(u64::from(*weight.min(other)))
        });
        let both: u64 = both.sum();
        let either = all(&ours) + all(&theirs) - both;
        if either == 0 {
            return 0.0;
        }
        #[expect(clippy::cast_precision_loss, reason = "some thousands at most")]
        let score = both as f64 / either as f64;
        score
    }

    /// What broke; an event without one is compared by nothing.
    fn main(&self) -> Option<&Failure> {
        self.errors.first()
    }

    fn calls(&self) -> impl Iterator<Item = &Call> {
        self.errors.iter().flat_map(|failure| &failure.calls)
    }
}

fn shared(a: &Profile, b: &Profile) -> Vec<String> {
    let mut told = Vec::new();
    let (Some(one), Some(other)) = (a.main(), b.main()) else {
        return told;
    };
    if !one.ty.is_empty() && one.ty == other.ty {
        told.push("same error".to_owned());
    }
    let (both, most) = (
        calls_in_both(a, b),
        a.calls().count().max(b.calls().count()),
    );
    match (both, most) {
        (0, _) => {}
        (1, 1) => told.push("same frame".to_owned()),
        (both, most) if both == most => told.push(format!("all {most} frames")),
        (both, most) => told.push(format!("{both} of {most} frames")),
    }
    if !one.text.is_empty() && one.text == other.text {
        told.push("same text".to_owned());
    } else if told.is_empty() || one.is_message {
        let (both, most) = words_in_both(&one.text, &other.text);
        if both > 0 {
            told.push(format!("{both} of {most} words"));
        }
    }
    told
}

/// How many calls both have, one of several alike counted once for each that both have.
fn calls_in_both(a: &Profile, b: &Profile) -> usize {
    let mut rest: Vec<&Call> = b.calls().collect();
    let is_shared = |call: &&Call| {
        let found = rest.iter().position(|other| other.is(call));
        found.map(|at| rest.swap_remove(at)).is_some()
    };
    a.calls().filter(is_shared).count()
}

fn words_in_both(a: &str, b: &str) -> (usize, usize) {
    let mut rest: Vec<&str> = sketch::words(b).collect();
    let most = rest.len().max(sketch::words(a).count());
    let is_shared = |word: &&str| {
        let found = rest.iter().position(|other| other == word);
        found.map(|at| rest.swap_remove(at)).is_some()
    };
    (sketch::words(a).filter(is_shared).count(), most)
}

fn differs(a: &Profile, b: &Profile) -> Vec<String> {
    let mut told = Vec::new();
    let (Some(one), Some(other)) = (a.main(), b.main()) else {
        return told;
    };
    if one.ty != other.ty {
        let word = |ty: &str| {
            if ty.is_empty() {
                "none".to_owned()
            } else {
                quoted(ty)
            }
        };
        told.push(format!("error {} there", word(&other.ty)));
    }
    if one.code != other.code {
        told.push("code".to_owned());
    }
    let only = |here: &Profile, there: &Profile| -> Vec<String> {
        let alone = here
            .calls()
            .filter(|call| !there.calls().any(|other| other.is(call)));
        let mut names: Vec<String> = alone.map(|call| quoted(call.shown())).collect();
        names.dedup();
        names
    };
    for (names, place) in [(only(a, b), "here"), (only(b, a), "there")] {
        told.extend(frames(&names, place));
    }
    let calls = |of: &Profile| of.calls().count();
    let (both, most) = (calls_in_both(a, b), calls(a).max(calls(b)));
    let has_frames = told.iter().any(|word| word.starts_with("frame"));
    if !has_frames && both > 0 && !a.calls().zip(b.calls()).all(|(x, y)| x.is(y)) {
        told.push("order of frames".to_owned());
    } else if !has_frames && both != most {
        told.push("frames that come again".to_owned());
    }
    if a.errors.len() != b.errors.len() {
        told.push("causes".to_owned());
    }
    if one.text != other.text && (one.is_told_by_text || other.is_told_by_text) {
        told.push("text".to_owned());
    }
    if a.entries != b.entries {
        told.push("fingerprint given".to_owned());
    }
    told
}

/// "frame `refund` here", "frames `a`, `b` and 2 more there".
fn frames(names: &[String], place: &str) -> Option<String> {
    let shown = names.iter().take(NAMED_MAX).cloned().collect::<Vec<_>>();
    match names.len() {
        0 => None,
        1 => Some(format!("frame {} {place}", shown[0])),
        many if many > NAMED_MAX => {
            let more = many - NAMED_MAX;
            Some(format!(
                "frames {} and {more} more {place}",
                shown.join(", ")
            ))
        }
        _ => Some(format!("frames {} {place}", shown.join(", "))),
    }
}

fn quoted(name: &str) -> String {
    let line = name.replace(['\n', '\r', '`'], " ");
    match line.char_indices().nth(NAME_CHARS_MAX) {
        Some((end, _)) => format!("`{}…`", &line[..end]),
        None => format!("`{line}`"),
    }
}

/// "a, b and c".
fn joined(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [only] => only.clone(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}
