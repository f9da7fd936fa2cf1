//! Which quotas people are warned of: pure.
//!
//! Invariant: once an hour, project (or organisation) and threshold, and what is warned of is
//! the highest threshold that is reached; a lower one is not told after it. A notification's
//! id is a hash of these three, so neither a restart nor a replay sends one twice.

use proto::v1::Usage;

use crate::rule::{EMAIL, quota_id};

/// Percent of a quota at which people are warned, highest first.
pub const THRESHOLDS: [u32; 2] = [100, 80];

/// One of them was reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// 0: the organisation.
    pub project_id: u32,
    /// Its name.
    pub name: String,
    /// The threshold.
    pub percent: u32,
    /// Events stored.
    pub used: u64,
    /// Of so many.
    pub quota: u64,
    /// When the hour began, Unix seconds.
    pub hour_begins_s: i64,
}

impl Warning {
    /// 32 hex digits.
    pub fn id(&self) -> String {
        self.id_at(self.percent)
    }

    fn id_at(&self, percent: u32) -> String {
        quota_id(self.hour_begins_s, self.project_id, percent, EMAIL)
    }

    /// The rule's name as recorded.
    pub fn rule(&self) -> String {
        format!("quota_{}", self.percent)
    }
}

/// Whether a recorded rule is one of these.
pub fn is_rule(name: &str) -> bool {
    name.starts_with("quota_")
}

/// What is to be told of now; `is_told` knows ids of what was told before.
pub fn due(usages: &[Usage], is_told: impl Fn(&str) -> bool) -> Vec<Warning> {
    let due = usages.iter().filter_map(|usage| {
        let quota = usage.plan.as_ref()?.events_per_hour;
        let reached = |percent: &u32| {
            quota > 0 && u128::from(usage.used) * 100 >= u128::from(quota) * u128::from(*percent)
        };
        let percent = THRESHOLDS.into_iter().find(reached)?;
        let warning = Warning {
            project_id: usage.project_id,
            name: usage.name.clone(),
            percent,
            used: usage.used,
            quota,
            hour_begins_s: usage.hour_begins_at.as_ref()?.seconds,
        };
        // Of a threshold or a higher one: the count may have gone back behind it.
        let told = THRESHOLDS.into_iter().filter(|other| *other >= percent);
        let mut told = told.map(|percent| warning.id_at(percent));
        (!told.any(|id| is_told(&id))).then_some(warning)
    });
    due.collect()
}

#[cfg(test)]
mod tests {
    use proto::v1::{Plan, PlanKind};

    use super::*;

    fn usage(project_id: u32, used: u64, quota: u64, hour: i64) -> Usage {
        Usage {
            project_id,
            name: format!("p{project_id}"),
            plan: Some(Plan {
                kind: PlanKind::Enterprise.into(),
                events_per_hour: quota,
            }),
            used,
            hour_begins_at: Some(prost_types::Timestamp {
                seconds: hour * 3_600,
                nanos: 0,
            }),
            ..Usage::default()
        }
    }

    #[test]
    fn each_threshold_is_told_once_an_hour_and_none_after_a_higher_one() {
        let mut told: Vec<String> = Vec::new();
        let mut look = |used, hour| {
            let due = due(&[usage(1, used, 10, hour)], |id| {
                told.contains(&id.to_owned())
            });
            told.extend(due.iter().map(Warning::id));
            let percents: Vec<u32> = due.iter().map(|warning| warning.percent).collect();
            percents
        };
        for (used, hour, expected) in [
            (7, 1, vec![]),
            (8, 1, vec![80]),
            (9, 1, vec![]),
            (10, 1, vec![100]),
            (9, 1, vec![]),
            (10, 1, vec![]),
            (0, 2, vec![]),
            (10, 2, vec![100]),
            (9, 2, vec![]),
        ] {
            assert_eq!(look(used, hour), expected, "{used} in hour {hour}");
        }
    }

    #[test]
    fn who_has_no_quota_is_not_warned_and_each_is_warned_by_itself() {
        let usages = [usage(0, 95, 100, 1), usage(1, 95, 0, 1), usage(2, 9, 9, 1)];
        let due = due(&usages, |_| false);
        let shown: Vec<_> = due.iter().map(|w| (w.project_id, w.percent)).collect();
        assert_eq!(shown, [(0, 80), (2, 100)]);
        assert_ne!(due[0].id(), due[1].id());
        assert_eq!(due[1].rule(), "quota_100");
        assert!(is_rule(&due[1].rule()) && !is_rule("new_issue"));
    }
}
