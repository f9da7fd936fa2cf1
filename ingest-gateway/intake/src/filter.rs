//! Events that a project's owners do not want: dropped at the door, counted by
//! reason, answered like any other.
//!
//! Owns what each filter means. Pure: the event and the sender's address in, a
//! reason or none out; linear in the event and the filters. It sees the event after
//! the scrub, so a masked address is no address. Everything is off by default: a
//! tracker that throws errors away unasked is not believed when it says there are
//! none.

mod browsers;

use std::net::IpAddr;

use event_model::{
    Event,
    event::Frame,
    free::Part,
    network::{Network, NetworkError},
    settings::Filters,
};

use crate::scrub::is_like;

/// Most entries of each list.
pub const ENTRIES_MAX: usize = 200;
/// Longest entry, characters.
pub const ENTRY_CHARS_MAX: usize = 200;

/// Why an event is not wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(
    missing_docs,
    reason = "named like the filters in event_model::settings"
)]
pub enum FilterReason {
    Release,
    Environment,
    IpAddress,
    UserAgent,
    Message,
    BrowserExtension,
    Crawler,
    Localhost,
    Noise,
    ChunkLoadError,
    LegacyBrowser,
    DiscardedIssue,
}

impl FilterReason {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Release,
        Self::Environment,
        Self::IpAddress,
        Self::UserAgent,
        Self::Message,
        Self::BrowserExtension,
        Self::Crawler,
        Self::Localhost,
        Self::Noise,
        Self::ChunkLoadError,
        Self::LegacyBrowser,
        Self::DiscardedIssue,
    ];

    /// As a drop reason in metrics and records.
    pub fn name(self) -> &'static str {
        match self {
            Self::Release => "filtered_release",
            Self::Environment => "filtered_environment",
            Self::IpAddress => "filtered_ip_address",
            Self::UserAgent => "filtered_user_agent",
            Self::Message => "filtered_message",
            Self::BrowserExtension => "filtered_browser_extension",
            Self::Crawler => "filtered_crawler",
            Self::Localhost => "filtered_localhost",
            Self::Noise => "filtered_noise",
            Self::ChunkLoadError => "filtered_chunk_load_error",
            Self::LegacyBrowser => "filtered_legacy_browser",
            Self::DiscardedIssue => event_model::note::DISCARDED_ISSUE,
        }
    }
}

impl FilterReason {
    /// What happened, for people.
    pub fn explanation(self) -> &'static str {
        match self {
            Self::Release => "The project's filters turn this release away.",
            Self::Environment => "The project's filters turn this environment away.",
            Self::IpAddress => "The project's filters turn this address away.",
            Self::UserAgent => "The project's filters turn this user agent away.",
            Self::Message => "The project's filters turn this message away.",
            Self::BrowserExtension => "It is the error of a browser extension.",
            Self::Crawler => "It came from a crawler.",
            Self::Localhost => "It came from a developer's own machine.",
            Self::Noise => "It is one of the messages of browsers that tell nothing.",
            Self::ChunkLoadError => "A part of the page was not found after a deployment.",
            Self::LegacyBrowser => "It came from a browser that is too old.",
            Self::DiscardedIssue => "It belongs to an issue that was discarded.",
        }
    }
}

/// A project's filters, compiled.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    settings: Filters,
    networks: Vec<Network>,
    /// Whether anything is set.
    any: bool,
}

/// Why filters are refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {message}")]
pub struct FilterError {
    /// "ip_ranges[1]"
    pub field: String,
    /// For people.
    pub message: String,
}

impl Filter {
    /// Compiles settings. Fails with the first entry that cannot be.
    pub fn compile(settings: &Filters) -> Result<Self, FilterError> {
        let mut settings = settings.clone();
        for (name, list) in [
            ("releases", &mut settings.releases),
            ("environments", &mut settings.environments),
            ("ip_ranges", &mut settings.ip_ranges),
            ("user_agents", &mut settings.user_agents),
            ("messages", &mut settings.messages),
        ] {
            if list.len() > ENTRIES_MAX {
                return Err(FilterError {
                    field: name.to_owned(),
                    message: format!("{} of at most {ENTRIES_MAX}", list.len()),
                });
            }
            for (at, entry) in list.iter_mut().enumerate() {
                let chars = entry.trim().chars().count();
                if !(1..=ENTRY_CHARS_MAX).contains(&chars) {
                    return Err(FilterError {
                        field: format!("{name}[{at}]"),
                        message: format!("must have 1 to {ENTRY_CHARS_MAX} characters"),
                    });
                }
                *entry = entry.trim().to_lowercase();
            }
        }
        let mut networks = Vec::new();
        for (at, range) in settings.ip_ranges.iter().enumerate() {
            let network = range.parse().map_err(|error: NetworkError| FilterError {
                field: format!("ip_ranges[{at}]"),
                message: error.to_string(),
            })?;
            networks.push(network);
        }
        Ok(Self {
            any: settings != Filters::default(),
            settings,
            networks,
        })
    }

