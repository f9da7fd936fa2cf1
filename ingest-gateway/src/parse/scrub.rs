//! The scrub of secrets, by key name, before anything reaches the log.
//!
//! Owns which parts of an event are looked at and what a masked value looks like;
//! [`names`] owns which names are secret, [`text`] secrets inside of strings
//! (URLs, forms, JSON, environment dumps). Invariant: names are kept and values
//! masked ([`MASK`]); the path of each masked field is in `event.scrubbed`, at most
//! [`SCRUBBED_MAX`] of them. Source lines, exception types and file names are not
//! touched; messages and exception values only where they hold a URL.

mod names;
mod text;

use std::fmt::{self, Write as _};

use event_model::{
    Event,
    event::{Breadcrumb, Exception, Frame, Thread},
    free::Free,
};
use serde_json::{Map, Value};

/// What stands for a secret.
pub(super) const MASK: &str = "[Filtered]";
/// Most paths noted; what is beyond is masked all the same.
const SCRUBBED_MAX: usize = 100;

/// Masks the secrets of `event` in place.
pub(super) fn event(event: &mut Event) {
    let mut scrub = Scrub {
        noted: std::mem::take(&mut event.scrubbed),
        masked: 0,
    };
    scrub.whole(event);
    event.scrubbed = scrub.noted;
}

/// Where a value stands; a chain on the stack, written out only if noted.
#[derive(Clone, Copy)]
struct Path<'p> {
    parent: Option<&'p Path<'p>>,
    step: Step<'p>,
}

#[derive(Clone, Copy)]
enum Step<'p> {
    Key(&'p str),
    Index(usize),
}

impl<'p> Path<'p> {
    const fn root(key: &'p str) -> Self {
        Self {
            parent: None,
            step: Step::Key(key),
        }
    }

    const fn key(&'p self, key: &'p str) -> Path<'p> {
        Path {
            parent: Some(self),
            step: Step::Key(key),
        }
    }

    const fn index(&'p self, index: usize) -> Path<'p> {
        Path {
            parent: Some(self),
            step: Step::Index(index),
        }
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent {
            parent.fmt(f)?;
        }
        match self.step {
            Step::Key(key) if self.parent.is_some() => write!(f, ".{key}"),
            Step::Key(key) => f.write_str(key),
            Step::Index(index) => write!(f, "[{index}]"),
        }
    }
}

struct Scrub {
    noted: Vec<String>,
    /// Values masked so far, noted or not.
    masked: usize,
}

impl Scrub {
    fn whole(&mut self, event: &mut Event) {
        for (at, exception) in event.exceptions.iter_mut().enumerate() {
            self.exception(&Path::root("exceptions").index(at), exception);
        }
        for (at, thread) in event.threads.iter_mut().enumerate() {
            let Thread { frames, .. } = thread;
            self.frames(&Path::root("threads").index(at), frames);
        }
        self.prose(&Path::root("message"), &mut event.message);
        self.prose(&Path::root("message_template"), &mut event.message_template);
        for (key, value) in &mut event.tags {
            let tags = Path::root("tags");
            let path = tags.key(key);
            if names::is_secret(key) {
                self.mask(&path, value);
            } else {
                self.string(&path, value);
            }
        }
        if let Some(user) = &mut event.user {
            self.map(&Path::root("user").key("data"), &mut user.data);
        }
        self.request(&Path::root("request"), &mut event.request);
        self.map(&Path::root("contexts"), &mut event.contexts);
        for (at, crumb) in event.breadcrumbs.iter_mut().enumerate() {
            self.breadcrumb(&Path::root("breadcrumbs").index(at), crumb);
        }
        self.map(&Path::root("extra"), &mut event.extra);
        self.map(&Path::root("other"), &mut event.other);
    }

    fn exception(&mut self, path: &Path<'_>, exception: &mut Exception) {
        self.prose(&path.key("value"), &mut exception.value);
        if let Some(mechanism) = &mut exception.mechanism {
            self.map(&path.key("mechanism").key("data"), &mut mechanism.data);
        }
        self.frames(path, &mut exception.frames);
    }

    fn frames(&mut self, path: &Path<'_>, frames: &mut [Frame]) {
        for (at, frame) in frames.iter_mut().enumerate() {
            if !frame.vars.is_empty() {
                self.map(&path.key("frames").index(at).key("vars"), &mut frame.vars);
            }
            if !frame.other.is_empty() {
                self.map(&path.key("frames").index(at), &mut frame.other);
            }
        }
    }

