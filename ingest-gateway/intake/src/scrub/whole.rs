//! An event that is there already: its strings, and the parts of free form that were
//! not scrubbed when they were written.

use event_model::{
    Event,
    event::{Breadcrumb, Exception, Frame, Thread},
    free::{Free, Writer},
};

use super::{
    super::json::{self, Budget, Object},
    Path, Scrub, names,
    text::Kind,
};

impl Scrub {
    /// The strings that are fields of the event, but for those of frames.
    pub(super) fn texts(&mut self, event: &mut Event) {
        for (at, exception) in event.exceptions.iter_mut().enumerate() {
            let path = Path::root("exceptions");
            let path = path.index(at);
            self.in_place(&path.key("value"), &mut exception.value);
        }
        for (at, thread) in event.threads.iter_mut().enumerate() {
            let path = Path::root("threads");
            let path = path.index(at);
            self.in_place(&path.key("name"), &mut thread.name);
        }
        for (name, text) in [
            ("message", &mut event.message),
            ("message_template", &mut event.message_template),
            ("transaction", &mut event.transaction),
            ("server_name", &mut event.server_name),
            ("logger", &mut event.logger),
        ] {
            self.in_place(&Path::root(name), text);
        }
        for (at, part) in event.fingerprint.iter_mut().enumerate() {
            self.in_place(&Path::root("fingerprint").index(at), part);
        }
        for (key, value) in &mut event.tags {
            let tags = Path::root("tags");
            self.stored(&tags.key(key), Kind::Text, names::is_secret(key), value);
        }
        if let Some(user) = &mut event.user {
            for (name, text) in [
                ("id", &mut user.id),
                ("email", &mut user.email),
                ("username", &mut user.username),
                ("ip_address", &mut user.ip_address),
                ("session_id", &mut user.session_id),
            ] {
                self.in_place(&Path::root("user").key(name), text);
            }
        }
        for problem in &mut event.problems {
            self.in_place(&Path::root("problems").key("value"), &mut problem.value);
        }
        for (at, crumb) in event.breadcrumbs.iter_mut().enumerate() {
            let path = Path::root("breadcrumbs");
            self.in_place(&path.index(at).key("message"), &mut crumb.message);
        }
    }

    /// The strings of all frames.
    pub(super) fn all_sources(&mut self, event: &mut Event) {
        for (at, exception) in event.exceptions.iter_mut().enumerate() {
            self.sources_below(&Path::root("exceptions").index(at), &mut exception.frames);
        }
        for (at, thread) in event.threads.iter_mut().enumerate() {
            self.sources_below(&Path::root("threads").index(at), &mut thread.frames);
        }
    }

    /// The strings of the frames of an exception or a thread.
    pub(in super::super) fn sources_below(&mut self, path: &Path<'_>, frames: &mut [Frame]) {
        let path = path.key("frames");
        for (at, frame) in frames.iter_mut().enumerate() {
            self.sources(&path.index(at), frame);
        }
    }

    /// Files, which may be URLs, and lines of programs.
    pub(in super::super) fn sources(&mut self, path: &Path<'_>, frame: &mut Frame) {
        self.in_place(&path.key("filename"), &mut frame.filename);
        self.in_place(&path.key("abs_path"), &mut frame.abs_path);
        if let Some(line) = &mut frame.context_line {
            self.stored(&path.key("context_line"), Kind::Source, false, line);
        }
        for line in &mut frame.pre_context {
            self.stored(&path.key("pre_context"), Kind::Source, false, line);
        }
        for line in &mut frame.post_context {
            self.stored(&path.key("post_context"), Kind::Source, false, line);
        }
    }

    /// The parts of free form, where they were not scrubbed when they were written.
    pub(super) fn parts(&mut self, event: &mut Event) {
        for (
            at,
            Exception {
                mechanism, frames, ..
            },
        ) in event.exceptions.iter_mut().enumerate()
        {
            let path = Path::root("exceptions");
            let path = path.index(at);
            if let Some(mechanism) = mechanism {
                self.part(&path.key("mechanism").key("data"), &mut mechanism.data);
            }
            self.frames(&path, frames);
        }
        for (at, Thread { frames, .. }) in event.threads.iter_mut().enumerate() {
            self.frames(&Path::root("threads").index(at), frames);
        }
        if let Some(user) = &mut event.user {
            self.part(&Path::root("user").key("data"), &mut user.data);
        }
        self.request(&mut event.request);
        self.part(&Path::root("contexts"), &mut event.contexts);
        for (at, Breadcrumb { data, .. }) in event.breadcrumbs.iter_mut().enumerate() {
            self.part(&Path::root("breadcrumbs").index(at).key("data"), data);
        }
        self.part(&Path::root("extra"), &mut event.extra);
        self.part(&Path::root("other"), &mut event.other);
    }

    fn frames(&mut self, path: &Path<'_>, frames: &mut [Frame]) {
        let path = path.key("frames");
        for (at, frame) in frames.iter_mut().enumerate() {
            let path = path.index(at);
            self.part(&path.key("vars"), &mut frame.vars);
            self.part(&path, &mut frame.other);
        }
    }

    fn part(&mut self, path: &Path<'_>, free: &mut Free) {
        self.anew(free, |scrub, members, out| {
            scrub.members(path, members, &mut Budget::unlimited(), out);
        });
    }

    fn request(&mut self, request: &mut Free) {
        self.anew(request, |scrub, members, out| {
            for (key, value) in members {
                out.key(&key);
                scrub.request_member(&key, value, &mut Budget::unlimited(), out);
            }
        });
    }

    /// Reads `free` again and lets `write` write it; taken only if something was
    /// masked.
    fn anew(&mut self, free: &mut Free, write: impl FnOnce(&mut Self, Object<'_>, &mut Writer)) {
        if free.is_empty() {
            return;
        }
        let before = self.masked;
        let written = json::read(free.as_json().as_bytes(), |json| {
            let mut out = Writer::with_capacity(free.as_json().len());
            write(self, json.into_object()?, &mut out);
            Some(out.finish())
        });
        if self.masked > before
            && let Ok(Some(written)) = written
        {
            *free = written;
        }
    }

    fn in_place(&mut self, path: &Path<'_>, text: &mut String) {
        self.stored(path, Kind::Text, false, text);
    }

    fn stored(&mut self, path: &Path<'_>, kind: Kind, secret: bool, text: &mut String) {
        let stored = self.rules.string(|| path.names(), kind, secret, text);
        if let Some(stored) = stored {
            *text = stored;
            self.note(path);
        }
    }
}
