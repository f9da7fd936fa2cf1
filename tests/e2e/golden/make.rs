//! What the golden installation is made of: a decision, a note and a file of each kind,
//! issues in every state, events that retention dropped, and some that it kept.

use std::fs;

use proto::v1::{
    AssignIssuesRequest, DiscardIssuesRequest, EndSessionsRequest, GetGroupingRulesRequest,
    GetIssueRequest, IssueStatus, MergeIssuesRequest, RenameKeyRequest, RenameProjectRequest,
    RenameUserRequest, SetGroupingAlgorithmRequest, UndiscardIssuesRequest,
    UnmergeFingerprintsRequest, command_service_client::CommandServiceClient,
    issue_service_client::IssueServiceClient,
    project_settings_service_client::ProjectSettingsServiceClient,
};
use serde_json::{Value, json};

use super::{NEEDLE, files_ending, seen};
use crate::{
    grpc::{channel_to, set_status, with_bearer},
    support::{
        Client, KEY, Mailbox, OWNER_EMAIL, OWNER_PASSWORD, Server, TOKEN, block_on, errata, python,
        wait_for,
    },
};

/// The event that has a file.
pub(super) const WITH_A_FILE: &str = "7f3a1c52e0b94d6f8a2b3c4d5e6f7081";
/// Its content.
pub(super) const FILE: &str = "what was attached\n";
/// Rules of grouping, of which one holds.
const RULES: &str = "error.type:Filed -> filed title=\"Filed by a rule: {{ value }}\"\n";
/// Rules that made one issue of all, and were taken back.
const ALL_IN_ONE: &str = "error.type:* -> one\n";
/// A rule more, of events that were there.
const KEPT_TOO: &str = "error.type:Kept -> kept\n";
/// Events that fill segments.
const OLD: u64 = 110;
/// Events of a spike, above the floor in whichever minute.
const STORM: u64 = 220;

/// A stopped server and what was seen of it.
pub(super) struct Made {
    pub(super) server: Server,
    pub(super) expected: Value,
}

/// The oldest event that retention dropped.
pub(super) fn first_dropped(expected: &Value) -> &str {
    expected["first_dropped"].as_str().unwrap()
}

/// Sends one error that search finds; its id.
pub(super) fn send(client: &Client, ty: &str, text: &str) -> String {
    let body = json!({
        "error": {"type": ty, "message": format!("{text}, {NEEDLE}")},
        "release": "shop@1.0", "environment": "production",
        "user": {"id": "17"}, "tags": {"region": "eu"},
    });
    post(client, &body)
}

fn post(client: &Client, body: &Value) -> String {
    let bearer = format!("Bearer {KEY}");
    let headers = [("authorization", bearer.as_str())];
    let (status, _, answer) = client.post("/api/errors", &headers, body.to_string());
    assert_eq!(status, 202, "{answer}");
    answer["id"].as_str().unwrap().to_owned()
}

/// Text that does not compress, so that segments fill.
fn noise(seed: u64) -> String {
    let mut state = seed;
    let letters = std::iter::repeat_with(|| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        char::from(b'a' + (state >> 59) as u8 % 26)
    });
    letters.take(4_000).collect()
}

