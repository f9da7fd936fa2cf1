//! A closed log whose last bytes, or whose cursor, are replaced by an input, then opened in every way.
//!
//! The disk is simulated and honest: an I/O error would be a lie.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;

use super::recipe::follow;
use super::{is_mended, put_u32, split};
use crate::disk::SimDisk;
use log_core::Reader;
use log_core::Record;
use log_core::format::{CONTROL_FRAME_BYTES, SegmentHeader};
use log_core::inside::cursor::{CursorInfo, look};
use log_core::inside::io::write_all;
use log_core::inside::repair::{RepairError, RepairMode, repair_on};
use log_core::inside::scan::scan;
use log_core::inside::segment::path_of;
use log_core::inside::verify::verify_on;
use log_core::{Config, Log, Stepper};
use log_core::{CursorError, Fault, OpenError};
use log_core::{LogIo, Open};

const DIR: &str = "/log";
const SEGMENT_BYTES: u64 = 16 * 1024;
const RECORDS: u64 = 6;
/// Number of the segment that is written to.
const TAIL: u64 = 2;
/// Turns of the writer until a record is durable: a roll takes the most.
const TURNS_MAX: u32 = 8;
const CURSOR: &str = "fuzz";
const SLOT_BYTES: usize = 512;
/// As far as a cursor's second slot reaches.
const CURSOR_BYTES: usize = 4096 + SLOT_BYTES;

/// The log that every input starts from.
struct Base {
    disk: SimDisk,
    header: SegmentHeader,
    /// Behind its last record.
    end: u64,
    /// Bytes of the tail's file.
    file_bytes: usize,
}

fn config() -> Config {
    Config {
        segment_bytes: SEGMENT_BYTES,
        segment_age: Duration::from_hours(1),
        sealing: None,
        scrubbing: None,
        ..Config::events(DIR)
    }
}

fn payload(sequence: u64) -> Bytes {
    Bytes::from(vec![sequence as u8; 40 + sequence as usize % 7])
}

fn io_of(disk: &SimDisk) -> Arc<dyn LogIo> {
    Arc::new(disk.clone())
}

fn tail() -> PathBuf {
    path_of(Path::new(DIR), TAIL)
}

/// Appends record `sequence`; it must become durable under that number.
fn append(log: &Log, stepper: &mut Stepper, sequence: u64) {
    let record = Record {
        schema: 0,
        payload: payload(sequence),
    };
    let ticket = log
        .append(record)
        .unwrap_or_else(|error| panic!("an open log refuses: {error}"));
    for _ in 0..TURNS_MAX {
        stepper.step();
    }
    match ticket.outcome() {
        Some(Ok(numbers)) => assert_eq!(numbers, sequence..sequence + 1, "numbers of a record"),
        other => panic!("an append to a sound log ends in {other:?}"),
    }
}

fn base() -> &'static Base {
    static BASE: OnceLock<Base> = OnceLock::new();
    BASE.get_or_init(|| {
        let disk = SimDisk::new(1);
        let (log, mut stepper) = Log::open_stepped(&config(), io_of(&disk))
            .unwrap_or_else(|error| panic!("an empty disk takes a log: {error}"));
        for sequence in 1..=RECORDS {
            if sequence == RECORDS / 2 {
                let rolled = log.roll();
                assert!(rolled.is_ok(), "an open log rolls: {rolled:?}");
                stepper.step();
            }
            append(&log, &mut stepper, sequence);
        }
        stepper.close();
        drop(log);
        let bytes = disk.peek(&tail(), true).unwrap_or_default();
        let header = SegmentHeader::decode(&bytes)
            .unwrap_or_else(|fault| panic!("the base has a tail: {fault}"));
        // The watermark of the close goes with what the input replaces: nothing but the first run holds the records.
        let end = scan(&bytes, &header).valid_end - CONTROL_FRAME_BYTES as u64;
        Base {
            disk,
            header,
            end,
            file_bytes: bytes.len(),
        }
    })
}

/// Anything behind the last record of a log, or, with the second bit of the first byte, anywhere in its last file: every
/// way to open it ends in a typed error or a sound log, which can be appended to, and no record before is cut off.
pub fn recovery(input: &[u8]) {
    let Some((how, rest)) = split(input) else {
        return;
    };
    let base = base();
    let disk = base.disk.fork(7);
    let anywhere = how & 2 != 0 && rest.len() >= 2;
    let end = if anywhere {
        let at = u64::from(rest[0]) << 6 | u64::from(rest[1]);
        at & if is_mended(how) { !0x0F } else { !0 } // Frames are aligned.
    } else {
        base.end
    };
    let room = base.file_bytes.saturating_sub(end as usize);
    let mut bytes = if is_mended(how) {
        follow(rest, &base.header, end, RECORDS + 1, room)
    } else {
        rest[..rest.len().min(room)].to_vec()
    };
    if !anywhere {
        bytes.resize(room, 0);
    }
    if let Err(error) = disk.rot(&tail(), end, &bytes) {
        panic!("the base has a tail: {error}");
    }
    // The seals of recipes hold a made-up hash. Opening takes a seal at its word; `verify` does not.
    check_log(&disk, if anywhere { 0 } else { RECORDS }, is_mended(how));
}

