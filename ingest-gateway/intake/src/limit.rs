//! What is common to all forms of an event: its empty start, caps, and what the
//! request adds.

use event_model::{
    Event, EventId, Level,
    event::Breadcrumb,
    free::{Free, Part},
};
use serde_json::{Map, Value};

use super::{Context, agent, in_app, symbol};

/// An event of which nothing is known but the request.
pub(super) fn empty_event(context: &Context<'_>) -> Event {
    Event {
        id: EventId::random(),
        project_id: context.project_id,
        received_ns: context.received_ns,
        timestamp_ns: context.received_ns,
        level: Level::default(),
        count: 0,
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
        problems: Vec::new(),
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

/// Whether the times that are known never go back.
pub(super) fn is_in_order(crumbs: &[Breadcrumb]) -> bool {
    let times = crumbs.iter().map(|crumb| crumb.timestamp_ns);
    times.filter(|ns| *ns != 0).is_sorted()
}

/// Oldest first, and of too many the newest. One without a time happened after the one
/// before it.
pub(super) fn breadcrumbs(crumbs: &mut Vec<Breadcrumb>, max: usize) {
    if !is_in_order(crumbs) {
        let mut timed = Vec::with_capacity(crumbs.len());
        let mut at_ns = i64::MIN;
        for crumb in crumbs.drain(..) {
            if crumb.timestamp_ns != 0 {
                at_ns = crumb.timestamp_ns;
            }
            timed.push((at_ns, crumb));
        }
        timed.sort_by_key(|(at_ns, _)| *at_ns);
        crumbs.extend(timed.into_iter().map(|(_, crumb)| crumb));
    }
    crumbs.drain(..crumbs.len().saturating_sub(max));
}

/// Browsers' events without a `User-Agent` header get the request's; then what any
/// event's headers tell of the browser is told.
pub(super) fn fill_browser(event: &mut Event, context: &Context<'_>) {
    fill_user_agent(event, context);
    agent::tell(event, context.limits.tags_max);
}

fn fill_user_agent(event: &mut Event, context: &Context<'_>) {
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
    fn breadcrumbs_are_put_in_order_and_the_newest_kept() {
        let ordered = |times: &[i64], max| -> Vec<i64> {
            let crumb = |ns: &i64| Breadcrumb {
                timestamp_ns: *ns,
                ..Breadcrumb::default()
            };
            let mut crumbs: Vec<Breadcrumb> = times.iter().map(crumb).collect();
            breadcrumbs(&mut crumbs, max);
            crumbs.iter().map(|crumb| crumb.timestamp_ns).collect()
        };
        assert_eq!(ordered(&[3, 1, 2], 9), [1, 2, 3]);
        assert_eq!(ordered(&[3, 1, 2], 2), [2, 3]);
        assert_eq!(ordered(&[5, 0, 1, 0, 2], 9), [1, 0, 2, 5, 0]);
        assert_eq!(ordered(&[0, 4, 0, 4], 9), [0, 4, 0, 4]);
        assert_eq!(ordered(&[], 9), [0i64; 0]);
    }

    #[test]
    fn the_middle_is_what_is_cut() {
        assert_eq!(cut_middle(vec![1, 2, 3, 4, 5], 5), [1, 2, 3, 4, 5]);
        assert_eq!(cut_middle(vec![1, 2, 3, 4, 5], 4), [1, 2, 4, 5]);
        assert_eq!(cut_middle(vec![1, 2, 3, 4, 5], 3), [1, 4, 5]);
        assert_eq!(cut_middle(vec![1, 2], 0), [0i32; 0]);
    }
}
