//! Ids and positions as text and numbers.

use event_model::{EventId, Fingerprint, IssueId, Level, Position, ProjectId, PublicKey};

#[test]
fn event_ids_take_hyphens_and_upper_case_and_print_32_hex_digits() {
    let plain = "0123456789abcdef0123456789abcdef";
    for text in [
        plain,
        "0123456789ABCDEF0123456789ABCDEF",
        "01234567-89ab-cdef-0123-456789abcdef",
    ] {
        assert_eq!(text.parse::<EventId>().unwrap().to_string(), plain);
    }
    let json: EventId = serde_json::from_str(&format!("\"{plain}\"")).unwrap();
    assert_eq!(
        serde_json::to_string(&json).unwrap(),
        format!("\"{plain}\"")
    );
    let escaped = plain.replacen('0', "\\u0030", 1);
    let unescaped: EventId = serde_json::from_str(&format!("\"{escaped}\"")).unwrap();
    assert_eq!(unescaped, json);
}

#[test]
fn what_is_no_id_is_named_with_the_form_expected() {
    let cases = [
        "",
        "0123456789abcdef0123456789abcde",
        "0123456789abcdef0123456789abcdef0",
        "0123456789abcdef0123456789abcdeg",
        "0123456789abcdef0123456789abcde\u{0660}",
        "\0",
    ];
    for text in cases {
        let error = text.parse::<EventId>().unwrap_err();
        assert_eq!(error.text, text);
        assert!(
            error
                .to_string()
                .ends_with("is not an event id of 32 hex digits")
        );
        assert!(text.parse::<PublicKey>().is_err());
        assert!(text.parse::<Fingerprint>().is_err());
    }
    let hyphens = "01234567-89ab-cdef-0123-456789abcdef";
    assert!(
        hyphens.parse::<PublicKey>().is_err(),
        "a DSN's key has none"
    );
    let error = "x".repeat(10_000).parse::<EventId>().unwrap_err();
    assert_eq!(error.text.len(), 64, "what is shown is bounded");
}

#[test]
fn issue_ids_are_16_hex_digits() {
    let id = IssueId(0x00ab_cdef_0123_4567);
    assert_eq!(id.to_string(), "00abcdef01234567");
    assert_eq!("00abcdef01234567".parse(), Ok(id));
    assert_eq!("00ABCDEF01234567".parse(), Ok(id));
    for bad in [
        "",
        "0",
        "00abcdef0123456",
        "00abcdef012345678",
        "+0abcdef01234567",
        "00abcdef0123456g",
    ] {
        assert!(bad.parse::<IssueId>().is_err(), "{bad}");
    }
}

/// Stored in people's links and in the read model: must never change.
#[test]
fn an_issues_id_is_a_fixed_function_of_project_and_fingerprint() {
    let id = IssueId::derive(ProjectId(1), Fingerprint(*b"0123456789abcdef"));
    assert_eq!(id.to_string(), "6784d968dda8c3dc");
    let other = IssueId::derive(ProjectId(2), Fingerprint(*b"0123456789abcdef"));
    assert_ne!(id, other);
}

#[test]
fn positions_pack_partition_and_sequence() {
    assert_eq!(Position::new(0, 5), Position(5));
    let far = Position::new(u16::MAX, (1 << 48) - 1);
    assert_eq!((far.partition(), far.sequence()), (u16::MAX, (1 << 48) - 1));
    assert!(Position::new(1, 0) > Position::new(0, u64::from(u32::MAX)));
    assert_eq!(Position::default().to_string(), "0");
}

#[test]
fn levels_are_read_in_any_case_and_an_unknown_number_is_an_error() {
    for level in Level::ALL {
        assert_eq!(Level::from_number(level as u8), level);
        assert_eq!(Level::from_text(level.name()), Some(level));
        assert_eq!(Level::from_text(&level.name().to_uppercase()), Some(level));
    }
    assert_eq!(Level::from_text("Critical"), Some(Level::Fatal));
    assert_eq!(Level::from_text("bad"), None);
    assert_eq!(
        (Level::from_number(0), Level::from_number(9)),
        (Level::Error, Level::Error)
    );
}
