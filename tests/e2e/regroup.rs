//! Rules applied to events that are there, from the command line to what people see, and
//! taken back; the logs alone give the same.

use proto::v1::IssueStatus;
use serde_json::{Value, json};

use crate::{
    grpc::{activity_kinds, set_status},
    replay::{everything, settle},
    support::{Client, KEY, Server, errata, wait_for},
};

const RULES: &str = "error.type:Alpha -> one\nerror.type:Beta -> one\n";

fn send(client: &Client, ty: &str) -> String {
    let bearer = format!("Bearer {KEY}");
    let headers = [("authorization", bearer.as_str())];
    let body = json!({
        "error": {"type": ty, "message": "regroup"},
        "release": "shop@1", "environment": "live", "tags": {"shop": "a"},
    });
    let (status, _, answer) = client.post("/api/errors", &headers, body.to_string());
    assert_eq!(status, 202, "{answer}");
    answer["id"].as_str().unwrap().to_owned()
}

/// What `errata project grouping-rules …` prints.
fn rules(server: &Server, args: &[&str]) -> String {
    let args = [&["project", "grouping-rules"], args].concat();
    let output = errata(&server.data_dir(), &args);
    assert!(output.status.success(), "{args:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// What it says to standard error.
fn refused(server: &Server, args: &[&str]) -> String {
    let args = [&["project", "grouping-rules"], args].concat();
    let output = errata(&server.data_dir(), &args);
    assert!(!output.status.success(), "{args:?}: {output:?}");
    String::from_utf8(output.stderr).unwrap()
}

/// Type, count and status of each issue, by type.
fn listed(server: &Server) -> Vec<(String, u64, String)> {
    let (_, issues) = server.get("/api/issues?limit=100");
    let of = |issue: &Value| {
        let text = |name: &str| issue[name].as_str().unwrap().to_owned();
        (
            text("type"),
            issue["count"].as_u64().unwrap(),
            text("status"),
        )
    };
    let mut issues: Vec<_> = issues["issues"]
        .as_array()
        .unwrap()
        .iter()
        .map(of)
        .collect();
    issues.sort();
    issues
}

fn id_of(server: &Server, ty: &str) -> String {
    let (_, issues) = server.get("/api/issues?limit=100");
    let issues = issues["issues"].as_array().unwrap();
    let found = issues.iter().find(|issue| issue["type"] == ty);
    found.unwrap()["id"].as_str().unwrap().to_owned()
}

fn expect(server: &Server, wanted: &[(&str, u64, &str)]) {
    let wanted: Vec<_> = wanted
        .iter()
        .map(|(ty, count, status)| ((*ty).to_owned(), *count, (*status).to_owned()))
        .collect();
    assert_eq!(listed(server), wanted);
}

/// Events that search finds in an issue.
fn events_of(server: &Server, issue: &str) -> usize {
    let (status, errors) = server.get(&format!("/api/errors?limit=100&issue={issue}"));
    assert_eq!(status, 200, "{errors}");
    errors["errors"].as_array().unwrap().len()
}

/// The read model is lost and made anew from the logs: nothing that is seen changes.
fn rebuilt(server: &mut Server, events: u64) {
    let seen = everything(server);
    server.stop();
    std::fs::remove_dir_all(server.data_dir().join("read-model")).unwrap();
    server.restart();
    settle(server, events);
    assert_eq!(everything(server), seen);
    server.stop();
    let replayed = errata(&server.data_dir(), &["replay"]);
    assert!(replayed.status.success(), "{replayed:?}");
    server.restart();
    assert_eq!(everything(server), seen);
}

#[test]
fn rules_take_hold_of_events_that_are_there_and_are_taken_back() {
    let mut server = Server::start();
    let client = Client::new(&server);
    for ty in ["Alpha", "Beta", "Alpha", "Gamma", "Beta", "Alpha"] {
        send(&client, ty);
    }
    settle(&server, 6);
    let (alpha, beta) = (id_of(&server, "Alpha"), id_of(&server, "Beta"));
    set_status(&server, &beta, IssueStatus::Ignored);
    let before = [
        ("Alpha", 3, "unresolved"),
        ("Beta", 2, "ignored"),
        ("Gamma", 1, "unresolved"),
    ];
    wait_for("the status", || {
        (listed(&server)[1].2 == "ignored").then_some(())
    });
    expect(&server, &before);

    let file = server.data_dir().join("../rules.txt");
    std::fs::write(&file, "error.typ:Alpha -> one").unwrap();
    let path = file.to_str().unwrap();
    let said = refused(&server, &["apply", path]);
    assert!(said.contains("line 1, column 1"), "{said}");
    let said = refused(&server, &["undo"]);
    assert!(said.contains("no rules were applied"), "{said}");
    std::fs::write(&file, RULES).unwrap();
    let said = rules(&server, &["apply", path]);
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines.len(), 2, "{said}");
    assert!(
        lines[0].starts_with("2 rules and algorithm ")
            && lines[0].contains(" hold for all events: application ")
            && lines[0].ends_with(" s"),
        "{said}"
    );
    // Once it has ended the list has it: the id of the oldest, all events, its own status.
    let together = [("Alpha", 5, "unresolved"), ("Gamma", 1, "unresolved")];
    expect(&server, &together);
    assert_eq!(id_of(&server, "Alpha"), alpha);
    let (status, found) = server.get(&format!("/api/issues/{beta}"));
    assert_eq!((status, &found["id"]), (200, &json!(alpha)), "{found}");
    wait_for("all events in one issue", || {
        (events_of(&server, &alpha) == 5 && events_of(&server, &beta) == 5).then_some(())
    });
    assert!(activity_kinds(&server, &alpha).contains(&"regrouped_from".to_owned()));

    let joined = send(&client, "Beta");
    settle(&server, 7);
    let (_, event) = server.get(&format!("/api/errors/{joined}"));
    assert_eq!(event["issue_id"], json!(alpha), "{event}");
    // Shown as its newest event.
    expect(&server, &[("Beta", 6, "unresolved"), together[1]]);
    rebuilt(&mut server, 7);

    let history = rules(&server, &["get", "--history"]);
    assert!(history.contains("\tcan be taken back\n"), "{history}");
    let undo = lines[1].split_once("grouping-rules ").unwrap().1;
    let undo: Vec<&str> = undo.split(' ').collect();
    let said = rules(&server, &undo);
    assert!(said.starts_with(&format!("application {} is taken back, in ", undo[2])));
    expect(&server, &[before[0], ("Beta", 3, "ignored"), before[2]]);
    assert_eq!(
        (id_of(&server, "Alpha"), id_of(&server, "Beta")),
        (alpha.clone(), beta.clone())
    );
    wait_for("events in their own issues", || {
        (events_of(&server, &alpha) == 3 && events_of(&server, &beta) == 3).then_some(())
    });
    assert_eq!(rules(&server, &["get"]), "");
    let history = rules(&server, &["get", "--history"]);
    assert!(history.contains("\ttaken back 20"), "{history}");
    let said = refused(&server, &undo);
    assert!(said.contains("only the newest"), "{said}");
    rebuilt(&mut server, 7);
}

#[test]
fn what_is_applied_while_no_server_runs_is_there_once_one_does() {
    let mut server = Server::start();
    let client = Client::new(&server);
    for ty in ["Alpha", "Beta"] {
        send(&client, ty);
    }
    settle(&server, 2);
    server.stop();
    let file = server.data_dir().join("../rules.txt");
    std::fs::write(&file, RULES).unwrap();
    let said = rules(&server, &["apply", file.to_str().unwrap()]);
    assert!(said.contains("no server that answers reads"), "{said}");
    server.restart();
    settle(&server, 2);
    wait_for("one issue", || (listed(&server).len() == 1).then_some(()));
    // Those that hold, as they are: nothing to move.
    let said = rules(&server, &["apply", "--in-force"]);
    assert!(said.starts_with("2 rules "), "{said}");
    expect(&server, &[("Beta", 2, "unresolved")]);
}

/// Two texts that version 6 takes for one, since numbers vary, and version 7 for two: a person
/// wrote the numbers into templates.
fn send_stages(client: &Client) {
    for stage in 1..=2 {
        let body = json!({
            "logentry": {"message": format!("stage {stage} of %s failed"), "params": ["bag"]},
        });
        let path = format!("/api/1/store/?sentry_key={KEY}");
        let (status, _, answer) = client.post(&path, &[], body.to_string());
        assert_eq!(status, 200, "{answer}");
    }
}

fn counts(server: &Server) -> Vec<u64> {
    let counts = listed(server).into_iter().map(|(_, count, _)| count);
    counts.collect()
}

#[test]
fn a_newer_version_of_the_algorithm_is_offered_tried_applied_and_taken_back() {
    let mut server = Server::start();
    let client = Client::new(&server);
    let said = rules(&server, &["apply", "--in-force", "--algorithm", "6"]);
    assert!(said.starts_with("no rules and algorithm 6 hold"), "{said}");
    send_stages(&client);
    send(&client, "Alpha");
    settle(&server, 3);
    assert_eq!(counts(&server), [2, 1]);
    let (id, alpha) = (id_of(&server, ""), id_of(&server, "Alpha"));

    // A restart, as after an upgrade, changes nothing by itself.
    server.stop();
    server.restart();
    settle(&server, 3);
    assert_eq!(counts(&server), [2, 1]);
    let (_, held) = server.get("/api/projects/1/grouping-rules");
    assert_eq!(
        (&held["algorithm"], &held["algorithms"]),
        (&json!(6), &json!([6, 7])),
        "{held}"
    );

    let preview = ["preview", "--algorithm", "7", "--json"];
    let told: Value = serde_json::from_str(&rules(&server, &preview)).unwrap();
    assert_eq!(told["algorithm"], json!(7), "{told}");
    assert_eq!(
        (&told["issues_before"], &told["issues_after"]),
        (&json!(2), &json!(3)),
        "{told}"
    );
    assert_eq!(
        (&told["moved"], &told["splits_total"]),
        (&json!(1), &json!(1)),
        "{told}"
    );
    assert_eq!(counts(&server), [2, 1], "it only tells");

    rules(&server, &["apply", "--in-force", "--algorithm", "7"]);
    assert_eq!(counts(&server), [1, 1, 1]);
    // What stays as it was has its id, though its fingerprint has another name.
    assert_eq!(id_of(&server, "Alpha"), alpha);
    assert_eq!(server.get(&format!("/api/issues/{id}")).0, 200);
    let joined = send(&client, "Alpha");
    settle(&server, 4);
    let (_, event) = server.get(&format!("/api/errors/{joined}"));
    assert_eq!(event["issue_id"], json!(alpha), "{event}");
    let (_, why) = server.get(&format!("/api/errors/{joined}/grouping"));
    assert_eq!(why["algorithm_version"], json!(7), "{why}");
    rebuilt(&mut server, 4);

    rules(&server, &["undo"]);
    assert_eq!(counts(&server), [2, 2]);
    let (_, why) = server.get(&format!("/api/errors/{joined}/grouping"));
    assert_eq!(why["algorithm_version"], json!(6), "{why}");
    send_stages(&client);
    settle(&server, 6);
    assert_eq!(counts(&server), [4, 2]);
    rebuilt(&mut server, 6);
    let said = refused(&server, &["apply", "--in-force", "--algorithm", "8"]);
    assert!(said.contains("must be one of 6, 7"), "{said}");
}
