//! Rules applied to events that are there, and taken back.

use std::collections::BTreeMap;

use event_model::{Fingerprint, PublicKey};
use grouping::{Grouper, Rules};

use super::*;

fn create() -> Entry {
    command(Decision::CreateProject {
        id: ProjectId(1),
        name: "shop".into(),
        platform: String::new(),
        public_key: PublicKey([1; 16]),
        key_label: String::new(),
        algorithm: grouping::Algorithm::NEWEST.number(),
    })
}

fn apply(text: &str) -> Entry {
    command(Decision::ApplyGrouping {
        project_id: ProjectId(1),
        text: text.to_owned(),
        algorithm: grouping::Algorithm::NEWEST.number(),
        from: 1,
    })
}

/// `applied`: how many commands stand before it.
fn undo(applied: u64) -> Entry {
    command(Decision::UndoGrouping {
        project_id: ProjectId(1),
        applied: applied + 1,
    })
}

fn by(text: &str, user: &str, minute: i64, shop: &str) -> Head {
    Head {
        user: user.into(),
        timestamp_ns: NOON_NS + minute * 60_000_000_000,
        release: text.into(),
        environment: "production".into(),
        tags: vec![("shop".into(), shop.into())],
        ..message(text)
    }
}

fn alpha(user: &str, minute: i64, shop: &str) -> Entry {
    event(&by("alpha", user, minute, shop))
}

fn print(head: &Head, rules: &str) -> Fingerprint {
    let rules = Rules::parse(rules).unwrap();
    Grouper::with_rules(rules.into()).fingerprint(stored(head).whole())
}

fn id(text: &str) -> IssueId {
    issue_of(&by(text, "", 0, ""))
}

const ONE: &str = "message:* -> one title=\"All of it\"";
const BY_SHOP: &str = "message:alpha -> {{ default }}, {{ tags.shop }}";

#[test]
fn what_goes_into_one_is_one_issue_under_the_id_of_the_oldest() {
    let entries = vec![
        create(),
        alpha("id:1", -9, "a"),
        event(&by("beta", "id:1", -20, "b")),
        event(&by("beta", "id:2", -8, "b")),
        set_status(&by("alpha", "", 0, ""), IssueStatus::Resolved),
        assign(&by("beta", "", 0, ""), Some(3)),
        apply(ONE),
    ];
    let sql = "SELECT id, count, users, status, assignee, title, first_position, last_position,
        opened FROM issue";
    let expected = format!("{} 3 2 2 - All of it 3 4 2", id("alpha").0 as i64);
    assert_eq!(query(entries.clone(), sql), [expected]);
    // The other id leads to it, and what comes next is its own.
    let moved = format!("{} 1 {}", id("beta").0 as i64, id("alpha").0 as i64);
    assert_eq!(query(entries.clone(), "SELECT * FROM moved"), [moved]);
    let more = [entries.clone(), vec![event(&by("gamma", "id:3", 1, "c"))]].concat();
    let sql = "SELECT count, users, status, regressed_in FROM issue";
    assert_eq!(query(more.clone(), sql), ["4 3 1 gamma"]);
    let kinds = "SELECT position, kind, issue_id = (SELECT id FROM issue) FROM activity
        WHERE position > 6";
    let told = ["7 regrouped_from 1", "7 regrouped_into 0", "8 regressed 1"];
    assert_eq!(query(more, kinds), told);
    // Nobody is told of it.
    let sql = "SELECT count(*) FROM transition WHERE position > 6";
    assert_eq!(query(entries, sql), ["0"]);
}

#[test]
fn what_comes_apart_is_counted_anew() {
    let entries = vec![
        create(),
        alpha("id:1", -9, "a"),
        alpha("id:1", -8, "b"),
        alpha("id:2", -7, "b"),
        alpha("id:2", -6, "a"),
        alpha("id:3", -5, "c"),
        set_status(&by("alpha", "", 0, ""), IssueStatus::Ignored),
        apply(BY_SHOP),
    ];
    let sql = "SELECT count, users, status, first_position, last_position, opened, id = "
        .to_owned()
        + &(id("alpha").0 as i64).to_string()
        + " FROM issue";
    // The one with the oldest event goes on, the others stand as it stood.
    let apart = ["1 1 3 6 6 6 0", "2 2 3 2 5 2 1", "2 2 3 3 4 3 0"];
    assert_eq!(query(entries.clone(), &sql), apart);
    let sql = "SELECT value, sum(count), count(DISTINCT fingerprint_id) FROM fingerprint_tag
        WHERE key = 'shop' GROUP BY value";
    assert_eq!(query(entries.clone(), sql), ["a 2 1", "b 2 1", "c 1 1"]);
    for table in ["fingerprint_hour", "fingerprint_minute", "issue_scene"] {
        let sql = format!("SELECT sum(count) FROM {table}");
        assert_eq!(query(entries.clone(), &sql), ["5"], "{table}");
    }
    let sql = "SELECT count(*), count(DISTINCT fingerprint_id) FROM fingerprint_user";
    assert_eq!(query(entries, sql), ["5 3"]);
}

