//! What was made of a stack, remembered: events whose stack came before are not grouped
//! again.
//!
//! Most of a fingerprint and of a headline is the stack's, which many events share and
//! name by its hash (`event_model::stack`). What is not, is either cheap (words of a title)
//! or part of what is remembered by (the shape of an event's chain, what its project's
//! rules ask, its texts where they count).
//!
//! | by | is remembered |
//! | --- | --- |
//! | stack, platform, shape, rules, version of the algorithm, what the rules ask | which rule holds; the fingerprint, if no texts count; type and place of the headline |
//! | the same and all texts | the fingerprint, if they count |
//! | the same and all that a headline has, of groups of errors | fingerprint and headline |
//!
//! Invariant: the answers are those of [`Grouper`]: whatever a result depends on is what it
//! is remembered by, and is compared whole. Without rules projects share what is remembered,
//! since a stack's hash cannot be forged. Memory is bounded ([`table`]). A memo is a
//! thread's own.

use std::sync::{Arc, Weak};

use event_model::{Fingerprint, StoredEvent, head::WholeHead, stack::StackHash};
use xxhash_rust::xxh3::xxh3_64;

use crate::{
    Group, Grouper, Headline, Rules,
    chain::{Shape, Subject},
    fingerprint::{is_left_to_server, of_client, of_server},
    grouper::titled,
    parts::Whole,
    rules::Reads,
    title::{self, Shown},
};

mod table;

use table::{Known, Shows, Table};

/// What a memo takes if nobody says otherwise, bytes: some 10,000 stacks, and as much for
/// texts.
pub const MEMO_BYTES: usize = 8 << 20;
/// Events with longer texts are grouped each time, bytes.
const KEY_BYTES_MAX: usize = 4096;

/// How often what was asked was known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Lookups {
    /// It was remembered.
    pub hits: u64,
    /// It was made anew.
    pub misses: u64,
}

/// Remembers what was made of stacks.
#[derive(Debug)]
pub struct Memo {
    /// Of stacks alone, and of what rules ask.
    stacks: Table,
    /// Of stacks with texts, of which there may be a new one with each event: it must not
    /// drive out what holds for all.
    texts: Table,
    /// The key at hand.
    key: Vec<u8>,
    lookups: Lookups,
}

impl Default for Memo {
    fn default() -> Self {
        Self::new(MEMO_BYTES)
    }
}

impl Memo {
    /// One that takes about so many bytes.
    pub fn new(bytes_max: usize) -> Self {
        Self {
            stacks: Table::new(bytes_max / 2),
            texts: Table::new(bytes_max / 2),
            key: Vec::new(),
            lookups: Lookups::default(),
        }
    }

    /// How often what was asked was known, since this was asked last.
    pub fn take_lookups(&mut self) -> Lookups {
        std::mem::take(&mut self.lookups)
    }

    /// The bytes it takes.
    pub fn bytes(&self) -> usize {
        self.stacks.bytes() + self.texts.bytes()
    }

    /// As [`Grouper::group`].
    pub fn group(&mut self, grouper: &Grouper, event: &StoredEvent) -> Group {
        self.counted(|memo| {
            let asked = Asked::of(grouper, event);
            let Some(place) = memo.place(&asked, true) else {
                return grouper.group(asked.head);
            };
            Group {
                headline: memo.headline_at(&asked, place),
                fingerprint: memo.fingerprint_at(&asked, place),
            }
        })
    }

    /// As [`Grouper::fingerprint`].
    pub fn fingerprint(&mut self, grouper: &Grouper, event: &StoredEvent) -> Fingerprint {
        self.counted(|memo| {
            let asked = Asked::of(grouper, event);
            match memo.place(&asked, false) {
                Some(place) => memo.fingerprint_at(&asked, place),
                None => grouper.fingerprint(asked.head),
            }
        })
    }

    /// As [`Grouper::headline`].
    pub fn headline(&mut self, grouper: &Grouper, event: &StoredEvent) -> Headline {
        self.counted(|memo| {
            let asked = Asked::of(grouper, event);
            match memo.place(&asked, true) {
                Some(place) => memo.headline_at(&asked, place),
                None => grouper.headline(asked.head),
            }
        })
    }

