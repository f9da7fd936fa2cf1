use axum::body::Body;
use http::{Request, StatusCode};
use ingest_gateway::Bootstrap;
use serde_json::json;

use crate::support::{Answer, OWNER, PASSWORD, TOKEN, World, config, wishes};

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
    // A success forgives its own account's failures before it.
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

/// A request that came through a proxy: from `peer`, with these `X-Forwarded-For` lines.
async fn through(world: &World, peer: [u8; 4], lines: &[&str], body: &serde_json::Value) -> Answer {
    let mut request = Request::post("/auth/sign-in").header(JSON.0, JSON.1);
    for line in lines {
        request = request.header("x-forwarded-for", *line);
    }
    let mut request = request.body(Body::from(body.to_string())).unwrap();
    let peer = std::net::SocketAddr::from((peer, 4711));
    request
        .extensions_mut()
        .insert(axum::extract::ConnectInfo(peer));
    world.send(request).await
}

#[tokio::test]
async fn behind_a_trusted_proxy_each_person_has_a_count_of_their_own() {
    let mut config = config();
    let networks = vec!["10.0.0.0/8".to_owned()];
    config.trusted_proxies = networks.try_into().unwrap();
    let world = World::with(config, wishes()).await;
    let wrong = json!({"email": OWNER, "password": "wrong password"});
    let right = json!({"email": OWNER, "password": PASSWORD});
    let proxy = [10, 0, 0, 9];
    // The guesser adds lines of his own before the proxy's.
    for n in 0..5 {
        let made_up = format!("192.0.2.{n}");
        let answer = through(&world, proxy, &[&made_up, "203.0.113.1"], &wrong).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    }
    let refused = through(&world, proxy, &["192.0.2.99", "203.0.113.1"], &wrong).await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(refused.headers["retry-after"], "15");
    let message = refused.json()["error"]["message"].to_string();
    assert!(message.contains("15 s"), "{message}");
    let other = through(&world, proxy, &["203.0.113.2"], &right).await;
    assert_eq!(other.status, StatusCode::NO_CONTENT);
    // Who is no proxy of ours counts by their own address, whatever they say.
    for n in 0..5 {
        let answer = through(
            &world,
            [198, 51, 100, 7],
            &[&format!("203.0.113.{n}")],
            &wrong,
        )
        .await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    }
    let answer = through(&world, [198, 51, 100, 7], &["203.0.113.2"], &right).await;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn an_own_success_does_not_forgive_guesses_at_others() {
    let world = World::new().await;
    let member = user(&world, "mallory@example.com").await;
    let mut guesses = 0;
    for _ in 0..3 {
        for _ in 0..4 {
            let wrong = json!({"email": OWNER, "password": "wrong password"});
            let answer = post(&world, "/auth/sign-in", wrong).await;
            guesses += usize::from(answer.status == StatusCode::UNAUTHORIZED);
        }
        let answer = post(&world, "/auth/sign-in", member.clone()).await;
        assert_eq!(answer.status, StatusCode::NO_CONTENT);
    }
    assert_eq!(guesses, 5);
}

/// Makes a member; what they sign in with.
async fn user(world: &World, email: &str) -> serde_json::Value {
    let request = proto::v1::CreateUserRequest {
        email: email.to_owned(),
        role: proto::v1::Role::Member.into(),
        password: PASSWORD.to_owned(),
        ..Default::default()
    };
    let commands = world.gateway.commands();
    let admin = event_model::credential::Caller::Admin;
    commands.create_user(admin, request).await.unwrap();
    json!({"email": email, "password": PASSWORD})
}

#[tokio::test]
async fn what_decides_on_other_sites_requests_is_that_the_cookie_authenticates() {
    let world = World::new().await;
    let body = json!({"email": OWNER, "password": PASSWORD});
    let session = cookie(&post(&world, "/auth/sign-in", body).await);
    let evil = ("origin", "https://evil.example");
    for authorization in ["Basic YTpi", "x", "", "Bearer"] {
        let headers = [
            JSON,
            ("cookie", &*session),
            evil,
            ("authorization", authorization),
        ];
        let answer = world
            .post("/auth/sign-out-everywhere", &headers, "{}")
            .await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{authorization:?}");
    }
    // A token is not sent by a browser without its page's knowing.
    let bearer = format!("Bearer {TOKEN}");
    let headers = [JSON, evil, ("authorization", &*bearer)];
    let answer = world
        .post("/auth/sign-out-everywhere", &headers, "{}")
        .await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn behind_https_a_page_without_it_is_somebody_elses() {
    let mut config = config();
    config.public_url = "https://errors.example.com".parse().unwrap();
    let world = World::with(config, wishes()).await;
    let body = json!({"email": OWNER, "password": PASSWORD}).to_string();
    for (host, origin, expected) in [
        ("errors.example.com", "https://errors.example.com", 204),
        ("errors.example.com", "http://errors.example.com", 403),
        ("ERRORS.example.com", "https://errors.example.com", 204),
        // On this machine, without the proxy.
        ("127.0.0.1:8470", "http://127.0.0.1:8470", 204),
        ("localhost:8470", "http://localhost:8470", 204),
        ("[::1]:8470", "http://[::1]:8470", 204),
        (
            "localhost.evil.example",
            "http://localhost.evil.example",
            403,
        ),
        ("127.0.0.1:8470", "http://127.0.0.1:9999", 403),
    ] {
        let headers = [JSON, ("host", host), ("origin", origin)];
        let answer = world.post("/auth/sign-in", &headers, body.clone()).await;
        assert_eq!(answer.status.as_u16(), expected, "{host} {origin}");
    }
    let two = [
        JSON,
        ("host", "a.example"),
        ("host", "b.example"),
        ("origin", "https://a.example"),
    ];
    let answer = world.post("/auth/sign-in", &two, body).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
}

/// Whether the session still opens something.
async fn is_signed_in(world: &World, cookie: &str) -> bool {
    let request = Request::get("/api/projects/1/ingest").header("cookie", cookie);
    let answer = world.send(request.body(Body::empty()).unwrap()).await;
    answer.status == StatusCode::OK
}

#[tokio::test]
async fn sign_out_ends_the_session_whoever_holds_the_cookie_and_no_other() {
    let world = World::new().await;
    let body = json!({"email": OWNER, "password": PASSWORD});
    let first = cookie(&post(&world, "/auth/sign-in", body.clone()).await);
    let second = cookie(&post(&world, "/auth/sign-in", body).await);
    assert!(is_signed_in(&world, &first).await && is_signed_in(&world, &second).await);
    let answer = world
        .post("/auth/sign-out", &[JSON, ("cookie", &*first)], "{}")
        .await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT);
    assert!(answer.headers.contains_key("x-errata-position"));
    assert!(
        !is_signed_in(&world, &first).await,
        "a copy of the cookie is worth nothing"
    );
    assert!(is_signed_in(&world, &second).await);
    // Also after a restart.
    let dir = world.stop();
    let world = World::in_dir(dir, config(), wishes()).await;
    assert!(!is_signed_in(&world, &first).await && is_signed_in(&world, &second).await);
}

#[tokio::test]
async fn people_change_their_own_password_with_the_old_one() {
    let world = World::new().await;
    let body = json!({"email": OWNER, "password": PASSWORD});
    let here = cookie(&post(&world, "/auth/sign-in", body.clone()).await);
    let elsewhere = cookie(&post(&world, "/auth/sign-in", body.clone()).await);
    let change = async |old: &str, new: &str| {
        let body = json!({"old_password": old, "password": new, "end_tokens": true});
        let headers = [JSON, ("cookie", &*here)];
        world
            .post("/auth/change-password", &headers, body.to_string())
            .await
    };
    let answer = change("wrong password", "brand new one").await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert_eq!(answer.json()["error"]["field"], "old_password");
    let answer = change(PASSWORD, "short").await;
    assert_eq!(answer.json()["error"]["field"], "password");
    let answer = change(PASSWORD, "brand new one").await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT);
    assert!(
        is_signed_in(&world, &cookie(&answer)).await,
        "here they stay"
    );
    assert!(!is_signed_in(&world, &here).await && !is_signed_in(&world, &elsewhere).await);
    let bearer = format!("Bearer {TOKEN}");
    let request = Request::get("/api/projects/1/ingest").header("authorization", bearer);
    let by_token = world.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(
        by_token.status,
        StatusCode::FORBIDDEN,
        "tokens were taken along"
    );
    let answer = post(&world, "/auth/sign-in", body).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    let body = json!({"email": OWNER, "password": "brand new one"});
    let answer = post(&world, "/auth/sign-in", body).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn a_link_says_whose_it_is_and_whether_it_still_works() {
    let world = World::with(config(), Bootstrap::default()).await;
    let secret_of = |world: &World| {
        let link = world.gateway.bootstrap_report().owner_link.clone().unwrap();
        link.split_once('#').unwrap().1.to_owned()
    };
    let state = async |world: &World, secret: &str| {
        let answer = post(world, "/auth/link", json!({ "secret": secret })).await;
        assert_eq!(answer.status, StatusCode::OK);
        answer.json()
    };
    let first = secret_of(&world);
    let open = state(&world, &first).await;
    assert_eq!(open["state"], "open");
    assert_eq!(open["needs_email"], true, "nobody knows the owner yet");
    assert_eq!(state(&world, "no such").await, json!({"state": "unknown"}));
    // A new start, a new link: the earlier one is worth nothing.
    let world = World::in_dir(world.stop(), config(), Bootstrap::default()).await;
    let second = secret_of(&world);
    assert_eq!(state(&world, &first).await["state"], "replaced");
    let set =
        |secret: &str| json!({"secret": secret, "email": "ada@example.com", "password": PASSWORD});
    let answer = post(&world, "/auth/set-password", set(&first)).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    let answer = post(&world, "/auth/set-password", set(&second)).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT);
    let used = state(&world, &second).await;
    assert_eq!(
        (&used["state"], &used["email"]),
        (&json!("used"), &json!("ada@example.com"))
    );
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
    let set = answer.headers["set-cookie"].to_str().unwrap();
    assert!(
        set.starts_with("__Host-errata_session=") && set.ends_with("; Secure"),
        "{set}"
    );
    let answer = post(&world, "/auth/sign-out", json!({})).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT);
    let set = answer.headers["set-cookie"].to_str().unwrap();
    assert!(
        set.starts_with("__Host-errata_session=;") && set.contains("Max-Age=0"),
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
