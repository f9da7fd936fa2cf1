//! The UI's files, or what is said in their place.

use axum::body::Body;
use http::{Request, StatusCode, header};
use tower::ServiceExt;

use crate::fixture::Fixture;

#[tokio::test]
async fn pages_of_the_application_are_its_index_and_api_paths_are_not() {
    let fixture = Fixture::new();
    for (method, path, status, html) in [
        ("GET", "/", 200, true),
        ("GET", "/issues/0000000000000001", 200, true),
        ("GET", "/projects/1/setup", 200, true),
        ("HEAD", "/", 200, true),
        ("GET", "/assets/gone-12345678.js", 404, false),
        ("GET", "/.vite/manifest.json", 404, false),
        ("GET", "/assets/.hidden", 404, false),
        ("GET", "/api/gone", 404, false),
        ("GET", "/x/api/errors", 404, false),
        ("GET", "/auth/gone", 404, false),
        ("GET", "/v1/logs", 404, false),
        ("GET", "/errata.v1.GoneService/Gone", 404, false),
        ("POST", "/issues", 404, false),
    ] {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .body(Body::empty())
            .unwrap();
        let response = fixture.router().oneshot(request).await.unwrap();
        assert_eq!(response.status().as_u16(), status, "{method} {path}");
        let kind = response.headers()[header::CONTENT_TYPE].to_str().unwrap();
        assert_eq!(
            kind.starts_with("text/html"),
            html,
            "{method} {path}: {kind}"
        );
        if html {
            let policy = response.headers()[header::CONTENT_SECURITY_POLICY]
                .to_str()
                .unwrap();
            assert!(policy.contains("script-src 'self';"), "{policy}");
            assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
            assert_eq!(response.headers()[header::CACHE_CONTROL], "no-cache");
            for name in ["cross-origin-opener-policy", "cross-origin-resource-policy"] {
                assert_eq!(response.headers()[name], "same-origin");
            }
            let senses = response.headers()["permissions-policy"].to_str().unwrap();
            assert!(senses.contains("camera=()"), "{senses}");
        }
    }
}

#[tokio::test]
async fn an_unknown_grpc_method_is_told_in_grpc() {
    let fixture = Fixture::new();
    let request = Request::post("/errata.v1.GoneService/Gone")
        .header(header::CONTENT_TYPE, "application/grpc")
        .body(Body::empty())
        .unwrap();
    let response = fixture.router().oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()["grpc-status"], "12");
}
