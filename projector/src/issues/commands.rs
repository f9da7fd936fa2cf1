//! What a command changes: the control state, triage, deliveries, the alert cursor. Ids
//! that are no issues and states that are already so are passed over without a trace.

use event_model::{
    Actor, Command, Decision, DeliveryState, DeliveryStep, IssueId, IssueStatus, Position, UserId,
    command::triage::Triage,
};
use read_model::{
    ReadModelError,
    issues::{
        IssueWriter,
        batch::{Activity, Transition, TransitionKind},
        notes::AttachmentStep,
    },
};

use super::{Projection, known::Known};

impl Projection {
    /// Folds a command into the control state.
    pub(super) fn decide(&mut self, number: u64, command: &Command) {
        self.control.apply_numbered(number, command);
        self.batch.command = Some(number);
    }

    /// Takes in the command whose marker is at `position`, with its number.
    pub(crate) fn command(
        &mut self,
        writer: &IssueWriter,
        position: Position,
        number: u64,
        command: &Command,
    ) -> Result<(), ReadModelError> {
        self.decide(number, command);
        let by = Decider::of(position, command);
        match &command.decision {
            Decision::SetIssueStatus { .. }
            | Decision::AssignIssues { .. }
            | Decision::DiscardIssues { .. }
            | Decision::UndiscardIssues { .. } => {
                for triage in command.decision.triage() {
                    self.triage(writer, &triage, &by)?;
                }
            }
            Decision::MergeIssues { project_id, issues } => {
                self.merge(writer, *project_id, issues, &by)?;
            }
            Decision::UnmergeFingerprints {
                project_id,
                issue,
                fingerprints,
                together,
            } => self.unmerge(writer, (*project_id, *issue), fingerprints, *together, &by)?,
            Decision::RecordDelivery { step } => self.record_delivery(writer, step, &by)?,
            Decision::AdvanceAlertCursor { position } => {
                let before = self.batch.alert_cursor.unwrap_or_default();
                self.batch.alert_cursor = Some(before.max(Position(*position)));
            }
            Decision::RangeDropped { below, .. } => {
                // Never more than what stands before it.
                let below = Position(*below).min(position);
                let steps = &mut self.batch.notes.attachments;
                steps.push(AttachmentStep::DropBelow(below));
            }
            // The records stay, what they name does not.
            Decision::FilesShed { below, .. } => {
                let below = Position(*below).min(position);
                let steps = &mut self.batch.notes.attachments;
                steps.push(AttachmentStep::DropBelow(below));
            }
            // Known by the control state alone, which is not stored here; what groups anew goes
            // to [`super::apply`] instead.
            Decision::CreateOrganization { .. }
            | Decision::ApplyGrouping { .. }
            | Decision::UndoGrouping { .. }
            | Decision::CreateProject { .. }
            | Decision::RenameProject { .. }
            | Decision::CreateKey { .. }
            | Decision::DisableKey { .. }
            | Decision::EnableKey { .. }
            | Decision::RenameKey { .. }
            | Decision::SetScrubbing { .. }
            | Decision::SetFilters { .. }
            | Decision::SetPlan { .. }
            | Decision::SetKeyLimit { .. }
            | Decision::SetSpikeProtection { .. }
            | Decision::SetGroupingRules { .. }
            | Decision::SetGroupingAlgorithm { .. }
            | Decision::CreateUser { .. }
            | Decision::RenameUser { .. }
            | Decision::SetRole { .. }
            | Decision::SetUserProjects { .. }
            | Decision::DisableUser { .. }
            | Decision::ColdShed { .. }
            | Decision::SetRetention { .. }
            | Decision::EventsExpired { .. }
            | Decision::EnableUser { .. }
            | Decision::CreatePasswordLink { .. }
            | Decision::SetPassword { .. }
            | Decision::StartSession { .. }
            | Decision::EndSession { .. }
            | Decision::EndSessions { .. }
            | Decision::CreateToken { .. }
            | Decision::RevokeToken { .. } => {}
        }
        self.batch.position = position;
        Ok(())
    }

