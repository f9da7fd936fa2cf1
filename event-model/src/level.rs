//! How bad an event is.

use std::fmt;

/// How bad an event is, least first. Stored as its number.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Default,
    rkyv::Archive,
    rkyv::Serialize,
    rkyv::Deserialize,
    serde::Serialize,
    serde::Deserialize,
)]
#[serde(rename_all = "lowercase")]
#[repr(u8)]
pub enum Level {
    /// For developers only.
    Debug = 1,
    /// Worth a note.
    Info = 2,
    /// Something is off.
    Warning = 3,
    /// Something failed. What an event without a level has.
    #[default]
    Error = 4,
    /// The process ended.
    Fatal = 5,
}

impl Level {
    /// All levels, least first.
    pub const ALL: [Self; 5] = [
        Self::Debug,
        Self::Info,
        Self::Warning,
        Self::Error,
        Self::Fatal,
    ];

    /// The level with this stored number; error for any other number.
    pub fn from_number(number: u8) -> Self {
        Self::ALL
            .into_iter()
            .find(|level| *level as u8 == number)
            .unwrap_or_default()
    }

    /// Reads what clients send: the five names in any case, their usual synonyms
    /// ("critical", "warn", "log"). `None` for anything else.
    pub fn from_text(text: &str) -> Option<Self> {
        Some(match text.to_ascii_lowercase().as_str() {
            "fatal" | "critical" | "emergency" | "panic" => Self::Fatal,
            "error" | "err" => Self::Error,
            "warning" | "warn" => Self::Warning,
            "info" | "log" | "notice" => Self::Info,
            "debug" | "trace" | "sample" => Self::Debug,
            _ => return None,
        })
    }

    /// The name in lower case.
    pub fn name(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
            Self::Fatal => "fatal",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
