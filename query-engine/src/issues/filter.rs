//! What a list of issues is asked for.
//!
//! The text of a filter is a query of the search language ([`crate::search`]): what it asks
//! must hold beside the filter's fields. One word that is the id of an issue or of an event
//! stands for that issue, if there is one.

use event_model::{EventId, IssueId, UserId};
use proto::v1;
use read_model::issues::reader::{IssueFilter, IssueRow, Scope};
use search_language::{Expression, Place, Reader};

use super::{bounded, bounded_text};

use crate::{
    convert,
    error::ApiError,
    events,
    search::{self, Asked},
    view::View,
};

/// The filter as its reader means it, its range left open.
pub(super) fn filter(given: v1::IssueFilter, reader: &Reader) -> Result<IssueFilter, ApiError> {
    bounded(given.project_ids.len(), "filter.project_ids")?;
    bounded(given.statuses.len(), "filter.statuses")?;
    bounded(given.levels.len(), "filter.levels")?;
    bounded_text(&given.environment, "filter.environment")?;
    bounded_text(&given.release, "filter.release")?;
    let asked = Asked::read(&given.text, Place::Issues)?.resolve(reader)?;
    let unknown = |field, number: i32| ApiError::invalid(field, format!("{number} is not known"));
    let statuses = given
        .statuses
        .iter()
        .map(|n| convert::status_of(*n).ok_or_else(|| unknown("filter.statuses", *n)));
    let statuses: Vec<_> = statuses.collect::<Result<_, _>>()?;
    let levels = given
        .levels
        .iter()
        .map(|n| convert::level_of(*n).ok_or_else(|| unknown("filter.levels", *n)));
    let levels: Vec<_> = levels.collect::<Result<_, _>>()?;
    let filter = IssueFilter {
        projects: convert::projects(&given.project_ids),
        statuses,
        levels,
        scope: Scope {
            environment: given.environment,
            release: given.release,
            range: None,
        },
        words: Vec::new(),
        assignee: (given.assignee != 0).then_some(UserId(given.assignee)),
        unassigned: given.unassigned,
        is_new: given.is_new,
        is_regressed: given.is_regressed,
        ids: None,
        asked: None,
    };
    Ok(match asked {
        Some(asked) => filter.and(asked),
        None => filter,
    })
}

/// Turns a lone word that is an id into the issue it leads to. Where it leads
/// nowhere it stays a word: titles hold hex digits, too. What is asked for as an event's id
/// is the issue of that event, or nothing.
pub(crate) fn find_by_id(view: &View<'_>, filter: &mut IssueFilter) -> Result<(), ApiError> {
    if let Some(asked) = filter.asked.take() {
        filter.asked = Some(search::issues_of_events(view, asked)?);
    }
    if let Some(row) = named(view, &filter.words)? {
        filter.ids = Some(vec![row.id]);
        filter.words.clear();
    }
    // What a title does not say an event may.
    let mut asked: Vec<_> = filter.asked.take().into_iter().collect();
    let mut words = Vec::new();
    for word in std::mem::take(&mut filter.words) {
        match search::word_of_events(view, &word)? {
            Some(either) => asked.push(either),
            None => words.push(word),
        }
    }
    filter.words = words;
    filter.asked = (!asked.is_empty()).then(|| Expression::and(asked));
    Ok(())
}

/// The issue that a lone word names.
fn named(view: &View<'_>, words: &[String]) -> Result<Option<IssueRow>, ApiError> {
    let [word] = words else {
        return Ok(None);
    };
    Ok(if let Ok(id) = word.parse::<EventId>() {
        match view.find(id)? {
            Some(hit) => events::issues_of(view, &[hit])?.into_values().next(),
            None => None,
        }
    } else if let Ok(id) = word.parse::<IssueId>() {
        view.issues(|snapshot| snapshot.issue(id))?
    } else {
        None
    })
}
