//! kill -9 under load, with a ledger of acknowledgements outside of the killed process.

use std::env;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use log_core::{Log, Reader, verify};

use crate::support::{config, payload, record};

const DIR_VARIABLE: &str = "LOG_CORE_CRASH_DIR";
const BATCH: u64 = 3;

/// Not a test of its own: the process that is killed. It says on standard output what was acknowledged.
#[test]
#[ignore = "started, and killed, by the crash test"]
fn child_of_the_crash_test() {
    let dir = env::var_os(DIR_VARIABLE).expect("the crash test names the directory");
    let log = Log::open(config(Path::new(&dir), 256 * 1024)).unwrap();
    let mut next = log.recovery().next;
    let mut out = std::io::stdout();
    loop {
        let mut tickets = Vec::new();
        for _ in 0..16 {
            tickets.push(log.append(record(payload(next, 700))).unwrap());
            let batch = (next + 1..=next + BATCH)
                .map(|number| record(payload(number, 50)))
                .collect();
            tickets.push(log.append_batch(batch).unwrap());
            next += 1 + BATCH;
        }
        for ticket in tickets {
            let range = ticket.wait().unwrap();
            writeln!(out, "acknowledged {}", range.end).unwrap();
        }
        out.flush().unwrap();
    }
}

#[test]
fn kill_9_under_load_loses_nothing_acknowledged() {
    let dir = tempfile::tempdir().unwrap();
    let mut recovered = 1;
    for round in 0..8 {
        let mut child = Command::new(env::current_exe().unwrap())
            .args([
                "--ignored",
                "--exact",
                "crash::child_of_the_crash_test",
                "--nocapture",
            ])
            .env(DIR_VARIABLE, dir.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut acknowledged = recovered;
        let mut count = 0;
        for line in lines.map_while(Result::ok) {
            // The test harness may have written before it on the same line.
            if let Some((_, end)) = line.split_once("acknowledged ") {
                // The last line may be cut.
                acknowledged = acknowledged.max(end.parse().unwrap_or(0));
                count += 1;
            }
            if count == 40 + round * 37 {
                child.kill().unwrap();
            }
        }
        child.wait().unwrap();
        assert!(acknowledged > recovered, "the child did something");

        let reader = Reader::open_read_only(dir.path()).unwrap();
        assert!(
            reader.durable_end() >= acknowledged,
            "{} < {acknowledged}",
            reader.durable_end()
        );
        assert!(verify(dir.path()).unwrap().is_sound());
        let log = Log::open(config(dir.path(), 256 * 1024)).unwrap();
        recovered = log.durable_end();
        assert_eq!(
            recovered,
            reader.durable_end(),
            "a reader saw what the writer finds"
        );
        assert!(
            (recovered - 1) % (1 + BATCH) < 2,
            "batches are whole or absent"
        );
        for entry in log.reader().read(1) {
            let entry = entry.unwrap();
            let length = if (entry.sequence - 1) % (1 + BATCH) == 0 {
                700
            } else {
                50
            };
            assert_eq!(entry.payload, payload(entry.sequence, length));
        }
        // So that the next round starts at a multiple again.
        while !(log.durable_end() - 1).is_multiple_of(1 + BATCH) {
            let number = log.durable_end();
            log.append(record(payload(number, 50)))
                .unwrap()
                .wait()
                .unwrap();
        }
        recovered = log.durable_end();
    }
}