    /// Why the event is not wanted; `None`: it is. `sender` is who sent it.
    pub fn reason(&self, event: &Event, sender: Option<IpAddr>) -> Option<FilterReason> {
        let wants = &self.settings;
        if !self.any {
            return None;
        }
        let agent = user_agent(event);
        let agent = agent.as_str();
        let like = |globs: &[String], text: &str| {
            !text.is_empty() && globs.iter().any(|glob| is_like(glob, text))
        };
        let by = |is: bool, reason| is.then_some(reason);
        by(like(&wants.releases, &event.release), FilterReason::Release)
            .or_else(|| {
                let is = like(&wants.environments, &event.environment);
                by(is, FilterReason::Environment)
            })
            .or_else(|| by(self.is_from(event, sender), FilterReason::IpAddress))
            .or_else(|| by(like(&wants.user_agents, agent), FilterReason::UserAgent))
            .or_else(|| by(self.says(event), FilterReason::Message))
            .or_else(|| {
                let is = wants.browser_extensions && browsers::is_of_extension(event);
                by(is, FilterReason::BrowserExtension)
            })
            .or_else(|| {
                let is = wants.crawlers && browsers::is_crawler(agent);
                by(is, FilterReason::Crawler)
            })
            .or_else(|| {
                let is = wants.localhost && is_local(event);
                by(is, FilterReason::Localhost)
            })
            .or_else(|| by(wants.noise && is_noise(event), FilterReason::Noise))
            .or_else(|| {
                let is = wants.chunk_load_errors && is_chunk_load_error(event);
                by(is, FilterReason::ChunkLoadError)
            })
            .or_else(|| {
                let is = wants.legacy_browsers && browsers::is_legacy(agent);
                by(is, FilterReason::LegacyBrowser)
            })
    }

    fn is_from(&self, event: &Event, sender: Option<IpAddr>) -> bool {
        if self.networks.is_empty() {
            return false;
        }
        let user = event.user.as_ref();
        let user = user.and_then(|user| user.ip_address.parse::<IpAddr>().ok());
        let addresses = [sender, user];
        let mut addresses = addresses.into_iter().flatten();
        addresses.any(|address| self.networks.iter().any(|network| network.holds(address)))
    }

    fn says(&self, event: &Event) -> bool {
        let globs = &self.settings.messages;
        !globs.is_empty()
            && texts(event)
                .iter()
                .any(|text| globs.iter().any(|glob| is_like(glob, text)))
    }
}

/// What the event says: of each exception "Type: value" and its value, and the
/// message.
fn texts(event: &Event) -> Vec<String> {
    let mut texts = Vec::new();
    for exception in &event.exceptions {
        if !exception.ty.is_empty() {
            texts.push(format!("{}: {}", exception.ty, exception.value));
        }
        texts.push(exception.value.clone());
    }
    texts.push(event.message.clone());
    texts.retain(|text| !text.is_empty());
    texts
}

/// A text of the request; empty: there is none.
fn request_text(event: &Event, key: &str) -> String {
    let value = event.request.get(key);
    value
        .and_then(Part::as_str)
        .unwrap_or_default()
        .into_owned()
}

/// The browser's name for itself; empty: none was given.
fn user_agent(event: &Event) -> String {
    let headers = event.request.get("headers").and_then(Part::members);
    let mut headers = headers.unwrap_or_default().into_iter();
    let agent = headers.find_map(|(name, value)| {
        name.eq_ignore_ascii_case("user-agent")
            .then(|| value.as_str())?
    });
    agent.unwrap_or_default().into_owned()
}

/// Whether the page or the host is a developer's own machine.
fn is_local(event: &Event) -> bool {
    let address = request_text(event, "url");
    let host = url::Url::parse(&address)
        .ok()
        .and_then(|url| url.host_str().map(str::to_ascii_lowercase))
        .unwrap_or_default();
    let bare = host.trim_matches(['[', ']']);
    let own = |ip: IpAddr| ip.is_loopback() || ip.is_unspecified();
    host == "localhost"
        || host.ends_with(".localhost")
        || bare.parse().is_ok_and(own)
        || event.server_name.eq_ignore_ascii_case("localhost")
}

/// Messages of browsers that say nothing, as they begin.
const NOISE: [&str; 5] = [
    "script error.",
    "script error",
    "resizeobserver loop limit exceeded",
    "resizeobserver loop completed with undelivered notifications",
    "non-error promise rejection captured with value: timeout",
];

fn is_noise(event: &Event) -> bool {
    let values = event
        .exceptions
        .iter()
        .map(|exception| exception.value.as_str());
    let said = values
        .chain([event.message.as_str()])
        .filter(|text| !text.is_empty());
    let mut lines = said.map(|text| {
        text.lines()
            .next()
            .unwrap_or_default()
            .trim()
            .to_lowercase()
    });
    let is = |line: &str| {
        NOISE
            .iter()
            .any(|known| line.trim_end_matches('.') == known.trim_end_matches('.'))
    };
    let framed = event
        .exceptions
        .iter()
        .flat_map(|exception| &exception.frames);
    // A "Script error." with a stack of ours is an error of ours.
    let own = framed.filter(|frame| frame.in_app && !frame.function.is_empty());
    lines.any(|line| is(&line)) && own.count() == 0
}

fn is_chunk_load_error(event: &Event) -> bool {
    const BEGINNINGS: [&str; 6] = [
        "loading chunk ",
        "loading css chunk ",
        "failed to fetch dynamically imported module",
        "error loading dynamically imported module",
        "importing a module script failed",
        "unable to preload css",
    ];
    event.exceptions.iter().any(|exception| {
        let value = exception.value.to_lowercase();
        exception.ty == "ChunkLoadError" || BEGINNINGS.iter().any(|known| value.starts_with(known))
    })
}

/// Where the newest and the oldest call of each stack are: who threw, who began.
fn ends_of_stacks(event: &Event) -> impl Iterator<Item = &Frame> {
    let stacks = event
        .exceptions
        .iter()
        .map(|exception| exception.frames.as_slice());
    stacks.flat_map(|frames| frames.first().into_iter().chain(frames.last()))
}

#[cfg(test)]
mod tests;
