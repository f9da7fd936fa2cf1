//! What every door does to an event once it is whole, and whoever changes its frames later
//! (source maps that come after it) does again.
//!
//! Invariant: idempotent, `settle(settle(e)) == settle(e)`, and a pure function of the
//! event: the client's words on which it decides are kept beside its decisions. Secrets
//! are none of its business: what it names anew is scrubbed after it.

use event_model::{Event, event::Frame, free::Part};

use crate::{Limits, agent, in_app, json, limit, sentry::NAME_BYTES_MAX, symbol};

/// Cuts what is too long, names functions as their language names them, decides whose
/// code each frame is, and tells the browser and system from the request's headers.
pub fn settle(event: &mut Event, limits: &Limits) {
    name_platform(event);
    cut_lists(event, limits);
    symbol::demangle_all(event);
    for frame in frames(event) {
        cut_names(frame);
    }
    in_app::settle(event);
    agent::tell(event, limits.tags_max);
}

/// Dart's SDK calls its platform "other".
fn name_platform(event: &mut Event) {
    let sdk = event.sdk.get("name").and_then(Part::as_str);
    if event.platform == "other" && sdk.is_some_and(|name| name.starts_with("sentry.dart")) {
        "dart".clone_into(&mut event.platform);
    }
}

/// The newest exceptions and breadcrumbs, the first threads and tags, of a stack both
/// ends.
fn cut_lists(event: &mut Event, limits: &Limits) {
    let surplus = event.exceptions.len().saturating_sub(limits.exceptions_max);
    event.exceptions.drain(..surplus);
    event.threads.truncate(limits.threads_max);
    event.tags.truncate(limits.tags_max);
    limit::breadcrumbs(&mut event.breadcrumbs, limits.breadcrumbs_max);
    let exceptions = event.exceptions.iter_mut().map(|e| &mut e.frames);
    let threads = event.threads.iter_mut().map(|t| &mut t.frames);
    for frames in exceptions.chain(threads) {
        limit::cut_middle(frames, limits.frames_max);
    }
}

fn frames(event: &mut Event) -> impl Iterator<Item = &mut Frame> {
    let exceptions = event.exceptions.iter_mut().map(|e| &mut e.frames);
    let threads = event.threads.iter_mut().map(|t| &mut t.frames);
    exceptions.chain(threads).flatten()
}

fn cut_names(frame: &mut Frame) {
    for name in [
        &mut frame.function,
        &mut frame.module,
        &mut frame.package,
        &mut frame.filename,
        &mut frame.abs_path,
    ] {
        if name.len() > NAME_BYTES_MAX {
            *name = json::cut(std::mem::take(name).into(), NAME_BYTES_MAX);
        }
    }
}
