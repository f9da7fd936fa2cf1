//! Events in, events out.

use std::time::{Duration, Instant};

use event_log::{AppendError, Entry, LogReader, LogWriter};
use event_model::Position;
use log_core::{Config, Log, Record};

use crate::sample::{event, open, short, stream};

#[test]
fn events_keep_the_order_of_their_calls_and_tickets_tell_their_places() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path());
    let tickets: Vec<_> = (1..=500)
        .map(|n| {
            let (head, body) = event(n, 2_000);
            log.append_event(&head, body).unwrap()
        })
        .collect();
    for (index, ticket) in tickets.into_iter().enumerate() {
        assert_eq!(ticket.wait(), Ok(Position(index as u64 + 1)));
    }
    let expected: Vec<String> = (1..=500).map(|n| format!("event {n}")).collect();
    assert_eq!(stream(&log.reader()), expected);
    log.close().unwrap();
    assert_eq!(stream(&open(dir.path()).reader()), expected);
}

#[tokio::test]
async fn a_ticket_is_a_future_and_its_event_is_readable_when_it_completes() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path());
    let (head, body) = event(1, 100);
    let position = log
        .append_event(&head, body.clone())
        .unwrap()
        .await
        .unwrap();
    let reader = log.reader();
    assert!(reader.end() >= position);
    let stored = reader.event(position).unwrap().unwrap();
    assert_eq!(stored.head().message.as_str(), "event 1");
    assert_eq!(reader.body(position, &stored).unwrap(), body);
    // Within a runtime too.
    let (head, body) = event(2, 100);
    let second = log.append_event(&head, body).unwrap().wait().unwrap();
    assert_eq!(second, Position(2));
}

#[test]
fn an_event_larger_than_a_record_is_refused_for_good() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path());
    let (head, body) = event(1, 600 * 1024);
    let refused = log.append_event(&head, body);
    assert!(
        matches!(refused, Err(AppendError::TooLarge { max, .. }) if max == 512 * 1024),
        "{refused:?}"
    );
}

#[test]
fn closing_answers_what_was_taken_and_refuses_the_rest() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path());
    let tickets: Vec<_> = (1..=100)
        .map(|n| {
            let (head, body) = event(n, 1_000);
            log.append_event(&head, body).unwrap()
        })
        .collect();
    log.close().unwrap();
    log.close().unwrap();
    for ticket in tickets {
        ticket.wait().unwrap();
    }
    let (head, body) = event(101, 10);
    assert_eq!(
        log.append_event(&head, body).unwrap_err(),
        AppendError::Closed
    );
    assert_eq!(log.state().condition, event_log::writer::Condition::Closed);
}

#[test]
fn a_second_writer_is_refused_and_may_open_when_the_first_is_dropped() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path());
    let second = LogWriter::open(crate::sample::config(dir.path()));
    assert!(second.is_err(), "two writers");
    let clone = log.clone();
    drop(log);
    assert!(LogWriter::open(crate::sample::config(dir.path())).is_err());
    drop(clone);
    open(dir.path());
}

#[test]
fn a_reader_waits_for_what_comes_after_a_position() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path());
    let reader = log.reader();
    assert_eq!(reader.end(), Position(0));
    assert!(!reader.wait_past(Position(0), Duration::from_millis(5)));
    let waiting = reader.clone();
    let waiter =
        std::thread::spawn(move || waiting.wait_past(Position(0), Duration::from_secs(10)));
    let (head, body) = event(1, 10);
    let _ = log.append_event(&head, body).unwrap().wait().unwrap();
    assert!(waiter.join().unwrap());
    assert!(!reader.wait_past(Position(1), Duration::from_millis(5)));
    let after: Vec<String> = reader
        .read_after(Position(0))
        .map(|item| short(&item.unwrap()))
        .collect();
    assert_eq!(after, ["event 1"]);
    assert_eq!(reader.read_after(Position(1)).count(), 0);
}

