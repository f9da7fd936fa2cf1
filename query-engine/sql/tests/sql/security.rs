//! Nobody reads what they do not see, however they ask.

use http::StatusCode;
use serde_json::{Value, json};

use crate::world::{MEMBER, OWNER, STRANGER, World, block_on, event, send};

/// Ways to ask how much there is of project 2.
const WAYS: &[&str] = &[
    "SELECT count(*) FROM events WHERE project_id = 2",
    "SELECT count(*) FROM events WHERE project_id = 2 OR true AND project_id = 2",
    "SELECT count(*) FROM events e WHERE NOT (e.project_id <> 2)",
    "SELECT count(*) FROM (SELECT project_id FROM events) AS t(c) WHERE c = 2",
    "SELECT count(CASE WHEN project_id = 2 THEN 1 END) FROM events",
    "SELECT coalesce(sum(n), 0) FROM (SELECT project_id, count(*) AS n FROM events GROUP BY 1) WHERE project_id = 2",
    "SELECT count(*) FROM events WHERE event_id IN (SELECT event_id FROM events WHERE project_id = 2)",
    "SELECT count(*) FROM events a FULL JOIN events b ON a.event_id = b.event_id WHERE b.project_id = 2",
    "WITH t AS (SELECT * FROM events UNION ALL SELECT * FROM events) SELECT count(*) FROM t WHERE project_id = 2",
    "SELECT count(*) FROM errata.public.events WHERE project_id = 2",
    "SELECT count(*) FROM events WHERE position > 0 AND project_id = 2",
    "SELECT count(*) FROM issues WHERE project_id = 2",
    "SELECT count(*) FROM fingerprints WHERE project_id = 2",
    "SELECT count(*) FROM counters WHERE project_id = 2",
    "SELECT count(*) FROM minute_counters WHERE project_id = 2",
    "SELECT count(*) FROM project_counters WHERE project_id = 2",
    "SELECT count(*) FROM project_minute_counters WHERE project_id = 2",
    "SELECT count(*) FROM issue_tags WHERE project_id = 2",
    "SELECT count(*) FROM releases WHERE project_id = 2",
    "SELECT count(*) FROM transitions WHERE project_id = 2",
    "SELECT count(*) FROM activity WHERE project_id = 2 OR project_id IS NULL",
    "SELECT count(*) FROM projects WHERE project_id = 2",
];

#[test]
fn a_member_sees_their_projects_and_nothing_of_others_by_any_way() {
    let world = World::new();
    for n in 0..300 {
        world.append(&event(n));
    }
    world.settle();
    let all = block_on(world.ask("SELECT count(*), count(DISTINCT project_id) FROM events"));
    assert_eq!(all.rows(), [vec![json!(300), json!(2)]]);
    for way in WAYS {
        let body = json!({ "query": way });
        let owner = block_on(world.ask_as(OWNER, &body)).one();
        let is_seen = owner.as_u64().unwrap() > 0;
        assert!(
            is_seen || way.contains("activity"),
            "{way}: nothing to be hidden"
        );
        for token in [MEMBER, STRANGER] {
            let seen = block_on(world.ask_as(token, &body));
            assert_eq!(seen.one(), json!(0), "{token} by {way}");
        }
    }
    let body = json!({ "query": "SELECT count(*) FROM events" });
    assert_eq!(block_on(world.ask_as(MEMBER, &body)).one(), json!(240));
    assert_eq!(block_on(world.ask_as(STRANGER, &body)).one(), json!(0));
    // Nor by what an error or a plan says of values.
    let body = json!({ "query": "SELECT CAST(title AS INT) FROM events WHERE project_id = 2" });
    assert_eq!(
        block_on(world.ask_as(STRANGER, &body)).rows(),
        Vec::<Vec<Value>>::new()
    );
}

#[test]
fn who_is_nobody_is_told_so() {
    let world = World::new();
    let answer = block_on(world.ask_as("errata_of_nobody", &json!({ "query": "SELECT 1" })));
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    let router = world.sql.router();
    let csv = block_on(send(
        &router,
        OWNER,
        "text/csv",
        &json!({ "query": "SELECT 1 AS a, 'x,y' AS b" }),
    ));
    assert_eq!(csv.text, "a,b\r\n1,\"x,y\"\r\n");
}
