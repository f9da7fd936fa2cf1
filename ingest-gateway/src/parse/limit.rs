//! What is common to all forms of an event: its empty start, caps, and what the
//! request adds.

use event_model::{Event, EventId, Level};
use serde_json::{Map, Value};

use super::Context;

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
        request: None,
        contexts: Map::new(),
        breadcrumbs: Vec::new(),
        extra: Map::new(),
        fingerprint: Vec::new(),
        modules: Map::new(),
        sdk: None,
        debug_meta: None,
        scrubbed: Vec::new(),
        other: Map::new(),
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
    let request = event.request.get_or_insert_default();
    let headers = request
        .entry("headers")
        .or_insert_with(|| Value::Object(Map::new()));
    if let Value::Object(headers) = headers
        && !headers.contains_key("User-Agent")
    {
        headers.insert("User-Agent".to_owned(), agent.into());
    }
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