pub(super) fn installation() -> Made {
    let mailbox = Mailbox::start(0);
    let url = mailbox.url();
    let mut server = Server::start_with(&[
        ("ERRATA_SMTP__URL", &url),
        ("ERRATA_LOG__EVENTS_SEGMENT_BYTES", "65536"),
        ("ERRATA_LOG__CONTROL_SEGMENT_BYTES", "65536"),
        ("ERRATA_LOG__RETENTION__BYTES", "260000"),
        ("ERRATA_LOG__RETENTION__LOOK_EVERY_S", "1"),
        ("ERRATA_LIMITS__ENABLED", "true"),
        ("ERRATA_LIMITS__ERRORS_PER_MINUTE", "100000"),
        ("ERRATA_LIMITS__LISTS_PER_MINUTE", "100000"),
        ("ERRATA_LIMITS__SPIKE_FLOOR_PER_MINUTE", "100"),
    ]);
    people_and_projects(&server);
    let client = Client::new(&server);
    let first_dropped = old_events(&server, &client);
    send(&client, "Kept", "resolved");
    send(&client, "Kept", "resolved");
    send(&client, "Ignored", "of no use");
    send(&client, "Discarded", "not wanted");
    send(&client, "Unwanted", "and wanted again");
    notes(&client);
    wait_for("every event in the search index", || {
        (seen(&server)["hits"].as_array().unwrap().len() == 6).then_some(())
    });
    // All have their mail, so that none is due when a later release opens it.
    mailbox.wait_for_mails(7);
    triage(&server);
    regrouped(&server);
    let cold = server.data_dir().join("cold");
    wait_for("a sealed segment and its Parquet file", || {
        let sealed = files_ending(&server.data_dir().join("log/events"), ".log.zst");
        (sealed > 0 && files_ending(&cold, ".parquet") > 0).then_some(())
    });
    // Tallies are told each 10 s, and at the end.
    server.stop();
    server.restart();
    wait_for("the search index", || {
        (seen(&server)["hits"].as_array().unwrap().len() == 6).then_some(())
    });
    let seen = seen(&server);
    server.stop();
    let rows = python("read_parquet.py", &[cold.to_str().unwrap()]);
    let rows: Value = serde_json::from_str(&rows).unwrap();
    let expected = json!({
        "counts": {"parquet_rows": rows["rows"]},
        "first_dropped": first_dropped,
        "seen": seen,
    });
    Made { server, expected }
}

/// Events that go, until some have gone; the first one's id.
fn old_events(server: &Server, client: &Client) -> String {
    let mut ids = (0..OLD).map(|n| {
        post(
            client,
            &json!({"error": {"type": "Old"}, "extra": {"noise": noise(n)}}),
        )
    });
    let first = ids.next().unwrap();
    assert_eq!(ids.count() as u64, OLD - 1);
    wait_for("old segments to go", || {
        (server.metric("errata_log_dropped_segments_total") > 0.0).then_some(())
    });
    first
}

/// A note of each kind; a tally comes by itself, of what is refused.
fn notes(client: &Client) {
    let path = format!("/api/1/envelope/?sentry_key={KEY}");
    let envelope = |items: String| {
        let body = format!("{{\"event_id\":\"{WITH_A_FILE}\"}}\n{items}");
        let (status, _, answer) = client.post(&path, &[], body);
        assert_eq!(status, 200, "{answer}");
    };
    let event = json!({
        "exception": {"values": [{"type": "Filed", "value": format!("with a file, {NEEDLE}")}]},
    });
    envelope(format!(
        "{{\"type\":\"event\"}}\n{event}\n{{\"type\":\"attachment\",\"length\":{},\
         \"filename\":\"a.txt\"}}\n{FILE}\n",
        FILE.len()
    ));
    let items = [
        (
            "session",
            json!({"sid": "5ede5a3d2596409d9bfdd106faccf27c", "init": true, "status": "ok",
            "started": "2026-11-22T15:41:09.334Z", "attrs": {"release": "shop@2"}}),
        ),
        (
            "check_in",
            json!({"monitor_slug": "nightly", "status": "in_progress"}),
        ),
        (
            "client_report",
            json!({"discarded_events":
            [{"reason": "before_send", "category": "error", "quantity": 3}]}),
        ),
        (
            "user_report",
            json!({"event_id": WITH_A_FILE, "name": "Jane", "comments": "It broke"}),
        ),
        // Not stored, so that there is something to tell of.
        ("profile", json!({})),
    ];
    for (ty, payload) in items {
        envelope(format!("{{\"type\":\"{ty}\"}}\n{payload}\n"));
    }
    // Of which some are only counted.
    for _ in 0..STORM {
        post(client, &json!({"error": {"type": "Stormy"}}));
    }
}

