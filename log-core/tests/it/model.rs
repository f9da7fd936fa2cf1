//! The log against a plain list: append, batch, roll, seal, retain, redact, reopen, crash-less drop, cursor, read.

use log_core::{Config, Log, MaintainError, ReadError, Reader, Redaction, Sealing};
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
    /// Completes the active segment.
    Roll,
    /// Compresses the oldest complete segment, unless the log's own thread was faster.
    Seal,
    /// Drops complete segments below a record.
    Drop(u64),
    /// Replaces a record's payload.
    Redact(u64),
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
        2 => Just(Step::Roll),
        2 => Just(Step::Seal),
        1 => any::<u64>().prop_map(Step::Drop),
        2 => any::<u64>().prop_map(Step::Redact),
    ]
}

/// What the log should be.
struct Model {
    /// Payloads from record 1 on, also of those that were dropped, and whether they were replaced.
    records: Vec<(Vec<u8>, bool)>,
    /// First record that is kept.
    first: u64,
    /// Where the cursor stands, once it was made.
    cursor: Option<u64>,
}

impl Model {
    fn end(&self) -> u64 {
        self.records.len() as u64 + 1
    }

    /// A record that is kept or, when there is none, will be next.
    fn pick(&self, chance: u64) -> u64 {
        self.first + chance % (self.end() - self.first + 1)
    }

    fn make(&mut self, length: usize) -> log_core::Record {
        let payload = payload(self.end(), length);
        self.records.push((payload.clone(), false));
        record(payload)
    }

    fn check(&self, reader: &Reader, from: u64) {
        assert_eq!(
            (reader.first(), reader.durable_end()),
            (self.first, self.end())
        );
        let found: Vec<_> = reader.read(from).map(Result::unwrap).collect();
        assert_eq!(found.len() as u64, self.end().saturating_sub(from));
        for (entry, number) in found.iter().zip(from..) {
            let (payload, redacted) = &self.records[number as usize - 1];
            assert_eq!(entry.sequence, number);
            assert_eq!(
                (&entry.payload[..], entry.redacted),
                (&payload[..], *redacted)
            );
        }
        if self.first > 1 {
            let gone = reader.get(self.first - 1);
            assert!(
                matches!(gone, Err(ReadError::NotRetained { .. })),
                "{gone:?}"
            );
        }
    }

    fn drop_below(&mut self, log: &Log, sequence: u64) {
        let dropped = log.drop_below(sequence).unwrap();
        // Whole segments go, and none that holds the record or is written to.
        assert!((self.first..=sequence.max(self.first)).contains(&dropped.first));
        assert_eq!(dropped.first, log.reader().segments()[0].base);
        self.first = dropped.first;
    }

    fn redact(&mut self, log: &Log, sequence: u64) {
        let Some((payload, redacted)) = self.records.get_mut(sequence as usize - 1) else {
            let refused = log.redact(&[Redaction {
                sequence,
                payload: vec![0].into(),
            }]);
            assert!(matches!(refused, Err(MaintainError::NoSuchRecord { .. })));
            return;
        };
        let blank: Vec<u8> = payload.iter().map(|byte| byte ^ 0xff).collect();
        let redaction = Redaction {
            sequence,
            payload: blank.clone().into(),
        };
        let complete = log.reader().segment_of(sequence).unwrap().complete;
        match log.redact(&[redaction]) {
            Ok(()) => {
                assert!(complete);
                (*payload, *redacted) = (blank, true);
            }
            Err(MaintainError::StillOpen { .. }) => assert!(!complete),
            Err(error) => panic!("{error}"),
        }
    }
}

/// 40 KiB segments, all complete ones sealed.
fn settings(dir: &std::path::Path) -> Config {
    Config {
        sealing: Some(Sealing {
            raw_segments: 0,
            level: 1,
        }),
        ..config(dir, 40 * 1024)
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn behaves_like_a_list(steps in proptest::collection::vec(step(), 1..40)) {
        let dir = tempfile::tempdir().unwrap();
        let open = || Log::open(settings(dir.path())).unwrap();
        let mut log = open();
        let mut model = Model { records: Vec::new(), first: 1, cursor: None };
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
                    model.check(&Reader::open_read_only(dir.path()).unwrap(), model.first);
                    log = open();
                    prop_assert_eq!(log.recovery().next, model.end());
                    prop_assert!(log.recovery().torn.is_none());
                }
                Step::ReadFrom(from) => model.check(&log.reader(), model.pick(from).min(model.end())),
                Step::Commit(position) => {
                    let position = model.pick(position).min(model.end());
                    let mut cursor = log.reader().cursor("model").unwrap();
                    // A new one is made at the first record that is kept.
                    let stands = model.cursor.unwrap_or(model.first);
                    prop_assert_eq!(cursor.position(), stands);
                    prop_assert_eq!(cursor.commit(position).is_ok(), position >= stands);
                    model.cursor = Some(stands.max(position));
                }
                Step::Roll => {
                    prop_assert_eq!(log.roll().unwrap().wait().unwrap(), first..first);
                }
                Step::Seal => {
                    log.seal_next().unwrap();
                }
                Step::Drop(sequence) => {
                    let sequence = model.pick(sequence);
                    model.drop_below(&log, sequence);
                }
                Step::Redact(sequence) => {
                    let sequence = model.pick(sequence);
                    model.redact(&log, sequence);
                }
            }
            prop_assert_eq!(log.durable_end(), model.end());
        }
        model.check(&log.reader(), model.first);
        log.close().unwrap();
        prop_assert!(log_core::verify(dir.path()).unwrap().is_sound());
    }
}
