//! One request on its way through: its turn, its head, and how long its body and its
//! answer may stand still.
//!
//! Invariant: a request is in progress until the client was handed the last byte of its
//! answer or has gone. What it sends comes without long pauses and, unless it is a stream
//! of messages, in time ([`Patience`](super::life::Patience)); doors have stricter time-outs of their own. Answers are handed over in pieces, so that one which is not
//! read holds little more than a piece, and is seen.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use axum::body::Body;
use bytes::Bytes;
use http::{HeaderValue, Request, Response, header};
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::body::Incoming;
use proto::error::{ErrorCode, Refusal};
use tokio::time::{Instant, Sleep};

use super::{life::Life, places::Turn};

/// Most bytes of an answer that are handed over at a time.
const PIECE_BYTES_MAX: usize = 64 * 1024;

/// What is wrong with a head that HTTP itself allows nobody to send.
pub(super) fn fault_of_head<B>(request: &Request<B>) -> Option<&'static str> {
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let (first, second) = (hosts.next(), hosts.next());
    if second.is_some() {
        return Some("the request names two hosts");
    }
    // Beside an address in the request line `Host` may say something else: a forwarder
    // keeps the one that its client named.
    let names_none = first.is_none() && request.uri().authority().is_none();
    (names_none && request.version() > http::Version::HTTP_10)
        .then_some("the request names no host")
}

/// 400, and the end of an HTTP/1.1 connection: where the next request begins is as
/// doubtful as the host.
pub(super) fn bad_request(message: &str) -> Response<Body> {
    let refusal = Refusal::at(ErrorCode::Invalid, "Host", message);
    let mut response: Response<Body> = refusal.response();
    let close = HeaderValue::from_static("close");
    response.headers_mut().insert(header::CONNECTION, close);
    response
}

/// A request that is in progress, for as long as this lives.
#[derive(Debug)]
pub(super) struct Begun(Arc<Life>);

impl Begun {
    pub(super) fn new(life: &Arc<Life>) -> Self {
        life.begin_request();
        Self(Arc::clone(life))
    }
}

impl Drop for Begun {
    fn drop(&mut self) {
        self.0.end_request();
    }
}

/// Why a request's body ended early.
#[derive(Debug, thiserror::Error)]
#[error("the body of the request did not come in time")]
struct TooSlow;

/// A request's body.
pub(super) struct Sent {
    body: Incoming,
    life: Arc<Life>,
    /// When all of it must be there.
    until: Option<Instant>,
    /// Armed while nothing comes.
    waiting: Option<Pin<Box<Sleep>>>,
}

impl Sent {
    /// `is_stream`: messages that come when there is something to tell.
    pub(super) fn new(body: Incoming, life: &Arc<Life>, is_stream: bool) -> Self {
        Self {
            body,
            life: Arc::clone(life),
            until: (!is_stream).then(|| Instant::now() + life.patience.sending),
            waiting: None,
        }
    }
}

impl Sent {
    /// It came, or nobody waits for it any more.
    fn go_on(&mut self) {
        if self.waiting.take().is_some() {
            self.life.stall(false);
        }
    }
}

impl Drop for Sent {
    fn drop(&mut self) {
        self.go_on();
    }
}

