//! Which families hold.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use event_model::Fingerprint;
use grouping::Grouper;

use crate::{events, families::Family};

/// How well a family is expected to be grouped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Tier {
    /// The best of the field does it.
    Field,
    /// A person would say so.
    Sense,
}

/// What became of a family.
pub(crate) struct Row {
    pub(crate) id: String,
    pub(crate) tier: Tier,
    platform: String,
    area: String,
    why: String,
    together: usize,
    issues: usize,
    /// Events that are not with the first.
    split: usize,
    apart: usize,
    /// Events that are in an issue of others.
    merged: usize,
}

impl Row {
    pub(crate) fn of(family: &Family) -> Self {
        Self::by(family, &Grouper::standard())
    }

    /// By another version than the newest.
    pub(crate) fn by(family: &Family, grouper: &Grouper) -> Self {
        let print =
            |event: &serde_json::Value| events::fingerprint_by(grouper, event, &family.platform);
        let together: Vec<Fingerprint> = family.together.iter().map(print).collect();
        let apart: Vec<Fingerprint> = family.apart.iter().map(print).collect();
        let mut seen: BTreeSet<[u8; 16]> = together.iter().map(|print| print.0).collect();
        let issues = seen.len();
        let is_merged = |print: &&Fingerprint| !seen.insert(print.0);
        let merged = apart.iter().filter(is_merged).count();
        Self {
            id: family.id.clone(),
            tier: family.tier,
            platform: family.platform.clone(),
            area: family.area.clone(),
            why: family.why.clone(),
            together: together.len(),
            issues,
            split: together.iter().filter(|p| **p != together[0]).count(),
            apart: apart.len(),
            merged,
        }
    }

    pub(crate) fn holds(&self) -> bool {
        self.split == 0 && self.merged == 0
    }

    /// What is wrong, for people.
    pub(crate) fn line(&self) -> String {
        let Self { id, why, .. } = self;
        let tier = match self.tier {
            Tier::Field => "field",
            Tier::Sense => "sense",
        };
        let mut wrong = Vec::new();
        if self.split > 0 {
            wrong.push(format!("{} in {} issues", self.together, self.issues));
        }
        if self.merged > 0 {
            wrong.push(format!("{} of {} others merged", self.merged, self.apart));
        }
        let wrong = wrong.join("; ");
        format!("  {:10} {tier} {id:34} {wrong} ({why})", self.platform)
    }
}

/// Sums by tier, platform and area.
pub(crate) struct Tally(BTreeMap<String, [usize; 6]>);

impl Tally {
    pub(crate) fn of(rows: &[Row]) -> Self {
        let mut sums: BTreeMap<String, [usize; 6]> = BTreeMap::new();
        for row in rows {
            let tier = match row.tier {
                Tier::Field => "tier field",
                Tier::Sense => "tier sense",
            };
            let keys = [
                tier.to_owned(),
                format!("platform {}", row.platform),
                format!("area {}", row.area),
                "~ all".to_owned(),
            ];
            let more = [
                1,
                usize::from(row.holds()),
                row.together - 1,
                row.split,
                row.apart,
                row.merged,
            ];
            for key in keys {
                let sum = sums.entry(key).or_default();
                for (sum, more) in sum.iter_mut().zip(more) {
                    *sum += more;
                }
            }
        }
        Self(sums)
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (key, [all, held, pairs, split, others, merged]) in &self.0 {
            writeln!(
                f,
                "{key:22} {held:3} of {all:3} families; split {split:3} of {pairs:3}; merged {merged:3} of {others:3}"
            )?;
        }
        Ok(())
    }
}
