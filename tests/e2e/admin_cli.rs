//! The command line, with and without a running server.

use serde_json::Value;

use crate::support::{Client, Server, errata, wait_for};

fn text(output: &std::process::Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

#[test]
fn projects_keys_users_and_tokens_are_made_with_and_without_a_server() {
    let mut server = Server::start();
    let data = server.data_dir();
    let made = errata(&data, &["project", "create", "shop"]);
    assert!(made.status.success(), "{}", text(&made));
    assert!(
        text(&made).contains("project 2") && text(&made).contains("/2"),
        "{}",
        text(&made)
    );
    let taken = errata(&data, &["project", "create", "SHOP"]);
    assert!(
        !taken.status.success() && text(&taken).contains("name"),
        "{}",
        text(&taken)
    );

    server.stop();
    let key = errata(&data, &["key", "create", "--project", "2"]);
    assert!(key.status.success(), "{}", text(&key));
    let dsn = text(&key)
        .lines()
        .find_map(|line| line.strip_prefix("DSN ").map(str::to_owned))
        .unwrap();
    let public_key = dsn
        .split("//")
        .nth(1)
        .unwrap()
        .split('@')
        .next()
        .unwrap()
        .to_owned();
    let token = errata(&data, &["token", "create", "--label", "ci"]);
    assert!(token.status.success(), "{}", text(&token));
    let user = errata(&data, &["user", "create", "dev@example.com"]);
    assert!(text(&user).contains("/welcome#"), "{}", text(&user));

    server.restart();
    let client = Client::new(&server);
    let bearer = format!("Bearer {public_key}");
    let (status, _, answer) = client.post(
        "/api/errors",
        &[("authorization", &bearer)],
        r#"{"error":{"type":"InShop"}}"#,
    );
    assert_eq!(status, 202, "{answer}");
    server.wait_for_issues("project=2", |issues| issues.len() == 1);
}

#[test]
fn the_logs_are_checked_and_dumped() {
    let mut server = Server::start();
    let client = Client::new(&server);
    let bearer = format!("Bearer {}", crate::support::KEY);
    client.post(
        "/api/errors",
        &[("authorization", &bearer)],
        r#"{"error":{"type":"Dumped","message":"hello"}}"#,
    );
    // What follows proves that the first was durable; the last record of a log could
    // as well be a torn tail.
    client.post(
        "/api/errors",
        &[("authorization", &bearer)],
        r#"{"error":{"type":"After"}}"#,
    );
    server.stop();
    let data = server.data_dir();
    let verified = errata(&data, &["log", "verify"]);
    assert!(verified.status.success(), "{}", text(&verified));
    let dumped = errata(&data, &["log", "dump"]);
    assert!(dumped.status.success(), "{}", text(&dumped));
    let lines: Vec<Value> = String::from_utf8(dumped.stdout)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let found = lines
        .iter()
        .any(|line| line.to_string().contains("\"Dumped\"") && line.to_string().contains("hello"));
    assert!(found, "{lines:?}");
    let whole = lines.iter().map(ToString::to_string).collect::<String>();
    assert!(
        !whole.contains("correct horse battery"),
        "a password in clear"
    );

    // One flipped bit of a durable record is found and named.
    let segment = std::fs::read_dir(data.join("log/events"))
        .unwrap()
        .map(|e| e.unwrap().path());
    let segment = segment
        .filter(|p| p.extension().is_some_and(|e| e == "log"))
        .min()
        .unwrap();
    let mut bytes = std::fs::read(&segment).unwrap();
    let at = bytes.windows(6).position(|w| w == b"Dumped").unwrap();
    bytes[at] ^= 1;
    std::fs::write(&segment, bytes).unwrap();
    let verified = errata(&data, &["log", "verify", "--json"]);
    assert_eq!(verified.status.code(), Some(1), "{}", text(&verified));
    let report: Value = serde_json::from_slice(&verified.stdout).unwrap();
    assert_eq!(report["events"]["sound"], false);
    assert_eq!(report["control"]["sound"], true);

    // A dry run says what is lost and changes nothing; accepting it makes the log sound.
    let before = std::fs::read(&segment).unwrap();
    let planned = errata(&data, &["log", "repair", "--json"]);
    assert_eq!(planned.status.code(), Some(1), "{}", text(&planned));
    let plan: Value = serde_json::from_slice(&planned.stdout).unwrap();
    assert_eq!(plan["events"]["findings"][0]["kind"], "damaged");
    assert_eq!(plan["control"]["sound"], true);
    let lost = plan["events"]["lost_records"].as_u64().unwrap();
    assert!(lost > 0 && std::fs::read(&segment).unwrap() == before);
    let repaired = errata(&data, &["log", "repair", "--accept-loss"]);
    assert_eq!(repaired.status.code(), Some(0), "{}", text(&repaired));
    assert!(text(&repaired).contains(&format!("{lost} records are lost")));
    for command in [
        &["log", "verify"][..],
        &["log", "repair"],
        &["log", "stat", "--json"],
    ] {
        let done = errata(&data, command);
        assert_eq!(done.status.code(), Some(0), "{}", text(&done));
    }
    let markers = errata(
        &data,
        &[
            "log",
            "dump",
            "--kind",
            "marker",
            "--until",
            "2001-01-01T00:00:00Z",
        ],
    );
    assert!(
        markers.status.success() && markers.stdout.is_empty(),
        "{}",
        text(&markers)
    );
    let nowhere = errata(&data.join("nowhere"), &["log", "verify"]);
    assert_eq!(nowhere.status.code(), Some(2), "{}", text(&nowhere));
}

#[test]
fn the_first_start_prints_a_link_that_sets_the_owners_password_once() {
    let server = Server::start_bare(&[]);
    let link = server.banner("Owner");
    let secret = link.split('#').nth(1).unwrap().to_owned();
    let client = Client::new(&server);
    let body = serde_json::json!({"secret": secret, "email": "me@example.com", "password": "a long enough one"});
    let json = [("content-type", "application/json")];
    let (status, headers, answer) = client.post("/auth/set-password", &json, body.to_string());
    assert_eq!(status, 204, "{answer}");
    let cookie = headers["set-cookie"].to_str().unwrap();
    assert!(
        cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"),
        "{cookie}"
    );
    let (status, _, _) = client.post("/auth/set-password", &json, body.to_string());
    assert_eq!(status, 401, "once only");
    let sign_in = serde_json::json!({"email": "me@example.com", "password": "a long enough one"});
    let (status, _, answer) = client.post("/auth/sign-in", &json, sign_in.to_string());
    assert_eq!(status, 204, "{answer}");
    let wrong = serde_json::json!({"email": "me@example.com", "password": "another"});
    assert_eq!(
        client.post("/auth/sign-in", &json, wrong.to_string()).0,
        401
    );
    let mode = std::fs::metadata(server.data_dir().join("admin.sock")).unwrap();
    assert_eq!(
        std::os::unix::fs::PermissionsExt::mode(&mode.permissions()) & 0o777,
        0o600
    );
    wait_for("a DSN in the banner", || {
        Some(server.banner("DSN")).filter(|dsn| dsn.ends_with("/1"))
    });
}
