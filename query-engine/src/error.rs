//! What goes wrong with a read, and how each protocol says it. The only place
//! where an [`ErrorCode`] becomes an HTTP status or a gRPC code.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use read_model::{ReadModelError, issues::reader::ReadError};
use tonic::{Code, Status};

/// Seconds a reader should wait when the engine is overloaded or not ready.
const RETRY_AFTER_S: u64 = 1;

/// Why a read was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ErrorCode {
    /// Malformed, with the field.
    Invalid,
    /// No, malformed or expired authentication.
    Unauthenticated,
    /// An unknown or revoked token, or a credential that may not read.
    Forbidden,
    /// No such thing.
    NotFound,
    /// It was there, but is no longer kept in the log.
    NotRetained,
    /// Not this way.
    MethodNotAllowed,
    /// Too many reads at once, or the read model is not there yet.
    Overloaded,
    /// A fault of ours.
    Internal,
}

impl ErrorCode {
    /// The stable word of the JSON answer.
    fn word(self) -> &'static str {
        match self {
            Self::Invalid => "invalid",
            Self::Unauthenticated => "unauthenticated",
            Self::Forbidden => "forbidden",
            Self::NotFound => "not_found",
            Self::NotRetained => "not_retained",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::Overloaded => "overloaded",
            Self::Internal => "internal",
        }
    }

    fn http(self) -> StatusCode {
        match self {
            Self::Invalid => StatusCode::BAD_REQUEST,
            Self::Unauthenticated => StatusCode::UNAUTHORIZED,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::NotFound | Self::NotRetained => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::Overloaded => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn grpc(self) -> Code {
        match self {
            Self::Invalid => Code::InvalidArgument,
            Self::Unauthenticated => Code::Unauthenticated,
            Self::Forbidden => Code::PermissionDenied,
            Self::NotFound => Code::NotFound,
            // Apart from "not found", so that a client can say it differently.
            Self::NotRetained => Code::OutOfRange,
            Self::MethodNotAllowed => Code::Unimplemented,
            Self::Overloaded => Code::Unavailable,
            Self::Internal => Code::Internal,
        }
    }
}

/// A refused read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub(crate) struct ApiError {
    pub(crate) code: ErrorCode,
    /// For people.
    pub(crate) message: String,
    /// The offending field; empty: none.
    pub(crate) field: &'static str,
}

impl ApiError {
    pub(crate) fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            field: "",
        }
    }

    pub(crate) fn invalid(field: &'static str, message: impl Into<String>) -> Self {
        Self {
            field,
            ..Self::new(ErrorCode::Invalid, message)
        }
    }

    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::NotFound, message)
    }

    /// A fault of ours: the reader learns no insides, the log does.
    pub(crate) fn internal(error: &dyn std::error::Error) -> Self {
        let mut text = error.to_string();
        let mut cause = error.source();
        while let Some(source) = cause {
            text.push_str(": ");
            text.push_str(&source.to_string());
            cause = source.source();
        }
        tracing::error!(error = text, "a read failed");
        Self::new(ErrorCode::Internal, "the read failed on the server")
    }
}

impl From<ReadError> for ApiError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Busy => Self::new(ErrorCode::Overloaded, error.to_string()),
            other => Self::internal(&other),
        }
    }
}

impl From<ReadModelError> for ApiError {
    fn from(error: ReadModelError) -> Self {
        let passes = error.may_pass();
        let failed = Self::internal(&error);
        if passes {
            // No descriptor, no room for a journal: to be asked again.
            return Self::new(
                ErrorCode::Overloaded,
                "the read model cannot be read at the moment",
            );
        }
        failed
    }
}

impl From<event_log::ReadError> for ApiError {
    fn from(error: event_log::ReadError) -> Self {
        match error {
            event_log::ReadError::NotRetained { .. } => Self::new(
                ErrorCode::NotRetained,
                "the event is no longer kept in the log; its issue and counts are",
            ),
            error => Self::internal(&error),
        }
    }
}

impl From<ApiError> for Status {
    fn from(error: ApiError) -> Self {
        let message = if error.field.is_empty() {
            error.message
        } else {
            format!("{}: {}", error.field, error.message)
        };
        Self::new(error.code.grpc(), message)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let field = (!self.field.is_empty()).then_some(self.field);
        let body = serde_json::json!({
            "error": {"code": self.code.word(), "message": self.message, "field": field}
        });
        let mut response = (self.code.http(), axum::Json(body)).into_response();
        let headers = response.headers_mut();
        if self.code == ErrorCode::Overloaded {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(RETRY_AFTER_S));
        }
        if self.code == ErrorCode::Unauthenticated {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every code: the compiler asks for a new one here.
    fn place(code: ErrorCode) -> usize {
        match code {
            ErrorCode::Invalid => 0,
            ErrorCode::Unauthenticated => 1,
            ErrorCode::Forbidden => 2,
            ErrorCode::NotFound => 3,
            ErrorCode::NotRetained => 4,
            ErrorCode::MethodNotAllowed => 5,
            ErrorCode::Overloaded => 6,
            ErrorCode::Internal => 7,
        }
    }

    /// The gateway's test holds the same document to its own words.
    #[test]
    fn the_words_are_those_of_the_openapi_document() {
        let text = include_str!("../../docs/openapi.json");
        let document: serde_json::Value = serde_json::from_str(text).expect("JSON");
        let code = &document["components"]["schemas"]["Problem"]["properties"]["code"];
        let statuses = code["x-statuses"].as_object().expect("an object");
        let ours = [
            ErrorCode::Invalid,
            ErrorCode::Unauthenticated,
            ErrorCode::Forbidden,
            ErrorCode::NotFound,
            ErrorCode::NotRetained,
            ErrorCode::MethodNotAllowed,
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
    }
}
