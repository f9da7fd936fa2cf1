//! The fields of a search document, and the names of days.
//!
//! | field | type | for |
//! | --- | --- | --- |
//! | `event_id` | bytes, indexed | lookup by id |
//! | `fingerprint` | bytes, indexed, fast | an issue's events, and the issue of an event |
//! | `project_id` | u64, indexed, fast | filter |
//! | `level` | u64, indexed, fast | filter: [`event_model::Level`] as its number |
//! | `position` | u64, indexed, fast | ties of the order, where the event is in the log, and what is replaced when events are grouped otherwise |
//! | `weight` | u64, fast | how many errors the event stands for |
//! | `timestamp_ns` | i64, fast | order (newest first = latest, then highest position), ranges: when it happened, clamped, Unix nanoseconds |
//! | `received_ns` | i64, fast | when the gateway had it, Unix nanoseconds |
//! | `message` | words ([`super::tokens`]) with places | title, message, texts of exceptions |
//! | `breadcrumb`, `request`, `variables`, `extra`, `other` | words | all else that somebody may look for: [`TextPart`] |
//! | `stack` | u64, indexed, fast | its stack in the index of stacks; none: it has none |
//! | `attribute` | text, whole, indexed | as `tag`, of what every event may have: "type", "transaction", "user.email", …; values folded |
//! | `environment`, `release`, `user` | text, whole, indexed | filters; the user is the stored identity and, as a second term, what stands behind its colon |
//! | `tag` | text, whole, indexed | filter: a term `key` and a term `key`, U+0000, `value` for each tag |
//! | `facet` | text, whole, fast | what statistics are split by: a term `field`, U+0000, `value` for each field of [`facet_of`] that the event has |
//! | `user_hash` | u64, fast | xxh3-64 of the user's identity: distinct users; none: it names nobody |
//!
//! Invariant: nothing is stored in documents, `position` leads to the event. What its stack
//! says is in [`super::stacks`].

use event_model::Position;
use search_language::{Field as SearchField, Key};
use tantivy::schema::{
    BytesOptions, Field, INDEXED, IndexRecordOption, NumericOptions, Schema, TextFieldIndexing,
    TextOptions,
};

use super::tokens;
use crate::ReadModelError;

/// Name of the file that holds the position every day has reached.
pub const POSITION_FILE: &str = "position";

/// What of an event somebody may look for, besides what happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextPart {
    /// Of all breadcrumbs.
    Breadcrumb,
    /// The request and who made it.
    Request,
    /// Local variables.
    Variables,
    /// Extra, contexts, unknown members.
    Extra,
    /// Names, tags, what else the head has.
    Other,
}

impl TextPart {
    /// All.
    pub const ALL: [Self; 5] = [
        Self::Breadcrumb,
        Self::Request,
        Self::Variables,
        Self::Extra,
        Self::Other,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Breadcrumb => "breadcrumb",
            Self::Request => "request",
            Self::Variables => "variables",
            Self::Extra => "extra",
            Self::Other => "other",
        }
    }
}

/// The schema and its fields.
#[derive(Debug, Clone)]
pub struct SearchSchema {
    /// As tantivy has it.
    pub schema: Schema,
    /// 16 bytes.
    pub event_id: Field,
    /// 16 bytes.
    pub fingerprint: Field,
    /// The project's number.
    pub project_id: Field,
    /// The level's number.
    pub level: Field,
    /// The packed position.
    pub position: Field,
    /// How many errors it stands for.
    pub weight: Field,
    /// Unix nanoseconds.
    pub timestamp_ns: Field,
    /// Unix nanoseconds.
    pub received_ns: Field,
    /// Words of what happened.
    pub message: Field,
    /// Words of all else, by part.
    pub texts: [Field; TextPart::ALL.len()],
    /// Its stack's number.
    pub stack: Field,
    /// Keys with values: see [`tag_term`].
    pub attribute: Field,
    /// The environment's name.
    pub environment: Field,
    /// The release's name.
    pub release: Field,
    /// The user's identity, with and without its kind.
    pub user: Field,
    /// Keys, and keys with values: see [`tag_term`].
    pub tag: Field,
    /// Fields with values: see [`facet_of`].
    pub facet: Field,
    /// Of the user's identity.
    pub user_hash: Field,
}

/// Attributes that statistics are split by, each with its field in the search language.
const ATTRIBUTES: [(&str, Key); 9] = [
    ("type", Key::Type),
    ("platform", Key::Platform),
    ("handled", Key::Handled),
    ("transaction", Key::Transaction),
    ("http.url", Key::Url),
    ("http.method", Key::RequestMethod),
    ("logger", Key::Logger),
    ("server_name", Key::ServerName),
    ("sdk", Key::Sdk),
];

