//! The search language at the door: texts become trees that mean something to their reader,
//! refusals point at the character. Compiled they are where they are answered: by read-model.

mod complete;

use std::collections::BTreeSet;

use event_model::{IssueId, access::Viewer, control::Project, credential::Caller};
use jiff::tz::TimeZone;
use proto::error::Place as InText;
use read_model::search::reader::{EventFilter, EventTest};
use search_language::{
    Answer, Expression, Field, Key, Known, Leaf, Pattern, Place, Query, QueryError, Reader, Span,
    resolve::Person,
};

use crate::{core::Core, error::ApiError, events::issues_of, view::View};

/// Most fingerprints of issues that a query of events may ask for.
const FINGERPRINTS_MAX: usize = 100_000;

/// A query and its text.
#[derive(Debug, Clone)]
pub(crate) struct Asked<'t> {
    text: &'t str,
    query: Query,
}

impl<'t> Asked<'t> {
    /// Reads the text of a query.
    pub(crate) fn read(text: &'t str, place: Place) -> Result<Self, ApiError> {
        let query = search_language::parse(text).map_err(|error| refusal(&error, text))?;
        query.check(place).map_err(|error| refusal(&error, text))?;
        Ok(Self { text, query })
    }

    /// What it means to its reader. None: everything.
    pub(crate) fn resolve(&self, reader: &Reader) -> Result<Option<Expression<Leaf>>, ApiError> {
        let resolved = self.query.resolve(reader);
        resolved.map_err(|error| refusal(&error, self.text))
    }
}

/// A refusal of a query, with the place.
pub(crate) fn refusal(error: &QueryError, text: &str) -> ApiError {
    let (offset, length) = error.span.characters(text);
    ApiError::invalid("query", error.message.as_str()).within(Some(InText {
        offset: offset as u32,
        length: length as u32,
        suggestion: error.suggestion.clone().unwrap_or_default(),
    }))
}

impl Core {
    /// The viewer as a reader of queries; `zone` is the name of theirs, empty for UTC.
    /// `now_s` is where their relative times end, Unix seconds.
    pub(crate) fn search_reader(
        &self,
        viewer: &Viewer,
        zone: &str,
        now_s: i64,
    ) -> Result<Reader, ApiError> {
        let zone = match zone {
            "" => TimeZone::UTC,
            name => TimeZone::get(name).map_err(|_| {
                let name: String = name.chars().take(64).collect();
                ApiError::invalid(
                    "time_zone",
                    format!("{name:?} is no time zone that is known"),
                )
            })?,
        };
        let state = self.control.state();
        let me = match viewer.caller() {
            Caller::User { id, .. } => Some(id),
            Caller::Internal | Caller::Admin => None,
        };
        let seen = |project: &&Project| viewer.sees(project.id);
        Ok(Reader {
            now_ms: now_s.saturating_mul(1000),
            zone,
            me,
            people: state
                .users
                .values()
                .map(|user| Person {
                    id: user.id,
                    email: user.email.clone(),
                    name: user.name.clone(),
                })
                .collect(),
            projects: state
                .projects
                .values()
                .filter(seen)
                .map(|project| (project.id, project.name.clone()))
                .collect(),
        })
    }
}

/// Most fingerprints that events of a term may have where it is asked of their issues.
const SOURCES_MAX: usize = 50_000;

/// What a term asks of events becomes the issues that they belong to: an issue is found by
/// whatever one of its events says.
pub(crate) fn issues_of_events(
    view: &View<'_>,
    asked: Expression<Leaf>,
) -> Result<Expression<Leaf>, ApiError> {
    asked.try_map(&mut |leaf| {
        let Known::Event(id) = leaf.test else {
            return by_events(view, leaf);
        };
        let hit = view.find(id)?;
        let issues = match hit {
            Some(hit) => issues_of(view, &[hit])?,
            None => std::collections::HashMap::new(),
        };
        Ok(Expression::Term(Leaf {
            field: Field::Known(Key::Issue),
            test: Known::Issues(issues.into_values().map(|row| row.id).collect()),
            span: leaf.span,
        }))
    })
}

/// A word without a key, of titles or of events; none if so many events have it that it is
/// one of titles alone.
pub(crate) fn word_of_events(
    view: &View<'_>,
    word: &str,
) -> Result<Option<Expression<Leaf>>, ApiError> {
    let leaf = Leaf {
        field: Field::Any,
        test: Known::Text(Pattern::literal(word)),
        span: Span::default(),
    };
    let either = by_events(view, leaf)?;
    Ok(matches!(either, Expression::Or(_)).then_some(either))
}

