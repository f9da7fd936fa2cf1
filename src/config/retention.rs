//! `log.retention.*`: how long events are kept. The gateway drops by it, the projector
//! makes checkpoints by it, `errata log stat` shows what it would do.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use event_log::{Retention, Tier, retention::REQUIRED};
use event_model::retention::{KeepRule, RULES_MAX};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `log.retention.*`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(deny_unknown_fields)]
pub(crate) struct RetentionConfig {
    /// Events older than this are dropped, a segment at a time: `90d`, `36h`, `30m`, `45s`;
    /// empty: kept however old.
    pub age: String,
    /// The oldest segments are dropped while the events log takes more than this on disk; 0:
    /// no bound.
    pub bytes: u64,
    /// How long events of a project, a level or an environment are kept, if not as long as all
    /// others: `level:debug 7d`, `environment:staging 14d`, `project:3 level:info 30d`, at most
    /// 50, in the variable separated by commas. Of several the shortest wins; those of projects
    /// (`errata project retention`) stand beside them.
    pub rules: Vec<String>,
    /// A projection with more than this to read is no longer waited for: what it has not read
    /// is lost to it; 0: it always is.
    pub cursor_lag_bytes: u64,
    /// Between two looks whether something can be dropped, at least 1 s.
    pub look_every_s: u64,
    /// What gives way when the disk is about to be full, before events are refused, the oldest
    /// first: `cold` (Parquet files), `blobs` (attachments, minidumps), `events`, in this order;
    /// in the variable separated by commas. Nothing unless it is named: a storm of events must
    /// not remove what is older.
    pub shed: Vec<ShedTier>,
}

/// What may give way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ShedTier {
    /// Parquet files of the oldest days.
    Cold,
    /// The oldest attachments and minidumps.
    Blobs,
    /// The oldest segments of the events log.
    Events,
}

impl Default for RetentionConfig {
    fn default() -> Self {
        Self {
            age: "90d".to_owned(),
            bytes: 0,
            rules: Vec::new(),
            cursor_lag_bytes: 0,
            look_every_s: 60,
            shed: Vec::new(),
        }
    }
}

impl RetentionConfig {
    /// As the log takes it.
    pub(crate) fn retention(&self) -> Result<Retention> {
        let unbounded = |bytes: u64| (bytes > 0).then_some(bytes);
        Ok(Retention {
            age_max: duration("log.retention.age", &self.age)?,
            bytes_max: unbounded(self.bytes),
            shed_bytes: 0,
            cursors_required: REQUIRED.map(str::to_owned).to_vec(),
            cursor_lag_bytes_max: unbounded(self.cursor_lag_bytes),
        })
    }

    /// By project, level and environment.
    pub(crate) fn rules(&self) -> Result<Vec<KeepRule>> {
        let key = "log.retention.rules";
        let given = self.rules.len();
        if given > RULES_MAX {
            bail!("{key} has {given} rules, at most {RULES_MAX} are taken");
        }
        let read = |text: &String| {
            let rule: KeepRule = text.parse().with_context(|| format!("{key}: {text:?}"))?;
            if rule.scope.is_all() {
                bail!(
                    "{key}: {text:?} names no project, level or environment: \
                     of all events log.retention.age and cold.age say how long they are kept"
                );
            }
            Ok(rule)
        };
        self.rules.iter().map(read).collect()
    }

    /// What gives way, in order.
    pub(crate) fn tiers(&self) -> Vec<Tier> {
        let tier = |tier: &ShedTier| match tier {
            ShedTier::Cold => Tier::Cold,
            ShedTier::Blobs => Tier::Blobs,
            ShedTier::Events => Tier::Events,
        };
        self.shed.iter().map(tier).collect()
    }

    /// Between two looks.
    pub(crate) fn look_every(&self) -> Duration {
        Duration::from_secs(self.look_every_s.max(1))
    }
}

/// A whole number and a unit; none if it is empty.
pub(super) fn duration(key: &str, text: &str) -> Result<Option<Duration>> {
    if text.is_empty() {
        return Ok(None);
    }
    let expected = || format!("{key} = {text:?}: a whole number and one of d, h, m, s is expected");
    let unit_s = match text.as_bytes().last() {
        Some(b'd') => 86_400,
        Some(b'h') => 3_600,
        Some(b'm') => 60,
        Some(b's') => 1,
        _ => bail!(expected()),
    };
    let number: u64 = text[..text.len() - 1].parse().with_context(expected)?;
    let seconds = number.checked_mul(unit_s).with_context(expected)?;
    Ok(Some(Duration::from_secs(seconds)))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn ages_have_a_unit() {
        for (text, seconds) in [
            ("", None),
            ("45s", Some(45)),
            ("30m", Some(1_800)),
            ("36h", Some(129_600)),
            ("90d", Some(7_776_000)),
            ("0d", Some(0)),
        ] {
            assert_eq!(
                duration("log.retention.age", text).unwrap(),
                seconds.map(Duration::from_secs),
                "{text}"
            );
        }
        for text in [
            "90",
            "d",
            "1.5d",
            "-1d",
            "90 d",
            "1w",
            "ä",
            "999999999999999999d",
        ] {
            let error = duration("log.retention.age", text).unwrap_err().to_string();
            assert!(error.contains("log.retention.age"), "{error}");
        }
    }

    #[test]
    fn rules_name_whose_events_they_are_of() {
        let of = |rules: &[&str]| RetentionConfig {
            rules: rules.iter().map(|rule| (*rule).to_owned()).collect(),
            ..RetentionConfig::default()
        };
        let rules = of(&["level:debug 7d", "project:3 environment:staging 14d"]);
        let read = rules.rules().unwrap();
        let written: Vec<String> = read.iter().map(ToString::to_string).collect();
        assert_eq!(written, rules.rules);
        for (rules, said) in [
            (vec!["30d"], "cold.age"),
            (vec!["level:debug"], "for how long"),
            (vec!["level:debug 1d"; 51], "at most 50"),
        ] {
            let error = format!("{:#}", of(&rules).rules().unwrap_err());
            assert!(error.contains("log.retention.rules"), "{error}");
            assert!(error.contains(said), "{error}");
        }
    }
}
