use std::fmt::Write as _;

use super::*;

/// Read as it is where queries are: on a large stack.
fn refusal(text: &str) -> String {
    let text = text.to_owned();
    let thread = std::thread::Builder::new().stack_size(64 << 20);
    let reading = thread.spawn(move || read(&text).err().map(|refusal| refusal.message));
    let read = reading.expect("a thread").join().expect("no panic");
    read.unwrap_or_default()
}

#[test]
fn reads_pass() {
    for text in [
        "SELECT 1",
        "select title from events;",
        "WITH a AS (SELECT 1) SELECT * FROM a",
        "VALUES (1), (2)",
        "EXPLAIN SELECT 1",
        "EXPLAIN ANALYZE SELECT 1",
        "SHOW TABLES",
        "SHOW COLUMNS FROM events",
        "DESCRIBE events",
        "DESC events",
        "SELECT tags['a'] FROM events -- why not",
        "SELECT * FROM (SELECT 1) AS t JOIN events ON true",
    ] {
        assert_eq!(refusal(text), "", "{text}");
    }
}

#[test]
fn a_name_of_with_counts_as_often_as_it_is_used() {
    // 1, 2, 4, … 64 and the definitions themselves.
    let of = |times: usize| {
        let mut text = "WITH t0 AS (SELECT 1)".to_owned();
        for n in 1..=times {
            let m = n - 1;
            let _ = write!(text, ", t{n} AS (SELECT * FROM t{m}, T{m})");
        }
        text + &format!(" SELECT * FROM t{times}")
    };
    assert_eq!(refusal(&of(4)), "");
    assert!(
        refusal(&of(6)).contains("tables and SELECTs"),
        "{}",
        refusal(&of(6))
    );
    let inner = of(5);
    let nested = format!("SELECT * FROM ({inner}) AS a, ({inner}) AS b");
    assert!(refusal(&nested).contains("tables and SELECTs"));
}

#[test]
fn what_is_deep_is_refused_with_its_bound() {
    let chain = |n: usize| format!("SELECT {}true", "true AND ".repeat(n));
    assert_eq!(refusal(&chain(DEPTH_MAX - 10)), "");
    assert!(refusal(&chain(DEPTH_MAX)).contains("deep"));
    let listed = format!("SELECT 1 WHERE 1 IN ({}1)", "1,".repeat(5_000));
    assert_eq!(refusal(&listed), "", "a long list is not deep");
}

#[test]
fn a_fault_stands_at_its_character() {
    let text = "SELECT 'ä', 1 FROM a; DROP TABLE a";
    assert!(refusal(text).contains("2 statements"));
    let refused = read("SELECT a b c FROM d").expect_err("two aliases");
    let place = refused.place.expect("a place");
    assert_eq!((place.offset, place.length), (11, 1), "{}", refused.message);
    let refused = read("WITH RECURSIVE t AS (SELECT 1) SELECT * FROM t").expect_err("recursive");
    assert_eq!(
        refused.place.map(|place| (place.offset, place.length)),
        Some((0, 4))
    );
}
