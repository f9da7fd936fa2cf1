//! The hash of what counts, and, if somebody wants to know, what went into it.
//!
//! Invariant: what is noted is what is hashed: both are done by the same call, so an
//! explanation cannot tell another story than the fingerprint
//! ([`Component::fingerprint`] makes it anew from the notes).

use std::borrow::Cow;

use event_model::Fingerprint;
use xxhash_rust::xxh3::xxh3_128;

use crate::{Algorithm, frames, names::Key};

/// Room for what counts of a usual stack, bytes.
const BYTES_USUAL: usize = 512;

/// A part of an event, and whether it counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Component {
    /// What it is: "error", "frame", "type", "value", "message", "entry", …
    pub name: &'static str,
    /// What is compared; of what has parts, a word for people.
    pub value: String,
    /// As the client sent it, where that differs; else empty.
    pub raw: String,
    /// Whether it tells issues apart.
    pub counts: bool,
    /// The rule or the table that says so.
    pub why: Cow<'static, str>,
    /// Which of the event's errors, or which call of its stack, from 0, oldest first.
    pub index: Option<usize>,
    /// What it is made of.
    pub parts: Vec<Component>,
    pub(crate) form: Form,
}

/// How a component is hashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// Its value.
    Text,
    /// Place, function and address, which are its parts.
    Frame { address: u64 },
    /// Its parts, behind the word for such a whole and the version that made it.
    Whole(&'static str, Algorithm),
}

impl Component {
    /// A text.
    pub(crate) fn text(name: &'static str, value: &str, raw: &str, why: &'static str) -> Self {
        Self {
            name,
            value: value.to_owned(),
            raw: if raw == value { "" } else { raw }.to_owned(),
            counts: true,
            why: Cow::Borrowed(why),
            index: None,
            parts: Vec::new(),
            form: Form::Text,
        }
    }

    /// A call.
    pub(crate) fn frame(key: &Key<'_>, raw: String, why: impl Into<Cow<'static, str>>) -> Self {
        let part = |name, value: &str| Self::text(name, value, "", "");
        let mut parts = vec![part("place", &key.place), part("function", &key.function)];
        if key.address > 0 {
            parts.push(part("address", &format!("{:#x}", key.address)));
        }
        let value = match (key.function.is_empty(), key.place.is_empty()) {
            (false, false) => format!("{} ({})", key.function, key.place),
            (false, true) => key.function.to_string(),
            (true, _) if key.address > 0 => format!("{:#x} ({})", key.address, key.place),
            (true, _) => key.place.to_string(),
        };
        Self {
            name: "frame",
            raw: if raw == value { String::new() } else { raw },
            value,
            counts: true,
            why: why.into(),
            index: None,
            parts,
            form: Form::Frame {
                address: key.address,
            },
        }
    }

    /// The same, left out.
    pub(crate) fn left_out(self, why: impl Into<Cow<'static, str>>) -> Self {
        Self {
            counts: false,
            why: why.into(),
            ..self
        }
    }

    /// The same, which stands there in the event.
    pub(crate) fn at(self, index: Option<usize>) -> Self {
        Self { index, ..self }
    }

    /// What its parts hash to: of an explanation's root the event's fingerprint.
    pub fn fingerprint(&self) -> Fingerprint {
        let (kind, algorithm, parts) = match self.form {
            Form::Whole(kind, algorithm) => (kind, algorithm, self.parts.as_slice()),
            Form::Text | Form::Frame { .. } => {
                ("alone", Algorithm::NEWEST, std::slice::from_ref(self))
            }
        };
        let mut hash = Parts::new(algorithm, kind, false);
        for part in parts.iter().filter(|part| part.counts) {
            match part.form {
                Form::Text => hash.add_bytes(part.name, part.value.as_bytes()),
                Form::Frame { address } => {
                    let [place, function] = [0, 1].map(|at| part.parts[at].value.as_str());
                    let frame = frames::hash(place, function, address);
                    hash.add_bytes(part.name, &frame.to_le_bytes());
                }
                Form::Whole(..) => hash.add_bytes(part.name, &part.fingerprint().0),
            }
        }
        hash.finish().fingerprint
    }
}

