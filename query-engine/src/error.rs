//! What goes wrong with a read. [`proto::error`] owns the words and forms of a refusal;
//! here is which fault of the parts below becomes which.

use std::ops::Deref;

use axum::response::{IntoResponse, Response};
use event_model::access::Denied;
pub(crate) use proto::error::ErrorCode;
use proto::error::{Place, Refusal};
use read_model::{ReadModelError, issues::reader::ReadError};
use tonic::Status;

/// Seconds a reader should wait when the engine is overloaded or not ready.
const RETRY_AFTER_S: u64 = 1;
/// The same when an object store does not answer.
const STORE_RETRY_AFTER_S: u64 = 30;

/// A refused read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct ApiError(Refusal);

impl ApiError {
    pub(crate) fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self::at(code, "", message)
    }

    pub(crate) fn at(code: ErrorCode, field: &str, message: impl Into<String>) -> Self {
        Self(Refusal::at(code, field, message).retry_after(RETRY_AFTER_S))
    }

    /// The same with another waiting time.
    pub(crate) fn retry_after(self, seconds: u64) -> Self {
        Self(self.0.retry_after(seconds))
    }

    /// The same of a part of the field.
    pub(crate) fn within(self, place: Option<Place>) -> Self {
        Self(self.0.within(place))
    }

    /// The same of another field.
    pub(crate) fn of_field(&self, field: &str) -> Self {
        Self(Refusal {
            field: field.to_owned(),
            ..self.0.clone()
        })
    }

    /// A refusal on its way over gRPC.
    pub(crate) fn of_status(status: &Status) -> Self {
        Self(Refusal::of_status(status))
    }

    pub(crate) fn invalid(field: &str, message: impl Into<String>) -> Self {
        Self::at(ErrorCode::Invalid, field, message)
    }

    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::NotFound, message)
    }

    pub(crate) fn not_retained() -> Self {
        Self::new(
            ErrorCode::NotRetained,
            "the event is no longer kept; its issue and counts are",
        )
    }

    /// A fault of ours: the reader learns no insides, the log does.
    pub(crate) fn internal(error: &dyn std::error::Error) -> Self {
        tracing::error!(error = ground::with_causes(error), "a read failed");
        Self::new(ErrorCode::Internal, "the read failed on the server")
    }
}

impl Deref for ApiError {
    type Target = Refusal;

    fn deref(&self) -> &Refusal {
        &self.0
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
        if matches!(error, ReadModelError::TooBroad { .. }) {
            return Self::invalid("query", error.to_string());
        }
        if matches!(error, ReadModelError::ColdBusy) {
            return Self::new(ErrorCode::Overloaded, error.to_string());
        }
        if matches!(error, ReadModelError::TooManyGroups { .. }) {
            return Self::invalid("group_by", error.to_string());
        }
        if matches!(error, ReadModelError::OutOfTime { .. }) {
            return Self::at(ErrorCode::Overloaded, "query", error.to_string());
        }
        let passes = error.may_pass();
        let (is_of_store, is_refused) = (error.is_of_store(), error.is_refused());
        let failed = Self::internal(&error);
        if passes {
            // No descriptor, no room for a journal: to be asked again.
            return Self::new(
                ErrorCode::Overloaded,
                "the read model cannot be read at the moment",
            );
        }
        if is_of_store {
            let message = if is_refused {
                "old events cannot be read: the object store of cold.url refuses its credentials"
            } else {
                "old events cannot be read at the moment: the object store of cold.url failed"
            };
            return Self::new(ErrorCode::Overloaded, message).retry_after(STORE_RETRY_AFTER_S);
        }
        failed
    }
}

impl From<event_log::ReadError> for ApiError {
    fn from(error: event_log::ReadError) -> Self {
        match error {
            event_log::ReadError::NotRetained { .. } => Self::not_retained(),
            error => Self::internal(&error),
        }
    }
}

impl From<ApiError> for Refusal {
    fn from(error: ApiError) -> Self {
        error.0
    }
}

impl From<ApiError> for Status {
    fn from(error: ApiError) -> Self {
        error.status()
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        self.response()
    }
}
