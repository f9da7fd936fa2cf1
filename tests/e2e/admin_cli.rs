//! The command line, with and without a running server.

use std::path::Path;

use serde_json::{Value, json};

use crate::support::{Client, OWNER_EMAIL, OWNER_PASSWORD, Server, errata, wait_for};

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

/// What a command says; it must do well.
fn says(data: &Path, line: &str) -> String {
    let args: Vec<&str> = line.split_whitespace().collect();
    let output = errata(data, &args);
    assert!(output.status.success(), "{line}: {}", text(&output));
    text(&output)
}

/// What a command says that is refused.
fn refused(data: &Path, line: &str) -> String {
    let args: Vec<&str> = line.split_whitespace().collect();
    let output = errata(data, &args);
    assert!(!output.status.success(), "{line}: {}", text(&output));
    text(&output)
}

#[test]
fn people_tokens_and_keys_are_listed_and_taken_back_from_the_command_line() {
    let server = Server::start();
    let (data, client) = (server.data_dir(), Client::new(&server));
    let status_of = |bearer: &str, path: &str, body: &'static str| {
        let method = if body.is_empty() { "GET" } else { "POST" };
        let bearer = format!("Bearer {bearer}");
        let headers = [("authorization", bearer.as_str())];
        client.request(method, path, &headers, body).status
    };

    // People, by address and by id.
    let made = says(&data, "user create dev@example.com --name Dev");
    assert!(made.starts_with("user 2\n"), "{made}");
    let listed = says(&data, "user list");
    let invited = "2\tinvited\tmember\tdev@example.com\tDev\tall projects\n";
    assert!(
        listed.starts_with("1\tactive\towner\towner@example.com\t"),
        "{listed}"
    );
    assert!(listed.ends_with(invited), "{listed}");
    let link = says(&data, "user reset DEV@example.com");
    let secret = link.trim().split('#').nth(1).unwrap();
    let body = json!({"secret": secret, "password": "a long enough one"}).to_string();
    let json = [("content-type", "application/json")];
    assert_eq!(client.post("/auth/set-password", &json, body).0, 204);
    for (line, said, row) in [
        ("user role 2 owner", "is an owner", "active\towner"),
        (
            "user role dev@example.com member",
            "is a member",
            "active\tmember",
        ),
        ("user disable dev@example.com", "removed", "removed\tmember"),
        ("user enable 2", "can sign in again", "active\tmember"),
    ] {
        let answer = says(&data, line);
        assert!(
            answer.contains("dev@example.com") && answer.contains(said),
            "{answer}"
        );
        let listed = says(&data, "user list");
        assert!(
            listed.contains(&format!("2\t{row}\tdev@example.com")),
            "{listed}"
        );
    }
    let unknown = refused(&data, "user reset nobody@example.com");
    assert!(unknown.contains("nobody@example.com"), "{unknown}");
    assert!(unknown.contains("errata user list"), "{unknown}");
    // The last owner stays.
    let last = refused(&data, "user role 1 member");
    assert!(last.contains("owner"), "{last}");

    // Tokens: what they may, and until when.
    let read_only = says(
        &data,
        "token create --label reads --user 2 --read-only --days 7",
    );
    let read_only = read_only.trim();
    let listed = says(&data, "token list");
    let row = listed
        .lines()
        .find(|line| line.ends_with("\treads"))
        .unwrap();
    let columns: Vec<&str> = row.split('\t').collect();
    assert_eq!(columns[1..3], ["user 2", "read"], "{row}");
    assert!(
        columns[3].starts_with("20") && columns[3].ends_with('Z'),
        "{row}"
    );
    assert!(
        listed.lines().any(|line| line.contains("\tfull\tno end\t")),
        "{listed}"
    );
    assert_eq!(status_of(read_only, "/api/issues", ""), 200);
    let revoked = says(&data, &format!("token revoke {}", columns[0]));
    assert_eq!(revoked, format!("token {} revoked\n", columns[0]));
    assert_eq!(status_of(read_only, "/api/issues", ""), 403);
    assert!(!says(&data, "token list").contains("reads"));
    assert!(refused(&data, "token revoke 99").contains("99"));

    // Keys: disabled and enabled again.
    let made = says(&data, "key create --label spare");
    let key = made
        .lines()
        .find_map(|line| line.strip_prefix("key "))
        .unwrap();
    let event = r#"{"error":{"type":"ByKey"}}"#;
    for (line, state, status) in [
        (None, "enabled", 202),
        (Some("disable"), "disabled", 403),
        (Some("enable"), "enabled", 202),
    ] {
        if let Some(what) = line {
            let said = says(&data, &format!("key {what} {key}"));
            assert_eq!(said, format!("{key} {state}\n"));
        }
        let listed = says(&data, "key list");
        assert!(
            listed.contains(&format!("{key}\t{state}\tspare\n")),
            "{listed}"
        );
        assert_eq!(status_of(key, "/api/errors", event), status, "{state}");
    }
    assert!(refused(&data, "key disable 00 --project 1").contains("key"));
}

