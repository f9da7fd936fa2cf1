//! Domain values to messages of `errata.v1`, and ids out of texts.

use std::collections::BTreeMap;

use event_model::{
    ControlState, DeliveryState, DeliveryStep, IssueId, IssueStatus, Level, Plan, ProjectId, Role,
    access::{Sight, Viewer},
    control::User,
    free::Free,
};
use prost_types::{ListValue, Struct, Value as Any, value::Kind};
use proto::v1;
use read_model::issues::reader::ScopedIssue;
use serde_json::{Map, Value};

use crate::{
    error::ApiError,
    time::{stamp_ms, stamp_ns},
};

pub(crate) fn level(level: Level) -> i32 {
    // Both number the five levels 1 to 5, least first.
    level as i32
}

pub(crate) fn level_of(number: i32) -> Option<Level> {
    Level::ALL.into_iter().find(|level| *level as i32 == number)
}

pub(crate) fn status(status: IssueStatus) -> i32 {
    (match status {
        IssueStatus::Unresolved => v1::IssueStatus::Unresolved,
        IssueStatus::Resolved => v1::IssueStatus::Resolved,
        IssueStatus::Ignored => v1::IssueStatus::Ignored,
    }) as i32
}

pub(crate) fn status_of(number: i32) -> Option<IssueStatus> {
    match v1::IssueStatus::try_from(number).ok()? {
        v1::IssueStatus::Unspecified => None,
        v1::IssueStatus::Unresolved => Some(IssueStatus::Unresolved),
        v1::IssueStatus::Resolved => Some(IssueStatus::Resolved),
        v1::IssueStatus::Ignored => Some(IssueStatus::Ignored),
    }
}

pub(crate) fn issue_id(text: &str) -> Result<IssueId, ApiError> {
    let parsed = text.parse();
    parsed.map_err(|e: event_model::id::IdError| ApiError::invalid("issue_id", e.to_string()))
}

/// Projects as asked for; none named: all.
pub(crate) fn projects(ids: &[u32]) -> Sight {
    if ids.is_empty() {
        return Sight::All;
    }
    Sight::only(ids.iter().copied().map(ProjectId))
}

pub(crate) fn issue(scoped: ScopedIssue, state: &ControlState, sparkline: Vec<u64>) -> v1::Issue {
    let (range_count, range_users) = (scoped.count, scoped.users);
    let row = scoped.issue;
    let (regressed_at, regressed_in) = match row.regression {
        Some(regression) => (Some(stamp_ms(regression.at_ms)), regression.release),
        None => (None, String::new()),
    };
    let assignee = row.assignee.and_then(|id| state.users.get(&id));
    v1::Issue {
        id: row.id.to_string(),
        project_id: row.project_id.0,
        title: row.title,
        culprit: row.culprit,
        r#type: row.ty,
        value: row.value,
        level: level(row.level),
        status: status(row.status),
        count: row.count,
        users: row.users,
        first_seen: Some(stamp_ms(row.first_seen_ms)),
        last_seen: Some(stamp_ms(row.last_seen_ms)),
        assignee: assignee.map(|user| v1::issue::Member {
            id: user.id.0,
            email: user.email.clone(),
            name: user.name.clone(),
        }),
        platform: row.platform,
        first_release: row.first_release,
        last_release: row.last_release,
        first_event_id: row.first_event_id.to_string(),
        last_event_id: row.last_event_id.to_string(),
        sparkline: sparkline
            .into_iter()
            .map(|count| u32::try_from(count).unwrap_or(u32::MAX))
            .collect(),
        handled: row.handled,
        range_count,
        range_users,
        regressed_at,
        regressed_in,
        is_discarded: row.is_discarded,
        discarded_events: row.turned_away,
        sampled: row.sampled,
        fingerprints: row.fingerprints,
    }
}

