//! Commands about issues: resolve, ignore, reopen, assign, discard, keep.
//!
//! Invariant: a caller decides about issues of projects they see, and gives them to people
//! who do. Whose an issue is the read model knows; it is asked where somebody does not see
//! all, and what it does not find in sight is refused like what there is not. Where
//! everybody sees all nobody is asked: ids that are no issues are passed over by the
//! projection.

use std::collections::HashMap;

use event_model::{
    ControlState, Decision, IssueId, ProjectId, UserId,
    access::{Action, Sight, allowed, sight},
    credential::Caller,
};
use proto::v1::{
    AssignIssuesRequest, CommandResponse, DiscardIssuesRequest, SetIssueStatusRequest,
    UndiscardIssuesRequest,
};

use super::{Commands, discard::unanswered, may, validate};
use crate::error::{ApiError, ErrorCode, Refusal};

impl Commands {
    /// Resolves, ignores or reopens issues.
    pub async fn set_issue_status(
        &self,
        caller: Caller,
        request: SetIssueStatusRequest,
    ) -> Result<CommandResponse, ApiError> {
        may(caller, Action::Triage)?;
        let issues = validate::issues(&request.issue_ids)?;
        let status = validate::status(request.status)?;
        let places = self.places(caller, None, &issues).await?;
        self.record(caller, move |state| {
            places.check(state, caller, None, &issues)?;
            Ok(Decision::SetIssueStatus { issues, status })
        })
        .await
    }

    /// Assigns issues to a person who sees them, or to nobody.
    pub async fn assign_issues(
        &self,
        caller: Caller,
        request: AssignIssuesRequest,
    ) -> Result<CommandResponse, ApiError> {
        may(caller, Action::Triage)?;
        let issues = validate::issues(&request.issue_ids)?;
        let whom = (request.user_id != 0).then_some(UserId(request.user_id));
        if whom.is_some() {
            validate::user(&self.core().state().read(), request.user_id)?;
        }
        let places = self.places(caller, whom, &issues).await?;
        self.record(caller, move |state| {
            let user_id = match request.user_id {
                0 => None,
                id => Some(validate::user(state, id)?),
            };
            places.check(state, caller, user_id, &issues)?;
            Ok(Decision::AssignIssues { issues, user_id })
        })
        .await
    }

    /// Deletes issues and discards their events, those to come included.
    pub async fn discard_issues(
        &self,
        caller: Caller,
        request: DiscardIssuesRequest,
    ) -> Result<CommandResponse, ApiError> {
        may(caller, Action::Triage)?;
        let ids = validate::discarded(&request.issue_ids)?;
        let places = self.places(caller, None, &ids).await?;
        // Before its events are looked up, which would tell by the time it takes that
        // there is an issue.
        places.check(&self.core().state().read(), caller, None, &ids)?;
        let issues = self.core().discarded(self.others(), ids.clone()).await?;
        self.record(caller, move |state| {
            places.check(state, caller, None, &ids)?;
            Ok(Decision::DiscardIssues { issues })
        })
        .await
    }

    /// Wants events of issues again.
    pub async fn undiscard_issues(
        &self,
        caller: Caller,
        request: UndiscardIssuesRequest,
    ) -> Result<CommandResponse, ApiError> {
        may(caller, Action::Triage)?;
        let issues = validate::issues(&request.issue_ids)?;
        let places = self.places(caller, None, &issues).await?;
        self.record(caller, move |state| {
            places.check(state, caller, None, &issues)?;
            Ok(Decision::UndiscardIssues { issues })
        })
        .await
    }

    /// Whose the issues are, if somebody does not see all.
    async fn places(
        &self,
        caller: Caller,
        whom: Option<UserId>,
        issues: &[IssueId],
    ) -> Result<Places, ApiError> {
        if sees_all(&self.core().state().read(), caller, whom) {
            return Ok(Places(None));
        }
        let Some(lookup) = &self.others().issues else {
            let message = "the query role does not run here";
            return Err(unanswered(Refusal::new(ErrorCode::Overloaded, message)));
        };
        let found = lookup.locate(issues.to_vec()).await.map_err(unanswered)?;
        let places = found
            .into_iter()
            .map(|found| (found.asked, found.project_id));
        Ok(Places(Some(places.collect())))
    }
}

/// Whether there is nothing to be asked.
fn sees_all(state: &ControlState, caller: Caller, whom: Option<UserId>) -> bool {
    sight(state, caller) == Sight::All && whom.is_none_or(|id| sight_of(state, id) == Sight::All)
}

fn sight_of(state: &ControlState, id: UserId) -> Sight {
    let user = state.users.get(&id);
    user.map_or(Sight::NOTHING, event_model::control::User::sight)
}

/// The project of each issue that there is; none: nobody was asked.
struct Places(Option<HashMap<IssueId, ProjectId>>);

impl Places {
    /// As it stands when the command is recorded: who sees what may have changed since.
    fn check(
        &self,
        state: &ControlState,
        caller: Caller,
        whom: Option<UserId>,
        issues: &[IssueId],
    ) -> Result<(), ApiError> {
        if sees_all(state, caller, whom) {
            return Ok(());
        }
        let Some(places) = &self.0 else {
            let message = "who sees which projects changed meanwhile, try again";
            return Err(ApiError::new(ErrorCode::Overloaded, message));
        };
        let decides_of_all = sight(state, caller) == Sight::All;
        for (at, id) in issues.iter().enumerate() {
            let project = places.get(id).copied();
            let is_theirs = |project| allowed(state, caller, Action::Triage, Some(project)).is_ok();
            match project {
                // As ever, passed over by the projection.
                None if decides_of_all => continue,
                Some(project) if is_theirs(project) => {}
                None | Some(_) => return Err(validate::no_issue(at, *id)),
            }
            let Some((project, whom)) = project.zip(whom) else {
                continue;
            };
            if !sight_of(state, whom).has(project) {
                let message = format!("does not see the project of issue {id}");
                return Err(ApiError::invalid("user_id", message));
            }
        }
        Ok(())
    }
}
