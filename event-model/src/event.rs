//! One whole event, as normalised by the gateway. Its JSON is a record's body: one
//! document with the fixed top keys below; unknown keys of the client are kept
//! under `other`.
//!
//! Invariant: reading is lenient (a missing or unknown key never fails), so that
//! an older release reads a newer body. Units are in the names; times are Unix
//! nanoseconds.

mod body;

use serde::{Deserialize, Serialize};

use crate::{EventId, Level, ProjectId, free::Free};

/// One captured error.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Unique within the project.
    pub id: EventId,
    /// The source.
    pub project_id: ProjectId,
    /// When the gateway had it, server's clock.
    pub received_ns: i64,
    /// When it happened; clamped to 30 days before … 1 minute after receipt.
    pub timestamp_ns: i64,
    /// How bad it is.
    #[serde(default)]
    pub level: Level,
    /// How many equal errors the client folded into this event, itself included; 0 is 1.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub count: u32,
    /// "javascript", "python", …; "other" when unknown.
    #[serde(default)]
    pub platform: String,
    /// Oldest cause first; the last one is the one to show. Empty for messages.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exceptions: Vec<Exception>,
    /// Other stacks; a message's stack is here.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub threads: Vec<Thread>,
    /// A message, formatted: captured alone, or logged with the exception.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// The message before its parameters were filled in; empty if it had none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message_template: String,
    /// Route or task name.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub transaction: String,
    /// The logger's name.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub logger: String,
    /// Version of the application.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub release: String,
    /// Build of the release.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub dist: String,
    /// "production", …
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub environment: String,
    /// The host.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub server_name: String,
    /// In the client's order, keys distinct.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<(String, String)>,
    /// Who was affected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<User>,
    /// The HTTP request: `url`, `method`, `headers` (object), `query_string`,
    /// `cookies`, `data`, `env`.
    #[serde(default, skip_serializing_if = "Free::is_empty")]
    pub request: Free,
    /// Contexts by name, each an object.
    #[serde(default, skip_serializing_if = "Free::is_empty")]
    pub contexts: Free,
    /// Oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub breadcrumbs: Vec<Breadcrumb>,
    /// Free form.
    #[serde(default, skip_serializing_if = "Free::is_empty")]
    pub extra: Free,
    /// As the client gave it; empty: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fingerprint: Vec<String>,
    /// Versions of loaded packages.
    #[serde(default, skip_serializing_if = "Free::is_empty")]
    pub modules: Free,
    /// `name`, `version`, `packages`, `integrations`.
    #[serde(default, skip_serializing_if = "Free::is_empty")]
    pub sdk: Free,
    /// Loaded images, source map debug ids.
    #[serde(default, skip_serializing_if = "Free::is_empty")]
    pub debug_meta: Free,
    /// Paths of fields of which something was masked, the first hundred.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scrubbed: Vec<String>,
    /// How many such fields there are.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub scrubbed_count: u32,
    /// Fields that could not be kept as the client gave them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<Problem>,
    /// Unknown top-level keys of the client; `stack` is a stack text of no known form.
    #[serde(default, skip_serializing_if = "Free::is_empty")]
    pub other: Free,
}

/// A field that is not stored as the client gave it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Problem {
    /// Its path: "release", "breadcrumbs[3].timestamp".
    #[serde(skip_serializing_if = "String::is_empty")]
    pub field: String,
    /// For people: what became of it and what is allowed.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// What the client gave, cut.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub value: String,
}

/// One exception of the chain.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Exception {
    /// The class; empty for messages with a stack (JavaScript SDK 11).
    #[serde(rename = "type", skip_serializing_if = "String::is_empty")]
    pub ty: String,
    /// The text.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub value: String,
    /// Where the class is defined.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub module: String,
    /// The thread it was raised in.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub thread_id: String,
    /// How it was captured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mechanism: Option<Mechanism>,
    /// Oldest call first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub frames: Vec<Frame>,
}

