//! Sessions (release health) and check-ins (cron jobs), as stored.

use rkyv::{Archive, Deserialize, Serialize};

/// The newest sessions.
pub type Sessions = SessionsV1;
/// The newest check-in.
pub type CheckIn = CheckInV1;

/// What one `session` or `sessions` item says.
#[derive(Debug, Clone, PartialEq, Eq, Archive, Serialize, Deserialize, serde::Serialize)]
pub struct SessionsV1 {
    /// Whose.
    pub project_id: u32,
    /// Server's clock.
    pub received_ns: i64,
    /// Of the application.
    pub release: String,
    /// Where it ran.
    pub environment: String,
    /// States of single sessions.
    pub updates: Vec<SessionUpdateV1>,
    /// Sums of sessions, to be added up.
    pub counts: Vec<SessionCountV1>,
}

/// The whole state of one session, which replaces the one before.
#[derive(Debug, Clone, PartialEq, Eq, Archive, Serialize, Deserialize, serde::Serialize)]
pub struct SessionUpdateV1 {
    /// The session.
    #[serde(serialize_with = "crate::id::hex")]
    pub id: [u8; 16],
    /// SHA-256 of the distinct id, cut to 8 bytes; 0: none.
    pub user_hash: u64,
    /// Orders the updates of one session.
    pub sequence: u64,
    /// Whether this is its first update.
    pub is_first: bool,
    /// [`SessionStatus`] as its number.
    pub status: u8,
    /// Errors so far.
    pub errors: u32,
    /// When it began.
    pub started_ns: i64,
    /// When this was said.
    pub at_ns: i64,
    /// How long it took, milliseconds; none: unknown.
    pub duration_ms: Option<u64>,
    /// "foreground", "anr_background", …; may be empty.
    pub abnormal_mechanism: String,
}

/// Sessions that began in the same minute.
#[derive(Debug, Clone, PartialEq, Eq, Archive, Serialize, Deserialize, serde::Serialize)]
pub struct SessionCountV1 {
    /// The minute.
    pub started_ns: i64,
    /// As [`SessionUpdateV1::user_hash`].
    pub user_hash: u64,
    /// Ended well.
    pub exited: u32,
    /// Ended well, but with errors.
    pub errored: u32,
    /// Ended by a crash.
    pub crashed: u32,
    /// Ended without a word.
    pub abnormal: u32,
    /// Ended by an error that nobody handled, without a crash.
    pub unhandled: u32,
}

/// How a session stands. Stored as its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum SessionStatus {
    /// It goes on.
    Ok = 1,
    /// Ended well.
    Exited = 2,
    /// Ended by a crash.
    Crashed = 3,
    /// Ended without a word.
    Abnormal = 4,
    /// Ended by an error that nobody handled, without a crash.
    Unhandled = 5,
}

impl SessionStatus {
    /// The status with this name in the protocol.
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "ok" => Self::Ok,
            "exited" => Self::Exited,
            "crashed" => Self::Crashed,
            "abnormal" => Self::Abnormal,
            "unhandled" => Self::Unhandled,
            _ => return None,
        })
    }
}

/// A cron job's sign of life.
#[derive(Debug, Clone, PartialEq, Eq, Archive, Serialize, Deserialize, serde::Serialize)]
pub struct CheckInV1 {
    /// Whose.
    pub project_id: u32,
    /// Server's clock.
    pub received_ns: i64,
    /// The run; zeros: the monitor's latest.
    #[serde(serialize_with = "crate::id::hex")]
    pub id: [u8; 16],
    /// The monitor's name in URLs.
    pub monitor: String,
    /// [`CheckInStatus`] as its number.
    pub status: u8,
    /// How long it took, milliseconds; none: unknown.
    pub duration_ms: Option<u64>,
    /// Of the job.
    pub release: String,
    /// Where it ran.
    pub environment: String,
    /// The monitor's schedule and margins as the client wants them, a JSON object;
    /// empty: unchanged.
    pub config: String,
}

/// How a run stands. Stored as its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum CheckInStatus {
    /// It began.
    InProgress = 1,
    /// It ended well.
    Ok = 2,
    /// It failed.
    Error = 3,
}

impl CheckInStatus {
    /// The status with this name in the protocol.
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "in_progress" => Self::InProgress,
            "ok" => Self::Ok,
            "error" => Self::Error,
            _ => return None,
        })
    }
}
