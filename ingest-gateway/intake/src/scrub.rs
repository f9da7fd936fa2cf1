//! The scrub of secrets before anything reaches the log: by key name, and inside of
//! strings.
//!
//! Owns which parts of an event are looked at, the one pass in which parts of free
//! form are cut, scrubbed and written, and what a masked value looks like; [`names`]
//! owns which names are secret, [`text`] secrets inside of strings (URLs, forms,
//! JSON, keys of services, cards, …), [`rules`] what a project wants beyond that.
//! Invariant: names are kept and values masked ([`MASK`]); the path of each masked
//! field is in `event.scrubbed`, at most [`SCRUBBED_MAX`] of them, and their number in
//! `event.scrubbed_count`. What an event is grouped by and looked up by (types,
//! functions, modules, release, loaded images) is not touched.

mod again;
mod keys;
mod names;
mod path;
mod place;
mod rules;
#[cfg(test)]
mod tests;
mod text;
mod whole;

use std::{borrow::Cow, collections::BTreeMap};

use event_model::{
    Event,
    free::{Free, Writer},
};

use self::keys::Keys;
pub(super) use self::path::Path;
pub(crate) use self::place::is_like;
pub use self::rules::{ALLOW_MAX, EXPRESSION_CHARS_MAX, RULES_MAX, RuleError, Rules};
use self::text::Kind;
use super::json::{Budget, Json, List, Object, TRUNCATED};

/// What stands for a secret.
pub(super) const MASK: &str = "[Filtered]";
/// Most paths noted; what is beyond is masked all the same.
const SCRUBBED_MAX: usize = 100;

/// Masks the secrets of an event in place. Doing it again changes nothing.
pub fn event(event: &mut Event, rules: &Rules) {
    let mut scrub = Scrub::new(rules);
    scrub.noted = std::mem::take(&mut event.scrubbed);
    scrub.masked = event.scrubbed_count as usize;
    scrub.parts(event);
    scrub.all_sources(event);
    scrub.finish(event);
}

/// An object of free form, cut where it is too long, its secrets as they are: for
/// names and versions of programs, and where [`event()`] follows.
pub(super) fn unscrubbed(members: Object<'_>, budget: &mut Budget) -> Free {
    Scrub::inactive().free(&Path::root(""), members, budget)
}

/// What was masked of one event so far.
#[derive(Debug)]
pub(super) struct Scrub {
    rules: Rules,
    noted: Vec<String>,
    /// Values masked, noted or not.
    masked: usize,
    /// Whether names and strings are looked at.
    active: bool,
}

impl Scrub {
    pub(super) fn new(rules: &Rules) -> Self {
        Self {
            rules: rules.clone(),
            noted: Vec::new(),
            masked: 0,
            active: true,
        }
    }

    /// One that writes and masks nothing.
    pub(super) fn inactive() -> Self {
        Self {
            active: false,
            ..Self::new(Rules::standard())
        }
    }

    /// For an event all of whose frames ([`Self::sources`]) and parts of free form this
    /// one scrubbed: scrubs the rest and leaves the paths of what was masked.
    pub(super) fn finish(mut self, event: &mut Event) {
        self.texts(event);
        event.scrubbed = self.noted;
        event.scrubbed_count = u32::try_from(self.masked).unwrap_or(u32::MAX);
    }

    /// An object of free form, scrubbed.
    pub(super) fn free(
        &mut self,
        path: &Path<'_>,
        members: Object<'_>,
        budget: &mut Budget,
    ) -> Free {
        let mut out = Writer::new();
        self.members(path, members, budget, &mut out);
        out.finish()
    }

    /// Writes an object's members; equal keys are written once, the last one.
    pub(super) fn members(
        &mut self,
        path: &Path<'_>,
        members: Object<'_>,
        budget: &mut Budget,
        out: &mut Writer,
    ) {
        let keys = Keys::of(&members);
        // {"name": "password", "value": "…"}
        let named_secret = self.active && keys.names_a_value && names_a_secret(&members);
        for (at, (key, value)) in members.enumerate() {
            if keys.is_overruled(at) {
                continue;
            }
            if !budget.take(key.len()) {
                out.key(TRUNCATED);
                out.boolean(true);
                break;
            }
            let is_secret =
                self.active && ((named_secret && key == "value") || is_secret(&key, &value));
            self.keyed(path, &key, value, is_secret, budget, out);
        }
    }

    /// Writes one member of an object that is written member by member.
    pub(super) fn member(
        &mut self,
        path: &Path<'_>,
        key: &str,
        value: Json<'_>,
        budget: &mut Budget,
        out: &mut Writer,
    ) {
        let had_room = !budget.is_used_up();
        if !budget.take(key.len()) {
            if had_room {
                out.key(TRUNCATED);
                out.boolean(true);
            }
            return;
        }
        let is_secret = self.active && is_secret(key, &value);
        self.keyed(path, key, value, is_secret, budget, out);
    }

