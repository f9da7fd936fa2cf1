//! A data directory as a server leaves it, and what a restored one is compared by.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    fs::{self, File},
    path::{Path, PathBuf},
    time::{Duration, UNIX_EPOCH},
};

use backup::{BackupError, Created, Key, Place, Point, Restored, create, restore};
use event_log::{
    LogConfig, LogReader, LogWriter, Retention,
    blobs::BlobHash,
    fold_control,
    retention::{CHECKPOINT, Recorded},
};
use event_model::Position;
use ground::Clock;
use read_model::{
    Checkpoints,
    issues::{IssueWriter, writer::Durability},
};
use tempfile::TempDir;

use crate::sample::{command, event, short};

/// Small, so that a test has many.
const SEGMENT_BYTES: u64 = 64 * 1024;
/// 2026-11-22T10:00:00Z.
pub(crate) const NOON_NS: i64 = 1_795_341_600_000_000_000;

/// A data directory and a target beside it.
pub(crate) struct Site {
    dir: TempDir,
    pub(crate) log: Option<LogWriter>,
    pub(crate) clock: Clock,
    events: u64,
    restored: u64,
}

/// All that a data directory says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) first: u64,
    /// Positions and what is there.
    pub(crate) stream: Vec<(u64, String)>,
    pub(crate) bodies: Vec<Vec<u8>>,
    pub(crate) commands: u64,
    /// Paths, bytes and times of what is no log.
    pub(crate) files: BTreeMap<String, (Vec<u8>, u64)>,
}

