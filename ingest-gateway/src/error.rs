//! A refusal at the front door: [`proto::error`] owns its words and forms; here is what
//! the items that it refuses count as, and how Sentry's clients hear it.

use std::ops::{Deref, DerefMut};

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use event_model::access::Denied;
use http::HeaderValue;
pub use proto::error::{ErrorCode, RETRY_AFTER_S, Refusal};

use crate::fate::DropReason;

/// A refusal, and what the items that it refuses count as.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{refusal}")]
pub struct ApiError {
    refusal: Refusal,
    /// Where the code alone does not tell.
    reason: Option<DropReason>,
}

impl ApiError {
    /// A refusal without a field.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Refusal::new(code, message).into()
    }

    /// A malformed field.
    pub fn invalid(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::at(ErrorCode::Invalid, field, message)
    }

    /// A refusal for what stands in a field.
    pub fn at(code: ErrorCode, field: impl Into<String>, message: impl Into<String>) -> Self {
        Refusal::at(code, field, message).into()
    }

    /// The same with another waiting time.
    #[must_use]
    pub fn retry_after(self, seconds: u64) -> Self {
        Self {
            refusal: self.refusal.retry_after(seconds),
            ..self
        }
    }

    /// The same for items that count as something else than the code tells.
    #[must_use]
    pub fn counted_as(self, reason: DropReason) -> Self {
        Self {
            reason: Some(reason),
            ..self
        }
    }

    /// What items it refuses count as.
    pub fn drop_reason(&self) -> DropReason {
        self.reason.unwrap_or_else(|| self.code.into())
    }

    /// The answer on Sentry's paths: `{"detail","causes"}` and `X-Sentry-Error`.
    pub fn sentry_response(&self) -> Response {
        let causes: &[&str] = if self.field.is_empty() {
            &[]
        } else {
            &[&self.field]
        };
        let body = serde_json::json!({ "detail": self.message, "causes": causes });
        let mut response: Response<Body> = self.response_with(&body);
        if let Ok(value) = HeaderValue::from_str(&proto::error::printable(&self.message)) {
            response.headers_mut().insert("x-sentry-error", value);
        }
        response
    }
}

impl From<Denied> for ApiError {
    fn from(denied: Denied) -> Self {
        let code = match denied {
            Denied::NoSuchProject => ErrorCode::NotFound,
            Denied::OnlyOwners | Denied::NotForRoles | Denied::OnlyRoles | Denied::ReadOnly => {
                ErrorCode::Forbidden
            }
        };
        Self::new(code, denied.to_string())
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        Self {
            refusal,
            reason: None,
        }
    }
}

impl Deref for ApiError {
    type Target = Refusal;

    fn deref(&self) -> &Refusal {
        &self.refusal
    }
}

impl DerefMut for ApiError {
    fn deref_mut(&mut self) -> &mut Refusal {
        &mut self.refusal
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        self.response()
    }
}

impl From<ApiError> for tonic::Status {
    fn from(error: ApiError) -> Self {
        error.status()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_with_line_breaks_never_breaks_the_header() {
        let response = ApiError::new(ErrorCode::Invalid, "bad\r\nx: ü").sentry_response();
        assert_eq!(response.headers()["x-sentry-error"], "bad??x: ?");
    }
}
