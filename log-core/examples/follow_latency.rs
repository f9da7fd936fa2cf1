//! How long it takes until a process that sleeps on the publication page sees what another one publishes.
//!
//! Three echoes take turns, in slices: a publish on a page answered by a publish on a second page, and a byte through a
//! pipe answered through another, both between this process and a child of it; and a bare futex each way, between two
//! threads (of two processes it would need a mapping of its own, which is unsafe code). Half of a round trip is one way.
//! Who answers sleeps before each turn. Prints the percentiles of each, and the ratios: absolute figures say more about
//! the machine than about the log.
//!
//! `cargo run --release -p log-core --example follow_latency`
#![allow(clippy::print_stdout, missing_docs)]

use std::env;
use std::error::Error;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use log_core::publish::{Page, Place};
use rustix::io::Errno;
use rustix::thread::futex::{self, Flags};

/// Round trips of each kind.
const TURNS: u64 = 21_000;
/// Of a kind before the next one has its turn.
const SLICE: u64 = 500;
/// The first slice of each kind does not count.
const WARM_UP: u64 = SLICE;
/// Lets the other side fall asleep, so that each notice has somebody to wake.
const PAUSE: Duration = Duration::from_micros(200);
/// A turn that takes longer has hung.
const PATIENCE: Duration = Duration::from_secs(30);
const LOG_ID: [u8; 16] = [1; 16];
const CHILD_VARIABLE: &str = "LOG_CORE_FOLLOW_LATENCY_DIR";
/// Names of the directories of the pages, there and back.
const THERE: &str = "there";
const BACK: &str = "back";

type Outcome<T> = Result<T, Box<dyn Error>>;

fn place(sequence: u64) -> Place {
    Place {
        segment: 1,
        offset: 4096 + 16 * sequence,
    }
}

fn create(dir: &Path, name: &str) -> Outcome<Page> {
    let dir = dir.join(name);
    std::fs::create_dir_all(&dir)?;
    Ok(Page::create(&dir, &LOG_ID, 1, place(0), 0)?)
}

fn open(dir: &Path, name: &str) -> Outcome<Page> {
    Ok(Page::open(&dir.join(name), &LOG_ID)?)
}

/// Waits until record `sequence` is durable.
fn hear(page: &Page, sequence: u64) -> Outcome<()> {
    if page.wait_past(sequence, PATIENCE) {
        return Ok(());
    }
    Err("the other process is silent".into())
}

/// The child: answers everything in kind.
fn answer(dir: &Path) -> Outcome<()> {
    let there = open(dir, THERE)?;
    let back = create(dir, BACK)?;
    let (mut input, mut output) = (std::io::stdin().lock(), std::io::stdout().lock());
    let mut byte = [0];
    output.write_all(&byte)?;
    output.flush()?;
    for slice in 0..TURNS / SLICE {
        for turn in slice * SLICE..(slice + 1) * SLICE {
            hear(&there, turn)?;
            back.publish(place(turn + 1), turn + 1);
        }
        for _ in 0..SLICE {
            input.read_exact(&mut byte)?;
            output.write_all(&byte)?;
            output.flush()?;
        }
    }
    Ok(())
}

/// One direction of the bare futex.
#[derive(Default)]
struct Word(AtomicU32);

impl Word {
    fn ring(&self) -> Outcome<()> {
        self.0.fetch_add(1, Ordering::Release);
        futex::wake(&self.0, Flags::empty(), 1)?;
        Ok(())
    }

    /// Sleeps until it was rung more often than `heard`.
    fn hear(&self, heard: u32) -> Outcome<()> {
        while self.0.load(Ordering::Acquire) == heard {
            match futex::wait(&self.0, Flags::empty(), heard, None) {
                Ok(()) | Err(Errno::AGAIN | Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
}

/// Ends with the measurement, however that ends.
struct Answering(Child);

impl Drop for Answering {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn measure(dir: &Path) -> Outcome<[Vec<Duration>; 3]> {
    let there = create(dir, THERE)?;
    let mut child = Answering(
        Command::new(env::current_exe()?)
            .env(CHILD_VARIABLE, dir)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?,
    );
    let mut input = child.0.stdin.take().ok_or("no pipe to the child")?;
    let mut output = child.0.stdout.take().ok_or("no pipe from the child")?;
    let mut byte = [0];
    output.read_exact(&mut byte)?;
    let back = open(dir, BACK)?;
    let words = Arc::new([Word::default(), Word::default()]);
    let echo = Arc::clone(&words);
    // Not joined: when the measurement fails, it may sleep for good.
    thread::spawn(move || {
        for turn in 0..TURNS as u32 {
            if echo[0].hear(turn).and_then(|()| echo[1].ring()).is_err() {
                return;
            }
        }
    });
    let mut times = [const { Vec::new() }; 3];
    for slice in 0..TURNS / SLICE {
        for turn in slice * SLICE..(slice + 1) * SLICE {
            thread::sleep(PAUSE);
            let begin = Instant::now();
            there.publish(place(turn + 1), turn + 1);
            hear(&back, turn)?;
            times[0].push(begin.elapsed() / 2);
        }
        for _ in 0..SLICE {
            thread::sleep(PAUSE);
            let begin = Instant::now();
            input.write_all(&byte)?;
            output.read_exact(&mut byte)?;
            times[1].push(begin.elapsed() / 2);
        }
        for turn in slice * SLICE..(slice + 1) * SLICE {
            thread::sleep(PAUSE);
            let begin = Instant::now();
            words[0].ring()?;
            words[1].hear(turn as u32)?;
            times[2].push(begin.elapsed() / 2);
        }
    }
    Ok(times)
}

/// The time that `share` of 1000 are within.
fn percentile(sorted: &[Duration], share: usize) -> f64 {
    let at = (sorted.len() * share / 1000).min(sorted.len() - 1);
    sorted[at].as_secs_f64() * 1e6
}

fn main() -> Outcome<()> {
    if let Some(dir) = env::var_os(CHILD_VARIABLE) {
        return answer(Path::new(&dir));
    }
    let dir = tempfile::tempdir()?;
    let times = measure(dir.path())?;
    let [page, pipe, word] = times.map(|mut times| {
        times.drain(..WARM_UP as usize);
        times.sort_unstable();
        [500, 990, 999].map(|share| percentile(&times, share))
    });
    println!("one way, {} each, in us: p50, p99, p999", TURNS - WARM_UP);
    for (what, us) in [
        ("published page", page),
        ("pipe", pipe),
        ("futex, threads", word),
    ] {
        println!("{what:15} {:8.1} {:8.1} {:8.1}", us[0], us[1], us[2]);
    }
    println!(
        "p50: page / pipe {:.2}, page / futex {:.2}",
        page[0] / pipe[0],
        page[0] / word[0]
    );
    Ok(())
}
