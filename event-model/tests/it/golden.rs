//! Sample files of every stored form: what one release wrote, every later one reads.
//!
//! The files are never rewritten. A new version of a form adds files; the ignored
//! test at the end writes those that are not there yet.

use std::path::PathBuf;

use bytes::Bytes;
use event_model::{
    Command, Decision, EventRecord, RecordError, StackHash, StoredEvent, StoredStack,
    record::{
        BodyPlace, BodyRef, SCHEMA_EVENT_V1, StackPlace, archive_head, decode_marker, encode_event,
        encode_marker,
    },
    stack::archive_stack,
};

use crate::sample::{commands, head};

const BODY: &[u8] = br#"{"id":"30313233343536373839616263646566","message":"x"}"#;

/// `BODY` twice as one zstd frame that stores its content raw: magic, single
/// segment with a size of one byte, one last raw block.
fn frame() -> Vec<u8> {
    let content = [BODY, BODY].concat();
    let mut frame = vec![0x28, 0xb5, 0x2f, 0xfd, 0x20, content.len() as u8];
    let block = (content.len() as u32) << 3 | 1;
    frame.extend_from_slice(&block.to_le_bytes()[..3]);
    frame.extend_from_slice(&content);
    frame
}

/// Every body kind with the head of the samples.
fn events() -> Vec<(&'static str, Vec<u8>)> {
    let (head, frame, len) = (archive_head(&head()), frame(), BODY.len() as u32);
    let stack = StackPlace {
        hash: StackHash::of(&archive_stack(&self::head()).unwrap()),
        sequence: 0x0102_0304_0506,
        back: 0x0708_090a,
    };
    let encode_event = |head: &[u8], body| encode_event(head, &stack, body);
    let block = |back, offset, frame| BodyPlace::Block {
        back,
        offset,
        len,
        frame,
    };
    let zstd = BodyPlace::Zstd {
        frame: &frame,
        len: 2 * len,
    };
    vec![
        (
            "event_v1_plain",
            encode_event(&head, BodyPlace::Plain(BODY)),
        ),
        ("event_v1_zstd", encode_event(&head, zstd)),
        (
            "event_v1_block_carrier",
            encode_event(&head, block(0, 0, Some(&frame))),
        ),
        (
            "event_v1_block_second",
            encode_event(&head, block(1, len, None)),
        ),
    ]
}

fn files() -> Vec<(String, Vec<u8>)> {
    let commands = commands()
        .into_iter()
        .map(|(name, command)| (command_file(name, &command), command.encode()));
    let events = events()
        .into_iter()
        .map(|(name, record)| (name.to_owned(), record));
    let stack = (
        "stack_v1".to_owned(),
        archive_stack(&head()).unwrap().to_vec(),
    );
    let marker = ("marker_v1".to_owned(), encode_marker(0x0102_0304).to_vec());
    events.chain(commands).chain([marker, stack]).collect()
}

fn command_file(name: &str, command: &Command) -> String {
    format!("command_v{}_{name}", command.schema() & 0xff)
}

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/{name}.bin"))
}

fn read(name: &str) -> Bytes {
    std::fs::read(path(name))
        .unwrap_or_else(|error| panic!("{name}: {error}"))
        .into()
}

fn parse(name: &str) -> StoredEvent {
    let record = EventRecord::parse(SCHEMA_EVENT_V1, read(name)).unwrap();
    let place = *record.stack();
    assert_eq!(
        (place.sequence, place.back),
        (0x0102_0304_0506, 0x0708_090a)
    );
    let stack = StoredStack::read(place.hash, read("stack_v1")).unwrap();
    let event = record.with(stack).unwrap();
    assert_eq!(event.whole().to_head().unwrap(), head(), "{name}");
    event
}

#[test]
fn event_v1_is_read_with_its_body_in_every_place() {
    let len = BODY.len() as u32;
    let plain = parse("event_v1_plain");
    assert_eq!(*plain.body(), BodyRef::Plain(BODY.into()));
    let zstd = BodyRef::Zstd {
        frame: frame().into(),
        len: 2 * len,
    };
    assert_eq!(*parse("event_v1_zstd").body(), zstd);
    let carrier = BodyRef::Block {
        back: 0,
        offset: 0,
        len,
        frame: Some(frame().into()),
    };
    assert_eq!(*parse("event_v1_block_carrier").body(), carrier);
    let second = BodyRef::Block {
        back: 1,
        offset: len,
        len,
        frame: None,
    };
    assert_eq!(*parse("event_v1_block_second").body(), second);
}

#[test]
fn the_head_is_read_in_place_without_a_copy() {
    let event = parse("event_v1_plain");
    let head = event.head();
    assert_eq!(head.project_id, 42);
    assert_eq!(head.tags[0].1.as_str(), "eu");
    let whole = event.whole();
    let exception = whole.exception(1).unwrap();
    assert_eq!(exception.ty(), "RuntimeError");
    assert_eq!(exception.frames()[1].lineno, 99);
    assert_eq!(whole.exceptions().next().unwrap().value, "'käse'");
    let json = whole.to_json();
    assert_eq!(json["event_id"], "30313233343536373839616263646566");
    assert_eq!(json["exceptions"][0]["value"], "'käse'");
}