#[test]
fn which_projects_a_member_sees_is_said_from_the_command_line() {
    let server = Server::start();
    let data = server.data_dir();
    says(&data, "user create dev@example.com --name Dev");
    for (line, seen) in [
        ("user projects 2 1", "projects 1"),
        ("user projects dev@example.com none", "no project"),
        ("user projects 2 all", "all projects"),
    ] {
        let answer = says(&data, line);
        assert_eq!(answer, format!("dev@example.com sees {seen}\n"));
        let listed = says(&data, "user list");
        assert!(listed.ends_with(&format!("\tDev\t{seen}\n")), "{listed}");
    }
    let nowhere = refused(&data, "user projects 2 1,77");
    assert!(nowhere.contains("no project 77"), "{nowhere}");
}

#[test]
fn each_password_given_is_counted_by_what_became_of_it() {
    let server = Server::start();
    let client = Client::new(&server);
    let counted = |result: &str| -> u64 {
        let name = format!("errata_sign_ins_total{{result=\"{result}\"}}");
        server.metric(&name) as u64
    };
    let attempt = |password: &str| {
        let body = json!({"email": OWNER_EMAIL, "password": password}).to_string();
        let headers = [("content-type", "application/json")];
        client.post("/auth/sign-in", &headers, body).0
    };
    assert_eq!(attempt(OWNER_PASSWORD), 204);
    assert_eq!((counted("right"), counted("wrong")), (1, 0));
    assert_eq!(attempt("a wrong one"), 401);
    assert_eq!((counted("right"), counted("wrong")), (1, 1));
    // Until further tries have to wait.
    let mut wrong = 1;
    while attempt("a wrong one") == 401 {
        wrong += 1;
        assert!(wrong < 100, "guesses have no bound");
    }
    assert_eq!(counted("wrong"), wrong);
    assert_eq!(counted("limited"), 1);
    assert_eq!((counted("right"), counted("failed")), (1, 0));
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

#[test]
fn what_groups_an_event_is_explained_without_a_server() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, event: &Value| {
        let path = folder.path().join(name);
        std::fs::write(&path, event.to_string()).unwrap();
        path.display().to_string()
    };
    let sentry = |ty: &str, line: u32| {
        json!({"platform": "python", "exception": {"values": [{
            "type": ty,
            "value": "cart 17 is closed",
            "stacktrace": {"frames": [
                {"function": "main", "module": "shop.app", "lineno": line, "in_app": true},
                {"function": "get", "module": "requests.api", "in_app": false},
            ]},
        }]}})
    };
    let first = write("first.json", &sentry("CartError", 7));
    let again = write("again.json", &sentry("CartError", 9));
    let other = write("other.json", &sentry("TillError", 7));
    let native = write(
        "native.json",
        &json!({"error": {"type": "CartError", "message": "x"}}),
    );
    let run = |args: &[&str]| {
        let told = errata(folder.path(), &[&["explain-grouping"], args].concat());
        assert!(told.status.success(), "{}", text(&told));
        text(&told)
    };
    let told = run(&[&first]);
    for line in [
        "title       CartError: cart 17 is closed",
        "culprit     main (shop.app)",
        "+ frame main (shop.app)",
        "- frame get (requests.api)",
        "- value cart 17 is closed  [the stack tells enough]",
    ] {
        assert!(told.contains(line), "{line}: {told}");
    }
    assert!(run(&[&first, &again]).starts_with("they are one issue"));
    assert!(run(&[&first, &other]).contains("they differ in error, type:"));
    assert!(run(&[&native]).contains("+ type CartError"));
    let json: Value = serde_json::from_str(&run(&["--json", &first, &other])).unwrap();
    assert_eq!(json["apart"]["path"], json!(["error", "type"]), "{json}");
    assert_eq!(json["first"]["root"]["counts"], true, "{json}");
    let rules = folder.path().join("rules");
    std::fs::write(&rules, "error.type:Cart* -> carts title=\"Carts\"\n").unwrap();
    let rules = rules.display().to_string();
    let told = run(&["--rules", &rules, &first]);
    assert!(
        told.contains("title       Carts") && told.contains("the rule on line 1"),
        "{told}"
    );
    std::fs::write(&rules, "error.typ:Cart* -> carts\n").unwrap();
    let wrong = errata(
        folder.path(),
        &["explain-grouping", "--rules", &rules, &first],
    );
    let wrong = text(&wrong);
    assert!(
        wrong.contains("line 1, column 1") && wrong.contains("did you mean"),
        "{wrong}"
    );
    let broken = errata(
        folder.path(),
        &["explain-grouping", "/nonexistent/event.json"],
    );
    assert!(!broken.status.success() && text(&broken).contains("/nonexistent/event.json"));
}
