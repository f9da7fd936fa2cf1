//! What is refused, and how it is said.

use std::fmt::Write as _;

use std::time::{Duration, Instant};

use http::StatusCode;
use serde_json::{Value, json};

use crate::world::{BOUNDS, OWNER, World, event, send};

/// Texts, and a part of what is said to them.
const REFUSED: &[(&str, &str)] = &[
    ("", "is empty"),
    (";;", "is empty"),
    ("SELECT 1; SELECT 2", "2 statements"),
    ("INSERT INTO issues VALUES (1)", "INSERT is refused"),
    ("UPDATE issues SET status = 'resolved'", "UPDATE is refused"),
    ("DELETE FROM events", "DELETE is refused"),
    ("DROP TABLE events", "DROP is refused"),
    ("TRUNCATE TABLE events", "TRUNCATE is refused"),
    ("CREATE TABLE x AS SELECT 1", "CREATE is refused"),
    ("CREATE VIEW x AS SELECT 1", "CREATE is refused"),
    (
        "CREATE EXTERNAL TABLE x STORED AS PARQUET LOCATION '/etc/passwd'",
        "CREATE EXTERNAL TABLE is refused",
    ),
    ("COPY (SELECT 1) TO '/tmp/x.csv'", "COPY is refused"),
    ("SET datafusion.execution.batch_size = 1", "SET is refused"),
    ("RESET datafusion.execution.batch_size", "RESET is refused"),
    ("SHOW ALL", "SHOW is refused"),
    ("BEGIN", "is refused"),
    ("EXPLAIN INSERT INTO issues VALUES (1)", "EXPLAIN is for"),
    ("EXPLAIN COPY (SELECT 1) TO '/tmp/x'", "EXPLAIN is for"),
    ("PREPARE x AS SELECT 1", "PREPARE is refused"),
    ("EXECUTE x", "EXECUTE is refused"),
    ("SELECT 1 INTO x", "SELECT INTO is refused"),
    (
        "WITH RECURSIVE t AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM t) SELECT * FROM t",
        "WITH RECURSIVE is refused",
    ),
    ("SELECT * FROM '/etc/passwd'", "there is no table"),
    (
        "SELECT * FROM 'data/cold/events/*.parquet'",
        "there is no table",
    ),
    ("SELECT * FROM read_parquet('x')", "read_parquet"),
    ("SELECT repeat('x', 1000000000)", "repeat"),
    ("SELECT lpad('x', 1000000000)", "lpad"),
    ("SELECT range(0, 10000000000)", "range"),
    ("SELECT titel FROM events", "did you mean \"title\"?"),
    ("SELECT e.titel FROM events e", "did you mean \"title\"?"),
    ("SELECT * FROM event", "did you mean \"events\"?"),
    ("SELECT cout(*) FROM events", "cout"),
    ("SELECT count(* FROM events", "Expected"),
    ("SELECT 'open", "Unterminated string"),
    (
        "SELECT title FROM events WHERE position = $1",
        "$1 needs 1 parameters",
    ),
    ("SELECT title FROM events, issues", "more than one table"),
    ("SELECT 1/0", "ivide by zero"),
    ("SELECT json_text(body, 'a[b]') FROM events", "is no path"),
];

#[tokio::test]
async fn what_is_no_read_is_refused_with_what_is_allowed() {
    let world = World::new();
    world.append(&event(1));
    for (query, expected) in REFUSED {
        let answer = world.ask(query).await;
        assert_eq!(
            answer.status,
            StatusCode::BAD_REQUEST,
            "{query}: {}",
            answer.text
        );
        let message = answer.message();
        assert!(message.contains(expected), "{query}: {message}");
        assert!(!message.contains("datafusion"), "{query}: {message}");
        let error = &answer.json()["error"];
        assert_eq!(
            (&error["code"], &error["field"]),
            (&json!("invalid"), &json!("query"))
        );
    }
    // All of that harmed nobody.
    assert_eq!(
        world.ask("SELECT count(*) FROM events").await.one(),
        json!(1)
    );
}

#[tokio::test]
async fn an_error_points_at_its_place() {
    let world = World::new();
    for (query, word, suggestion) in [
        ("SELECT level,\n  titel FROM events", "titel", Some("title")),
        ("SELECT level FROM evnts", "evnts", Some("events")),
        ("SELECT level FROM events WHERE FROM", "FROM", None),
        ("SELECT counnt(level) FROM events", "counnt", Some("count")),
    ] {
        let answer = world.ask(query).await;
        let error = answer.json()["error"].clone();
        let at = |name: &str| error["position"][name].as_u64().unwrap() as usize;
        let (offset, length) = (at("offset"), at("length"));
        let found: String = query.chars().skip(offset).take(length).collect();
        assert_eq!(found, word, "{query}: {error}");
        let suggested = suggestion.map_or(Value::Null, Value::from);
        assert_eq!(error["suggestion"], suggested, "{query}");
    }
}

