//! What goes wrong at the front door, and how each protocol says it. The only
//! place where an [`ErrorCode`] becomes an HTTP status or a gRPC code.
//!
//! Messages are for people; `field` names the offending field or position.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use tonic::Code;

use crate::outcome::DropReason;

/// Seconds a client should wait after an overload: two commit groups of a busy
/// disk are long over by then, and a fleet's retries spread out.
pub const RETRY_AFTER_S: u64 = 5;

/// Why a request, or an item of it, was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorCode {
    /// Malformed, with position or field.
    Invalid,
    /// No or malformed authentication.
    Unauthenticated,
    /// Unknown or disabled key, too small a role.
    Forbidden,
    /// No such project, user, key or token.
    NotFound,
    /// The method is not for this path.
    MethodNotAllowed,
    /// The body did not come in time.
    TimedOut,
    /// It is there already (a name, an address).
    Conflict,
    /// Beyond a size limit.
    TooLarge,
    /// Unknown `Content-Encoding`.
    UnsupportedEncoding,
    /// A `Content-Type` that is not read here.
    UnsupportedType,
    /// Too many; later.
    Limited,
    /// Overloaded, no space, shutting down; later.
    Overloaded,
    /// A fault of ours.
    Internal,
}

impl ErrorCode {
    /// The stable word of the JSON and gRPC answers.
    pub fn word(self) -> &'static str {
        match self {
            Self::Invalid => "invalid",
            Self::Unauthenticated => "unauthenticated",
            Self::Forbidden => "forbidden",
            Self::NotFound => "not_found",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::TimedOut => "timed_out",
            Self::Conflict => "conflict",
            Self::TooLarge => "too_large",
            Self::UnsupportedEncoding => "unsupported_encoding",
            Self::UnsupportedType => "unsupported_type",
            Self::Limited => "limited",
            Self::Overloaded => "overloaded",
            Self::Internal => "internal",
        }
    }

    /// The HTTP status.
    pub fn http(self) -> StatusCode {
        match self {
            Self::Invalid => StatusCode::BAD_REQUEST,
            Self::Unauthenticated => StatusCode::UNAUTHORIZED,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::TimedOut => StatusCode::REQUEST_TIMEOUT,
            Self::Conflict => StatusCode::CONFLICT,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedEncoding | Self::UnsupportedType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Limited => StatusCode::TOO_MANY_REQUESTS,
            Self::Overloaded => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The gRPC code.
    pub fn grpc(self) -> Code {
        match self {
            Self::Invalid | Self::UnsupportedEncoding | Self::UnsupportedType => {
                Code::InvalidArgument
            }
            Self::Unauthenticated => Code::Unauthenticated,
            Self::Forbidden => Code::PermissionDenied,
            Self::NotFound => Code::NotFound,
            Self::MethodNotAllowed => Code::Unimplemented,
            Self::TimedOut => Code::DeadlineExceeded,
            Self::Conflict => Code::AlreadyExists,
            // Not ResourceExhausted: clients retry that, and it would never pass.
            Self::TooLarge => Code::OutOfRange,
            Self::Limited => Code::ResourceExhausted,
            Self::Overloaded => Code::Unavailable,
            Self::Internal => Code::Internal,
        }
    }

    /// Whether the same request may pass later.
    pub fn is_retriable(self) -> bool {
        matches!(self, Self::Limited | Self::Overloaded)
    }
}

/// A refusal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ApiError {
    /// Why.
    pub code: ErrorCode,
    /// For people.
    pub message: String,
    /// Path of the offending field, or position; empty: none.
    pub field: String,
    /// Seconds to wait, for the retriable ones.
    pub retry_after_s: u64,
    /// What items it refuses count as, where the code alone does not tell.
    pub reason: Option<DropReason>,
}

impl ApiError {
    /// A refusal without a field.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            field: String::new(),
            retry_after_s: RETRY_AFTER_S,
            reason: None,
        }
    }

    /// A malformed field.
    pub fn invalid(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            ..Self::new(ErrorCode::Invalid, message)
        }
    }

    /// The same with another waiting time.
    #[must_use]
    pub fn retry_after(self, seconds: u64) -> Self {
        Self {
            retry_after_s: seconds.max(1),
            ..self
        }
    }

    /// What items it refuses count as.
    pub fn drop_reason(&self) -> DropReason {
        self.reason.unwrap_or_else(|| self.code.into())
    }

    /// `{"code","message","field"}`, as it stands under `error` in native answers.
    pub fn to_json(&self) -> serde_json::Value {
        serde_json::json!({
            "code": self.code.word(),
            "message": self.message,
            "field": if self.field.is_empty() { None } else { Some(&self.field) },
        })
    }

    /// The answer on Sentry's paths: `{"detail","causes"}` and `X-Sentry-Error`.
    pub fn sentry_response(&self) -> Response {
        let causes: &[&str] = if self.field.is_empty() {
            &[]
        } else {
            &[&self.field]
        };
        let body = serde_json::json!({ "detail": self.message, "causes": causes });
        let mut response = self.response_with(&body);
        if let Ok(value) = HeaderValue::from_str(&printable(&self.message)) {
            response.headers_mut().insert("x-sentry-error", value);
        }
        response
    }

    fn response_with(&self, body: &serde_json::Value) -> Response {
        let mut response = (self.code.http(), axum::Json(body)).into_response();
        if self.code.is_retriable() {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from(self.retry_after_s));
        }
        response
    }
}

