//! Who sees what: every method and route, called by every role.
//!
//! The model of a member who sees some projects is an installation that never had any
//! others: every answer must be the same byte for byte, whatever is asked for by name,
//! counts, totals, completions, cursors and refusals included.

#[path = "access/calls.rs"]
mod calls;
#[path = "access/live.rs"]
mod live;
#[path = "access/queries.rs"]
mod queries;
#[path = "access/world.rs"]
mod world;

use std::collections::BTreeSet;

use event_model::access::{
    Denied, Kind,
    door::{self, METHODS, Need, ROUTES},
};
use http::StatusCode;
use proptest::{prelude::*, test_runner::TestCaseError};
use prost::Message;
use proto::routes::Place;
use tonic::Code;

use self::{
    calls::SERVICES,
    world::{MEMBER_READ_TOKEN, MEMBER_TOKEN, OWNER_READ_TOKEN, World},
};
use crate::fixture::TOKEN;

/// Kind, and whether it is a token that only reads; none: nobody.
type Caller = Option<(Kind, bool)>;
/// What is shown.
type Headers = Vec<(&'static str, String)>;

/// Everybody there is, and what they show.
fn callers(world: &World) -> Vec<(Caller, Headers)> {
    let bearer = |token: &str| vec![("authorization", format!("Bearer {token}"))];
    let internal = world.fixture.secret.internal_token();
    vec![
        (None, vec![]),
        (Some((Kind::Owner, false)), bearer(TOKEN)),
        (Some((Kind::Owner, true)), bearer(OWNER_READ_TOKEN)),
        (Some((Kind::Member, false)), bearer(MEMBER_TOKEN)),
        (Some((Kind::Member, true)), bearer(MEMBER_READ_TOKEN)),
        (
            Some((Kind::Role, false)),
            vec![("x-errata-internal", internal)],
        ),
    ]
}

/// What the door must say to a caller, by the table.
fn expected(need: Need, caller: Caller) -> Option<Code> {
    let Need::Right(action) = need else {
        panic!("no read is open, or by a project's key: {need:?}");
    };
    let Some((kind, reads_only)) = caller else {
        return Some(Code::Unauthenticated);
    };
    let denied = match action.may(kind) {
        Ok(()) if reads_only && !action.rights().reads => Some(Denied::ReadOnly),
        Ok(()) => None,
        Err(denied) => Some(denied),
    };
    denied.map(|_| Code::PermissionDenied)
}

#[tokio::test]
async fn every_method_and_route_opens_to_whom_the_table_says() {
    let world = World::new(
        &[1, 2, 3, 1],
        &BTreeSet::from([1, 2, 3]),
        &BTreeSet::from([1]),
    )
    .await;
    let calls = calls::methods();
    let called: BTreeSet<&str> = calls.iter().map(|call| call.path).collect();
    let served = METHODS.iter().map(|(name, _)| *name);
    let served: BTreeSet<&str> = served
        .filter(|name| {
            SERVICES
                .iter()
                .any(|service| name.starts_with(&format!("{service}/")))
        })
        .collect();
    assert_eq!(called, served, "every method is called here");
    let mut cells = 0;
    for (caller, headers) in callers(&world) {
        for path in &called {
            let call = calls.iter().find(|call| call.path == *path).unwrap();
            let need = door::of_method(&format!("/errata.v1.{path}")).unwrap();
            let refused = world.refusal(call, &headers).await;
            let refused = refused
                .filter(|code| [Code::PermissionDenied, Code::Unauthenticated].contains(code));
            assert_eq!(refused, expected(need, caller), "{path} by {caller:?}");
            cells += 1;
        }
        for path in calls::routes() {
            let need = door::of_route("GET", path.route).unwrap();
            let (status, _) = world.get(&path.path, &headers).await;
            let refused = [StatusCode::FORBIDDEN, StatusCode::UNAUTHORIZED].contains(&status);
            assert_eq!(
                refused,
                expected(need, caller).is_some(),
                "{} by {caller:?}",
                path.path
            );
            cells += 1;
        }
    }
    assert!(cells > 6 * 30, "{cells}");
}

#[test]
fn every_method_of_the_api_has_a_decision() {
    let files = prost_types::FileDescriptorSet::decode(proto::FILE_DESCRIPTOR_SET).unwrap();
    let mut methods = BTreeSet::new();
    for file in files
        .file
        .iter()
        .filter(|file| file.package() == "errata.v1")
    {
        for service in &file.service {
            let names = service.method.iter();
            methods.extend(names.map(|method| format!("{}/{}", service.name(), method.name())));
        }
    }
    let decided: BTreeSet<String> = METHODS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert!(methods.len() > 40);
    assert_eq!(methods, decided);
}

/// Those of people and tokens, and of native events. The protocols of others are asked by a
/// project's key alone.
#[test]
fn every_route_has_a_decision() {
    let mut routes = BTreeSet::new();
    for route in proto::routes::ROUTES {
        let is_native = route.path.starts_with("/api/errors");
        if route.place == Place::Exact || is_native {
            let methods = route.methods.iter();
            routes.extend(methods.map(|method| format!("{method} {}", route.path)));
        }
    }
    let decided: BTreeSet<String> = ROUTES.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert!(routes.len() > 10, "{routes:?}");
    assert_eq!(routes, decided);
}

#[tokio::test]
async fn a_foreign_project_is_refused_in_the_words_of_one_that_is_not_there() {
    let all = BTreeSet::from([1, 2, 3]);
    let world = World::new(&[1, 2, 3, 1], &all, &BTreeSet::from([1])).await;
    let member = world::bearer(MEMBER_TOKEN);
    for (foreign, unknown) in [("2", "7"), ("3", "8")] {
        for path in ["/api/issues?project=ID", "/api/errors?project=ID"] {
            let ask = |id: &str| path.replace("ID", id);
            let (status, text) = world.get(&ask(foreign), &member).await;
            let (expected_status, expected) = world.get(&ask(unknown), &member).await;
            assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
            assert_eq!(status, expected_status, "{path}");
            assert_eq!(text.replace(foreign, unknown), expected, "{path}");
        }
    }
    let (foreign, unknown) = (world::issue_id(2), world::issue_id(77));
    for path in ["/api/issues/ID", "/api/errors?issue=ID"] {
        let ask = |id: &str| path.replace("ID", id);
        let (status, text) = world.get(&ask(&foreign), &member).await;
        let (expected_status, expected) = world.get(&ask(&unknown), &member).await;
        assert_eq!(
            (status, expected_status),
            (StatusCode::NOT_FOUND, StatusCode::NOT_FOUND)
        );
        assert_eq!(text.replace(&foreign, &unknown), expected, "{path}");
    }
    // And it is there for who sees it.
    let (status, _) = world
        .get(&format!("/api/issues/{foreign}"), &world::bearer(TOKEN))
        .await;
    assert_eq!(status, StatusCode::OK);
}

async fn compare(issues: &[u32], seen: &BTreeSet<u32>) -> Result<(), TestCaseError> {
    let all = BTreeSet::from([1, 2, 3]);
    let whole = World::new(issues, &all, seen).await;
    let small = World::new(issues, seen, seen).await;
    let (member, owner) = (world::bearer(MEMBER_TOKEN), world::bearer(TOKEN));
    for call in calls::methods().iter().filter(|call| !call.is_stream) {
        let found = whole.call(call, &member).await;
        let expected = small.call(call, &member).await;
        prop_assert_eq!(&found, &expected, "{} {:?}", call.path, call.what);
        // The member of the small installation is no measure if they miss something.
        if !call.is_about_oneself() {
            let everything = small.call(call, &owner).await;
            prop_assert_eq!(&found, &everything, "{} {:?}", call.path, call.what);
        }
    }
    for route in calls::routes() {
        let found = whole.get(&route.path, &member).await;
        let expected = small.get(&route.path, &member).await;
        prop_assert_eq!(&found, &expected, "{}", route.path);
        let everything = small.get(&route.path, &owner).await;
        prop_assert_eq!(&found, &everything, "{}", route.path);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 6,
        max_shrink_iters: 40,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn what_a_member_is_told_is_what_an_installation_without_the_others_tells(
        issues in proptest::collection::vec(1..4u32, 1..8),
        seen in proptest::collection::btree_set(1..4u32, 0..3),
    ) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(compare(&issues, &seen))?;
    }
}

#[tokio::test]
async fn a_naive_count_agrees_so_that_two_empty_answers_are_no_proof() {
    let all = BTreeSet::from([1, 2, 3]);
    let world = World::new(&[1, 2, 2, 3, 1, 1], &all, &BTreeSet::from([1, 2])).await;
    for (token, issues, projects) in [(TOKEN, 6, 3), (MEMBER_TOKEN, 5, 2)] {
        let headers = world::bearer(token);
        let list: proto::v1::ListIssuesResponse = world.ask(&calls::all_issues(), &headers).await;
        assert_eq!((list.total, list.issues.len()), (issues, issues as usize));
        let events: proto::v1::ListEventsResponse = world.ask(&calls::all_events(), &headers).await;
        assert_eq!(
            (events.total, events.events.len()),
            (u64::from(issues), issues as usize)
        );
        let summary: proto::v1::GetSummaryResponse = world.ask(&calls::summary(), &headers).await;
        assert_eq!(summary.range.unwrap().issues, u64::from(issues));
        let facets: proto::v1::ListFacetsResponse = world.ask(&calls::facets(), &headers).await;
        assert_eq!(
            (facets.environments.len(), facets.releases.len()),
            (projects, projects)
        );
        let shown: proto::v1::ListProjectsResponse = world.ask(&calls::projects(), &headers).await;
        assert_eq!(shown.projects.len(), projects);
        let sent: proto::v1::ListDeliveriesResponse =
            world.ask(&calls::deliveries(), &headers).await;
        assert_eq!(sent.deliveries.len(), issues as usize);
    }
}
