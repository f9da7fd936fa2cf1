//! Good clients beside the hostile mix, with ends of the process under both: what was
//! acknowledged is there, every item has one fate, memory and descriptors have bounds.

use crate::{
    attacks::{
        mix::{Magazine, Mix},
        siege::{Siege, check_account, open_files, rss_anon},
    },
    support::{Ledger, Load, Server, audit, wait_for},
};

use super::{ACKNOWLEDGED_MIN, rounds};

/// Fewer places than the attackers want.
const CONNECTIONS_MAX: usize = 400;
const PLACES: [(&str, &str); 2] = [
    ("ERRATA_LIMITS__CONNECTIONS_MAX", "400"),
    ("ERRATA_LIMITS__CONNECTIONS_ADDRESS_MAX", "80"),
];
/// Descriptors beside those of clients: logs, read model, their syncs (`src/descriptors.rs`).
const OWN_FILES_MAX: usize = 512;
/// More than before an attack, once it is over: segments that were rolled meanwhile.
const LEFT_FILES_MAX: usize = 64;
/// What a dev build may still hold when all are gone and the allocator has given back.
const LEFT_BYTES_MAX: u64 = 160 << 20;
/// Rounds of another fault for each of these.
const ROUNDS_SHARE: usize = 5;
/// Laps of each attacker before an end of the process.
const LAPS: usize = 1;

#[test]
fn hostile_clients_beside_good_ones_cost_nothing_acknowledged() {
    let mut server = Server::start_with(&PLACES);
    let ledger = Ledger::default();
    let magazine = Magazine::new();
    // One takes as long as several of the other faults; two are one of either end.
    for round in 0..rounds().div_ceil(ROUNDS_SHARE).max(2) {
        let files_before = open_files(server.pid());
        let siege = Siege::begin(&server);
        let mix = Mix::start(&server, &magazine);
        let load = Load::start(&server, &format!("round {round}"), &ledger);
        mix.wait_for_laps(LAPS);
        load.wait_for_acknowledged(ACKNOWLEDGED_MIN);
        siege.wait_for_honest(3);
        let files = open_files(server.pid());
        assert!(files < CONNECTIONS_MAX + OWN_FILES_MAX, "{files} files");
        let report = siege.end();
        println!("round {round}: {files} files, {report:?}");
        report.check();
        if round % 2 == 0 {
            // Killed while all of them go on, and started again beneath them.
            server.kill();
            server.restart();
            mix.wait_for_laps(1);
            load.wait_for_acknowledged(ACKNOWLEDGED_MIN);
            load.stop();
            mix.stop();
            continue;
        }
        load.stop();
        mix.stop();
        check_account(&server);
        wait_for("memory and descriptors to come back", || {
            let (files, bytes) = (open_files(server.pid()), rss_anon(server.pid()));
            let is_back = files < files_before + LEFT_FILES_MAX && bytes < LEFT_BYTES_MAX;
            is_back.then_some(())
        });
        server.stop();
        server.restart();
    }
    check_account(&server);
    audit(&server, &ledger);
}