fn says(server: &Server, line: &str) -> String {
    let args: Vec<&str> = line.split_whitespace().collect();
    let output = errata(&server.data_dir(), &args);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{line}: {output:?}");
    text
}

/// Decisions about people, projects, keys and settings.
fn people_and_projects(server: &Server) {
    says(server, "project create shop --platform node");
    let key = says(server, "key create --label spare");
    let key = key.lines().find_map(|line| line.strip_prefix("key "));
    let key = key.unwrap().to_owned();
    says(server, &format!("key disable {key}"));
    says(server, &format!("key enable {key}"));
    says(server, "user create dev@example.com --name Dev");
    says(server, "user role 2 owner");
    says(server, "user role 2 member");
    says(server, "user projects 2 1");
    says(server, "user projects 2 all");
    says(server, "user disable 2");
    says(server, "user enable 2");
    let link = says(server, "user reset dev@example.com");
    let secret = link.trim().split('#').nth(1).unwrap();
    says(server, "token create --label gone --user 2");
    let tokens = says(server, "token list");
    let token = tokens
        .lines()
        .find(|line| line.ends_with("\tgone"))
        .unwrap();
    let token = token.split('\t').next().unwrap();
    says(server, &format!("token revoke {token}"));
    let settings = server.data_dir().join("../settings.json");
    for (what, text) in [
        (
            "scrub",
            json!({"rules": [{"where": "extra.iban", "how": "hash"}], "emails": true}),
        ),
        ("filters", json!({"releases": ["0.*"], "crawlers": true})),
    ] {
        fs::write(&settings, text.to_string()).unwrap();
        let path = settings.to_str().unwrap();
        says(server, &format!("project {what} --project 2 --set {path}"));
    }
    says(server, "project spike-protection --project 2 --set off");
    // Nothing is so old: that it went is decided all the same, within a second.
    says(server, "project retention --project 2 --set 3650d");
    says(server, "plan set enterprise --events-per-hour 5000000");
    says(server, &format!("key limit {key} --per-minute 600"));
    let rules = server.data_dir().join("../rules.txt");
    fs::write(&rules, RULES).unwrap();
    let rules = rules.to_str().unwrap();
    says(server, &format!("project grouping-rules set {rules}"));
    sessions(server, secret);
    block_on(async {
        let channel = channel_to(&server.url).await.unwrap();
        let mut commands = CommandServiceClient::new(channel);
        let renamed = RenameProjectRequest {
            project_id: 2,
            name: "till".into(),
            platform: "node".into(),
        };
        let key = RenameKeyRequest {
            project_id: 1,
            public_key: key,
            label: "reserve".into(),
        };
        let user = RenameUserRequest {
            user_id: 2,
            name: "Devi".into(),
        };
        commands
            .rename_project(with_bearer(TOKEN, renamed))
            .await
            .unwrap();
        commands.rename_key(with_bearer(TOKEN, key)).await.unwrap();
        commands
            .rename_user(with_bearer(TOKEN, user))
            .await
            .unwrap();
        let channel = channel_to(&server.url).await.unwrap();
        let mut settings = ProjectSettingsServiceClient::new(channel);
        let of_project = GetGroupingRulesRequest {
            project_id: 2,
            version: 0,
        };
        let held = settings.get_grouping_rules(with_bearer(TOKEN, of_project));
        let algorithm = SetGroupingAlgorithmRequest {
            project_id: 2,
            algorithm: held.await.unwrap().into_inner().algorithm,
        };
        settings
            .set_grouping_algorithm(with_bearer(TOKEN, algorithm))
            .await
            .unwrap();
    });
}

