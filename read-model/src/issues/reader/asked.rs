//! A query of the search language as conditions over rows of `issue`.
//!
//! Invariant: a condition is never NULL, so that NOT is its complement. What is asked of
//! events (release, environment, tags, users) holds for an issue if one of its events, since
//! the beginning, says so; each term for itself. Fields that the database cannot answer are
//! refused before ([`search_language::Query::check`]); one that comes nevertheless finds
//! nothing. Names of releases and environments are compared here, in time linear in their
//! length, and asked for by number.
//!
//! No condition may lead SQLite to an index: how a list is walked is decided by counting
//! ([`super::list`]). Parts of a query that few issues pass are found out first ([`Snapshot::few`]) and
//! become the ids that are gone through.

use std::collections::BTreeMap;

use event_model::{Fingerprint, IssueId, Level, ProjectId, UserId};
use rusqlite::params_from_iter;
use search_language::{Expression, Field, Key, Known, Leaf, Pattern};
use xxhash_rust::xxh3::xxh3_64;

use super::{
    ReadError, Snapshot,
    list::{DRIVE_MAX, IssueFilter},
    scope::{Part, Scoped, Sql},
};
use crate::{fold::fold, issues::numbers::level_number};

mod states;

/// Kinds of a user's identity, as events store it.
const USER_KINDS: [&str; 5] = ["id", "email", "username", "session", "ip"];
/// Title and culprit, of what is folded.
const TITLE: &str = "substr(issue.folded, 1, instr(issue.folded, char(10)) - 1)";
const CULPRIT: &str = "substr(issue.folded, instr(issue.folded, char(10)) + 1)";

/// Fingerprints by project: they are alike in all projects.
pub type OfProjects = Vec<(ProjectId, Vec<Fingerprint>)>;

