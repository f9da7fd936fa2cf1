#![allow(clippy::unwrap_used)]

use super::*;

/// Whoever looks is told by name, whatever the thread's own last words were.
#[test]
fn a_thread_that_is_gone_is_named() {
    let ended = std::thread::spawn(|| {});
    while !ended.is_finished() {
        std::thread::yield_now();
    }
    let consumer = opener::RunningConsumer {
        name: "issues",
        progress: Arc::default(),
        thread: Some(ended),
    };
    let said = consumer.gone().unwrap();
    assert!(said.contains("thread project-issues has ended"), "{said}");
}
