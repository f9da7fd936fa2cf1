//! Notes: what clients send beside events and the log keeps, and the gateway's own
//! tally of what it did not keep.
//!
//! A note is one rkyv archive, a schema for each kind. Invariant: a stored form never
//! changes; a change of fields is a new type and a new schema with an up-conversion.
//! A release that does not know a schema reads it as opaque. Texts are bounded and
//! scrubbed by whoever makes the note. Times are Unix nanoseconds.

mod sampled;
mod sessions;

use rkyv::{Archive, Deserialize, Serialize, rancor};

pub use self::sampled::{
    PARTS_MAX, Sampled, SampledPartV1, SampledV1, Summing, Surplus, USERS_MAX,
};
pub use self::sessions::{
    CheckIn, CheckInStatus, CheckInV1, SessionCountV1, SessionStatus, SessionUpdateV1, Sessions,
    SessionsV1,
};
use crate::record::RecordError;

/// The reason under which gateway and projection count events of discarded issues.
pub const DISCARDED_ISSUE: &str = "filtered_discarded_issue";

/// The fate of events that were only counted, as gateway and projection name it.
pub const SAMPLED: &str = "sampled";

/// Attachments of an event, version 1.
pub const SCHEMA_ATTACHMENTS_V1: u16 = 0x0401;
/// User feedback, version 1.
pub const SCHEMA_FEEDBACK_V1: u16 = 0x0501;
/// Sessions, version 1.
pub const SCHEMA_SESSIONS_V1: u16 = 0x0601;
/// A check-in of a monitor, version 1.
pub const SCHEMA_CHECK_IN_V1: u16 = 0x0701;
/// What an SDK dropped by itself, version 1.
pub const SCHEMA_CLIENT_REPORT_V1: u16 = 0x0801;
/// What the gateway did not keep, version 1.
pub const SCHEMA_TALLY_V1: u16 = 0x0901;
/// Events of a storm that were only counted, version 1.
pub const SCHEMA_SAMPLED_V1: u16 = 0x0a01;

/// The newest attachments.
pub type Attachments = AttachmentsV1;
/// The newest feedback.
pub type Feedback = FeedbackV1;
/// The newest client report.
pub type ClientReport = ClientReportV1;
/// The newest tally.
pub type Tally = TallyV1;

/// One record that is neither an event nor a marker.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case", tag = "note")]
pub enum Note {
    /// Files of an event.
    Attachments(Attachments),
    /// What a person wrote.
    Feedback(Feedback),
    /// Release health.
    Sessions(Sessions),
    /// A cron job's sign of life.
    CheckIn(CheckIn),
    /// What an SDK dropped by itself.
    ClientReport(ClientReport),
    /// What the gateway did not keep.
    Tally(Tally),
    /// Events of a storm that were only counted.
    Sampled(Sampled),
}

/// Files that belong to one event; their bytes are blobs of the project, durable
/// before this record.
#[derive(Debug, Clone, PartialEq, Eq, Archive, Serialize, Deserialize, serde::Serialize)]
pub struct AttachmentsV1 {
    /// Whose.
    pub project_id: u32,
    /// Server's clock.
    pub received_ns: i64,
    /// The event (or the feedback) they belong to; it may come later, or never.
    #[serde(serialize_with = "crate::id::hex")]
    pub event_id: [u8; 16],
    /// In the client's order.
    pub files: Vec<AttachmentV1>,
}

/// One file.
#[derive(Debug, Clone, PartialEq, Eq, Archive, Serialize, Deserialize, serde::Serialize)]
pub struct AttachmentV1 {
    /// Its name, without any path.
    pub name: String,
    /// As the client says; empty: unknown.
    pub content_type: String,
    /// "event.attachment", "event.minidump", "event.view_hierarchy", …
    pub attachment_type: String,
    /// Length, bytes.
    pub size_bytes: u64,
    /// Of its bytes: the blob's name.
    #[serde(serialize_with = "hex32")]
    pub sha256: [u8; 32],
}

/// What a person wrote about an error, or without one.
#[derive(Debug, Clone, PartialEq, Eq, Archive, Serialize, Deserialize, serde::Serialize)]
pub struct FeedbackV1 {
    /// Whose.
    pub project_id: u32,
    /// Server's clock.
    pub received_ns: i64,
    /// Its own id: a repeated one is the same feedback.
    #[serde(serialize_with = "crate::id::hex")]
    pub id: [u8; 16],
    /// The event it is about.
    #[serde(serialize_with = "hex_or_null")]
    pub event_id: Option<[u8; 16]>,
    /// The person's name; may be empty, as all below but the message.
    pub name: String,
    /// The person's e-mail address.
    pub email: String,
    /// What they wrote.
    pub message: String,
    /// The page they were on.
    pub url: String,
    /// Of the application.
    pub release: String,
    /// Where it ran.
    pub environment: String,
}

/// What an SDK says it did not send.
#[derive(Debug, Clone, PartialEq, Eq, Archive, Serialize, Deserialize, serde::Serialize)]
pub struct ClientReportV1 {
    /// Whose.
    pub project_id: u32,
    /// Server's clock.
    pub received_ns: i64,
    /// By reason and category.
    pub drops: Vec<ClientDropV1>,
}

/// A number of items dropped alike.
#[derive(Debug, Clone, PartialEq, Eq, Archive, Serialize, Deserialize, serde::Serialize)]
pub struct ClientDropV1 {
    /// The SDK's word ("before_send", "sample_rate", "queue_overflow", …).
    pub reason: String,
    /// The protocol's data category ("error", "span", …).
    pub category: String,
    /// How many.
    pub quantity: u64,
}

