//! Against a model of a log: wherever segments end, whatever fails or is forgotten, every
//! event finds its stack in its own segment.

use std::collections::{HashMap, VecDeque};

use proptest::prelude::*;

use super::*;

/// The log as the book sees it: what stands where, and in which segment.
#[derive(Default)]
struct Model {
    /// Record `at + 1`: a stack, or an event with its stack's hash and place.
    records: Vec<Result<Bytes, (StackHash, StackPlace)>>,
    /// First record of the segment that is written to.
    base: u64,
    bases: Vec<u64>,
}

impl Model {
    /// A batch as the log writes it; where it begins, and how many of it are stacks.
    fn write(
        &mut self,
        new: &[Record],
        preface: Option<&Preface>,
        places: &[StackPlace],
    ) -> (u64, usize) {
        let first = self.records.len() as u64 + 1;
        let preface = preface.filter(|preface| preface.segment_base != self.base);
        let before: Vec<&Record> = preface.iter().flat_map(|p| &p.records).chain(new).collect();
        for record in &before {
            assert_eq!(record.schema, SCHEMA_STACK_V1);
            self.put(Ok(record.payload.clone()));
        }
        for place in places {
            self.put(Err((place.hash, *place)));
        }
        (first, before.len())
    }

    fn put(&mut self, record: Result<Bytes, (StackHash, StackPlace)>) {
        self.records.push(record);
        self.bases.push(self.base);
    }

    fn roll(&mut self) {
        self.base = self.records.len() as u64 + 1;
    }

    /// Holds that all events find their stacks, with nothing but their own segment.
    fn check(&self) {
        for (at, record) in self.records.iter().enumerate() {
            let Err((hash, place)) = record else { continue };
            if *hash == StackHash::NONE {
                continue;
            }
            let (sequence, base) = (at as u64 + 1, self.bases[at]);
            let found = place.of(sequence, base);
            assert!(
                found >= base && found < sequence,
                "{found} for {sequence} from {base}"
            );
            let Ok(stack) = &self.records[found as usize - 1] else {
                panic!("record {found} is no stack");
            };
            assert_eq!(StackHash::of(stack), *hash);
        }
    }
}

#[derive(Debug, Clone)]
enum Step {
    /// Events with these stacks; 0: none.
    Batch(Vec<u8>),
    /// The log rolls.
    Roll,
    /// The next batch is refused, as by a full disk.
    Refuse,
    /// So many batches in flight become durable.
    Land(usize),
    /// The book is full.
    Forget,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => prop::collection::vec(0..8u8, 1..12).prop_map(Step::Batch),
        3 => Just(Step::Roll),
        1 => Just(Step::Refuse),
        4 => (1..3usize).prop_map(Step::Land),
        1 => Just(Step::Forget),
    ]
}