    fn breadcrumb(&mut self, path: &Path<'_>, crumb: &mut Breadcrumb) {
        self.prose(&path.key("message"), &mut crumb.message);
        self.map(&path.key("data"), &mut crumb.data);
    }

    fn request(&mut self, path: &Path<'_>, request: &mut Free) {
        self.free(request, |scrub, map| scrub.request_map(path, map));
    }

    /// Hands the members of `free` to `scrub`; they are written anew only if it
    /// masked something.
    fn free(&mut self, free: &mut Free, scrub: impl FnOnce(&mut Self, &mut Map<String, Value>)) {
        if free.is_empty() {
            return;
        }
        let before = self.masked;
        let mut map = free.to_map();
        scrub(self, &mut map);
        if self.masked > before {
            *free = map.into();
        }
    }

    fn request_map(&mut self, path: &Path<'_>, request: &mut Map<String, Value>) {
        for (key, value) in request.iter_mut() {
            let path = path.key(key);
            match (key.as_str(), value) {
                ("cookies", cookies) => self.leaves(&path, cookies),
                ("headers", Value::Object(headers)) => {
                    for (name, value) in headers.iter_mut() {
                        let path = path.key(name);
                        if names::is_secret_header(name) {
                            self.leaves(&path, value);
                        } else {
                            self.value(&path, value);
                        }
                    }
                }
                (_, value) => self.value(&path, value),
            }
        }
    }

    fn map(&mut self, path: &Path<'_>, free: &mut Free) {
        self.free(free, |scrub, map| scrub.members(path, map));
    }

    fn members(&mut self, path: &Path<'_>, map: &mut Map<String, Value>) {
        // {"name": "password", "value": "…"}
        let named_secret = map.contains_key("value")
            && ["name", "key"].iter().any(|k| {
                let name = map.get(*k).and_then(Value::as_str);
                name.is_some_and(names::is_secret)
            });
        for (key, value) in map.iter_mut() {
            let secret = names::is_secret(key) || (named_secret && key == "value");
            let path = path.key(key);
            if secret || names::is_card(key, value) {
                self.leaves(&path, value);
            } else {
                self.value(&path, value);
            }
        }
    }

    fn value(&mut self, path: &Path<'_>, value: &mut Value) {
        match value {
            Value::String(text) => self.string(path, text),
            Value::Array(items) => self.list(path, items),
            Value::Object(map) => self.members(path, map),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn list(&mut self, path: &Path<'_>, items: &mut [Value]) {
        // ["--password", "…"] of a command line.
        let mut after_option = false;
        for (at, item) in items.iter_mut().enumerate() {
            let path = path.index(at);
            match item {
                Value::String(text) if after_option => {
                    self.mask(&path, text);
                    after_option = false;
                }
                Value::String(text) => {
                    after_option = text.trim_matches('\'').starts_with("--")
                        && !text.contains('=')
                        && names::is_secret(text);
                    self.string(&path, text);
                }
                // [["password", "…"], …]
                Value::Array(pair) => match pair.as_mut_slice() {
                    [Value::String(name), value] if names::is_secret(name) => {
                        self.leaves(&path.index(1), value);
                    }
                    pair => self.list(&path, pair),
                },
                other => self.value(&path, other),
            }
        }
    }

    /// Masks all there is below a secret name; names, nulls and booleans stay.
    fn leaves(&mut self, path: &Path<'_>, value: &mut Value) {
        match value {
            Value::Null | Value::Bool(_) => {}
            Value::String(text) => self.mask(path, text),
            Value::Number(_) => {
                *value = MASK.into();
                self.note(path);
            }
            Value::Array(items) => {
                for (at, item) in items.iter_mut().enumerate() {
                    self.leaves(&path.index(at), item);
                }
            }
            Value::Object(map) => {
                for (key, item) in map.iter_mut() {
                    self.leaves(&path.key(key), item);
                }
            }
        }
    }

    fn mask(&mut self, path: &Path<'_>, text: &mut String) {
        if !text.is_empty() && text != MASK {
            text.clear();
            text.push_str(MASK);
            self.note(path);
        }
    }

    fn string(&mut self, path: &Path<'_>, text: &mut String) {
        if let Some(masked) = text::scrub(text) {
            *text = masked;
            self.note(path);
        }
    }

    /// Text for people: only URLs in it are looked at.
    fn prose(&mut self, path: &Path<'_>, text: &mut String) {
        if text.contains("://") {
            self.string(path, text);
        }
    }

    fn note(&mut self, path: &Path<'_>) {
        self.masked += 1;
        if self.noted.len() < SCRUBBED_MAX {
            let mut written = String::new();
            let _ = write!(written, "{path}");
            self.noted.push(written);
        }
    }
}
