//! Commands about how much may be stored.

use event_model::{Decision, Plan, ProjectId, access::Action, credential::Caller};
use proto::v1::{self, CommandResponse, SetKeyLimitRequest, SetPlanRequest};

use super::{Commands, may, validate::missing};
use crate::error::ApiError;

/// Largest quota of an enterprise plan, items an hour.
const EVENTS_PER_HOUR_MAX: u64 = 1_000_000_000;
/// Largest limit of a key, items a minute.
const ITEMS_PER_MINUTE_MAX: u32 = 1_000_000;

impl Commands {
    /// Says how much the organisation, or one project, may store in an hour.
    pub async fn set_plan(
        &self,
        caller: Caller,
        request: SetPlanRequest,
    ) -> Result<CommandResponse, ApiError> {
        may(caller, Action::ManagePlans)?;
        let plan = plan_of(request.plan.as_ref())?;
        let project_id = (request.project_id != 0).then_some(ProjectId(request.project_id));
        self.record(caller, move |state| {
            if let Some(id) = project_id.filter(|id| !state.projects.contains_key(id)) {
                return Err(missing("project_id", format!("there is no project {id}")));
            }
            Ok(Decision::SetPlan { project_id, plan })
        })
        .await
    }

    /// Says how much a key may store in a minute.
    pub async fn set_key_limit(
        &self,
        caller: Caller,
        request: SetKeyLimitRequest,
    ) -> Result<CommandResponse, ApiError> {
        let items = request.items_per_minute;
        if items > ITEMS_PER_MINUTE_MAX {
            let message = format!("{items} is more than {ITEMS_PER_MINUTE_MAX}");
            return Err(ApiError::invalid("items_per_minute", message));
        }
        let items_per_minute = (items > 0).then_some(items);
        self.change_key(
            caller,
            request.project_id,
            &request.public_key,
            move |project_id, public_key| Decision::SetKeyLimit {
                project_id,
                public_key,
                items_per_minute,
            },
        )
        .await
    }
}

fn plan_of(plan: Option<&v1::Plan>) -> Result<Plan, ApiError> {
    let Some(plan) = plan else {
        return Err(ApiError::invalid("plan", "is required"));
    };
    let events = plan.events_per_hour;
    let named = match plan.kind() {
        v1::PlanKind::Unspecified => {
            let message = "must be unlimited, free, pro or enterprise";
            return Err(ApiError::invalid("plan.kind", message));
        }
        v1::PlanKind::Unlimited => Plan::Unlimited,
        v1::PlanKind::Free => Plan::Free,
        v1::PlanKind::Pro => Plan::Pro,
        v1::PlanKind::Enterprise => {
            return match events {
                1..=EVENTS_PER_HOUR_MAX => Ok(Plan::Enterprise(events)),
                _ => Err(ApiError::invalid(
                    "plan.events_per_hour",
                    format!("{events} is not within 1 to {EVENTS_PER_HOUR_MAX}"),
                )),
            };
        }
    };
    if events == 0 {
        return Ok(named);
    }
    let message = "only an enterprise plan says a number of its own";
    Err(ApiError::invalid("plan.events_per_hour", message))
}
