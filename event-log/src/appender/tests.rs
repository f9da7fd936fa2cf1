//! The queue before its threads take from it: how fast the disk is changes nothing.

use event_model::ProjectId;
use log_core::Config;

use super::*;

const SCHEMA: u16 = 0x7f01;
const ITEM_BYTES: usize = 20_000;
const QUEUE_BYTES: usize = 4 * 1024 * 1024;
/// What a project sends at its turn, in whole items.
const TURN: usize = 64 * 1024 / ITEM_BYTES;

fn item() -> Payload {
    Payload::Note(Record {
        schema: SCHEMA,
        payload: vec![7; ITEM_BYTES].into(),
    })
}

/// A project that fills the queue leaves room for another, whose events do not stand
/// behind all of its own.
#[test]
fn a_full_lane_refuses_its_own_and_no_others() {
    let dir = tempfile::tempdir().unwrap();
    let config = Config::events(dir.path());
    let segment_bytes = usize::try_from(config.segment_bytes).unwrap();
    let log = Log::open(config).unwrap();
    let queue = Arc::new(EventQueue::new(QUEUE_BYTES, segment_bytes));
    let (greedy, other) = (Lane::of(ProjectId(1)), Lane::of(ProjectId(2)));
    let mut own = Vec::new();
    let refusal = loop {
        match queue.push(greedy, item()) {
            Ok(ticket) => own.push(ticket),
            Err(error) => break error,
        }
    };
    let AppendError::Overloaded {
        queued_bytes,
        queued_bytes_max,
    } = refusal
    else {
        panic!("{refusal:?}");
    };
    assert_eq!(queue.bytes(), (queued_bytes, QUEUE_BYTES as u64));
    assert_eq!(queued_bytes_max, QUEUE_BYTES as u64);
    let taken = own.len() * ITEM_BYTES;
    assert!((2 << 20..3 << 20).contains(&taken), "two thirds: {taken}");
    let other = queue.push(other, item()).unwrap();
    assert!(queue.push(greedy, item()).is_err(), "its room stays full");

    let _threads = start(&queue, &log).unwrap();
    let other = other.wait().unwrap();
    let own: Vec<Position> = own.into_iter().map(|t| t.wait().unwrap()).collect();
    assert!(own.is_sorted(), "a lane keeps its order");
    let before = own.iter().filter(|position| **position < other).count();
    assert!(before <= TURN, "{before} of {} stand before it", own.len());
    // Every answer given: the queue is empty, the next one fits.
    assert_eq!(queue.bytes().0, 0);
    queue.push(greedy, item()).unwrap().wait().unwrap();
    queue.close();
}