impl HttpBody for Sent {
    type Data = Bytes;
    type Error = axum::BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::BoxError>>> {
        let this = &mut *self;
        match Pin::new(&mut this.body).poll_frame(context) {
            Poll::Ready(frame) => {
                this.go_on();
                if this.until.is_some_and(|until| Instant::now() > until)
                    && !this.body.is_end_stream()
                {
                    return Poll::Ready(Some(Err(TooSlow.into())));
                }
                Poll::Ready(frame.map(|frame| frame.map_err(Into::into)))
            }
            Poll::Pending => {
                let (life, until) = (&this.life, this.until);
                let pause = life.patience.pause;
                let waiting = this.waiting.get_or_insert_with(|| {
                    life.stall(true);
                    let pause = Instant::now() + pause;
                    let until = until.map_or(pause, |until| pause.min(until));
                    Box::pin(tokio::time::sleep_until(until))
                });
                ready!(waiting.as_mut().poll(context));
                Poll::Ready(Some(Err(TooSlow.into())))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// An answer's body, and with it the request's place.
pub(super) struct Answer {
    body: Body,
    /// What is left of a frame that was too large to be handed over at once.
    rest: Bytes,
    number: u64,
    life: Arc<Life>,
    _begun: Begun,
    _turn: Option<Turn>,
}

impl Answer {
    pub(super) fn new(body: Body, life: &Arc<Life>, begun: Begun, turn: Option<Turn>) -> Self {
        let number = life.answer();
        // Its head.
        life.handed_over(number);
        Self {
            body,
            rest: Bytes::new(),
            number,
            life: Arc::clone(life),
            _begun: begun,
            _turn: turn,
        }
    }
}

impl HttpBody for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let this = &mut *self;
        this.life.taken(this.number);
        if this.rest.is_empty() {
            match ready!(Pin::new(&mut this.body).poll_frame(context)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => this.rest = data,
                    Err(trailers) => return Poll::Ready(Some(Ok(trailers))),
                },
                end => return Poll::Ready(end),
            }
        }
        let piece = this.rest.split_to(this.rest.len().min(PIECE_BYTES_MAX));
        this.life.handed_over(this.number);
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let rest = self.rest.len() as u64;
        let of_body = self.body.size_hint();
        let mut hint = SizeHint::new();
        hint.set_lower(of_body.lower().saturating_add(rest));
        if let Some(upper) = of_body.upper() {
            hint.set_upper(upper.saturating_add(rest));
        }
        hint
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        self.life.taken(self.number);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use http::Version;
    use http_body_util::BodyExt;

    use super::*;

    #[test]
    fn a_head_names_one_host() {
        let head = |version, uri: &str, hosts: &[&str]| {
            let mut request = Request::builder().version(version).uri(uri);
            for host in hosts {
                request = request.header("host", *host);
            }
            fault_of_head(&request.body(()).unwrap()).is_none()
        };
        let one = ["errata.example"];
        let two = ["errata.example", "evil.example"];
        let whole = "http://errata.example/";
        for (version, uri, hosts, sound) in [
            (Version::HTTP_11, "/", &one[..], true),
            (Version::HTTP_11, "/", &[], false),
            (Version::HTTP_11, "/", &two, false),
            (Version::HTTP_10, "/", &[], true),
            (Version::HTTP_10, "/", &two, false),
            (Version::HTTP_2, whole, &[], true),
            (Version::HTTP_2, whole, &one, true),
            (Version::HTTP_2, whole, &two[1..], true),
            (Version::HTTP_2, whole, &two, false),
            (Version::HTTP_2, "/", &[], false),
        ] {
            assert_eq!(
                head(version, uri, hosts),
                sound,
                "{version:?} {uri} {hosts:?}"
            );
        }
    }

    #[tokio::test]
    async fn an_answer_is_handed_over_in_pieces_and_whole() {
        let life = Arc::new(Life::new(crate::server::life::Patience::USUAL));
        let text: Bytes = (0..300_000_u32)
            .map(|at| at as u8)
            .collect::<Vec<_>>()
            .into();
        let answer = Answer::new(Body::from(text.clone()), &life, Begun::new(&life), None);
        assert_eq!(answer.size_hint().exact(), Some(300_000));
        let mut body = Box::pin(answer);
        let (mut read, mut pieces) = (Vec::new(), 0);
        while let Some(frame) = body.frame().await {
            let data = frame.unwrap().into_data().unwrap();
            assert!(data.len() <= PIECE_BYTES_MAX);
            read.extend_from_slice(&data);
            pieces += 1;
        }
        assert_eq!((read == text, pieces), (true, 5));
        assert!(
            life.idle_since().is_none(),
            "in progress until it is dropped"
        );
        drop(body);
        assert!(life.idle_since().is_some());
    }
}
