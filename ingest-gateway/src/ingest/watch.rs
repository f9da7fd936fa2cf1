//! The layer around every door of ingestion: makes each request's [`Arrival`], notes
//! its answer, and counts the request itself if nothing of it was counted.
//!
//! Nothing is counted where tonic refuses a message before our service sees it (too
//! large, unreadable), or where the client goes away while tonic still gathers it.
//! Those requests become one item, dropped, so that they are neither lost from the
//! equation nor from the arrivals.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use event_model::ProjectId;
use http::{HeaderMap, Method, header};
use tonic::Code;

use super::Ingestion;
use crate::{
    arrivals::Arrival,
    auth::key,
    error::{ApiError, ErrorCode},
    outcome::Received,
};

/// The category of gRPC requests that could not be read.
const CATEGORY: &str = "error";

/// Watches one request.
pub(crate) async fn watch(
    State(ingestion): State<Arc<Ingestion>>,
    request: Request,
    next: Next,
) -> Response {
    if *request.method() == Method::OPTIONS {
        return next.run(request).await;
    }
    let headers = request.headers();
    let arrival = Arc::new(Arrival::new(
        request.method(),
        request.uri(),
        Some(headers),
        ingestion.clock.now_ns(),
    ));
    let is_grpc = headers
        .get(header::CONTENT_TYPE)
        .is_some_and(|value| value.as_bytes().starts_with(b"application/grpc"));
    let mut leaving = Leaving {
        ingestion: &ingestion,
        arrival: &arrival,
        authorization: headers
            .get(header::AUTHORIZATION)
            .filter(|_| is_grpc)
            .cloned(),
        is_grpc,
        is_answered: false,
    };
    let mut work = std::pin::pin!(arrival.scope(next.run(request)));
    // Behind `work`, so dropped before it when the client goes away: the items in there
    // then know why they end without a fate.
    let going = Going {
        arrival: &arrival,
        is_answered: AtomicBool::new(false),
    };
    let response = work.as_mut().await;
    going.is_answered.store(true, Ordering::Relaxed);
    drop(going);
    leaving.answered(&response);
    response
}

/// Marks a request whose future is dropped before it has an answer.
struct Going<'a> {
    arrival: &'a Arrival,
    is_answered: AtomicBool,
}

impl Drop for Going<'_> {
    fn drop(&mut self) {
        // A panic is ours, and its items are.
        if !self.is_answered.load(Ordering::Relaxed) && !std::thread::panicking() {
            self.arrival.set_gone();
        }
    }
}

/// The end of a request: answered, or dropped with its future when the client went
/// away.
struct Leaving<'a> {
    ingestion: &'a Ingestion,
    arrival: &'a Arc<Arrival>,
    authorization: Option<http::HeaderValue>,
    is_grpc: bool,
    is_answered: bool,
}

impl Leaving<'_> {
    fn answered(&mut self, response: &Response) {
        self.is_answered = true;
        let number = |name: &str| response.headers().get(name)?.to_str().ok()?.parse().ok();
        let code: Option<u16> = self
            .is_grpc
            .then(|| number("grpc-status").unwrap_or_default());
        self.arrival.answered(response.status().as_u16(), code);
        if self.arrival.has_items() {
            return;
        }
        let message = || {
            let text = response.headers().get("grpc-message");
            text.map_or_else(String::new, |text| {
                let text = percent_encoding::percent_decode(text.as_bytes());
                text.decode_utf8_lossy().into_owned()
            })
        };
        let error = match code {
            Some(code) if code != 0 => refusal(Code::from(i32::from(code)), message()),
            // Not gRPC after all: over HTTP/1.1, say.
            Some(_) if response.status().is_client_error() => ApiError::new(
                ErrorCode::Invalid,
                "gRPC needs HTTP/2 and its content types",
            ),
            _ => return,
        };
        self.received().refused(&error);
    }

    /// The request as one item, of its key if that can be known.
    fn received(&self) -> Received {
        let key = self.authorization.as_ref().and_then(|value| {
            let mut headers = HeaderMap::new();
            headers.insert(header::AUTHORIZATION, value.clone());
            key::native_key(&headers, None).ok()
        });
        let state = self.ingestion.state.read();
        let owner = key.and_then(|key| Some((state.keys.get(&key)?, key)));
        let mut project = ProjectId(0);
        if let Some((found, key)) = owner {
            self.arrival.set_owner(found.project_id, key);
            if found.enabled {
                project = found.project_id;
            }
        }
        Received::of(
            &self.ingestion.tally,
            Arc::clone(self.arrival),
            CATEGORY,
            project,
            1,
        )
    }
}

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        if self.is_answered {
            return;
        }
        if self.is_grpc && !self.arrival.has_items() {
            // Without a word from here on: it is the client's, or a panic's.
            drop(self.received());
        }
    }
}

/// What tonic's own refusals mean here: [`ErrorCode::grpc`] the other way round, and
/// tonic's words for bodies that it cannot read or that broke off.
pub(crate) fn refusal(code: Code, message: impl Into<String>) -> ApiError {
    let code = match code {
        Code::OutOfRange | Code::ResourceExhausted => ErrorCode::TooLarge,
        Code::Unavailable => ErrorCode::Overloaded,
        Code::Unauthenticated => ErrorCode::Unauthenticated,
        Code::PermissionDenied => ErrorCode::Forbidden,
        Code::Cancelled | Code::DeadlineExceeded | Code::Unknown => ErrorCode::TimedOut,
        _ => ErrorCode::Invalid,
    };
    ApiError::new(code, message)
}
