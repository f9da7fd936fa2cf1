//! Whether those that are alike find each other, and others do not: the events of a family
//! that are wrongly split, and variants of the corpus's events as people's changes make them.
//!
//! Two events find each other if their sketches have a band in common, as the issue database
//! looks them up, and their score is at least what is shown.

use std::collections::BTreeMap;

use event_model::{
    Fingerprint, StoredEvent,
    head::{ExceptionHeadV1, FrameHeadV1, Head},
};
use grouping::{Grouper, Profile};

use crate::{events, families::Family};

/// As `query-engine` shows them.
const SCORE_MIN: f64 = 0.5;
/// As `read-model` looks them up.
const BAND_PLACES: usize = 4;

struct Seen {
    fingerprint: Fingerprint,
    profile: Profile,
    sketch: Option<[u16; 64]>,
}

impl Seen {
    fn of(event: &StoredEvent) -> Self {
        let grouper = Grouper::standard();
        Self {
            fingerprint: grouper.fingerprint(event.whole()),
            profile: grouper.profile(event.whole()),
            sketch: grouper.sketch(event.whole()),
        }
    }

    fn finds(&self, other: &Self) -> bool {
        let (Some(one), Some(two)) = (&self.sketch, &other.sketch) else {
            return false;
        };
        let mut bands = one.chunks(BAND_PLACES).zip(two.chunks(BAND_PLACES));
        bands.any(|(a, b)| a == b) && self.profile.score(&other.profile) >= SCORE_MIN
    }
}

/// Found and all.
#[derive(Default, Clone, Copy)]
struct Share(usize, usize);

impl Share {
    fn add(&mut self, is_found: bool) {
        self.0 += usize::from(is_found);
        self.1 += 1;
    }

    fn of_all(self) -> f64 {
        self.0 as f64 / self.1.max(1) as f64
    }
}

/// The stack that broke, if it has own frames enough to tell of.
fn stack(head: &mut Head) -> Option<&mut ExceptionHeadV1> {
    let own = |e: &ExceptionHeadV1| e.frames.iter().filter(|frame| frame.in_app).count() >= 3;
    head.exceptions.last_mut().filter(|last| own(last))
}

fn own_places(stack: &ExceptionHeadV1) -> Vec<usize> {
    let frames = stack.frames.iter().enumerate();
    frames
        .filter(|(_, frame)| frame.in_app)
        .map(|(at, _)| at)
        .collect()
}

fn called(name: &str, like: &FrameHeadV1) -> FrameHeadV1 {
    FrameHeadV1 {
        function: name.into(),
        ..like.clone()
    }
}

/// A kind of change, and how it is made; none where there is nothing to change.
type Change = (&'static str, fn(Head) -> Option<Head>);

const CHANGES: [Change; 7] = [
    ("frame added", |mut head| {
        let stack = stack(&mut head)?;
        let at = own_places(stack)[1];
        let frame = called("checkedTwice", &stack.frames[at]);
        stack.frames.insert(at, frame);
        Some(head)
    }),
    ("frame removed", |mut head| {
        let stack = stack(&mut head)?;
        let at = own_places(stack)[1];
        stack.frames.remove(at);
        Some(head)
    }),
    ("caller renamed", |mut head| {
        let stack = stack(&mut head)?;
        let own = own_places(stack);
        let at = own[own.len() - 2];
        stack.frames[at] = called("renamedByHand", &stack.frames[at].clone());
        Some(head)
    }),
    ("newest renamed", |mut head| {
        let stack = stack(&mut head)?;
        let at = *own_places(stack).last()?;
        stack.frames[at] = called("renamedByHand", &stack.frames[at].clone());
        Some(head)
    }),
    ("asynchronous wrappers", |mut head| {
        let stack = stack(&mut head)?;
        let first = stack.frames[own_places(stack)[0]].clone();
        for name in ["pollReady", "runWorker"] {
            stack.frames.insert(0, called(name, &first));
        }
        Some(head)
    }),
    ("another type", |mut head| {
        let stack = stack(&mut head)?;
        stack.ty = "RenamedFailure".into();
        Some(head)
    }),
    ("words of a text", |mut head| {
        let text = match head.exceptions.last_mut() {
            Some(last) => &mut last.value,
            None if head.message_template.is_empty() => &mut head.message,
            None => &mut head.message_template,
        };
        let words: Vec<&str> = text.split(' ').collect();
        if words.len() < 5 || text.contains('\n') {
            return None;
        }
        let mut words: Vec<String> = words.into_iter().map(str::to_owned).collect();
        words[2] = "entirely".into();
        *text = words.join(" ");
        Some(head)
    }),
];

/// How many variants of each kind find what they are of.
fn of_changes(families: &[Family]) -> BTreeMap<&'static str, Share> {
    let mut shares: BTreeMap<&'static str, Share> = BTreeMap::new();
    for family in families {
        let head = events::head(&family.together[0], &family.platform);
        let before = Seen::of(&StoredEvent::of(&head).unwrap());
        for (name, change) in CHANGES {
            let Some(changed) = change(head.clone()) else {
                continue;
            };
            let after = Seen::of(&StoredEvent::of(&changed).unwrap());
            if after.fingerprint != before.fingerprint {
                shares.entry(name).or_default().add(before.finds(&after));
            }
        }
    }
    shares
}

