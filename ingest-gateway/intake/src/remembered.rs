//! What a thread has read and scrubbed before and need not read again: frames, and lists
//! of packages. Storms are repetition, and so is most of what one application sends.
//!
//! Invariant: nobody can tell what was remembered from what was read. It is given back
//! only for the same text, compared byte by byte, at the same depth, under the same rules
//! of the same project, and for the same place in the event. Bounded: two generations of
//! at most half of `bytes_max` each, the older one is forgotten as a whole; what was seen
//! only once is not kept. Never fails: what does not fit is read.

use std::{
    cell::RefCell,
    collections::{HashMap, hash_map::RandomState},
    hash::{BuildHasher, BuildHasherDefault, Hasher},
    mem,
};

use event_model::{event::Frame, free::Free};
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::{
    json::Object,
    scrub::{Path, Rules, Scrub},
};

/// Hashes of texts that were seen once, by their last bits.
const SEEN_MAX: usize = 1 << 10;
/// What an entry takes beside its texts, bytes: the frame, its lists, the table.
const ENTRY_BYTES: usize = 640;

/// A frame, scrubbed, and what was masked of it.
#[derive(Debug, Clone)]
struct Masked {
    frame: Frame,
    /// Paths below the frame's own, and how many fields there are in all.
    noted: Vec<String>,
    count: usize,
}

/// What may be remembered.
#[derive(Debug, Clone)]
enum Value {
    Frame(Box<Masked>),
    Free(Free),
}

#[derive(Debug)]
struct Entry {
    text: Box<str>,
    depth: u8,
    below: &'static str,
    /// Holds them, so that no others can have their address.
    rules: Option<Rules>,
    value: Value,
}

impl Entry {
    fn is(&self, wanted: &Wanted<'_>) -> bool {
        self.rules.as_ref().map(Rules::address) == wanted.rules
            && self.depth == wanted.depth
            && self.below == wanted.below
            && *self.text == *wanted.text
    }

    fn bytes(&self) -> usize {
        let made = match &self.value {
            Value::Free(free) => free.as_json().len(),
            Value::Frame(masked) => bytes_of(masked),
        };
        ENTRY_BYTES + self.text.len() + made
    }
}

fn bytes_of(masked: &Masked) -> usize {
    let frame = &masked.frame;
    let lines = frame.pre_context.iter().chain(&frame.post_context);
    let lines = lines.chain(&frame.context_line).chain(&masked.noted);
    let names = [
        &frame.function,
        &frame.module,
        &frame.package,
        &frame.filename,
        &frame.abs_path,
    ];
    let texts = lines.chain(names);
    let texts: usize = texts
        .map(|text| text.len() + mem::size_of::<String>())
        .sum();
    texts + frame.vars.as_json().len() + frame.other.as_json().len()
}

/// What is looked for.
struct Wanted<'w> {
    text: &'w str,
    depth: u8,
    /// The field of the event that it is below, as far as it matters.
    below: &'static str,
    /// The address of the rules that it is scrubbed by, if it is.
    rules: Option<usize>,
}

impl Wanted<'_> {
    fn hash(&self, seed: u64) -> u64 {
        let rules = self.rules.unwrap_or_default() as u64;
        let kind = (u64::from(self.depth) << 8) ^ self.below.len() as u64;
        xxh3_64_with_seed(self.text.as_bytes(), seed ^ rules ^ kind.rotate_left(40))
    }
}

/// Keys are hashes already.
#[derive(Debug, Default)]
struct AsItIs(u64);

impl Hasher for AsItIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, _: &[u8]) {
        unreachable!("keys are numbers");
    }

    fn write_u64(&mut self, key: u64) {
        self.0 = key;
    }
}

type Generation = HashMap<u64, Entry, BuildHasherDefault<AsItIs>>;

#[derive(Debug)]
struct Memory {
    /// Unknown to senders, who cannot choose what falls together.
    seed: u64,
    seen: Vec<u64>,
    young: Generation,
    young_bytes: usize,
    old: Generation,
}

thread_local! {
    static MEMORY: RefCell<Memory> = RefCell::new(Memory {
        seed: RandomState::new().hash_one(0u8),
        seen: Vec::new(),
        young: Generation::default(),
        young_bytes: 0,
        old: Generation::default(),
    });
}

