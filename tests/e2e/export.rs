//! Exports of a search over a running server: whole, of log and Parquet files as one, of what one sees, broken off
//! where they cannot go on, and ended by who leaves.

use std::fs;

use proto::v1::{
    ExportEventsRequest, ExportFormat, ListEventsRequest, event_service_client::EventServiceClient,
};
use serde_json::{Value, json};

use crate::{
    grpc::{channel_to, with_bearer},
    support::{Client, KEY, Server, TOKEN, block_on, errata, noise, python, wait_for},
};

const EVENTS: u64 = 2_000;
/// More than what lies in buffers on its way.
const NOISE_CHARS: usize = 12_000;
/// The log keeps some hundred of them.
const SETTINGS: [(&str, &str); 3] = [
    ("ERRATA_LOG__EVENTS_SEGMENT_BYTES", "1048576"),
    ("ERRATA_LOG__RETENTION__BYTES", "4000000"),
    ("ERRATA_LOG__RETENTION__LOOK_EVERY_S", "1"),
];

fn send(server: &Server, key: &str, numbers: std::ops::Range<u64>) {
    let client = Client::new(server);
    let bearer = format!("Bearer {key}");
    let numbers: Vec<u64> = numbers.collect();
    for some in numbers.chunks(50) {
        let errors = some.iter().map(|n| {
            // Each hundredth looks like a formula.
            let ty = if n % 100 == 0 { "=cmd,\"x\"" } else { "Broken" };
            json!({
                "error": {"type": ty, "message": format!("number{n} broke\nfor good")},
                "level": if n % 2 == 0 { "error" } else { "warning" },
                "tags": {"number": n.to_string()},
                "extra": {"noise": noise(*n, NOISE_CHARS)},
            })
        });
        let batch = json!({ "errors": errors.collect::<Vec<_>>() }).to_string();
        let (status, _, answer) =
            client.post("/api/errors/batch", &[("authorization", &bearer)], batch);
        assert_eq!(status, 202, "{answer}");
    }
}

/// A server of many events, most of them in Parquet files only, and a few of another project.
fn filled() -> Server {
    let server = Server::start_with(&SETTINGS);
    send(&server, KEY, 0..EVENTS);
    let made = says(&server, &["project", "create", "secret"]);
    let made = String::from_utf8(made).unwrap();
    let key = made.split("//").nth(1).unwrap().split('@').next().unwrap();
    send(&server, key, EVENTS..EVENTS + 10);
    wait_for("most of the log to go", || {
        (server.metric("errata_log_retained_first") > EVENTS as f64 / 2.0).then_some(())
    });
    wait_for("all events to be listed", || {
        (listed(&server, "").len() as u64 == EVENTS + 10).then_some(())
    });
    server
}

fn says(server: &Server, args: &[&str]) -> Vec<u8> {
    let output = errata(&server.data_dir(), args);
    assert!(
        output.status.success(),
        "{args:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    output.stdout
}

/// All that a list has, page by page.
fn listed(server: &Server, query: &str) -> Vec<Value> {
    let (mut rows, mut cursor) = (Vec::new(), String::new());
    loop {
        let (status, page) = server.get(&format!("/api/errors?limit=700{query}{cursor}"));
        assert_eq!(status, 200, "{page}");
        rows.extend(page["errors"].as_array().unwrap().iter().cloned());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return rows,
        }
    }
}

fn ids(rows: &[Value], name: &str) -> Vec<String> {
    let ids = rows.iter().map(|row| row[name].as_str().unwrap());
    ids.map(str::to_owned).collect()
}

fn exported(server: &Server, query: &str) -> Vec<u8> {
    let path = format!("/api/errors/export?{query}");
    let (status, headers, body) = Client::new(server).download(&path);
    assert_eq!(status, 200, "{}", String::from_utf8_lossy(&body));
    let name = headers["content-disposition"].to_str().unwrap();
    assert!(name.starts_with("attachment; filename=\"errors-"), "{name}");
    body
}

fn lines(body: &[u8]) -> Vec<Value> {
    let lines = body.split(|byte| *byte == b'\n');
    let lines = lines.filter(|line| !line.is_empty());
    lines
        .map(|line| serde_json::from_slice(line).unwrap())
        .collect()
}

/// Begun, with the first piece read.
fn begun(server: &Server, query: &str) -> (reqwest::Response, usize) {
    let request = reqwest::Client::new().get(format!("{}/api/errors/export?{query}", server.url));
    block_on(async {
        let mut response = request.bearer_auth(TOKEN).send().await.unwrap();
        assert_eq!(response.status().as_u16(), 200);
        let first = response.chunk().await.unwrap().unwrap();
        (response, first.len())
    })
}