#[test]
fn waiting_in_a_loop_does_not_spin_once_the_writer_has_ended() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path());
    let reader = log.reader();
    log.close().unwrap();
    let begin = Instant::now();
    let (patience, times) = (Duration::from_secs(5), 5);
    for _ in 0..times {
        assert!(!reader.wait_past(Position(0), patience));
    }
    let took = begin.elapsed();
    assert!(took >= Duration::from_millis(50), "{took:?}");
    assert!(took < times * patience, "nor does it sit out its time");
}

#[test]
fn segments_tell_where_they_end() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path());
    let reader = log.reader();
    assert_eq!(reader.segment_of(Position(1)), None);
    // Bodies that do not compress, so that segments of 1 MiB roll.
    let mut noise = 1u64;
    let mut last = Position(0);
    for n in 1..=40 {
        let (head, _) = event(n, 0);
        let body = std::iter::repeat_with(|| {
            noise = noise
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (noise >> 56) as u8
        });
        let body = body.take(100_000).collect();
        last = log.append_event(&head, body).unwrap().wait().unwrap();
    }
    let first = reader.segment_of(Position(1)).unwrap();
    assert_eq!(first.first, Position(1));
    assert!(first.complete && first.end > Position(1) && first.end <= last);
    let mut covered = Position(1);
    while covered <= last {
        let span = reader.segment_of(covered).unwrap();
        assert_eq!(span.first, covered, "segments join");
        assert_eq!(reader.segment_of(Position(span.end.0 - 1)), Some(span));
        covered = span.end;
    }
    assert_eq!(covered, Position(last.0 + 1));
    let tail = reader.segment_of(last).unwrap();
    assert!(!tail.complete);
    assert_eq!(reader.segment_of(Position(last.0 + 1)), None);
}

#[test]
fn records_of_a_newer_release_are_opaque_and_damaged_ones_do_not_end_the_stream() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path());
    let (head, body) = event(1, 10);
    log.append_event(&head, body).unwrap().wait().unwrap();
    log.close().unwrap();
    drop(log);
    let core = Log::open(Config::events(dir.path().join("events"))).unwrap();
    for (schema, payload) in [
        (0x0102, vec![1, 2, 3]),
        (event_model::record::SCHEMA_EVENT_V1, vec![0xff; 64]),
    ] {
        let payload = payload.into();
        core.append(Record { schema, payload })
            .unwrap()
            .wait()
            .unwrap();
    }
    core.close().unwrap();
    drop(core);
    let log = open(dir.path());
    let (head, body) = event(2, 10);
    log.append_event(&head, body).unwrap().wait().unwrap();
    let seen: Vec<String> = log
        .reader()
        .read_after(Position(0))
        .map(|item| item.map_or_else(|error| error.to_string(), |item| short(&item)))
        .collect();
    let damaged = "record 3 of the events log is damaged";
    assert_eq!(seen, ["event 1", "opaque 0x0102", damaged, "event 2"]);
    assert!(log.reader().event(Position(2)).unwrap().is_none());
    assert!(log.reader().event(Position(3)).is_err());
    assert!(log.reader().event(Position(99)).unwrap().is_none());
}

#[test]
fn a_reader_of_another_process_sees_the_durable_records() {
    let dir = tempfile::tempdir().unwrap();
    assert!(LogReader::open_read_only(dir.path()).is_err());
    let log = open(dir.path());
    for n in 1..=3 {
        let (head, body) = event(n, 10);
        log.append_event(&head, body).unwrap().wait().unwrap();
    }
    log.append_command_blocking(crate::sample::command("a"))
        .unwrap();
    let reader = LogReader::open_read_only(dir.path()).unwrap();
    assert_eq!(
        stream(&reader),
        ["event 1", "event 2", "event 3", "command 1 a"]
    );
    let items = reader.read_after(Position(3)).map(Result::unwrap);
    assert!(
        items
            .last()
            .is_some_and(|item| matches!(item.entry, Entry::Command { .. }))
    );
}