/// How an exception was captured.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Mechanism {
    /// "generic", "onerror", "excepthook", …
    #[serde(rename = "type", skip_serializing_if = "String::is_empty")]
    pub ty: String,
    /// Whether the application caught it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub handled: Option<bool>,
    /// The stack was made by the SDK, the type means nothing.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub synthetic: bool,
    /// Place in an exception group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exception_id: Option<i32>,
    /// The group it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent_id: Option<i32>,
    /// It holds others.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_exception_group: bool,
    /// "__cause__", "errors[0]", …
    #[serde(skip_serializing_if = "String::is_empty")]
    pub source: String,
    /// Whatever else the client gave (`data`, `meta`, `description`, …).
    #[serde(skip_serializing_if = "Free::is_empty")]
    pub data: Free,
}

/// One call of a stack trace.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Frame {
    /// The function.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub function: String,
    /// Module or package-qualified path.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub module: String,
    /// Native library or package.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub package: String,
    /// As the application names it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub filename: String,
    /// Full path or URL.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub abs_path: String,
    /// 1-based; 0: unknown.
    #[serde(skip_serializing_if = "is_zero")]
    pub lineno: u32,
    /// 1-based; 0: unknown.
    #[serde(skip_serializing_if = "is_zero")]
    pub colno: u32,
    /// The application's own code.
    pub in_app: bool,
    /// What the client said of that; [`Self::overruled`] where the server knows better.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_in_app: Option<bool>,
    /// The line that was running; of a long one what is around the column, with an
    /// ellipsis at each end that was cut.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context_line: Option<String>,
    /// Characters of the line that were cut off before `context_line`.
    #[serde(skip_serializing_if = "is_zero")]
    pub context_start: u32,
    /// Lines before it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub pre_context: Vec<String>,
    /// Lines after it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub post_context: Vec<String>,
    /// Local variables.
    #[serde(skip_serializing_if = "Free::is_empty")]
    pub vars: Free,
    /// Whatever else the client gave (addresses, `trust`, `lock`, …).
    #[serde(skip_serializing_if = "Free::is_empty")]
    pub other: Free,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the signature serde asks for"
)]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// One thread and its stack.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Thread {
    /// As the client names it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub id: String,
    /// "main", …
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// It brought the process down.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub crashed: bool,
    /// It was running.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub current: bool,
    /// Oldest call first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub frames: Vec<Frame>,
}

/// Who was affected.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct User {
    /// The application's id.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub id: String,
    /// The address.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub email: String,
    /// The login.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub username: String,
    /// IPv4 or IPv6.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub ip_address: String,
    /// A session's id (native clients).
    #[serde(skip_serializing_if = "String::is_empty")]
    pub session_id: String,
    /// Whatever else the client gave.
    #[serde(skip_serializing_if = "Free::is_empty")]
    pub data: Free,
}

impl Frame {
    /// What the client said of whose code it is, where the server knows better.
    pub fn overruled(&self) -> Option<bool> {
        self.client_in_app.filter(|told| *told != self.in_app)
    }
}

impl User {
    /// What tells this user from others: the first of id, e-mail, username,
    /// session, address that is set, with its kind. Empty: nobody.
    pub fn identity(&self) -> String {
        [
            ("id", &self.id),
            ("email", &self.email),
            ("username", &self.username),
            ("session", &self.session_id),
            ("ip", &self.ip_address),
        ]
        .into_iter()
        .find(|(_, value)| !value.is_empty())
        .map(|(kind, value)| format!("{kind}:{value}"))
        .unwrap_or_default()
    }
}

/// One step on the way to the error.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Breadcrumb {
    /// Unix nanoseconds; 0: unknown.
    pub timestamp_ns: i64,
    /// "http", "navigation", …
    #[serde(rename = "type", skip_serializing_if = "String::is_empty")]
    pub ty: String,
    /// "ui.click", "fetch", …
    #[serde(skip_serializing_if = "String::is_empty")]
    pub category: String,
    /// Info when the client gave none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<Level>,
    /// The text.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// Free form.
    #[serde(skip_serializing_if = "Free::is_empty")]
    pub data: Free,
}