/// All tables but those of history and what is kept.
fn state(path: &Path) -> BTreeMap<String, Vec<Vec<Value>>> {
    let tables = dump(path).into_iter();
    let is_state = |name: &str| {
        !name.starts_with("kept") && !["activity", "change", "meta", "former"].contains(&name)
    };
    tables.filter(|(name, _)| is_state(name)).collect()
}

/// What is applied and taken back leaves what would be there without; events in between are
/// counted as if nothing had been.
fn check_undo(before: &[Entry], rules: &str, since: &[Entry]) -> Result<(), TestCaseError> {
    let dir = tempfile::tempdir().unwrap();
    let (plain, undone) = (dir.path().join("plain"), dir.path().join("undone"));
    // Commands in the place of the two, so that all stand where they stand.
    let nothing = command(Decision::CreateOrganization { name: "x".into() });
    let around = |apply: Entry, undo: Entry| [before, &[apply], since, &[undo]].concat();
    let commands = before
        .iter()
        .filter(|entry| matches!(entry, Entry::Command { .. }))
        .count();
    drop(project(
        &plain,
        &numbered(around(nothing.clone(), nothing)),
        &[],
    ));
    let entries = around(apply(rules), undo(commands as u64));
    drop(project(&undone, &numbered(entries), &[7]));
    prop_assert_eq!(state(&undone), state(&plain));
    Ok(())
}