/// A password set, one sign-in that is signed out of, one that is ended from elsewhere.
fn sessions(server: &Server, secret: &str) {
    let client = Client::new(server);
    let origin = [
        ("content-type", "application/json"),
        ("origin", server.url.as_str()),
    ];
    let body = json!({"secret": secret, "password": "a long enough one"}).to_string();
    assert_eq!(client.post("/auth/set-password", &origin, body).0, 204);
    let body = json!({"email": OWNER_EMAIL, "password": OWNER_PASSWORD}).to_string();
    let (status, headers, answer) = client.post("/auth/sign-in", &origin, body);
    assert_eq!(status, 204, "{answer}");
    let cookie = headers["set-cookie"]
        .to_str()
        .unwrap()
        .split(';')
        .next()
        .unwrap();
    let headers = [origin[0], origin[1], ("cookie", cookie)];
    assert_eq!(client.post("/auth/sign-out", &headers, "").0, 204);
    block_on(async {
        let channel = channel_to(&server.url).await.unwrap();
        let mut commands = CommandServiceClient::new(channel);
        let request = EndSessionsRequest {
            user_id: 2,
            end_tokens: true,
        };
        commands
            .end_sessions(with_bearer(TOKEN, request))
            .await
            .unwrap();
    });
}

/// Rules applied to events that are there, and taken back; others that stay.
fn regrouped(server: &Server) {
    let file = server.data_dir().join("../rules.txt");
    let apply = |rules: &str| {
        fs::write(&file, rules).unwrap();
        let path = file.to_str().unwrap();
        says(server, &format!("project grouping-rules apply {path}"));
    };
    apply(ALL_IN_ONE);
    says(server, "project grouping-rules undo");
    apply(&format!("{RULES}{KEPT_TOO}"));
}

/// One issue of each state.
fn triage(server: &Server) {
    let issues = server.wait_for_issues("limit=100", |issues| issues.len() == 7);
    let id = |title: &str| {
        let found = issues
            .iter()
            .find(|issue| issue["title"].as_str().unwrap().starts_with(title));
        found.unwrap_or_else(|| panic!("{title}: {issues:?}"))["id"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    set_status(server, &id("Kept"), IssueStatus::Resolved);
    set_status(server, &id("Ignored"), IssueStatus::Ignored);
    block_on(async {
        let channel = channel_to(&server.url).await.unwrap();
        let mut commands = CommandServiceClient::new(channel);
        let assign = AssignIssuesRequest {
            issue_ids: vec![id("Kept"), id("Filed")],
            user_id: 2,
        };
        commands
            .assign_issues(with_bearer(TOKEN, assign))
            .await
            .unwrap();
        let discard = DiscardIssuesRequest {
            issue_ids: vec![id("Discarded"), id("Unwanted")],
        };
        commands
            .discard_issues(with_bearer(TOKEN, discard))
            .await
            .unwrap();
        let wanted = UndiscardIssuesRequest {
            issue_ids: vec![id("Unwanted")],
        };
        commands
            .undiscard_issues(with_bearer(TOKEN, wanted))
            .await
            .unwrap();
        let merge = MergeIssuesRequest {
            issue_ids: vec![id("Kept"), id("Filed"), id("Unwanted")],
        };
        let merged = commands.merge_issues(with_bearer(TOKEN, merge)).await;
        let merged = merged.unwrap().into_inner();
        let of_issue = GetIssueRequest {
            issue_id: merged.issue_id.clone(),
            // Each read waits a second for it at most.
            after_position: merged.position,
            ..GetIssueRequest::default()
        };
        let channel = channel_to(&server.url).await.unwrap();
        let mut issues = IssueServiceClient::new(channel);
        let mut fingerprints = Vec::new();
        for _ in 0..60 {
            let found = issues.get_issue(with_bearer(TOKEN, of_issue.clone())).await;
            fingerprints = found.unwrap().into_inner().fingerprints;
            if fingerprints.len() == 3 {
                break;
            }
        }
        assert_eq!(fingerprints.len(), 3);
        // All apart again, so that each state is an issue's.
        let unmerge = UnmergeFingerprintsRequest {
            issue_id: merged.issue_id,
            fingerprints: fingerprints
                .into_iter()
                .map(|one| one.fingerprint)
                .collect(),
            together: false,
        };
        commands
            .unmerge_fingerprints(with_bearer(TOKEN, unmerge))
            .await
            .unwrap();
    });
}
