//! The page about the format says what the code does: its tables name the fields' places, and a reader that was
//! written from it alone reads the same records.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use log_core::format::{FORMAT_VERSION, FrameHeader, Kind, PAYLOAD_BYTES_MAX, SegmentHeader};
use log_core::{Log, Reader, Redaction, Sealing};

use crate::support::{fill, payload, record, small};

fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn page() -> String {
    fs::read_to_string(here().join("../docs/formats/log.md")).unwrap()
}

/// Fields of the table below a heading: name to place and length.
fn fields(heading: &str) -> BTreeMap<String, (usize, usize)> {
    let page = page();
    let section = page.split(&format!("\n## {heading}\n")).nth(1).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let field = |line: &str| {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let name = cells.get(3)?.strip_prefix('`')?.strip_suffix('`')?;
        let (at, bytes) = (cells[1].parse().ok()?, cells[2].parse().ok()?);
        Some((name.to_owned(), (at, bytes)))
    };
    section.lines().filter_map(field).collect()
}

/// Holds that each field of `expected`, and no other, stands where the table says.
fn check(heading: &str, encoded: &[u8], expected: &[(&str, &[u8])]) {
    let fields = fields(heading);
    assert_eq!(fields.len(), expected.len(), "{heading}: {fields:?}");
    for (name, value) in expected {
        let (at, bytes) = fields[*name];
        assert_eq!(
            (bytes, &encoded[at..at + bytes]),
            (value.len(), *value),
            "{heading}: {name}"
        );
    }
}

#[test]
fn the_page_names_the_version_and_the_places_of_all_fields() {
    assert!(page().contains(&format!("\nFormat version: {FORMAT_VERSION}.")));
    let header = SegmentHeader {
        version: FORMAT_VERSION,
        log_id: *b"sixteen of bytes",
        number: 0x0101,
        base: 0x0202,
        created_ns: 0x0303,
        epoch: 0x0404,
        salt: 0x0505,
        previous_seal_offset: 0x0606,
        previous_seal_hash: [7; 32],
        segment_bytes: 0x0808,
    };
    let encoded = header.encode();
    let crc = crc32fast::hash(&encoded[..4092]).to_le_bytes();
    let fields: [(&str, &[u8]); 12] = [
        ("magic", b"ERRATLOG"),
        ("version", &header.version.to_le_bytes()),
        ("log_id", &header.log_id),
        ("number", &header.number.to_le_bytes()),
        ("base", &header.base.to_le_bytes()),
        ("created_ns", &header.created_ns.to_le_bytes()),
        ("epoch", &header.epoch.to_le_bytes()),
        ("salt", &header.salt.to_le_bytes()),
        (
            "previous_seal_offset",
            &header.previous_seal_offset.to_le_bytes(),
        ),
        ("previous_seal_hash", &header.previous_seal_hash),
        ("segment_bytes", &header.segment_bytes.to_le_bytes()),
        ("crc", &crc),
    ];
    check("Segment header", &encoded, &fields);
    let frame = FrameHeader {
        length: 3,
        sequence: 0x1111,
        time_ns: 0x1212,
        durable_to: 0x1313,
        payload_crc: 0x1414,
        schema: 0x1515,
        kind: Kind::Redacted,
        flags: 1,
        epoch: 0x1616,
        key_id: 0x1717,
    };
    let mut encoded = Vec::new();
    frame.encode(b"abc", header.salt, 4096, &mut encoded);
    let salted = [
        &header.salt.to_le_bytes()[..],
        &4096u64.to_le_bytes(),
        &encoded[..4],
        &encoded[8..48],
    ];
    let crc = crc32fast::hash(&salted.concat()).to_le_bytes();
    let fields: [(&str, &[u8]); 11] = [
        ("length", &frame.length.to_le_bytes()),
        ("header_crc", &crc),
        ("sequence", &frame.sequence.to_le_bytes()),
        ("time_ns", &frame.time_ns.to_le_bytes()),
        ("durable_to", &frame.durable_to.to_le_bytes()),
        ("payload_crc", &frame.payload_crc.to_le_bytes()),
        ("schema", &frame.schema.to_le_bytes()),
        ("kind", &[frame.kind as u8]),
        ("flags", &[frame.flags]),
        ("epoch", &frame.epoch.to_le_bytes()),
        ("key_id", &frame.key_id.to_le_bytes()),
    ];
    check("Frames", &encoded, &fields);
    assert!(page().contains(&format!("1 to {PAYLOAD_BYTES_MAX}.")));
    for (kind, name) in [
        (Kind::Data, "data"),
        (Kind::BatchEnd, "batch end"),
        (Kind::Seal, "seal"),
        (Kind::Epoch, "epoch"),
        (Kind::Watermark, "watermark"),
        (Kind::Redacted, "redacted"),
        (Kind::Lost, "lost"),
    ] {
        let record = if kind.is_record() { "yes" } else { "no" };
        let row = format!("| {} | {name} | {record} |", kind as u8);
        assert!(page().contains(&row), "{row}");
    }
}

fn second_reader(dir: &Path) -> Vec<String> {
    let script: PathBuf = here().join("tests/second_reader.py");
    let done = Command::new("python3").arg(script).arg(dir).output();
    let done = done.expect("this test needs python3 and zstd on the PATH");
    let told = String::from_utf8_lossy(&done.stderr);
    assert!(
        done.status.success(),
        "it needs python3 and zstd on the PATH: {told}"
    );
    String::from_utf8(done.stdout)
        .unwrap()
        .lines()
        .map(str::to_owned)
        .collect()
}

/// What the engine reads, as the second reader prints it.
fn engine(reader: &Reader) -> Vec<String> {
    let line = |entry: log_core::Entry| {
        format!(
            "{} {} {} {} {} {}",
            entry.sequence,
            entry.time_ns,
            entry.schema,
            if entry.redacted { 6 } else { 1 },
            crc32fast::hash(&entry.payload),
            entry.payload.len()
        )
    };
    reader.read(0).map(|entry| line(entry.unwrap())).collect()
}

#[test]
fn a_reader_written_from_the_page_alone_reads_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let mut config = small(dir.path());
    config.sealing = Some(Sealing {
        raw_segments: 1,
        ..Sealing::DEFAULT
    });
    let log = Log::open(config).unwrap();
    fill(&log, 1, 400, 300);
    let batch = (400..420)
        .map(|number| record(payload(number, 90)))
        .collect();
    log.append_batch(batch).unwrap().wait().unwrap();
    fill(&log, 420, 700, 400);
    let redaction = Redaction {
        sequence: 20,
        payload: vec![b' '; 300].into(),
    };
    log.redact(&[redaction]).unwrap();
    while log.seal_next().unwrap().is_some() {}
    log.close().unwrap();
    let sealed = fs::read_dir(dir.path()).unwrap().flatten();
    assert!(
        sealed
            .filter(|entry| entry.path().extension().is_some_and(|end| end == "zst"))
            .count()
            > 1
    );
    let ours = engine(&Reader::open_read_only(dir.path()).unwrap());
    assert_eq!((ours.len(), second_reader(dir.path())), (699, ours));
}
