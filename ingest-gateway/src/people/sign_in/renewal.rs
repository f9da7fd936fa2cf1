//! Sessions that are used go on: the cookie says anew, now and then, when it was seen.
//!
//! Owns: which answers may carry it. Invariant: nothing is recorded and nobody is asked;
//! what an answer itself says of the cookie stands. Only answers to POST: what a shared
//! cache might keep bears nobody's session.

use axum::{
    Router,
    extract::Request,
    middleware::{Next, from_fn},
    response::Response,
};
use event_model::credential::{ServerSecret, SessionCookie};
use ground::Clock;
use http::{HeaderValue, Method, header};
use url::Url;

use crate::auth::caller::cookies;

/// These routes, the gateway's or those of reads, with sessions that go on by being used.
pub fn renew_sessions(
    routes: Router,
    secret: ServerSecret,
    public_url: &Url,
    clock: Clock,
) -> Router {
    let cookie = SessionCookie::new(public_url.scheme() == "https", public_url.path());
    routes.layer(from_fn(move |request: Request, next: Next| {
        let now = clock.now_ns();
        let renewed = renewed(&request, &secret, &cookie, now);
        let cookie = renewed.map(|value| cookie.set(&value, secret.session_life_s(&value, now)));
        async move {
            let response = next.run(request).await;
            match cookie {
                Some(cookie) => with_cookie(response, &cookie),
                None => response,
            }
        }
    }))
}

fn renewed(
    request: &Request,
    secret: &ServerSecret,
    cookie: &SessionCookie,
    now_ns: i64,
) -> Option<String> {
    if request.method() != Method::POST {
        return None;
    }
    let cookies = cookies(request.headers())?;
    secret.renew_session(cookie.find(&cookies)?, now_ns)
}

/// With the cookie, if the request was answered as asked.
fn with_cookie(mut response: Response, cookie: &str) -> Response {
    let headers = response.headers();
    // gRPC says in an answer without a body, at once, that it has none.
    let has_failed = headers.get("grpc-status").is_some_and(|code| code != "0");
    if !response.status().is_success() || has_failed || headers.contains_key(header::SET_COOKIE) {
        return response;
    }
    if let Ok(value) = HeaderValue::from_str(cookie) {
        response.headers_mut().insert(header::SET_COOKIE, value);
    }
    response
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use axum::{body::Body, response::IntoResponse, routing::any};
    use event_model::{SessionId, UserId};
    use tower::ServiceExt;

    use super::*;

    const NOW_NS: i64 = 1_795_000_000_000_000_000;
    const HOUR_NS: i64 = 3_600_000_000_000;

    fn secret() -> ServerSecret {
        ServerSecret::new([7; 32])
    }

    fn session(seen_ns: i64) -> String {
        secret().sign_session(UserId(1), 0, SessionId([5; 16]), seen_ns)
    }

    /// The cookie set by a route that answers with the request's header `x-answer`.
    async fn set(method: &str, answer: &str, cookie: &str) -> Option<String> {
        let routes = Router::new().route(
            "/",
            any(async |request: Request| -> Response {
                let answer = request.headers()["x-answer"].to_str().unwrap().to_owned();
                let mut response = ().into_response();
                match answer.split_once(' ') {
                    Some((name, value)) => {
                        let name: http::HeaderName = name.parse().unwrap();
                        response.headers_mut().insert(name, value.parse().unwrap());
                    }
                    None => *response.status_mut() = answer.parse().unwrap(),
                }
                response
            }),
        );
        let url = "http://localhost".parse().unwrap();
        let routes = renew_sessions(routes, secret(), &url, Clock::standing_at(NOW_NS));
        let request = Request::builder()
            .method(method)
            .uri("/")
            .header("x-answer", answer)
            .header("cookie", format!("a=b; errata_session={cookie}"))
            .body(Body::empty())
            .unwrap();
        let response = routes.oneshot(request).await.unwrap();
        let cookie = response.headers().get(header::SET_COOKIE)?;
        Some(cookie.to_str().unwrap().to_owned())
    }

    #[tokio::test]
    async fn answers_to_a_session_that_was_not_seen_for_a_while_set_it_anew() {
        let now = NOW_NS;
        let old = session(now - 2 * HOUR_NS);
        let cookie = set("POST", "200", &old).await.unwrap();
        let value = SessionCookie::new(false, "/")
            .find(&cookie)
            .unwrap()
            .to_owned();
        assert_ne!(value, old);
        // What is new is when it was seen.
        assert_eq!(
            secret().renew_session(&value, now + HOUR_NS - 1_000_000_000),
            None
        );
        for attribute in ["HttpOnly", "SameSite=Lax", "Max-Age=1209600"] {
            assert!(cookie.contains(attribute), "{attribute} in {cookie}");
        }
    }

    #[tokio::test]
    async fn nothing_else_is_set() {
        let now = NOW_NS;
        let old = session(now - 2 * HOUR_NS);
        for (method, answer, cookie) in [
            ("POST", "200", session(now)),
            ("POST", "200", session(now - 15 * 24 * HOUR_NS)),
            ("POST", "200", "1.0.forged".to_owned()),
            // May be kept by a cache for everybody.
            ("GET", "200", old.clone()),
            ("POST", "401", old.clone()),
            ("POST", "503", old.clone()),
            ("POST", "grpc-status 16", old.clone()),
        ] {
            let found = set(method, answer, &cookie).await;
            assert_eq!(found, None, "{method} {answer}");
        }
        assert!(set("POST", "grpc-status 0", &old).await.is_some());
        // Who signs out stays so.
        let removed = "errata_session=; Max-Age=0";
        let found = set("POST", &format!("set-cookie {removed}"), &old).await;
        assert_eq!(found.as_deref(), Some(removed));
    }
}
