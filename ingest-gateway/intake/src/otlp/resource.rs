//! What produced a record: the resource (a service on a host) and the scope (a
//! library or logger in it).

use event_model::Event;

use super::{
    super::{json::Json, sentry},
    event::{self, FreeMap, Members, short},
    model::{Attributes, Scope},
};

/// All that is kept of a resource or scope besides the event's own fields, bytes: it
/// is repeated in each event.
const BYTES_MAX: usize = 8 << 10;

/// What a resource says of all its records.
#[derive(Debug, Default)]
pub(super) struct Resource {
    /// Of its bytes.
    pub(super) hash: u128,
    pub(super) platform: String,
    release: String,
    environment: String,
    server_name: String,
    tags: Vec<(String, String)>,
    sdk: FreeMap,
    contexts: Vec<(&'static str, FreeMap)>,
    /// What has no place of its own.
    rest: FreeMap,
}

impl Resource {
    pub(super) fn new(mut from: Attributes<'_>, hash: u128) -> Self {
        let language = from.text(&["telemetry.sdk.language"]);
        let mut sdk = Members::default();
        let name = from.text(&["telemetry.sdk.name"]);
        if !name.is_empty() {
            let dot = if language.is_empty() { "" } else { "." };
            sdk.text("name", format!("{name}{dot}{language}"));
        }
        sdk.text("version", from.text(&["telemetry.sdk.version"]));
        let mut tags = Vec::new();
        for key in ["service.name", "service.namespace"] {
            let value = Json::String(from.text(&[key]).into());
            // What SDKs fill in where nobody named the service.
            if value
                .as_str()
                .is_some_and(|name| !name.starts_with("unknown_service"))
            {
                tags.extend(sentry::tag(key, value));
            }
        }
        let instance = from.text(&["service.instance.id"]);
        let host = from.text(&["host.name"]);
        let mut resource = Self {
            hash,
            platform: platform_of(&language),
            release: short(&from.text(&["service.version"]), sentry::TAG_CHARS_MAX),
            environment: short(
                &from.text(&["deployment.environment.name", "deployment.environment"]),
                sentry::SHORT_CHARS_MAX,
            ),
            server_name: short(
                if host.is_empty() { &instance } else { &host },
                sentry::TAG_CHARS_MAX,
            ),
            tags,
            sdk: sdk.free(BYTES_MAX),
            contexts: Vec::new(),
            rest: FreeMap::default(),
        };
        for (context, names) in CONTEXTS {
            let mut members = Members::default();
            for (name, keys) in names {
                members.text(name, from.text(keys));
            }
            if !members.is_empty() {
                resource.contexts.push((context, members.free(BYTES_MAX)));
            }
        }
        let mut rest = Members(from.0);
        rest.text("service.instance.id", instance);
        resource.rest = rest.free(BYTES_MAX);
        resource
    }

    /// Fills in what it knows.
    pub(super) fn tell(&self, event: &mut Event) {
        event.platform.clone_from(&self.platform);
        event.release.clone_from(&self.release);
        event.environment.clone_from(&self.environment);
        event.server_name.clone_from(&self.server_name);
        event.tags.clone_from(&self.tags);
        event.sdk = self.sdk.clone().into();
        for (name, context) in &self.contexts {
            event::put_context(event, name, context.clone());
        }
        event::put_context(event, "resource", self.rest.clone());
    }
}

type Names = &'static [(&'static str, &'static [&'static str])];

/// Contexts as Sentry's SDKs name them, their members, and the attributes that fill
/// those.
const CONTEXTS: [(&str, Names); 5] = [
    (
        "runtime",
        &[
            ("name", &["process.runtime.name"]),
            ("version", &["process.runtime.version"]),
            ("raw_description", &["process.runtime.description"]),
        ],
    ),
    (
        "os",
        &[
            ("name", &["os.name", "os.type"]),
            ("version", &["os.version"]),
            ("raw_description", &["os.description"]),
            ("build", &["os.build_id"]),
        ],
    ),
    (
        "device",
        &[
            ("arch", &["host.arch"]),
            ("model", &["device.model.name"]),
            ("model_id", &["device.model.identifier"]),
            ("manufacturer", &["device.manufacturer"]),
        ],
    ),
    (
        "browser",
        &[
            ("name", &["browser.name"]),
            ("version", &["browser.version"]),
        ],
    ),
    (
        "cloud_resource",
        &[
            ("cloud.provider", &["cloud.provider"]),
            ("cloud.region", &["cloud.region"]),
            ("cloud.platform", &["cloud.platform"]),
        ],
    ),
];

/// The platform's name as Sentry's SDKs write it.
fn platform_of(language: &str) -> String {
    match language.to_ascii_lowercase().as_str() {
        "nodejs" => "node".to_owned(),
        "webjs" => "javascript".to_owned(),
        "dotnet" => "csharp".to_owned(),
        "cpp" => "native".to_owned(),
        "swift" => "cocoa".to_owned(),
        "erlang" => "elixir".to_owned(),
        other => sentry::platform(Json::String(other.into())),
    }
}

/// What a scope says of all its records.
#[derive(Debug, Default)]
pub(super) struct ScopeFacts {
    /// Of its bytes.
    pub(super) hash: u128,
    /// For logs, the logger's name.
    pub(super) name: String,
    context: FreeMap,
}

impl ScopeFacts {
    pub(super) fn new(scope: Scope<'_>, hash: u128) -> Self {
        let name = short(&scope.name, sentry::TAG_CHARS_MAX);
        let mut members = Members(scope.attributes.0);
        members.text("name", name.clone());
        members.text("version", scope.version.into_owned());
        Self {
            hash,
            name,
            context: members.free(BYTES_MAX),
        }
    }

    /// Fills in what it knows.
    pub(super) fn tell(&self, event: &mut Event) {
        event::put_context(event, "scope", self.context.clone());
    }
}
