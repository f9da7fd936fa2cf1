//! SQL over a running server: HTTP and the command line, two projects, two people.

use serde_json::{Value, json};

use crate::support::{Client, KEY, Server, TOKEN, errata, wait_for};

fn ask(client: &Client, token: &str, query: &str) -> (u16, Value) {
    let bearer = format!("Bearer {token}");
    let headers = [
        ("authorization", bearer.as_str()),
        ("content-type", "application/json"),
    ];
    let body = json!({ "query": query }).to_string();
    let (status, _, answer) = client.post("/api/sql", &headers, body);
    (status, answer)
}

fn says(server: &Server, args: &[&str]) -> String {
    let output = errata(&server.data_dir(), args);
    assert!(
        output.status.success(),
        "{args:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

/// A second project with an event, and a member who sees the first one alone; their token.
fn member_beside_a_secret(server: &Server, client: &Client) -> String {
    let made = says(server, &["project", "create", "secret"]);
    let key = made.split("//").nth(1).unwrap().split('@').next().unwrap();
    for (key, kind) in [(KEY, "Seen"), (KEY, "Seen"), (key, "Hidden")] {
        let bearer = format!("Bearer {key}");
        let body = json!({ "error": { "type": kind, "message": "it broke" } }).to_string();
        let (status, _, answer) = client.post("/api/errors", &[("authorization", &bearer)], body);
        assert_eq!(status, 202, "{answer}");
    }
    says(server, &["user", "create", "dev@example.com"]);
    says(server, &["user", "projects", "dev@example.com", "1"]);
    let token = says(server, &["token", "create", "--user", "2", "--read-only"]);
    let words = token.split_whitespace();
    words.max_by_key(|word| word.len()).unwrap().to_owned()
}

#[test]
fn sql_is_answered_by_http_and_the_command_line_of_what_one_sees() {
    let server = Server::start();
    let client = Client::new(&server);
    let member = member_beside_a_secret(&server, &client);
    let count = "SELECT type, count(*) AS n FROM events GROUP BY type ORDER BY type";
    let (status, answer) = ask(&client, TOKEN, count);
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer["rows"], json!([["Hidden", 1], ["Seen", 2]]));
    let (_, answer) = ask(&client, &member, count);
    assert_eq!(answer["rows"], json!([["Seen", 2]]), "{answer}");
    // A read-only token reads, and nobody writes.
    let (status, answer) = ask(&client, &member, "DROP TABLE events");
    assert_eq!((status, &answer["error"]["code"]), (400, &json!("invalid")));
    let (status, _) = ask(&client, "errata_nobody", "SELECT 1");
    assert_eq!(status, 403);

    let joined = "SELECT i.type, i.events, count(*) AS rows FROM issues i \
                  JOIN events e ON e.issue_id = i.issue_id GROUP BY i.type, i.events ORDER BY i.type";
    wait_for("the issues", || {
        let (_, answer) = ask(&client, TOKEN, joined);
        (answer["rows"] == json!([["Hidden", 1, 1], ["Seen", 2, 2]])).then_some(())
    });
    let (status, tables) = client.get("/api/sql");
    assert_eq!(status, 200);
    assert_eq!(tables["tables"][0]["name"], "events");

    // On the host one sees all.
    let table = says(&server, &["sql", count]);
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(
        lines[..4],
        ["type    n", "------  -", "Hidden  1", "Seen    2"],
        "{table}"
    );
    let csv = says(
        &server,
        &[
            "sql",
            "--format",
            "csv",
            "-p",
            "Seen",
            "SELECT level FROM events WHERE type = $1",
        ],
    );
    assert_eq!(csv, "level\r\nerror\r\nerror\r\n");
    let refused = errata(&server.data_dir(), &["sql", "SELECT titel FROM events"]);
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(!refused.status.success());
    assert!(
        said.contains("did you mean \"title\"?") && said.contains("at character 8"),
        "{said}"
    );
}
