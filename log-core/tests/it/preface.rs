//! Batches that need records in their own segment before them.

use log_core::{AppendError, Log, Preface};
use proptest::prelude::*;

use crate::support::{entries, payload, record, small};

const PREFACE_RECORDS: u64 = 2;

fn preface(segment_base: u64) -> Preface {
    let records = (0..PREFACE_RECORDS).map(|number| record(payload(1_000_000 + number, 700)));
    Preface {
        segment_base,
        records: records.collect(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    /// Wherever segments end, and whether batches share a group or not.
    #[test]
    fn a_preface_is_written_exactly_when_its_segment_is_another(
        steps in prop::collection::vec((1..4usize, 1..9_000usize, any::<bool>()), 20..60)
    ) {
        let dir = tempfile::tempdir().unwrap();
        let log = Log::open(small(dir.path())).unwrap();
        let reader = log.reader();
        // Of the segment that holds the preface's records, as its user has learned.
        let (mut base, mut number) = (0, 0);
        let mut expected: Vec<Vec<u8>> = Vec::new();
        let (mut written, mut spared) = (0, 0);
        let mut open = Vec::new();
        for (count, length, waits) in steps {
            let batch: Vec<_> = (0..count).map(|_| { number += 1; payload(number, length) }).collect();
            let records = batch.iter().map(|bytes| record(bytes.clone())).collect();
            let ticket = log.append_batch_after(preface(base), records).unwrap();
            open.push((base, batch, ticket));
            if !waits && open.len() < 3 {
                continue;
            }
            for (believed, batch, ticket) in open.drain(..) {
                let range = ticket.wait().unwrap();
                let segment = reader.segment_of(range.start).unwrap();
                prop_assert_eq!(range.start, expected.len() as u64 + 1);
                prop_assert!(range.end <= segment.end, "a batch lies in one segment");
                if segment.base == believed {
                    spared += 1;
                } else {
                    written += 1;
                    expected.extend(preface(0).records.iter().map(|r| r.payload.to_vec()));
                }
                expected.extend(batch);
                prop_assert_eq!(range.end, expected.len() as u64 + 1);
                base = segment.base;
            }
        }
        prop_assert!(written > 0 && spared > 0);
        let found: Vec<_> = entries(&reader).into_iter().map(|e| e.payload.to_vec()).collect();
        prop_assert!(found.starts_with(&expected));
        log.close().unwrap();
        drop(log);
        let log = Log::open(small(dir.path())).unwrap();
        let found: Vec<_> = entries(&log.reader()).into_iter().map(|e| e.payload.to_vec()).collect();
        prop_assert!(found.starts_with(&expected), "recovery finds whole batches");
    }
}

#[test]
fn a_preface_that_could_not_be_written_is_refused_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let log = Log::open(small(dir.path())).unwrap();
    let base = log.reader().segment_of(1).unwrap().base;
    for (records, refused) in [
        (vec![record(Vec::new())], "empty"),
        (
            vec![record(vec![1; 40_000]), record(vec![1; 40_000])],
            "large",
        ),
    ] {
        let preface = Preface {
            segment_base: base,
            records,
        };
        let answer = log.append_batch_after(preface, vec![record([1; 100])]);
        match answer {
            Err(AppendError::Empty) => assert_eq!(refused, "empty"),
            Err(AppendError::TooLarge { .. }) => assert_eq!(refused, "large"),
            other => panic!("{other:?}"),
        }
    }
}
