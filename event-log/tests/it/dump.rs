//! The logs as JSON for people.

use event_log::dump;
use event_model::{Actor, Command, Decision, Position, Role, UserId};
use serde_json::json;

use crate::sample::{command, event, open};

#[test]
fn the_dump_shows_heads_bodies_and_commands_but_no_hash_of_a_password() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path());
    let (head, body) = event(1, 4);
    log.append_event(&head, body).unwrap().wait().unwrap();
    log.append_command_blocking(command("acme")).unwrap();
    let user = Command {
        actor: Actor::User(UserId(1)),
        at_ns: 8,
        decision: Decision::CreateUser {
            id: UserId(2),
            email: "ada@example.org".into(),
            name: "Ada".into(),
            role: Role::Owner,
            password_hash: "$argon2id$secret".into(),
            link: Some(event_model::LinkSecret {
                sha256: [7; 32],
                expires_ns: 9,
            }),
        },
    };
    log.append_command_blocking(user).unwrap();
    let reader = log.reader();
    let mut events: Vec<_> = dump::events(&reader, Position(0)).collect();
    for value in &mut events {
        let time = value["time"].take();
        assert!(time.as_str().unwrap().ends_with('Z'), "{time}");
    }
    assert_eq!(events[0]["kind"], "event");
    assert_eq!(events[0]["position"], 1);
    assert_eq!(events[0]["head"]["message"], "event 1");
    let id = "00000000000000000000000000000001";
    assert_eq!(events[0]["head"]["event_id"], id);
    assert_eq!(events[0]["body"]["id"], id);
    assert_eq!(events[0]["body"]["extra"]["filler"], "at h");
    let acme = json!({"actor": "system", "at_ns": 7,
        "decision": {"create_organization": {"name": "acme"}}});
    let ada = json!({"actor": {"user": 1}, "at_ns": 8, "decision": {"create_user":
        {"id": 2, "email": "ada@example.org", "name": "Ada", "role": "owner", "link": {"expires_ns": 9}}}});
    let marker = json!({"log": "events", "position": 2, "time": null, "kind": "command",
        "number": 1, "command": acme});
    assert_eq!(events[1], marker);
    assert_eq!(events[2]["command"], ada);
    assert_eq!(dump::events(&reader, Position(2)).count(), 1);
    let control: Vec<_> = dump::control(&reader, 0).collect();
    assert_eq!(
        control,
        [
            json!({"log": "control", "number": 1, "kind": "command", "command": acme}),
            json!({"log": "control", "number": 2, "kind": "command", "command": ada}),
        ]
    );
    log.close().unwrap();
    assert_eq!(
        dump::stat(&dump::events_dir(dir.path())).unwrap().records,
        3
    );
    assert!(
        dump::verify(&dump::control_dir(dir.path()))
            .unwrap()
            .is_sound()
    );
}
