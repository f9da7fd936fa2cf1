//! How OTLP's answers are written: in the encoding of the request, refusals as
//! `google.rpc.Status`.

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, header};
use prost::Message;
use proto::error::{RETRY_INFO, RpcStatus, rpc_status};
use serde_json::json;
use tonic::Code;

use super::Rejected;
use event_intake::otlp::{Encoding, Signal};

use crate::error::{ApiError, ErrorCode};

const PROTOBUF: HeaderValue = HeaderValue::from_static("application/x-protobuf");

/// How a request is written and answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Protobuf,
    Json,
    /// Neither: refused, in JSON.
    Unknown,
}

/// `Export…ServiceResponse`: all three have the same fields.
#[derive(Clone, PartialEq, Message)]
struct Exported {
    #[prost(message, optional, tag = "1")]
    partial_success: Option<PartialSuccess>,
}

#[derive(Clone, PartialEq, Message)]
struct PartialSuccess {
    #[prost(int64, tag = "1")]
    rejected: i64,
    #[prost(string, tag = "2")]
    error_message: String,
}

impl Form {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let value = headers.get(header::CONTENT_TYPE);
        let text = value.and_then(|value| value.to_str().ok()).unwrap_or("");
        let bare = text.split(';').next().unwrap_or_default().trim();
        match bare.to_ascii_lowercase().as_str() {
            "application/x-protobuf"
            | "application/protobuf"
            | "application/vnd.google.protobuf" => Self::Protobuf,
            "application/json" => Self::Json,
            _ => Self::Unknown,
        }
    }

    pub(super) fn encoding(self) -> Result<Encoding, ApiError> {
        match self {
            Self::Protobuf => Ok(Encoding::Protobuf),
            Self::Json => Ok(Encoding::Json),
            Self::Unknown => Err(ApiError::at(
                ErrorCode::UnsupportedEncoding,
                "content-type",
                "OTLP is sent as application/x-protobuf or application/json",
            )),
        }
    }

    pub(super) fn accepted(self, signal: Signal, rejected: &Rejected) -> Response {
        if self == Self::Protobuf {
            return ([(header::CONTENT_TYPE, PROTOBUF)], exported(rejected)).into_response();
        }
        let name = match signal {
            Signal::Logs => "rejectedLogRecords",
            Signal::Traces => "rejectedSpans",
            Signal::Metrics => "rejectedDataPoints",
        };
        // 64-bit numbers are strings in protobuf's JSON.
        let body = if rejected.count == 0 {
            json!({})
        } else {
            json!({"partialSuccess": {
                name: rejected.count.to_string(),
                "errorMessage": rejected.reason,
            }})
        };
        axum::Json(body).into_response()
    }

    pub(super) fn refused(self, error: &ApiError) -> Response {
        let mut response = if self == Self::Protobuf {
            (
                [(header::CONTENT_TYPE, PROTOBUF)],
                status_of(error).encode_to_vec(),
            )
                .into_response()
        } else {
            let mut details = Vec::new();
            if error.code.is_retriable() {
                let delay = format!("{}s", error.retry_after_s);
                details.push(json!({"@type": RETRY_INFO, "retryDelay": delay}));
            }
            let status = json!({
                "code": code_of(error.code) as i32,
                "message": error.text(),
                "details": details,
            });
            axum::Json(status).into_response()
        };
        *response.status_mut() = error.code.http();
        error.put_headers(response.headers_mut());
        response
    }
}

/// The answer of success in protobuf; empty if every record could be read.
pub(super) fn exported(rejected: &Rejected) -> Bytes {
    let partial_success = (rejected.count > 0).then(|| PartialSuccess {
        rejected: rejected.count as i64,
        error_message: rejected.reason.clone(),
    });
    Exported { partial_success }.encode_to_vec().into()
}

/// A refusal as gRPC sends it.
pub(super) fn grpc_refused(error: &ApiError) -> Response<Body> {
    let details = status_of(error).encode_to_vec().into();
    tonic::Status::with_details(code_of(error.code), error.text(), details).into_http()
}

fn status_of(error: &ApiError) -> RpcStatus {
    rpc_status(code_of(error.code), error)
}

/// OTLP's exporters retry OUT_OF_RANGE, which is our own clients' word for what is
/// too large and will never pass.
fn code_of(code: ErrorCode) -> Code {
    match code {
        ErrorCode::TooLarge => Code::InvalidArgument,
        code => code.grpc(),
    }
}