    /// Writes a key and its value, of a secret nothing that could be read.
    fn keyed(
        &mut self,
        path: &Path<'_>,
        key: &str,
        value: Json<'_>,
        is_secret: bool,
        budget: &mut Budget,
        out: &mut Writer,
    ) {
        let path = path.key(key);
        out.key(key);
        if is_secret {
            self.leaves(&path, value, budget, out);
        } else {
            self.value(&path, value, budget, out);
        }
    }

    /// Writes a value.
    pub(super) fn value(
        &mut self,
        path: &Path<'_>,
        value: Json<'_>,
        budget: &mut Budget,
        out: &mut Writer,
    ) {
        match value {
            Json::String(text) => match budget.string(text) {
                Some(text) => out.string(&self.string(path, text)),
                None => out.string(TRUNCATED),
            },
            Json::Array(items) => self.list(path, items, budget, out),
            Json::Object(members) => {
                out.begin_object();
                self.members(path, members, budget, out);
                out.end();
            }
            plain => self.scalar(path, false, &plain, budget, out),
        }
    }

    fn list(&mut self, path: &Path<'_>, items: List<'_>, budget: &mut Budget, out: &mut Writer) {
        out.begin_list();
        // ["--password", "…"] of a command line.
        let mut after_option = false;
        for (at, item) in items.enumerate() {
            if budget.is_used_up() {
                out.string(TRUNCATED);
                break;
            }
            let path = path.index(at);
            match item {
                Json::String(text) if after_option && self.active => {
                    self.leaves(&path, Json::String(text), budget, out);
                    after_option = false;
                }
                Json::String(text) => {
                    after_option = names_the_next(&text);
                    self.value(&path, Json::String(text), budget, out);
                }
                // [["password", "…"], …]
                Json::Array(pair) if self.active && is_secret_pair(&pair) => {
                    out.begin_list();
                    for (at, item) in pair.enumerate() {
                        if at == 0 {
                            self.value(&path.index(at), item, budget, out);
                        } else {
                            self.leaves(&path.index(at), item, budget, out);
                        }
                    }
                    out.end();
                }
                other => self.value(&path, other, budget, out),
            }
        }
        out.end();
    }

    /// Masks all there is below a secret name; names, nulls and booleans stay.
    pub(super) fn leaves(
        &mut self,
        path: &Path<'_>,
        value: Json<'_>,
        budget: &mut Budget,
        out: &mut Writer,
    ) {
        match value {
            Json::String(text) => {
                let names = || path.names();
                let text = match self.rules.string(names, Kind::Text, true, &text) {
                    Some(stored) if budget.take(stored.len()) => {
                        self.note(path);
                        Some(Cow::Owned(stored))
                    }
                    Some(_) => None,
                    // Nothing, a mask, or what the project wants to see.
                    None => budget.string(text),
                };
                out.string(&text.unwrap_or(Cow::Borrowed(TRUNCATED)));
            }
            plain @ Json::Number(_) => self.scalar(path, true, &plain, budget, out),
            Json::Array(items) => {
                out.begin_list();
                for (at, item) in items.enumerate() {
                    if budget.is_used_up() {
                        out.string(TRUNCATED);
                        break;
                    }
                    self.leaves(&path.index(at), item, budget, out);
                }
                out.end();
            }
            Json::Object(members) => {
                out.begin_object();
                let keys = Keys::of(&members);
                for (at, (key, item)) in members.enumerate() {
                    if keys.is_overruled(at) {
                        continue;
                    }
                    if !budget.take(key.len()) {
                        out.key(TRUNCATED);
                        out.boolean(true);
                        break;
                    }
                    out.key(&key);
                    self.leaves(&path.key(&key), item, budget, out);
                }
                out.end();
            }
            plain => write_plain(&plain, budget, out),
        }
    }

    /// A text, its secrets masked.
    pub(super) fn string<'t>(&mut self, path: &Path<'_>, text: Cow<'t, str>) -> Cow<'t, str> {
        if !self.active {
            return text;
        }
        let names = || path.names();
        match self.rules.string(names, Kind::Text, false, &text) {
            Some(masked) => {
                self.note(path);
                Cow::Owned(masked)
            }
            None => text,
        }
    }

