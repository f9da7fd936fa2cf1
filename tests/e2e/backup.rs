//! What the README says to back up is all that an installation needs.

use std::{fs, path::Path, process::Command};

use proto::v1::IssueStatus;
use tempfile::TempDir;

use crate::{
    grpc::set_status,
    support::{Client, KEY, Server, wait_for},
};

/// The places that the README's sentence names, relative to the data directory.
fn named_by_the_readme() -> Vec<String> {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let text = fs::read_to_string(readme).unwrap();
    let sentence = text
        .lines()
        .find(|line| line.starts_with("Back up `data/log`"))
        .unwrap()
        .split_once(". Stop the server")
        .unwrap()
        .0;
    sentence
        .split('`')
        .filter_map(|part| part.strip_prefix("data/"))
        .map(str::to_owned)
        .collect()
}

/// An event with a file, as an envelope; its id.
fn send_with_a_file(server: &Server) -> String {
    let id = "7f3a1c52e0b94d6f8a2b3c4d5e6f7081";
    let event = r#"{"exception":{"values":[{"type":"Kept","value":"with a file"}]}}"#;
    let body = format!(
        "{{\"event_id\":\"{id}\"}}\n{{\"type\":\"event\"}}\n{event}\n\
         {{\"type\":\"attachment\",\"length\":5,\"filename\":\"a.txt\"}}\nbytes\n"
    );
    let path = format!("/api/1/envelope/?sentry_key={KEY}");
    let (status, _, answer) = Client::new(server).post(&path, &[], body);
    assert_eq!(status, 200, "{answer}");
    id.to_owned()
}

#[test]
fn an_installation_comes_back_from_what_the_readme_says_to_back_up() {
    let mut server = Server::start();
    let event = send_with_a_file(&server);
    let issues = server.wait_for_issues("", |issues| issues.len() == 1);
    let issue = issues[0]["id"].as_str().unwrap();
    set_status(&server, issue, IssueStatus::Resolved);
    server.wait_for_issues("status=resolved", |issues| issues.len() == 1);
    server.stop();

    let restored = TempDir::new().unwrap();
    let data = restored.path().join("data");
    fs::create_dir(&data).unwrap();
    let named = named_by_the_readme();
    assert!(named.len() >= 3, "{named:?}");
    for place in &named {
        let from = server.data_dir().join(place);
        // The cold tier begins with the first complete segment.
        if place == "cold" && !from.exists() {
            continue;
        }
        let copied = Command::new("cp").arg("-a").args([&from, &data]).status();
        assert!(copied.unwrap().success(), "{place}");
    }
    drop(server);

    let server = Server::start_in(&data, &[]);
    let issues = server.wait_for_issues("status=resolved", |issues| issues.len() == 1);
    assert_eq!(issues[0]["count"], 1);
    let path = format!("/api/errors/{event}/attachments/0");
    let file = wait_for("the file of the event", || {
        let (status, _, bytes) = Client::new(&server).download(&path);
        (status == 200).then_some(bytes)
    });
    assert_eq!(file, b"bytes");
}
