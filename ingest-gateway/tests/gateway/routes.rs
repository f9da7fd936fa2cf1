//! The router beside the table of routes.

use axum::body::Body;
use http::{Request, StatusCode};
use proto::routes::{ROUTES, Role, SERVICES};

use crate::support::World;

/// A path of this template.
fn filled(template: &str) -> String {
    let parts = template.split('/').map(|part| match part {
        "{project}" => "1",
        _ if part.starts_with('{') => "x",
        _ => part,
    });
    parts.collect::<Vec<_>>().join("/")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_gateway_answers_what_the_table_says_and_nothing_of_the_query_roles() {
    let world = World::new().await;
    for route in ROUTES {
        for path in route.paths() {
            for method in route.methods {
                let request = Request::builder().method(*method).uri(filled(&path));
                let answer = world.send(request.body(Body::empty()).unwrap()).await;
                let is_routed = !matches!(
                    answer.status,
                    StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED
                );
                assert_eq!(
                    is_routed,
                    route.role == Role::Gateway,
                    "{method} {path}: {}",
                    answer.status
                );
            }
        }
    }
    for service in SERVICES {
        let path = format!("/{}/Export", service.name);
        let request = Request::post(&path).version(http::Version::HTTP_2);
        let request = request.header("content-type", "application/grpc");
        let answer = world.send(request.body(Body::empty()).unwrap()).await;
        let is_routed =
            answer.status == StatusCode::OK && answer.headers.contains_key("grpc-status");
        assert_eq!(
            is_routed,
            service.role == Role::Gateway,
            "{path}: {}",
            answer.status
        );
    }
}