    /// What a decision does to one issue, if there is such an issue.
    fn triage(
        &mut self,
        writer: &IssueWriter,
        triage: &Triage<'_>,
        by: &Decider,
    ) -> Result<(), ReadModelError> {
        let Some(id) = self.lead(writer, triage.issue)? else {
            return Ok(());
        };
        // For those who read; whether an event is turned away the control state says.
        if triage.events.is_some() {
            let is_discarded = self.control.is_discarded(id);
            self.batch.discarded.insert(id, is_discarded);
        }
        if let Some(status) = triage.status {
            self.set_status(id, status, by);
        }
        if let Some(assignee) = triage.assignee {
            self.assign(id, assignee, by);
        }
        Ok(())
    }

    fn set_status(&mut self, id: IssueId, status: IssueStatus, by: &Decider) {
        match self.issues.get_mut(&id) {
            Some(Known { stand, .. }) if stand.status != status => {
                stand.status = status;
                stand.resolved_at_ns = None;
                if status == IssueStatus::Resolved {
                    stand.resolved_at_ns = Some(by.at_ns);
                    stand.regression = None;
                }
            }
            _ => return,
        }
        self.touch(id, by.position);
        let kind = match status {
            IssueStatus::Resolved => TransitionKind::Resolved,
            IssueStatus::Ignored => TransitionKind::Ignored,
            IssueStatus::Unresolved => TransitionKind::Reopened,
        };
        self.batch.transitions.push(Transition {
            position: by.position,
            issue_id: id,
            kind,
            at_ns: by.at_ns,
            seen_ms: by.at_ns.div_euclid(1_000_000),
            event_id: None,
            release: String::new(),
            environment: String::new(),
        });
        let activity = by.activity(id, kind.name(), String::new());
        self.batch.activities.push(activity);
    }

    fn assign(&mut self, id: IssueId, user_id: Option<UserId>, by: &Decider) {
        match self.issues.get_mut(&id) {
            Some(Known { stand, .. }) if stand.assignee != user_id => stand.assignee = user_id,
            _ => return,
        }
        self.touch(id, by.position);
        let activity = match user_id {
            Some(user) => by.activity(id, "assigned", user.to_string()),
            None => by.activity(id, "unassigned", String::new()),
        };
        self.batch.activities.push(activity);
    }

    fn record_delivery(
        &mut self,
        writer: &IssueWriter,
        step: &DeliveryStep,
        by: &Decider,
    ) -> Result<(), ReadModelError> {
        self.batch.deliveries.push((by.position, step.clone()));
        let kind = match step.state {
            DeliveryState::Sending => return Ok(()),
            DeliveryState::Sent => "notified",
            DeliveryState::Failed => "notification_failed",
            DeliveryState::Held => "notification_held",
            DeliveryState::Suppressed => "notification_suppressed",
        };
        if let Some(id) = self.lead(writer, step.issue_id)? {
            self.touch(id, by.position);
            let activity = by.activity(id, kind, step.target.clone());
            self.batch.activities.push(activity);
        }
        Ok(())
    }
}

/// Who decided, when and where in the log.
pub(super) struct Decider {
    pub(super) position: Position,
    at_ns: i64,
    actor: String,
}

impl Decider {
    pub(super) fn of(position: Position, command: &Command) -> Self {
        Self {
            position,
            at_ns: command.at_ns,
            actor: actor_name(command.actor),
        }
    }

    pub(super) fn activity(
        &self,
        issue_id: IssueId,
        kind: &'static str,
        detail: String,
    ) -> Activity {
        Activity {
            position: self.position,
            issue_id,
            kind,
            at_ns: self.at_ns,
            actor: self.actor.clone(),
            detail,
        }
    }
}

fn actor_name(actor: Actor) -> String {
    match actor {
        Actor::System => "system".to_owned(),
        Actor::Admin => "admin".to_owned(),
        Actor::User(id) => format!("user:{id}"),
        Actor::Alerter => "alerter".to_owned(),
    }
}
