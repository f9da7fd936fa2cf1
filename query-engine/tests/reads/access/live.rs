//! Streams of who does not see all, or no longer.

use std::collections::BTreeSet;

use event_model::{Decision, ProjectId, Sight, TokenId, UserId};
use proto::v1::{self, live_service_client::LiveServiceClient};
use tokio::time::timeout;
use tonic::{Code, Request, Streaming};

use super::world::{MEMBER_TOKEN, World};
use crate::{
    fixture::{PATIENCE, command},
    live::change,
};

/// Issues 1 and 4 of project 1, 2 of 2, 3 of 3.
const ISSUES: [u32; 4] = [1, 2, 3, 1];

async fn world(seen: &[u32]) -> World {
    let seen = seen.iter().copied().collect();
    World::new(&ISSUES, &BTreeSet::from([1, 2, 3]), &seen).await
}

fn sees(world: &World, projects: &[u32]) {
    let decision = Decision::SetUserProjects {
        id: UserId(2),
        sight: Sight::only(projects.iter().copied().map(ProjectId)),
    };
    command(&world.fixture.log, decision);
}

async fn stream(world: &World) -> Streaming<v1::StreamIssuesResponse> {
    let authorize = |mut request: Request<()>| {
        let value = format!("Bearer {MEMBER_TOKEN}").parse().unwrap();
        request.metadata_mut().insert("authorization", value);
        Ok(request)
    };
    let mut client = LiveServiceClient::with_interceptor(world.fixture.router(), authorize);
    let stream = client.stream_issues(v1::StreamIssuesRequest::default());
    stream.await.unwrap().into_inner()
}

async fn next(stream: &mut Streaming<v1::StreamIssuesResponse>) -> u64 {
    let message = timeout(PATIENCE, stream.message()).await.unwrap();
    let issue = message.unwrap().unwrap().issue.unwrap();
    u64::from_str_radix(&issue.id, 16).unwrap()
}

#[tokio::test]
async fn a_stream_passes_over_what_its_viewer_does_not_see() {
    let world = world(&[1, 3]).await;
    let mut stream = stream(&world).await;
    change(&world.fixture, &[2], 110);
    change(&world.fixture, &[2, 4], 111);
    assert_eq!(next(&mut stream).await, 4);
    change(&world.fixture, &[2], 112);
    change(&world.fixture, &[3], 113);
    assert_eq!(next(&mut stream).await, 3);
}

#[tokio::test]
async fn who_is_taken_off_a_project_gets_nothing_more_of_it() {
    let world = world(&[1]).await;
    let mut stream = stream(&world).await;
    change(&world.fixture, &[1, 4], 110);
    assert_eq!(next(&mut stream).await, 1);
    assert_eq!(next(&mut stream).await, 4);
    sees(&world, &[2]);
    change(&world.fixture, &[1, 4], 111);
    change(&world.fixture, &[2], 112);
    assert_eq!(
        next(&mut stream).await,
        2,
        "nothing of project 1 in between"
    );
    sees(&world, &[1, 2]);
    change(&world.fixture, &[4], 113);
    assert_eq!(next(&mut stream).await, 4, "given back");
}

#[tokio::test]
async fn the_stream_of_a_token_that_was_revoked_or_of_who_is_gone_ends() {
    for decision in [
        Decision::RevokeToken { id: TokenId(3) },
        Decision::DisableUser { id: UserId(2) },
    ] {
        let world = world(&[1]).await;
        let mut stream = stream(&world).await;
        command(&world.fixture.log, decision);
        change(&world.fixture, &[1], 110);
        let end = timeout(PATIENCE, stream.message()).await.unwrap();
        assert_eq!(end.unwrap_err().code(), Code::Unauthenticated);
    }
}