/// Opens the log in every way; records 1 to `kept` must be there. `forged`: its chain need not hold.
fn check_log(disk: &SimDisk, kept: u64, forged: bool) {
    match Reader::open_read_only_on(&io_of(disk), Path::new(DIR)) {
        Ok(reader) => check_records(&reader, kept),
        Err(error) => check_error(&error),
    }
    let before = disk.peek(&tail(), false);
    let dry = repair_on(&io_of(disk), Path::new(DIR), RepairMode::DryRun);
    assert!(disk.peek(&tail(), false) == before, "a dry run changes");
    if let Err(RepairError::Open(error)) = &dry {
        check_error(error);
    }

    match Log::open_stepped(&config(), io_of(&disk.fork(8))) {
        Ok(opened) => drop(opened),
        Err(error) => {
            check_error(&error);
            return;
        }
    }
    let (log, mut stepper) = Log::open_stepped(&config(), io_of(disk))
        .unwrap_or_else(|error| panic!("the same log opens once and not again: {error}"));
    check_records(&log.reader(), kept);
    let next = log.recovery().next;
    append(&log, &mut stepper, next);
    match log.reader().get(next) {
        Ok(Some(entry)) => assert_eq!(entry.payload, payload(next), "the record just written"),
        other => panic!("record {next} was acknowledged, and is {other:?}"),
    }
    stepper.close();
    drop(log);
    match verify_on(&io_of(disk), Path::new(DIR)) {
        Ok(found) => {
            let mut damage = found.segments.iter().flat_map(|segment| &segment.damage);
            let sound =
                found.is_sound() || (forged && damage.all(|damage| damage.fault == Fault::Chain));
            assert!(sound, "a log that was just written to: {found:?}");
            assert_eq!(found.durable_end, next + 1, "its end");
        }
        Err(error) => panic!("a log that was just written to: {error}"),
    }
}

fn check_error(error: &OpenError) {
    if let OpenError::Io { step, source, .. } = error {
        panic!("called an I/O error: {step}: {source}");
    }
}

/// Whatever can be read is in order, and the first `kept` records are as they were written.
fn check_records(reader: &Reader, kept: u64) {
    assert!(reader.durable_end() > kept, "records were cut off");
    for sequence in 1..=kept {
        match reader.get(sequence) {
            Ok(Some(entry)) => assert_eq!(entry.payload, payload(sequence), "record {sequence}"),
            other => panic!("record {sequence} was acknowledged, and is {other:?}"),
        }
    }
    let mut next = reader.first();
    for entry in reader.read(0) {
        // Damage is told where it is; an iterator ends with it.
        let Ok(entry) = entry else { return };
        assert!(entry.sequence >= next, "records out of order");
        next = entry.sequence + 1;
    }
    assert!(next <= reader.durable_end(), "a record beyond the end");
}

/// The file of a cursor; mended in the magic bytes, version and checksum of both slots. What is shown once is shown
/// again, also after the cursor was opened, which writes it.
pub fn cursor(input: &[u8]) {
    let Some((how, rest)) = split(input) else {
        return;
    };
    let disk = base().disk.fork(9);
    let mut bytes = rest[..rest.len().min(CURSOR_BYTES)].to_vec();
    if is_mended(how) {
        bytes.resize(CURSOR_BYTES, 0);
        for at in [0, CURSOR_BYTES - SLOT_BYTES] {
            mend_slot(&mut bytes[at..at + SLOT_BYTES]);
        }
    }
    let dir = Path::new(DIR).join("cursors");
    let path = dir.join(format!("{CURSOR}.cursor"));
    let written = disk
        .create_dir(&dir)
        .and_then(|()| disk.open(&path, Open::Create))
        .and_then(|file| write_all(file.as_ref(), &bytes, 0));
    assert!(written.is_ok(), "a sound disk takes a file: {written:?}");
    let shown = look(&disk, CURSOR, &path);
    let reader = match Reader::open_read_only_on(&io_of(&disk), Path::new(DIR)) {
        Ok(reader) => reader,
        Err(error) => return check_error(&error),
    };
    match (reader.cursor(CURSOR), shown) {
        (Ok(mut cursor), Ok(shown)) => {
            assert_eq!(cursor.position(), shown.position, "one cursor");
            assert!(cursor.position() <= reader.durable_end(), "beyond the end");
            let again = look(&disk, CURSOR, &path).ok();
            let settled = CursorInfo {
                settled: shown.position,
                ..shown
            };
            assert_eq!(again, Some(settled), "what opening wrote");
            let end = reader.durable_end();
            if let Err(error) = cursor.commit(end) {
                panic!("a cursor that was opened goes forward: {error}");
            }
            let again = look(&disk, CURSOR, &path).map(|cursor| cursor.position);
            assert_eq!(again.ok(), Some(end), "what was committed");
        }
        (Err(CursorError::Io { step, source, .. }), _) => panic!("{step}: {source}"),
        (Ok(_), Err(error)) => panic!("opened, but not shown: {error}"),
        (Err(_), _) => {}
    }
}

fn mend_slot(slot: &mut [u8]) {
    slot[..8].copy_from_slice(b"ERRATCUR");
    put_u32(slot, 8, 1);
    let crc = crc32fast::hash(&slot[..SLOT_BYTES - 4]);
    put_u32(slot, SLOT_BYTES - 4, crc);
}
