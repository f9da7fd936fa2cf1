//! Cursor rules.

use std::fs;

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
fn either_slot_is_enough_and_retention_believes_both() {
    let dir = tempfile::tempdir().unwrap();
    let log = Log::open(small(dir.path())).unwrap();
    fill(&log, 1, 20, 10);
    let path = dir.path().join("cursors/a.cursor");
    let slots = || {
        let bytes = fs::read(&path).unwrap();
        [bytes[..512].to_vec(), bytes[4096..4608].to_vec()]
    };
    let mut cursor = log.reader().cursor("a").unwrap();
    cursor.commit(7).unwrap();
    let seven = slots();
    cursor.commit(8).unwrap();
    drop(cursor);
    let eight = slots();
    let shown = |slots: [&[u8]; 2]| {
        let [first, second] = slots;
        let bytes = [first, &[0; 4096 - 512], second, &[0; 4096 - 512]].concat();
        fs::write(&path, bytes).unwrap();
        let cursors = log_core::stat(dir.path()).unwrap().cursors;
        (cursors[0].position, cursors[0].settled)
    };
    assert_eq!(shown([&eight[0], &eight[1]]), (8, 8));
    // A crash between the two writes, whichever comes first, or the first one's sync failed.
    assert_eq!(shown([&eight[0], &seven[1]]), (8, 7));
    assert_eq!(shown([&seven[0], &eight[1]]), (8, 7));
    // One slot torn.
    let torn = [&eight[0][..100], &[0xff; 412]].concat();
    assert_eq!(shown([&torn, &seven[1]]), (7, 7));
    assert_eq!(shown([&torn, &eight[1]]), (8, 8));
    assert_eq!(log.reader().cursor("a").unwrap().position(), 8);
    assert_eq!(slots()[0][24], 8, "opening writes both again");
    assert_eq!(slots()[1][24], 8);
    // Both.
    fs::write(&path, [0xff; 8192]).unwrap();
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
