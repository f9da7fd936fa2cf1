//! The publication page between processes: the writer is another one, and is killed.

use std::env;
use std::io::{BufRead, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};

use log_core::PageError;
use log_core::publish::{Page, PageState, Place};

use crate::support::PATIENCE;

const DIR_VARIABLE: &str = "LOG_CORE_PUBLISH_DIR";
const LOG_ID: [u8; 16] = [3; 16];

fn place(durable: u64) -> Place {
    Place {
        segment: 1,
        offset: 4096 + 64 * durable,
    }
}

/// Not a test of its own: a writer that publishes what it reads from standard input. The first number is its end.
#[test]
#[ignore = "started, and killed, by the tests below"]
fn writer_process() {
    let dir = env::var_os(DIR_VARIABLE).expect("the tests name the directory");
    let mut numbers = std::io::stdin()
        .lock()
        .lines()
        .map(|line| line.unwrap().parse::<u64>().unwrap());
    let end = numbers.next().unwrap();
    let page = Page::create(Path::new(&dir), &LOG_ID, 1, place(end), end).unwrap();
    page.set_state(PageState::Running);
    for end in numbers {
        page.publish(place(end), end);
    }
    page.stop();
}

struct Writer {
    process: Child,
    numbers: Option<ChildStdin>,
}

impl Writer {
    fn start(dir: &Path, end: u64) -> Self {
        let mut process = Command::new(env::current_exe().unwrap())
            .args(["--ignored", "--exact", "publish::writer_process"])
            .env(DIR_VARIABLE, dir)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let numbers = process.stdin.take();
        let mut writer = Self { process, numbers };
        writer.publish(end);
        writer
    }

    fn publish(&mut self, end: u64) {
        writeln!(self.numbers.as_ref().unwrap(), "{end}").unwrap();
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // A failed test leaves no process behind.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The page as soon as there is one, and it says what is expected.
fn follow(dir: &Path) -> Page {
    let deadline = std::time::Instant::now() + PATIENCE;
    loop {
        assert!(std::time::Instant::now() < deadline, "no page appeared");
        match Page::open(dir, &LOG_ID) {
            Ok(page) => return page,
            Err(PageError::Missing { .. }) => std::thread::yield_now(),
            Err(error) => panic!("{error}"),
        }
    }
}

#[test]
fn a_follower_goes_on_when_the_writer_is_killed_and_the_next_one_starts() {
    const EACH: u64 = 200;
    let dir = tempfile::tempdir().unwrap();
    let mut writer = Writer::start(dir.path(), 1);
    let page = follow(dir.path());
    let mut end = 1;
    for round in 0..4 {
        for _ in 0..EACH {
            // Half of the time the follower sleeps already, half of the time it is about to.
            writer.publish(end + 1);
            assert!(page.wait_through(end, PATIENCE), "round {round}, end {end}");
            assert!(page.place() >= place(page.durable()));
            end += 1;
        }
        assert_eq!(page.pid(), writer.process.id());
        assert_eq!(page.state(), PageState::Running);
        writer.process.kill().unwrap();
        writer.process.wait().unwrap();
        assert_eq!(page.state(), PageState::Running, "the dead say nothing");
        writer = Writer::start(dir.path(), end);
    }
    assert!(page.is_current());
    writer.publish(end + 1);
    assert!(page.wait_through(end, PATIENCE));
    // Its end is heard like a record.
    writer.numbers = None;
    assert!(!page.wait_past(end + 1, PATIENCE));
    assert_eq!(page.state(), PageState::Closed);
}
