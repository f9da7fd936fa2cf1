//! The shape of commands: pure checks that name the field.

use event_model::{
    ControlState, DeliveryState, DeliveryStep, IssueId, IssueStatus, ProjectId, PublicKey, Role,
    UserId,
    access::{self, Action, Denied, Sight},
    credential::Caller,
};
use proto::v1;

use crate::error::{ApiError, ErrorCode};

/// Longest name of a project or label of a key or token, characters.
const NAME_CHARS_MAX: usize = 64;
/// Longest name of a person, characters.
const PERSON_CHARS_MAX: usize = 100;
/// RFC 5321's longest path, less its brackets, bytes.
const EMAIL_BYTES_MAX: usize = 254;
/// Shortest and longest password, characters. argon2 would take more; nobody types it.
const PASSWORD_CHARS: std::ops::RangeInclusive<usize> = 8..=128;
/// Issues of one command: bounds the record.
const ISSUES_MAX: usize = 1_000;
/// Projects that a member is given one by one: bounds the record, and every read of theirs.
const SIGHT_MAX: usize = 1_000;
/// Longest target and error of a delivery, characters.
const TARGET_CHARS_MAX: usize = 2_000;
const ERROR_CHARS_MAX: usize = 500;

fn text(field: &str, value: &str, chars_max: usize) -> Result<String, ApiError> {
    let value = value.trim();
    if value.chars().count() > chars_max {
        return Err(ApiError::invalid(
            field,
            format!("must have at most {chars_max} characters"),
        ));
    }
    if value.chars().any(char::is_control) {
        return Err(ApiError::invalid(field, "must not hold control characters"));
    }
    Ok(value.to_owned())
}

/// Text of at least one character.
pub(super) fn name(field: &str, value: &str) -> Result<String, ApiError> {
    let value = text(field, value, NAME_CHARS_MAX)?;
    if value.is_empty() {
        return Err(ApiError::invalid(field, "must not be empty"));
    }
    Ok(value)
}

pub(super) fn label(field: &str, value: &str) -> Result<String, ApiError> {
    text(field, value, NAME_CHARS_MAX)
}

pub(super) fn person(field: &str, value: &str) -> Result<String, ApiError> {
    text(field, value, PERSON_CHARS_MAX)
}

/// Something that a mail could be sent to; whether it arrives, only a mail tells.
pub(crate) fn check_email(field: &str, value: &str) -> Result<String, ApiError> {
    let value = value.trim();
    let sound = value.len() <= EMAIL_BYTES_MAX
        && !value.chars().any(|c| c.is_whitespace() || c.is_control())
        && value
            .rsplit_once('@')
            .is_some_and(|(user, host)| !user.is_empty() && !host.is_empty());
    if sound {
        Ok(value.to_owned())
    } else {
        Err(ApiError::invalid(field, "is not an e-mail address"))
    }
}

pub(crate) fn check_password(field: &str, value: &str) -> Result<(), ApiError> {
    if PASSWORD_CHARS.contains(&value.chars().count()) {
        return Ok(());
    }
    let (min, max) = (PASSWORD_CHARS.start(), PASSWORD_CHARS.end());
    Err(ApiError::invalid(
        field,
        format!("must have {min} to {max} characters"),
    ))
}

pub(super) fn role(number: i32) -> Result<Role, ApiError> {
    match v1::Role::try_from(number) {
        Ok(v1::Role::Member) => Ok(Role::Member),
        Ok(v1::Role::Owner) => Ok(Role::Owner),
        _ => Err(ApiError::invalid("role", "must be member or owner")),
    }
}

pub(super) fn issues(ids: &[String]) -> Result<Vec<IssueId>, ApiError> {
    if ids.is_empty() || ids.len() > ISSUES_MAX {
        return Err(ApiError::invalid(
            "issue_ids",
            format!("must have 1 to {ISSUES_MAX} entries"),
        ));
    }
    let parse = |(index, id): (usize, &String)| issue(&format!("issue_ids[{index}]"), id);
    ids.iter().enumerate().map(parse).collect()
}

/// Issues of one discard: each is looked up.
const DISCARDED_MAX: usize = 100;

/// Different issues, few enough to be looked up.
pub(super) fn discarded(ids: &[String]) -> Result<Vec<IssueId>, ApiError> {
    if ids.len() > DISCARDED_MAX {
        let message = format!("must have 1 to {DISCARDED_MAX} entries");
        return Err(ApiError::invalid("issue_ids", message));
    }
    let mut ids = issues(ids)?;
    let mut seen = std::collections::BTreeSet::new();
    ids.retain(|id| seen.insert(*id));
    Ok(ids)
}

pub(super) fn issue(field: &str, id: &str) -> Result<IssueId, ApiError> {
    id.parse()
        .map_err(|error: event_model::id::IdError| ApiError::invalid(field, error.to_string()))
}