#[test]
fn what_is_taken_back_is_what_it_was() {
    let before = vec![
        create(),
        alpha("id:1", -9, "a"),
        alpha("id:2", -8, "b"),
        event(&by("beta", "id:1", -20, "b")),
        set_status(&by("beta", "", 0, ""), IssueStatus::Ignored),
        event(&by("gamma", "id:9", -3, "b")),
        regroup::merge(&[&by("beta", "", 0, ""), &by("gamma", "", 0, "")]),
    ];
    let since = [alpha("id:7", -1, "a"), event(&by("delta", "id:9", -2, "d"))];
    for rules in [ONE, BY_SHOP, ""] {
        check_undo(&before, rules, &[]).unwrap();
    }
    // What begins in between is told of in the one story and not in the other.
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("issues");
    let entries = [&before[..], &[apply(ONE)], &since, &[undo(3)]].concat();
    drop(project(&path, &numbered(entries), &[]));
    let sql = "SELECT title, count, users, status FROM issue";
    let connection = Connection::open(&path).unwrap();
    let shown: Vec<String> = rows(&connection, sql)
        .into_iter()
        .map(|row| format!("{row:?}"))
        .collect();
    assert_eq!(shown.len(), 3, "{shown:?}");
    let counts: i64 = connection
        .query_row("SELECT sum(count) FROM issue", [], |row| row.get(0))
        .unwrap();
    assert_eq!(counts, 6);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn an_undo_leaves_no_trace_but_in_history(
        entries in proptest::collection::vec(arbitrary_entry(), 1..60),
        rules in 0..4usize,
    ) {
        let texts = [
            ONE,
            "message:a* -> {{ default }}, {{ tags.os }}\nmessage:b -> a",
            "message:a -> b\nmessage:b -> a",
            "message:c -> {{ user }}",
        ];
        let texts = texts.map(|text| if Rules::parse(text).is_ok() { text } else { ONE });
        let before = [vec![create()], entries].concat();
        check_undo(&before, texts[rules], &[])?;
    }

    /// Wherever batches end, and whatever was remembered: the same.
    #[test]
    fn batches_change_nothing_of_what_is_grouped_anew(
        entries in proptest::collection::vec(arbitrary_entry(), 1..60),
        more in proptest::collection::vec(arbitrary_entry(), 0..30),
        sizes in proptest::collection::vec(1..20usize, 1..6),
        is_undone: bool,
    ) {
        let dir = tempfile::tempdir().unwrap();
        let text = "message:a -> one\nmessage:b -> {{ default }}, {{ release }}";
        let before = [vec![create()], entries].concat();
        let commands = before.iter().filter(|e| matches!(e, Entry::Command { .. })).count();
        let mut all = [before, vec![apply(text)], more.clone()].concat();
        if is_undone {
            all.push(undo(commands as u64));
            all.extend(more);
        }
        let all = numbered(all);
        let (whole, cut) = (dir.path().join("whole"), dir.path().join("cut"));
        drop(project(&whole, &all, &[]));
        drop(project(&cut, &all, &sizes));
        prop_assert_eq!(dump(&whole), dump(&cut));
    }

    /// Rules applied to all that is there give the counts that events would have had, had
    /// they come with these rules in force.
    #[test]
    fn what_is_applied_counts_as_if_it_had_always_been(
        entries in proptest::collection::vec(arbitrary_head(), 1..60),
        rules in 0..3usize,
    ) {
        let texts = [
            "message:a -> one\nmessage:b -> one",
            "message:a -> {{ default }}, {{ release }}\nmessage:c -> {{ environment }}",
            "message:a -> b\nmessage:b -> {{ level }}, {{ tags.os }}",
        ];
        let dir = tempfile::tempdir().unwrap();
        let (late, early) = (dir.path().join("late"), dir.path().join("early"));
        let events: Vec<Entry> = entries.iter().map(event).collect();
        let set = command(Decision::SetGroupingRules {
            project_id: ProjectId(1),
            text: texts[rules].to_owned(),
        });
        let first = [vec![create(), set], events.clone()].concat();
        let nothing = command(Decision::CreateOrganization { name: "x".into() });
        let then = [vec![create(), nothing], events, vec![apply(texts[rules])]].concat();
        drop(project(&early, &numbered(first), &[]));
        drop(project(&late, &numbered(then), &[]));
        let (early, late) = (Connection::open(early).unwrap(), Connection::open(late).unwrap());
        let of = "project_id = 1 AND count > 0";
        for sql in [
            format!("SELECT hex(fingerprint), count, users, first_seen, last_seen, first_position,
                last_position, first_release, last_release, title, level, sampled
                FROM fingerprint WHERE {of}"),
            format!("SELECT count, users, first_position, last_position, title FROM issue WHERE {of}"),
            "SELECT hex(fingerprint), hour, scene, h.count FROM fingerprint AS f
                JOIN fingerprint_hour AS h ON h.fingerprint_id = f.id".to_owned(),
            "SELECT hex(fingerprint), key, t.value, t.count FROM fingerprint AS f
                JOIN fingerprint_tag AS t ON t.fingerprint_id = f.id".to_owned(),
            "SELECT hex(fingerprint), hour, scene, user_hash, minutes FROM fingerprint AS f
                JOIN fingerprint_user_hour AS u ON u.fingerprint_id = f.id".to_owned(),
            "SELECT hex(fingerprint), scene, s.count, s.first_seen, s.last_seen FROM fingerprint AS f
                JOIN fingerprint_scene AS s ON s.fingerprint_id = f.id".to_owned(),
        ] {
            prop_assert_eq!(rows(&late, &sql), rows(&early, &sql), "{}", sql);
        }
    }
}

/// What is called as something was called before it was carried on begins an issue of its
/// own.
#[test]
fn a_name_that_was_given_up_begins_anew() {
    let nothing = command(Decision::SetGroupingRules {
        project_id: ProjectId(1),
        text: String::new(),
    });
    let entries = vec![
        create(),
        alpha("id:1", -9, "a"),
        event(&by("beta", "id:1", -8, "a")),
        apply(ONE),
        nothing,
        alpha("id:1", -5, "a"),
        event(&by("beta", "id:1", -4, "a")),
    ];
    let sql = "SELECT title, count FROM issue";
    assert_eq!(query(entries, sql), ["All of it 2", "alpha 1", "beta 1"]);
    assert_ne!(
        print(&by("alpha", "", 0, ""), ONE),
        print(&by("alpha", "", 0, ""), "")
    );
}
