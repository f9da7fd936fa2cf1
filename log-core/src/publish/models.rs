//! Every interleaving, and every order that the memory model allows, of a writer and those who wait.

use std::time::Duration;

use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::thread;

use super::*;

/// Never ends by itself in a model: a lost notice is a deadlock, which loom reports.
const FOREVER: Duration = Duration::MAX;

fn place(offset: u64) -> Place {
    Place { segment: 1, offset }
}

fn page() -> Arc<Page> {
    Arc::new(Page::heap(place(0), 1))
}

#[test]
fn loom_no_notice_is_lost_between_the_look_and_the_sleep() {
    loom::model(|| {
        let page = page();
        let writer = thread::spawn({
            let page = Arc::clone(&page);
            move || {
                page.publish(place(16), 2);
                page.publish(place(32), 3);
            }
        });
        assert!(page.wait_past(2, FOREVER));
        writer.join().expect("the writer ends");
    });
}

#[test]
fn loom_two_waiters_are_both_woken_by_one_notice() {
    // Three threads have too many interleavings to try all: those with few changes of thread find nearly all faults.
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(2);
    model.check(|| {
        let page = page();
        let waiter = thread::spawn({
            let page = Arc::clone(&page);
            move || assert!(page.wait_past(1, FOREVER))
        });
        let writer = thread::spawn({
            let page = Arc::clone(&page);
            move || page.publish(place(16), 2)
        });
        assert!(page.wait_past(1, FOREVER));
        waiter.join().expect("the waiter ends");
        writer.join().expect("the writer ends");
    });
}

#[test]
fn loom_who_sees_the_durable_end_sees_its_place_and_its_bytes() {
    loom::model(|| {
        let page = page();
        let bytes = Arc::new([UnsafeCell::new(0), UnsafeCell::new(0)]);
        let writer = thread::spawn({
            let (page, bytes) = (Arc::clone(&page), Arc::clone(&bytes));
            move || {
                for record in 0..2 {
                    // Loom knows it as a write: a read that is not ordered behind it fails the model.
                    bytes[record].with_mut(|byte| assert!(!byte.is_null()));
                    page.publish(place(16 * (record as u64 + 1)), record as u64 + 2);
                }
            }
        });
        // Not in the model's first thread: loom tries one order alone then.
        let reader = thread::spawn({
            let (page, bytes) = (Arc::clone(&page), Arc::clone(&bytes));
            move || {
                let durable = page.durable();
                let place = page.place();
                assert!(place.offset >= 16 * (durable - 1), "{durable} {place:?}");
                for record in 0..(place.offset / 16) as usize {
                    bytes[record].with(|byte| assert!(!byte.is_null()));
                }
            }
        });
        reader.join().expect("the reader ends");
        writer.join().expect("the writer ends");
    });
}

#[test]
fn loom_the_end_of_the_writer_is_heard_and_so_is_what_came_before_it() {
    loom::model(|| {
        let page = page();
        let writer = thread::spawn({
            let page = Arc::clone(&page);
            move || {
                page.publish(place(16), 2);
                page.stop();
            }
        });
        assert!(page.wait_past(1, FOREVER), "published before the end");
        assert!(!page.wait_past(2, FOREVER), "nothing comes any more");
        writer.join().expect("the writer ends");
    });
}
