//! The fields that can be asked for: the table from which the reading of queries, the
//! answers to wrong ones, completion and docs/search.md are made.

/// A known field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "each is told of in the table")]
pub enum Key {
    Is,
    Assigned,
    Level,
    Project,
    Release,
    ReleaseVersion,
    FirstRelease,
    LastRelease,
    Environment,
    User,
    UserId,
    UserEmail,
    UserName,
    UserAddress,
    Title,
    Message,
    Type,
    Culprit,
    Platform,
    Handled,
    FirstSeen,
    LastSeen,
    Age,
    TimesSeen,
    Users,
    Timestamp,
    Received,
    Id,
    Issue,
    StackFunction,
    StackModule,
    StackPath,
    StackSource,
    StackVariables,
    Breadcrumb,
    Request,
    RequestMethod,
    Logger,
    Extra,
    Transaction,
    Url,
    ServerName,
    Sdk,
    Resolved,
    RegressedIn,
}

/// What a term asks about.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Field {
    /// Everything that can be searched: a word without a key.
    Any,
    /// A field of the table.
    Known(Key),
    /// The tag of this key.
    Tag(String),
}

/// What a field holds, and so what may be asked of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// One of some words.
    State,
    /// A member.
    Person,
    /// A level, in the order of severity.
    Level,
    /// A project.
    Project,
    /// A text that is compared whole.
    Text,
    /// A text in which words are looked for, without regard to case.
    Words,
    /// The version within a release's name.
    Version,
    /// A whole number.
    Number,
    /// A time.
    Time,
    /// How long ago.
    Age,
    /// Yes or no.
    Flag,
    /// The id of an event.
    EventId,
    /// The id of an issue.
    IssueId,
}

impl Kind {
    /// Whether `<`, `>` and ranges make sense.
    pub fn is_ordered(self) -> bool {
        matches!(
            self,
            Self::Level | Self::Version | Self::Number | Self::Time | Self::Age
        )
    }

    /// For the documentation.
    pub fn name(self) -> &'static str {
        match self {
            Self::State => "state",
            Self::Person => "person",
            Self::Level => "level",
            Self::Project => "project",
            Self::Text => "text",
            Self::Words => "words",
            Self::Version => "version",
            Self::Number => "number",
            Self::Time => "time",
            Self::Age => "age",
            Self::Flag => "yes or no",
            Self::EventId | Self::IssueId => "id",
        }
    }
}

/// Whether a field can be asked for, of issues or of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Answer {
    /// It is stored there.
    Stored,
    /// Of events: what their issue says.
    OfIssue,
    /// Of issues: what one of their events says.
    OfEvents,
    /// It makes no sense there; what to ask for instead.
    Never(&'static str),
}

/// A row of the table.
#[derive(Debug, Clone, Copy)]
pub struct FieldInfo {
    /// Which.
    pub key: Key,
    /// As it is typed, in any case.
    pub name: &'static str,
    /// Other words for it.
    pub aliases: &'static [&'static str],
    /// What it holds.
    pub kind: Kind,
    /// In lists of issues.
    pub issues: Answer,
    /// In lists of events.
    pub events: Answer,
    /// What it is, for people.
    pub about: &'static str,
    /// How it is asked for.
    pub example: &'static str,
}

const fn row(
    key: Key,
    name: &'static str,
    kind: Kind,
    [issues, events]: [Answer; 2],
    about: &'static str,
    example: &'static str,
) -> FieldInfo {
    FieldInfo {
        key,
        name,
        aliases: &[],
        kind,
        issues,
        events,
        about,
        example,
    }
}

const fn also(info: FieldInfo, aliases: &'static [&'static str]) -> FieldInfo {
    FieldInfo { aliases, ..info }
}

const BOTH: [Answer; 2] = [Answer::Stored, Answer::Stored];
const ISSUES: [Answer; 2] = [Answer::Stored, Answer::OfIssue];
/// Of events; of issues that have such an event.
const BY_EVENTS: [Answer; 2] = [Answer::OfEvents, Answer::Stored];
const EVENTS: [Answer; 2] = [Answer::Never("use first_seen or last_seen"), Answer::Stored];

