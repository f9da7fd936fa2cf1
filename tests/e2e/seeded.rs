//! The web UI in a real browser, against a real server with many data: a scenario is a
//! file in `tests/clients/ui`, each on a copy of one seeded installation (`seed.rs`) of
//! its own. A scenario may stop and start its server: see `tests/clients/ui/scenario.mjs`.

use std::{
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Command, Stdio},
};

use tempfile::TempDir;

use crate::{
    seed,
    support::{OWNER_EMAIL, OWNER_PASSWORD, Server},
};

/// A line of a scenario that asks for something begins so.
const ASKS: &str = "@server ";

/// A server on a copy of the seeded installation; the folder lives as long as it.
fn seeded(dir: &Path) -> Server {
    let data = dir.join("data");
    seed::copy_to(&data);
    Server::start_in(&data, &[])
}

/// Runs `tests/clients/ui/NAME.mjs`, does with the server what it asks for, and panics
/// with its output unless it exits 0.
fn scenario(name: &str) {
    let dir = TempDir::new().unwrap();
    let mut server = seeded(dir.path());
    let clients = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients");
    let mut child = Command::new("node")
        .arg(format!("ui/{name}.mjs"))
        .args([&server.url, &server.dsn(), OWNER_EMAIL, OWNER_PASSWORD])
        .current_dir(clients)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut answers = child.stdin.take().unwrap();
    let mut said = String::new();
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        let line = line.unwrap();
        match line.strip_prefix(ASKS) {
            Some("stop") => server.stop(),
            Some("kill") => server.kill(),
            Some("start") => server.restart(),
            Some(other) => panic!("{name} asks for {other:?}"),
            None => {
                said.push_str(&line);
                said.push('\n');
                continue;
            }
        }
        writeln!(answers, "done").unwrap();
    }
    let status = child.wait().unwrap();
    assert!(status.success(), "{name} ended with {status}:\n{said}");
}

#[test]
fn every_issue_can_be_reached_typing_does_nothing_else_and_failures_are_taken_back() {
    scenario("list");
}

#[test]
fn every_figure_of_the_dashboard_opens_a_list_of_exactly_so_many() {
    scenario("figures");
}

#[test]
fn many_issues_are_there_for_a_person_who_signs_in() {
    scenario("overview");
}

#[test]
fn the_failing_line_of_own_code_is_on_the_first_screen_and_nothing_escapes_its_place() {
    scenario("issue");
}

#[test]
fn a_page_whose_code_is_gone_heals_by_itself_or_says_so() {
    scenario("chunks");
}

#[test]
fn no_page_has_a_fault_that_axe_finds_with_menus_open_in_both_schemes_at_both_sizes() {
    scenario("a11y");
}

#[test]
fn what_hovering_tells_long_lists_and_failures_are_within_reach_of_finger_and_key() {
    scenario("reach");
}

#[test]
fn pages_say_what_state_they_are_in_and_go_on_by_themselves() {
    scenario("states");
}

#[test]
fn people_tokens_sessions_and_keys_are_listed_and_taken_back() {
    scenario("accounts");
}

#[test]
fn issues_are_grouped_merged_and_explained_as_people_say() {
    scenario("grouping");
}

#[test]
fn figures_of_the_analytics_page_and_values_in_common_open_lists_of_exactly_so_many() {
    scenario("analytics");
}

/// For people at work on the UI: a server on a copy of the seeded installation, until its
/// input ends. `cargo test -p errata --test e2e -- --ignored --nocapture seeded::by_hand`
#[test]
#[ignore = "serves until its input ends: for people at work on the UI"]
fn by_hand() {
    let dir = TempDir::new().unwrap();
    let server = seeded(dir.path());
    println!(
        "{}  {OWNER_EMAIL}  {OWNER_PASSWORD}  DSN {}",
        server.url,
        server.dsn()
    );
    let mut line = String::new();
    while std::io::stdin().read_line(&mut line).unwrap() > 0 {}
}
