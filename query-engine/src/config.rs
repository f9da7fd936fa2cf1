//! What the engine is told at start.

use std::{path::PathBuf, sync::Arc};

use event_log::Floor;
use event_model::{
    credential::{SessionCookie, Uses},
    proxy::TrustedProxies,
    retention::KeepRule,
};
use ground::Clock;
use read_model::cold::Place;

use crate::past::PastIssues;

/// Configuration; no hidden defaults.
#[derive(Debug, Clone)]
pub struct QueryConfig {
    /// Where people and clients reach this installation, `scheme://host[:port][/prefix]`;
    /// DSNs are made of it.
    pub public_url: String,
    /// The read model's folder (`data/read-model`).
    pub read_model_dir: PathBuf,
    /// Where the Parquet files are (`data/cold`, or a bucket).
    pub cold: Place,
    /// How long events of a project, a level or an environment are kept, beside the rules that
    /// projects have.
    pub retention: Vec<KeepRule>,
    /// What of the disk stays free.
    pub floor: Floor,
    /// The folder of blobs (`data/blobs`), which need not be there yet.
    pub blobs_dir: PathBuf,
    /// The server's version, shown to people.
    pub version: String,
    /// Whether the alerter has a mail server, so that people learn when it has none.
    pub mail_configured: bool,
    /// Whose `X-Forwarded-For` is believed.
    pub trusted_proxies: TrustedProxies,
    /// Where it is noted when sessions and tokens were used last; shared with the gateway
    /// of the same process.
    pub uses: Uses,
    /// How often one may read.
    pub limits: ReadLimits,
    /// Now, to ranges, sessions and tokens.
    pub clock: Clock,
    /// Who makes issues of a past time; none: nobody is told of the past.
    pub past: Option<Arc<dyn PastIssues>>,
}

/// How often one token, or one person's sessions, may read over REST.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadLimits {
    /// Whether limits hold at all.
    pub enabled: bool,
    /// Lists, a minute.
    pub lists_per_minute: u32,
    /// Single issues and events, and files, a minute.
    pub details_per_minute: u32,
}

impl QueryConfig {
    /// `scheme://KEY@host[:port][/prefix]/PROJECT`, what clients are given.
    pub(crate) fn dsn(&self, public_key: event_model::PublicKey, project: u32) -> String {
        let url = self.public_url.trim_end_matches('/');
        let (scheme, rest) = url.split_once("://").unwrap_or(("http", url));
        format!("{scheme}://{public_key}@{rest}/{project}")
    }

    /// How sessions travel.
    pub(crate) fn session_cookie(&self) -> SessionCookie {
        let url = &self.public_url;
        let (scheme, rest) = url.split_once("://").unwrap_or(("http", url));
        let path = rest.split_once('/').map_or("", |(_, path)| path);
        let path = path.trim_matches('/');
        SessionCookie::new(scheme == "https", &format!("/{path}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dsn_holds_key_host_prefix_and_project() {
        let key = event_model::PublicKey([0xab; 16]);
        let hex = "ab".repeat(16);
        for (url, expected) in [
            (
                "http://127.0.0.1:8470",
                format!("http://{hex}@127.0.0.1:8470/7"),
            ),
            (
                "https://e.example/errors/",
                format!("https://{hex}@e.example/errors/7"),
            ),
        ] {
            let config = QueryConfig {
                public_url: url.to_owned(),
                read_model_dir: PathBuf::new(),
                blobs_dir: PathBuf::new(),
                cold: Place::folder("cold"),
                retention: Vec::new(),
                floor: Floor::default(),
                version: String::new(),
                mail_configured: false,
                trusted_proxies: TrustedProxies::default(),
                uses: Uses::default(),
                limits: ReadLimits {
                    enabled: false,
                    lists_per_minute: 1,
                    details_per_minute: 1,
                },
                clock: Clock::MACHINE,
                past: None,
            };
            assert_eq!(config.dsn(key, 7), expected, "{url}");
        }
    }
}
