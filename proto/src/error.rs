//! What goes wrong, and how each protocol says it: the contract of errors of every role.
//!
//! Owns the words ([`ErrorCode`]), their HTTP statuses and gRPC codes, and the forms in
//! which a [`Refusal`] travels: `{"error": {"code", "message", "field"}}` with
//! `Retry-After` in HTTP, a status with the metadata `errata-code`, `errata-field`,
//! `errata-position` and `retry-after` in gRPC, and back from there ([`Refusal::of_status`]). Invariant: a
//! refusal that came over gRPC from another role is the one that was sent. Must not know
//! what it is refused for: who refuses adds reasons of its own around it.
//!
//! Messages are for people; `field` names the offending field or position. Waiting times
//! are whole seconds.

use std::fmt;

use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use prost::Message;
use tonic::{
    Code, Status,
    metadata::{MetadataMap, MetadataValue},
};

/// Seconds a client should wait after an overload: two commit groups of a busy
/// disk are long over by then, and a fleet's retries spread out.
pub const RETRY_AFTER_S: u64 = 5;

/// Metadata of a status: the word of the code.
const CODE: &str = "errata-code";
/// The field, printable.
const FIELD: &str = "errata-field";
/// The place within it: "offset,length".
const PLACE: &str = "errata-position";
/// What may have been meant.
const SUGGESTION: &str = "errata-suggestion-bin";
/// Seconds to wait; named as in HTTP.
const RETRY_AFTER: &str = "retry-after";

/// Why a request, or a part of it, was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorCode {
    /// Malformed, with position or field.
    Invalid,
    /// No, malformed or expired authentication.
    Unauthenticated,
    /// Unknown or disabled key, a credential that may not do that, too small a role.
    Forbidden,
    /// No such thing.
    NotFound,
    /// It was there, but is no longer kept.
    NotRetained,
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
    /// Overloaded, no space, not ready yet, shutting down; later.
    Overloaded,
    /// A fault of ours.
    Internal,
}

/// Each code with its stable word, its HTTP status and its gRPC code.
const TABLE: [(ErrorCode, &str, StatusCode, Code); 14] = {
    use ErrorCode as E;
    use StatusCode as S;
    [
        (E::Invalid, "invalid", S::BAD_REQUEST, Code::InvalidArgument),
        (
            E::Unauthenticated,
            "unauthenticated",
            S::UNAUTHORIZED,
            Code::Unauthenticated,
        ),
        (
            E::Forbidden,
            "forbidden",
            S::FORBIDDEN,
            Code::PermissionDenied,
        ),
        (E::NotFound, "not_found", S::NOT_FOUND, Code::NotFound),
        // Apart from "not found" in gRPC, so that a client can say it differently.
        (
            E::NotRetained,
            "not_retained",
            S::NOT_FOUND,
            Code::OutOfRange,
        ),
        (
            E::MethodNotAllowed,
            "method_not_allowed",
            S::METHOD_NOT_ALLOWED,
            Code::Unimplemented,
        ),
        (
            E::TimedOut,
            "timed_out",
            S::REQUEST_TIMEOUT,
            Code::DeadlineExceeded,
        ),
        (E::Conflict, "conflict", S::CONFLICT, Code::AlreadyExists),
        // Not ResourceExhausted: clients retry that, and it would never pass.
        (
            E::TooLarge,
            "too_large",
            S::PAYLOAD_TOO_LARGE,
            Code::OutOfRange,
        ),
        (
            E::UnsupportedEncoding,
            "unsupported_encoding",
            S::UNSUPPORTED_MEDIA_TYPE,
            Code::InvalidArgument,
        ),
        (
            E::UnsupportedType,
            "unsupported_type",
            S::UNSUPPORTED_MEDIA_TYPE,
            Code::InvalidArgument,
        ),
        (
            E::Limited,
            "limited",
            S::TOO_MANY_REQUESTS,
            Code::ResourceExhausted,
        ),
        (
            E::Overloaded,
            "overloaded",
            S::SERVICE_UNAVAILABLE,
            Code::Unavailable,
        ),
        (
            E::Internal,
            "internal",
            S::INTERNAL_SERVER_ERROR,
            Code::Internal,
        ),
    ]
};

