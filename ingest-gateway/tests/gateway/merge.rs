//! Issues merged and taken apart: what is refused, with its reason, before it is recorded.

use std::sync::Arc;

use axum::body::Body;
use event_model::{Decision, Fingerprint, IssueId, Position, ProjectId, credential::Caller};
use http::Request;
use ingest_gateway::{
    error::ErrorCode,
    others::{Answer, IssueLookup, KnownIssue, LocatedIssue},
};
use proto::{
    error::Refusal,
    v1::{
        CreateProjectRequest, DiscardIssuesRequest, MergeIssuesRequest, UnmergeFingerprintsRequest,
    },
};

use serde_json::json;

use crate::support::{TOKEN, World, config, wishes};

/// Issues 1 to 2,000 of project 1, the later the older; 0x9001 was merged into 0x1; 0xb of
/// project 2 is the one that there is of it. Issue 0x2 has 900 fingerprints.
#[derive(Debug)]
struct ReadModel;

fn located(asked: IssueId) -> Option<LocatedIssue> {
    let lead = match asked.0 {
        0x9001 => IssueId(1),
        1..=2_000 => asked,
        _ => return None,
    };
    Some(LocatedIssue {
        asked,
        lead,
        project_id: ProjectId(if lead.0 == 0xb { 2 } else { 1 }),
        opened: Position(10_000 - lead.0),
        fingerprints: if lead.0 == 2 { 900 } else { 1 },
    })
}

impl IssueLookup for ReadModel {
    fn find(&self, id: IssueId) -> Answer<'_, Result<Option<KnownIssue>, Refusal>> {
        let known = located(id).map(|issue| KnownIssue {
            id: issue.lead,
            project_id: issue.project_id,
            fingerprints: if issue.lead.0 == 1 {
                [1, 2, 3].map(|n| Fingerprint([n; 16])).to_vec()
            } else {
                vec![Fingerprint([9; 16])]
            },
            positions: Vec::new(),
        });
        Box::pin(async move { Ok(known) })
    }

    fn locate(&self, ids: Vec<IssueId>) -> Answer<'_, Result<Vec<LocatedIssue>, Refusal>> {
        let found = ids.into_iter().filter_map(located).collect();
        Box::pin(async move { Ok(found) })
    }
}

async fn world() -> World {
    let mut config = config();
    let lookup: Arc<dyn IssueLookup> = Arc::new(ReadModel);
    config.others.issues = Some(lookup);
    let world = World::with(config, wishes()).await;
    let second = CreateProjectRequest {
        name: "second".to_owned(),
        ..Default::default()
    };
    let commands = world.gateway.commands();
    commands
        .create_project(Caller::Admin, second)
        .await
        .unwrap();
    let discard = DiscardIssuesRequest {
        issue_ids: vec![IssueId(7).to_string()],
    };
    commands
        .discard_issues(Caller::Admin, discard)
        .await
        .unwrap();
    world
}

fn merge(ids: impl IntoIterator<Item = u64>) -> MergeIssuesRequest {
    let ids = ids.into_iter().map(|id| IssueId(id).to_string());
    MergeIssuesRequest {
        issue_ids: ids.collect(),
    }
}

#[tokio::test]
async fn a_merge_that_does_not_fit_is_refused_with_its_reason() {
    let world = world().await;
    let commands = world.gateway.commands();
    let version = || commands.core().state().read().version;
    let before = version();
    let many: Vec<u64> = (1..=10_000).collect();
    for (ids, code, field, said) in [
        (vec![], ErrorCode::Invalid, "issue_ids", "1 to 1000"),
        (
            vec![1],
            ErrorCode::Invalid,
            "issue_ids",
            "2 entries or more",
        ),
        (many, ErrorCode::Invalid, "issue_ids", "1 to 1000"),
        (
            vec![1, 1],
            ErrorCode::Invalid,
            "issue_ids[1]",
            "same issue as issue_ids[0]",
        ),
        (
            vec![3, 1, 0x9001],
            ErrorCode::Invalid,
            "issue_ids[2]",
            "same issue as issue_ids[1]",
        ),
        (
            vec![1, 0xffff],
            ErrorCode::NotFound,
            "issue_ids[1]",
            "no issue 000000000000ffff",
        ),
        (
            vec![1, 3, 0xb],
            ErrorCode::Invalid,
            "issue_ids[2]",
            "is of project 2",
        ),
        (
            vec![1, 7],
            ErrorCode::Conflict,
            "issue_ids[1]",
            "is discarded",
        ),
        (
            (2..=150).filter(|id| ![7, 0xb].contains(id)).collect(),
            ErrorCode::Invalid,
            "issue_ids",
            "1046 fingerprints",
        ),
    ] {
        let refused = commands.merge_issues(Caller::Admin, merge(ids)).await;
        let refused = refused.unwrap_err();
        assert_eq!(
            (refused.code, refused.field.as_str()),
            (code, field),
            "{said}"
        );
        assert!(refused.message.contains(said), "{}", refused.message);
    }
    assert_eq!(version(), before, "a refused merge left a trace");
    let merged = commands
        .merge_issues(Caller::Admin, merge([3, 0x9001, 5]))
        .await;
    // The one that began first.
    assert_eq!(merged.unwrap().issue_id, IssueId(5).to_string());
    let recorded = world.decisions().pop().unwrap();
    let expected = Decision::MergeIssues {
        project_id: ProjectId(1),
        issues: vec![IssueId(3), IssueId(1), IssueId(5)],
    };
    assert_eq!(recorded, expected);
}

