//! Cold files beside the log.

use std::collections::BTreeMap;

use event_log::{Entry, LogReader, control_at};
use event_model::{Position, ProjectId};
use read_model::{
    ReadModelError,
    cold::{ColdEvent, ColdFile, ColdHome, ColdReader, Found, Place, READING},
    search::schema::day_of,
};

use super::{Expected, Verified};
use crate::{
    ProjectorError,
    careful::caught,
    consumers::{
        grouped::Grouped,
        records::{Records, body_or_none},
    },
};

/// Compares the cold files with the log as far as it has their segments, reads the others whole,
/// and names `most` differences.
pub fn verify_cold(
    place: &Place,
    reader: &LogReader,
    most: usize,
) -> Result<Verified, ProjectorError> {
    let files = ColdReader::new(ColdHome::open(place, READING)?);
    files.look(reader.first())?;
    let all: Vec<ColdFile> = files
        .files()
        .iter()
        .map(|listed| listed.file.clone())
        .collect();
    let end = all.last().map_or(Position(0), |file| file.last);
    let mut found = Verified::new(end, most);
    let first = reader.first();
    for file in all.iter().filter(|file| file.first < first) {
        read(&files, file, &mut found, |found, _| found.events += 1)?;
    }
    let oldest_day = all
        .iter()
        .map(|file| file.date.as_str())
        .min()
        .unwrap_or_default();
    let mut grouped = Grouped::new("verify");
    grouped.follow(control_at(reader, files.home().regrouped()?)?);
    let mut before = Position(first.0 - 1);
    grouped.bring_to(reader, before)?;
    while before < end
        && let Some(segment) = reader.segment_of(Position(before.0 + 1))
    {
        let last = Position(segment.end.0 - 1);
        let mut rows = BTreeMap::new();
        for file in all.iter().filter(|file| file.last == last) {
            read(&files, file, &mut found, |found, old| {
                let day = day_of(old.event.head().received_ns.to_native());
                if day != file.date {
                    found.differs(format_args!(
                        "position {}: it is of {day}, and in a file of {}",
                        old.position, file.date
                    ));
                }
                if rows.insert(old.position, old).is_some() {
                    found.differs(format_args!("{}: a position is there twice", file.path()));
                }
            })?;
        }
        for record in Records::after(reader, before, "verify") {
            let (position, entry) = record?;
            if position > last {
                break;
            }
            grouped.pass(position, entry.as_ref());
            let Some(Entry::Event(event)) = entry else {
                continue;
            };
            let Ok(group) = caught(|| grouped.group(position, &event)) else {
                continue;
            };
            // Older days may have been removed.
            let is_removed = day_of(event.head().received_ns.to_native()).as_str() < oldest_day;
            let Some(row) = rows.remove(&position) else {
                if !is_removed {
                    found.differs(format_args!("position {position}: no cold file has it"));
                }
                continue;
            };
            found.events += 1;
            if row.fingerprint != group.fingerprint {
                found.differs(format_args!(
                    "position {position}: its file has fingerprint {}, the log {}",
                    row.fingerprint, group.fingerprint
                ));
            }
            if *row.body != *body_or_none(reader, position, &event) {
                found.differs(format_args!(
                    "position {position}: its file has another body than the log"
                ));
            }
        }
        for position in rows.into_keys() {
            found.differs(format_args!("position {position}: only a cold file has it"));
        }
        before = last;
    }
    Ok(found)
}

/// Reads a file whole.
fn read(
    files: &ColdReader,
    file: &ColdFile,
    found: &mut Verified,
    mut each: impl FnMut(&mut Verified, ColdEvent),
) -> Result<(), ProjectorError> {
    let walked = files.walk(file, Position(0), |rows| {
        for fault in &rows.faults {
            found.differs(ground::with_causes(fault));
        }
        for old in in_order(rows) {
            each(found, old);
        }
        Ok::<bool, ReadModelError>(true)
    });
    match walked {
        Err(error) if !error.is_of_store() && !error.may_pass() => {
            found.differs(ground::with_causes(&error));
            Ok(())
        }
        walked => Ok(walked?),
    }
}

fn in_order(found: Found) -> Vec<ColdEvent> {
    let mut events: Vec<ColdEvent> = found.events.into_values().collect();
    events.sort_unstable_by_key(|old| old.position);
    events
}

/// The events that only cold files have, as they should be in the index; with the last ones of a
/// segment it is said that they are.
pub(super) fn each_old(
    files: &ColdReader,
    log_first: Position,
    mut each: impl FnMut(Vec<Expected>, bool) -> Result<(), ProjectorError>,
) -> Result<(), ProjectorError> {
    let listed = files.files();
    let old: Vec<&ColdFile> = listed
        .iter()
        .map(|listed| &listed.file)
        .filter(|file| file.first < log_first)
        .collect();
    for (at, file) in old.iter().enumerate() {
        let ends = old.get(at + 1).is_none_or(|next| next.last != file.last);
        let mut expected = Vec::new();
        let walked = files.walk(file, Position(0), |rows| {
            let rows = in_order(rows).into_iter();
            let before_log = rows.filter(|old| old.position < log_first);
            expected.extend(before_log.map(|old| Expected {
                position: old.position,
                project: ProjectId(old.event.head().project_id.to_native()),
                fingerprint: old.fingerprint,
            }));
            Ok::<bool, ReadModelError>(true)
        });
        match walked {
            // Its rows are told of with the cold files.
            Err(error) if !error.is_of_store() && !error.may_pass() => {}
            walked => walked?,
        }
        each(expected, ends)?;
    }
    Ok(())
}
