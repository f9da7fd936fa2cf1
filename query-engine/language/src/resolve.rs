//! What a query means to its reader at a moment: times are Unix milliseconds, people and
//! projects their numbers.

use event_model::{EventId, IssueId, Level, ProjectId, UserId};
use jiff::tz::TimeZone;

use crate::{
    error::{QueryError, Span, cut, nearest},
    expression::Expression,
    field::{Field, Key},
    pattern::Pattern,
    query::{Bounds, Query, Term, Test},
    values::{state::State, time::When, version::VersionTest},
};

/// Who asks, and when.
#[derive(Debug, Clone)]
pub struct Reader {
    /// The moment, Unix ms.
    pub now_ms: i64,
    /// Where the reader's days begin.
    pub zone: TimeZone,
    /// Whom "me" means; none: nobody, as with an API token of the installation.
    pub me: Option<UserId>,
    /// Members that the reader knows.
    pub people: Vec<Person>,
    /// Projects in sight, with their names.
    pub projects: Vec<(ProjectId, String)>,
}

/// A member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Which.
    pub id: UserId,
    /// Their address.
    pub email: String,
    /// Their name; may be empty.
    pub name: String,
}

/// A term of a resolved query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leaf {
    /// Of what. Ages are times of the first event, versions of releases are releases.
    pub field: Field,
    /// What must be.
    pub test: Known,
    /// Where it stands in the text.
    pub span: Span,
}

/// What a field must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known {
    /// It is there.
    Present,
    /// A text matches; of fields of words: holds it.
    Text(Pattern),
    /// How an issue stands.
    State(State),
    /// One of these levels.
    Levels(Vec<Level>),
    /// A number from the first to the second, both included.
    Number(u64, u64),
    /// A time from the first on and before the second, Unix ms.
    Time(i64, i64),
    /// A version.
    Version(VersionTest),
    /// Assigned to one of these; to nobody if it is none.
    People(Vec<UserId>),
    /// One of these projects.
    Projects(Vec<ProjectId>),
    /// Yes or no.
    Flag(bool),
    /// This event.
    Event(EventId),
    /// One of these issues.
    Issues(Vec<IssueId>),
}

impl Query {
    /// What it means to this reader. None: everything.
    pub fn resolve(&self, reader: &Reader) -> Result<Option<Expression<Leaf>>, QueryError> {
        let root = self
            .root
            .clone()
            .map(|root| root.try_map(&mut |term| leaf(term, reader).map(Expression::Term)));
        root.transpose()
    }
}

fn leaf(term: Term, reader: &Reader) -> Result<Leaf, QueryError> {
    let span = term.span;
    let mut field = term.field;
    let test = match term.test {
        Test::Present => Known::Present,
        Test::Text(pattern) => Known::Text(pattern),
        Test::State(State::Assigned) => {
            field = Field::Known(Key::Assigned);
            Known::Present
        }
        Test::State(State::Unassigned) => {
            field = Field::Known(Key::Assigned);
            Known::People(Vec::new())
        }
        Test::State(state) => Known::State(state),
        Test::Level(bounds) => Known::Levels(
            Level::ALL
                .into_iter()
                .filter(|level| bounds.has(level))
                .collect(),
        ),
        Test::Number(bounds) => {
            let (from, to) = numbers(bounds);
            Known::Number(from, to)
        }
        Test::Time(bounds) => time(bounds, reader, span)?,
        Test::Age(bounds) => {
            field = Field::Known(Key::FirstSeen);
            age(bounds, reader.now_ms)
        }
        Test::Version(test) => {
            field = Field::Known(Key::Release);
            Known::Version(test)
        }
        Test::Person(text) => Known::People(people(&text, reader, span)?),
        Test::Project(pattern) => Known::Projects(projects(&pattern, reader, span)?),
        Test::Flag(flag) => Known::Flag(flag),
        Test::Event(id) => Known::Event(id),
        Test::Issue(id) => Known::Issues(vec![id]),
    };
    Ok(Leaf { field, test, span })
}