impl Snapshot<'_> {
    /// What is asked for, as far as it is in sight, and the few issues that pass a part of it.
    pub(super) fn narrowed(&self, filter: &IssueFilter) -> Result<IssueFilter, ReadError> {
        let mut filter = IssueFilter {
            projects: self.within(&filter.projects),
            ..filter.clone()
        };
        if filter.ids.is_none()
            && let Some(asked) = &filter.asked
        {
            filter.ids = self.few(asked)?;
        }
        Ok(filter)
    }

    /// The fingerprints of issues in sight that pass, by project; none if they are more than
    /// `most`.
    pub fn fingerprints_of(
        &self,
        asked: &Expression<Leaf>,
        most: usize,
    ) -> Result<Option<OfProjects>, ReadError> {
        let mut sql = Sql::default();
        let scoped = Scoped::new(&mut sql, Part::All, None);
        if let Some(ids) = self.few(asked)? {
            let ids = sql.list(ids.iter().map(|id| id.0 as i64));
            sql.condition(format!("issue.id IN {ids}"));
        }
        if let Some(projects) = sql.projects(self.sight) {
            sql.condition(format!("+issue.project_id IN {projects}"));
        }
        let condition = self.condition(&mut sql, &scoped, asked)?;
        sql.condition(condition);
        // The index of events may still have what they were called before.
        let text = format!(
            "WITH found AS MATERIALIZED (
                 SELECT own.id, own.project_id, own.fingerprint FROM issue
                 CROSS JOIN fingerprint AS own ON own.issue_id = issue.id{} LIMIT {})
             SELECT project_id, fingerprint FROM found
             UNION ALL SELECT former.project_id, former.fingerprint FROM former
                 CROSS JOIN found ON found.id = former.fingerprint_id",
            sql.clause(),
            most + 1
        );
        let mut by_project: BTreeMap<ProjectId, Vec<Fingerprint>> = BTreeMap::new();
        let mut count = 0;
        self.rows(&text, params_from_iter(sql.values), |row| {
            let project = ProjectId(row.get(0)?);
            by_project
                .entry(project)
                .or_default()
                .push(Fingerprint(row.get(1)?));
            count += 1;
            Ok(())
        })?;
        Ok((count <= most).then(|| by_project.into_iter().collect()))
    }

    /// Adds the condition of what is asked, if anything is.
    pub(super) fn add_asked(
        &self,
        sql: &mut Sql,
        scoped: &Scoped,
        filter: &IssueFilter,
    ) -> Result<(), ReadError> {
        if let Some(asked) = &filter.asked {
            let condition = self.condition(sql, scoped, asked)?;
            sql.condition(condition);
        }
        Ok(())
    }

    /// The condition of a query.
    pub(super) fn condition(
        &self,
        sql: &mut Sql,
        scoped: &Scoped,
        asked: &Expression<Leaf>,
    ) -> Result<String, ReadError> {
        let mut joined = |parts: &[Expression<Leaf>], between: &str, none: &str| {
            let parts = parts.iter().map(|part| self.condition(sql, scoped, part));
            let parts: Vec<String> = parts.collect::<Result<_, ReadError>>()?;
            if parts.is_empty() {
                return Ok(none.to_owned());
            }
            Ok(format!("({})", parts.join(between)))
        };
        match asked {
            Expression::And(parts) => joined(parts, " AND ", "1"),
            Expression::Or(parts) => joined(parts, " OR ", "0"),
            Expression::Not(inner) => Ok(format!("NOT {}", self.condition(sql, scoped, inner)?)),
            Expression::Term(leaf) => self.leaf(sql, scoped, leaf),
        }
    }

    fn leaf(&self, sql: &mut Sql, scoped: &Scoped, leaf: &Leaf) -> Result<String, ReadError> {
        let key = match &leaf.field {
            Field::Any => {
                return Ok(match &leaf.test {
                    Known::Text(pattern) => anywhere(sql, pattern),
                    _ => never(),
                });
            }
            Field::Tag(tag) => return Ok(tagged(sql, tag, &leaf.test)),
            Field::Known(key) => *key,
        };
        Ok(match (key, &leaf.test) {
            (_, Known::State(state)) => states::is(sql, scoped, *state),
            (Key::Assigned, Known::People(people)) => assigned(sql, people),
            (Key::Assigned, Known::Present) => "(issue.assignee IS NOT NULL)".to_owned(),
            (Key::Level, Known::Levels(levels)) => level_in(sql, levels),
            (_, Known::Projects(projects)) => {
                let ids = sql.list(projects.iter().map(|id| i64::from(id.0)));
                format!("(+issue.project_id IN {ids})")
            }
            (Key::Release | Key::ReleaseVersion | Key::Environment, test) => {
                let names = self.names(test)?;
                of_name(sql, key, names)
            }
            (Key::User | Key::UserId, test) => by_user(sql, key, test),
            (Key::Title | Key::Message, Known::Text(pattern)) => holds(sql, TITLE, pattern),
            (Key::Culprit, Known::Text(pattern)) => holds(sql, CULPRIT, pattern),
            // Every issue has them.
            (
                Key::Title
                | Key::Message
                | Key::Level
                | Key::FirstSeen
                | Key::LastSeen
                | Key::Age
                | Key::TimesSeen,
                Known::Present,
            ) => "1".to_owned(),
            (Key::Users, Known::Present) => "(+issue.users > 0)".to_owned(),
            (Key::Handled, Known::Present) => "(issue.handled <> 0)".to_owned(),
            (Key::Handled, Known::Flag(flag)) => {
                let number = if *flag { 2 } else { 1 };
                format!("(issue.handled = {number})")
            }
            (Key::FirstSeen | Key::Age, Known::Time(from, to)) => {
                within(sql, scoped, "issue.first_seen", *from, *to)
            }
            (Key::LastSeen, Known::Time(from, to)) => {
                within(sql, scoped, "issue.last_seen", *from, *to)
            }
            (Key::Resolved, test) => states::resolved(sql, test),
            (Key::TimesSeen, Known::Number(from, to)) => {
                between(sql, scoped, "issue.count", *from, *to)
            }
            (Key::Users, Known::Number(from, to)) => {
                between(sql, scoped, "issue.users", *from, *to)
            }
            (Key::Issue, Known::Issues(ids)) => {
                let ids = self.leads(ids)?;
                format!("(+issue.id IN {})", sql.list(ids))
            }
            (key, test) => match column_of(key) {
                Some(column) => column_is(sql, column, test),
                None => never(),
            },
        })
    }

    /// The issues that these ids lead to.
    fn leads(&self, ids: &[IssueId]) -> Result<Vec<i64>, ReadError> {
        let led = self.led(ids)?;
        Ok(led.into_iter().map(|(_, row)| row.id.0 as i64).collect())
    }

    /// Numbers of the names that pass; none: any name.
    fn names(&self, test: &Known) -> Result<Option<Vec<i64>>, ReadError> {
        let prefix = match test {
            Known::Text(pattern) => pattern.prefix(),
            Known::Version(_) => "",
            Known::Present => return Ok(None),
            _ => return Ok(Some(Vec::new())),
        };
        let matches = |name: &str| match test {
            Known::Text(pattern) => pattern.matches(name),
            Known::Version(version) => version.matches(name),
            _ => false,
        };
        let literal = matches!(test, Known::Text(pattern) if pattern.wildcards() == 0);
        let compare = if literal { "=" } else { ">=" };
        let text = format!("SELECT id, name FROM name WHERE name {compare} ?1 ORDER BY name");
        let mut statement = self.connection.prepare_cached(&text)?;
        let mut rows = statement.query([prefix])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let name = row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?;
            if !name.starts_with(prefix) {
                break;
            }
            if matches(name) {
                found.push(row.get(0)?);
            }
        }
        Ok(Some(found))
    }

    /// The issues that pass one of the parts that must all hold, if they are few.
    fn few(&self, asked: &Expression<Leaf>) -> Result<Option<Vec<IssueId>>, ReadError> {
        let parts = match asked {
            Expression::And(parts) => parts.as_slice(),
            one => std::slice::from_ref(one),
        };
        for part in parts {
            let Expression::Term(leaf) = part else {
                continue;
            };
            if let Some(ids) = self.few_of(leaf)? {
                return Ok(Some(ids));
            }
        }
        Ok(None)
    }

    fn few_of(&self, leaf: &Leaf) -> Result<Option<Vec<IssueId>>, ReadError> {
        let mut sql = Sql::default();
        let Field::Known(key) = leaf.field else {
            return Ok(None);
        };
        let (column, table) = match (key, &leaf.test) {
            (Key::Release | Key::ReleaseVersion | Key::Environment, test) => {
                let Some(names) = self.names(test)? else {
                    return Ok(None);
                };
                let (table, column) = table_of(key);
                let names = sql.list(names);
                sql.condition(format!("{column} IN {names}"));
                ("issue_id", table)
            }
            (Key::Issue, Known::Issues(ids)) => {
                let ids = self.leads(ids)?;
                return Ok(Some(ids.into_iter().map(|id| IssueId(id as u64)).collect()));
            }
            (Key::Assigned, Known::People(people)) if !people.is_empty() => {
                let people = sql.list(people.iter().map(|id| i64::from(id.0)));
                sql.condition(format!("assignee IN {people}"));
                ("id", "issue")
            }
            (Key::FirstSeen | Key::Age | Key::LastSeen, Known::Time(from, to)) => {
                let column = if key == Key::LastSeen {
                    "last_seen"
                } else {
                    "first_seen"
                };
                let (from, to) = (sql.value(*from), sql.value(*to));
                sql.condition(format!("{column} >= {from} AND {column} < {to}"));
                ("id", "issue")
            }
            (Key::TimesSeen | Key::Users, Known::Number(from, to)) => {
                let column = if key == Key::Users { "users" } else { "count" };
                let (from, to) = (sql.value(signed(*from)), sql.value(signed(*to)));
                sql.condition(format!("{column} >= {from} AND {column} <= {to}"));
                ("id", "issue")
            }
            _ => return Ok(None),
        };
        let text = format!(
            "SELECT {column} FROM {table}{} LIMIT {}",
            sql.clause(),
            DRIVE_MAX + 1
        );
        let mut found: Vec<IssueId> = self.rows(&text, params_from_iter(sql.values), |row| {
            Ok(IssueId(row.get::<_, i64>(0)? as u64))
        })?;
        if found.len() as i64 > DRIVE_MAX {
            return Ok(None);
        }
        // An issue has a row for each of its releases.
        found.sort_unstable();
        found.dedup();
        Ok(Some(found))
    }
}

