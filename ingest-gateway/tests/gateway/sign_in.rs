use axum::body::Body;
use http::{Request, StatusCode};
use ingest_gateway::Bootstrap;
use serde_json::json;

use crate::support::{Answer, OWNER, PASSWORD, World, config, wishes};

const JSON: (&str, &str) = ("content-type", "application/json");

async fn post(world: &World, path: &str, body: serde_json::Value) -> Answer {
    world.post(path, &[JSON], body.to_string()).await
}

fn cookie(answer: &Answer) -> String {
    let cookie = answer.headers["set-cookie"].to_str().unwrap();
    cookie.split(';').next().unwrap().to_owned()
}

async fn sign_out_everywhere(world: &World, cookie: &str) -> Answer {
    world
        .post(
            "/auth/sign-out-everywhere",
            &[JSON, ("cookie", cookie)],
            "{}",
        )
        .await
}

#[tokio::test]
async fn the_owners_link_sets_the_password_once() {
    let world = World::with(config(), Bootstrap::default()).await;
    let link = world.gateway.bootstrap_report().owner_link.clone().unwrap();
    let secret = link.split_once('#').unwrap().1;

    let path = "/auth/set-password";
    let short = json!({"secret": secret, "email": "me@example.com", "password": "short"});
    let answer = post(&world, path, short).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert_eq!(answer.json()["error"]["field"], "password");
    let nameless = json!({"secret": secret, "password": "long enough"});
    let answer = post(&world, path, nameless).await;
    assert_eq!(answer.json()["error"]["field"], "email");
    let no_address = json!({"secret": secret, "email": "me", "password": "long enough"});
    let answer = post(&world, path, no_address).await;
    assert_eq!(answer.json()["error"]["field"], "email");

    let good = json!({"secret": secret, "email": "me@example.com", "password": "long enough"});
    let answer = post(&world, path, good.clone()).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT, "{:?}", answer.body);
    let set = answer.headers["set-cookie"].to_str().unwrap().to_owned();
    assert!(set.contains("HttpOnly") && set.contains("SameSite=Lax") && set.contains("Path=/"));
    assert!(!set.contains("Secure"), "the public address is plain http");
    assert_eq!(
        post(&world, path, good).await.status,
        StatusCode::UNAUTHORIZED
    );

    let sign_in = json!({"email": "ME@example.com", "password": "long enough"});
    let answer = post(&world, "/auth/sign-in", sign_in).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT);
    let everywhere = sign_out_everywhere(&world, &cookie(&answer)).await;
    assert_eq!(everywhere.status, StatusCode::NO_CONTENT);
    let after = sign_out_everywhere(&world, &cookie(&answer)).await;
    assert_eq!(
        after.status,
        StatusCode::UNAUTHORIZED,
        "the session is over"
    );
}

#[tokio::test]
async fn wrong_passwords_are_401_then_429() {
    let world = World::new().await;
    let right = json!({"email": OWNER, "password": PASSWORD});
    for body in [
        json!({"email": OWNER, "password": "wrong"}),
        json!({"email": "nobody@example.com", "password": PASSWORD}),
        json!({"email": "", "password": ""}),
        json!({"email": OWNER, "password": "wrong"}),
    ] {
        let answer = post(&world, "/auth/sign-in", body).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
        assert!(!answer.headers.contains_key("set-cookie"));
    }
    // A success forgets the failures before it.
    let answer = post(&world, "/auth/sign-in", right.clone()).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT);
    for _ in 0..5 {
        let wrong = json!({"email": OWNER, "password": "wrong"});
        let answer = post(&world, "/auth/sign-in", wrong).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    }
    let answer = post(&world, "/auth/sign-in", right).await;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(answer.headers.contains_key("retry-after"));
}

#[tokio::test]
async fn guesses_count_for_the_address_that_a_role_names_and_nobody_else() {
    let world = World::new().await;
    let token = crate::support::secret().internal_token();
    let wrong = json!({"email": OWNER, "password": "wrong password"});
    let guess = async |address: &str, token: &str| {
        let headers = [
            JSON,
            ("x-forwarded-for", address),
            ("x-errata-forwarder", token),
        ];
        let answer = world.post("/auth/sign-in", &headers, wrong.to_string());
        answer.await.status.as_u16()
    };
    for _ in 0..5 {
        assert_eq!(guess("203.0.113.1", &token).await, 401);
    }
    assert_eq!(guess("203.0.113.1", &token).await, 429);
    assert_eq!(guess("203.0.113.2", &token).await, 401, "another address");
    // Without the token an address is hearsay: all of these share one count.
    for host in 0..5 {
        assert_eq!(guess(&format!("203.0.113.{host}"), "wrong").await, 401);
    }
    assert_eq!(guess("203.0.113.99", "wrong").await, 429);
}

#[tokio::test]
async fn malformed_and_foreign_requests_are_refused() {
    let world = World::new().await;
    let body = json!({"email": OWNER, "password": PASSWORD}).to_string();
    let malformed = world.post("/auth/sign-in", &[JSON], "{\"email\":1}").await;
    assert_eq!(malformed.status, StatusCode::BAD_REQUEST);
    let large = world
        .post("/auth/sign-in", &[JSON], vec![b' '; 20_000])
        .await;
    assert_eq!(large.status, StatusCode::PAYLOAD_TOO_LARGE);
    let host = ("host", "errors.example.com");
    for (headers, expected) in [
        (vec![("content-type", "text/plain")], 403),
        (vec![JSON, host, ("origin", "https://evil.example")], 403),
        (vec![JSON, host, ("origin", "null")], 403),
        (
            vec![JSON, host, ("origin", "https://errors.example.com")],
            204,
        ),
        (vec![JSON, host, ("origin", "http://127.0.0.1:8470")], 204),
        (vec![JSON], 204),
    ] {
        let answer = world.post("/auth/sign-in", &headers, body.clone()).await;
        assert_eq!(answer.status.as_u16(), expected, "{headers:?}");
    }
}

#[tokio::test]
async fn sign_out_ends_the_cookie_and_https_makes_it_secure() {
    let mut config = config();
    config.public_url = "https://errors.example.com".parse().unwrap();
    let world = World::with(config, wishes()).await;
    let body = json!({"email": OWNER, "password": PASSWORD});
    let answer = post(&world, "/auth/sign-in", body).await;
    assert!(
        answer.headers["set-cookie"]
            .to_str()
            .unwrap()
            .ends_with("; Secure")
    );
    let answer = post(&world, "/auth/sign-out", json!({})).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT);
    let set = answer.headers["set-cookie"].to_str().unwrap();
    assert!(
        set.starts_with("errata_session=;") && set.contains("Max-Age=0"),
        "{set}"
    );
}

#[tokio::test]
async fn only_post_is_taken() {
    let world = World::new().await;
    let request = Request::get("/auth/sign-in").body(Body::empty()).unwrap();
    let answer = world.send(request).await;
    assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
}
