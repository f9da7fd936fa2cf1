//! The values that are most frequent, for whoever types a query.
//!
//! Invariant: an answer costs a bounded number of rows: releases and environments are counted
//! by project (10,000 and 1,000 a project at most); tags are those of the
//! [`ISSUES_LOOKED_AT`] issues that were last seen, [`TAG_ROWS_MAX`] rows at most.

use event_model::access::Sight;
use rusqlite::params_from_iter;

use super::{ReadError, Snapshot, ValueCount, scope::Sql};

/// Issues whose tags are counted.
const ISSUES_LOOKED_AT: i64 = 500;
/// Most rows of tags that are counted.
const TAG_ROWS_MAX: i64 = 50_000;

/// What is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Common<'a> {
    /// Names of releases.
    Releases,
    /// Names of environments.
    Environments,
    /// Keys of tags.
    TagKeys,
    /// Values of this tag.
    TagValues(&'a str),
}

impl Snapshot<'_> {
    /// At most `most` values that hold `part`, in any case of ASCII letters; the most frequent
    /// first, of equal ones by name.
    pub fn common(
        &self,
        of: Common<'_>,
        projects: &Sight,
        part: &str,
        most: u32,
    ) -> Result<Vec<ValueCount>, ReadError> {
        let projects = self.within(projects);
        let mut sql = Sql::default();
        let rows = match of {
            Common::Releases | Common::Environments => {
                let (table, column) = if of == Common::Releases {
                    ("release", "version")
                } else {
                    ("environment", "name")
                };
                let seen = sql.and_projects("project_id", &projects);
                format!("SELECT {column} AS value, count FROM {table} WHERE 1{seen}")
            }
            Common::TagKeys | Common::TagValues(_) => {
                let (column, key) = match of {
                    Common::TagValues(key) => {
                        let key = sql.value(key.to_owned());
                        ("value", format!(" AND tag.key = {key}"))
                    }
                    _ => ("key", String::new()),
                };
                let seen = sql.and_projects("+issue.project_id", &projects);
                format!(
                    "SELECT tag.{column} AS value, tag.count FROM
                         (SELECT id FROM issue WHERE 1{seen}
                          ORDER BY last_seen DESC LIMIT {ISSUES_LOOKED_AT}) AS newest
                     CROSS JOIN fingerprint AS own ON own.issue_id = newest.id
                     CROSS JOIN fingerprint_tag AS tag ON tag.fingerprint_id = own.id{key}
                     LIMIT {TAG_ROWS_MAX}"
                )
            }
        };
        let part = sql.value(part.to_lowercase());
        let most = sql.value(i64::from(most));
        let text = format!(
            "SELECT value, sum(count) AS total FROM ({rows})
             WHERE value <> '' AND instr(lower(value), {part}) > 0
             GROUP BY value ORDER BY total DESC, value LIMIT {most}"
        );
        self.rows(&text, params_from_iter(sql.values), |row| {
            Ok(ValueCount {
                value: row.get(0)?,
                count: row.get::<_, i64>(1)? as u64,
            })
        })
    }
}
