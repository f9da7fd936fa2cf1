//! The router beside the table of routes.

use axum::body::Body;
use http::{Request, StatusCode};
use proto::{
    routes::{FLIGHT_SERVICE, ROUTES, Role, SERVICES},
    v1::replay_service_server,
};
use tower::ServiceExt;

use crate::fixture::Fixture;

#[tokio::test]
async fn the_query_role_answers_what_the_table_says_and_nothing_of_the_gateways() {
    let fixture = Fixture::new();
    // Without the pages, which answer everything else.
    let router = fixture.engine.router();
    for route in ROUTES {
        for method in route.methods {
            let path = route.path.replace(['{', '}'], "");
            let request = Request::builder().method(*method).uri(&path);
            let request = request.body(Body::empty()).unwrap();
            let status = router.clone().oneshot(request).await.unwrap().status();
            // Nobody is signed in.
            let expected = match (route.role, route.path) {
                // Of the crate above this one.
                (Role::Query, "/api/sql") => StatusCode::NOT_FOUND,
                (Role::Query, _) => StatusCode::UNAUTHORIZED,
                // The last part of the second and the third is an id to the query role.
                (_, "/api/errors" | "/api/errors/batch" | "/api/issues/merge") => {
                    StatusCode::METHOD_NOT_ALLOWED
                }
                _ => StatusCode::NOT_FOUND,
            };
            assert_eq!(status, expected, "{method} {path}");
        }
    }
    for service in SERVICES {
        let request = Request::post(format!("/{}/Nothing", service.name));
        let request = request
            .version(http::Version::HTTP_2)
            .header("content-type", "application/grpc");
        let request = request.body(Body::empty()).unwrap();
        let response = router.clone().oneshot(request).await.unwrap();
        let is_routed = response.headers().contains_key("grpc-status");
        // Of the crate above this one, and of the binary, which has the projector.
        let others = [FLIGHT_SERVICE, replay_service_server::SERVICE_NAME];
        let is_ours = service.role == Role::Query && !others.contains(&service.name);
        assert_eq!(is_routed, is_ours, "{}", service.name);
    }
}
