//! What was found of a log, as text for people and as JSON for programs. Pure.

use std::fmt::Write as _;

use ground::with_causes;
use log_core::{
    CursorInfo, Damage, FindingKind, OpenError, Repair, RepairMode, SegmentStat, SegmentVerdict,
    Stat, Verification,
};
use serde_json::{Value, json};

/// Whether the log itself is wrong, rather than the attempt to look at it.
pub(crate) fn is_damage(error: &OpenError) -> bool {
    !matches!(
        error,
        OpenError::Io { .. } | OpenError::Locked { .. } | OpenError::Empty { .. }
    )
}

pub(crate) fn error_text(name: &str, error: &OpenError) -> String {
    format!("{name}: DAMAGED: {}\n", with_causes(error))
}

pub(crate) fn error_json(error: &OpenError) -> Value {
    json!({"sound": false, "error": with_causes(error)})
}

fn is_sealed(segment: &SegmentStat) -> bool {
    segment.path.extension().is_some_and(|end| end == "zst")
}

/// Records that a cursor's owner has not done yet, and the bytes of the segments they lie in.
fn lag(stat: &Stat, cursor: &CursorInfo) -> (u64, u64) {
    let records = stat.durable_end.saturating_sub(cursor.position);
    let ahead = stat
        .segments
        .iter()
        .filter(|segment| segment.end > cursor.position);
    (records, ahead.map(|segment| segment.used_bytes).sum())
}

pub(crate) fn stat_text(name: &str, stat: &Stat) -> String {
    let mut text = format!("{name}  ({})\n", stat.dir.display());
    let mut line = |line: std::fmt::Arguments<'_>| {
        let _ = writeln!(text, "  {line}");
    };
    let used: u64 = stat.segments.iter().map(|segment| segment.used_bytes).sum();
    let disk: u64 = stat.segments.iter().map(|segment| segment.disk_bytes).sum();
    let writer = stat
        .writer_pid
        .map_or("none".to_owned(), |pid| format!("process {pid}"));
    let (first, last) = (stat.first, stat.durable_end.saturating_sub(1));
    line(format_args!(
        "records        {}  (sequence {first} to {last})",
        stat.records
    ));
    line(format_args!("bytes          {used} used, {disk} on disk"));
    let (epoch, format) = (stat.epoch, stat.format_version);
    line(format_args!(
        "writer         {writer}, epoch {epoch}, format {format}"
    ));
    if stat.damaged {
        line(format_args!(
            "DAMAGED        run `errata log verify --log {name}`"
        ));
    }
    line(format_args!(
        "segment         first      end    raw bytes      on disk  state"
    ));
    for segment in &stat.segments {
        let state = match (segment.complete, is_sealed(segment)) {
            (_, true) => "sealed",
            (true, false) => "complete",
            (false, false) => "running",
        };
        line(format_args!(
            "{:>7} {:>13} {:>8} {:>12} {:>12}  {state}",
            segment.number, segment.base, segment.end, segment.used_bytes, segment.disk_bytes
        ));
    }
    for cursor in &stat.cursors {
        let (records, bytes) = lag(stat, cursor);
        line(format_args!(
            "cursor {:<12} at {}, {records} records behind (at most {bytes} bytes){}",
            cursor.name,
            cursor.position,
            cursor
                .rewound
                .as_ref()
                .map_or(String::new(), |why| format!(", rewound: {why}"))
        ));
    }
    text.push('\n');
    text
}

pub(crate) fn stat_json(stat: &Stat) -> Value {
    let segments = stat.segments.iter().map(|segment| {
        json!({
            "number": segment.number, "path": segment.path, "first": segment.base,
            "end": segment.end, "complete": segment.complete, "sealed": is_sealed(segment),
            "created_ns": segment.created_ns, "raw_bytes": segment.used_bytes,
            "disk_bytes": segment.disk_bytes,
        })
    });
    let cursors = stat.cursors.iter().map(|cursor| {
        let (records, bytes) = lag(stat, cursor);
        json!({
            "name": cursor.name, "position": cursor.position, "time_ns": cursor.time_ns,
            "rewound": cursor.rewound, "lag_records": records, "lag_bytes_max": bytes,
        })
    });
    json!({
        "dir": stat.dir, "format_version": stat.format_version, "writer_pid": stat.writer_pid,
        "first": stat.first, "durable_end": stat.durable_end, "records": stat.records,
        "epoch": stat.epoch, "damaged": stat.damaged,
        "unproven_tail_bytes": stat.unproven_tail_bytes,
        "segments": segments.collect::<Vec<_>>(), "cursors": cursors.collect::<Vec<_>>(),
    })
}

fn damage_text(text: &mut String, path: &std::path::Path, damage: &[Damage]) {
    for one in damage {
        let _ = writeln!(
            text,
            "  {}: bytes {} to {}, records {} to {} (ends exclusive): {}",
            path.display(),
            one.bytes.start,
            one.bytes.end,
            one.sequences.start,
            one.sequences.end,
            one.fault
        );
    }
}