    /// Counts once whatever of an answer had to be made.
    fn counted<T>(&mut self, answer: impl FnOnce(&mut Self) -> T) -> T {
        let Lookups { hits, misses } = self.lookups;
        let answer = answer(self);
        self.lookups = if self.lookups.misses == misses {
            Lookups {
                hits: hits + 1,
                misses,
            }
        } else {
            Lookups {
                hits,
                misses: misses + 1,
            }
        };
        answer
    }

    /// Where it stands what is known of an event's stack, made if it is not known yet; none
    /// if it is not kept.
    fn place(&mut self, asked: &Asked<'_>, shows: bool) -> Option<Place> {
        let fields = asked.fields();
        let of_texts = fields != 0;
        let hash = asked.write(fields, &mut self.key).or_else(|| {
            self.lookups.misses += 1;
            None
        })?;
        let place = Place { of_texts, hash };
        let key = std::mem::take(&mut self.key);
        let found = self.table(of_texts).get(hash, &key);
        let (is_there, is_whole) = match found {
            Some(known) => (true, !shows || known.shows.is_some()),
            None => (false, false),
        };
        if !is_there {
            self.make(asked, place, &key);
        }
        if !is_whole {
            self.lookups.misses += 1;
            if shows {
                self.table(of_texts).show(hash, asked.shows());
            }
        }
        self.key = key;
        Some(place)
    }

    /// Groups an event and remembers what came of it.
    fn make(&mut self, asked: &Asked<'_>, place: Place, key: &[u8]) {
        let rules = asked.grouper.rules();
        let judged = asked.grouper.judge(&asked.head);
        let whole = of_server(&asked.head, &judged, false);
        let is_known = !whole.is_of_texts || asked.fields() & TEXTS == TEXTS;
        let known = Known {
            key: key.into(),
            rules: asked.pin(),
            rule: judged.fingerprint.and_then(|rule| rules.place_of(rule)),
            fingerprint: is_known.then_some(whole.fingerprint),
            shows: None,
        };
        if !is_known {
            self.put_of_texts(asked, whole.fingerprint);
        }
        // As the last: what is put behind it may drive it out.
        self.table(place.of_texts).put(place.hash, known);
    }

    /// The place was made or found just now.
    fn known_at(&self, place: Place) -> Option<&Known> {
        let table = if place.of_texts {
            &self.texts
        } else {
            &self.stacks
        };
        table.at(place.hash)
    }

    fn fingerprint_at(&mut self, asked: &Asked<'_>, place: Place) -> Fingerprint {
        let Some(known) = self.known_at(place) else {
            return asked.grouper.fingerprint(asked.head);
        };
        let (rule, fingerprint) = (known.rule, known.fingerprint);
        let of_server = |memo: &mut Self| match fingerprint {
            Some(fingerprint) => fingerprint,
            None => memo.of_texts(asked),
        };
        if rule.is_some() || is_left_to_server(&asked.head) {
            return of_server(self);
        }
        let default = || Whole::of(of_server(self));
        let algorithm = asked.grouper.algorithm();
        of_client(&asked.head, algorithm, false, default).fingerprint
    }

    /// What the server makes of an event whose texts count.
    fn of_texts(&mut self, asked: &Asked<'_>) -> Fingerprint {
        let fields = asked.fields() | TEXTS;
        if let Some(hash) = asked.write(fields, &mut self.key)
            && let Some(known) = self.texts.get(hash, &self.key)
            && let Some(fingerprint) = known.fingerprint
        {
            return fingerprint;
        }
        self.lookups.misses += 1;
        let judged = asked.grouper.judge(&asked.head);
        let fingerprint = of_server(&asked.head, &judged, false).fingerprint;
        self.put_of_texts(asked, fingerprint);
        fingerprint
    }

