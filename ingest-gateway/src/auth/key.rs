//! Who writes: a project's public key, from all the places clients put it.
//!
//! Invariant: keys are checked against the control state of this moment, so that a
//! disabled key stops at once. Two places may name the same key (Ruby's SDK does);
//! two different keys are refused. Fails with 401 (none, malformed, contradictory),
//! 403 (unknown, disabled, another project's), 404 (no such project).

use base64::{Engine, engine::general_purpose::STANDARD};
use event_model::{ControlState, ProjectId, PublicKey, credential::bearer_token};
use http::{HeaderMap, header};
use url::form_urlencoded;

use crate::{
    arrivals::Arrival,
    error::{ApiError, ErrorCode},
};

/// Sentry's protocol ended at version 7; a later one would mean something else.
const SENTRY_VERSION_MAX: f32 = 7.0;

/// The key a Sentry client gave in headers, query or path; none if it gave none
/// (tunnels have it in the envelope).
pub(crate) fn sentry_key(
    headers: &HeaderMap,
    query: Option<&str>,
    path_key: Option<&str>,
) -> Result<Option<PublicKey>, ApiError> {
    let mut found = None;
    for name in ["x-sentry-auth", "authorization"] {
        for value in headers.get_all(name) {
            let text = value
                .to_str()
                .map_err(|_| unauthenticated(format!("{name} is not plain text")))?;
            match name {
                "x-sentry-auth" => take(&mut found, sentry_list(text, name)?)?,
                _ if has_scheme(text, "sentry") => take(&mut found, sentry_list(text, name)?)?,
                _ if has_scheme(text, "basic") => take(&mut found, basic_user(text)?)?,
                // Some proxies put their own credentials here: not ours to judge.
                _ => {}
            }
        }
    }
    let (mut key, mut version) = (None, None);
    for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
        match name.as_ref() {
            "sentry_key" => key = Some(value),
            "sentry_version" => version = Some(value),
            _ => {}
        }
    }
    if let Some(key) = key {
        check_version(version.as_deref())?;
        take(&mut found, parse_key(&key, "sentry_key")?)?;
    }
    if let Some(key) = path_key {
        take(&mut found, parse_key(key, "the path's key")?)?;
    }
    Ok(found)
}

/// The key of a native client: `Authorization: Bearer KEY` or `?key=KEY`.
pub(crate) fn native_key(headers: &HeaderMap, query: Option<&str>) -> Result<PublicKey, ApiError> {
    let mut found = None;
    for value in headers.get_all(header::AUTHORIZATION) {
        let token =
            value.to_str().ok().and_then(bearer_token).ok_or_else(|| {
                unauthenticated("authorization is not of the form \"Bearer KEY\"")
            })?;
        take(&mut found, parse_key(token, "authorization")?)?;
    }
    for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
        if name == "key" {
            take(&mut found, parse_key(&value, "key")?)?;
        }
    }
    found.ok_or_else(|| {
        unauthenticated("no key: send \"Authorization: Bearer KEY\" or \"?key=KEY\"")
    })
}

/// The project that an enabled key writes to. A key that is known, enabled or not, is
/// noted as the request's owner.
pub(crate) fn project_of(state: &ControlState, key: PublicKey) -> Result<ProjectId, ApiError> {
    let found = state.keys.get(&key);
    if let Some(found) = found {
        Arrival::with_current(|arrival| arrival.set_owner(found.project_id, key));
    }
    found
        .filter(|key| key.enabled)
        .map(|key| key.project_id)
        .ok_or_else(|| ApiError::new(ErrorCode::Forbidden, "unknown or disabled key"))
}

/// Checks a path's project against the key's.
pub(crate) fn check_project(
    state: &ControlState,
    path_project: &str,
    key_project: ProjectId,
) -> Result<(), ApiError> {
    let project = path_project.parse().ok().map(ProjectId);
    let Some(project) = project.filter(|id| state.projects.contains_key(id)) else {
        let shown: String = path_project.chars().take(40).collect();
        return Err(ApiError::new(
            ErrorCode::NotFound,
            format!("there is no project {shown:?}"),
        ));
    };
    if project == key_project {
        Ok(())
    } else {
        Err(ApiError::new(
            ErrorCode::Forbidden,
            format!("the key does not belong to project {project}"),
        ))
    }
}

/// A missing key, for clients that could have given one in several places.
pub(crate) fn missing_sentry_key() -> ApiError {
    unauthenticated("no key in X-Sentry-Auth, Authorization, sentry_key or the envelope's dsn")
}

fn unauthenticated(message: impl Into<String>) -> ApiError {
    ApiError::new(ErrorCode::Unauthenticated, message)
}

fn take(found: &mut Option<PublicKey>, key: PublicKey) -> Result<(), ApiError> {
    match found.replace(key) {
        Some(before) if before != key => {
            Err(unauthenticated("the request names two different keys"))
        }
        _ => Ok(()),
    }
}

fn has_scheme(text: &str, scheme: &str) -> bool {
    text.split_once(' ')
        .is_some_and(|(first, _)| first.eq_ignore_ascii_case(scheme))
}

/// `Sentry sentry_key=…, sentry_version=7`: any order, unknown parts ignored.
fn sentry_list(text: &str, place: &str) -> Result<PublicKey, ApiError> {
    let list = match text.split_once(' ') {
        Some((scheme, list)) if scheme.eq_ignore_ascii_case("sentry") => list,
        _ => {
            return Err(unauthenticated(format!(
                "{place} does not begin with \"Sentry \""
            )));
        }
    };
    let (mut key, mut version) = (None, None);
    for (name, value) in list.split(',').filter_map(|part| part.split_once('=')) {
        match name.trim() {
            "sentry_key" => key = Some(value.trim()),
            "sentry_version" => version = Some(value.trim()),
            _ => {}
        }
    }
    check_version(version)?;
    let key = key.ok_or_else(|| unauthenticated(format!("{place} has no sentry_key")))?;
    parse_key(key, place)
}

fn check_version(version: Option<&str>) -> Result<(), ApiError> {
    match version.map(str::parse::<f32>) {
        None => Ok(()),
        Some(Ok(number)) if number <= SENTRY_VERSION_MAX => Ok(()),
        Some(_) => Err(ApiError::invalid(
            "sentry_version",
            format!("sentry_version is not a number up to {SENTRY_VERSION_MAX}"),
        )),
    }
}

/// `Basic base64(key:)`: the user is the key, the password is ignored.
fn basic_user(text: &str) -> Result<PublicKey, ApiError> {
    let encoded = text.split_once(' ').map_or("", |(_, rest)| rest.trim());
    let decoded = STANDARD.decode(encoded).unwrap_or_default();
    let decoded = String::from_utf8_lossy(&decoded);
    let user = decoded.split(':').next().unwrap_or_default();
    parse_key(user, "authorization")
}

fn parse_key(text: &str, place: &str) -> Result<PublicKey, ApiError> {
    text.parse()
        .map_err(|_| unauthenticated(format!("{place} is not a key of 32 hex digits")))
}