/// What the gateway did not keep between two moments, by project.
#[derive(Debug, Clone, PartialEq, Eq, Archive, Serialize, Deserialize, serde::Serialize)]
pub struct TallyV1 {
    /// From here.
    pub from_ns: i64,
    /// Up to here.
    pub until_ns: i64,
    /// In no order.
    pub counts: Vec<TallyCountV1>,
}

/// A number of items with the same fate.
#[derive(Debug, Clone, PartialEq, Eq, Archive, Serialize, Deserialize, serde::Serialize)]
pub struct TallyCountV1 {
    /// Whose; 0: of no project known.
    pub project_id: u32,
    /// The protocol's data category.
    pub category: String,
    /// Why they were dropped.
    pub reason: String,
    /// How many.
    pub quantity: u64,
}

impl Note {
    /// The schema of [`Self::encode`]'s bytes.
    pub fn schema(&self) -> u16 {
        match self {
            Self::Attachments(_) => SCHEMA_ATTACHMENTS_V1,
            Self::Feedback(_) => SCHEMA_FEEDBACK_V1,
            Self::Sessions(_) => SCHEMA_SESSIONS_V1,
            Self::CheckIn(_) => SCHEMA_CHECK_IN_V1,
            Self::ClientReport(_) => SCHEMA_CLIENT_REPORT_V1,
            Self::Tally(_) => SCHEMA_TALLY_V1,
            Self::Sampled(_) => SCHEMA_SAMPLED_V1,
        }
    }

    /// Whose it is; none: of several.
    pub fn project_id(&self) -> Option<u32> {
        match self {
            Self::Attachments(note) => Some(note.project_id),
            Self::Feedback(note) => Some(note.project_id),
            Self::Sessions(note) => Some(note.project_id),
            Self::CheckIn(note) => Some(note.project_id),
            Self::ClientReport(note) => Some(note.project_id),
            Self::Sampled(note) => Some(note.project_id),
            Self::Tally(_) => None,
        }
    }

    /// The record's bytes, of schema [`Self::schema`].
    pub fn encode(&self) -> Vec<u8> {
        let archive = match self {
            Self::Attachments(note) => rkyv::to_bytes::<rancor::Error>(note),
            Self::Feedback(note) => rkyv::to_bytes::<rancor::Error>(note),
            Self::Sessions(note) => rkyv::to_bytes::<rancor::Error>(note),
            Self::CheckIn(note) => rkyv::to_bytes::<rancor::Error>(note),
            Self::ClientReport(note) => rkyv::to_bytes::<rancor::Error>(note),
            Self::Tally(note) => rkyv::to_bytes::<rancor::Error>(note),
            Self::Sampled(note) => rkyv::to_bytes::<rancor::Error>(note),
        };
        archive
            .expect("a note holds only numbers, strings and lists, which always archive")
            .into_vec()
    }

    /// Whether records of this schema are notes that this release reads.
    pub fn is_schema(schema: u16) -> bool {
        matches!(
            schema,
            SCHEMA_ATTACHMENTS_V1
                | SCHEMA_FEEDBACK_V1
                | SCHEMA_SESSIONS_V1
                | SCHEMA_CHECK_IN_V1
                | SCHEMA_CLIENT_REPORT_V1
                | SCHEMA_TALLY_V1
                | SCHEMA_SAMPLED_V1
        )
    }

    /// Reads a record; validated before the first access.
    pub fn decode(schema: u16, record: &[u8]) -> Result<Self, RecordError> {
        if !Self::is_schema(schema) {
            return Err(RecordError::UnknownSchema(schema));
        }
        let mut aligned = rkyv::util::AlignedVec::<16>::with_capacity(record.len());
        aligned.extend_from_slice(record);
        let read = match schema {
            SCHEMA_ATTACHMENTS_V1 => rkyv::from_bytes(&aligned).map(Self::Attachments),
            SCHEMA_FEEDBACK_V1 => rkyv::from_bytes(&aligned).map(Self::Feedback),
            SCHEMA_SESSIONS_V1 => rkyv::from_bytes(&aligned).map(Self::Sessions),
            SCHEMA_CHECK_IN_V1 => rkyv::from_bytes(&aligned).map(Self::CheckIn),
            SCHEMA_CLIENT_REPORT_V1 => rkyv::from_bytes(&aligned).map(Self::ClientReport),
            SCHEMA_SAMPLED_V1 => rkyv::from_bytes(&aligned).map(Self::Sampled),
            _ => rkyv::from_bytes(&aligned).map(Self::Tally),
        };
        read.map_err(|error: rancor::Error| RecordError::Archive {
            what: "note",
            reason: error.to_string(),
        })
    }
}

fn hex32<S: serde::Serializer>(bytes: &[u8; 32], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&format_args!(
        "{:032x}{:032x}",
        u128::from_be_bytes(std::array::from_fn(|at| bytes[at])),
        u128::from_be_bytes(std::array::from_fn(|at| bytes[16 + at])),
    ))
}

#[expect(clippy::ref_option, reason = "serde's signature")]
fn hex_or_null<S: serde::Serializer>(
    id: &Option<[u8; 16]>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match id {
        Some(id) => crate::id::hex(id, serializer),
        None => serializer.serialize_none(),
    }
}