#[tokio::test]
async fn what_would_cost_too_much_is_refused_before_it_does() {
    let world = World::new();
    for n in 0..50 {
        world.append(&event(n));
    }
    let doubled = |times: usize| {
        let mut query = "WITH t0 AS (SELECT 1 AS n)".to_owned();
        for n in 1..=times {
            let before = n - 1;
            let _ = write!(
                query,
                ", t{n} AS (SELECT * FROM t{before} UNION ALL SELECT * FROM t{before})"
            );
        }
        query + &format!(" SELECT count(*) FROM t{times}")
    };
    let queries = [
        (format!("SELECT 1 -- {}", "x".repeat(200_000)), "bytes, at most"),
        (format!("SELECT {}1", "1+".repeat(30_000)), "words and signs"),
        (format!("SELECT {}1", "1+".repeat(3_000)), "deep"),
        (format!("SELECT {}1{}", "(".repeat(500), ")".repeat(500)), "recursion"),
        (format!("SELECT '{}'", "x".repeat(10_000)), "a text of more than"),
        (vec!["SELECT 1"; 200].join(" UNION ALL "), "UNIONs"),
        (doubled(25), "tables and SELECTs"),
        (
            format!("SELECT * FROM {}", vec!["events"; 100].join(", ")),
            "tables and SELECTs",
        ),
        (
            "SELECT concat(a, a, a, a) FROM (SELECT concat(b, b, b, b, b, b, b, b) AS a FROM \
             (SELECT concat(c, c, c, c, c, c, c, c, c, c) AS b FROM (SELECT concat(body, body, body, \
             body, body, body, body, body, body, body) AS c FROM events)))"
                .to_owned(),
            "could make",
        ),
        (
            "SELECT a || a || a || a FROM (SELECT replace(body, 'e', body) AS a FROM events)"
                .to_owned(),
            "could make",
        ),
        (format!("SELECT [{}]", ["body"; 10].join(",")) + " FROM events WHERE position = ANY", "Expected"),
    ];
    for (query, expected) in queries {
        let start = Instant::now();
        let answer = world.ask(&query).await;
        let shown: String = query.chars().take(60).collect();
        assert_eq!(
            answer.status,
            StatusCode::BAD_REQUEST,
            "{shown}: {}",
            answer.text
        );
        assert!(
            answer.message().contains(expected),
            "{shown}: {}",
            answer.message()
        );
        assert!(start.elapsed() < Duration::from_secs(10), "{shown}");
    }
    // What is just within the bounds is answered.
    assert_eq!(world.ask(&doubled(4)).await.one(), json!(16));
    let long = format!("SELECT {}1", "1+".repeat(150));
    assert_eq!(world.ask(&long).await.one(), json!(151));
}

#[tokio::test]
async fn memory_and_time_have_an_end_and_come_back() {
    let bounds = sql_engine::SqlConfig {
        memory_bytes: 16 * 1024 * 1024,
        time_max: Duration::from_secs(2),
        ..BOUNDS
    };
    let world = World::with(bounds, |files| files);
    let hungry = "SELECT max(n) FROM (SELECT a.value AS n, row_number() OVER (ORDER BY a.value DESC) AS r \
                  FROM generate_series(1, 20000000) AS a) WHERE r > 5";
    let answer = world.ask(hungry).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{}", answer.text);
    assert!(answer.message().contains("memory"), "{}", answer.text);
    let endless = "SELECT count(*) FROM generate_series(1, 1000) AS b, generate_series(1, 1000000000) AS a \
                   WHERE a.value + b.value < 0";
    let start = Instant::now();
    let answer = world.ask(endless).await;
    assert!(
        answer.message().contains("longer than 2 s"),
        "{}",
        answer.text
    );
    assert!(start.elapsed() < Duration::from_secs(20));
    assert_eq!(world.ask("SELECT 1").await.one(), json!(1));
}

#[tokio::test]
async fn rows_beyond_the_bound_are_left_out_and_said_so() {
    let world = World::new();
    let all = world.ask("SELECT * FROM generate_series(1, 20000)").await;
    assert_eq!(
        (all.rows().len(), &all.json()["truncated"]),
        (10_000, &json!(true))
    );
    let body = json!({ "query": "SELECT * FROM generate_series(1, 3)", "limit": 3 });
    let some = world.ask_as(OWNER, &body).await;
    assert_eq!(
        (some.rows().len(), &some.json()["truncated"]),
        (3, &json!(false))
    );
    let body = json!({ "query": "SELECT * FROM generate_series(1, 4)", "limit": 3 });
    let some = world.ask_as(OWNER, &body).await;
    assert_eq!(
        (some.rows().len(), &some.json()["truncated"]),
        (3, &json!(true))
    );
    for limit in [json!(0), json!(10_001), json!("x")] {
        let body = json!({ "query": "SELECT 1", "limit": limit });
        assert_eq!(
            world.ask_as(OWNER, &body).await.status,
            StatusCode::BAD_REQUEST
        );
    }
    // Ten thousand rows are no bound of a stream.
    let body = json!({ "query": "SELECT * FROM generate_series(1, 20000)" });
    let csv = send(&world.sql.router(), OWNER, "text/csv", &body).await;
    assert_eq!(csv.text.lines().count(), 20_001);
}

#[tokio::test]
async fn an_answer_that_nobody_takes_ends_its_query() {
    let bounds = sql_engine::SqlConfig {
        queries_max: 1,
        time_max: Duration::from_mins(5),
        ..BOUNDS
    };
    let world = World::with(bounds, |files| files);
    let endless = json!({ "query": "SELECT count(*) FROM generate_series(1, 1000) AS b, \
                                    generate_series(1, 1000000000) AS a WHERE a.value + b.value < 0" });
    let asked = world.ask_as(OWNER, &endless);
    // It goes away while the query runs; the one turn is free again.
    let gone = tokio::time::timeout(Duration::from_millis(300), asked).await;
    assert!(gone.is_err());
    assert_eq!(world.ask("SELECT 1").await.one(), json!(1));
}
