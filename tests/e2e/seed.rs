//! An installation with many data, made once: 3 projects, 3,000 issues, 60,000 events
//! over 30 days, people, triage, and extremes that pages must bear. Sent to a real
//! server by HTTP and gRPC, as clients would; what it is made of is in `seed/content.rs`.
//!
//! Invariant: the same seed number makes the same installation, but for times (relative
//! to now) and random ids.

mod content;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::Mutex,
    time::Duration,
};

use proto::v1::{
    AssignIssuesRequest, IssueStatus, SetIssueStatusRequest,
    command_service_client::CommandServiceClient,
};
use serde_json::{Value, json};

use crate::{
    grpc::{channel_to, with_bearer},
    support::{Client, KEY, Server, TOKEN, block_on, errata, wait_for},
};
pub(crate) use content::Size;

/// Events of a request: well under the bound of 1,000 a batch.
const BATCH: usize = 500;
/// A seeded installation older than this is made anew: its ranges of hours would be empty.
const AGE_MAX: Duration = Duration::from_hours(6);
/// Issues of a command; its bound is 1,000.
const COMMAND_ISSUES: usize = 200;

/// Sends everything to a running server with the bootstrap key and token.
pub(crate) fn fill(server: &Server, size: Size) {
    let keys = projects(server);
    people(server);
    let client = Client::new(server);
    let now_s = ground::Clock::MACHINE.now_ns() as f64 / 1e9;
    // Half of the events come before the triage, half after it: some issues come back.
    for half in 0..2 {
        let mut batch: Vec<(usize, Value)> = Vec::new();
        for event in content::events(size, now_s, half) {
            batch.push(event);
            if batch.len() == BATCH {
                send(&client, &keys, &mut batch);
            }
        }
        send(&client, &keys, &mut batch);
        if half == 0 {
            settle(server);
            triage(server);
        }
    }
    settle(server);
}

/// The keys of the three projects, in the order of [`content::PROJECTS`].
fn projects(server: &Server) -> Vec<String> {
    let mut keys = vec![KEY.to_owned()];
    for (name, platform) in &content::PROJECTS[1..] {
        let arguments = ["project", "create", name, "--platform", platform];
        let made = errata(&server.data_dir(), &arguments);
        assert!(made.status.success(), "{made:?}");
        let text = String::from_utf8(made.stdout).unwrap();
        let at = text.find("http://").unwrap() + "http://".len();
        keys.push(text[at..at + 32].to_owned());
    }
    keys
}

fn people(server: &Server) {
    for (email, name) in content::PEOPLE {
        let made = errata(
            &server.data_dir(),
            &["user", "create", email, "--name", name],
        );
        assert!(made.status.success(), "{made:?}");
    }
}

fn send(client: &Client, keys: &[String], batch: &mut Vec<(usize, Value)>) {
    for (project, key) in keys.iter().enumerate() {
        let errors: Vec<&Value> = batch
            .iter()
            .filter(|(of, _)| *of == project)
            .map(|(_, event)| event)
            .collect();
        if errors.is_empty() {
            continue;
        }
        let body = json!({ "errors": errors }).to_string();
        let bearer = format!("Bearer {key}");
        wait_for("a batch of the seed to be taken", || {
            let (status, _, answer) = client.post(
                "/api/errors/batch",
                &[("authorization", &bearer)],
                body.clone(),
            );
            assert!(matches!(status, 202 | 429 | 503), "{status} {answer}");
            (status == 202).then(|| {
                let results = answer["results"].as_array().unwrap();
                let refused: Vec<_> = results.iter().filter(|r| r["id"].is_null()).collect();
                assert!(refused.is_empty(), "{refused:?}");
            })
        });
    }
    batch.clear();
}

