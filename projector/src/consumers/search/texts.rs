//! What of an event is found: the words of its head and of its body, and of its stack.
//!
//! Invariant: pure and total. A body that cannot be read gives nothing, and the event is
//! found by its head. What somebody may look for is gathered up to [`TEXT_BYTES_MAX`] an
//! event, in the order in which people look: breadcrumbs, request, user, extra, contexts,
//! local variables from where it broke outwards. Left out is what every event says, for it
//! tells none from another: names of members that are ours, and when breadcrumbs were left.
//! A text that comes again in a part counts once.

use std::{borrow::Cow, collections::HashSet, fmt};

use event_model::{
    StoredEvent,
    head::{ArchivedFrameHeadV1, ExceptionPart, WholeHead},
};
use read_model::search::{StackDocument, TextPart};
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use serde_json::value::RawValue;
use xxhash_rust::xxh3::xxh3_64;

/// Bytes of texts that are indexed of an event; what is beyond is not found.
const TEXT_BYTES_MAX: usize = 24 << 10;
/// Bytes of source lines that are indexed of a stack.
const SOURCE_BYTES_MAX: usize = 64 << 10;
/// Longest value of an attribute, bytes: the rest does not count.
const ATTRIBUTE_BYTES_MAX: usize = 512;

/// Of a body, what is looked for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Body<'b> {
    #[serde(borrow)]
    exceptions: Vec<Exception<'b>>,
    #[serde(borrow)]
    threads: Vec<Exception<'b>>,
    #[serde(borrow)]
    message: Cow<'b, str>,
    #[serde(borrow)]
    dist: Cow<'b, str>,
    #[serde(borrow)]
    user: Option<&'b RawValue>,
    #[serde(borrow)]
    request: Option<&'b RawValue>,
    #[serde(borrow)]
    breadcrumbs: Option<&'b RawValue>,
    #[serde(borrow)]
    extra: Option<&'b RawValue>,
    #[serde(borrow)]
    contexts: Option<&'b RawValue>,
    #[serde(borrow)]
    other: Option<&'b RawValue>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Exception<'b> {
    #[serde(borrow)]
    value: Cow<'b, str>,
    #[serde(borrow)]
    frames: Option<&'b RawValue>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Crumb<'b> {
    #[serde(borrow)]
    category: Cow<'b, str>,
    #[serde(borrow)]
    message: Cow<'b, str>,
    #[serde(borrow)]
    data: Option<&'b RawValue>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Variables<'b> {
    #[serde(borrow)]
    vars: Option<&'b RawValue>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Source<'b> {
    #[serde(borrow)]
    context_line: Option<Cow<'b, str>>,
    #[serde(borrow)]
    pre_context: Vec<Cow<'b, str>>,
    #[serde(borrow)]
    post_context: Vec<Cow<'b, str>>,
}

/// People and requests, as filters name them.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct User<'b> {
    #[serde(borrow)]
    id: Cow<'b, str>,
    #[serde(borrow)]
    email: Cow<'b, str>,
    #[serde(borrow)]
    username: Cow<'b, str>,
    #[serde(borrow)]
    ip_address: Cow<'b, str>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Request<'b> {
    #[serde(borrow)]
    url: Option<Cow<'b, str>>,
    #[serde(borrow)]
    method: Option<Cow<'b, str>>,
}

impl<'b> Body<'b> {
    /// Nothing of what is no body of ours.
    pub(super) fn read(body: &'b [u8]) -> Self {
        serde_json::from_slice(body).unwrap_or_default()
    }

    /// Texts of exceptions and the message, whole: the head may have their beginning alone.
    pub(super) fn messages(&self) -> impl Iterator<Item = &str> {
        let values = self.exceptions.iter().map(|exception| &*exception.value);
        values.chain([&*self.message])
    }

    /// All else, one text a line.
    pub(super) fn texts(&self) -> Vec<(TextPart, String)> {
        let mut left = TEXT_BYTES_MAX;
        let mut texts = Vec::new();
        for part in [TextPart::Breadcrumb, TextPart::Request, TextPart::Extra] {
            let mut gathered = Gathered::new(left);
            match part {
                TextPart::Breadcrumb => self.crumbs(&mut gathered),
                TextPart::Request => {
                    for own in [self.request, self.user] {
                        gathered.take_values(own);
                    }
                }
                _ => {
                    for free in [self.extra, self.contexts, self.other] {
                        gathered.take(free);
                    }
                }
            }
            left = left.saturating_sub(gathered.text.len());
            texts.push((part, gathered.text));
        }
        texts.push((TextPart::Variables, self.variables(left)));
        texts.push((TextPart::Other, self.dist.to_string()));
        texts
    }

    fn crumbs(&self, gathered: &mut Gathered) {
        let crumbs: Vec<Crumb<'_>> = self.breadcrumbs.map(read).unwrap_or_default();
        for crumb in crumbs {
            gathered.add(&crumb.category);
            gathered.add(&crumb.message);
            gathered.take(crumb.data);
        }
    }

    /// Local variables, from where it broke outwards.
    fn variables(&self, left: usize) -> String {
        let mut gathered = Gathered::new(left);
        let stacks = self.exceptions.iter().rev().chain(&self.threads);
        for frames in stacks.filter_map(|stack| stack.frames) {
            if gathered.is_full() {
                break;
            }
            let frames: Vec<Variables<'_>> = read(frames);
            for frame in frames.iter().rev() {
                gathered.take(frame.vars);
            }
        }
        gathered.text
    }

    /// What filters name, with its key.
    pub(super) fn attributes(&self) -> Vec<(&'static str, Cow<'b, str>)> {
        let user: User<'b> = self.user.map(read).unwrap_or_default();
        let request: Request<'b> = self.request.map(read).unwrap_or_default();
        vec![
            ("user.id", user.id),
            ("user.email", user.email),
            ("user.username", user.username),
            ("user.ip", user.ip_address),
            ("http.url", request.url.unwrap_or_default()),
            ("http.method", request.method.unwrap_or_default()),
        ]
    }

    /// The lines of source around the calls.
    pub(super) fn source(&self) -> Vec<Cow<'b, str>> {
        let mut lines = Vec::new();
        let mut left = SOURCE_BYTES_MAX;
        let stacks = self.exceptions.iter().chain(&self.threads);
        for frames in stacks.filter_map(|stack| stack.frames) {
            let frames: Vec<Source<'b>> = read(frames);
            for frame in frames {
                let around = frame.pre_context.into_iter().chain(frame.context_line);
                for line in around.chain(frame.post_context) {
                    let Some(rest) = left.checked_sub(line.len()) else {
                        return lines;
                    };
                    left = rest;
                    lines.push(line);
                }
            }
        }
        lines
    }
}

/// What of a raw part has this form; else nothing.
fn read<'b, T: Deserialize<'b> + Default>(part: &'b RawValue) -> T {
    serde_json::from_str(part.get()).unwrap_or_default()
}

/// What filters name of a head, with its key.
pub(super) fn attributes<'a>(head: &WholeHead<'a>) -> Vec<(&'static str, &'a str)> {
    let own = head.own();
    let handled = match own.handled {
        1 => "no",
        2 => "yes",
        _ => "",
    };
    let ty = head.exceptions().next_back().map(ExceptionPart::ty);
    vec![
        ("type", ty.unwrap_or_default()),
        ("transaction", &own.transaction),
        ("logger", &own.logger),
        ("server_name", &own.server_name),
        ("platform", &own.platform),
        ("sdk", &own.sdk.0),
        ("handled", handled),
    ]
}

/// An attribute's value as it is indexed.
pub(super) fn clipped(value: &str) -> &str {
    &value[..value.floor_char_boundary(ATTRIBUTE_BYTES_MAX.min(value.len()))]
}

/// What events name their stack by; 0: there is none.
pub(super) fn stack_number(event: &StoredEvent) -> u64 {
    let hash = event.stack().hash().0;
    hash.first_chunk()
        .map_or(0, |start| u64::from_le_bytes(*start))
}

/// What search knows of a stack.
pub(super) fn stack<'a>(
    number: u64,
    head: &WholeHead<'a>,
    source: &'a [Cow<'_, str>],
) -> StackDocument<'a> {
    let mut document = StackDocument {
        number,
        source: source.iter().map(|line| &**line).collect(),
        ..StackDocument::default()
    };
    let mut add = |frame: &'a ArchivedFrameHeadV1| {
        document.functions.push(&frame.function);
        for path in [&frame.module, &frame.filename, &frame.package] {
            let known = document
                .paths
                .last()
                .is_some_and(|last| *last == path.as_str());
            if !known {
                document.paths.push(path);
            }
        }
    };
    for exception in head.exceptions() {
        exception.frames().iter().for_each(&mut add);
    }
    head.thread_frames().iter().for_each(&mut add);
    document.types = head.exceptions().map(ExceptionPart::ty).collect();
    document
}

