//! Issues merged and taken apart.

use std::collections::BTreeMap;

use event_model::Fingerprint;

use super::*;

fn fingerprint_of(head: &Head) -> Fingerprint {
    grouping::Grouper::standard().fingerprint(stored(head).whole())
}

/// The issues of these events become one, of the first one's project.
pub(super) fn merge(heads: &[&Head]) -> Entry {
    command(Decision::MergeIssues {
        project_id: ProjectId(heads[0].project_id),
        issues: heads.iter().map(|head| issue_of(head)).collect(),
    })
}

/// The fingerprints of these events leave the issue of the first.
pub(super) fn unmerge(of: &Head, heads: &[&Head], together: bool) -> Entry {
    command(Decision::UnmergeFingerprints {
        project_id: ProjectId(of.project_id),
        issue: issue_of(of),
        fingerprints: heads.iter().map(|head| fingerprint_of(head)).collect(),
        together,
    })
}

pub(super) fn arbitrary() -> impl Strategy<Value = Entry> {
    let heads = || proptest::collection::vec(arbitrary_head(), 2..6);
    prop_oneof![
        2 => heads().prop_map(|heads| merge(&heads.iter().collect::<Vec<_>>())),
        1 => (heads(), any::<bool>()).prop_map(|(heads, together)| {
            unmerge(&heads[0], &heads.iter().skip(1).collect::<Vec<_>>(), together)
        }),
    ]
}

fn by(text: &str, user: &str, minute: i64) -> Head {
    Head {
        user: user.into(),
        timestamp_ns: NOON_NS + minute * 60_000_000_000,
        release: text.into(),
        environment: "production".into(),
        tags: vec![("os".into(), "linux".into())],
        ..message(text)
    }
}

/// Three issues of 2, 1 and 1 events; the second is resolved, the third assigned.
fn three() -> (Vec<Entry>, [Head; 3]) {
    let heads = [
        by("a", "id:1", -9),
        by("b", "id:1", -20),
        by("c", "id:2", -3),
    ];
    let [a, b, c] = &heads;
    let entries = vec![
        event(a),
        event(b),
        event(&by("a", "id:3", -8)),
        event(c),
        set_status(b, IssueStatus::Resolved),
        assign(c, Some(3)),
    ];
    (entries, heads)
}

#[test]
fn merged_issues_are_one_under_the_id_of_the_oldest() {
    let (mut entries, [a, b, c]) = three();
    entries.push(merge(&[&c, &b, &a]));
    let ids = [&a, &b, &c].map(|head| issue_of(head).0 as i64);
    let sql = "SELECT id, count, users, first_position, last_position, first_release,
        last_release, status, assignee, title, opened FROM issue";
    let expected = format!("{} 4 3 2 4 b c 1 - c 1", ids[0]);
    assert_eq!(query(entries.clone(), sql), [expected]);
    // What comes later counts in it, and its status and assignee go on alone.
    entries.extend([
        set_status(&c, IssueStatus::Resolved),
        event(&by("b", "id:2", 1)),
        assign(&b, Some(9)),
    ]);
    let sql = "SELECT id, count, users, status, assignee, regressed_in FROM issue";
    let expected = format!("{} 5 3 1 9 b", ids[0]);
    assert_eq!(query(entries.clone(), sql), [expected]);
    let kinds = "SELECT position, issue_id = (SELECT id FROM issue), kind FROM activity
        WHERE position > 6";
    let history = [
        "10 1 assigned",
        "7 0 merged_into",
        "7 0 merged_into",
        "7 1 merged",
        "8 1 resolved",
        "9 1 regressed",
    ];
    assert_eq!(query(entries.clone(), kinds), history);
    for table in ["environment", "release", "scene"] {
        let sql = format!("SELECT sum(count), count(DISTINCT issue_id) FROM issue_{table}");
        assert_eq!(query(entries.clone(), &sql), ["5 1"], "{table}");
    }
    // Taken out, each stands as it stood before.
    entries.push(unmerge(&a, &[&b, &c], false));
    let sql = "SELECT title, count, users, status, assignee FROM issue";
    let apart = ["a 2 2 1 9", "b 2 2 2 -", "c 1 1 1 3"];
    assert_eq!(query(entries, sql), apart);
}

