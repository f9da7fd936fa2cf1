//! What is exported.

use std::{
    collections::HashSet,
    path::{Path, PathBuf},
};

use arrow::array::AsArray;
use event_model::EventId;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::{World, body_of, numbered_head};
use crate::{
    careful::Tripwire,
    consumers::{Consumer, Stop, cold::ColdConsumer},
};

/// Id and body of every row of every file.
fn cold_rows(cold_dir: &Path) -> Vec<(String, String)> {
    let mut rows = Vec::new();
    for path in cold_files(cold_dir) {
        let file = std::fs::File::open(&path).unwrap();
        let builder = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
        let date = path.parent().unwrap().file_name().unwrap();
        let date = date
            .to_str()
            .unwrap()
            .trim_start_matches("date=")
            .to_owned();
        for batch in builder.build().unwrap() {
            let batch = batch.unwrap();
            let ids = batch.column_by_name("event_id").unwrap().as_string::<i32>();
            let bodies = batch.column_by_name("body").unwrap().as_string::<i32>();
            let tags = batch.column_by_name("tags").unwrap().as_map();
            for row in 0..batch.num_rows() {
                let id: EventId = ids.value(row).parse().unwrap();
                let number = u32::from_be_bytes(id.0[..4].try_into().unwrap());
                let head = numbered_head(number);
                assert_eq!(read_model::search::schema::day_of(head.received_ns), date);
                let pair = tags.value(row);
                assert_eq!(pair.column(0).as_string::<i32>().value(0), "n");
                let value = pair.column(1).as_string::<i32>().value(0);
                assert_eq!(value, head.tags[0].1);
                rows.push((ids.value(row).to_owned(), bodies.value(row).to_owned()));
            }
        }
    }
    rows
}

pub(super) fn cold_files(cold_dir: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for day in std::fs::read_dir(cold_dir.join("events")).unwrap() {
        for file in std::fs::read_dir(day.unwrap().path()).unwrap() {
            files.push(file.unwrap().path());
        }
    }
    files.sort();
    files
}

#[test]
fn every_event_of_complete_segments_is_in_the_cold_files_once() {
    let world = World::new();
    let reader = world.reader();
    for batch in 0..40 {
        world.append(batch * 50..batch * 50 + 50);
    }
    let config = world.config();
    let export = || {
        let mut cold = ColdConsumer::new(&config.cold, Tripwire::default());
        let stop = Stop::default();
        let mut taken = 0;
        loop {
            let records = cold.step(&reader, &stop).unwrap();
            if records == 0 {
                return (taken, cold.position());
            }
            taken += records;
        }
    };
    let (taken, position) = export();
    assert!(position.sequence() > 500, "too few segments: {position}");
    assert_eq!(taken, position.sequence());
    let check = || {
        let rows = cold_rows(&world.cold_dir());
        let ids: HashSet<&String> = rows.iter().map(|(id, _)| id).collect();
        assert_eq!((rows.len() as u64, ids.len() as u64), (taken, taken));
        for (id, body) in &rows {
            let number = u32::from_str_radix(&id[..8], 16).unwrap();
            assert_eq!(body.as_bytes(), body_of(number), "{id}");
        }
    };
    check();
    // Nothing new: nothing is written again.
    assert_eq!(export().0, 0);
    // A crash between the days of the last segment, and one within a file.
    let last = cold_files(&world.cold_dir()).pop().unwrap();
    std::fs::remove_file(&last).unwrap();
    let half = last.with_extension("parquet.tmp");
    std::fs::write(&half, "half").unwrap();
    assert!(export().0 > 0);
    assert!(!half.exists());
    check();
}
