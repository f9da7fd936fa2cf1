//! Issues that pass a filter, by field, and their events over time.
//!
//! Invariant: a value's number is the total of the list that asks for the value, too.

use rusqlite::params_from_iter;
use search_language::Key;

use super::{
    ReadError, Snapshot, Window,
    list::{IssueFilter, asks_of_issues},
    scope::Sql,
    stats::SeriesBy,
};
use crate::issues::numbers::status_of;

/// Most distinct values that are told apart of one field.
const VALUES_MAX: usize = 10_000;

/// Values of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssueFacet {
    /// Which.
    pub key: Key,
    /// Issues that have a value.
    pub issues: u64,
    /// Distinct values.
    pub distinct: u32,
    /// Most frequent first, with how many issues have them: names; of projects, levels and
    /// members their number, of nobody nothing.
    pub values: Vec<(String, u64)>,
}

/// Of all fields, in the order they are shown.
pub type IssueFacets = Vec<IssueFacet>;

/// Fields that a row of `issue` has, each with its column.
const COLUMNS: [(Key, &str); 6] = [
    (Key::Is, "issue.status"),
    (Key::Level, "issue.level"),
    (Key::Project, "issue.project_id"),
    (Key::Assigned, "coalesce(issue.assignee, '')"),
    (Key::Platform, "issue.platform"),
    (Key::Type, "issue.type"),
];

impl Snapshot<'_> {
    /// Issues that pass, by field: of each field at most `limit` values.
    pub fn issue_facets(
        &self,
        filter: &IssueFilter,
        limit: usize,
    ) -> Result<IssueFacets, ReadError> {
        let mut facets = Vec::new();
        for (key, column) in COLUMNS {
            facets.push(self.column_facet(filter, key, column, limit)?);
        }
        for key in [Key::Release, Key::Environment] {
            // Behind those of three words each.
            facets.insert(4, self.name_facet(filter, key, limit)?);
        }
        Ok(facets)
    }

    fn column_facet(
        &self,
        filter: &IssueFilter,
        key: Key,
        column: &str,
        limit: usize,
    ) -> Result<IssueFacet, ReadError> {
        let mut facet = IssueFacet {
            key,
            issues: 0,
            distinct: 0,
            values: Vec::new(),
        };
        let mut sql = Sql::default();
        let Some((_, passing)) = self.passing(&mut sql, filter, true)? else {
            return Ok(facet);
        };
        let text = format!(
            "SELECT CAST({column} AS TEXT) AS value, count(*) AS issues FROM {passing}
             GROUP BY 1 ORDER BY issues DESC, value LIMIT {VALUES_MAX}"
        );
        let rows = self.rows(&text, params_from_iter(sql.values), |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)? as u64))
        })?;
        for (value, issues) in rows {
            let is_none = value.is_empty();
            if !is_none {
                facet.issues += issues;
                facet.distinct += 1;
            }
            if facet.values.len() < limit && (!is_none || key == Key::Assigned) {
                let value = match key {
                    Key::Is => status_of(value.parse().unwrap_or_default())
                        .name()
                        .to_owned(),
                    _ => value,
                };
                facet.values.push((value, issues));
            }
        }
        Ok(facet)
    }

    /// Releases or environments: which there are most of is told by what issues ever had,
    /// how many by a list of each.
    fn name_facet(
        &self,
        filter: &IssueFilter,
        key: Key,
        limit: usize,
    ) -> Result<IssueFacet, ReadError> {
        let (table, column) = if key == Key::Environment {
            ("issue_environment", "environment")
        } else {
            ("issue_release", "release")
        };
        let mut facet = IssueFacet {
            key,
            issues: 0,
            distinct: 0,
            values: Vec::new(),
        };
        let mut sql = Sql::default();
        let Some((scoped, passing)) = self.passing(&mut sql, filter, false)? else {
            return Ok(facet);
        };
        let with = format!(
            "WITH passing AS MATERIALIZED (SELECT {} AS id FROM {passing})",
            scoped.id
        );
        let text = format!(
            "{with} SELECT name.name, count(*) AS issues FROM passing
             CROSS JOIN {table} AS named ON named.issue_id = passing.id
             CROSS JOIN name ON name.id = named.{column}
             GROUP BY 1 ORDER BY issues DESC, 1 LIMIT {VALUES_MAX}"
        );
        let values = sql.values.clone();
        let found = self.rows(&text, params_from_iter(sql.values), |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)? as u64))
        })?;
        let text = format!(
            "{with} SELECT count(*) FROM passing WHERE EXISTS (SELECT 1 FROM {table} AS named
                 WHERE named.issue_id = passing.id AND named.{column} <> 0)"
        );
        let issues = self.rows(&text, params_from_iter(values), |row| row.get::<_, i64>(0))?;
        facet.issues = issues.first().copied().unwrap_or_default() as u64;
        facet.distinct = found.len() as u32;
        for (name, ever) in found {
            if facet.values.len() >= limit {
                break;
            }
            let issues = self.of_name(filter, key, &name, ever)?;
            if issues > 0 {
                facet.values.push((name, issues));
            }
        }
        facet
            .values
            .sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        Ok(facet)
    }

    /// How many issues pass with this name, too.
    fn of_name(
        &self,
        filter: &IssueFilter,
        key: Key,
        name: &str,
        ever: u64,
    ) -> Result<u64, ReadError> {
        let mut with_name = filter.clone();
        let scope = &mut with_name.scope;
        let place = if key == Key::Environment {
            &mut scope.environment
        } else {
            &mut scope.release
        };
        if place.is_empty() {
            name.clone_into(place);
        } else if place != name {
            // The list is of another one: each for itself, an issue may have both.
            return Ok(ever);
        }
        self.total(&with_name)
    }

    /// Events over time of the issues that pass, within the filter's environment and release.
    pub fn series_of(&self, filter: &IssueFilter, window: Window) -> Result<Vec<u64>, ReadError> {
        let mut counts = window.zeros();
        if !asks_of_issues(filter) {
            let all = self.series(window, &filter.projects, &filter.scope, SeriesBy::Nothing)?;
            return Ok(all
                .into_iter()
                .next()
                .map_or(counts, |series| series.counts));
        }
        let unit = window.range.unit.name();
        let mut sql = Sql::default();
        let Some((scoped, passing)) = self.passing(&mut sql, filter, false)? else {
            return Ok(counts);
        };
        let (from, to) = (sql.value(window.range.from), sql.value(window.range.to));
        let (first, length) = (
            sql.value(window.from),
            sql.value(i64::from(window.per_bucket)),
        );
        let text = format!(
            "WITH passing AS MATERIALIZED (SELECT {} AS id FROM {passing})
             SELECT (h.{unit} - {first}) / {length}, sum(h.count) FROM passing
             CROSS JOIN fingerprint AS of CROSS JOIN fingerprint_{unit} AS h
             WHERE of.issue_id = passing.id AND h.fingerprint_id = of.id
                 AND h.{unit} >= {from} AND h.{unit} < {to}{}
             GROUP BY 1",
            scoped.id,
            scoped.of_part("h")
        );
        let rows = self.rows(&text, params_from_iter(sql.values), |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?))
        })?;
        for (bucket, count) in rows {
            Window::add(&mut counts, bucket, count);
        }
        Ok(counts)
    }
}