/// All tables but those of history, which tells of both.
fn without_history(path: &Path) -> BTreeMap<String, Vec<Vec<Value>>> {
    let mut tables: BTreeMap<_, _> = dump(path).into_iter().collect();
    for history in ["activity", "change", "meta"] {
        tables.remove(history);
    }
    tables
}

fn check_reverts(before: &[Entry], decisions: &[Entry]) -> Result<(), TestCaseError> {
    let dir = tempfile::tempdir().unwrap();
    let (plain, regrouped) = (dir.path().join("plain"), dir.path().join("regrouped"));
    drop(project(&plain, &numbered(before.to_vec()), &[]));
    let all = [before, decisions].concat();
    drop(project(&regrouped, &numbered(all), &[7]));
    prop_assert_eq!(without_history(&regrouped), without_history(&plain));
    Ok(())
}

#[test]
fn what_does_not_fit_changes_nothing() {
    let (entries, [a, b, c]) = three();
    let foreign = Head {
        project_id: 2,
        ..by("d", "id:1", 0)
    };
    let unknown = by("nowhere", "", 0);
    let entries = [entries, vec![event(&foreign), discard(&c)]].concat();
    for decision in [
        merge(&[&a]),
        merge(&[&a, &a, &a]),
        merge(&[&a, &unknown]),
        merge(&[&a, &foreign]),
        merge(&[&foreign, &a, &b]),
        merge(&[&a, &c]),
        unmerge(&a, &[&a], true),
        unmerge(&a, &[&a], false),
        unmerge(&a, &[&b], false),
        unmerge(&unknown, &[&a, &b], false),
        unmerge(&c, &[&c], false),
    ] {
        check_reverts(&entries, &[decision]).unwrap();
    }
}

/// Every one with every other, in circles, and then all apart.
#[test]
fn a_thousand_merges_in_a_circle_are_one_issue_that_comes_apart_again() {
    let (entries, heads) = three();
    let circle = (0..1_000).map(|at| merge(&[&heads[at % 3], &heads[(at + 1) % 3]]));
    let mut decisions: Vec<Entry> = circle.collect();
    let merged = [entries.clone(), decisions.clone()].concat();
    assert_eq!(query(merged, "SELECT count FROM issue"), ["4"]);
    let [a, b, c] = &heads;
    decisions.push(unmerge(b, &[a, b, c], false));
    check_reverts(&entries, &decisions).unwrap();
}

#[test]
fn an_issue_that_was_merged_before_comes_out_as_it_was() {
    let (mut entries, [a, b, c]) = three();
    entries.push(merge(&[&b, &c]));
    entries.push(assign(&b, Some(5)));
    let decisions = [merge(&[&c, &a]), unmerge(&a, &[&c, &b], true)];
    check_reverts(&entries, &decisions).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    #[test]
    fn a_merge_that_is_taken_back_leaves_no_trace_but_in_history(
        entries in proptest::collection::vec(arbitrary_entry(), 1..80),
        heads in proptest::collection::vec(arbitrary_head(), 2..6),
    ) {
        // All apart first, so that what is merged is what is taken out.
        let kinds = ["a", "b", "c", "d", "e", "f"];
        let all: Vec<Head> = (1..4).flat_map(|project_id| {
            kinds.map(|kind| Head { project_id, ..message(kind) })
        }).collect();
        let apart = |all: &[Head]| -> Vec<Entry> {
            let all: Vec<&Head> = all.iter().collect();
            all.iter().map(|head| unmerge(head, &all, false)).collect()
        };
        let entries = [entries, apart(&all)].concat();
        let same: Vec<&Head> = heads.iter().collect();
        let decisions = [vec![merge(&same)], apart(&all)].concat();
        check_reverts(&entries, &decisions)?;
    }
}
