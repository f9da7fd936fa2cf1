//! Why an event is in its issue, and why two are not in one: `ExplainGrouping`,
//! `WhyApart`, and REST over the same.
//!
//! [`check`] is what rules of grouping would do to the newest events, [`preview`] what to
//! all of them.
//!
//! Invariant: told by the crate that groups, of the head as it is in the log, by the rules
//! in force at its position. Texts are
//! cut after [`TEXT_CHARS_MAX`]; parts are as many as a stored event has.

mod check;
mod held;
mod preview;

use event_model::access::Viewer;
use grouping::{Apart, Component, Grouper};
use proto::v1;

pub(crate) use preview::Previews;

use crate::{core::Core, error::ApiError, events::Located};

/// Longest text of a component, characters.
const TEXT_CHARS_MAX: usize = 2_000;

impl Core {
    /// What of an event counts for its issue.
    pub(crate) async fn explain_grouping(
        &self,
        viewer: &Viewer,
        request: v1::ExplainGroupingRequest,
    ) -> Result<v1::GroupingExplanation, ApiError> {
        let request = v1::GetEventRequest {
            event_id: request.event_id,
            issue_id: request.issue_id,
            after_position: request.after_position,
        };
        let found = self.locate_event(viewer, request).await?;
        let grouper = self.grouper_of(&found).await?;
        Ok(explanation(found, &grouper))
    }

    /// Why two events are not in one issue.
    pub(crate) async fn why_apart(
        &self,
        viewer: &Viewer,
        request: v1::WhyApartRequest,
    ) -> Result<v1::WhyApartResponse, ApiError> {
        let ids = [
            ("first_event_id", request.first_event_id),
            ("second_event_id", request.second_event_id),
        ];
        let mut found = Vec::with_capacity(ids.len());
        for (field, event_id) in ids {
            let request = v1::GetEventRequest {
                event_id,
                issue_id: String::new(),
                after_position: request.after_position,
            };
            let event = self.locate_event(viewer, request).await;
            found.push(
                event.map_err(|error| ApiError::at(error.code, field, error.message.as_str()))?,
            );
        }
        let (second, first) = (found.pop(), found.pop());
        let (Some(first), Some(second)) = (first, second) else {
            return Err(ApiError::invalid("second_event_id", "missing"));
        };
        // Each by the rules that grouped it.
        let (one, other) = (
            self.grouper_of(&first).await?,
            self.grouper_of(&second).await?,
        );
        let told = one.explain(first.event.whole());
        let apart = told.apart_from(&other.explain(second.event.whole()));
        Ok(v1::WhyApartResponse {
            first: Some(explanation(first, &one)),
            second: Some(explanation(second, &other)),
            difference: apart.map(difference),
        })
    }
}

fn explanation(found: Located, grouper: &Grouper) -> v1::GroupingExplanation {
    let explained = grouper.explain(found.event.whole());
    let headline = grouper.headline(found.event.whole());
    v1::GroupingExplanation {
        event: Some(found.summary),
        fingerprint: explained.fingerprint.to_string(),
        title: headline.title,
        culprit: headline.culprit,
        algorithm_version: grouper.algorithm().number(),
        root: Some(component(explained.root)),
    }
}

fn component(of: Component) -> v1::GroupingComponent {
    v1::GroupingComponent {
        name: of.name.to_owned(),
        value: cut(of.value),
        raw: cut(of.raw),
        counts: of.counts,
        why: of.why.into_owned(),
        index: of.index.and_then(|index| u32::try_from(index).ok()),
        parts: of
            .parts
            .into_iter()
            .filter(says_something)
            .map(component)
            .collect(),
    }
}

/// What an event has not is hashed as empty, and told of nowhere.
fn says_something(part: &Component) -> bool {
    !(part.value.is_empty() && part.raw.is_empty() && part.parts.is_empty())
}

fn difference(apart: Apart) -> v1::GroupingDifference {
    v1::GroupingDifference {
        path: apart.path,
        first: apart.first.map(component),
        second: apart.second.map(component),
    }
}

fn cut(mut text: String) -> String {
    if let Some((end, _)) = text.char_indices().nth(TEXT_CHARS_MAX) {
        text.truncate(end);
        text.push('…');
    }
    text
}