impl ErrorCode {
    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        TABLE.iter().map(|(code, ..)| *code)
    }

    /// The stable word of the JSON and gRPC answers.
    pub fn word(self) -> &'static str {
        TABLE[self as usize].1
    }

    /// The code of a word.
    pub fn of_word(word: &str) -> Option<Self> {
        let row = TABLE.iter().find(|(_, known, ..)| *known == word)?;
        Some(row.0)
    }

    /// The HTTP status.
    pub fn http(self) -> StatusCode {
        TABLE[self as usize].2
    }

    /// The gRPC code.
    pub fn grpc(self) -> Code {
        TABLE[self as usize].3
    }

    /// What a status means that bears no word of ours: of a proxy between, or of the
    /// transport. A call that did not get through may pass later.
    fn of_grpc(code: Code) -> Self {
        match code {
            Code::InvalidArgument | Code::FailedPrecondition => Self::Invalid,
            Code::Unauthenticated => Self::Unauthenticated,
            Code::PermissionDenied => Self::Forbidden,
            Code::NotFound => Self::NotFound,
            Code::Unimplemented => Self::MethodNotAllowed,
            Code::DeadlineExceeded => Self::TimedOut,
            Code::AlreadyExists => Self::Conflict,
            Code::OutOfRange => Self::TooLarge,
            Code::ResourceExhausted => Self::Limited,
            Code::Unavailable | Code::Aborted | Code::Cancelled => Self::Overloaded,
            Code::Ok | Code::Unknown | Code::Internal | Code::DataLoss => Self::Internal,
        }
    }

    /// What it says, for the reference.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Invalid => "malformed; `field` names the field or the position",
            Self::Unauthenticated => "no, a malformed or an expired credential",
            Self::Forbidden => {
                "an unknown or disabled key, a credential that may not do that, too small a role"
            }
            Self::NotFound => "no such thing",
            Self::NotRetained => "it was there, but retention dropped it",
            Self::MethodNotAllowed => "the method is not for this path",
            Self::TimedOut => "the body did not come in time",
            Self::Conflict => "it is there already: a name, an address",
            Self::TooLarge => "beyond a size limit",
            Self::UnsupportedEncoding => "an unknown `Content-Encoding`",
            Self::UnsupportedType => "a `Content-Type` that is not read here",
            Self::Limited => "too many; come again after `Retry-After`",
            Self::Overloaded => {
                "overloaded, no space, not ready yet or shutting down; come again after `Retry-After`"
            }
            Self::Internal => "a fault of the server; the log tells of it under the request's id",
        }
    }

    /// Whether the same request may pass later.
    pub fn is_retriable(self) -> bool {
        matches!(self, Self::Limited | Self::Overloaded)
    }
}

/// Why a request is not answered, as every protocol says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Why.
    pub code: ErrorCode,
    /// For people.
    pub message: String,
    /// Path of the offending field, or position; empty: none.
    pub field: String,
    /// Seconds to wait, for the retriable ones.
    pub retry_after_s: u64,
    /// Which part of the field is meant, where it is a text.
    pub place: Option<Place>,
}

/// A part of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Its first character, from 0.
    pub offset: u32,
    /// How many characters; 0: what is missing there.
    pub length: u32,
    /// What may have been meant instead; empty: nothing comes to mind.
    pub suggestion: String,
}

impl Refusal {
    /// A refusal without a field.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self::at(code, "", message)
    }

    /// A refusal for what stands in a field.
    pub fn at(code: ErrorCode, field: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            field: field.into(),
            retry_after_s: RETRY_AFTER_S,
            place: None,
        }
    }

    /// The same of a part of the field.
    #[must_use]
    pub fn within(self, place: Option<Place>) -> Self {
        Self { place, ..self }
    }

    /// The same with another waiting time.
    #[must_use]
    pub fn retry_after(self, seconds: u64) -> Self {
        Self {
            retry_after_s: seconds.max(1),
            ..self
        }
    }

    /// In one line: "error.type: must not be empty".
    pub fn text(&self) -> String {
        if self.field.is_empty() {
            self.message.clone()
        } else {
            format!("{}: {}", self.field, self.message)
        }
    }

    /// `{"code","message","field"}`, as it stands under `error`; with `position` and
    /// `suggestion` where a part of a text is meant.
    pub fn to_json(&self) -> serde_json::Value {
        let mut json = serde_json::json!({
            "code": self.code.word(),
            "message": self.message,
            "field": (!self.field.is_empty()).then_some(&self.field),
        });
        if let Some(place) = &self.place {
            json["position"] = serde_json::json!({
                "offset": place.offset,
                "length": place.length,
            });
            let suggestion = (!place.suggestion.is_empty()).then_some(&place.suggestion);
            json["suggestion"] = suggestion.cloned().into();
        }
        json
    }

    /// The answer over HTTP.
    pub fn response<B: From<String>>(&self) -> Response<B> {
        self.response_with(&serde_json::json!({ "error": self.to_json() }))
    }

    /// The same with another document, for protocols that have their own.
    pub fn response_with<B: From<String>>(&self, document: &serde_json::Value) -> Response<B> {
        let mut response = Response::new(B::from(document.to_string()));
        *response.status_mut() = self.code.http();
        let headers = response.headers_mut();
        let json = HeaderValue::from_static("application/json");
        headers.insert(header::CONTENT_TYPE, json);
        self.put_headers(headers);
        response
    }

    /// What the headers of any answer over HTTP say of it.
    pub fn put_headers(&self, headers: &mut HeaderMap) {
        if self.code.is_retriable() {
            let seconds = HeaderValue::from(self.retry_after_s);
            headers.insert(header::RETRY_AFTER, seconds);
        }
        if self.code == ErrorCode::Unauthenticated {
            let scheme = HeaderValue::from_static("Bearer");
            headers.insert(header::WWW_AUTHENTICATE, scheme);
        }
    }

    /// The answer over gRPC. What may pass later has `google.rpc.RetryInfo` among its
    /// details, for clients that wait by themselves.
    pub fn status(&self) -> Status {
        let mut status = if self.code.is_retriable() {
            let details = rpc_status(self.code.grpc(), self);
            Status::with_details(
                self.code.grpc(),
                self.text(),
                details.encode_to_vec().into(),
            )
        } else {
            Status::new(self.code.grpc(), self.text())
        };
        let metadata = status.metadata_mut();
        if let Ok(word) = self.code.word().parse() {
            metadata.insert(CODE, word);
        }
        if !self.field.is_empty()
            && let Ok(field) = printable(&self.field).parse()
        {
            metadata.insert(FIELD, field);
        }
        if self.code.is_retriable() {
            metadata.insert(RETRY_AFTER, self.retry_after_s.into());
        }
        if let Some(place) = &self.place {
            if let Ok(at) = format!("{},{}", place.offset, place.length).parse() {
                metadata.insert(PLACE, at);
            }
            let suggestion = MetadataValue::from_bytes(place.suggestion.as_bytes());
            metadata.insert_bin(SUGGESTION, suggestion);
        }
        status
    }

    /// What another role answered.
    pub fn of_status(status: &Status) -> Self {
        let text = |key| text_of(status.metadata(), key);
        let word = text(CODE).and_then(ErrorCode::of_word);
        let field = text(FIELD).unwrap_or_default();
        let message = status.message();
        let bare = message.strip_prefix(field);
        let bare = bare.and_then(|rest| rest.strip_prefix(": "));
        let bare = bare.filter(|_| !field.is_empty());
        let seconds = text(RETRY_AFTER).and_then(|seconds| seconds.parse().ok());
        Self {
            code: word.unwrap_or_else(|| ErrorCode::of_grpc(status.code())),
            message: bare.unwrap_or(message).to_owned(),
            field: field.to_owned(),
            retry_after_s: seconds.unwrap_or(RETRY_AFTER_S),
            place: place_of(status.metadata()),
        }
    }
}

