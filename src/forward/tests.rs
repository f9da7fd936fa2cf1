#![allow(clippy::unwrap_used)]

use std::fmt::Write;

use axum::Router;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use axum::response::IntoResponse as _;

use super::*;

/// A gateway that answers what it was asked, as text.
async fn echo(request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    let mut text = format!(
        "{} {} {:?}\n",
        parts.method,
        parts.uri.path(),
        parts.version
    );
    for (name, value) in &parts.headers {
        writeln!(text, "{name}: {}", value.to_str().unwrap()).unwrap();
    }
    write!(text, "\n{}", String::from_utf8_lossy(&bytes)).unwrap();
    let mut response = text.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("x-secret"));
    headers.insert("x-secret", HeaderValue::from_static("of one connection"));
    headers.insert("x-kept", HeaderValue::from_static("yes"));
    response
}

fn secret() -> ServerSecret {
    ServerSecret::new([3; 32])
}

fn forwarder(gateway: &str) -> Forwarder {
    let mut config = Config::default();
    gateway.clone_into(&mut config.peers.gateway);
    Forwarder::new(&config, &secret()).unwrap()
}

/// A running echo, what forwards to it, and its end.
async fn world() -> (Forwarder, CancellationToken) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let forwarder = forwarder(&format!("http://{}", listener.local_addr().unwrap()));
    let stop = CancellationToken::new();
    let router = Router::new().fallback(echo);
    tokio::spawn(crate::server::serve_tcp(
        "test",
        listener,
        router,
        crate::server::Bounds::SMALL,
        stop.clone(),
    ));
    (forwarder, stop)
}

fn request(version: Version, peer: [u8; 4], headers: &[(&str, &str)]) -> Request {
    let mut request = Request::post("/api/1/envelope/?sentry_key=1").version(version);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let mut request = request.body(Body::from("the body")).unwrap();
    let peer = SocketAddr::from((peer, 4321));
    request.extensions_mut().insert(ConnectInfo(peer));
    request
}

async fn text(response: Response) -> String {
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[tokio::test]
async fn a_message_arrives_without_the_headers_of_its_connection() {
    let (forwarder, _stop) = world().await;
    for version in [Version::HTTP_11, Version::HTTP_2] {
        let sent = request(
            version,
            [203, 0, 113, 7],
            &[
                ("host", "errors.example.com"),
                ("connection", "close, x-hop"),
                ("x-hop", "1"),
                ("keep-alive", "timeout=5"),
                ("te", "trailers"),
                ("cookie", "errata_session=s"),
                ("x-forwarded-for", "198.51.100.1"),
                ("x-errata-forwarder", "forged"),
            ],
        );
        let answer = forwarder.forward(sent).await;
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["x-kept"], "yes");
        assert!(
            !answer.headers().contains_key("x-secret"),
            "{:?}",
            answer.headers()
        );
        let said = text(answer).await;
        assert!(
            said.starts_with(&format!("POST /api/1/envelope/ {version:?}\n")),
            "{said}"
        );
        assert!(said.ends_with("\n\nthe body"), "{said}");
        let token = format!("x-errata-forwarder: {}\n", secret().internal_token());
        for line in [
            "host: errors.example.com\n",
            "cookie: errata_session=s\n",
            "x-forwarded-for: 203.0.113.7\n",
            "te: trailers\n",
            &token,
        ] {
            assert!(said.contains(line), "{line:?} in {said}");
        }
        for name in ["x-hop", "keep-alive", "forged", "198.51.100.1"] {
            assert!(!said.contains(name), "{name} in {said}");
        }
    }
}

