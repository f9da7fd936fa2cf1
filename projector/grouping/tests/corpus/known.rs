//! What is known not to hold: `corpus/known.txt`, an id a line. The list may only
//! shrink.

use std::{collections::BTreeSet, fs};

use crate::score::Row;

fn known() -> BTreeSet<String> {
    let path = crate::folder().join("known.txt");
    let text = fs::read_to_string(path).unwrap_or_default();
    let lines = text.lines().map(str::trim);
    let ids = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
    ids.map(str::to_owned).collect()
}

/// Panics if anything fails that is not listed, or holds that is.
pub(crate) fn check(rows: &[Row], random: &[(String, String)]) {
    let known = known();
    let failed = rows.iter().filter(|row| !row.holds());
    let lines: Vec<String> = failed.clone().map(Row::line).collect();
    let of_rows = failed.map(|row| row.id.clone());
    let of_random = random.iter().map(|(id, _)| id.clone());
    let failing: BTreeSet<String> = of_rows.chain(of_random).collect();
    let news: Vec<&String> = failing.difference(&known).collect();
    assert!(
        news.is_empty(),
        "no longer held: {news:?}\n{}\n{random:#?}",
        lines.join("\n")
    );
    let mended: Vec<&String> = known.difference(&failing).collect();
    assert!(
        mended.is_empty(),
        "these hold now, take them off known.txt: {mended:?}"
    );
}
