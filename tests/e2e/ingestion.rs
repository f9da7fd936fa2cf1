//! What became of each item: the metrics' equation in every scrape of the real binary,
//! at rest and under load, and "where is my event?" by every way to it.

use std::{
    collections::BTreeMap,
    env, fs,
    io::{Read, Write},
    net::{Shutdown, TcpStream},
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use proto::v1::{ListOutcomesRequest, ingest_debug_service_client::IngestDebugServiceClient};
use serde_json::Value;
use tempfile::TempDir;
use tonic::transport::Channel;

use crate::{
    faults::{server_on_a_disk, take_all_space},
    grpc::with_bearer,
    separate::with_own_mounts,
    support::{Client, KEY, Ledger, Load, Server, TOKEN, audit, block_on, wait_for},
};

/// Scrapes while the load runs.
const SCRAPES_MIN: usize = 100;

/// The counts of items in one scrape.
#[derive(Debug)]
struct Scrape {
    received: u64,
    in_flight: i64,
    /// By reason; "": stored.
    ended: BTreeMap<String, u64>,
}

impl Scrape {
    fn of(server: &Server) -> Self {
        Self::parse(&server.metrics())
    }

    fn parse(text: &str) -> Self {
        let mut scrape = Self {
            received: 0,
            in_flight: 0,
            ended: BTreeMap::new(),
        };
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let Some((name, value)) = line.rsplit_once(' ') else {
                continue;
            };
            let value: f64 = value.parse().unwrap();
            match name.split('{').next().unwrap() {
                "errata_ingest_items_received_total" => scrape.received = value as u64,
                "errata_ingest_items_in_flight" => scrape.in_flight = value as i64,
                "errata_ingest_items_total" => {
                    let reason = name.split("reason=\"").nth(1).unwrap();
                    let reason = reason.split('"').next().unwrap().to_owned();
                    *scrape.ended.entry(reason).or_default() += value as u64;
                }
                _ => {}
            }
        }
        scrape
    }

    /// received = stored + Σ dropped + in flight, within this one answer.
    fn assert_exact(&self) {
        let ended: u64 = self.ended.values().sum();
        assert!(self.in_flight >= 0, "{self:?}");
        assert_eq!(self.received, ended + self.in_flight as u64, "{self:?}");
    }

    fn count(&self, reason: &str) -> u64 {
        self.ended.get(reason).copied().unwrap_or_default()
    }
}

fn outcomes(server: &Server, query: &str) -> Vec<Value> {
    let (status, answer) = server.get(&format!("/api/projects/{query}"));
    assert_eq!(status, 200, "{answer}");
    answer["outcomes"].as_array().unwrap().clone()
}

/// A request of which `sent` is all that ever comes.
fn raw(server: &Server, length: usize, sent: &str) -> TcpStream {
    let address = server.url.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).unwrap();
    let head = format!(
        "POST /api/errors?key={KEY} HTTP/1.1\r\nhost: {address}\r\ncontent-length: {length}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(sent.as_bytes()).unwrap();
    stream
}