#[test]
fn every_decision_of_every_version_is_read() {
    for (name, command) in commands() {
        let stored = read(&command_file(name, &command));
        let decoded = Command::decode(command.schema(), &stored).unwrap();
        assert_eq!(decoded, command, "{name}");
    }
}

/// A decision without a sample does not compile here.
#[test]
fn every_decision_has_a_sample_and_a_schema_of_its_own() {
    for (name, command) in commands() {
        let expected = match command.decision {
            Decision::CreateOrganization { .. } => "create_organization",
            Decision::CreateProject { .. } => "create_project",
            Decision::RenameProject { .. } => "rename_project",
            Decision::CreateKey { .. } => "create_key",
            Decision::DisableKey { .. } => "disable_key",
            Decision::EnableKey { .. } => "enable_key",
            Decision::RenameKey { .. } => "rename_key",
            Decision::CreateUser { .. } => "create_user",
            Decision::RenameUser { .. } => "rename_user",
            Decision::SetRole { .. } => "set_role",
            Decision::SetUserProjects { .. } => "set_user_projects",
            Decision::DisableUser { .. } => "disable_user",
            Decision::EnableUser { .. } => "enable_user",
            Decision::CreatePasswordLink { .. } => "create_password_link",
            Decision::SetPassword { .. } => "set_password",
            Decision::StartSession { .. } => "start_session",
            Decision::EndSession { .. } => "end_session",
            Decision::EndSessions { .. } => "end_sessions",
            Decision::CreateToken { .. } => "create_token",
            Decision::RevokeToken { .. } => "revoke_token",
            Decision::SetIssueStatus { .. } => "set_issue_status",
            Decision::AssignIssues { .. } => "assign_issues",
            Decision::RecordDelivery { .. } => "record_delivery",
            Decision::AdvanceAlertCursor { .. } => "advance_alert_cursor",
            Decision::RangeDropped { .. } => "range_dropped",
            Decision::FilesShed { .. } => "files_shed",
            Decision::ColdShed { .. } => "cold_shed",
            Decision::SetRetention { .. } => "set_retention",
            Decision::EventsExpired { .. } => "events_expired",
            Decision::SetScrubbing { .. } => "set_scrubbing",
            Decision::SetFilters { .. } => "set_filters",
            Decision::SetPlan { .. } => "set_plan",
            Decision::SetKeyLimit { .. } => "set_key_limit",
            Decision::SetSpikeProtection { .. } => "set_spike_protection",
            Decision::SetGroupingRules { .. } => "set_grouping_rules",
            Decision::SetGroupingAlgorithm { .. } => "set_grouping_algorithm",
            Decision::ApplyGrouping { .. } => "apply_grouping",
            Decision::UndoGrouping { .. } => "undo_grouping",
            Decision::DiscardIssues { .. } => "discard_issues",
            Decision::UndiscardIssues { .. } => "undiscard_issues",
            Decision::MergeIssues { .. } => "merge_issues",
            Decision::UnmergeFingerprints { .. } => "unmerge_fingerprints",
        };
        assert_eq!(name, expected);
    }
    let mut schemas: Vec<u16> = commands().iter().map(|(_, c)| c.schema()).collect();
    schemas.sort_unstable();
    let mut listed: Vec<u16> = Decision::KINDS.iter().map(|(schema, _)| *schema).collect();
    listed.sort_unstable();
    assert_eq!(schemas, listed, "a sample each");
    listed.dedup_by_key(|schema| *schema >> 8);
    assert_eq!(listed.len(), schemas.len(), "a kind is used twice");
}

/// With a schema of its own, a decision that grows moves no byte of the others, and a
/// small one does not take the space of the largest.
#[test]
fn a_record_is_as_large_as_its_own_decision() {
    let bytes = |wanted: &str| {
        let commands = commands();
        let found = commands.iter().find(|(name, _)| *name == wanted);
        found.map(|(_, command)| command.encode().len()).unwrap()
    };
    assert!(bytes("revoke_token") <= 24, "{}", bytes("revoke_token"));
    assert!(bytes("advance_alert_cursor") <= 32);
    assert!(bytes("create_token") > 64);
}

#[test]
fn marker_v1_is_read() {
    assert_eq!(decode_marker(&read("marker_v1")).unwrap(), 0x0102_0304);
}

/// A change of layout under the same version would be seen here first.
#[test]
fn what_is_written_today_is_byte_for_byte_the_sample() {
    for (name, record) in files() {
        assert!(read(&name) == record, "{name} is written differently");
    }
}

#[test]
fn a_schema_of_a_newer_release_is_opaque_not_damaged() {
    let record = read("event_v1_plain");
    let event = EventRecord::parse(0x0102, record.clone());
    assert!(matches!(event, Err(RecordError::UnknownSchema(0x0102))));
    for (name, command) in commands() {
        let newer = command.schema() + 1;
        let read = Command::decode(newer, &command.encode());
        assert!(
            matches!(read, Err(RecordError::UnknownSchema(schema)) if schema == newer),
            "{name}"
        );
    }
}

#[test]
#[ignore = "writes sample files of new forms; those that are there stay"]
fn write_missing_samples() {
    for (name, record) in files() {
        if !path(&name).exists() {
            std::fs::write(path(&name), record).unwrap();
        }
    }
}