/// A hash of labelled parts, none of which can run into the next; with notes, or without.
pub(crate) struct Parts {
    /// What is hashed. In one piece at the end: that is faster than to keep a hash's state.
    bytes: Vec<u8>,
    algorithm: Algorithm,
    kind: &'static str,
    notes: Option<Vec<Component>>,
    is_of_texts: bool,
}

/// What parts make.
pub(crate) struct Whole {
    pub(crate) fingerprint: Fingerprint,
    /// Texts of the event's own went into it: another event of the stack may have another.
    pub(crate) is_of_texts: bool,
    algorithm: Algorithm,
    kind: &'static str,
    notes: Option<Vec<Component>>,
}

impl Whole {
    /// Of which no more is known, or wanted.
    pub(crate) fn of(fingerprint: Fingerprint) -> Self {
        Self {
            fingerprint,
            is_of_texts: false,
            algorithm: Algorithm::NEWEST,
            kind: "",
            notes: None,
        }
    }

    /// It and its parts, for people.
    pub(crate) fn component(
        self,
        name: &'static str,
        value: &str,
        why: impl Into<Cow<'static, str>>,
    ) -> Component {
        Component {
            name,
            value: value.to_owned(),
            raw: String::new(),
            counts: true,
            why: why.into(),
            index: None,
            parts: self.notes.unwrap_or_default(),
            form: Form::Whole(self.kind, self.algorithm),
        }
    }
}

impl Parts {
    pub(crate) fn new(algorithm: Algorithm, kind: &'static str, explains: bool) -> Self {
        let mut parts = Self {
            bytes: Vec::with_capacity(BYTES_USUAL),
            algorithm,
            kind,
            notes: None,
            is_of_texts: false,
        };
        parts.add_bytes("errata grouping", &algorithm.number().to_le_bytes());
        parts.add_bytes("kind", kind.as_bytes());
        parts.notes = explains.then(Vec::new);
        parts
    }

    pub(crate) fn explains(&self) -> bool {
        self.notes.is_some()
    }

    pub(crate) fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// A text that counts, as it came, and why it does.
    pub(crate) fn add(&mut self, name: &'static str, text: &str, raw: &str, why: &'static str) {
        self.add_bytes(name, text.as_bytes());
        self.note(|| Component::text(name, text, raw, why));
    }

    /// Notes that the event's own texts count, or whether they do.
    pub(crate) fn depend_on_texts(&mut self) {
        self.is_of_texts = true;
    }

    /// A call that counts.
    pub(crate) fn add_frame(&mut self, hash: u64) {
        // As `add_bytes` writes it, in one piece: there are many of them.
        const LABEL: &[u8; 13] = b"frame\x08\0\0\0\0\0\0\0";
        let mut piece = [0; LABEL.len() + 8];
        piece[..LABEL.len()].copy_from_slice(LABEL);
        piece[LABEL.len()..].copy_from_slice(&hash.to_le_bytes());
        self.bytes.extend_from_slice(&piece);
    }

    /// What is made of parts of its own.
    pub(crate) fn add_whole(
        &mut self,
        name: &'static str,
        whole: Whole,
        value: &str,
        why: &'static str,
    ) {
        self.add_whole_at(None, name, whole, value, why);
    }

    /// The same, which stands there in the event.
    pub(crate) fn add_whole_at(
        &mut self,
        index: Option<usize>,
        name: &'static str,
        whole: Whole,
        value: &str,
        why: &'static str,
    ) {
        self.add_bytes(name, &whole.fingerprint.0);
        self.is_of_texts |= whole.is_of_texts;
        self.note(|| whole.component(name, value, why).at(index));
    }

    /// Tells of a component without hashing it.
    pub(crate) fn note(&mut self, component: impl FnOnce() -> Component) {
        if let Some(notes) = &mut self.notes {
            notes.push(component());
        }
    }

    fn add_bytes(&mut self, label: &str, bytes: &[u8]) {
        self.bytes.extend_from_slice(label.as_bytes());
        self.bytes
            .extend_from_slice(&(bytes.len() as u64).to_le_bytes());
        self.bytes.extend_from_slice(bytes);
    }

    pub(crate) fn finish(self) -> Whole {
        Whole {
            fingerprint: Fingerprint(xxh3_128(&self.bytes).to_be_bytes()),
            is_of_texts: self.is_of_texts,
            algorithm: self.algorithm,
            kind: self.kind,
            notes: self.notes,
        }
    }
}
