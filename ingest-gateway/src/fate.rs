//! The words for what becomes of an item: stored, only counted, or dropped for a reason.
//! They know nobody; who counts, lists and answers them stands above.

use event_intake::filter::FilterReason;
use event_model::{ProjectId, note::SAMPLED};
use proto::error::ErrorCode;

/// Why an item was not stored. A reason for each is promised in DESIGN.md. One is no drop:
/// [`Self::Sampled`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DropReason {
    /// Malformed.
    Invalid,
    /// Beyond a size limit.
    TooLarge,
    /// Stored before under the same id.
    Duplicate,
    /// A type that Errata does not keep.
    TypeNotStored,
    /// An envelope without items.
    Empty,
    /// No or malformed authentication.
    Unauthenticated,
    /// Unknown or disabled key, another project's key.
    Forbidden,
    /// No such project.
    UnknownProject,
    /// Not wanted, by a filter of the project.
    Filtered(FilterReason),
    /// The surplus of a spike: counted in its issue, by a durable record.
    Sampled,
    /// Rate limits and quotas.
    Limited,
    /// A file beyond what its project, or the server, keeps in files.
    StorageFull,
    /// The disk is nearly full: its floor is kept free.
    DiskFull,
    /// No memory, no space, no room in the queue, shutting down.
    Overloaded,
    /// The body did not come in time or the client went away.
    Aborted,
    /// A fault of ours: the guard was dropped without a fate.
    Internal,
}

impl DropReason {
    /// Every word for why something was dropped, as records and metrics have them.
    pub fn words() -> Vec<&'static str> {
        let own = [
            Self::Invalid,
            Self::TooLarge,
            Self::Duplicate,
            Self::TypeNotStored,
            Self::Empty,
            Self::Unauthenticated,
            Self::Forbidden,
            Self::UnknownProject,
            Self::Sampled,
            Self::Limited,
            Self::StorageFull,
            Self::DiskFull,
            Self::Overloaded,
            Self::Aborted,
            Self::Internal,
        ];
        let filtered = FilterReason::ALL.into_iter().map(Self::Filtered);
        own.into_iter().chain(filtered).map(Self::name).collect()
    }

    /// The label's value.
    pub fn name(self) -> &'static str {
        match self {
            Self::Invalid => "invalid",
            Self::TooLarge => "too_large",
            Self::Duplicate => "duplicate",
            Self::TypeNotStored => "type_not_stored",
            Self::Empty => "empty",
            Self::Unauthenticated => "unauthenticated",
            Self::Forbidden => "forbidden",
            Self::UnknownProject => "unknown_project",
            Self::Filtered(reason) => reason.name(),
            Self::Sampled => SAMPLED,
            Self::Limited => "limited",
            Self::StorageFull => "storage_full",
            Self::DiskFull => "disk_full",
            Self::Overloaded => "overloaded",
            Self::Aborted => "aborted",
            Self::Internal => "internal",
        }
    }
}

impl DropReason {
    /// Whether the client was refused; else it heard of success, and what it sent was
    /// not kept for a reason that is in order.
    pub fn is_refusal(self) -> bool {
        match self {
            Self::Duplicate
            | Self::TypeNotStored
            | Self::Empty
            | Self::Sampled
            | Self::Filtered(_) => false,
            Self::Invalid
            | Self::TooLarge
            | Self::Unauthenticated
            | Self::Forbidden
            | Self::UnknownProject
            | Self::Limited
            | Self::StorageFull
            | Self::DiskFull
            | Self::Overloaded
            | Self::Aborted
            | Self::Internal => true,
        }
    }
}

impl From<ErrorCode> for DropReason {
    fn from(code: ErrorCode) -> Self {
        match code {
            ErrorCode::Invalid
            | ErrorCode::Conflict
            | ErrorCode::MethodNotAllowed
            | ErrorCode::UnsupportedEncoding
            | ErrorCode::UnsupportedType => Self::Invalid,
            ErrorCode::Unauthenticated => Self::Unauthenticated,
            ErrorCode::Forbidden => Self::Forbidden,
            ErrorCode::NotFound | ErrorCode::NotRetained => Self::UnknownProject,
            ErrorCode::TimedOut => Self::Aborted,
            ErrorCode::TooLarge => Self::TooLarge,
            ErrorCode::Limited => Self::Limited,
            ErrorCode::Overloaded => Self::Overloaded,
            ErrorCode::Internal => Self::Internal,
        }
    }
}

/// One kind of fate: the labels of a metric's series.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Series {
    /// 0: unknown.
    pub project: ProjectId,
    /// A data category, from this program's words.
    pub category: &'static str,
    /// `None`: stored.
    pub reason: Option<DropReason>,
}
