//! The id of a request: what a person quotes, and what the log has it under.
//!
//! Owns the header `x-request-id`, the span that whatever is logged on the way is in,
//! and the line of the log that says that a request failed. 128 random bits as 32
//! hexadecimal digits, one a request: a well-formed id of a proxy or of another role is
//! taken over, so that a request has one id wherever it goes. It is never an authority
//! for anything, since any client can choose it.

use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use tracing::Span;

use super::Complaints;

const HEADER: HeaderName = HeaderName::from_static("x-request-id");
/// Hexadecimal digits: 128 bits.
const DIGITS: usize = 32;
/// The status of a call whose answer is nothing but a failure stands among its headers.
const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");

/// One request's id.
pub(super) struct RequestId(HeaderValue);

impl RequestId {
    /// Of a request with these headers, which name it from now on.
    pub(super) fn of(headers: &mut HeaderMap) -> Self {
        let given = headers.get(HEADER).filter(|id| is_id(id.as_bytes()));
        let id = given.cloned().unwrap_or_else(draw);
        headers.insert(HEADER, id.clone());
        Self(id)
    }

    /// What is logged about the request is in it, whatever level is asked for.
    pub(super) fn span(&self) -> Span {
        tracing::error_span!("request", id = self.0.to_str().unwrap_or_default())
    }

    /// Puts the id into the answer.
    pub(super) fn put<B>(self, answer: &mut Response<B>) {
        answer.headers_mut().insert(HEADER, self.0);
    }
}

fn is_id(given: &[u8]) -> bool {
    given.len() == DIGITS
        && given
            .iter()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn draw() -> HeaderValue {
    let mut bits = [0; DIGITS / 2];
    // Without randomness all are zero: no reason to refuse a request.
    let _ = getrandom::fill(&mut bits);
    let digits = format!("{:0width$x}", u128::from_be_bytes(bits), width = DIGITS);
    HeaderValue::try_from(digits).unwrap_or(HeaderValue::from_static(""))
}

/// How an answer failed by our own fault.
#[derive(Debug, PartialEq, Eq)]
enum Fault {
    /// A defect, or a failure of this machine.
    Failed,
    /// Turned away for the moment: under load there may be thousands a second.
    TurnedAway,
}

fn fault_of<B>(answer: &Response<B>) -> Option<Fault> {
    let of_call = answer.headers().get(GRPC_STATUS).map(HeaderValue::as_bytes);
    match (answer.status(), of_call) {
        (StatusCode::SERVICE_UNAVAILABLE, _) | (_, Some(b"14")) => Some(Fault::TurnedAway),
        // Unknown, internal, data loss.
        (_, Some(b"2" | b"13" | b"15")) => Some(Fault::Failed),
        (status, _) => status.is_server_error().then_some(Fault::Failed),
    }
}

/// Says of every request that failed that it did; of those turned away the newest, with
/// their number. To be called within the request's span.
pub(super) fn say<B>(
    answer: &Response<B>,
    method: &http::Method,
    path: &str,
    turned_away: &Complaints,
) {
    let status = answer.status().as_u16();
    let header = answer.headers().get(GRPC_STATUS);
    let grpc_status = header.and_then(|status| status.to_str().ok());
    match fault_of(answer) {
        Some(Fault::Failed) => {
            tracing::warn!(%method, path, status, grpc_status, "a request failed");
        }
        Some(Fault::TurnedAway) => turned_away.say(|times| {
            tracing::warn!(%method, path, status, grpc_status, times, "requests were turned away");
        }),
        None => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_well_formed_id_is_kept_and_any_other_is_replaced() {
        let kept = "0123456789abcdef0123456789abcdef";
        for (given, is_kept) in [
            (Some(kept), true),
            (None, false),
            (Some(""), false),
            (Some("0123456789ABCDEF0123456789ABCDEF"), false),
            (Some("0123456789abcdef0123456789abcde"), false),
            (Some("0123456789abcdef0123456789abcdef0"), false),
            (Some("01234567-89ab-cdef-0123-456789abcdef"), false),
            (Some("<script>alert(1)</script>0000000"), false),
        ] {
            let mut headers = HeaderMap::new();
            if let Some(given) = given {
                headers.insert(HEADER, HeaderValue::from_static(given));
            }
            let id = RequestId::of(&mut headers);
            assert!(is_id(id.0.as_bytes()), "{given:?}");
            assert_eq!(id.0 == kept, is_kept, "{given:?}");
            assert_eq!(headers.get(HEADER), Some(&id.0), "{given:?}");
        }
        assert_ne!(draw(), draw());
    }

    #[test]
    fn what_is_our_fault_is_told_from_what_is_the_clients() {
        for (status, of_call, fault) in [
            (200, None, None),
            (200, Some("0"), None),
            (404, None, None),
            (429, None, None),
            (200, Some("5"), None),
            (200, Some("16"), None),
            (500, None, Some(Fault::Failed)),
            (502, None, Some(Fault::Failed)),
            (200, Some("2"), Some(Fault::Failed)),
            (200, Some("13"), Some(Fault::Failed)),
            (200, Some("15"), Some(Fault::Failed)),
            (503, None, Some(Fault::TurnedAway)),
            (200, Some("14"), Some(Fault::TurnedAway)),
        ] {
            let mut answer = Response::new(());
            *answer.status_mut() = StatusCode::from_u16(status).unwrap_or_default();
            if let Some(of_call) = of_call {
                answer
                    .headers_mut()
                    .insert(GRPC_STATUS, HeaderValue::from_static(of_call));
            }
            assert_eq!(fault_of(&answer), fault, "{status} {of_call:?}");
        }
    }
}