/// Texts, as far as there is room, each once.
#[derive(Debug)]
struct Gathered {
    text: String,
    /// Bytes.
    room: usize,
    /// Hashes of the texts that are in it.
    seen: HashSet<u64>,
}

impl Gathered {
    fn new(room: usize) -> Self {
        Self {
            text: String::new(),
            room,
            seen: HashSet::new(),
        }
    }

    fn is_full(&self) -> bool {
        self.text.len() >= self.room
    }

    fn add(&mut self, text: &str) {
        let room = self.room.saturating_sub(self.text.len());
        if room == 0 || text.is_empty() || !self.seen.insert(xxh3_64(text.as_bytes())) {
            return;
        }
        self.text
            .push_str(&text[..text.floor_char_boundary(room.min(text.len()))]);
        self.text.push('\n');
    }

    /// Every text, key and number of a part.
    fn take(&mut self, part: Option<&RawValue>) {
        self.walk(part, Keys::All);
    }

    /// The same without the keys of the part itself, which are ours.
    fn take_values(&mut self, part: Option<&RawValue>) {
        self.walk(part, Keys::Inner);
    }

    fn walk(&mut self, part: Option<&RawValue>, keys: Keys) {
        if let Some(part) = part.filter(|_| !self.is_full()) {
            let mut json = serde_json::Deserializer::from_str(part.get());
            // It was written by us; of what is damaged the beginning is found.
            let _ = Texts(self, keys).deserialize(&mut json);
        }
    }
}

/// Which keys of an object are texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Keys {
    All,
    /// Those of objects in it.
    Inner,
}

/// Walks a JSON value.
struct Texts<'g>(&'g mut Gathered, Keys);

impl<'de> DeserializeSeed<'de> for Texts<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Texts<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        self.0.add(text);
        Ok(())
    }

    fn visit_u64<E>(self, number: u64) -> Result<(), E> {
        self.0.add(&number.to_string());
        Ok(())
    }

    fn visit_i64<E>(self, number: i64) -> Result<(), E> {
        self.0.add(&number.to_string());
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while seq.next_element_seed(Texts(self.0, self.1))?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let has_key = |gathered: &mut Gathered, map: &mut A| match self.1 {
            Keys::All => map
                .next_key_seed(Texts(gathered, Keys::All))
                .map(|key| key.is_some()),
            Keys::Inner => map.next_key::<IgnoredAny>().map(|key| key.is_some()),
        };
        while has_key(self.0, &mut map)? {
            if self.0.is_full() {
                map.next_value::<IgnoredAny>()?;
            } else {
                map.next_value_seed(Texts(self.0, Keys::All))?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