impl Site {
    pub(crate) fn new() -> Self {
        let mut site = Self {
            dir: tempfile::tempdir().unwrap(),
            log: None,
            clock: Clock::standing_at(NOON_NS),
            events: 0,
            restored: 0,
        };
        fs::create_dir(site.data_dir()).unwrap();
        fs::write(site.data_dir().join("secret.key"), [7; 32]).unwrap();
        site.start();
        site
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn data_dir(&self) -> PathBuf {
        self.path("data")
    }

    pub(crate) fn target(&self) -> PathBuf {
        self.path("backups")
    }

    pub(crate) fn place(&self) -> Place {
        Place {
            address: self.target().display().to_string(),
            variables: Vec::new(),
        }
    }

    pub(crate) fn start(&mut self) {
        self.log = Some(
            LogWriter::open(LogConfig {
                events_segment_bytes: SEGMENT_BYTES,
                control_segment_bytes: SEGMENT_BYTES,
                ..LogConfig::new(self.data_dir().join("log"))
            })
            .unwrap(),
        );
    }

    pub(crate) fn stop(&mut self) {
        let log = self.log.take().unwrap();
        log.close().unwrap();
    }

    pub(crate) fn log(&self) -> &LogWriter {
        self.log.as_ref().unwrap()
    }

    pub(crate) fn add_events(&mut self, count: u64) {
        for _ in 0..count {
            self.events += 1;
            let (head, mut body) = event(self.events, 100);
            body.extend_from_slice(noise(self.events).as_bytes());
            let ticket = self.log().append_event(&head, body).unwrap();
            ticket.wait().unwrap();
        }
    }

    pub(crate) fn decide(&self, name: &str) {
        self.log().append_command_blocking(command(name)).unwrap();
    }

    /// A checkpoint of what is there, and everything complete dropped.
    pub(crate) fn drop_old(&self) {
        let reader = self.log().reader();
        let database = self.path("issues.sqlite3");
        let _ = fs::remove_file(&database);
        let end = reader.end();
        drop(IssueWriter::create_at(&database, Durability::Build, end, 0).unwrap());
        let checkpoints = Checkpoints::of(&self.data_dir().join("log/checkpoints"));
        checkpoints.write(&database, reader.log_id()).unwrap();
        reader.cursor(CHECKPOINT).unwrap().set(end).unwrap();
        // Events come in meanwhile, of which the checkpoint does not know.
        let retention = Retention {
            bytes_max: Some(0),
            cursors_required: vec![CHECKPOINT.to_owned()],
            ..Retention::default()
        };
        let recorded = Recorded::from(&fold_control(&reader).unwrap());
        let record = |decision| {
            let command = event_model::Command {
                decision,
                ..command("")
            };
            self.log().append_command_blocking(command).unwrap();
            Ok::<(), Infallible>(())
        };
        let done = self
            .log()
            .retain(&retention, recorded, i64::MAX / 2, record);
        done.unwrap();
    }

    /// Parquet files, as far as their names matter, of every complete segment.
    pub(crate) fn export(&self) {
        let folder = self.data_dir().join("cold/events/date=2026-11-22");
        fs::create_dir_all(&folder).unwrap();
        let reader = self.log().reader();
        let mut at = reader.first();
        while let Some(segment) = reader.segment_of(at).filter(|segment| segment.complete) {
            let (first, last) = (segment.first.0, segment.end.0 - 1);
            let path = folder.join(format!("00000-{first:015}-{last:015}.parquet"));
            if !path.exists() {
                fs::write(path, format!("rows {first} to {last}")).unwrap();
            }
            at = segment.end;
        }
        fs::write(self.data_dir().join("cold/regrouped"), "0\n").unwrap();
    }

    pub(crate) fn attach(&self, text: &str, at_s: u64) {
        let folder = self.data_dir().join("blobs/1");
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join(BlobHash::of(text.as_bytes()).to_string());
        fs::write(&path, text).unwrap();
        let put = UNIX_EPOCH + Duration::from_secs(at_s);
        File::open(&path).unwrap().set_modified(put).unwrap();
    }

    pub(crate) fn detach(&self, text: &str) {
        let name = BlobHash::of(text.as_bytes()).to_string();
        let _ = fs::remove_file(self.data_dir().join("blobs/1").join(name));
    }

    pub(crate) fn told(&self) -> Told {
        match &self.log {
            // A reader of another process may look for a file that was sealed meanwhile.
            Some(log) => told_by(&log.reader(), &self.data_dir()),
            None => told(&self.data_dir()),
        }
    }

    pub(crate) fn backup(&self, full: bool, key: Option<&Key>) -> Result<Created, BackupError> {
        self.clock.advance(Duration::from_mins(1));
        create(&create::Wanted {
            data_dir: &self.data_dir(),
            place: &self.place(),
            full,
            key,
            release: "0.1.0",
            clock: &self.clock,
        })
    }

    /// Restores into a directory of its own, and says where.
    pub(crate) fn restore(
        &mut self,
        id: Option<&str>,
        point: Point,
        key: Option<&Key>,
    ) -> Result<(Restored, PathBuf), BackupError> {
        self.restored += 1;
        let data_dir = self.path(&format!("restored-{}", self.restored));
        let restored = restore(&restore::Wanted {
            place: &self.place(),
            id,
            point,
            key,
            data_dir: &data_dir,
        })?;
        Ok((restored, data_dir))
    }
}

/// Text that does not compress.
fn noise(seed: u64) -> String {
    let mut state = seed;
    let letters = std::iter::repeat_with(|| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        char::from(b'a' + (state >> 59) as u8 % 26)
    });
    letters.take(4_000).collect()
}

/// What a data directory says, in both logs and beside them.
pub(crate) fn told(data_dir: &Path) -> Told {
    let reader = LogReader::open_read_only(&data_dir.join("log")).unwrap();
    told_by(&reader, data_dir)
}

fn told_by(reader: &LogReader, data_dir: &Path) -> Told {
    let mut told = Told {
        first: reader.first().0,
        stream: Vec::new(),
        bodies: Vec::new(),
        commands: reader.commands_end(),
        files: BTreeMap::new(),
    };
    for item in reader.read_after(Position(0)) {
        let item = item.unwrap();
        if let event_log::Entry::Event(event) = &item.entry {
            let body = reader.body(item.position, event).unwrap();
            told.bodies.push(body.to_vec());
        }
        told.stream.push((item.position.0, short(&item)));
    }
    for part in [
        "blobs/1",
        "cold",
        "cold/events/date=2026-11-22",
        "log/checkpoints",
        ".",
    ] {
        let Ok(entries) = fs::read_dir(data_dir.join(part)) else {
            continue;
        };
        for entry in entries {
            let path = entry.unwrap().path();
            if path.is_file() {
                let changed = path.metadata().unwrap().modified().unwrap();
                let changed = changed.duration_since(UNIX_EPOCH).unwrap().as_nanos() as u64;
                let below = path.strip_prefix(data_dir).unwrap().display().to_string();
                told.files
                    .insert(below, (fs::read(&path).unwrap(), changed));
            }
        }
    }
    told
}