#[test]
fn every_scrape_holds_the_equation_while_everything_goes_wrong() {
    let server = Server::start_with(&[
        ("ERRATA_LIMITS__BODY_READ_TIMEOUT_MS", "300"),
        ("ERRATA_LIMITS__RECEIVED_BYTES_MAX", "100000"),
    ]);
    let ledger = Ledger::default();
    let load = Load::start(&server, "load", &ledger);
    let (stop, client) = (Arc::new(AtomicBool::new(false)), Client::new(&server));
    let breaking = {
        let (stop, url) = (Arc::clone(&stop), server.url.clone());
        thread::spawn(move || {
            let native = format!("/api/errors?key={KEY}");
            let unknown = format!("/api/1/envelope/?sentry_key={}", "1".repeat(32));
            let twin = r#"{"id":"00000000000000000000000000000077","error":{"type":"Twin"}}"#;
            let mut rounds = 0u64;
            while !stop.load(Ordering::Relaxed) {
                for (path, body, status) in [
                    (&native, "broken".to_owned(), 400),
                    (&native, " ".repeat(100_001), 413),
                    (&unknown, "{}".to_owned(), 403),
                    (&native, twin.to_owned(), 202),
                ] {
                    let (found, _, answer) = client.post(path, &[], body);
                    assert_eq!(found, status, "{url}{path}: {answer}");
                }
                rounds += 1;
            }
            rounds
        })
    };
    load.wait_for_acknowledged(50);
    let mut last = 0;
    for number in 0..SCRAPES_MIN {
        let scrape = Scrape::of(&server);
        scrape.assert_exact();
        assert!(scrape.received >= last, "{scrape:?}");
        last = scrape.received;
        match number % 10 {
            // Goes away in the middle of its body, after it, or says nothing more.
            0 => drop(raw(&server, 100, "{\"error\":")),
            1 => drop(raw(&server, 29, r#"{"error":{"type":"Leaving"}}  "#)),
            2 => drop(raw(&server, 100, "").shutdown(Shutdown::Write)),
            _ => {}
        }
    }
    let mut slow = raw(&server, 100, "{");
    let mut answer = String::new();
    slow.read_to_string(&mut answer).unwrap_or_default();
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    load.stop();
    stop.store(true, Ordering::Relaxed);
    let rounds = breaking.join().unwrap();

    let rest = wait_for("the last item's fate", || {
        let scrape = Scrape::of(&server);
        scrape.assert_exact();
        (scrape.in_flight == 0).then_some(scrape)
    });
    let tenth = SCRAPES_MIN as u64 / 10;
    assert_eq!(rest.count("invalid"), rounds, "{rest:?}");
    assert_eq!(rest.count("too_large"), rounds, "{rest:?}");
    assert_eq!(rest.count("forbidden"), rounds, "{rest:?}");
    assert!(rest.count("duplicate") >= rounds - 1, "{rest:?}");
    assert_eq!(rest.count("aborted"), 2 * tenth + 1, "{rest:?}");
    assert_eq!(rest.count("internal"), 0, "{rest:?}");
    let acknowledged = ledger.events().len() as u64;
    assert!(rest.count("") > acknowledged, "{rest:?} of {acknowledged}");

    // Each reason is in the list of arrivals too, with what the client heard.
    for (query, reason, status) in [
        ("1/ingest?kind=refused&limit=200", "invalid", 400),
        ("1/ingest?kind=refused&limit=200", "too_large", 413),
        ("1/ingest?kind=not_kept", "duplicate", 202),
        ("unattributed/ingest", "forbidden", 403),
    ] {
        let found = outcomes(&server, query);
        let one = found.iter().find(|one| one["reason"] == reason);
        let one = one.unwrap_or_else(|| panic!("{reason} in {found:?}"));
        assert_eq!(one["http_status"], status, "{one}");
    }
    let text = server.metrics();
    for name in ["received_total", "total", "in_flight"] {
        for kind in ["HELP", "TYPE"] {
            let line = format!("# {kind} errata_ingest_items_{name} ");
            assert!(text.contains(&line), "{line}");
        }
    }
}

#[test]
fn a_full_disk_is_counted_and_shown() {
    with_own_mounts("ingestion::a_full_disk_is_counted_and_shown", |dir| {
        let (mut image, server) = server_on_a_disk(dir);
        let ledger = Ledger::default();
        let load = Load::start(&server, "full", &ledger);
        load.wait_for_acknowledged(50);
        let ballast = take_all_space(image.path());
        // Others may be refused before, where the machine has much to do.
        wait_for("events refused for the disk", || {
            let scrape = Scrape::of(&server);
            scrape.assert_exact();
            (scrape.count("disk_full") > 0).then_some(())
        });
        load.stop();
        wait_for("rest", || {
            let scrape = Scrape::of(&server);
            scrape.assert_exact();
            (scrape.in_flight == 0).then_some(())
        });
        let refused = outcomes(&server, "1/ingest?kind=refused");
        let full = refused.iter().find(|one| one["reason"] == "disk_full");
        let full = full.unwrap_or_else(|| panic!("{refused:?}"));
        assert_eq!(full["http_status"], 503, "{full}");
        assert!(full["advice"].as_str().unwrap().contains("disk"), "{full}");
        fs::remove_file(ballast).unwrap();
        drop(server);
        image.unmount().unwrap();
    });
}

/// Set for a test that was started again.
const SIGNAL_IGNORED_VARIABLE: &str = "ERRATA_TEST_FILE_SIZE_SIGNAL_IGNORED";

#[test]
fn a_log_that_fails_for_good_holds_the_equation_to_its_end() {
    // A write beyond the limit on a file's size is an error only for who ignores its
    // signal, which the server inherits.
    if env::var_os(SIGNAL_IGNORED_VARIABLE).is_none() {
        let name = "ingestion::a_log_that_fails_for_good_holds_the_equation_to_its_end";
        let again = Command::new("env")
            .arg("--ignore-signal=XFSZ")
            .arg(env::current_exe().unwrap())
            .args(["--exact", name, "--nocapture"])
            .env(SIGNAL_IGNORED_VARIABLE, "1")
            .status();
        assert!(again.unwrap().success());
        return;
    }
    let mut server = Server::start();
    let ledger = Ledger::default();
    let load = Load::start(&server, "failing", &ledger);
    load.wait_for_acknowledged(50);
    let mut last = Scrape::of(&server);
    let limited = Command::new("prlimit")
        .args(["--pid", &server.pid().to_string(), "--fsize=4096:unlimited"])
        .status();
    assert!(limited.unwrap().success());
    // It may end before the next scrape; each that it still answers is exact.
    while let Some(text) = server.metrics_if_up() {
        last = Scrape::parse(&text);
        last.assert_exact();
    }
    server.wait_for_failure();
    load.stop();
    println!("the last scrape: {last:?}");
    assert_eq!(last.count("internal"), 0, "{last:?}");
    server.restart();
    audit(&server, &ledger);
}

#[test]
fn the_query_role_shows_what_its_gateway_remembers() {
    let dir = Arc::new(TempDir::new().unwrap());
    let gateway = Server::start_roles(&dir, "gateway", &Server::bootstrap(&[]));
    let projector = Server::start_roles(&dir, "projector", &[]);
    let peer = [("ERRATA_PEERS__GATEWAY", gateway.url.as_str())];
    let query = Server::start_roles(&dir, "query", &peer);
    for server in [&gateway, &projector, &query] {
        server.wait_for_readiness();
    }
    let client = Client::new(&query);
    let path = format!("/api/errors?key={KEY}");
    let good = r#"{"error":{"type":"Forwarded"}}"#;
    assert_eq!(client.post(&path, &[], good).0, 202);
    let shown = outcomes(&query, "1/ingest");
    assert_eq!(shown.len(), 1, "{shown:?}");
    assert_eq!(shown[0]["kind"], "stored");
    assert_eq!(outcomes(&gateway, "1/ingest"), shown);
    let url = query.url.clone();
    let answer = block_on(async {
        let channel = Channel::from_shared(url).unwrap().connect().await.unwrap();
        let request = ListOutcomesRequest {
            project_id: 1,
            ..ListOutcomesRequest::default()
        };
        let mut client = IngestDebugServiceClient::new(channel);
        let answer = client.list_outcomes(with_bearer(TOKEN, request)).await;
        answer.unwrap().into_inner()
    });
    assert_eq!(answer.outcomes[0].event_id, shown[0]["event_id"]);
}
