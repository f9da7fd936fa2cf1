//! An attack, and what it costs everybody else.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use serde_json::json;

use crate::support::{KEY, Server, block_on, wait_for};

/// Between two looks at the memory, and two requests of the honest.
const LOOK_EVERY: Duration = Duration::from_millis(5);
/// What a dev build may hold while it is attacked.
pub(crate) const PEAK_BYTES_MAX: u64 = 400 << 20;

/// Bytes of memory that are the process's own (`RssAnon`).
pub(crate) fn rss_anon(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix("RssAnon:"));
    let kib = line.and_then(|l| l.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kib.unwrap_or(0) * 1024
}

/// Files and sockets that the process has open.
pub(crate) fn open_files(pid: u32) -> usize {
    std::fs::read_dir(format!("/proc/{pid}/fd")).map_or(0, Iterator::count)
}

/// Every item has its fate, none was forgotten, and what was held for them is given back.
/// For when nobody sends any more.
pub(crate) fn check_account(server: &Server) {
    wait_for("the account to be settled", || {
        let held = server.metric("errata_ingest_body_bytes_in_flight");
        let in_flight = server.metric("errata_ingest_items_in_flight");
        (held == 0.0 && in_flight == 0.0).then_some(())
    });
    let counted = |name: &str| server.metric(name) as u64;
    let received = counted("errata_ingest_items_received_total");
    let ended = counted("errata_ingest_items_total");
    assert_eq!(received, ended);
    let internal = counted("errata_ingest_items_total{outcome=\"dropped\",reason=\"internal\"");
    assert_eq!(internal, 0);
}

/// Honest clients beside an attack: one sends events, one asks whether the server is
/// alive, and one looks at its memory.
pub(crate) struct Siege {
    counts: Arc<Counts>,
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

#[derive(Default)]
struct Counts {
    accepted: AtomicUsize,
    refused: AtomicUsize,
    healthy: AtomicUsize,
    peak_bytes: AtomicU64,
}

/// What the honest saw.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) accepted: usize,
    pub(crate) refused: usize,
    pub(crate) healthy: usize,
    pub(crate) peak_bytes: u64,
}

impl Report {
    /// The honest were served, hardly ever refused, and memory stayed within its bound.
    pub(crate) fn check(&self) {
        assert!(self.accepted > 3 && self.healthy > 3, "{self:?}");
        assert!(self.refused <= self.accepted / 4, "{self:?}");
        assert!(self.peak_bytes < PEAK_BYTES_MAX, "{self:?}");
    }
}

impl Siege {
    /// Begins, and waits until the honest have been served once: from here on all that
    /// is counted happens under attack.
    pub(crate) fn begin(server: &Server) -> Self {
        let counts = Arc::new(Counts::default());
        let stop = Arc::new(AtomicBool::new(false));
        let pid = server.pid();
        let mut siege = Self {
            counts: Arc::clone(&counts),
            stop: Arc::clone(&stop),
            threads: Vec::new(),
        };
        let (events, health) = (
            format!("{}/api/errors?key={KEY}", server.url),
            format!("{}/healthz", server.metrics_url),
        );
        let mut number = 0u64;
        siege.repeat(move |counts| {
            number += 1;
            let event = json!({"error": {"type": "Honest", "message": format!("{number}")}});
            let sent = block_on(async {
                let request = reqwest::Client::new().post(&events);
                request.body(event.to_string()).send().await
            });
            let counted = match sent {
                Ok(answer) if answer.status() == 202 => &counts.accepted,
                _ => &counts.refused,
            };
            counted.fetch_add(1, Ordering::SeqCst);
        });
        siege.repeat(move |counts| {
            let asked = block_on(async { reqwest::get(&health).await });
            if asked.is_ok_and(|answer| answer.status() == 200) {
                counts.healthy.fetch_add(1, Ordering::SeqCst);
            }
        });
        siege.repeat(move |counts| {
            counts.peak_bytes.fetch_max(rss_anon(pid), Ordering::SeqCst);
        });
        siege.wait_for_honest(1);
        siege
    }

    fn repeat(&mut self, mut act: impl FnMut(&Counts) + Send + 'static) {
        let (counts, stop) = (Arc::clone(&self.counts), Arc::clone(&self.stop));
        self.threads.push(thread::spawn(move || {
            while !stop.load(Ordering::SeqCst) {
                act(&counts);
                thread::sleep(LOOK_EVERY);
            }
        }));
    }

    /// Waits until so many more honest events are accepted and answers of `/healthz`
    /// are there.
    pub(crate) fn wait_for_honest(&self, more: usize) {
        let counts = &self.counts;
        let accepted = counts.accepted.load(Ordering::SeqCst) + more;
        let healthy = counts.healthy.load(Ordering::SeqCst) + more;
        wait_for("the honest to be served", || {
            let served = counts.accepted.load(Ordering::SeqCst) >= accepted
                && counts.healthy.load(Ordering::SeqCst) >= healthy;
            served.then_some(())
        });
    }

    /// Ends it.
    pub(crate) fn end(mut self) -> Report {
        self.stop.store(true, Ordering::SeqCst);
        for thread in self.threads.drain(..) {
            thread.join().unwrap();
        }
        let counts = &self.counts;
        Report {
            accepted: counts.accepted.load(Ordering::SeqCst),
            refused: counts.refused.load(Ordering::SeqCst),
            healthy: counts.healthy.load(Ordering::SeqCst),
            peak_bytes: counts.peak_bytes.load(Ordering::SeqCst),
        }
    }
}

impl Drop for Siege {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
    }
}

/// So many attackers at once, each repeating its attack until the honest have been
/// served `served` times more, at most `rounds` times; then the bounds hold.
pub(crate) fn besiege(
    server: &Server,
    attackers: usize,
    rounds: usize,
    attack: impl Fn() + Send + Sync,
) -> Report {
    let siege = Siege::begin(server);
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..attackers {
            scope.spawn(|| {
                for _ in 0..rounds {
                    if done.load(Ordering::SeqCst) {
                        return;
                    }
                    attack();
                }
            });
        }
        siege.wait_for_honest(3);
        done.store(true, Ordering::SeqCst);
    });
    let report = siege.end();
    report.check();
    report
}
