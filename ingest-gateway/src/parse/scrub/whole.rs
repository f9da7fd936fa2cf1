//! An event that is there already: its strings, and the parts of free form that were
//! not scrubbed when they were written.

use event_model::{
    Event,
    event::{Breadcrumb, Exception, Frame, Thread},
    free::{Free, Writer},
};

use super::{
    super::json::{self, Budget, Object},
    MASK, Path, Scrub, names, text,
};

impl Scrub {
    /// The strings that are fields of the event.
    pub(super) fn texts(&mut self, event: &mut Event) {
        for (at, exception) in event.exceptions.iter_mut().enumerate() {
            let path = Path::root("exceptions");
            self.prose(&path.index(at).key("value"), &mut exception.value);
        }
        self.prose(&Path::root("message"), &mut event.message);
        self.prose(&Path::root("message_template"), &mut event.message_template);
        for (key, value) in &mut event.tags {
            let tags = Path::root("tags");
            let path = tags.key(key);
            if names::is_secret(key) {
                self.mask(&path, value);
            } else {
                self.in_place(&path, value);
            }
        }
        for (at, crumb) in event.breadcrumbs.iter_mut().enumerate() {
            let path = Path::root("breadcrumbs");
            self.prose(&path.index(at).key("message"), &mut crumb.message);
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

    fn mask(&mut self, path: &Path<'_>, text: &mut String) {
        if !text.is_empty() && text != MASK {
            text.clear();
            text.push_str(MASK);
            self.note(path);
        }
    }

    fn in_place(&mut self, path: &Path<'_>, text: &mut String) {
        if let Some(masked) = text::scrub(text) {
            *text = masked;
            self.note(path);
        }
    }

    /// Text for people: only URLs in it are looked at.
    fn prose(&mut self, path: &Path<'_>, text: &mut String) {
        if text.contains("://") {
            self.in_place(path, text);
        }
    }
}
