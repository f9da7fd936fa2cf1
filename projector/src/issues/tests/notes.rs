//! Files, feedback, and what arrived.

use event_log::Entry;
use event_model::{
    Decision, DropReason, Note,
    head::Head,
    note::{AttachmentV1, Attachments, ClientDropV1, ClientReport, Feedback, Tally, TallyCountV1},
};

use proptest::prelude::*;

use super::{health, query};
use crate::testing::{NOON_NS, command, event, message};

fn files(names: &[&str]) -> Entry {
    Entry::Note(Note::Attachments(Attachments {
        project_id: 1,
        received_ns: NOON_NS,
        event_id: [1; 16],
        files: names
            .iter()
            .map(|name| AttachmentV1 {
                name: (*name).into(),
                content_type: "text/plain".into(),
                attachment_type: "event.attachment".into(),
                size_bytes: 3,
                sha256: [7; 32],
            })
            .collect(),
    }))
}

fn feedback(id: u8, text: &str) -> Entry {
    Entry::Note(Note::Feedback(Feedback {
        project_id: 1,
        received_ns: NOON_NS,
        id: [id; 16],
        event_id: Some([1; 16]),
        name: String::new(),
        email: String::new(),
        message: text.into(),
        url: String::new(),
        release: String::new(),
        environment: String::new(),
    }))
}

/// Any note, and a drop of the range before it.
pub(super) fn arbitrary() -> impl Strategy<Value = Entry> {
    let name = prop_oneof![Just("a"), Just("b"), Just("c")];
    prop_oneof![
        2 => name.prop_map(|name| files(&[name])),
        1 => (0..4u8).prop_map(|id| feedback(id, "text")),
        1 => (1..3u32, 1..9u64).prop_map(|(project, count)| tally(project, "invalid", count)),
        1 => (0..80u64).prop_map(range_dropped),
        4 => health::arbitrary(),
    ]
}

fn range_dropped(below: u64) -> Entry {
    command(Decision::RangeDropped {
        below,
        reason: DropReason::Age,
        segments: 1,
        bytes: 1,
        overruled: Vec::new(),
    })
}

fn tally(project_id: u32, reason: &str, quantity: u64) -> Entry {
    Entry::Note(Note::Tally(Tally {
        from_ns: 0,
        until_ns: NOON_NS,
        counts: vec![TallyCountV1 {
            project_id,
            category: "transaction".into(),
            reason: reason.into(),
            quantity,
        }],
    }))
}

#[test]
fn files_are_listed_in_order_and_one_that_comes_again_is_the_same() {
    let listed = query(
        vec![
            files(&["b.txt", "a.txt"]),
            event(&message("x")),
            files(&["a.txt", "c.txt"]),
        ],
        "SELECT position || ' ' || number || ' ' || name FROM attachment
         ORDER BY position, number",
    );
    assert_eq!(listed, ["1 0 b.txt", "1 1 a.txt", "3 1 c.txt"]);
}

#[test]
fn files_go_with_the_records_that_retention_drops() {
    let drop = range_dropped;
    let left = query(
        vec![
            files(&["a"]),
            files(&["b"]),
            drop(2),
            drop(1),
            files(&["c"]),
        ],
        "SELECT name FROM attachment ORDER BY position",
    );
    assert_eq!(left, ["b", "c"]);
}

#[test]
fn files_go_with_the_records_before_the_position_that_was_shed() {
    let shed = |below| {
        command(Decision::FilesShed {
            below,
            files: 1,
            bytes: 10,
        })
    };
    let left = query(
        vec![files(&["a"]), files(&["b"]), shed(2), files(&["c"])],
        "SELECT name FROM attachment ORDER BY position",
    );
    assert_eq!(left, ["b", "c"]);
}

#[test]
fn what_events_take_is_counted_by_project_and_hour_also_of_discarded_ones() {
    let of = |project_id, hour: i64| {
        event(&Head {
            project_id,
            received_ns: NOON_NS + hour * 3_600_000_000_000,
            ..message("x")
        })
    };
    let sql = "SELECT project_id || ' ' || (hour - (SELECT min(hour) FROM project_bytes)) || ' '
             || (bytes / (SELECT min(bytes) FROM project_bytes))
         FROM project_bytes ORDER BY project_id, hour";
    let counted = query(vec![of(1, 0), of(1, 0), of(1, 2), of(2, 0)], sql);
    assert_eq!(counted, ["1 0 2", "1 2 1", "2 0 1"]);
}

#[test]
fn the_first_feedback_of_an_id_stays() {
    let kept = query(
        vec![feedback(1, "one"), feedback(2, "two"), feedback(1, "again")],
        "SELECT message FROM feedback ORDER BY position",
    );
    assert_eq!(kept, ["one", "two"]);
}

#[test]
fn what_came_is_counted_by_hour_source_category_and_reason() {
    let report = Entry::Note(Note::ClientReport(ClientReport {
        project_id: 1,
        received_ns: NOON_NS,
        drops: vec![ClientDropV1 {
            reason: "before_send".into(),
            category: "error".into(),
            quantity: 5,
        }],
    }));
    let counts = query(
        vec![
            event(&message("x")),
            event(&message("y")),
            files(&["a", "b"]),
            feedback(1, "text"),
            report,
            tally(1, "type_not_stored", 2),
            tally(1, "type_not_stored", 3),
            tally(2, "invalid", 1),
        ],
        "SELECT project_id || ' ' || hour || ' ' || source || ' ' || category || ' '
             || iif(reason = '', 'stored', reason) || ' ' || count
         FROM arrival_hour ORDER BY project_id, source, category, reason",
    );
    let hour = NOON_NS / 3_600_000_000_000;
    let expected = [
        "1 H 1 attachment stored 2",
        "1 H 1 client_report stored 1",
        "1 H 1 error stored 2",
        "1 H 1 feedback stored 1",
        "1 H 1 transaction type_not_stored 5",
        "1 H 2 error before_send 5",
        "2 H 1 transaction invalid 1",
    ];
    assert_eq!(
        counts,
        expected.map(|line| line.replace('H', &hour.to_string()))
    );
}
