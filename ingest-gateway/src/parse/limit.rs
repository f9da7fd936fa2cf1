//! What is common to all forms of an event: its empty start, caps, and what the
//! request adds.

use event_model::{
    Event, EventId, Level,
    free::{Free, Part},
};
use serde_json::{Map, Value};

use super::{Context, in_app, symbol};

/// An event of which nothing is known but the request.
pub(super) fn empty_event(context: &Context<'_>) -> Event {
    Event {
        id: EventId::random(),
        project_id: context.project_id,
        received_ns: context.received_ns,
        timestamp_ns: context.received_ns,
        level: Level::default(),
        platform: String::new(),
        exceptions: Vec::new(),
        threads: Vec::new(),
        message: String::new(),
        message_template: String::new(),
        transaction: String::new(),
        logger: String::new(),
        release: String::new(),
        dist: String::new(),
        environment: String::new(),
        server_name: String::new(),
        tags: Vec::new(),
        user: None,
        request: Free::new(),
        contexts: Free::new(),
        breadcrumbs: Vec::new(),
        extra: Free::new(),
        fingerprint: Vec::new(),
        modules: Free::new(),
        sdk: Free::new(),
        debug_meta: Free::new(),
        scrubbed: Vec::new(),
        scrubbed_count: 0,
        other: Free::new(),
    }
}

/// At most `max` of `items`: half from each end, in order.
pub(super) fn cut_middle<T>(mut items: Vec<T>, max: usize) -> Vec<T> {
    if items.len() > max {
        let first = max / 2;
        let last = max - first;
        items.drain(first..items.len() - last);
    }
    items
}

/// Browsers' events without a `User-Agent` header get the request's.
pub(super) fn fill_user_agent(event: &mut Event, context: &Context<'_>) {
    let Some(agent) = context.user_agent else {
        return;
    };
    if event.platform != "javascript" || !agent.contains("Mozilla/") {
        return;
    }
    let headers = event.request.get("headers");
    let mut headers = headers.map_or_else(Map::new, |headers| match headers.to_value() {
        Value::Object(map) => map,
        _ => Map::new(),
    });
    if !headers.contains_key("User-Agent") {
        headers.insert("User-Agent".to_owned(), agent.into());
        event.request.insert("headers", headers);
    }
}

/// What every door does to the frames of an event once it is whole: functions are
/// named as their language names them, and whose code they are is decided.
pub(super) fn settle_frames(event: &mut Event) {
    // Dart's SDK calls its platform "other".
    let sdk = event.sdk.get("name").and_then(Part::as_str);
    if event.platform == "other" && sdk.is_some_and(|name| name.starts_with("sentry.dart")) {
        "dart".clone_into(&mut event.platform);
    }
    symbol::demangle_all(event);
    in_app::settle(event);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_is_what_is_cut() {
        assert_eq!(cut_middle(vec![1, 2, 3, 4, 5], 5), [1, 2, 3, 4, 5]);
        assert_eq!(cut_middle(vec![1, 2, 3, 4, 5], 4), [1, 2, 4, 5]);
        assert_eq!(cut_middle(vec![1, 2, 3, 4, 5], 3), [1, 4, 5]);
        assert_eq!(cut_middle(vec![1, 2], 0), [0i32; 0]);
    }
}
