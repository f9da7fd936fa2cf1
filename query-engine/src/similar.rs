//! Issues that are much like one: `ListSimilarIssues`, and REST over the same.
//!
//! The issue database finds those whose sketches are alike; how much they are, and in what,
//! is told of the newest event of each as it is in the log, by the rules of now
//! ([`grouping::similar`]). What an event that is no longer kept would have told is left out,
//! and the score is the sketches' estimate.
//!
//! [`rule`] is which rule would have made one issue of two.

mod rule;

use std::collections::HashMap;

use event_model::{ControlState, IssueId, StoredEvent, access::Viewer};
use grouping::{Grouper, Likeness, Profile};
use proto::v1;
use read_model::issues::{
    reader::{Alike, IssueRow, NewestEvent, ScopedIssue},
    sketch::PLACES,
};

use crate::{convert, core::Core, error::ApiError, issues::no_issue, view::View};

use self::rule::Trials;

/// Least score of what is shown: below it more differs than is shared.
const SCORE_MIN: f64 = 0.5;
/// Least equal places of sketches that are looked at: two deviations of the estimate below.
const EQUAL_MIN: u32 = 24;
/// Issues of an answer, unless another number is asked for.
const LIMIT_DEFAULT: u32 = 5;
/// Most issues of an answer.
const LIMIT_MAX: u32 = 20;
/// Issues that are looked at for each that is shown: estimates are in another order.
const LOOKED_AT: usize = 2;

impl Core {
    /// Issues that are much like one, the most alike first.
    pub(crate) async fn list_similar_issues(
        &self,
        viewer: &Viewer,
        request: v1::ListSimilarIssuesRequest,
    ) -> Result<v1::ListSimilarIssuesResponse, ApiError> {
        let id = convert::issue_id(&request.issue_id)?;
        let limit = match request.limit {
            0 => LIMIT_DEFAULT,
            limit @ 1..=LIMIT_MAX => limit,
            limit => {
                let message = format!("{limit} is not within 1 to {LIMIT_MAX}");
                return Err(ApiError::invalid("limit", message));
            }
        };
        self.wait_events(request.after_position).await;
        let state = self.control.state();
        let groupers = std::sync::Arc::clone(&self.groupers);
        let found = self
            .read(viewer, move |view| {
                let Some(found) = Found::of(view, id, limit as usize * LOOKED_AT)? else {
                    return Ok(None);
                };
                let project = found.issue.project_id;
                let grouper = groupers.lock().of(&state, project).0.clone();
                let text = state.grouping.get(&project).map_or("", |rules| &rules.text);
                let mut trials = Trials::new(grouper.clone(), text);
                let told = found.told(view, &grouper, limit as usize)?;
                answer(view, told, &mut trials, &state).map(Some)
            })
            .await?;
        found.ok_or_else(|| no_issue(&request.issue_id))
    }
}

/// What the issue database has.
struct Found {
    issue: IssueRow,
    alikes: Vec<Alike>,
    rows: HashMap<IssueId, IssueRow>,
}

/// An issue, and what there is to be told of it.
struct Told {
    alike: Alike,
    row: IssueRow,
    score: f64,
    /// If both events are kept.
    seen: Option<(Seen, Seen, Likeness)>,
}

/// An event and what of it may be compared.
#[derive(Clone)]
struct Seen {
    issue: IssueId,
    event: StoredEvent,
    profile: Profile,
}

impl Found {
    fn of(view: &View<'_>, id: IssueId, limit: usize) -> Result<Option<Self>, ApiError> {
        let found = view.issues(|snapshot| {
            let Some(issue) = snapshot.issue(id)? else {
                return Ok(None);
            };
            let alikes = snapshot.alike(issue.id, EQUAL_MIN, limit)?.issues;
            let ids: Vec<IssueId> = alikes.iter().map(|alike| alike.issue).collect();
            let rows = snapshot.issues_of(&ids)?;
            Ok(Some(Self {
                issue,
                alikes,
                rows: rows.into_iter().map(|row| (row.id, row)).collect(),
            }))
        });
        Ok(found?)
    }

    /// The most alike first.
    fn told(
        mut self,
        view: &View<'_>,
        grouper: &Grouper,
        limit: usize,
    ) -> Result<Vec<Told>, ApiError> {
        let mut told = Vec::new();
        for alike in self.alikes {
            let Some(row) = self.rows.remove(&alike.issue) else {
                continue;
            };
            let own = seen(view, grouper, self.issue.id, alike.own)?;
            let other = seen(view, grouper, row.id, alike.other)?;
            let seen = own.zip(other).map(|(own, other)| {
                let likeness = own.profile.likeness(&other.profile);
                (own, other, likeness)
            });
            let estimate = f64::from(alike.equal_places) / PLACES as f64;
            let score = seen.as_ref().map_or(estimate, |seen| seen.2.score);
            if score >= SCORE_MIN {
                told.push(Told {
                    alike,
                    row,
                    score,
                    seen,
                });
            }
        }
        told.sort_by(|a, b| {
            let newest = b.row.last_seen_ms.cmp(&a.row.last_seen_ms);
            b.score.total_cmp(&a.score).then(newest)
        });
        told.truncate(limit);
        Ok(told)
    }
}

/// An event, as far as the log still keeps it.
fn seen(
    view: &View<'_>,
    grouper: &Grouper,
    issue: IssueId,
    newest: NewestEvent,
) -> Result<Option<Seen>, ApiError> {
    let event = view.retained(newest.position)?;
    Ok(event.map(|event| Seen {
        issue,
        profile: grouper.profile(event.whole()),
        event,
    }))
}

fn answer(
    view: &View<'_>,
    told: Vec<Told>,
    trials: &mut Trials<'_>,
    state: &ControlState,
) -> Result<v1::ListSimilarIssuesResponse, ApiError> {
    let mut issues = Vec::with_capacity(told.len());
    for told in told {
        let (mut shared, mut differs, mut rule) = Default::default();
        if let Some((own, other, likeness)) = told.seen {
            rule = trials.rule(view, &own, &other)?.unwrap_or_default();
            (shared, differs) = (likeness.shared, likeness.differs);
        }
        let scoped = ScopedIssue {
            count: told.row.count,
            users: told.row.users,
            issue: told.row,
        };
        issues.push(v1::SimilarIssue {
            issue: Some(convert::issue(scoped, state, Vec::new())),
            score: told.score,
            shared,
            differs,
            event_id: told.alike.own.id.to_string(),
            similar_event_id: told.alike.other.id.to_string(),
            suggested_rule: rule,
        });
    }
    Ok(v1::ListSimilarIssuesResponse {
        issues,
        events: trials.events(),
    })
}
