#![allow(clippy::unwrap_used)]

use event_model::{Event, ProjectId};
use serde_json::{Value, json};

use crate::{Context, Item, Limits, read_store, scrub::Rules};

fn read(event: &Value) -> Event {
    let limits = Limits::default();
    let context = Context {
        project_id: ProjectId(7),
        received_ns: 1_795_363_200_000_000_000,
        client_ip: None,
        user_agent: None,
        limits: &limits,
        scrub: Rules::standard(),
    };
    let mut reading = read_store(event.to_string().as_bytes(), &context).unwrap();
    match reading.items.remove(0) {
        Item::Event(reading) => reading.event,
        other => panic!("{other:?}"),
    }
}

/// What the client says is the main exception stands last, where all else looks for it;
/// the others keep their order, and what was masked is named where it now stands.
#[test]
fn the_exception_that_the_client_calls_main_is_put_last() {
    let exceptions = |named: &[(&str, Value)]| -> Vec<Value> {
        let one = |(ty, id): &(&str, Value)| json!({"type": ty, "value": format!("password=hunter2 in {ty}"), "mechanism": {"type": "chained", "exception_id": id}});
        named.iter().map(one).collect()
    };
    let tree = exceptions(&[
        ("Second", json!(2)),
        ("Main", json!(1)),
        ("Group", json!(0)),
    ]);
    for (main, expected) in [
        (json!(1), ["Second", "Group", "Main"]),
        (json!(2), ["Main", "Group", "Second"]),
        // It stands there already, nobody has it, or it is no number.
        (json!(0), ["Second", "Main", "Group"]),
        (json!(9), ["Second", "Main", "Group"]),
        (json!(-1), ["Second", "Main", "Group"]),
        (json!("x"), ["Second", "Main", "Group"]),
        (Value::Null, ["Second", "Main", "Group"]),
    ] {
        let event = read(&json!({"main_exception_id": main, "exception": {"values": tree}}));
        let order: Vec<&str> = event.exceptions.iter().map(|e| e.ty.as_str()).collect();
        assert_eq!(order, expected, "{main}");
        for exception in &event.exceptions {
            let value = &exception.value;
            assert!(
                value.ends_with(&exception.ty) && !value.contains("hunter2"),
                "{value}"
            );
        }
    }
    // Only one value had a secret: its path is that of its new place.
    let mut tree = tree;
    for (at, expected) in [(0, 0), (1, 2), (2, 1)] {
        for (number, exception) in tree.iter_mut().enumerate() {
            exception["value"] = json!(if number == at {
                "password=hunter2"
            } else {
                "plain"
            });
        }
        let event = read(&json!({"main_exception_id": 1, "exception": {"values": tree}}));
        let path = format!("exceptions[{expected}].value");
        assert_eq!(event.scrubbed, [path], "{at}");
    }
}

#[test]
fn without_mechanisms_nothing_is_moved() {
    let event = read(&json!({
        "main_exception_id": 0,
        "exception": {"values": [{"type": "First"}, {"type": "Last"}]},
    }));
    let order: Vec<&str> = event.exceptions.iter().map(|e| e.ty.as_str()).collect();
    assert_eq!(order, ["First", "Last"]);
    assert!(
        read(&json!({"main_exception_id": 0, "message": "m"}))
            .exceptions
            .is_empty()
    );
}