impl Memory {
    fn find(&mut self, hash: u64, wanted: &Wanted<'_>, bytes_max: usize) -> Option<&Value> {
        if self.old.get(&hash).is_some_and(|entry| entry.is(wanted))
            && let Some(entry) = self.old.remove(&hash)
        {
            self.insert(hash, entry, bytes_max);
        }
        let entry = self.young.get(&hash).filter(|entry| entry.is(wanted));
        entry.map(|entry| &entry.value)
    }

    /// Whether it was seen before; it is noted as seen.
    fn was_seen(&mut self, hash: u64) -> bool {
        if self.seen.is_empty() {
            self.seen.resize(SEEN_MAX, 0);
        }
        let place = &mut self.seen[hash as usize % SEEN_MAX];
        mem::replace(place, hash) == hash
    }

    fn insert(&mut self, hash: u64, entry: Entry, bytes_max: usize) {
        let bytes = entry.bytes();
        let room = bytes_max / 2;
        if bytes > room {
            return;
        }
        if self.young_bytes + bytes > room {
            self.old = mem::take(&mut self.young);
            self.young_bytes = 0;
        }
        self.young_bytes += bytes;
        if let Some(before) = self.young.insert(hash, entry) {
            self.young_bytes -= before.bytes();
        }
    }
}

/// Where to look, and how much may be kept.
#[derive(Clone, Copy)]
struct Use {
    below: &'static str,
    rules: Option<usize>,
    bytes_max: usize,
}

/// What is remembered of `members`, given back by `take`, or else what `read` makes of
/// them; what `keep` makes of that is remembered, with the rules it came of.
fn recall<T, S>(
    members: Object<'_>,
    usage: Use,
    state: &mut S,
    take: impl FnOnce(&Value, &mut S) -> Option<T>,
    read: impl FnOnce(Object<'_>, &mut S) -> T,
    keep: impl FnOnce(&T, &mut S) -> Option<(Value, Option<Rules>)>,
) -> T {
    let Use {
        below,
        rules,
        bytes_max,
    } = usage;
    let Some((text, depth)) = members.whole().filter(|_| bytes_max > 0) else {
        return read(members, state);
    };
    let wanted = Wanted {
        text,
        depth,
        below,
        rules,
    };
    let (hash, known, keeps) = MEMORY.with_borrow_mut(|memory| {
        let hash = wanted.hash(memory.seed);
        let value = memory.find(hash, &wanted, bytes_max);
        let known = value.and_then(|value| take(value, state));
        let keeps = known.is_none() && memory.was_seen(hash);
        (hash, known, keeps)
    });
    if let Some(known) = known {
        return known;
    }
    let made = read(members, state);
    if keeps && let Some((value, rules)) = keep(&made, state) {
        let entry = Entry {
            text: text.into(),
            depth,
            below,
            rules,
            value,
        };
        MEMORY.with_borrow_mut(|memory| memory.insert(hash, entry, bytes_max));
    }
    made
}

/// The frame at `path`, which is below the event's field `below`: remembered, or as
/// `read` reads it.
pub(crate) fn frame(
    members: Object<'_>,
    path: &Path<'_>,
    (below, bytes_max): (&'static str, usize),
    scrub: &mut Scrub,
    read: impl FnOnce(Object<'_>, &Path<'_>, &mut Scrub) -> Frame,
) -> Frame {
    let usage = Use {
        below,
        rules: Some(scrub.rules().address()),
        bytes_max,
    };
    let mark = scrub.mark();
    recall(
        members,
        usage,
        scrub,
        |value, scrub| {
            let Value::Frame(masked) = value else {
                return None;
            };
            scrub.note_again(path, &masked.noted, masked.count);
            Some(masked.frame.clone())
        },
        |members, scrub| read(members, path, scrub),
        |frame, scrub| {
            let (noted, count) = scrub.noted_since(mark, path)?;
            let frame = frame.clone();
            let masked = Masked {
                frame,
                noted,
                count,
            };
            let rules = scrub.rules().clone();
            Some((Value::Frame(Box::new(masked)), Some(rules)))
        },
    )
}

/// An object that is not scrubbed: remembered, or as `read` reads it.
pub(crate) fn unscrubbed(
    members: Object<'_>,
    bytes_max: usize,
    read: impl FnOnce(Object<'_>) -> Free,
) -> Free {
    let usage = Use {
        below: "",
        rules: None,
        bytes_max,
    };
    recall(
        members,
        usage,
        &mut (),
        |value, ()| match value {
            Value::Free(free) => Some(free.clone()),
            Value::Frame(_) => None,
        },
        |members, ()| read(members),
        |free, ()| Some((Value::Free(free.clone()), None)),
    )
}

#[cfg(test)]
mod tests;
