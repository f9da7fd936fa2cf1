//! Configuration: `errata.toml`, overridden by `ERRATA_*` variables, overridden by
//! flags. All reading of the environment happens here.
//!
//! Invariant: [`Config::default`] holds every key there is, with its default, so
//! that known keys, their types and the documentation come from one place. An
//! unknown key in the file is refused with its full name; an unknown variable is
//! only warned about, for Kubernetes injects some.

mod alerts;
mod cold;
mod retention;
mod sessions;
mod sql;

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use event_log::Floor;
use event_model::proxy::TrustedProxies;
use ingest_gateway::{Bootstrap, BootstrapOwner, GatewayLimits};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use toml::{Table, Value};

pub(crate) use self::{
    alerts::AlertsConfig, cold::ColdConfig, retention::RetentionConfig, sessions::SessionsConfig,
    sql::SqlSection,
};

/// Every key, with its default.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(deny_unknown_fields)]
pub(crate) struct Config {
    /// Where events, commands, reads and the web UI are served: HTTP/1.1, HTTP/2 and
    /// gRPC on one port.
    #[schemars(with = "String")]
    pub listen: SocketAddr,
    /// Everything Errata keeps.
    pub data_dir: PathBuf,
    /// How SDKs and people reach the server from outside: in DSNs, links and mails; empty:
    /// `http://` and `listen`, or `peers.query` where the query role is another process.
    /// May hold a path.
    pub public_url: String,
    /// Reverse proxies whose `X-Forwarded-For` is believed: networks or addresses, in the
    /// variable separated by commas. One on this host always is.
    #[schemars(with = "Vec<String>")]
    pub trusted_proxies: TrustedProxies,
    /// What roles in processes of their own authenticate to each other with, at least 32
    /// characters; empty: derived from `secret.key`. Needed only where a process has no data
    /// directory.
    pub internal_token: String,
    /// Where the roles are that this process does not run.
    pub peers: PeersConfig,
    /// Metrics and health.
    pub metrics: MetricsConfig,
    /// What the gateway takes at most.
    pub limits: GatewayLimits,
    /// The two logs.
    pub log: LogConfig,
    /// Parquet files.
    pub cold: ColdConfig,
    /// Outgoing mail.
    pub smtp: SmtpConfig,
    /// How long people stay signed in.
    pub sessions: SessionsConfig,
    /// When mails are held back.
    pub alerts: AlertsConfig,
    /// Queries in SQL.
    pub sql: SqlSection,
    /// What Errata itself prints.
    pub telemetry: TelemetryConfig,
}

/// `peers.*`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(deny_unknown_fields)]
pub(crate) struct PeersConfig {
    /// Where the gateway role is, `http://HOST:PORT`, for a query role or an alerter in a
    /// process of its own.
    pub gateway: String,
    /// Where the query role is, likewise, for a gateway or an alerter without one.
    pub query: String,
}

/// `metrics.*`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(deny_unknown_fields)]
pub(crate) struct MetricsConfig {
    /// Where `/healthz`, `/readyz` and `/metrics` are served.
    #[schemars(with = "String")]
    pub listen: SocketAddr,
    /// `/readyz` answers 503 when issues or search are more records behind the log (and
    /// while a projection fails, a thread is gone, or the server stops).
    pub ready_lag_max: u64,
}

/// `log.*`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(deny_unknown_fields)]
pub(crate) struct LogConfig {
    /// A segment file of the events log: a multiple of 4 KiB, 64 KiB to 1 GiB.
    pub events_segment_bytes: u64,
    /// A segment file of the control log, likewise.
    pub control_segment_bytes: u64,
    /// What stays free of the disk that holds the logs: before it is reached events are refused
    /// (503), while reads, sign-in and commands go on. What projections have yet to write of
    /// what was taken in stays free on top of it, at most as much again; 0: 2 GiB, or 5 % of
    /// the disk if that is less.
    pub free_bytes_min: u64,
    /// How long events are kept.
    pub retention: RetentionConfig,
}

/// `smtp.*`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(deny_unknown_fields)]
pub(crate) struct SmtpConfig {
    /// `smtp://user:pass@host:port`, `smtps://…`; `?tls=required` asks for STARTTLS; empty: no
    /// mail.
    pub url: String,
    /// The sender.
    pub from: String,
}

/// `telemetry.*`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(deny_unknown_fields)]
pub(crate) struct TelemetryConfig {
    /// What the server logs to standard error, in the syntax of `tracing`'s `EnvFilter`:
    /// `info`, `errata=debug,info`.
    pub filter: String,
    /// `text` or `json`.
    pub format: String,
}