fn packed(stack: u8) -> Packed {
    let stack = match stack {
        0 => Bytes::new(),
        number => Bytes::from(vec![number; usize::from(number) * 10]),
    };
    Packed {
        head: Vec::new(),
        stack,
        body: Vec::new(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_event_finds_its_stack_in_its_own_segment(steps in prop::collection::vec(step(), 1..60)) {
        let (mut book, mut model) = (StackBook::default(), Model { base: 1, ..Model::default() });
        let mut in_flight = VecDeque::new();
        let mut landed = Vec::new();
        let mut is_refused = false;
        for step in steps {
            match step {
                Step::Batch(stacks) => {
                    book.learn(landed.drain(..));
                    let events: Vec<Packed> = stacks.iter().map(|stack| packed(*stack)).collect();
                    let (stacks, places) = book.plan(&events);
                    let (new, preface, sent) = stacks.send();
                    if !std::mem::take(&mut is_refused) {
                        let (first, count) = model.write(&new, preface.as_ref(), &places);
                        in_flight.push_back((sent, first, count, model.base));
                    }
                }
                Step::Roll => model.roll(),
                Step::Refuse => is_refused = true,
                Step::Land(count) => {
                    for _ in 0..count.min(in_flight.len()) {
                        let (sent, first, stacks, base): (Sent, _, _, _) = in_flight.pop_front().unwrap();
                        landed.extend(sent.landed(first, stacks, base));
                    }
                }
                Step::Forget => book.bytes = BOOK_BYTES_MAX + 1,
            }
        }
        model.check();
    }
}

/// What a log of so many batches, each durable before the next, holds of stacks.
fn stacks_stored(
    batches: impl Iterator<Item = Vec<Packed>>,
    rolls_after: usize,
) -> (Model, StackBook) {
    let (mut book, mut model) = (
        StackBook::default(),
        Model {
            base: 1,
            ..Model::default()
        },
    );
    for (at, events) in batches.enumerate() {
        let (stacks, places) = book.plan(&events);
        let (new, preface, sent) = stacks.send();
        if at % rolls_after == 0 {
            model.roll();
        }
        let (first, count) = model.write(&new, preface.as_ref(), &places);
        book.learn(sent.landed(first, count, model.base));
    }
    (model, book)
}

#[test]
fn a_stack_is_stored_once_a_segment() {
    let batch = || (1..=5).chain(1..=5).map(packed).collect();
    let (model, _) = stacks_stored(std::iter::repeat_with(batch).take(100), 20);
    model.check();
    let mut by_segment: HashMap<(u64, &Bytes), u32> = HashMap::new();
    for (record, base) in model.records.iter().zip(&model.bases) {
        if let Ok(stack) = record {
            *by_segment.entry((*base, stack)).or_default() += 1;
        }
    }
    assert_eq!(by_segment.len(), 5 * 5, "five stacks, five segments");
    assert!(by_segment.values().all(|times| *times == 1));
}

#[test]
fn a_flood_of_distinct_stacks_is_bounded_and_stored_as_often_as_sent() {
    const BYTES: usize = 16 * 1024;
    let count = 3 * BOOK_BYTES_MAX / BYTES;
    let distinct = |number: usize| {
        let mut stack = vec![0; BYTES];
        stack[..8].copy_from_slice(&number.to_le_bytes());
        vec![Packed {
            head: Vec::new(),
            stack: stack.into(),
            body: Vec::new(),
        }]
    };
    let (model, book) = stacks_stored((0..count).map(distinct), usize::MAX);
    model.check();
    assert_eq!(
        model.records.iter().filter(|record| record.is_ok()).count(),
        count
    );
    let held: usize = book.known.values().map(|known| known.archive.len()).sum();
    assert!(held <= BOOK_BYTES_MAX + BYTES, "{held}");
}

/// Two stacks that the fast hash does not tell apart, as an attacker may make them.
#[test]
fn stacks_with_the_same_key_are_never_taken_for_each_other() {
    let (one, other) = (packed(1).stack, packed(2).stack);
    let mut book = StackBook::default();
    let (key, hash) = book.known_of(&one);
    // The other one takes the place of the first, before that one's batch is durable.
    let usurper = Known {
        hash: StackHash::of(&other),
        archive: other,
        sequence: 0,
    };
    book.known.insert(key, usurper);
    book.learn([Landed {
        base: 1,
        first: 7,
        stacks: vec![(key, hash)],
    }]);
    assert_eq!(
        book.known[&key].sequence, 0,
        "nobody may be sent to another's record"
    );
    book.known_of(&one);
    assert_eq!(book.known[&key].hash, hash, "compared whole");
}

#[test]
fn readers_keep_what_is_used_and_no_more_than_they_may() {
    let cache = StackCache::default();
    let stack = |number: u64| {
        let frame = event_model::head::FrameHeadV1 {
            function: format!("{number:0>4000}"),
            module: String::new(),
            filename: String::new(),
            package: String::new(),
            lineno: 0,
            colno: 0,
            address: 0,
            debug_id: 0,
            in_app: true,
        };
        let head = event_model::Head {
            thread_frames: vec![frame],
            ..event_model::Head::default()
        };
        let archive = event_model::stack::archive_stack(&head).unwrap().to_vec();
        StoredStack::read(StackHash::of(&archive), archive.into()).unwrap()
    };
    let (hot, cold) = (stack(u64::MAX), stack(u64::MAX - 1));
    cache.add(hot.clone());
    cache.add(cold.clone());
    for number in 0..10_000 {
        cache.add(stack(number));
        assert!(cache.get(hot.hash()).is_some(), "{number}");
    }
    assert!(cache.get(cold.hash()).is_none());
    let kept = cache.0.lock();
    let bytes = |stacks: &HashMap<StackHash, StoredStack>| {
        stacks.values().map(StoredStack::len).sum::<usize>()
    };
    assert!(bytes(&kept.young) + bytes(&kept.old) <= 2 * CACHE_BYTES_MAX + 16 * 1024);
}