pub(super) fn status(number: i32) -> Result<IssueStatus, ApiError> {
    match v1::IssueStatus::try_from(number) {
        Ok(v1::IssueStatus::Unresolved) => Ok(IssueStatus::Unresolved),
        Ok(v1::IssueStatus::Resolved) => Ok(IssueStatus::Resolved),
        Ok(v1::IssueStatus::Ignored) => Ok(IssueStatus::Ignored),
        _ => Err(ApiError::invalid(
            "status",
            "must be unresolved, resolved or ignored",
        )),
    }
}

pub(super) fn public_key(text: &str) -> Result<PublicKey, ApiError> {
    text.parse().map_err(|error: event_model::id::IdError| {
        ApiError::invalid("public_key", error.to_string())
    })
}

/// A project to which the caller may do this. One that they do not see is none.
pub(crate) fn project(
    state: &ControlState,
    caller: Caller,
    action: Action,
    id: u32,
) -> Result<ProjectId, ApiError> {
    let id = ProjectId(id);
    match access::allowed(state, caller, action, Some(id)) {
        Ok(()) => Ok(id),
        Err(Denied::NoSuchProject) => {
            Err(missing("project_id", format!("there is no project {id}")))
        }
        Err(denied) => Err(denied.into()),
    }
}

/// Which projects somebody is to see.
pub(super) fn sight(
    state: &ControlState,
    request: &v1::SetUserProjectsRequest,
) -> Result<Sight, ApiError> {
    let ids = &request.project_ids;
    if request.all_projects {
        if ids.is_empty() {
            return Ok(Sight::All);
        }
        let message = "must be empty where all are meant";
        return Err(ApiError::invalid("project_ids", message));
    }
    if ids.len() > SIGHT_MAX {
        let message = format!("must have at most {SIGHT_MAX} entries");
        return Err(ApiError::invalid("project_ids", message));
    }
    let unknown = ids
        .iter()
        .position(|id| !state.projects.contains_key(&ProjectId(*id)));
    if let Some(at) = unknown {
        let (field, message) = (
            format!("project_ids[{at}]"),
            format!("there is no project {}", ids[at]),
        );
        return Err(missing(&field, message));
    }
    Ok(Sight::only(ids.iter().copied().map(ProjectId)))
}

pub(super) fn user(state: &ControlState, id: u32) -> Result<UserId, ApiError> {
    let id = UserId(id);
    match state.users.get(&id) {
        Some(user) if user.is_enabled() => Ok(id),
        Some(_) => Err(ApiError::invalid("user_id", "was removed")),
        None => Err(missing("user_id", format!("there is no user {id}"))),
    }
}

/// There is none, or none that the caller sees.
pub(super) fn no_issue(at: usize, id: IssueId) -> ApiError {
    missing(
        &format!("issue_ids[{at}]"),
        format!("there is no issue {id}"),
    )
}

pub(crate) fn missing(field: &str, message: String) -> ApiError {
    ApiError::at(ErrorCode::NotFound, field, message)
}

pub(crate) fn taken(field: &str, message: String) -> ApiError {
    ApiError::at(ErrorCode::Conflict, field, message)
}

pub(super) fn delivery(
    request: &v1::RecordDeliveryRequest,
    now_ns: i64,
) -> Result<DeliveryStep, ApiError> {
    // Same form as an event id: 32 hex digits.
    let notification: event_model::Fingerprint = request
        .notification_id
        .parse()
        .map_err(|_| ApiError::invalid("notification_id", "is not of 32 hex digits"))?;
    let state = match v1::DeliveryState::try_from(request.state) {
        Ok(v1::DeliveryState::Sending) => DeliveryState::Sending,
        Ok(v1::DeliveryState::Sent) => DeliveryState::Sent,
        Ok(v1::DeliveryState::Failed) => DeliveryState::Failed,
        Ok(v1::DeliveryState::Suppressed) => DeliveryState::Suppressed,
        Ok(v1::DeliveryState::Held) => DeliveryState::Held,
        _ => return Err(ApiError::invalid("state", "must be given")),
    };
    let at_ns = request.at.as_ref().map_or(now_ns, |at| {
        at.seconds
            .saturating_mul(1_000_000_000)
            .saturating_add(i64::from(at.nanos))
    });
    Ok(DeliveryStep {
        notification_id: notification.0,
        transition_position: request.transition_position,
        issue_id: issue("issue_id", &request.issue_id)?,
        rule: name("rule", &request.rule)?,
        channel: name("channel", &request.channel)?,
        target: text("target", &request.target, TARGET_CHARS_MAX)?,
        state,
        attempts: request.attempts,
        // Words of another server: cut, never refused, as the step must be kept.
        error: request
            .error
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .take(ERROR_CHARS_MAX)
            .collect(),
        at_ns,
    })
}
