//! The log against a plain list: append, batch, reopen, crash-less drop, cursor, read.

use log_core::{Log, Reader};
use proptest::prelude::*;

use crate::support::{config, payload, record};

#[derive(Clone, Debug)]
enum Step {
    Append(usize),
    Batch(Vec<usize>),
    /// Several appends before the first is waited for.
    Burst(Vec<usize>),
    Reopen,
    ReadFrom(u64),
    Commit(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let length = || prop_oneof![4 => 1..200_usize, 1 => 1000..5000_usize];
    prop_oneof![
        4 => length().prop_map(Step::Append),
        3 => proptest::collection::vec(length(), 1..6).prop_map(Step::Batch),
        3 => proptest::collection::vec(length(), 1..12).prop_map(Step::Burst),
        2 => Just(Step::Reopen),
        2 => any::<u64>().prop_map(Step::ReadFrom),
        1 => any::<u64>().prop_map(Step::Commit),
    ]
}

/// What the log should be.
#[derive(Default)]
struct Model {
    records: Vec<Vec<u8>>,
    cursor: u64,
}

impl Model {
    fn end(&self) -> u64 {
        self.records.len() as u64 + 1
    }

    fn make(&mut self, length: usize) -> log_core::Record {
        let payload = payload(self.end(), length);
        self.records.push(payload.clone());
        record(payload)
    }

    fn check(&self, reader: &Reader, from: u64) {
        let found: Vec<_> = reader.read(from).map(Result::unwrap).collect();
        assert_eq!(found.len() as u64, self.end() - from);
        for (entry, number) in found.iter().zip(from..) {
            assert_eq!(entry.sequence, number);
            assert_eq!(entry.payload, self.records[number as usize - 1]);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn behaves_like_a_list(steps in proptest::collection::vec(step(), 1..40)) {
        let dir = tempfile::tempdir().unwrap();
        let open = || Log::open(config(dir.path(), 40 * 1024)).unwrap();
        let mut log = open();
        let mut model = Model { cursor: 1, ..Model::default() };
        for step in steps {
            let first = model.end();
            match step {
                Step::Append(length) => {
                    let ticket = log.append(model.make(length)).unwrap();
                    prop_assert_eq!(ticket.wait().unwrap(), first..first + 1);
                }
                Step::Batch(lengths) => {
                    let records = lengths.into_iter().map(|length| model.make(length)).collect();
                    let ticket = log.append_batch(records).unwrap();
                    prop_assert_eq!(ticket.wait().unwrap(), first..model.end());
                }
                Step::Burst(lengths) => {
                    let tickets: Vec<_> =
                        lengths.into_iter().map(|length| log.append(model.make(length)).unwrap()).collect();
                    for (ticket, number) in tickets.into_iter().zip(first..) {
                        prop_assert_eq!(ticket.wait().unwrap(), number..number + 1);
                    }
                }
                Step::Reopen => {
                    drop(log);
                    model.check(&Reader::open_read_only(dir.path()).unwrap(), 1);
                    log = open();
                    prop_assert_eq!(log.recovery().next, model.end());
                    prop_assert!(log.recovery().torn.is_none());
                }
                Step::ReadFrom(from) => model.check(&log.reader(), 1 + from % model.end()),
                Step::Commit(position) => {
                    let position = 1 + position % model.end();
                    let mut cursor = log.reader().cursor("model").unwrap();
                    prop_assert_eq!(cursor.position(), model.cursor);
                    prop_assert_eq!(cursor.commit(position).is_ok(), position >= model.cursor);
                    model.cursor = model.cursor.max(position);
                }
            }
            prop_assert_eq!(log.durable_end(), model.end());
        }
        model.check(&log.reader(), 1);
        log.close().unwrap();
        prop_assert!(log_core::verify(dir.path()).unwrap().is_sound());
    }
}