/// How many events that a family has split find the others, and which do not.
fn of_split(families: &[Family]) -> (Share, Vec<String>) {
    let mut share = Share::default();
    let mut missed = Vec::new();
    for family in families {
        let seen = family
            .together
            .iter()
            .map(|event| events::stored(event, &family.platform));
        let seen: Vec<Seen> = seen.map(|event| Seen::of(&event)).collect();
        for other in seen
            .iter()
            .filter(|other| other.fingerprint != seen[0].fingerprint)
        {
            let is_found = seen[0].finds(other);
            share.add(is_found);
            if !is_found {
                let score = seen[0].profile.score(&other.profile);
                missed.push(format!("{} {score:.2}", family.id));
            }
        }
    }
    (share, missed)
}

/// How many pairs of events of different families of one platform are taken for alike.
fn of_strangers(families: &[Family]) -> (Share, Vec<String>) {
    let mut platforms: BTreeMap<&str, Vec<(&str, Seen)>> = BTreeMap::new();
    for family in families {
        let seen = Seen::of(&events::stored(&family.together[0], &family.platform));
        let all = platforms.entry(&family.platform).or_default();
        all.push((&family.id, seen));
    }
    let mut share = Share::default();
    let mut wrong = Vec::new();
    for (at, (id, seen)) in platforms.values().flat_map(|all| all.iter().enumerate()) {
        let all = platforms
            .values()
            .find(|all| all.get(at).is_some_and(|(other, _)| other == id));
        for (other_id, other) in all.into_iter().flatten().skip(at + 1) {
            if other.fingerprint != seen.fingerprint {
                let is_found = seen.finds(other);
                share.add(is_found);
                if is_found {
                    let score = seen.profile.score(&other.profile);
                    wrong.push(format!("{id} {other_id} {score:.2}"));
                }
            }
        }
    }
    (share, wrong)
}

/// What each kind of change must keep found, of all; measured a little above.
const FOUND_MIN: [(&str, f64); 7] = [
    ("frame added", 0.98),
    ("frame removed", 0.97),
    ("asynchronous wrappers", 0.97),
    ("caller renamed", 0.90),
    ("words of a text", 0.80),
    ("another type", 0.78),
    // Where it broke is most of what a short stack says.
    ("newest renamed", 0.50),
];
/// Of 10,000 pairs of different families, how many may be taken for alike. What is left are
/// families about the same few functions.
const STRANGERS_MAX: f64 = 10.0;

#[test]
fn those_alike_find_each_other_and_others_do_not() {
    let families = Family::all(&crate::folder()).unwrap();
    let changes = of_changes(&families);
    let told = changes
        .iter()
        .map(|(name, share)| format!("{name}: {} of {}", share.0, share.1));
    let told: Vec<String> = told.collect();
    for (name, least) in FOUND_MIN {
        let share = changes[name];
        assert!(share.1 > 90 && share.of_all() >= least, "{name}: {told:#?}");
    }
    let (split, missed) = of_split(&families);
    assert_eq!((split.0, split.1), (1, 2), "{missed:?}");
    let (strangers, wrong) = of_strangers(&families);
    assert!(strangers.1 > 40_000, "{}", strangers.1);
    let of_pairs = strangers.of_all() * 10_000.0;
    assert!(of_pairs <= STRANGERS_MAX, "{of_pairs}: {wrong:#?}");
    // Of all that was found, so much is right.
    let found: usize = changes.values().map(|share| share.0).sum();
    let found = found + split.0;
    let precision = found as f64 / (found + strangers.0) as f64;
    assert!(precision >= 0.94, "{precision}: {told:#?}");
}
