//! What the numbers of a list are counted within: a range of time, an environment,
//! a release; and the SQL for it.
//!
//! Invariant: every figure of every list, total and chart goes through the
//! expressions of this file, so that they agree. Units: whole Unix minutes or hours
//! of the event's clamped time, Unix milliseconds where the name says so.

use event_model::access::Sight;
use rusqlite::{OptionalExtension, types::Value};

use super::{ReadError, Snapshot};

/// The table that counts come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unit {
    /// Kept 49 hours behind the newest.
    Minute,
    /// Kept for good.
    Hour,
}

impl Unit {
    /// Its length, seconds.
    pub fn seconds(self) -> u32 {
        match self {
            Self::Minute => 60,
            Self::Hour => 3600,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Minute => "minute",
            Self::Hour => "hour",
        }
    }
}

/// A range of time in whole units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Range {
    /// What `from` and `to` count.
    pub unit: Unit,
    /// Inclusive.
    pub from: i64,
    /// Exclusive, above `from`.
    pub to: i64,
}

impl Range {
    /// The range of the same length before it.
    #[must_use]
    pub fn before(&self) -> Self {
        Self {
            from: self.from - (self.to - self.from),
            to: self.from,
            ..*self
        }
    }

    /// Its start, Unix ms.
    pub fn from_ms(&self) -> i64 {
        self.ms(self.from)
    }

    /// Its end, exclusive, Unix ms.
    pub fn to_ms(&self) -> i64 {
        self.ms(self.to)
    }

    fn ms(&self, units: i64) -> i64 {
        units.saturating_mul(i64::from(self.unit.seconds()) * 1000)
    }
}

/// What is counted. The default is everything.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Scope {
    /// Empty: all.
    pub environment: String,
    /// Empty: all.
    pub release: String,
    /// None: since the beginning.
    pub range: Option<Range>,
}

/// Environment and release by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    All,
    Environment(i64),
    Release(i64),
    Scene(i64),
}

impl Part {
    /// Table and column of what issues have of it.
    pub(super) fn table(self) -> Option<(&'static str, &'static str, i64)> {
        match self {
            Self::All => None,
            Self::Environment(number) => Some(("issue_environment", "environment", number)),
            Self::Release(number) => Some(("issue_release", "release", number)),
            Self::Scene(number) => Some(("issue_scene", "scene", number)),
        }
    }
}

impl Snapshot<'_> {
    /// The scope's part; none: nothing has that name.
    pub(super) fn part(&self, scope: &Scope) -> Result<Option<Part>, ReadError> {
        let number = |name: &str| -> Result<Option<i64>, ReadError> {
            let mut statement = self
                .connection
                .prepare_cached("SELECT id FROM name WHERE name = ?1")?;
            Ok(statement.query_row([name], |row| row.get(0)).optional()?)
        };
        let (environment, release) = (&scope.environment, &scope.release);
        if environment.is_empty() && release.is_empty() {
            return Ok(Some(Part::All));
        }
        if release.is_empty() {
            return Ok(number(environment)?.map(Part::Environment));
        }
        let Some(release) = number(release)? else {
            return Ok(None);
        };
        if environment.is_empty() {
            return Ok(Some(Part::Release(release)));
        }
        let Some(environment) = number(environment)? else {
            return Ok(None);
        };
        let mut statement = self
            .connection
            .prepare_cached("SELECT id FROM scene WHERE environment = ?1 AND release = ?2")?;
        let scene = statement.query_row([environment, release], |row| row.get(0));
        Ok(scene.optional()?.map(Part::Scene))
    }
}

/// A statement in the making.
#[derive(Debug, Default)]
pub(super) struct Sql {
    pub(super) values: Vec<Value>,
    conditions: Vec<String>,
}

impl Sql {
    /// The place of a value.
    pub(super) fn value(&mut self, value: impl Into<Value>) -> String {
        self.values.push(value.into());
        format!("?{}", self.values.len())
    }

    pub(super) fn condition(&mut self, text: String) {
        self.conditions.push(text);
    }

    /// ` WHERE …`, or nothing.
    pub(super) fn clause(&self) -> String {
        if self.conditions.is_empty() {
            String::new()
        } else {
            format!(" WHERE {}", self.conditions.join(" AND "))
        }
    }

