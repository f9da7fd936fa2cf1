//! `errata serve`: the wiring of the roles, and their end.
//!
//! The way up: secret, logs, gateway (which makes the first start's records),
//! projector, query engine, listeners, alerter. The way down, within
//! [`SHUTDOWN_TIMEOUT`]: listeners drain, the alerter records its cursor, the
//! projector commits, the logs close. A poisoned log ends the process with a
//! message; the next start recovers.

use std::{
    fmt::Write as _,
    fs,
    io::Write as _,
    net::SocketAddr,
    os::unix::fs::PermissionsExt,
    path::Path,
    sync::Arc,
    time::Duration,
};

use alerter::{AlerterConfig, Peers, SmtpConfig};
use anyhow::{Context, Result, bail};
use event_log::{LogConfig, LogWriter};
use event_model::credential::{Caller, ServerSecret};
use ingest_gateway::{Gateway, GatewayConfig};
use projector::Projector;
use query_engine::QueryEngine;
use tokio::{
    net::{TcpListener, UnixListener},
    signal::unix::{SignalKind, signal},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;

use crate::{
    admin,
    cli::{Role, Serve},
    config::{Config, Loaded},
    ops, secret, server,
};

/// From SIGTERM to the end of the process.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(9);
/// How often the log's health is looked at.
const HEALTH_INTERVAL: Duration = Duration::from_millis(200);

/// Runs the server until SIGTERM, SIGINT or a poisoned log.
pub async fn run(args: &Serve, mut loaded: Loaded) -> Result<()> {
    check_roles(&args.roles)?;
    let listen = loaded.config.listen;
    let listener = TcpListener::bind(listen).await.with_context(|| format!("listen on {listen}"))?;
    // A port of 0 asks the system for a free one; links and DSNs need the real one.
    loaded.config.listen = listener.local_addr().context("the listener's address")?;
    let metrics = ops::install_recorder()?;

    let (log, gateway, report) = open_gateway(&loaded).await?;
    let config = &loaded.config;
    let secret = secret::load_or_create(&config.data_dir)?;
    let roles = Roles::start(config, &args.roles, &log, gateway, &secret)?;

    let stop = CancellationToken::new();
    let mut tasks = Vec::new();
    let ready = roles.readiness(config.metrics.ready_lag_max);
    let (ops_address, ops_serving) = ops::serve(config.metrics.listen, metrics, ready, stop.clone()).await?;
    tasks.push(tokio::spawn(ops_serving));
    let router = roles.router();
    tasks.push(tokio::spawn(server::serve_unix(
        bind_admin_socket(&config.data_dir)?,
        router.clone().layer(axum::Extension(Caller::Admin)),
        stop.clone(),
    )));
    tasks.push(tokio::spawn(server::serve_tcp(listener, router.clone(), stop.clone())));
    let alerts = if args.roles.contains(&Role::Alerter) {
        Some(Alerts::start(config, router, &secret)?)
    } else {
        None
    };
    print_banner(config, ops_address, report.as_deref())?;

    let ended = wait_for_end(&log).await;
    let clean = shut_down(stop, tasks, alerts, roles, log).await;
    let _ = fs::remove_file(config.data_dir.join(admin::SOCKET));
    ended.and(clean)
}

fn check_roles(roles: &[Role]) -> Result<()> {
    if !roles.contains(&Role::Gateway) || !roles.contains(&Role::Projector) || !roles.contains(&Role::Query) {
        bail!(
            "--roles must name gateway, projector and query in this release: roles in processes of their own \
             need the log's durable position published between processes, which it does not do yet"
        );
    }
    Ok(())
}

/// Opens the logs and the gateway; also for the command line without a server.
/// The text tells what the first start made, or an unused owner's link.
pub async fn open_gateway(loaded: &Loaded) -> Result<(LogWriter, Gateway, Option<String>)> {
    let config = &loaded.config;
    let data_dir = &config.data_dir;
    fs::create_dir_all(data_dir).with_context(|| format!("create {}", data_dir.display()))?;
    let secret = secret::load_or_create(data_dir)?;
    let log_config = LogConfig {
        events_segment_bytes: config.log.events_segment_bytes,
        control_segment_bytes: config.log.control_segment_bytes,
        ..LogConfig::new(data_dir.join("log"))
    };
    let log = tokio::task::spawn_blocking(move || LogWriter::open(&log_config)).await?.context("open the logs")?;
    let mut gateway_config = GatewayConfig::new(
        url::Url::parse(&config.public_url()).with_context(|| format!("public_url {:?}", config.public_url()))?,
    );
    gateway_config.limits = config.limits.clone();
    let gateway = Gateway::start(gateway_config, log.clone(), secret, loaded.bootstrap.parse()?)
        .await
        .context("start the gateway")?;
    let report = gateway.bootstrap_report().map(ToString::to_string);
    Ok((log, gateway, report))
}

/// The roles of this process that hold state.
struct Roles {
    gateway: Gateway,
    projector: Projector,
    query: QueryEngine,
}

impl Roles {
    fn start(config: &Config, log: &LogWriter, gateway: Gateway, secret: &ServerSecret) -> Result<Self> {
        let paths = paths(config);
        let projector = Projector::start(ProjectorConfig::new(paths.clone()), log.reader()).context("start the projector")?;
        let query_config = QueryConfig {
            public_url: config.public_url(),
            read_model_dir: paths.read_model,
            version: env!("CARGO_PKG_VERSION").to_owned(),
        };
        let query = QueryEngine::start(query_config, log.reader(), secret.clone()).context("start the query engine")?;
        Ok(Self { gateway, projector, query })
    }

    fn router(&self) -> Router {
        self.gateway.router().merge(self.query.router())
    }
}
