//! What stands for fingerprints where those alike are looked for.

use event_model::access::Sight;
use read_model::issues::{
    reader::Reader,
    sketch::{BANDS, Sketch},
};

use super::*;

fn lost(what: &str) -> Head {
    message(&format!("connection to the {what} was lost after a while"))
}

/// The issues that are like that of the first event, after the entries.
fn alike(entries: Vec<Entry>, head: &Head) -> Vec<IssueId> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("issues.sqlite3");
    drop(project(&path, &numbered(entries), &[1]));
    let reader = Reader::open(&path).unwrap();
    let found = reader.read(&Sight::All, |snapshot| {
        snapshot.alike(issue_of(head), 20, 10)
    });
    let mut ids: Vec<IssueId> = found.unwrap().issues.iter().map(|one| one.issue).collect();
    ids.sort_unstable();
    ids
}

#[test]
fn a_fingerprint_is_found_by_what_its_first_event_says() {
    let entries = || {
        vec![
            event(&lost("ledger")),
            event(&lost("ledger")),
            event(&message("")),
        ]
    };
    let sketch = grouping::Grouper::standard().sketch(stored(&lost("ledger")).whole());
    let bytes = Sketch(sketch.unwrap()).to_bytes();
    let expected = format!("{} {bytes:02x?}", issue_of(&lost("ledger")).0 as i64);
    let sql = "SELECT fingerprint_id, sketch FROM fingerprint_sketch";
    // An event that says nothing is like nothing.
    assert_eq!(query(entries(), sql), [expected]);
    let sql = "SELECT count(*), count(DISTINCT band), min(project_id) FROM fingerprint_band";
    assert_eq!(query(entries(), sql), [format!("{BANDS} {BANDS} 1")]);
}

#[test]
fn those_alike_are_found_until_they_are_merged_or_discarded() {
    let (a, b, c) = (
        lost("ledger"),
        lost("archive"),
        message("cart 17 has no items"),
    );
    let foreign = Head {
        project_id: 2,
        ..lost("parcel")
    };
    let mut entries = vec![event(&a), event(&b), event(&c), event(&foreign)];
    assert_eq!(alike(entries.clone(), &a), [issue_of(&b)]);
    assert_eq!(alike(entries.clone(), &b), [issue_of(&a)]);
    assert_eq!(alike(entries.clone(), &c), []);
    entries.push(regroup::merge(&[&a, &b]));
    assert_eq!(alike(entries.clone(), &a), []);
    entries.push(regroup::unmerge(&a, &[&b], false));
    assert_eq!(alike(entries.clone(), &a), [issue_of(&b)]);
    entries.push(discard(&b));
    assert_eq!(alike(entries.clone(), &a), []);
    entries.push(undiscard(&b));
    assert_eq!(alike(entries, &a), [issue_of(&b)]);
}