#[test]
fn an_export_is_the_whole_list_in_every_form_for_who_may_see_it() {
    let server = filled();
    for query in [
        "",
        "&query=level:warning",
        "&query=number7",
        "&order=asc",
        "&project=2",
    ] {
        let list = listed(&server, query);
        let rows = lines(&exported(&server, &query[query.len().min(1)..]));
        assert_eq!(ids(&rows, "event_id"), ids(&list, "id"), "{query}");
        for (row, line) in rows.iter().zip(&list) {
            for name in ["issue_id", "project_id", "level", "type", "culprit"] {
                assert_eq!(row[name], line[name], "{query}");
            }
            assert_eq!(row["received_at"], line["received_at"]);
            assert_eq!(row["body"]["id"], row["event_id"]);
        }
    }
    let nothing = exported(&server, "query=nowhere");
    assert!(nothing.is_empty());

    // Others read the files, and all say the same.
    let dir = tempfile::tempdir().unwrap();
    for format in ["jsonl", "csv", "parquet"] {
        let body = exported(&server, &format!("format={format}"));
        fs::write(dir.path().join(format!("export.{format}")), body).unwrap();
    }
    let read = python("read_export.py", &[dir.path().to_str().unwrap()]);
    let read: Value = serde_json::from_str(&read).unwrap();
    assert_eq!(read["jsonl"].as_array().unwrap().len() as u64, EVENTS + 10);
    assert_eq!(read["jsonl"], read["csv"]);
    assert_eq!(read["jsonl"], read["parquet"]);
    assert_eq!(read["marked"], EVENTS / 100 + 1);
    assert_eq!(read["columns"].as_array().unwrap().len(), 27);

    // Over gRPC, and on the host, the same file.
    let asked = exported(&server, "query=number:7");
    assert_eq!(says(&server, &["export", "number:7"]), asked);
    let of_grpc = block_on(async {
        let channel = channel_to(&server.url).await.unwrap();
        let request = ExportEventsRequest {
            events: Some(ListEventsRequest::default()),
            format: ExportFormat::Csv.into(),
        };
        let mut events = EventServiceClient::new(channel);
        let request = with_bearer(TOKEN, request);
        let mut pieces = events.export_events(request).await.unwrap().into_inner();
        let mut file = Vec::new();
        while let Some(message) = pieces.message().await.unwrap() {
            file.extend(message.piece);
        }
        file
    });
    assert!(of_grpc == exported(&server, "format=csv"), "another file");

    // A member has what they see.
    says(&server, &["user", "create", "dev@example.com"]);
    says(&server, &["user", "projects", "dev@example.com", "1"]);
    let token = says(&server, &["token", "create", "--user", "2", "--read-only"]);
    let token = String::from_utf8(token).unwrap();
    let token = token.split_whitespace().max_by_key(|word| word.len());
    let bearer = format!("Bearer {}", token.unwrap());
    let member = [("authorization", bearer.as_str()), ("accept", "text/csv")];
    let client = Client::new(&server);
    let answer = client.request("GET", "/api/errors/export", &member, String::new());
    assert_eq!(
        (answer.status, answer.content_type.as_str()),
        (200, "text/csv")
    );
    let text = answer.body.as_str().unwrap().to_owned();
    assert!(text.contains("number1999 broke") && !text.contains("number2000 broke"));
    let hidden = "/api/errors/export?project=2";
    assert_eq!(
        client.request("GET", hidden, &member, String::new()).status,
        404
    );
    for (query, field) in [
        ("format=xlsx", "format"),
        ("query=level:(", "query"),
        ("from=x", "from"),
    ] {
        let (status, answer) = client.get(&format!("/api/errors/export?{query}"));
        assert_eq!(
            (status, &answer["error"]["field"]),
            (400, &json!(field)),
            "{answer}"
        );
    }
}

#[test]
fn an_export_ends_with_who_leaves_and_breaks_where_it_cannot_go_on() {
    let server = filled();
    let client = Client::new(&server);
    let first = begun(&server, "");
    let second = begun(&server, "order=asc");
    // Two of one person at once.
    let (status, headers, body) = client.download("/api/errors/export");
    assert_eq!(status, 429, "{}", String::from_utf8_lossy(&body));
    assert!(headers.contains_key("retry-after"));
    // What comes meanwhile is not in it.
    send(&server, KEY, EVENTS + 10..EVENTS + 20);
    wait_for("the newest events", || {
        (listed(&server, "").len() as u64 == EVENTS + 20).then_some(())
    });
    // Who leaves makes room.
    drop(first);
    wait_for("room for another", || {
        let (status, _, _) = client.download("/api/errors/export?query=number7");
        (status == 200).then_some(())
    });
    let (mut response, mut length) = second;
    block_on(async {
        while let Some(piece) = response.chunk().await.unwrap() {
            length += piece.len();
        }
    });
    let whole = exported(&server, "order=asc");
    let newer = lines(&whole).split_off(EVENTS as usize + 10);
    assert_eq!(newer.len(), 10);
    let newer: usize = {
        let parts = whole.split_inclusive(|byte| *byte == b'\n');
        parts.skip(EVENTS as usize + 10).map(<[u8]>::len).sum()
    };
    assert_eq!(length, whole.len() - newer);

    // The oldest events' files go while they are read.
    let (mut response, mut length) = begun(&server, "order=asc");
    fs::remove_dir_all(server.data_dir().join("cold")).unwrap();
    let broken = block_on(async {
        loop {
            match response.chunk().await {
                Ok(Some(piece)) => length += piece.len(),
                Ok(None) => return false,
                Err(_) => return true,
            }
        }
    });
    assert!(
        broken && length < whole.len(),
        "{length} of {}",
        whole.len()
    );
    assert!(server.said().contains("an export is broken off"));
}