/// Waits until the projections have reached the end of the log.
fn settle(server: &Server) {
    wait_for("the projections to catch up", || {
        let lag = server.metric("errata_projector_lag_records{consumer=\"issues\"}")
            + server.metric("errata_projector_lag_records{consumer=\"search\"}");
        (lag == 0.0).then_some(())
    });
}

/// Resolves, ignores and assigns; which issues is decided by their place in the list of
/// their project by id, which does not depend on times.
fn triage(server: &Server) {
    let mut ids = Vec::new();
    let mut cursor = String::new();
    loop {
        let (status, page) = server.get(&format!("/api/issues?limit=1000&cursor={cursor}"));
        assert_eq!(status, 200, "{page}");
        let issues = page["issues"].as_array().unwrap();
        ids.extend(issues.iter().map(|i| i["id"].as_str().unwrap().to_owned()));
        match page["next_cursor"].as_str() {
            Some(next) => next.clone_into(&mut cursor),
            None => break,
        }
    }
    ids.sort();
    let share = |n: usize| ids.len() * n / content::ISSUES;
    let (resolved, rest) = ids.split_at(share(500));
    let (ignored, rest) = rest.split_at(share(150));
    let assigned = &rest[..share(380)];
    set_status(server, resolved, IssueStatus::Resolved);
    set_status(server, ignored, IssueStatus::Ignored);
    let people = content::PEOPLE.len() + 1;
    for (person, some) in assigned
        .chunks(assigned.len().div_ceil(people).max(1))
        .enumerate()
    {
        assign(server, some, person as u32 + 1);
    }
}

fn set_status(server: &Server, ids: &[String], status: IssueStatus) {
    block_on(async {
        let channel = channel_to(&server.url).await.unwrap();
        let mut commands = CommandServiceClient::new(channel);
        for some in ids.chunks(COMMAND_ISSUES) {
            let request = SetIssueStatusRequest {
                issue_ids: some.to_vec(),
                status: status.into(),
            };
            let request = with_bearer(TOKEN, request);
            commands.set_issue_status(request).await.unwrap();
        }
    });
}

fn assign(server: &Server, ids: &[String], user_id: u32) {
    block_on(async {
        let channel = channel_to(&server.url).await.unwrap();
        let mut commands = CommandServiceClient::new(channel);
        let request = AssignIssuesRequest {
            issue_ids: ids.to_vec(),
            user_id,
        };
        let request = with_bearer(TOKEN, request);
        commands.assign_issues(request).await.unwrap();
    });
}

/// Where seeded installations are kept between runs: in the target folder.
fn kept() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("seeded")
}

/// A copy of the seeded installation in `to`, made on first use.
pub(crate) fn copy_to(to: &Path) {
    // Tests of this binary run side by side; one makes it, the others wait.
    static MAKING: Mutex<()> = Mutex::new(());
    let guard = MAKING
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    let data = kept().join("data");
    if !is_usable(&data) {
        let _ = fs::remove_dir_all(kept());
        fs::create_dir_all(kept()).unwrap();
        let mut server = Server::start_in(&data, &[]);
        fill(&server, Size::FULL);
        server.stop();
        fs::write(kept().join("made-by"), made_by()).unwrap();
    }
    let copied = Command::new("cp")
        .args(["-a", "--reflink=auto"])
        .args([&data, to])
        .status()
        .unwrap();
    assert!(copied.success());
    drop(guard);
}

/// The binary that made it: another one may store another form.
fn made_by() -> String {
    let binary = fs::metadata(env!("CARGO_BIN_EXE_errata")).unwrap();
    format!("{} {:?}", binary.len(), binary.modified().unwrap())
}

fn is_usable(data: &Path) -> bool {
    let Ok(mark) = fs::metadata(kept().join("made-by")) else {
        return false;
    };
    let is_young = mark.modified().unwrap().elapsed().unwrap_or_default() < AGE_MAX;
    is_young
        && data.exists()
        && fs::read_to_string(kept().join("made-by")).is_ok_and(|by| by == made_by())
}