#[tokio::test]
async fn only_a_trusted_proxy_may_say_whose_request_it_is() {
    let (mut forwarder, _stop) = world().await;
    let proxies = vec!["10.0.0.0/8".to_owned()].try_into().unwrap();
    forwarder.addresses = Addresses::new(proxies, forwarder.secret.clone());
    // Of two lines the second is the proxy's own.
    let lines = [
        ("x-forwarded-for", "1.1.1.1"),
        ("x-forwarded-for", "2.2.2.2"),
    ];
    for (peer, expected) in [
        ([127, 0, 0, 1], "2.2.2.2"),
        ([10, 1, 2, 3], "2.2.2.2"),
        ([203, 0, 113, 7], "203.0.113.7"),
    ] {
        let answer = forwarder
            .forward(request(Version::HTTP_11, peer, &lines))
            .await;
        let said = text(answer).await;
        let line = format!("x-forwarded-for: {expected}\n");
        assert_eq!(said.matches("x-forwarded-for").count(), 1, "{said}");
        assert!(said.contains(&line), "{line} in {said}");
    }
}

#[tokio::test]
async fn a_gateway_that_is_down_is_a_503_and_serves_again_when_it_is_back() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let forwarder = forwarder(&format!("http://{address}"));
    for version in [Version::HTTP_11, Version::HTTP_2] {
        let answer = forwarder
            .forward(request(version, [127, 0, 0, 1], &[]))
            .await;
        assert_eq!(answer.status(), 503);
        assert_eq!(answer.headers()["retry-after"], "2");
        assert!(text(answer).await.contains("does not answer"));
    }
    let grpc = [("content-type", "application/grpc")];
    let answer = forwarder
        .forward(request(Version::HTTP_2, [127, 0, 0, 1], &grpc))
        .await;
    assert_eq!(
        (answer.status().as_u16(), &answer.headers()["grpc-status"]),
        (200, &HeaderValue::from_static("14"))
    );

    let listener = TcpListener::bind(address).await.unwrap();
    let router = Router::new().fallback(echo);
    tokio::spawn(crate::server::serve_tcp(
        "test",
        listener,
        router,
        crate::server::Bounds::SMALL,
        CancellationToken::new(),
    ));
    let answer = forwarder
        .forward(request(Version::HTTP_11, [127, 0, 0, 1], &[]))
        .await;
    assert_eq!(answer.status(), 200);
}

#[tokio::test]
async fn two_query_roles_do_not_forward_in_a_circle() {
    let (forwarder, _stop) = world().await;
    let token = secret().internal_token();
    let sent = request(
        Version::HTTP_11,
        [127, 0, 0, 1],
        &[("x-errata-forwarder", &token)],
    );
    let answer = forwarder.forward(sent).await;
    assert_eq!(answer.status(), 503);
    assert!(text(answer).await.contains("another query role"));
}

#[tokio::test]
async fn a_gateway_that_never_answers_is_given_up_by_every_protocol() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut forwarder = forwarder(&format!("http://{}", listener.local_addr().unwrap()));
    forwarder.answer_timeout = Duration::from_millis(20);
    forwarder.stream_timeout = Duration::from_millis(20);
    let router = Router::new().fallback(|| async { std::future::pending::<Response>().await });
    let bounds = crate::server::Bounds::SMALL;
    let stop = CancellationToken::new();
    tokio::spawn(crate::server::serve_tcp(
        "test", listener, router, bounds, stop,
    ));
    for (version, path, content_type) in [
        (Version::HTTP_11, "/api/1/envelope/", "application/json"),
        (
            Version::HTTP_11,
            "/errata.v1.CommandService/CreateProject",
            "application/grpc-web",
        ),
        (
            Version::HTTP_2,
            "/errata.v1.CommandService/CreateProject",
            "application/grpc",
        ),
        (
            Version::HTTP_2,
            "/errata.v1.IngestService/SendErrors",
            "application/grpc",
        ),
        (Version::HTTP_2, STREAM_ERRORS, "application/grpc"),
    ] {
        let peer = [127, 0, 0, 1];
        let mut sent = request(version, peer, &[("content-type", content_type)]);
        *sent.uri_mut() = path.parse().unwrap();
        let answer = forwarder.forward(sent).await;
        let is_unavailable = match answer.headers().get("grpc-status") {
            Some(code) => code == "14",
            None => answer.status() == 503,
        };
        assert!(is_unavailable, "{version:?} {path}: {answer:?}");
    }
}