fn never() -> String {
    "0".to_owned()
}

fn assigned(sql: &mut Sql, people: &[UserId]) -> String {
    if people.is_empty() {
        return "(issue.assignee IS NULL)".to_owned();
    }
    let people = sql.list(people.iter().map(|id| i64::from(id.0)));
    // Nobody has no number.
    format!("(coalesce(issue.assignee, -1) IN {people})")
}

fn level_in(sql: &mut Sql, levels: &[Level]) -> String {
    let levels = sql.list(levels.iter().map(|level| level_number(*level)));
    format!("(+issue.level IN {levels})")
}

/// Keeps SQLite from an index, but for the one that is walked anyway.
fn plus(scoped: &Scoped, column: &str) -> &'static str {
    let is_walked = scoped
        .walked
        .as_ref()
        .is_some_and(|walked| walked == column);
    if is_walked { "" } else { "+" }
}

/// From the first on, before the second.
fn within(sql: &mut Sql, scoped: &Scoped, column: &str, from: i64, to: i64) -> String {
    let (from, to) = (sql.value(from), sql.value(to));
    let plus = plus(scoped, column);
    format!("({plus}{column} >= {from} AND {plus}{column} < {to})")
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Both included.
fn between(sql: &mut Sql, scoped: &Scoped, column: &str, from: u64, to: u64) -> String {
    let (from, to) = (sql.value(signed(from)), sql.value(signed(to)));
    let plus = plus(scoped, column);
    format!("({plus}{column} >= {from} AND {plus}{column} <= {to})")
}

/// Table and column of what issues have of releases and environments.
fn table_of(key: Key) -> (&'static str, &'static str) {
    if key == Key::Environment {
        ("issue_environment", "environment")
    } else {
        ("issue_release", "release")
    }
}

fn of_name(sql: &mut Sql, key: Key, names: Option<Vec<i64>>) -> String {
    let (table, column) = table_of(key);
    // Number 0 is the name that is none.
    let is = match names {
        None => format!("named.{column} <> 0"),
        Some(names) if names.len() == 1 => {
            let name = sql.value(names[0]);
            format!("named.{column} = {name}")
        }
        // An issue has few names, and there may be many that pass: not each is looked up.
        Some(names) => format!("+named.{column} IN {}", sql.list(names)),
    };
    format!("EXISTS (SELECT 1 FROM {table} AS named WHERE named.issue_id = issue.id AND {is})")
}

/// By the hashes of their identities.
fn by_user(sql: &mut Sql, key: Key, test: &Known) -> String {
    let text = match test {
        Known::Present if key == Key::User => return "(+issue.users > 0)".to_owned(),
        Known::Text(pattern) => match pattern.as_literal() {
            Some(text) => text,
            None => return never(),
        },
        _ => return never(),
    };
    let mut identities: Vec<String> = if key == Key::UserId {
        vec![format!("id:{text}")]
    } else {
        USER_KINDS
            .iter()
            .map(|kind| format!("{kind}:{text}"))
            .collect()
    };
    if key == Key::User {
        identities.push(text.to_owned());
    }
    let hashes = identities.iter().map(|one| xxh3_64(one.as_bytes()) as i64);
    let hashes = sql.list(hashes);
    format!(
        "EXISTS (SELECT 1 FROM fingerprint AS of_user
             CROSS JOIN fingerprint_user AS seen_by ON seen_by.fingerprint_id = of_user.id
             WHERE of_user.issue_id = issue.id AND seen_by.user_hash IN {hashes})"
    )
}

