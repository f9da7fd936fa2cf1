//! What ends by itself, by a clock that is told what time it is.

use std::time::Duration;

use ground::Clock;
use http::StatusCode;
use ingest_gateway::GatewayConfig;
use proto::v1::{CreatePasswordLinkRequest, CreateTokenRequest};
use serde_json::json;

use crate::{
    accounts::{by, commands, member, opens, post, sign_in},
    support::{TOKEN, World, config, wishes},
};

#[tokio::test]
async fn links_tokens_and_sessions_end_at_their_time() {
    let clock = Clock::standing_at(1_795_000_000_000_000_000);
    let config = GatewayConfig {
        clock: clock.clone(),
        ..config()
    };
    let world = World::with(config, wishes()).await;
    let (user_id, _) = member(&world, "ada@example.com").await;
    let session = sign_in(&world, "ada@example.com").await;
    let mut client = commands(&world);
    let request = CreatePasswordLinkRequest { user_id };
    let made = client.create_password_link(by(TOKEN, request)).await;
    let link = made.unwrap().into_inner().password_link;
    let secret = link.split_once('#').unwrap().1;
    let token = CreateTokenRequest {
        label: "ten days".to_owned(),
        expires_in_days: 10,
        ..Default::default()
    };
    let token = client.create_token(by(TOKEN, token)).await.unwrap();
    let bearer = format!("Bearer {}", token.into_inner().token);
    let day = Duration::from_hours(24);
    for (later, link, token_opens, session_opens) in [
        (day * 6, "open", true, true),
        (day * 2, "expired", true, true),
        (day * 3, "expired", false, true),
        // Fourteen days without being used.
        (day * 4, "expired", false, false),
    ] {
        clock.advance(later);
        let said = post(&world, "/auth/link", json!({ "secret": secret })).await;
        assert_eq!(said.json()["state"], link);
        let opened = (
            opens(&world, "authorization", &bearer).await,
            opens(&world, "cookie", &session).await,
        );
        assert_eq!(opened, (token_opens, session_opens), "{link}");
    }
    let set = json!({"secret": secret, "password": "brand new one"});
    let answer = post(&world, "/auth/set-password", set).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    let own = format!("Bearer {TOKEN}");
    assert!(opens(&world, "authorization", &own).await, "it has no end");
}