const MIB: usize = 1024 * 1024;

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8470)),
            data_dir: PathBuf::from("./data"),
            public_url: String::new(),
            trusted_proxies: TrustedProxies::default(),
            internal_token: String::new(),
            peers: PeersConfig::default(),
            metrics: MetricsConfig::default(),
            limits: GatewayLimits::default(),
            log: LogConfig::default(),
            cold: ColdConfig::default(),
            smtp: SmtpConfig::default(),
            sessions: SessionsConfig::default(),
            alerts: AlertsConfig::default(),
            sql: SqlSection::default(),
            telemetry: TelemetryConfig::default(),
        }
    }
}

impl Default for PeersConfig {
    fn default() -> Self {
        Self {
            gateway: "http://127.0.0.1:8470".to_owned(),
            query: "http://127.0.0.1:8472".to_owned(),
        }
    }
}

impl Default for MetricsConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8471)),
            ready_lag_max: 1_000_000,
        }
    }
}

impl Default for LogConfig {
    fn default() -> Self {
        Self {
            events_segment_bytes: 128 * MIB as u64,
            control_segment_bytes: 4 * MIB as u64,
            free_bytes_min: 0,
            retention: RetentionConfig::default(),
        }
    }
}

impl Config {
    /// Where Parquet files are.
    pub(crate) fn cold_place(&self) -> object_place::Place {
        self.cold.place(&self.data_dir)
    }
}

impl LogConfig {
    /// What of the disk stays free, and what gives way for it.
    pub(crate) fn floor(&self) -> Floor {
        Floor {
            free_bytes_min: (self.free_bytes_min > 0).then_some(self.free_bytes_min),
            shed: self.retention.tiers(),
        }
    }
}

impl Default for SmtpConfig {
    fn default() -> Self {
        Self {
            url: String::new(),
            from: "Errata <errata@localhost>".to_owned(),
        }
    }
}

impl Default for TelemetryConfig {
    fn default() -> Self {
        Self {
            filter: "info".to_owned(),
            format: "text".to_owned(),
        }
    }
}

/// Values for the first start only, from the environment.
#[derive(Clone, Default, PartialEq)]
pub(crate) struct BootstrapEnv {
    /// `ERRATA_BOOTSTRAP_KEY`.
    pub key: Option<String>,
    /// `ERRATA_BOOTSTRAP_OWNER`.
    pub owner: Option<String>,
    /// `ERRATA_BOOTSTRAP_TOKEN`.
    pub token: Option<String>,
}

/// What [`load`] found.
pub(crate) struct Loaded {
    /// The configuration.
    pub config: Config,
    /// For the first start.
    pub bootstrap: BootstrapEnv,
    /// Variables that name no key.
    pub unknown_variables: Vec<String>,
}

const PREFIX: &str = "ERRATA_";
const BOOTSTRAP_PREFIX: &str = "ERRATA_BOOTSTRAP_";
/// Names the file itself.
const FILE_VARIABLE: &str = "ERRATA_CONFIG";

/// What the environment says of object stores, by the names that other programs read.
pub(crate) fn store_variables() -> Vec<(String, String)> {
    let text = |(name, value): (OsString, OsString)| {
        Some((name.into_string().ok()?, value.into_string().ok()?))
    };
    std::env::vars_os()
        .filter_map(text)
        .filter(|(name, _)| {
            object_place::VARIABLES
                .iter()
                .any(|of| name.starts_with(of))
        })
        .collect()
}

/// Loads file and environment of this process; `flags` are dotted keys that
/// override both.
pub(crate) fn load(file: Option<&Path>, flags: &[(&str, String)]) -> Result<Loaded> {
    let env: BTreeMap<String, String> = std::env::vars()
        .filter(|(name, _)| name.starts_with(PREFIX))
        .collect();
    let named = file
        .map(Path::to_path_buf)
        .or_else(|| env.get(FILE_VARIABLE).map(PathBuf::from));
    let (path, must_exist) = match named {
        Some(path) => (path, true),
        None => (PathBuf::from("errata.toml"), false),
    };
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && !must_exist => String::new(),
        Err(error) => {
            return Err(error)
                .with_context(|| format!("read configuration file {}", path.display()));
        }
    };
    combine(&text, &path.display().to_string(), &env, flags)
}