fn tagged(sql: &mut Sql, tag: &str, test: &Known) -> String {
    let key = sql.value(tag.to_owned());
    let value = match test {
        Known::Present => String::new(),
        Known::Text(pattern) => format!(" AND {}", is(sql, "tag.value", pattern)),
        _ => return never(),
    };
    format!(
        "EXISTS (SELECT 1 FROM fingerprint AS of_tag
             CROSS JOIN fingerprint_tag AS tag ON tag.fingerprint_id = of_tag.id
             WHERE of_tag.issue_id = issue.id AND tag.key = {key}{value})"
    )
}

/// Columns of texts that are compared whole.
fn column_of(key: Key) -> Option<&'static str> {
    match key {
        Key::Type => Some("issue.type"),
        Key::Platform => Some("issue.platform"),
        Key::FirstRelease => Some("issue.first_release"),
        Key::LastRelease => Some("issue.last_release"),
        Key::RegressedIn => Some("coalesce(issue.regressed_in, '')"),
        Key::Culprit => Some("issue.culprit"),
        _ => None,
    }
}

fn column_is(sql: &mut Sql, column: &str, test: &Known) -> String {
    match test {
        Known::Present => format!("({column} <> '')"),
        Known::Text(pattern) => is(sql, column, pattern),
        _ => never(),
    }
}

/// Whether the whole text matches.
fn is(sql: &mut Sql, text: &str, pattern: &Pattern) -> String {
    match pattern.as_literal() {
        Some(literal) => format!("({text} = {})", sql.value(literal.to_owned())),
        None => format!("({text} GLOB {})", sql.value(pattern.glob())),
    }
}

/// Whether a folded text holds the pattern.
fn holds(sql: &mut Sql, text: &str, pattern: &Pattern) -> String {
    let pattern = pattern.map(fold);
    match pattern.as_literal() {
        Some(literal) => format!("(instr({text}, {}) > 0)", sql.value(literal.to_owned())),
        None => format!("({text} GLOB {})", sql.value(pattern.within().glob())),
    }
}

/// Title or culprit; a wildcard does not reach from one to the other.
fn anywhere(sql: &mut Sql, pattern: &Pattern) -> String {
    if pattern.wildcards() == 0 {
        return holds(sql, "issue.folded", pattern);
    }
    let (title, culprit) = (holds(sql, TITLE, pattern), holds(sql, CULPRIT, pattern));
    format!("({title} OR {culprit})")
}

#[cfg(test)]
mod tests;
