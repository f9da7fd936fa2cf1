#![allow(clippy::unwrap_used)]

use std::{fs, path::PathBuf};

use event_model::Position;

use super::{
    Checkpoints,
    header::{HEADER_BYTES, Header},
};
use crate::{
    ReadModelError,
    issues::{
        IssueBatch, IssueWriter,
        writer::{Durability, meta},
    },
};

const LOG: [u8; 16] = *b"0123456789abcdef";

struct World {
    dir: tempfile::TempDir,
    writer: IssueWriter,
    checkpoints: Checkpoints,
}

impl World {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let writer = IssueWriter::create(&dir.path().join("issues"), Durability::Live).unwrap();
        let checkpoints = Checkpoints::of(&dir.path().join("log/checkpoints"));
        fs::create_dir(dir.path().join("log")).unwrap();
        Self {
            dir,
            writer,
            checkpoints,
        }
    }

    /// Moves the database on and makes a checkpoint of it.
    fn checkpoint(&mut self, position: u64) -> PathBuf {
        let batch = IssueBatch {
            after: self.writer.position(),
            position: Position(position),
            ..IssueBatch::after(self.writer.position())
        };
        self.writer.apply(&batch).unwrap();
        let issues = self.dir.path().join("issues");
        let written = self.checkpoints.write(&issues, LOG).unwrap();
        assert_eq!(written, Position(position));
        self.checkpoints.path(written)
    }

    fn restore(&self, position: u64, log_id: [u8; 16]) -> Result<Position, ReadModelError> {
        let target = self.dir.path().join("restored");
        self.checkpoints
            .restore(Position(position), log_id, &target)?;
        Ok(IssueWriter::open(&target)?.position())
    }
}

#[test]
fn a_checkpoint_brings_the_database_back_and_the_two_newest_stay() {
    let mut world = World::new();
    assert_eq!(world.checkpoints.positions().unwrap(), []);
    let first = world.checkpoint(10);
    assert_eq!(world.restore(10, LOG).unwrap(), Position(10));
    world.checkpoint(20);
    // What a crash leaves.
    let half = first.with_file_name("new.tmp");
    fs::write(&half, "half").unwrap();
    world.checkpoint(30);
    let expected = [Position(30), Position(20)];
    assert_eq!(world.checkpoints.positions().unwrap(), expected);
    assert!(!first.exists() && !half.exists());
    assert_eq!(world.restore(20, LOG).unwrap(), Position(20));
    assert_eq!(world.restore(30, LOG).unwrap(), Position(30));
    let names = fs::read_dir(first.parent().unwrap()).unwrap().count();
    assert_eq!(names, 2, "nothing else is left");
}

#[test]
fn a_damaged_foreign_or_renamed_checkpoint_is_refused() {
    let mut world = World::new();
    let path = world.checkpoint(10);
    let sound = fs::read(&path).unwrap();
    let refused = |world: &World| {
        let error = world.restore(10, LOG).unwrap_err();
        assert!(error.is_mended_by_rebuild(), "{error}");
        error.to_string()
    };
    // Every byte of the header, and some of the frame; every length of the file's ends.
    let frame = (HEADER_BYTES..sound.len()).step_by(97);
    for at in (0..96).chain(frame).chain([sound.len() - 1]) {
        let mut bytes = sound.clone();
        bytes[at] ^= 0x10;
        fs::write(&path, &bytes).unwrap();
        refused(&world);
    }
    for length in [0, 1, HEADER_BYTES - 1, HEADER_BYTES, sound.len() - 1] {
        fs::write(&path, &sound[..length]).unwrap();
        refused(&world);
    }
    fs::write(&path, &sound).unwrap();
    let foreign = world.restore(10, [9; 16]).unwrap_err().to_string();
    assert!(foreign.contains("another log"), "{foreign}");
    fs::rename(&path, world.checkpoints.path(Position(11))).unwrap();
    let renamed = world.restore(11, LOG).unwrap_err().to_string();
    assert!(renamed.contains("of position 10"), "{renamed}");
}

/// Nobody reads another schema; what is left of the log is replayed instead.
#[test]
fn a_checkpoint_of_another_schema_is_refused() {
    let mut world = World::new();
    let path = world.checkpoint(10);
    // Its header says which schema it has; the sum over the header is made anew.
    let mut bytes = fs::read(&path).unwrap();
    let header: [u8; HEADER_BYTES] = bytes[..HEADER_BYTES].try_into().unwrap();
    let mut header = Header::decode(&header).unwrap();
    header.schema_version -= 1;
    bytes[..HEADER_BYTES].copy_from_slice(&header.encode());
    fs::write(&path, bytes).unwrap();
    let error = world.restore(10, LOG).unwrap_err();
    assert!(
        matches!(error, ReadModelError::SchemaVersion { .. }),
        "{error}"
    );
}

#[test]
fn a_checkpoint_is_of_one_moment_while_the_database_is_written() {
    let mut world = World::new();
    let issues = world.dir.path().join("issues");
    for position in 1..200 {
        let batch = IssueBatch {
            position: Position(position),
            alert_cursor: Some(Position(position)),
            ..IssueBatch::after(world.writer.position())
        };
        world.writer.apply(&batch).unwrap();
    }
    std::thread::scope(|scope| {
        let checkpoints = &world.checkpoints;
        let copier = scope.spawn(move || {
            for _ in 0..4 {
                checkpoints.write(&issues, LOG).unwrap();
            }
            checkpoints.write(&issues, LOG).unwrap()
        });
        let mut position = 200;
        while !copier.is_finished() {
            let batch = IssueBatch {
                position: Position(position),
                alert_cursor: Some(Position(position)),
                ..IssueBatch::after(world.writer.position())
            };
            world.writer.apply(&batch).unwrap();
            position += 1;
        }
        let last = copier.join().unwrap();
        let target = world.dir.path().join("restored");
        checkpoints.restore(last, LOG, &target).unwrap();
        let copy = rusqlite::Connection::open(&target).unwrap();
        let number = |key| meta(&copy, key).unwrap().unwrap() as u64;
        assert_eq!(
            (number("position"), number("alert_cursor")),
            (last.0, last.0)
        );
    });
}