/// A header's value may hold visible ASCII only.
fn printable(text: &str) -> String {
    text.chars()
        .map(|c| {
            if c.is_ascii() && !c.is_ascii_control() {
                c
            } else {
                '?'
            }
        })
        .collect()
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        self.response_with(&serde_json::json!({ "error": self.to_json() }))
    }
}

impl From<ApiError> for tonic::Status {
    fn from(error: ApiError) -> Self {
        let message = if error.field.is_empty() {
            error.message.clone()
        } else {
            format!("{}: {}", error.field, error.message)
        };
        let mut status = Self::new(error.code.grpc(), message);
        let metadata = status.metadata_mut();
        if error.code.is_retriable() {
            metadata.insert("retry-after", error.retry_after_s.into());
        }
        if let Ok(field) = printable(&error.field).parse() {
            metadata.insert("errata-field", field);
        }
        if let Ok(word) = error.code.word().parse() {
            metadata.insert("errata-code", word);
        }
        status
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_reads_alike_in_every_protocol() {
        let error = ApiError::invalid("error.type", "must not be empty");
        assert_eq!(
            error.to_json(),
            serde_json::json!({"code": "invalid", "message": "must not be empty", "field": "error.type"})
        );
        let status = tonic::Status::from(error.clone());
        assert_eq!(status.code(), Code::InvalidArgument);
        assert_eq!(status.message(), "error.type: must not be empty");
        assert_eq!(error.into_response().status(), StatusCode::BAD_REQUEST);
    }

    /// Every code: the compiler asks for a new one here.
    fn place(code: ErrorCode) -> usize {
        match code {
            ErrorCode::Invalid => 0,
            ErrorCode::Unauthenticated => 1,
            ErrorCode::Forbidden => 2,
            ErrorCode::NotFound => 3,
            ErrorCode::MethodNotAllowed => 4,
            ErrorCode::TimedOut => 5,
            ErrorCode::Conflict => 6,
            ErrorCode::TooLarge => 7,
            ErrorCode::UnsupportedEncoding => 8,
            ErrorCode::UnsupportedType => 9,
            ErrorCode::Limited => 10,
            ErrorCode::Overloaded => 11,
            ErrorCode::Internal => 12,
        }
    }

    #[test]
    fn the_words_are_those_of_the_openapi_document() {
        let text = include_str!("../../docs/openapi.json");
        let document: serde_json::Value = serde_json::from_str(text).expect("JSON");
        let code = &document["components"]["schemas"]["Problem"]["properties"]["code"];
        let statuses = code["x-statuses"].as_object().expect("an object");
        let words: Vec<&str> = statuses.keys().map(String::as_str).collect();
        let listed = code["enum"].as_array().expect("a list");
        assert_eq!(listed.len(), words.len());
        assert!(
            words
                .iter()
                .all(|word| listed.contains(&serde_json::json!(word)))
        );
        let ours = [
            ErrorCode::Invalid,
            ErrorCode::Unauthenticated,
            ErrorCode::Forbidden,
            ErrorCode::NotFound,
            ErrorCode::MethodNotAllowed,
            ErrorCode::TimedOut,
            ErrorCode::Conflict,
            ErrorCode::TooLarge,
            ErrorCode::UnsupportedEncoding,
            ErrorCode::UnsupportedType,
            ErrorCode::Limited,
            ErrorCode::Overloaded,
            ErrorCode::Internal,
        ];
        for (at, code) in ours.into_iter().enumerate() {
            assert_eq!(place(code), at);
            assert_eq!(
                statuses.get(code.word()),
                Some(&code.http().as_u16().into())
            );
        }
        // What only reads say.
        let others: Vec<&str> = words
            .into_iter()
            .filter(|word| ours.iter().all(|code| code.word() != *word))
            .collect();
        assert_eq!(others, ["not_retained"]);
    }

    #[test]
    fn only_what_may_pass_later_carries_retry_after() {
        let overloaded = ApiError::new(ErrorCode::Overloaded, "busy").into_response();
        assert_eq!(overloaded.headers()[header::RETRY_AFTER], "5");
        let limited = ApiError::new(ErrorCode::Limited, "slow down").retry_after(60);
        assert_eq!(limited.into_response().headers()[header::RETRY_AFTER], "60");
        let large = ApiError::new(ErrorCode::TooLarge, "too large").into_response();
        assert!(!large.headers().contains_key(header::RETRY_AFTER));
    }

    #[test]
    fn a_message_with_line_breaks_never_breaks_the_header() {
        let response = ApiError::new(ErrorCode::Invalid, "bad\r\nx: ü").sentry_response();
        assert_eq!(response.headers()["x-sentry-error"], "bad??x: ?");
    }
}