/// A term, of issues whose events say so as well. A word without a key that so many events
/// have is found in titles alone.
fn by_events(view: &View<'_>, leaf: Leaf) -> Result<Expression<Leaf>, ApiError> {
    let info = leaf.field.info();
    let is_theirs = info.is_some_and(|info| info.issues == Answer::OfEvents);
    let is_word = leaf.field == Field::Any
        && matches!(&leaf.test, Known::Text(pattern) if !pattern.is_anything());
    if !is_theirs && !is_word {
        return Ok(Expression::Term(leaf));
    }
    let filter = EventFilter {
        asked: Some(Expression::Term(EventTest::Leaf(leaf.clone()))),
        ..EventFilter::default()
    };
    let issues = match view.sources(&filter, SOURCES_MAX)? {
        Some(sources) => {
            let ids = view.issues(|snapshot| snapshot.issue_ids(sources))?;
            let ids: BTreeSet<IssueId> = ids.into_values().collect();
            Expression::Term(Leaf {
                field: Field::Known(Key::Issue),
                test: Known::Issues(ids.into_iter().collect()),
                span: leaf.span,
            })
        }
        None if is_word => return Ok(Expression::Term(leaf)),
        None => {
            let name = leaf.field.name();
            let message =
                format!("events of more than {SOURCES_MAX} groups have such {name}: narrow it");
            return Err(ApiError::invalid("query", message));
        }
    };
    Ok(if is_word {
        Expression::or([Expression::Term(leaf), issues])
    } else {
        issues
    })
}

/// A query as events can be asked it: what it asks of their issues becomes those issues.
pub(crate) fn of_events(
    view: &View<'_>,
    asked: Expression<Leaf>,
) -> Result<Expression<EventTest>, ApiError> {
    if asked.all(is_of_issue) {
        return fingerprints(view, asked);
    }
    match asked {
        Expression::And(parts) => grouped(view, parts, Expression::And),
        Expression::Or(parts) => grouped(view, parts, Expression::Or),
        Expression::Not(inner) => Ok(Expression::Not(Box::new(of_events(view, *inner)?))),
        Expression::Term(leaf) => Ok(Expression::Term(EventTest::Leaf(leaf))),
    }
}

fn is_of_issue(leaf: &Leaf) -> bool {
    let info = leaf.field.info();
    info.is_some_and(|info| info.events == Answer::OfIssue)
}

/// Parts with those that ask of the issue alone as one.
fn grouped(
    view: &View<'_>,
    parts: Vec<Expression<Leaf>>,
    join: fn(Vec<Expression<Leaf>>) -> Expression<Leaf>,
) -> Result<Expression<EventTest>, ApiError> {
    let is_and = matches!(join(Vec::new()), Expression::And(_));
    let (of_issue, others): (Vec<_>, Vec<_>) =
        parts.into_iter().partition(|part| part.all(is_of_issue));
    let mut all = Vec::with_capacity(others.len() + 1);
    if !of_issue.is_empty() {
        all.push(fingerprints(view, join(of_issue))?);
    }
    for part in others {
        all.push(of_events(view, part)?);
    }
    Ok(if is_and {
        Expression::And(all)
    } else {
        Expression::Or(all)
    })
}

/// The issues that pass, or those that do not, whichever can be named.
fn fingerprints(
    view: &View<'_>,
    asked: Expression<Leaf>,
) -> Result<Expression<EventTest>, ApiError> {
    let found = view.issues(|snapshot| snapshot.fingerprints_of(&asked, FINGERPRINTS_MAX))?;
    if let Some(found) = found {
        return Ok(Expression::Term(EventTest::Of(found)));
    }
    let other = asked.not();
    let found = view.issues(|snapshot| snapshot.fingerprints_of(&other, FINGERPRINTS_MAX))?;
    let found = found.ok_or_else(|| {
        ApiError::invalid(
            "query",
            format!("more than {FINGERPRINTS_MAX} groups of events pass what it asks of their issues: narrow it"),
        )
    })?;
    Ok(Expression::Not(Box::new(Expression::Term(EventTest::Of(
        found,
    )))))
}
