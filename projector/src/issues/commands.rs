//! What a command changes: triage, deliveries, the alert cursor. Ids that are no
//! issues and states that are already so are passed over without a trace.

use event_model::{
    Actor, Command, Decision, DeliveryState, DeliveryStep, IssueId, IssueStatus, Position, UserId,
};
use read_model::{
    ReadModelError,
    issues::{
        IssueWriter,
        batch::{Activity, Transition, TransitionKind},
        notes::AttachmentStep,
    },
};

use super::Projection;

impl Projection {
    /// Takes in the command whose marker is at `position`.
    pub(crate) fn command(
        &mut self,
        writer: &IssueWriter,
        position: Position,
        command: &Command,
    ) -> Result<(), ReadModelError> {
        let by = Decider {
            position,
            at_ns: command.at_ns,
            actor: actor_name(command.actor),
        };
        match &command.decision {
            Decision::SetIssueStatus { issues, status } => {
                for id in issues {
                    // Whoever opens or resolves an issue wants to hear of it again.
                    if *status != IssueStatus::Ignored {
                        self.set_discarded(writer, *id, false)?;
                    }
                    self.set_status(writer, *id, *status, &by)?;
                }
            }
            // Those of its events that still come, of other stacks than the door
            // knows, are counted as turned away and change nothing else.
            Decision::DiscardIssues { issues } => {
                for issue in issues {
                    self.set_discarded(writer, issue.id, true)?;
                    self.set_status(writer, issue.id, IssueStatus::Ignored, &by)?;
                }
            }
            Decision::KeepIssues { issues } => {
                for id in issues {
                    self.set_discarded(writer, *id, false)?;
                    self.set_status(writer, *id, IssueStatus::Unresolved, &by)?;
                }
            }
            Decision::AssignIssues { issues, user_id } => {
                for id in issues {
                    self.assign(writer, *id, *user_id, &by)?;
                }
            }
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
            // The control state is not stored here.
            _ => {}
        }
        self.batch.position = position;
        Ok(())
    }

    fn set_discarded(
        &mut self,
        writer: &IssueWriter,
        id: IssueId,
        is_discarded: bool,
    ) -> Result<(), ReadModelError> {
        if !self.know(writer, id)? {
            return Ok(());
        }
        if let Some(known) = self.issues.get_mut(&id)
            && known.is_discarded != is_discarded
        {
            known.is_discarded = is_discarded;
            self.batch.discarded.insert(id, is_discarded);
        }
        Ok(())
    }

    fn set_status(
        &mut self,
        writer: &IssueWriter,
        id: IssueId,
        status: IssueStatus,
        by: &Decider,
    ) -> Result<(), ReadModelError> {
        if !self.know(writer, id)? {
            return Ok(());
        }
        match self.issues.get_mut(&id) {
            Some(known) if known.status != status => {
                known.status = status;
                known.resolved_at_ns = None;
                if status == IssueStatus::Resolved {
                    known.resolved_at_ns = Some(by.at_ns);
                    known.regression = None;
                }
            }
            _ => return Ok(()),
        }
        self.slot(id, by.position);
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
        Ok(())
    }

    fn assign(
        &mut self,
        writer: &IssueWriter,
        id: IssueId,
        user_id: Option<UserId>,
        by: &Decider,
    ) -> Result<(), ReadModelError> {
        if !self.know(writer, id)? {
            return Ok(());
        }
        match self.issues.get_mut(&id) {
            Some(known) if known.assignee != user_id => known.assignee = user_id,
            _ => return Ok(()),
        }
        self.slot(id, by.position);
        let activity = match user_id {
            Some(user) => by.activity(id, "assigned", user.to_string()),
            None => by.activity(id, "unassigned", String::new()),
        };
        self.batch.activities.push(activity);
        Ok(())
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
        if self.know(writer, step.issue_id)? {
            self.slot(step.issue_id, by.position);
            let activity = by.activity(step.issue_id, kind, step.target.clone());
            self.batch.activities.push(activity);
        }
        Ok(())
    }
}

/// Who decided, when and where in the log.
struct Decider {
    position: Position,
    at_ns: i64,
    actor: String,
}

impl Decider {
    fn activity(&self, issue_id: IssueId, kind: &'static str, detail: String) -> Activity {
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