#[tokio::test]
async fn what_an_issue_has_not_cannot_be_taken_out_of_it() {
    let world = world().await;
    let commands = world.gateway.commands();
    let request = |issue: u64, prints: &[u8], together| UnmergeFingerprintsRequest {
        issue_id: IssueId(issue).to_string(),
        fingerprints: prints
            .iter()
            .map(|n| Fingerprint([*n; 16]).to_string())
            .collect(),
        together,
    };
    for (request, code, field, said) in [
        (
            request(1, &[], false),
            ErrorCode::Invalid,
            "fingerprints",
            "1 to 1000",
        ),
        (
            request(1, &[1, 9], false),
            ErrorCode::NotFound,
            "fingerprints[1]",
            "has no fingerprint",
        ),
        (
            request(0xffff, &[1], false),
            ErrorCode::NotFound,
            "issue_id",
            "no issue",
        ),
        (
            request(3, &[9], false),
            ErrorCode::Invalid,
            "fingerprints",
            "no other",
        ),
        (
            request(7, &[9], false),
            ErrorCode::Conflict,
            "issue_id",
            "is discarded",
        ),
        (
            request(1, &[1, 2, 3], true),
            ErrorCode::Invalid,
            "fingerprints",
            "nothing would be left",
        ),
    ] {
        let refused = commands.unmerge_fingerprints(Caller::Admin, request).await;
        let refused = refused.unwrap_err();
        assert_eq!(
            (refused.code, refused.field.as_str()),
            (code, field),
            "{said}"
        );
        assert!(refused.message.contains(said), "{}", refused.message);
    }
    let bad = UnmergeFingerprintsRequest {
        fingerprints: vec!["zz".to_owned()],
        ..request(1, &[], false)
    };
    let refused = commands.unmerge_fingerprints(Caller::Admin, bad).await;
    assert_eq!(refused.unwrap_err().field, "fingerprints[0]");
    let taken = request(0x9001, &[2, 2, 3], true);
    commands
        .unmerge_fingerprints(Caller::Admin, taken)
        .await
        .unwrap();
    let recorded = world.decisions().pop().unwrap();
    let expected = Decision::UnmergeFingerprints {
        project_id: ProjectId(1),
        issue: IssueId(1),
        fingerprints: vec![Fingerprint([2; 16]), Fingerprint([3; 16])],
        together: true,
    };
    assert_eq!(recorded, expected);
}

/// The same over REST, with what a script gets wrong.
#[tokio::test]
async fn scripts_merge_and_take_apart_over_rest() {
    let world = world().await;
    let post = async |path: &str, token: &str, body: &str| {
        let request = Request::post(path).header("authorization", format!("Bearer {token}"));
        let body = Body::from(body.to_owned());
        world.send(request.body(body).unwrap()).await
    };
    let merge = "/api/issues/merge";
    let ids = [IssueId(3), IssueId(5)].map(|id| id.to_string());
    let wanted = json!({ "issue_ids": ids }).to_string();
    let same = json!({ "issue_ids": [ids[0], ids[0]] }).to_string();
    let unmerge = format!("/api/issues/{}/unmerge", IssueId(1));
    let large = format!("{{\"issue_ids\": [\"{}\"]}}", "0".repeat(300_000));
    for (path, token, body, status, said) in [
        (merge, "nobody", &*wanted, 403, ""),
        (merge, TOKEN, "", 400, "not the JSON expected"),
        (merge, TOKEN, "{}", 400, "issue_ids"),
        (
            merge,
            TOKEN,
            "{\"issue_ids\": [], \"force\": true}",
            400,
            "force",
        ),
        (merge, TOKEN, &same, 400, "same issue"),
        (merge, TOKEN, &large, 413, "at most"),
        (
            &unmerge,
            TOKEN,
            "{\"fingerprints\": [7]}",
            400,
            "expected a string",
        ),
        (
            &unmerge,
            TOKEN,
            "{\"fingerprints\": [\"7\"]}",
            400,
            "32 hex digits",
        ),
        (
            "/api/issues/zz/unmerge",
            TOKEN,
            "{\"fingerprints\": [\"7\"]}",
            400,
            "issue_id",
        ),
    ] {
        let answer = post(path, token, body).await;
        assert_eq!(answer.status.as_u16(), status, "{path} {said}");
        let error = answer.json()["error"].to_string();
        assert!(error.contains(said), "{path}: {error}");
        assert!(error.len() < 500, "{path}: {error}");
    }
    let answer = post(merge, TOKEN, &wanted).await;
    assert_eq!(answer.status.as_u16(), 200);
    assert_eq!(answer.json()["issue_id"], ids[1]);
    assert_eq!(
        answer.json()["position"],
        world.log.reader().end().0.to_string()
    );
    let print = Fingerprint([2; 16]).to_string();
    let out = json!({ "fingerprints": [print], "together": true }).to_string();
    let answer = post(&unmerge, TOKEN, &out).await;
    assert_eq!(answer.status.as_u16(), 200);
    let expected = Decision::UnmergeFingerprints {
        project_id: ProjectId(1),
        issue: IssueId(1),
        fingerprints: vec![Fingerprint([2; 16])],
        together: true,
    };
    assert_eq!(world.decisions().pop().unwrap(), expected);
}
