//! Many producers, tickets in every manner, readers beside the writer.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Instant;

use log_core::{AppendError, Config, Log, Reader, Ticket};

use crate::support::{PATIENCE, assert_holds, entries, fill, payload, record, small};

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// The smallest executor there is: a ticket needs no more.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return value;
        }
        thread::park_timeout(PATIENCE);
        assert!(Instant::now() < deadline, "the ticket never woke its task");
    }
}

#[test]
fn a_ticket_is_a_future_in_any_executor() {
    fn sendable<T: Send + Sync + Unpin + 'static>() {}
    sendable::<Ticket>();
    sendable::<Log>();
    sendable::<Reader>();
    let dir = tempfile::tempdir().unwrap();
    let log = Log::open(small(dir.path())).unwrap();
    for number in 1..50 {
        let ticket = log.append(record(payload(number, 10))).unwrap();
        assert_eq!(block_on(ticket), Ok(number..number + 1));
    }
}

#[test]
fn every_acknowledged_record_of_many_producers_is_there_after_reopening() {
    const PRODUCERS: u64 = 8;
    const APPENDS: u64 = 150;
    let dir = tempfile::tempdir().unwrap();
    let log = Log::open(Config {
        queue_bytes_max: 1 << 20,
        ..small(dir.path())
    })
    .unwrap();
    let ledger: Vec<(u64, Vec<u8>)> = thread::scope(|scope| {
        let produce = |producer: u64| {
            let log = log.clone();
            move || {
                let mut ledger = Vec::new();
                for number in 0..APPENDS {
                    let key = producer * 1_000_000 + number * 10;
                    let payloads: Vec<_> = (0..=number % 4)
                        .map(|part| payload(key + part, 20 + number as usize))
                        .collect();
                    let records = payloads.iter().cloned().map(record).collect();
                    let range = log.append_batch(records).unwrap().wait().unwrap();
                    assert_eq!(range.end - range.start, payloads.len() as u64);
                    ledger.extend(range.zip(payloads));
                }
                ledger
            }
        };
        let threads: Vec<_> = (0..PRODUCERS)
            .map(|producer| scope.spawn(produce(producer)))
            .collect();
        threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap())
            .collect()
    });
    drop(log);
    let log = Log::open(small(dir.path())).unwrap();
    let reader = log.reader();
    assert_eq!(
        reader.durable_end(),
        1 + ledger.len() as u64,
        "no number twice, none left out"
    );
    for (sequence, payload) in ledger {
        assert_eq!(reader.get(sequence).unwrap().unwrap().payload, payload);
    }
    assert!(reader.segments().len() > 3);
}

#[test]
fn readers_beside_the_writer_see_one_dense_sequence() {
    const RECORDS: u64 = 1500;
    let dir = tempfile::tempdir().unwrap();
    let log = Log::open(small(dir.path())).unwrap();
    thread::scope(|scope| {
        for _ in 0..4 {
            let reader = log.reader();
            scope.spawn(move || {
                let mut records = reader.read(1);
                let mut next = 1;
                while next <= RECORDS {
                    assert!(reader.wait_past(next, PATIENCE));
                    for entry in records.by_ref() {
                        let entry = entry.unwrap();
                        assert_eq!(entry.sequence, next);
                        assert_eq!(entry.payload, payload(next, 300));
                        next += 1;
                    }
                    assert_eq!(records.position(), next);
                }
            });
        }
        let mut last = None;
        for number in 1..=RECORDS {
            last = Some(log.append(record(payload(number, 300))).unwrap());
        }
        last.unwrap().wait().unwrap();
    });
}

#[test]
fn a_reader_of_its_own_opens_beside_the_writer() {
    let dir = tempfile::tempdir().unwrap();
    let log = Log::open(small(dir.path())).unwrap();
    let writing = thread::spawn({
        let log = log.clone();
        move || fill(&log, 1, 800, 200)
    });
    let mut seen = 1;
    while !writing.is_finished() {
        let reader = Reader::open_read_only(dir.path()).unwrap();
        let end = reader.durable_end();
        assert!(end >= seen, "what was seen once stays");
        assert_holds(&reader, 1, end, 200);
        assert!(log_core::verify(dir.path()).unwrap().is_sound());
        seen = end;
    }
    writing.join().unwrap();
    assert!(seen > 1);
    let stat = log_core::stat(dir.path()).unwrap();
    assert_eq!(
        (stat.writer_pid, stat.records),
        (Some(std::process::id()), 799)
    );
    log.close().unwrap();
    assert_eq!(log_core::stat(dir.path()).unwrap().writer_pid, None);
}

#[test]
fn dropping_a_ticket_does_not_take_the_append_back() {
    let dir = tempfile::tempdir().unwrap();
    let log = Log::open(small(dir.path())).unwrap();
    for number in 1..100 {
        drop(log.append(record(payload(number, 50))).unwrap());
    }
    log.close().unwrap();
    assert_holds(&Reader::open_read_only(dir.path()).unwrap(), 1, 100, 50);
}

#[test]
fn closing_under_load_keeps_every_accepted_record() {
    let dir = tempfile::tempdir().unwrap();
    let log = Log::open(small(dir.path())).unwrap();
    let accepted = thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|_| {
                let log = log.clone();
                scope.spawn(move || {
                    let mut tickets = Vec::new();
                    loop {
                        match log.append(record(vec![5; 64])) {
                            Ok(ticket) => tickets.push(ticket),
                            Err(AppendError::QueueFull { .. }) => thread::yield_now(),
                            Err(error) => {
                                assert_eq!(error, AppendError::Closed);
                                break;
                            }
                        }
                    }
                    let count = tickets.len() as u64;
                    for ticket in tickets {
                        ticket.wait().unwrap();
                    }
                    count
                })
            })
            .collect();
        assert!(log.reader().wait_past(100, PATIENCE));
        log.close().unwrap();
        log.close().unwrap();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .sum::<u64>()
    });
    assert_eq!(
        Reader::open_read_only(dir.path()).unwrap().durable_end(),
        accepted + 1
    );
}

#[test]
fn a_payload_outlives_log_and_files() {
    let dir = tempfile::tempdir().unwrap();
    let log = Log::open(small(dir.path())).unwrap();
    fill(&log, 1, 10, 500);
    let kept = entries(&log.reader());
    drop(log);
    dir.close().unwrap();
    for entry in kept {
        assert_eq!(entry.payload, payload(entry.sequence, 500));
    }
}
