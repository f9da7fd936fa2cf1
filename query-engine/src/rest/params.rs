//! Query parameters of REST reads.

use std::collections::HashMap;

use axum::extract::{FromRequestParts, Query};
use event_model::{IssueStatus, Level};
use http::request::Parts;
use prost_types::Timestamp;
use proto::v1;

use super::cut;
use crate::{convert, error::ApiError, issues::LIMIT_MAX, time::stamp_ms};

/// Most parameters of a request.
const PARAMS_MAX: usize = 32;

/// Parameters by name; of one given twice the last holds.
pub(super) struct Params(HashMap<String, String>);

impl<S: Sync> FromRequestParts<S> for Params {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let Query(pairs) = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri)
            .map_err(|_| ApiError::invalid("query", "the query string is malformed"))?;
        if pairs.len() > PARAMS_MAX {
            return Err(ApiError::invalid(
                "query",
                format!("{} parameters, at most {PARAMS_MAX}", pairs.len()),
            ));
        }
        Ok(Self(pairs.into_iter().collect()))
    }
}

impl Params {
    fn get(&self, name: &str) -> Option<&str> {
        let value = self.0.get(name)?;
        (!value.is_empty()).then_some(value)
    }

    pub(super) fn text(&self, name: &str) -> String {
        self.get(name).unwrap_or_default().to_owned()
    }

    /// 0: the default.
    pub(super) fn limit(&self) -> Result<u32, ApiError> {
        let Some(text) = self.get("limit") else {
            return Ok(0);
        };
        text.parse()
            .ok()
            .filter(|limit| (1..=LIMIT_MAX).contains(limit))
            .ok_or_else(|| {
                ApiError::invalid(
                    "limit",
                    format!("{:?} is not a number from 1 to {LIMIT_MAX}", cut(text)),
                )
            })
    }

    /// A whole number; 0: the default.
    pub(super) fn number(&self, name: &'static str) -> Result<u32, ApiError> {
        let Some(text) = self.get(name) else {
            return Ok(0);
        };
        let number = text.parse();
        number.map_err(|_| ApiError::invalid(name, "must be a whole number"))
    }

    pub(super) fn after_position(&self) -> Result<u64, ApiError> {
        let Some(text) = self.get("after_position") else {
            return Ok(0);
        };
        text.parse().map_err(|_| {
            ApiError::invalid("after_position", format!("{:?} is no position", cut(text)))
        })
    }

    /// One project; 0: all.
    pub(super) fn project(&self) -> Result<u32, ApiError> {
        self.get("project").map_or(Ok(0), project)
    }

    /// Several projects; none: all.
    pub(super) fn projects(&self) -> Result<Vec<u32>, ApiError> {
        let projects = self.get("project").map(|text| text.split(',').map(project));
        projects.into_iter().flatten().collect()
    }

    /// true or false; false if it is not given.
    pub(super) fn flag(&self, name: &'static str) -> Result<bool, ApiError> {
        match self.get(name) {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(other) => {
                let message = format!("{:?} is neither true nor false", cut(other));
                Err(ApiError::invalid(name, message))
            }
        }
    }

    pub(super) fn check_issue(&self) -> Result<(), ApiError> {
        match self.get("issue").map(str::parse::<event_model::IssueId>) {
            Some(Err(error)) => Err(ApiError::invalid("issue", error.to_string())),
            _ => Ok(()),
        }
    }

    pub(super) fn sort(&self) -> Result<i32, ApiError> {
        let sort = match self.get("sort") {
            None | Some("last_seen") => v1::IssueSort::LastSeen,
            Some("first_seen") => v1::IssueSort::FirstSeen,
            Some("count") => v1::IssueSort::Count,
            Some("users") => v1::IssueSort::Users,
            Some(other) => {
                return Err(ApiError::invalid(
                    "sort",
                    format!(
                        "{:?} is none of last_seen, first_seen, count, users",
                        cut(other)
                    ),
                ));
            }
        };
        Ok(sort as i32)
    }

    pub(super) fn levels(&self) -> Result<Vec<i32>, ApiError> {
        let Some(text) = self.get("level") else {
            return Ok(Vec::new());
        };
        let levels = list(text, "level", Level::from_text)?;
        Ok(levels.into_iter().map(convert::level).collect())
    }

    /// One tag: `key:value`, or `key` for any value.
    pub(super) fn tags(&self) -> Result<HashMap<String, String>, ApiError> {
        let Some(text) = self.get("tag") else {
            return Ok(HashMap::new());
        };
        let (key, value) = text.split_once(':').unwrap_or((text, ""));
        if key.is_empty() {
            return Err(ApiError::invalid(
                "tag",
                format!("{:?} is no tag: key:value, or key", cut(text)),
            ));
        }
        Ok(HashMap::from([(key.to_owned(), value.to_owned())]))
    }

    /// Whether `order` is ascending.
    pub(super) fn ascending(&self) -> Result<bool, ApiError> {
        match self.get("order") {
            None | Some("desc") => Ok(false),
            Some("asc") => Ok(true),
            Some(other) => Err(ApiError::invalid(
                "order",
                format!("{:?} is none of desc, asc", cut(other)),
            )),
        }
    }

    /// A time: RFC 3339, or Unix seconds.
    pub(super) fn time(&self, name: &'static str) -> Result<Option<Timestamp>, ApiError> {
        let Some(text) = self.get(name) else {
            return Ok(None);
        };
        let seconds = text
            .parse::<i64>()
            .map(|seconds| stamp_ms(seconds.saturating_mul(1000)));
        let time = seconds.ok().or_else(|| {
            let time: jiff::Timestamp = text.parse().ok()?;
            Some(stamp_ms(time.as_millisecond()))
        });
        let refused = || {
            ApiError::invalid(
                name,
                format!("{:?} is no time of RFC 3339 and no Unix time", cut(text)),
            )
        };
        time.ok_or_else(refused).map(Some)
    }

    /// The text of `query`, and the parameters that filter, which win over its tokens.
    pub(super) fn issue_filter(&self) -> Result<v1::IssueFilter, ApiError> {
        let statuses = match self.get("status") {
            Some(text) => list(text, "status", IssueStatus::from_name)?,
            None => Vec::new(),
        };
        Ok(v1::IssueFilter {
            project_ids: self.projects()?,
            statuses: statuses.into_iter().map(convert::status).collect(),
            levels: self.levels()?,
            environment: self.text("environment"),
            release: self.text("release"),
            text: self.text("query"),
            time_zone: self.text("time_zone"),
            from: self.time("from")?,
            to: self.time("to")?,
            ..Default::default()
        })
    }
}

fn project(text: &str) -> Result<u32, ApiError> {
    let number = text.trim().parse().ok().filter(|number| *number > 0);
    number.ok_or_else(|| {
        ApiError::invalid("project", format!("{:?} is no project number", cut(text)))
    })
}

/// Values separated by commas.
fn list<T>(
    text: &str,
    field: &'static str,
    read: impl Fn(&str) -> Option<T>,
) -> Result<Vec<T>, ApiError> {
    text.split(',')
        .map(|value| {
            read(value.trim())
                .ok_or_else(|| ApiError::invalid(field, format!("{:?} is not known", cut(value))))
        })
        .collect()
}
