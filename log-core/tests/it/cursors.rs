//! Cursor rules.

use std::fs;
use std::os::unix::fs::FileExt;

use log_core::{CursorError, Log, OpenError, Reader};

use crate::support::{fill, small};

#[test]
fn commits_go_forward_and_are_durable() {
    let dir = tempfile::tempdir().unwrap();
    let log = Log::open(small(dir.path())).unwrap();
    fill(&log, 1, 20, 10);
    let mut cursor = log.reader().cursor("projector-1").unwrap();
    assert_eq!(cursor.position(), 1);
    for position in [1, 2, 5, 5, 20] {
        cursor.commit(position).unwrap();
        assert_eq!(cursor.position(), position);
    }
    assert!(matches!(
        cursor.commit(19),
        Err(CursorError::Backwards {
            from: 20,
            to: 19,
            ..
        })
    ));
    assert!(matches!(
        cursor.commit(21),
        Err(CursorError::BeyondEnd {
            position: 21,
            durable_end: 20,
            ..
        })
    ));
    assert!(matches!(
        log.reader().cursor("projector-1"),
        Err(CursorError::Held(_))
    ));
    drop(cursor);
    drop(log);
    let log = Log::open(small(dir.path())).unwrap();
    assert_eq!(log.reader().cursor("projector-1").unwrap().position(), 20);
}

#[test]
fn a_rewind_is_explicit_and_leaves_its_reason() {
    let dir = tempfile::tempdir().unwrap();
    let log = Log::open(small(dir.path())).unwrap();
    fill(&log, 1, 20, 10);
    let mut cursor = log.reader().cursor("a").unwrap();
    cursor.commit(15).unwrap();
    for (position, reason) in [(5, ""), (16, "ahead"), (0, "before the first")] {
        assert!(matches!(
            cursor.rewind(position, reason),
            Err(CursorError::Rewind { .. })
        ));
    }
    assert!(cursor.rewind(5, &"x".repeat(201)).is_err());
    cursor.rewind(5, "the read model was rebuilt").unwrap();
    let stored = || log_core::stat(dir.path()).unwrap().cursors.remove(0);
    assert_eq!(
        (stored().position, stored().rewound.as_deref()),
        (5, Some("the read model was rebuilt"))
    );
    cursor.commit(6).unwrap();
    assert_eq!(
        (stored().name.as_str(), stored().position, stored().rewound),
        ("a", 6, None)
    );
}

#[test]
fn names_are_plain() {
    let dir = tempfile::tempdir().unwrap();
    let log = Log::open(small(dir.path())).unwrap();
    for name in ["", "A", "a/b", "..", "a b", &"x".repeat(65)] {
        assert!(
            matches!(log.reader().cursor(name), Err(CursorError::Name(_))),
            "{name}"
        );
    }
    log.reader().cursor(&"x".repeat(64)).unwrap();
}

#[test]
fn a_torn_slot_leaves_the_position_before() {
    let dir = tempfile::tempdir().unwrap();
    let log = Log::open(small(dir.path())).unwrap();
    fill(&log, 1, 20, 10);
    let mut cursor = log.reader().cursor("a").unwrap();
    cursor.commit(7).unwrap();
    cursor.commit(8).unwrap();
    drop(cursor);
    let path = dir.path().join("cursors/a.cursor");
    let file = fs::OpenOptions::new()
        .read(true)
        .write(true)
        .open(&path)
        .unwrap();
    let position_at = |slot: u64| {
        let mut bytes = [0; 8];
        file.read_exact_at(&mut bytes, slot + 24).unwrap();
        u64::from_le_bytes(bytes)
    };
    let newer = if position_at(0) == 8 { 0 } else { 4096 };
    assert_eq!((position_at(newer), position_at(4096 - newer)), (8, 7));
    file.write_all_at(&[0xff; 100], newer + 100).unwrap();
    assert_eq!(log.reader().cursor("a").unwrap().position(), 7);
    file.write_all_at(&[0xff; 100], 4096 - newer + 100).unwrap();
    assert!(matches!(
        log.reader().cursor("a"),
        Err(CursorError::Damaged { .. })
    ));
    drop(log);
    assert!(matches!(
        Log::open(small(dir.path())),
        Err(OpenError::Cursor(CursorError::Damaged { .. }))
    ));
}

#[test]
fn a_cursor_beyond_the_end_stops_everything() {
    let dir = tempfile::tempdir().unwrap();
    let other = tempfile::tempdir().unwrap();
    let log = Log::open(small(dir.path())).unwrap();
    fill(&log, 1, 20, 10);
    log.reader().cursor("issues").unwrap().commit(20).unwrap();
    log.close().unwrap();
    let shorter = Log::open(small(other.path())).unwrap();
    fill(&shorter, 1, 5, 10);
    shorter.close().unwrap();
    fs::create_dir_all(other.path().join("cursors")).unwrap();
    fs::copy(
        dir.path().join("cursors/issues.cursor"),
        other.path().join("cursors/issues.cursor"),
    )
    .unwrap();
    match Log::open(small(other.path())).unwrap_err() {
        OpenError::CursorBeyondEnd {
            name,
            position,
            durable_end,
        } => {
            assert_eq!((name.as_str(), position, durable_end), ("issues", 20, 5));
        }
        other => panic!("{other}"),
    }
    let reader = Reader::open_read_only(other.path()).unwrap();
    assert!(matches!(
        reader.cursor("issues"),
        Err(CursorError::BeyondEnd { .. })
    ));
    assert!(log_core::verify(other.path()).is_err());
    assert!(
        Reader::open_read_only(dir.path())
            .unwrap()
            .cursor("issues")
            .is_ok()
    );
}