/// How much may be stored.
pub(crate) fn plan(plan: Plan) -> v1::Plan {
    let kind = match plan {
        Plan::Unlimited => v1::PlanKind::Unlimited,
        Plan::Free => v1::PlanKind::Free,
        Plan::Pro => v1::PlanKind::Pro,
        Plan::Enterprise(_) => v1::PlanKind::Enterprise,
    };
    v1::Plan {
        kind: kind.into(),
        events_per_hour: plan.events_per_hour().unwrap_or_default(),
    }
}

/// A person as the viewer may know them: nothing of projects they do not see themselves.
pub(crate) fn member(user: &User, viewer: &Viewer) -> v1::Member {
    let (all_projects, project_ids) = match viewer.knows_of(&user.sight()) {
        Sight::All => (true, Vec::new()),
        Sight::Only(both) => (false, both.into_iter().map(|id| id.0).collect()),
    };
    v1::Member {
        all_projects,
        project_ids,
        id: user.id.0,
        email: user.email.clone(),
        name: user.name.clone(),
        role: role(user.role),
        status: if !user.is_enabled() {
            v1::MemberStatus::Disabled
        } else if user.password_hash.is_empty() {
            v1::MemberStatus::Invited
        } else {
            v1::MemberStatus::Active
        }
        .into(),
    }
}

pub(crate) fn role(role: Role) -> i32 {
    (match role {
        Role::Member => v1::Role::Member,
        Role::Owner => v1::Role::Owner,
    }) as i32
}

pub(crate) fn delivery_state_of(number: i32) -> Option<DeliveryState> {
    match v1::DeliveryState::try_from(number).ok()? {
        v1::DeliveryState::Unspecified => None,
        v1::DeliveryState::Sending => Some(DeliveryState::Sending),
        v1::DeliveryState::Sent => Some(DeliveryState::Sent),
        v1::DeliveryState::Failed => Some(DeliveryState::Failed),
        v1::DeliveryState::Suppressed => Some(DeliveryState::Suppressed),
        v1::DeliveryState::Held => Some(DeliveryState::Held),
    }
}

pub(crate) fn delivery(step: DeliveryStep) -> v1::RecordDeliveryRequest {
    let id = step.notification_id;
    v1::RecordDeliveryRequest {
        notification_id: event_model::Fingerprint(id).to_string(),
        transition_position: step.transition_position,
        issue_id: step.issue_id.to_string(),
        rule: step.rule,
        channel: step.channel,
        target: step.target,
        state: (match step.state {
            DeliveryState::Sending => v1::DeliveryState::Sending,
            DeliveryState::Sent => v1::DeliveryState::Sent,
            DeliveryState::Failed => v1::DeliveryState::Failed,
            DeliveryState::Suppressed => v1::DeliveryState::Suppressed,
            DeliveryState::Held => v1::DeliveryState::Held,
        }) as i32,
        attempts: step.attempts,
        error: step.error,
        at: Some(stamp_ns(step.at_ns)),
    }
}

/// An object of free form as a `Struct`; see [`structure`].
pub(crate) fn free(free: &Free) -> Struct {
    structure(free.to_map())
}

/// A JSON object as a `Struct`. Numbers become doubles, as the format wants it; the
/// raw JSON of an event keeps them exact.
pub(crate) fn structure(map: Map<String, Value>) -> Struct {
    let fields = map.into_iter().map(|(key, value)| (key, any(value)));
    Struct {
        fields: fields.collect::<BTreeMap<_, _>>(),
    }
}

fn any(value: Value) -> Any {
    let kind = match value {
        Value::Null => Kind::NullValue(0),
        Value::Bool(flag) => Kind::BoolValue(flag),
        Value::Number(number) => Kind::NumberValue(number.as_f64().unwrap_or_default()),
        Value::String(text) => Kind::StringValue(text),
        Value::Array(items) => Kind::ListValue(ListValue {
            values: items.into_iter().map(any).collect(),
        }),
        Value::Object(map) => Kind::StructValue(structure(map)),
    };
    Any { kind: Some(kind) }
}