/// How a field of the search language is called among the facets; none: statistics are not
/// split by it, or by a column of its own.
pub fn facet_of(field: &SearchField) -> Option<String> {
    match field {
        SearchField::Any => None,
        SearchField::Tag(_) | SearchField::Known(Key::Environment | Key::Release | Key::User) => {
            Some(field.name())
        }
        SearchField::Known(key) => is_folded(field).then(|| key.info().name.to_owned()),
    }
}

/// Whether queries compare the field's values without regard to case.
pub fn is_folded(field: &SearchField) -> bool {
    matches!(field, SearchField::Known(key) if ATTRIBUTES.iter().any(|(_, own)| own == key))
}

/// The facet of an attribute, likewise.
pub(super) fn facet_of_attribute(attribute: &str) -> Option<&'static str> {
    let row = ATTRIBUTES.iter().find(|(name, _)| *name == attribute)?;
    Some(row.1.info().name)
}

/// The term of a tag with this value.
pub fn tag_term(key: &str, value: &str) -> String {
    format!("{key}\0{value}")
}

/// What stands behind the kind of a user's identity ("id:42" is of kind "id").
pub fn user_name(identity: &str) -> Option<&str> {
    identity.split_once(':').map(|(_, name)| name)
}

impl SearchSchema {
    /// Where a part of its text is.
    pub fn text(&self, part: TextPart) -> Field {
        self.texts[part as usize]
    }

    /// The schema of this release; an index with another one is rebuilt.
    pub fn new() -> Self {
        let filter = NumericOptions::default().set_indexed().set_fast();
        let fast = NumericOptions::default().set_fast();
        let whole = TextOptions::default().set_indexing_options(
            TextFieldIndexing::default()
                .set_tokenizer("raw")
                .set_index_option(IndexRecordOption::Basic)
                .set_fieldnorms(false),
        );
        let mut builder = Schema::builder();
        Self {
            event_id: builder.add_bytes_field("event_id", INDEXED),
            fingerprint: builder.add_bytes_field(
                "fingerprint",
                BytesOptions::default().set_indexed().set_fast(),
            ),
            project_id: builder.add_u64_field("project_id", filter.clone()),
            level: builder.add_u64_field("level", filter.clone()),
            position: builder.add_u64_field("position", filter),
            weight: builder.add_u64_field("weight", fast.clone()),
            timestamp_ns: builder.add_i64_field("timestamp_ns", fast.clone()),
            received_ns: builder.add_i64_field("received_ns", fast.clone()),
            message: builder.add_text_field(
                "message",
                words_of(IndexRecordOption::WithFreqsAndPositions),
            ),
            texts: TextPart::ALL.map(|part| {
                builder.add_text_field(part.name(), words_of(IndexRecordOption::Basic))
            }),
            stack: builder.add_u64_field("stack", NumericOptions::from(INDEXED).set_fast()),
            attribute: builder.add_text_field("attribute", whole.clone()),
            environment: builder.add_text_field("environment", whole.clone()),
            release: builder.add_text_field("release", whole.clone()),
            user: builder.add_text_field("user", whole.clone()),
            tag: builder.add_text_field("tag", whole),
            facet: builder.add_text_field("facet", TextOptions::default().set_fast("raw")),
            user_hash: builder.add_u64_field("user_hash", fast),
            schema: builder.build(),
        }
    }
}

impl Default for SearchSchema {
    fn default() -> Self {
        Self::new()
    }
}

/// A field of words ([`super::tokens`]).
pub(super) fn words_of(option: IndexRecordOption) -> TextOptions {
    let words = TextFieldIndexing::default()
        .set_tokenizer(tokens::NAME)
        .set_index_option(option)
        .set_fieldnorms(false);
    TextOptions::default().set_indexing_options(words)
}

/// The UTC day of a receipt time, "YYYY-MM-DD": the name of its index's folder.
/// Times outside the calendar (years -9999 to 9999) count to its ends.
pub fn day_of(received_ns: i64) -> String {
    // An i64 of nanoseconds spans the years 1677 to 2262, all within the calendar.
    let time = jiff::Timestamp::from_nanosecond(i128::from(received_ns))
        .expect("every i64 of nanoseconds is within jiff's range of years -9999 to 9999");
    time.to_zoned(jiff::tz::TimeZone::UTC).date().to_string()
}

/// A position as a commit payload or the `position` file holds it.
pub fn encode_position(position: Position) -> String {
    position.0.to_string()
}

/// Reads what [`encode_position`] wrote; blanks around it do not matter.
pub fn decode_position(text: &str) -> Result<Position, ReadModelError> {
    let number = text.trim().parse::<u64>();
    number
        .map(Position)
        .map_err(|_| ReadModelError::Position(text.chars().take(64).collect()))
}
