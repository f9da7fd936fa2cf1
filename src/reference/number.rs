//! The page of stored numbers: what records, files and the issue database hold in place
//! of names, from every crate that stores some.
//!
//! Invariant: a row that a release has is never changed and never goes; what is no
//! longer used keeps its number.

use std::fmt::Write as _;

use event_model::numbers::Numbers;
use ingest_gateway::fate::DropReason;
use log_core::format::{FORMAT_VERSION, Kind};

use super::NOTE;

/// Every table.
pub(super) fn numbers() -> Vec<Numbers> {
    let mut all = event_model::numbers::numbers();
    all.extend(read_model::issues::numbers::numbers());
    let kinds = Kind::ALL.into_iter();
    let kinds = kinds.map(|kind| (kind as u64, frame_kind(kind))).collect();
    all.push(("frame kind", kinds));
    all
}

fn frame_kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Data => "Data",
        Kind::BatchEnd => "BatchEnd",
        Kind::Seal => "Seal",
        Kind::Epoch => "Epoch",
        Kind::Watermark => "Watermark",
        Kind::Redacted => "Redacted",
        Kind::Lost => "Lost",
    }
}

pub(super) fn page() -> String {
    let mut page = format!(
        "# Stored numbers\n\n{NOTE}
What records, files and the issue database hold in place of names. A number keeps its meaning for good: a new value has a new number, and what is no longer used leaves its number unused. Of a record schema the upper byte is the kind, the lower one the version. Versions: log format {FORMAT_VERSION}, issue database {}.

| of | number | what |
| --- | --- | --- |
",
        read_model::issues::schema::SCHEMA_VERSION
    );
    for (of, rows) in numbers() {
        for (number, name) in rows {
            let number = match of {
                "record schema" => format!("{number:#06x}"),
                _ => number.to_string(),
            };
            // Writing into a string cannot fail.
            let _ = writeln!(page, "| {of} | {number} | {name} |");
        }
    }
    page.push_str(
        "\n## Stored words\n\nWhy an item was dropped, in tallies and counts by hour.\n\n",
    );
    for word in DropReason::words() {
        let _ = writeln!(page, "- `{word}`");
    }
    page
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_number_and_no_word_is_used_twice() {
        let mut rows = BTreeSet::new();
        for (of, numbers) in numbers() {
            for (number, name) in numbers {
                assert!(rows.insert((of, number)), "{of} {number} is {name} as well");
            }
        }
        let words = DropReason::words();
        let distinct: BTreeSet<_> = words.iter().collect();
        assert_eq!(distinct.len(), words.len(), "{words:?}");
    }
}