    /// Writes a number, a boolean or null.
    fn scalar(
        &mut self,
        path: &Path<'_>,
        secret: bool,
        value: &Json<'_>,
        budget: &mut Budget,
        out: &mut Writer,
    ) {
        let written = match value {
            Json::Number(number) if self.active || secret => Some(number.to_string()),
            Json::Bool(value) if self.active && !self.rules.ignore_paths() => {
                Some(value.to_string())
            }
            _ => None,
        };
        let stored =
            written.and_then(|written| self.rules.number(|| path.names(), secret, &written));
        match stored {
            Some(stored) if budget.take(stored.len()) => {
                self.note(path);
                out.string(&stored);
            }
            Some(_) => out.string(TRUNCATED),
            None => write_plain(value, budget, out),
        }
    }

    /// Writes what one member of the request holds: cookies and some headers are
    /// secret whatever is in them.
    pub(super) fn request_member(
        &mut self,
        key: &str,
        value: Json<'_>,
        budget: &mut Budget,
        out: &mut Writer,
    ) {
        let path = Path::root("request");
        let path = path.key(key);
        match (key, value) {
            ("cookies", cookies) => self.leaves(&path, cookies, budget, out),
            ("headers", Json::Object(headers)) => {
                let headers: Vec<_> = headers
                    .filter_map(|(name, value)| Some((name, value.into_any_text(usize::MAX)?)))
                    .collect();
                self.headers(headers.iter().map(|(name, value)| (name, value)), out);
            }
            (_, value) => self.value(&path, value, budget, out),
        }
    }

    /// Writes the object of a request's headers.
    pub(super) fn headers<'h>(
        &mut self,
        headers: impl Iterator<Item = (&'h (impl AsRef<str> + 'h), &'h Cow<'h, str>)>,
        out: &mut Writer,
    ) {
        let path = Path::root("request");
        let path = path.key("headers");
        out.begin_object();
        for (name, value) in headers {
            let name = name.as_ref();
            let path = path.key(name);
            out.key(name);
            if names::is_secret_header(name) {
                let value = Json::String(Cow::Borrowed(value));
                self.leaves(&path, value, &mut Budget::unlimited(), out);
            } else {
                out.string(&self.string(&path, Cow::Borrowed(value)));
            }
        }
        out.end();
    }

    /// Writes the object of a request's cookies: their names, the last of equal ones.
    pub(super) fn cookies(
        &mut self,
        cookies: Vec<(Cow<'_, str>, Json<'_>)>,
        budget: &mut Budget,
        out: &mut Writer,
    ) {
        let path = Path::root("request");
        let path = path.key("cookies");
        out.begin_object();
        let cookies: BTreeMap<_, _> = cookies.into_iter().collect();
        for (name, value) in cookies {
            if !budget.take(name.len()) {
                out.key(TRUNCATED);
                out.boolean(true);
                break;
            }
            out.key(&name);
            self.leaves(&path.key(&name), value, budget, out);
        }
        out.end();
    }

    fn note(&mut self, path: &Path<'_>) {
        self.masked += 1;
        if self.noted.len() < SCRUBBED_MAX {
            self.noted.push(path.to_string());
        }
    }
}

fn is_secret(key: &str, value: &Json<'_>) -> bool {
    let is_directory = || names::is_directory(key) && value.as_str().is_some_and(names::is_path);
    (names::is_secret(key) && !is_directory()) || names::is_card(key, value)
}

/// Whether the object's "name" or "key" says that its "value" is a secret.
fn names_a_secret(members: &Object<'_>) -> bool {
    ["name", "key"].into_iter().any(|key| {
        let name = members.get(key);
        name.as_ref()
            .and_then(Json::as_str)
            .is_some_and(names::is_secret)
    })
}

/// Whether it is an option of a command line whose value follows.
fn names_the_next(text: &str) -> bool {
    let option = text.trim_matches('\'');
    let is_option = option.starts_with("--") || (option.starts_with('-') && option.len() > 3);
    is_option && !option.contains(['=', ' ']) && names::is_secret(option)
}

/// A list of two, the first the name of a secret.
fn is_secret_pair(pair: &List<'_>) -> bool {
    let mut items = pair.clone();
    let first = items.next();
    let is_secret = first
        .as_ref()
        .and_then(Json::as_str)
        .is_some_and(names::is_secret);
    is_secret && items.next().is_some() && items.next().is_none()
}

/// A value without parts.
fn write_plain(value: &Json<'_>, budget: &mut Budget, out: &mut Writer) {
    match value {
        Json::Null => {
            budget.take(0);
            out.null();
        }
        Json::Bool(value) => {
            budget.take(1);
            out.boolean(*value);
        }
        Json::Number(number) => {
            budget.take(8);
            number.write(out);
        }
        Json::String(text) if budget.take(text.len()) => out.string(text),
        Json::String(_) | Json::Array(_) | Json::Object(_) => out.string(TRUNCATED),
    }
}