fn place_of(metadata: &MetadataMap) -> Option<Place> {
    let (offset, length) = text_of(metadata, PLACE)?.split_once(',')?;
    let suggestion = metadata.get_bin(SUGGESTION)?.to_bytes().ok()?;
    Some(Place {
        offset: offset.parse().ok()?,
        length: length.parse().ok()?,
        suggestion: String::from_utf8(suggestion.to_vec()).ok()?,
    })
}

/// `google.rpc.Status`: a refusal as it stands in details, and in answers of OTLP.
#[derive(Clone, PartialEq, Message)]
pub struct RpcStatus {
    /// The gRPC code.
    #[prost(int32, tag = "1")]
    pub code: i32,
    /// For people.
    #[prost(string, tag = "2")]
    pub message: String,
    /// `google.rpc.RetryInfo`, if it may pass later.
    #[prost(message, repeated, tag = "3")]
    pub details: Vec<prost_types::Any>,
}

/// `google.rpc.RetryInfo`.
#[derive(Clone, PartialEq, Message)]
struct RetryInfo {
    #[prost(message, optional, tag = "1")]
    retry_delay: Option<prost_types::Duration>,
}

/// The type of the details that say when to come again.
pub const RETRY_INFO: &str = "type.googleapis.com/google.rpc.RetryInfo";

/// A refusal as `google.rpc.Status` of this code.
pub fn rpc_status(code: Code, refusal: &Refusal) -> RpcStatus {
    let retry = refusal.code.is_retriable().then(|| {
        let retry_delay = Some(prost_types::Duration {
            seconds: i64::try_from(refusal.retry_after_s).unwrap_or(i64::MAX),
            nanos: 0,
        });
        prost_types::Any {
            type_url: RETRY_INFO.to_owned(),
            value: RetryInfo { retry_delay }.encode_to_vec(),
        }
    });
    RpcStatus {
        code: code as i32,
        message: refusal.text(),
        details: retry.into_iter().collect(),
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Refusal {}

fn text_of<'m>(metadata: &'m MetadataMap, key: &str) -> Option<&'m str> {
    metadata.get(key)?.to_str().ok()
}

/// A text as a header's value may hold it: visible ASCII and spaces.
pub fn printable(text: &str) -> String {
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

/// Whether a request speaks gRPC proper. Its kin for browsers, gRPC-Web, reads the HTTP
/// status.
pub fn is_grpc(headers: &HeaderMap) -> bool {
    let given = headers.get(header::CONTENT_TYPE).map(HeaderValue::as_bytes);
    given.is_some_and(|given| {
        given.starts_with(b"application/grpc") && !given.starts_with(b"application/grpc-web")
    })
}

#[cfg(test)]
mod tests;