    fn put_of_texts(&mut self, asked: &Asked<'_>, fingerprint: Fingerprint) {
        let fields = asked.fields() | TEXTS;
        let Some(hash) = asked.write(fields, &mut self.key) else {
            return;
        };
        let known = Known {
            key: self.key.as_slice().into(),
            rules: asked.pin(),
            rule: None,
            fingerprint: Some(fingerprint),
            shows: None,
        };
        self.texts.put(hash, known);
    }

    fn headline_at(&self, asked: &Asked<'_>, place: Place) -> Headline {
        let known = self.known_at(place);
        let Some((shows, rule)) = known.and_then(|k| Some((k.shows.as_deref()?, k.rule))) else {
            return asked.grouper.headline(asked.head);
        };
        let headline = match shows {
            Shows::Words(shown) => shown.headline(&asked.head, &[]),
            Shows::All(headline) => headline.clone(),
        };
        let rule = rule.and_then(|rule| asked.grouper.rules().fingerprint_at(rule));
        titled(headline, rule, &asked.head)
    }

    fn table(&mut self, of_texts: bool) -> &mut Table {
        if of_texts {
            &mut self.texts
        } else {
            &mut self.stacks
        }
    }
}

/// All that a fingerprint without a rule has of an event besides its stack.
const TEXTS: u16 = Reads::VALUES | Reads::MESSAGE;

/// Where something is remembered.
#[derive(Debug, Clone, Copy)]
struct Place {
    of_texts: bool,
    hash: u64,
}

/// An event that is asked about.
struct Asked<'a> {
    grouper: &'a Grouper,
    stack: StackHash,
    head: WholeHead<'a>,
    shape: Shape,
}

impl<'a> Asked<'a> {
    fn of(grouper: &'a Grouper, event: &'a StoredEvent) -> Self {
        let head = event.whole();
        Self {
            grouper,
            stack: event.stack().hash(),
            shape: Shape::of(&head),
            head,
        }
    }

    /// What an answer depends on besides the stack, the platform and the shape.
    fn fields(&self) -> u16 {
        let of_rules = self.grouper.rules().reads().fields();
        match self.shape {
            Shape::Group => of_rules | TEXTS | Reads::TRANSACTION,
            Shape::Chain { .. } | Shape::Long => of_rules,
        }
    }

    /// Rules that are another project's may read the same and give something else.
    fn rules(&self) -> Option<&Arc<Rules>> {
        let rules = self.grouper.rules();
        (!rules.is_empty()).then_some(rules)
    }

    /// Holds the rules' address for as long as something is remembered by it.
    fn pin(&self) -> Option<Weak<Rules>> {
        self.rules().map(Arc::downgrade)
    }

    /// Writes down what is remembered by; its hash. None if it is too much.
    fn write(&self, fields: u16, key: &mut Vec<u8>) -> Option<u64> {
        let shape = match self.shape {
            Shape::Chain { wraps } => wraps,
            // The fields tell it from a chain.
            Shape::Group => 0,
            Shape::Long => return None,
        };
        let rules = self
            .rules()
            .map_or(0, |rules| Arc::as_ptr(rules).addr() as u64);
        key.clear();
        key.extend_from_slice(&self.stack.0);
        key.extend_from_slice(&shape.to_le_bytes());
        key.extend_from_slice(&rules.to_le_bytes());
        key.extend_from_slice(&self.grouper.algorithm().number().to_le_bytes());
        key.extend_from_slice(&fields.to_le_bytes());
        key.extend_from_slice(&(self.head.platform.len() as u64).to_le_bytes());
        key.extend_from_slice(self.head.platform.as_bytes());
        if fields != 0 {
            let reads = self.grouper.rules().reads();
            reads.write(fields, &self.head, key);
        }
        (key.len() <= KEY_BYTES_MAX).then(|| xxh3_64(key))
    }

    /// What is remembered of a headline.
    fn shows(&self) -> Shows {
        if self.shape == Shape::Group {
            Shows::All(title::headline(&self.head))
        } else {
            Shows::Words(Shown::of(&self.head, &Subject::of(&self.head)))
        }
    }
}

#[cfg(test)]
mod tests;
