//! Notes: their sample files, and damage to them.

use std::path::PathBuf;

use event_model::{
    Note, RecordError,
    note::{
        AttachmentV1, Attachments, CheckIn, CheckInStatus, ClientDropV1, ClientReport, Feedback,
        Sampled, SampledPartV1, SessionCountV1, SessionStatus, SessionUpdateV1, Sessions, Tally,
        TallyCountV1,
    },
};
use proptest::prelude::*;

/// One of each, with every field set to something of its own.
fn notes() -> Vec<(&'static str, Note)> {
    let (project_id, received_ns) = (42, 1_795_361_286_000_000_000);
    let attachments = Attachments {
        project_id,
        received_ns,
        event_id: *b"0123456789abcdef",
        files: vec![AttachmentV1 {
            name: "käse.png".into(),
            content_type: "image/png".into(),
            attachment_type: "event.attachment".into(),
            size_bytes: 8,
            sha256: std::array::from_fn(|at| at as u8),
        }],
    };
    let feedback = Feedback {
        project_id,
        received_ns,
        id: *b"fedcba9876543210",
        event_id: Some(*b"0123456789abcdef"),
        name: "Jane".into(),
        email: "jane@example.com".into(),
        message: "It broke — größe".into(),
        url: "https://shop.example/cart".into(),
        release: "shop@1.4.2".into(),
        environment: "production".into(),
    };
    let sessions = Sessions {
        project_id,
        received_ns,
        release: "shop@1.4.2".into(),
        environment: "production".into(),
        updates: vec![SessionUpdateV1 {
            id: *b"0123456789abcdef",
            user_hash: 7,
            sequence: 3,
            is_first: true,
            status: SessionStatus::Abnormal as u8,
            errors: 2,
            started_ns: 1_795_361_280_000_000_000,
            at_ns: 1_795_361_285_000_000_000,
            duration_ms: Some(5_000),
            abnormal_mechanism: "anr_background".into(),
        }],
        counts: vec![SessionCountV1 {
            started_ns: 1_795_361_280_000_000_000,
            user_hash: 9,
            exited: 1,
            errored: 2,
            crashed: 3,
            abnormal: 4,
            unhandled: 5,
        }],
    };
    let check_in = CheckIn {
        project_id,
        received_ns,
        id: [0; 16],
        monitor: "nightly".into(),
        status: CheckInStatus::Error as u8,
        duration_ms: Some(1_500),
        release: "shop@1.4.2".into(),
        environment: "production".into(),
        config: r#"{"timezone":"UTC"}"#.into(),
    };
    let report = ClientReport {
        project_id,
        received_ns,
        drops: vec![ClientDropV1 {
            reason: "before_send".into(),
            category: "error".into(),
            quantity: 3,
        }],
    };
    let tally = Tally {
        from_ns: received_ns,
        until_ns: received_ns + 10_000_000_000,
        counts: vec![TallyCountV1 {
            project_id,
            category: "transaction".into(),
            reason: "type_not_stored".into(),
            quantity: 12,
        }],
    };
    vec![
        ("attachments_v1", Note::Attachments(attachments)),
        ("feedback_v1", Note::Feedback(feedback)),
        ("sessions_v1", Note::Sessions(sessions)),
        ("check_in_v1", Note::CheckIn(check_in)),
        ("client_report_v1", Note::ClientReport(report)),
        ("tally_v1", Note::Tally(tally)),
        (
            "sampled_v1",
            Note::Sampled(sampled(project_id, received_ns)),
        ),
    ]
}

fn sampled(project_id: u32, received_ns: i64) -> Sampled {
    Sampled {
        project_id,
        received_ns,
        kind: 0x0123_4567_89ab_cdef,
        sample_id: *b"0123456789abcdef",
        parts: vec![SampledPartV1 {
            minute: 29_922_688,
            level: 4,
            environment: "production".into(),
            release: "shop@1.4.2".into(),
            items: 239,
            count: 240,
            first_ms: 1_795_361_281_000,
            last_ms: 1_795_361_285_999,
            users: vec![7, u64::MAX],
        }],
    }
}

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/{name}.bin"))
}

#[test]
fn every_note_of_every_version_is_read_and_written_as_the_sample() {
    for (name, note) in notes() {
        let stored = std::fs::read(path(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(
            Note::decode(note.schema(), &stored).unwrap(),
            note,
            "{name}"
        );
        assert!(note.encode() == stored, "{name} is written differently");
        assert!(Note::is_schema(note.schema()));
    }
}

#[test]
fn a_note_of_a_newer_release_is_opaque_not_damaged() {
    for (_, note) in notes() {
        let (newer, bytes) = (note.schema() + 1, note.encode());
        assert!(!Note::is_schema(newer));
        let read = Note::decode(newer, &bytes);
        assert!(matches!(read, Err(RecordError::UnknownSchema(schema)) if schema == newer));
    }
}

#[test]
fn ids_and_hashes_are_shown_as_hex() {
    let json = serde_json::to_value(&notes()[0].1).unwrap();
    assert_eq!(json["note"], "attachments");
    assert_eq!(json["event_id"], "30313233343536373839616263646566");
    let hash = json["files"][0]["sha256"].as_str().unwrap();
    assert_eq!(hash.len(), 64);
    assert!(hash.starts_with("000102") && hash.ends_with("1e1f"));
    let json = serde_json::to_value(&notes()[1].1).unwrap();
    assert_eq!(json["event_id"], "30313233343536373839616263646566");
}

/// Reads everything of what parses as any kind.
fn read_all(bytes: &[u8]) {
    for (_, note) in notes() {
        if let Ok(read) = Note::decode(note.schema(), bytes) {
            let _ = format!("{read:?}");
        }
    }
}

#[test]
fn a_note_cut_short_anywhere_is_read_without_a_panic() {
    for (_, note) in notes() {
        let whole = note.encode();
        for len in 0..whole.len() {
            read_all(&whole[..len]);
        }
    }
}

proptest! {
    #[test]
    fn a_damaged_note_is_read_without_a_panic(
        which in 0usize..6, at in any::<prop::sample::Index>(), flip in 1u8..=255,
    ) {
        let mut bytes = notes()[which].1.encode();
        let at = at.index(bytes.len());
        bytes[at] ^= flip;
        read_all(&bytes);
    }
}

#[test]
#[ignore = "writes sample files of new forms; those that are there stay"]
fn write_missing_notes() {
    for (name, note) in notes() {
        if !path(name).exists() {
            std::fs::write(path(name), note.encode()).unwrap();
        }
    }
}