/// Every field, in the order of the documentation.
///
/// To make a field of events searchable once the index holds it: say so here (`Stored`), and
/// where in the index it is in the table of read-model's `search/reader/asked.rs`.
#[rustfmt::skip]
pub const FIELDS: &[FieldInfo] = &[
    row(Key::Is, "is", Kind::State, ISSUES, "how the issue stands, or what happened to it", "is:unresolved"),
    also(row(Key::Assigned, "assigned", Kind::Person, ISSUES, "who looks after the issue: me, none, an address or a name", "assigned:me"), &["assignee"]),
    row(Key::Level, "level", Kind::Level, BOTH, "how severe: debug, info, warning, error, fatal; of an issue that of its newest event", "level:>=error"),
    row(Key::Project, "project", Kind::Project, BOTH, "the project, by name or number", "project:shop"),
    row(Key::Release, "release", Kind::Text, BOTH, "the release an event names", "release:\"shop@1.4*\""),
    row(Key::ReleaseVersion, "release.version", Kind::Version, BOTH, "the semantic version in the release's name, behind its last @", "release.version:>=2.1"),
    row(Key::FirstRelease, "first_release", Kind::Text, ISSUES, "the release of the issue's first event", "first_release:shop@1.4.2"),
    row(Key::LastRelease, "last_release", Kind::Text, ISSUES, "the release of the issue's newest event", "last_release:shop@1.4.2"),
    also(row(Key::Environment, "environment", Kind::Text, BOTH, "the environment an event names", "environment:production"), &["env"]),
    row(Key::User, "user", Kind::Text, BOTH, "who it happened to: what the event names them by, with or without the kind (id:42, or 42)", "user:anna@example.com"),
    row(Key::UserId, "user.id", Kind::Text, BOTH, "their id", "user.id:42"),
    row(Key::UserEmail, "user.email", Kind::Text, BY_EVENTS, "their address", "user.email:anna@example.com"),
    row(Key::UserName, "user.username", Kind::Text, BY_EVENTS, "their name", "user.username:anna"),
    also(row(Key::UserAddress, "user.ip", Kind::Text, BY_EVENTS, "their IP address", "user.ip:203.0.113.7"), &["user.ip_address"]),
    row(Key::Title, "title", Kind::Words, BOTH, "words of the title; of events of the message, too", "title:\"bad json\""),
    row(Key::Message, "message", Kind::Words, BOTH, "words of the message; of an issue those of its title", "message:\"bad json\""),
    also(row(Key::Type, "type", Kind::Text, BOTH, "the type of the error; empty for messages", "type:*Error"), &["error.type"]),
    row(Key::Culprit, "culprit", Kind::Words, ISSUES, "words of where it broke", "culprit:checkout"),
    row(Key::Platform, "platform", Kind::Text, BOTH, "the platform", "platform:python"),
    also(row(Key::Handled, "handled", Kind::Flag, BOTH, "whether the error was caught; of an issue that of its newest event", "handled:no"), &["error.handled"]),
    row(Key::FirstSeen, "first_seen", Kind::Time, ISSUES, "when the issue's first event happened", "first_seen:-24h"),
    row(Key::LastSeen, "last_seen", Kind::Time, ISSUES, "when the issue's newest event happened", "last_seen:>2026-11-01"),
    row(Key::Age, "age", Kind::Age, ISSUES, "how long ago the issue's first event happened", "age:-24h"),
    also(row(Key::TimesSeen, "times_seen", Kind::Number, ISSUES, "the issue's events since the beginning", "times_seen:>100"), &["count"]),
    row(Key::Users, "users", Kind::Number, ISSUES, "the issue's distinct users since the beginning", "users:>=5"),
    also(row(Key::Timestamp, "timestamp", Kind::Time, EVENTS, "when the event happened", "timestamp:2026-11-01..2026-11-07"), &["at"]),
    row(Key::Received, "received", Kind::Time, EVENTS, "when the server had the event", "received:-15m"),
    row(Key::Id, "id", Kind::EventId, BOTH, "the event with this id; of issues the one it belongs to", "id:4c79f60c11214eb38604f4ae0781bfb2"),
    row(Key::Issue, "issue", Kind::IssueId, ISSUES, "the issue with this id", "issue:9c1f0a2b3c4d5e6f"),
    also(row(Key::StackFunction, "stack.function", Kind::Words, BY_EVENTS, "functions of the stack", "stack.function:handle*"), &["function"]),
    row(Key::StackModule, "stack.module", Kind::Words, BY_EVENTS, "modules of the stack", "stack.module:billing"),
    also(row(Key::StackPath, "stack.path", Kind::Words, BY_EVENTS, "files of the stack", "stack.path:billing/"), &["stack.filename"]),
    row(Key::StackSource, "stack.source", Kind::Words, BY_EVENTS, "source lines of the stack", "stack.source:\"return total\""),
    row(Key::StackVariables, "stack.vars", Kind::Words, BY_EVENTS, "local variables of the stack", "stack.vars:cart_id"),
    also(row(Key::Breadcrumb, "breadcrumb", Kind::Words, BY_EVENTS, "what happened before the error", "breadcrumb:checkout"), &["breadcrumbs"]),
    also(row(Key::Request, "request", Kind::Words, BY_EVENTS, "words of the request: its address, headers and data, and who made it", "request:/checkout"), &["request.url"]),
    row(Key::RequestMethod, "request.method", Kind::Text, BY_EVENTS, "the method of the request", "request.method:POST"),
    row(Key::Logger, "logger", Kind::Text, BY_EVENTS, "the logger that wrote it", "logger:billing"),
    row(Key::Extra, "extra", Kind::Words, BY_EVENTS, "additional data", "extra:cart"),
    row(Key::Transaction, "transaction", Kind::Text, BY_EVENTS, "what was being done: a route, a page, a job", "transaction:/checkout"),
    also(row(Key::Url, "http.url", Kind::Text, BY_EVENTS, "the address of the request, whole", "http.url:https://shop.example/*"), &["url.full"]),
    also(row(Key::ServerName, "server_name", Kind::Text, BY_EVENTS, "the machine it happened on", "server_name:web-3"), &["server.name"]),
    also(row(Key::Sdk, "sdk", Kind::Text, BY_EVENTS, "what sent the event", "sdk:sentry.javascript.*"), &["sdk.name"]),
    row(Key::Resolved, "resolved", Kind::Time, ISSUES, "when the issue was resolved; nothing of those that are not", "resolved:-7d"),
    row(Key::RegressedIn, "regressed_in", Kind::Text, ISSUES, "the release whose event brought the issue back, until it is resolved again", "regressed_in:shop@1.4.2"),
];