fn combine(
    file: &str,
    file_name: &str,
    env: &BTreeMap<String, String>,
    flags: &[(&str, String)],
) -> Result<Loaded> {
    let defaults =
        Table::try_from(Config::default()).context("serialise the default configuration")?;
    let known = flatten(&defaults, "");
    let mut table: Table = file.parse().with_context(|| format!("parse {file_name}"))?;
    for key in flatten(&table, "").keys() {
        if !known.contains_key(key) {
            bail!(
                "unknown key {key:?} in {file_name}; known keys: {}",
                nearby(key, &known)
            );
        }
    }

    let mut unknown_variables = Vec::new();
    for (name, text) in env {
        if name.starts_with(BOOTSTRAP_PREFIX) || name == FILE_VARIABLE {
            continue;
        }
        let key = name[PREFIX.len()..].to_ascii_lowercase().replace("__", ".");
        match known.get(&key) {
            Some(default) => set(&mut table, &key, typed(text, default, name)?),
            None => unknown_variables.push(name.clone()),
        }
    }
    for (key, text) in flags {
        let default = known
            .get(*key)
            .with_context(|| format!("flag for unknown key {key}"))?;
        set(&mut table, key, typed(text, default, key)?);
    }

    let config: Config =
        serde_path_to_error::deserialize(Value::Table(table)).map_err(|error| {
            anyhow::anyhow!(
                "configuration key {}: {}",
                error.path(),
                error.inner().message()
            )
        })?;
    let bootstrap = |name: &str| env.get(&format!("{BOOTSTRAP_PREFIX}{name}")).cloned();
    Ok(Loaded {
        config,
        bootstrap: BootstrapEnv {
            key: bootstrap("KEY"),
            owner: bootstrap("OWNER"),
            token: bootstrap("TOKEN"),
        },
        unknown_variables,
    })
}

/// Dotted keys of all leaves.
fn flatten(table: &Table, prefix: &str) -> BTreeMap<String, Value> {
    let mut leaves = BTreeMap::new();
    for (name, value) in table {
        let key = if prefix.is_empty() {
            name.clone()
        } else {
            format!("{prefix}.{name}")
        };
        match value {
            Value::Table(inner) => leaves.extend(flatten(inner, &key)),
            leaf => {
                leaves.insert(key, leaf.clone());
            }
        }
    }
    leaves
}

/// The known keys of the same table, or all top-level ones.
fn nearby(key: &str, known: &BTreeMap<String, Value>) -> String {
    let section = key.rsplit_once('.').map_or("", |(section, _)| section);
    let of_section = |k: &&String| k.rsplit_once('.').map_or("", |(s, _)| s) == section;
    let mut keys: Vec<&str> = known
        .keys()
        .filter(of_section)
        .map(String::as_str)
        .collect();
    if keys.is_empty() {
        keys = known.keys().map(String::as_str).collect();
    }
    keys.join(", ")
}

/// A variable's or flag's text as the type that the key's default has.
fn typed(text: &str, default: &Value, name: &str) -> Result<Value> {
    Ok(match default {
        Value::Boolean(_) => Value::Boolean(
            text.parse()
                .with_context(|| format!("{name}={text:?} is neither true nor false"))?,
        ),
        Value::Integer(_) => Value::Integer(
            text.parse()
                .with_context(|| format!("{name}={text:?} is not a whole number"))?,
        ),
        Value::Array(_) => {
            let entries = text.split(',').map(str::trim);
            let entries = entries.filter(|entry| !entry.is_empty());
            Value::Array(
                entries
                    .map(|entry| Value::String(entry.to_owned()))
                    .collect(),
            )
        }
        _ => Value::String(text.to_owned()),
    })
}

fn set(table: &mut Table, key: &str, value: Value) {
    match key.split_once('.') {
        None => {
            table.insert(key.to_owned(), value);
        }
        Some((section, rest)) => {
            let inner = table
                .entry(section.to_owned())
                .or_insert_with(|| Value::Table(Table::new()));
            if let Value::Table(inner) = inner {
                set(inner, rest, value);
            }
        }
    }
}

impl BootstrapEnv {
    /// As the gateway takes them.
    pub(crate) fn wishes(&self) -> Result<Bootstrap> {
        let key = self
            .key
            .as_deref()
            .map(str::parse)
            .transpose()
            .context("ERRATA_BOOTSTRAP_KEY")?;
        let owner = match self.owner.as_deref().map(|owner| owner.split_once(':')) {
            None => None,
            Some(Some((email, password))) => Some(BootstrapOwner {
                email: email.to_owned(),
                password: password.to_owned(),
            }),
            Some(None) => bail!("ERRATA_BOOTSTRAP_OWNER has no colon: email:password is expected"),
        };
        Ok(Bootstrap {
            key,
            owner,
            token: self.token.clone(),
        })
    }
}

impl Config {
    /// `public_url` without a slash at the end, or its default.
    pub(crate) fn public_url(&self) -> String {
        if self.public_url.is_empty() {
            self.listen_url()
        } else {
            self.public_url.trim_end_matches('/').to_owned()
        }
    }

    /// Where this process is reached from this machine.
    pub(crate) fn listen_url(&self) -> String {
        if self.listens_everywhere() {
            // 0.0.0.0 is no address that anybody can reach.
            format!("http://localhost:{}", self.listen.port())
        } else {
            format!("http://{}", self.listen)
        }
    }

    /// Whether links and DSNs are made of an address that only this machine knows, though
    /// others reach the server.
    pub(crate) fn wants_public_url(&self) -> bool {
        self.public_url.is_empty() && self.listens_everywhere()
    }

    fn listens_everywhere(&self) -> bool {
        self.listen.ip().is_unspecified()
    }
}

#[cfg(test)]
mod tests;