fn damage_json(damage: &[Damage]) -> Vec<Value> {
    let one = |one: &Damage| {
        json!({
            "bytes": [one.bytes.start, one.bytes.end],
            "sequences": [one.sequences.start, one.sequences.end],
            "fault": one.fault.to_string(),
        })
    };
    damage.iter().map(one).collect()
}

fn verdict(verdict: SegmentVerdict) -> &'static str {
    match verdict {
        SegmentVerdict::Sound => "sound",
        SegmentVerdict::TornTail => "torn_tail",
        SegmentVerdict::Damaged => "damaged",
    }
}

pub(crate) fn verify_text(name: &str, found: &Verification) -> String {
    let mut text = String::new();
    let tail = found.segments.last().map(|segment| segment.number);
    for segment in &found.segments {
        let verdict = match segment.verdict {
            SegmentVerdict::Sound => "sound",
            SegmentVerdict::TornTail if Some(segment.number) != tail => {
                "followed by bytes that were never acknowledged; nobody reads them, sealing leaves them out"
            }
            SegmentVerdict::TornTail => {
                "ends in bytes that were never acknowledged; the next start cuts them off"
            }
            SegmentVerdict::Damaged => "DAMAGED",
        };
        let _ = writeln!(
            text,
            "{name} segment {}: {} records, {} payload bytes: {verdict}",
            segment.number, segment.records, segment.payload_bytes
        );
        damage_text(&mut text, &segment.path, &segment.damage);
    }
    let (first, end) = (found.first, found.durable_end);
    let _ = writeln!(
        text,
        "{name}: sequence numbers {first} up to {end} (exclusive) are durable"
    );
    if !found.is_sound() {
        let _ = writeln!(
            text,
            "{name}: run `errata log repair --log {name}` to see what is lost"
        );
    }
    text
}

pub(crate) fn verify_json(found: &Verification) -> Value {
    let segments = found.segments.iter().map(|segment| {
        json!({
            "number": segment.number, "path": segment.path, "first": segment.base,
            "frames": segment.frames, "records": segment.records,
            "payload_bytes": segment.payload_bytes, "verdict": verdict(segment.verdict),
            "damage": damage_json(&segment.damage),
        })
    });
    json!({
        "dir": found.dir, "sound": found.is_sound(), "first": found.first,
        "durable_end": found.durable_end, "segments": segments.collect::<Vec<_>>(),
    })
}

fn kind(what: &FindingKind) -> (&'static str, String) {
    match what {
        FindingKind::Damaged => (
            "damaged",
            "is damaged; lost frames take these places".into(),
        ),
        FindingKind::Header => (
            "header",
            "has a damaged header or table, which can be mended".into(),
        ),
        FindingKind::Form => ("form", "cannot be read, but its other form can".into()),
        FindingKind::Missing => (
            "missing",
            "is gone; a segment that says so takes its place".into(),
        ),
        FindingKind::MissingTail => (
            "missing_tail",
            "was the last one and is gone; how many records it held is unknown".into(),
        ),
        FindingKind::Manifest(why) => ("manifest", format!("is made again from the files: {why}")),
        FindingKind::Cursor(name) => (
            "cursor",
            format!("(cursor {name}) is set to the first record"),
        ),
        _ => ("other", "is wrong".into()),
    }
}

pub(crate) fn repair_text(name: &str, done: &Repair) -> String {
    if done.is_sound() {
        return format!("{name}: nothing is wrong\n");
    }
    let mut text = String::new();
    for finding in &done.findings {
        let _ = writeln!(
            text,
            "{name}: {} {}",
            finding.path.display(),
            kind(&finding.what).1
        );
        damage_text(&mut text, &finding.path, &finding.damage);
        for lost in &finding.lost {
            let _ = writeln!(text, "  LOST: records {} to {}", lost.start, lost.end - 1);
        }
        if let Some(kept) = &finding.saved_to {
            let _ = writeln!(text, "  the original is kept as {}", kept.display());
        }
    }
    let lost = done.lost_records();
    let _ = match done.mode {
        RepairMode::DryRun => writeln!(
            text,
            "{name}: {lost} records would be lost; nothing was changed. `--accept-loss` repairs"
        ),
        RepairMode::AcceptLoss => writeln!(text, "{name}: repaired, {lost} records are lost"),
    };
    text
}

pub(crate) fn repair_json(done: &Repair) -> Value {
    let findings = done.findings.iter().map(|finding| {
        let lost = finding.lost.iter().map(|lost| [lost.start, lost.end]);
        let (code, text) = kind(&finding.what);
        json!({
            "path": finding.path, "kind": code, "text": text, "saved_to": finding.saved_to,
            "damage": damage_json(&finding.damage), "lost": lost.collect::<Vec<_>>(),
        })
    });
    json!({
        "dir": done.dir, "repaired": done.mode == RepairMode::AcceptLoss && !done.is_sound(),
        "sound": done.is_sound(), "lost_records": done.lost_records(),
        "findings": findings.collect::<Vec<_>>(),
    })
}