/// What stands before a key that is certainly a tag's.
pub const TAG_PREFIX: &str = "tag.";

const _: () = assert!(
    FIELDS.len() == Key::RegressedIn as usize + 1,
    "each key has its row"
);

impl Key {
    /// Its row.
    pub fn info(self) -> &'static FieldInfo {
        &FIELDS[self as usize]
    }

    /// Of a name in any case.
    pub fn of_name(name: &str) -> Option<Self> {
        let is = |word: &&str| word.eq_ignore_ascii_case(name);
        let row = FIELDS
            .iter()
            .find(|row| is(&row.name) || row.aliases.iter().any(is))?;
        Some(row.key)
    }
}

impl Field {
    /// Of a key as it was typed.
    pub fn of_key(key: &str) -> Self {
        if let Some(known) = Key::of_name(key) {
            return Self::Known(known);
        }
        let tag = key.strip_prefix(TAG_PREFIX).filter(|tag| !tag.is_empty());
        Self::Tag(tag.unwrap_or(key).to_owned())
    }

    /// What it holds.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Any => Kind::Words,
            Self::Known(key) => key.info().kind,
            Self::Tag(_) => Kind::Text,
        }
    }

    /// Its row, if it has one.
    pub fn info(&self) -> Option<&'static FieldInfo> {
        match self {
            Self::Known(key) => Some(key.info()),
            Self::Any | Self::Tag(_) => None,
        }
    }

    /// For messages.
    pub fn name(&self) -> String {
        match self {
            Self::Any => "text".to_owned(),
            Self::Known(key) => key.info().name.to_owned(),
            Self::Tag(key) => format!("{TAG_PREFIX}{key}"),
        }
    }
}

#[cfg(test)]
mod tests;