/// Both included; none is from 1 to 0.
fn numbers(bounds: Bounds<u64>) -> (u64, u64) {
    match bounds {
        Bounds::Equal(value) => (value, value),
        Bounds::Less(0) => (1, 0),
        Bounds::Less(value) => (0, value - 1),
        Bounds::AtMost(value) => (0, value),
        Bounds::More(value) => (value.saturating_add(1), u64::MAX),
        Bounds::AtLeast(value) => (value, u64::MAX),
        Bounds::Between(from, to) => (from, to),
    }
}

fn time(bounds: Bounds<When>, reader: &Reader, span: Span) -> Result<Known, QueryError> {
    let stretch = |when: When| when.stretch(reader.now_ms, &reader.zone);
    let (from, to) = match bounds {
        Bounds::Equal(when) => stretch(when),
        Bounds::Less(when) => (i64::MIN, stretch(when).0),
        Bounds::AtMost(when) => (i64::MIN, stretch(when).1),
        Bounds::More(when) => (stretch(when).1, i64::MAX),
        Bounds::AtLeast(when) => (stretch(when).0, i64::MAX),
        Bounds::Between(first, last) => {
            let (from, to) = (stretch(first).0, stretch(last).1);
            if from >= to {
                return Err(QueryError::new(span, "the range ends before it begins"));
            }
            (from, to)
        }
    };
    Ok(Known::Time(from, to))
}

/// The times at which what is of that age began.
fn age(bounds: Bounds<u64>, now_ms: i64) -> Known {
    let ago = |seconds: u64| now_ms.saturating_sub(seconds.saturating_mul(1000) as i64);
    let (from, to) = match bounds {
        Bounds::Equal(age) => (ago(age), ago(age) + 1),
        Bounds::Less(age) => (ago(age) + 1, i64::MAX),
        Bounds::AtMost(age) => (ago(age), i64::MAX),
        Bounds::More(age) => (i64::MIN, ago(age)),
        Bounds::AtLeast(age) => (i64::MIN, ago(age) + 1),
        Bounds::Between(youngest, oldest) => (ago(oldest), ago(youngest) + 1),
    };
    Known::Time(from, to)
}

fn people(text: &str, reader: &Reader, span: Span) -> Result<Vec<UserId>, QueryError> {
    if text.eq_ignore_ascii_case("none") || text.eq_ignore_ascii_case("nobody") {
        return Ok(Vec::new());
    }
    if text.eq_ignore_ascii_case("me") {
        let me = reader.me.map(|me| vec![me]);
        return me.ok_or_else(|| QueryError::new(span, "nobody is signed in: me means no one"));
    }
    let lower = text.to_lowercase();
    let is = |person: &&Person| {
        person.email.to_lowercase() == lower
            || !person.name.is_empty() && person.name.to_lowercase() == lower
            || person.id.0.to_string() == text
    };
    let found: Vec<UserId> = reader
        .people
        .iter()
        .filter(is)
        .map(|person| person.id)
        .collect();
    if found.is_empty() {
        let known = reader
            .people
            .iter()
            .flat_map(|person| [&person.email, &person.name]);
        let message = format!(
            "{:?} is no member: me, none, an address or a name",
            cut(text)
        );
        return Err(
            QueryError::new(span, message).suggest(nearest(text, known.map(String::as_str)))
        );
    }
    Ok(found)
}

fn projects(pattern: &Pattern, reader: &Reader, span: Span) -> Result<Vec<ProjectId>, QueryError> {
    let lower = pattern.map(str::to_lowercase);
    let number = pattern.as_literal().and_then(|text| text.parse().ok());
    let is = |(id, name): &&(ProjectId, String)| {
        Some(id.0) == number || lower.matches(&name.to_lowercase())
    };
    let found: Vec<ProjectId> = reader
        .projects
        .iter()
        .filter(is)
        .map(|(id, _)| *id)
        .collect();
    if let (true, Some(text)) = (found.is_empty(), pattern.as_literal()) {
        let names = reader.projects.iter().map(|(_, name)| name.as_str());
        let message = format!("there is no project {:?}", cut(text));
        return Err(QueryError::new(span, message).suggest(nearest(text, names)));
    }
    Ok(found)
}
