//! What owners set for a project: what of its events is masked, and which of them
//! are not wanted.
//!
//! Owns the words and their stored form; what they do is the gateway's
//! (`event_intake::scrub`, `event_intake::filter`). Invariant: an archived
//! type never changes; a new field is a new version of it and of the command that
//! holds it. Bounds are checked where a command is decided, not here. As JSON (the
//! command line, `errata log dump`) a missing field has its default and an unknown
//! one is an error.

use rkyv::{Archive, Deserialize, Serialize};

/// What of a project's events is masked, beyond the default.
#[derive(
    Debug,
    Clone,
    PartialEq,
    Eq,
    Default,
    Archive,
    Serialize,
    Deserialize,
    serde::Serialize,
    serde::Deserialize,
)]
#[serde(default, deny_unknown_fields)]
pub struct Scrubbing {
    /// In their order; each sees what those before it left.
    pub rules: Vec<ScrubRule>,
    /// Names and path patterns that the default leaves alone.
    pub allow: Vec<String>,
    /// Mask e-mail addresses in every string.
    pub emails: bool,
    /// Mask IP addresses in every string.
    pub ip_addresses: bool,
    /// What becomes of lines of programs in stack traces.
    pub source_lines: SourceLines,
}

/// One rule: where, what, how.
#[derive(
    Debug,
    Clone,
    PartialEq,
    Eq,
    Default,
    Archive,
    Serialize,
    Deserialize,
    serde::Serialize,
    serde::Deserialize,
)]
#[serde(deny_unknown_fields)]
pub struct ScrubRule {
    /// A name ("iban"), a path pattern ("extra.**.iban", "request.headers.x-*") or
    /// "$string": every string.
    #[serde(rename = "where")]
    pub place: String,
    /// "": the whole value; "@card" and the like: a built-in pattern; else a regular
    /// expression.
    #[serde(default)]
    pub what: String,
    /// What is put in its place.
    pub how: ScrubMethod,
}

/// What is put in the place of what a rule finds.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Default,
    Archive,
    Serialize,
    Deserialize,
    serde::Serialize,
    serde::Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum ScrubMethod {
    /// "[Filtered]".
    #[default]
    Mask = 1,
    /// Nothing.
    Remove = 2,
    /// A keyed hash: equal values of a project stay equal.
    Hash = 3,
}

/// What becomes of lines of programs in stack traces.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Default,
    Archive,
    Serialize,
    Deserialize,
    serde::Serialize,
    serde::Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum SourceLines {
    /// Secret literals in them are masked.
    #[default]
    Scrub = 1,
    /// They are stored as they came.
    Keep = 2,
    /// They are not stored.
    Remove = 3,
}

/// Which of a project's events are not wanted. Nothing is, by default.
#[derive(
    Debug,
    Clone,
    PartialEq,
    Eq,
    Default,
    Archive,
    Serialize,
    Deserialize,
    serde::Serialize,
    serde::Deserialize,
)]
#[serde(default, deny_unknown_fields)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of its own, and stored as such"
)]
pub struct Filters {
    /// Globs over the release.
    pub releases: Vec<String>,
    /// Globs over the environment.
    pub environments: Vec<String>,
    /// Addresses and networks ("192.0.2.0/24") that send, or that the user has.
    pub ip_ranges: Vec<String>,
    /// Globs over the user agent.
    pub user_agents: Vec<String>,
    /// Globs over "Type: value" of each exception, and over the message.
    pub messages: Vec<String>,
    /// Errors of browser extensions.
    pub browser_extensions: bool,
    /// Search engines and other robots.
    pub crawlers: bool,
    /// Pages and hosts of a developer's own machine.
    pub localhost: bool,
    /// Messages that tell nothing: "Script error.", "ResizeObserver loop …".
    pub noise: bool,
    /// Chunks of a page that were not found after a deployment.
    pub chunk_load_errors: bool,
    /// Browsers that nobody builds for any more.
    pub legacy_browsers: bool,
}