    pub(super) fn list(&mut self, ids: impl IntoIterator<Item = i64>) -> String {
        let list = self.value(super::json_list(ids));
        format!("(SELECT value FROM json_each({list}))")
    }

    /// The list of these projects; none: all.
    pub(super) fn projects(&mut self, projects: &Sight) -> Option<String> {
        match projects {
            Sight::All => None,
            Sight::Only(projects) => Some(self.list(projects.iter().map(|id| i64::from(id.0)))),
        }
    }

    /// ` AND …` of these projects, or nothing if it is all.
    pub(super) fn and_projects(&mut self, column: &str, projects: &Sight) -> String {
        let projects = self.projects(projects);
        projects.map_or_else(String::new, |list| format!(" AND {column} IN {list}"))
    }
}

/// Expressions over a row of `issue` and, with a part, one of `part`.
#[derive(Debug)]
pub(super) struct Scoped {
    /// Times and count since the beginning, of the part.
    pub(super) first_seen: &'static str,
    pub(super) last_seen: &'static str,
    count_ever: &'static str,
    /// The issue's id.
    pub(super) id: &'static str,
    /// The column whose index is walked, if one is: bounds of it are where the walk begins and
    /// ends.
    pub(super) walked: Option<String>,
    part: Part,
    range: Option<Places>,
    /// The part's number.
    number: Option<String>,
}

/// Places of the range's values.
#[derive(Debug)]
struct Places {
    range: Range,
    from: String,
    to: String,
    from_ms: String,
    to_ms: String,
}

impl Scoped {
    pub(super) fn new(sql: &mut Sql, part: Part, range: Option<Range>) -> Self {
        let all = part == Part::All;
        Self {
            first_seen: if all {
                "issue.first_seen"
            } else {
                "part.first_seen"
            },
            last_seen: if all {
                "issue.last_seen"
            } else {
                "part.last_seen"
            },
            count_ever: if all { "issue.count" } else { "part.count" },
            id: "issue.id",
            walked: None,
            part,
            range: range.map(|range| Places {
                range,
                from: sql.value(range.from),
                to: sql.value(range.to),
                from_ms: sql.value(range.from_ms()),
                to_ms: sql.value(range.to_ms()),
            }),
            number: part.table().map(|(_, _, number)| sql.value(number)),
        }
    }

    /// Issues to go through, the issue leading (found by its conditions) or the part;
    /// of the part alone if nothing is asked of the issue.
    pub(super) fn tables(&mut self, sql: &mut Sql, issue_leads: bool, needs_issue: bool) -> String {
        let (Some((table, column, _)), Some(number)) = (self.part.table(), &self.number) else {
            return "issue".to_owned();
        };
        if issue_leads {
            return format!(
                "issue CROSS JOIN {table} AS part
                 ON part.issue_id = issue.id AND part.{column} = {number}"
            );
        }
        sql.condition(format!("part.{column} = {number}"));
        self.id = "part.issue_id";
        if !needs_issue {
            return format!("{table} AS part");
        }
        format!("{table} AS part CROSS JOIN issue ON issue.id = part.issue_id")
    }

    /// Whether an hour's or minute's row is of the part.
    pub(super) fn of_part(&self, alias: &str) -> String {
        match (&self.part, &self.number) {
            (Part::Scene(_), Some(number)) => format!(" AND {alias}.scene = {number}"),
            (Part::Environment(_), Some(number)) => {
                format!(" AND {alias}.scene IN (SELECT id FROM scene WHERE environment = {number})")
            }
            (Part::Release(_), Some(number)) => {
                format!(" AND {alias}.scene IN (SELECT id FROM scene WHERE release = {number})")
            }
            _ => String::new(),
        }
    }

    /// Rows of an issue's fingerprints within range and part, of minutes or hours.
    pub(super) fn times(&self, places: &str) -> Option<String> {
        let range = self.range.as_ref()?;
        let unit = range.range.unit.name();
        Some(format!(
            "{} AND {places}.{unit} >= {} AND {places}.{unit} < {}{}",
            self.of_fingerprints(unit, places),
            range.from,
            range.to,
            self.of_part(places)
        ))
    }

