//! Commands about what is one issue: merge, and take apart.
//!
//! The projection passes over what does not fit; here it is refused with its reason, by
//! what the read model knows at the moment. Both agree unless somebody else decides at the
//! same time.

use std::collections::{HashMap, HashSet};

use event_model::{
    ControlState, Decision, Fingerprint, IssueId, ProjectId,
    access::{Action, allowed},
    credential::Caller,
};
use proto::v1::{
    CommandResponse, MergeIssuesRequest, MergeIssuesResponse, UnmergeFingerprintsRequest,
};

use super::{Commands, actor_of, discard::unanswered, may, validate};
use crate::{
    error::{ApiError, ErrorCode, Refusal},
    others::{IssueLookup, LocatedIssue},
};

/// Fingerprints of one issue, as many as the projection makes one issue of.
const FINGERPRINTS_MAX: usize = 1_000;

impl Commands {
    /// Makes one issue of several.
    pub async fn merge_issues(
        &self,
        caller: Caller,
        request: MergeIssuesRequest,
    ) -> Result<MergeIssuesResponse, ApiError> {
        may(caller, Action::Triage)?;
        let ids = validate::issues(&request.issue_ids)?;
        if ids.len() < 2 {
            return Err(ApiError::invalid(
                "issue_ids",
                "must have 2 entries or more",
            ));
        }
        let found = self.lookup()?.locate(ids.clone()).await;
        let found = found.map_err(unanswered)?;
        let (position, survivor) = self
            .core()
            .decide(actor_of(caller), move |state| {
                let issues = mergeable(state, caller, &ids, &found)?;
                let project_id = issues[0].project_id;
                let oldest = issues.iter().min_by_key(|issue| issue.opened);
                let survivor = oldest.map_or(issues[0].lead, |issue| issue.lead);
                let issues = issues.iter().map(|issue| issue.lead).collect();
                Ok((Decision::MergeIssues { project_id, issues }, survivor))
            })
            .await?;
        Ok(MergeIssuesResponse {
            position: position.0,
            issue_id: survivor.to_string(),
        })
    }

    /// Takes fingerprints out of an issue.
    pub async fn unmerge_fingerprints(
        &self,
        caller: Caller,
        request: UnmergeFingerprintsRequest,
    ) -> Result<CommandResponse, ApiError> {
        may(caller, Action::Triage)?;
        let asked = validate::issue("issue_id", &request.issue_id)?;
        let fingerprints = fingerprints(&request.fingerprints)?;
        let known = self.lookup()?.find(asked).await.map_err(unanswered)?;
        let no_issue = move || validate::missing("issue_id", format!("there is no issue {asked}"));
        let known = known.ok_or_else(no_issue)?;
        self.record(caller, move |state| {
            let project = Some(known.project_id);
            if allowed(state, caller, Action::Triage, project).is_err() {
                return Err(no_issue());
            }
            if state.is_discarded(known.id) {
                return Err(discarded("issue_id", known.id));
            }
            let own: HashSet<Fingerprint> = known.fingerprints.iter().copied().collect();
            if let Some(at) = fingerprints.iter().position(|print| !own.contains(print)) {
                let message = format!("issue {} has no fingerprint {}", known.id, fingerprints[at]);
                return Err(validate::missing(&format!("fingerprints[{at}]"), message));
            }
            if own.len() == 1 {
                let message = format!("issue {} has no other fingerprint", known.id);
                return Err(ApiError::invalid("fingerprints", message));
            }
            if request.together && fingerprints.len() == own.len() {
                let message = "are all that the issue has: nothing would be left in it";
                return Err(ApiError::invalid("fingerprints", message));
            }
            Ok(Decision::UnmergeFingerprints {
                project_id: known.project_id,
                issue: known.id,
                fingerprints,
                together: request.together,
            })
        })
        .await
    }

    fn lookup(&self) -> Result<&dyn IssueLookup, ApiError> {
        self.others().issues.as_deref().ok_or_else(|| {
            let message = "the query role does not run here";
            unanswered(Refusal::new(ErrorCode::Overloaded, message))
        })
    }
}

/// Different fingerprints.
fn fingerprints(texts: &[String]) -> Result<Vec<Fingerprint>, ApiError> {
    if texts.is_empty() || texts.len() > FINGERPRINTS_MAX {
        let message = format!("must have 1 to {FINGERPRINTS_MAX} entries");
        return Err(ApiError::invalid("fingerprints", message));
    }
    let mut prints = Vec::with_capacity(texts.len());
    let mut seen = HashSet::new();
    for (at, text) in texts.iter().enumerate() {
        let field = format!("fingerprints[{at}]");
        let print: Fingerprint = text
            .parse()
            .map_err(|_| ApiError::invalid(&field, "is not of 32 hex digits"))?;
        if seen.insert(print) {
            prints.push(print);
        }
    }
    Ok(prints)
}

/// The issues that the ids lead to, each once, all of one project.
fn mergeable(
    state: &ControlState,
    caller: Caller,
    ids: &[IssueId],
    found: &[LocatedIssue],
) -> Result<Vec<LocatedIssue>, ApiError> {
    let found: HashMap<IssueId, LocatedIssue> =
        found.iter().map(|issue| (issue.asked, *issue)).collect();
    let mut issues: Vec<LocatedIssue> = Vec::with_capacity(ids.len());
    let mut places: HashMap<IssueId, usize> = HashMap::new();
    for (at, id) in ids.iter().enumerate() {
        let is_theirs = |issue: &&LocatedIssue| {
            allowed(state, caller, Action::Triage, Some(issue.project_id)).is_ok()
        };
        let Some(issue) = found.get(id).filter(is_theirs) else {
            return Err(validate::no_issue(at, *id));
        };
        let field = format!("issue_ids[{at}]");
        if let Some(before) = places.insert(issue.lead, at) {
            let message = format!("is the same issue as issue_ids[{before}]: {}", issue.lead);
            return Err(ApiError::invalid(&field, message));
        }
        if state.is_discarded(issue.lead) {
            return Err(discarded(&field, issue.lead));
        }
        let project: ProjectId = issues
            .first()
            .map_or(issue.project_id, |one| one.project_id);
        if issue.project_id != project {
            let message = format!(
                "is of project {}, issue_ids[0] of project {project}: only issues of one project \
                 can be merged",
                issue.project_id
            );
            return Err(ApiError::invalid(&field, message));
        }
        issues.push(*issue);
    }
    let sum: u64 = issues
        .iter()
        .map(|issue| u64::from(issue.fingerprints))
        .sum();
    if sum > FINGERPRINTS_MAX as u64 {
        let message =
            format!("would be one issue of {sum} fingerprints, at most {FINGERPRINTS_MAX} can be");
        return Err(ApiError::invalid("issue_ids", message));
    }
    Ok(issues)
}

fn discarded(field: &str, id: IssueId) -> ApiError {
    let message = format!("issue {id} is discarded: take that back first");
    validate::taken(field, message)
}
