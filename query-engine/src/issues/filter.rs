//! What a list of issues is asked for.
//!
//! The text of a filter is the language of [`crate::query_text`]: words, and tokens
//! that say what the filter's fields say, which win where both do. One word that is
//! the id of an issue or of an event stands for that issue, if there is one.

use event_model::{EventId, IssueId, UserId};
use proto::v1;
use read_model::issues::reader::{IssueFilter, Scope};

use super::{bounded, bounded_text};
use crate::{convert, error::ApiError, events, query_text, view::View};

/// Most words of a filter; each is a pass over title and culprit.
const WORDS_MAX: usize = 16;

/// The filter, its range left open.
pub(super) fn filter(given: v1::IssueFilter) -> Result<IssueFilter, ApiError> {
    bounded(given.project_ids.len(), "filter.project_ids")?;
    bounded(given.statuses.len(), "filter.statuses")?;
    bounded(given.levels.len(), "filter.levels")?;
    bounded_text(&given.text, "filter.text")?;
    bounded_text(&given.environment, "filter.environment")?;
    bounded_text(&given.release, "filter.release")?;
    let asked = query_text::parse(&given.text)?;
    if asked.words.len() > WORDS_MAX {
        return Err(ApiError::invalid(
            "filter.text",
            format!("{} words, at most {WORDS_MAX}", asked.words.len()),
        ));
    }
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
    Ok(IssueFilter {
        projects: convert::projects(&given.project_ids),
        statuses: given_or(statuses, asked.statuses),
        levels: given_or(levels, asked.levels),
        scope: Scope {
            environment: text_or(given.environment, asked.environment),
            release: text_or(given.release, asked.release),
            range: None,
        },
        words: asked.words,
        assignee: (given.assignee != 0).then_some(UserId(given.assignee)),
        unassigned: given.unassigned || asked.unassigned,
        is_new: given.is_new || asked.is_new,
        is_regressed: given.is_regressed || asked.is_regressed,
        ids: None,
    })
}

fn given_or<T>(given: Vec<T>, asked: Vec<T>) -> Vec<T> {
    if given.is_empty() { asked } else { given }
}

fn text_or(given: String, asked: String) -> String {
    if given.is_empty() { asked } else { given }
}

/// Turns a lone word that is an id into the issue it leads to. Where it leads
/// nowhere it stays a word: titles hold hex digits, too.
pub(super) fn find_by_id(view: &View<'_>, filter: &mut IssueFilter) -> Result<(), ApiError> {
    let [word] = filter.words.as_slice() else {
        return Ok(());
    };
    let found = if let Ok(id) = word.parse::<EventId>() {
        match view.find(id)? {
            Some(hit) => events::issues_of(view, &[hit])?.into_values().next(),
            None => None,
        }
    } else if let Ok(id) = word.parse::<IssueId>() {
        view.issues(|snapshot| snapshot.issue(id))?
    } else {
        None
    };
    if let Some(row) = found {
        filter.ids = Some(vec![row.id]);
        filter.words.clear();
    }
    Ok(())
}