    /// The same of the range of the same length before it.
    pub(super) fn times_before(&self, sql: &mut Sql, places: &str) -> Option<String> {
        let before = self.range.as_ref()?.range.before();
        let unit = before.unit.name();
        let (from, to) = (sql.value(before.from), sql.value(before.to));
        Some(format!(
            "{} AND {places}.{unit} >= {from} AND {places}.{unit} < {to}{}",
            self.of_fingerprints(unit, places),
            self.of_part(places)
        ))
    }

    /// Rows of the users of an issue's fingerprints within range and part.
    pub(super) fn users_rows(&self, places: &str) -> String {
        let range = self.range.as_ref().map_or_else(String::new, |range| {
            let (hours, minutes) = user_bounds(range.range, places);
            format!(" AND {hours}{minutes}")
        });
        format!(
            "{}{range}{}",
            self.of_fingerprints("user_hour", places),
            self.of_part(places)
        )
    }

    /// Rows that an issue's fingerprints have in a table.
    fn of_fingerprints(&self, table: &str, places: &str) -> String {
        format!(
            "fingerprint AS {places}_of CROSS JOIN fingerprint_{table} AS {places}
             WHERE {places}_of.issue_id = {} AND {places}.fingerprint_id = {places}_of.id",
            self.id
        )
    }

    /// Whether the issue has an event within range and part.
    pub(super) fn has_event(&self) -> Option<String> {
        let range = self.range.as_ref()?;
        let times = self.times("h")?;
        let (first, last) = (self.first_seen, self.last_seen);
        let (from, to) = (&range.from_ms, &range.to_ms);
        // Most issues tell by their first or last event.
        Some(format!(
            "({last} < {to} OR {first} >= {from} OR EXISTS (SELECT 1 FROM {times}))"
        ))
    }

    /// Places of the range's ends, ms.
    pub(super) fn ends_ms(&self) -> Option<(&str, &str)> {
        let range = self.range.as_ref()?;
        Some((&range.from_ms, &range.to_ms))
    }

    fn is_all_within(&self, range: &Places) -> String {
        let (first, last) = (self.first_seen, self.last_seen);
        format!("{first} >= {} AND {last} < {}", range.from_ms, range.to_ms)
    }

    /// Events within range and part.
    pub(super) fn count(&self) -> String {
        let (Some(range), Some(times)) = (&self.range, self.times("h")) else {
            return self.count_ever.to_owned();
        };
        format!(
            "CASE WHEN {} THEN {} ELSE (SELECT coalesce(sum(h.count), 0) FROM {times}) END",
            self.is_all_within(range),
            self.count_ever
        )
    }

    /// Distinct users within range and part.
    pub(super) fn users(&self) -> String {
        let rows = self.users_rows("u");
        let counted = format!("(SELECT count(DISTINCT u.user_hash) FROM {rows})");
        match (&self.range, self.part) {
            (None, Part::All) => "issue.users".to_owned(),
            (Some(range), Part::All) => format!(
                "CASE WHEN {} THEN issue.users ELSE {counted} END",
                self.is_all_within(range)
            ),
            _ => counted,
        }
    }
}

/// The hours of a range, and which minutes of the first and the last count.
fn user_bounds(range: Range, places: &str) -> (String, String) {
    let hours = |from: i64, to: i64| format!("{places}.hour >= {from} AND {places}.hour < {to}");
    if range.unit == Unit::Hour {
        return (hours(range.from, range.to), String::new());
    }
    let (first, last) = (range.from.div_euclid(60), (range.to - 1).div_euclid(60));
    let (from_minute, to_minute) = (range.from.rem_euclid(60), (range.to - 1).rem_euclid(60));
    let after = !0u64 << from_minute;
    let before = !0u64 >> (63 - to_minute);
    let bits = |mask: u64| format!("({places}.minutes & {}) <> 0", mask as i64);
    let minutes = if first == last {
        // One hour: the same minute must be within both ends.
        format!(" AND {}", bits(after & before))
    } else {
        format!(
            " AND ({places}.hour > {first} OR {}) AND ({places}.hour < {last} OR {})",
            bits(after),
            bits(before)
        )
    };
    (hours(first, last + 1), minutes)
}
