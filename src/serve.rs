//! `errata serve`: the wiring of the roles, and their end.
//!
//! The way up: secret, logs, gateway (which makes the first start's records),
//! projector, query engine, listeners, alerter. The way down, within
//! [`SHUTDOWN_TIMEOUT`]: live streams end, items being taken in get their fate, the
//! alerter records its cursor, the listeners drain, the projector commits, the logs
//! close. A poisoned log ends the process with a message; the next start recovers.

use std::{
    fmt::Write as _,
    fs,
    io::Write as _,
    net::SocketAddr,
    os::unix::fs::{DirBuilderExt, PermissionsExt},
    path::Path,
    sync::Arc,
    time::Duration,
};

use alerter::{AlerterConfig, Peers, SmtpConfig};
use anyhow::{Context, Result, bail};
use axum::Router;
use event_log::{LogConfig, LogWriter};
use event_model::credential::{Caller, ServerSecret};
use ingest_gateway::{BootstrapReport, Gateway, GatewayConfig};
use projector::{Projector, ProjectorConfig};
use query_engine::{QueryConfig, QueryEngine};
use tokio::{
    net::{TcpListener, UnixListener},
    signal::unix::{SignalKind, signal},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::{
    admin,
    cli::{Role, Serve},
    config::{Config, Loaded},
    ops, secret, server,
};

/// From SIGTERM to the end of the process.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(9);
/// Of it, for items that were being taken in.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(3);

/// Runs the server until SIGTERM, SIGINT or a poisoned log.
pub(crate) async fn run(args: &Serve, mut loaded: Loaded) -> Result<()> {
    check_roles(&args.roles)?;
    let listen = loaded.config.listen;
    let listener = TcpListener::bind(listen)
        .await
        .with_context(|| format!("listen on {listen}"))?;
    // A port of 0 asks the system for a free one; links and DSNs need the real one.
    loaded.config.listen = listener.local_addr().context("the listener's address")?;
    let metrics = ops::install_recorder()?;

    let (log, gateway) = open_gateway(&loaded).await?;
    let report = gateway.bootstrap_report().clone();
    let watch = gateway.clone();
    let config = &loaded.config;
    let secret = secret::load_or_create(&config.data_dir)?;
    let roles = Roles::start(config, &log, gateway, &secret)?;

    let stop = CancellationToken::new();
    let mut tasks = Vec::new();
    let stopping = CancellationToken::new();
    let ready = roles.readiness(config.metrics.ready_lag_max, stopping.clone());
    let (ops_address, ops_serving) =
        ops::serve(config.metrics.listen, metrics, ready, stop.clone()).await?;
    tasks.push(tokio::spawn(ops_serving));
    let router = roles.router();
    tasks.push(tokio::spawn(server::serve_unix(
        bind_admin_socket(&config.data_dir)?,
        router.clone().layer(axum::Extension(Caller::Admin)),
        stop.clone(),
    )));
    tasks.push(tokio::spawn(server::serve_tcp(
        listener,
        router.clone(),
        stop.clone(),
    )));
    let alerts = if args.roles.contains(&Role::Alerter) {
        Some(Alerts::start(config, router, &secret)?)
    } else {
        None
    };
    print_banner(config, ops_address, &report)?;

    let ended = wait_for_end(&watch).await;
    // A load balancer looks elsewhere from now on.
    stopping.cancel();
    let clean = shut_down(stop, tasks, alerts, roles, log).await;
    let _ = fs::remove_file(config.data_dir.join(admin::SOCKET));
    ended.and(clean)
}

fn check_roles(roles: &[Role]) -> Result<()> {
    if !roles.contains(&Role::Gateway)
        || !roles.contains(&Role::Projector)
        || !roles.contains(&Role::Query)
    {
        bail!(
            "--roles must name gateway, projector and query in this release: roles in processes of their own \
             need the log's durable position published between processes, which it does not do yet"
        );
    }
    Ok(())
}

/// Opens the logs and the gateway; also for the command line without a server.
pub(crate) async fn open_gateway(loaded: &Loaded) -> Result<(LogWriter, Gateway)> {
    let config = &loaded.config;
    let data_dir = &config.data_dir;
    // What is inside tells of people: for this user's eyes alone.
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(data_dir)
        .with_context(|| format!("create {}", data_dir.display()))?;
    let secret = secret::load_or_create(data_dir)?;
    let log_config = LogConfig {
        events_segment_bytes: config.log.events_segment_bytes,
        control_segment_bytes: config.log.control_segment_bytes,
        ..LogConfig::new(data_dir.join("log"))
    };
    let log = tokio::task::spawn_blocking(move || LogWriter::open(log_config))
        .await?
        .context("open the logs")?;
    let public_url = config.public_url();
    let public_url =
        Url::parse(&public_url).with_context(|| format!("public_url {public_url:?} is no URL"))?;
    let gateway_config = GatewayConfig {
        limits: config.limits.clone(),
        ..GatewayConfig::new(public_url)
    };
    let gateway = Gateway::start(
        gateway_config,
        log.clone(),
        secret,
        loaded.bootstrap.wishes()?,
    )
    .await
    .context("start the gateway")?;
    Ok((log, gateway))
}

/// The roles of this process that hold state.
struct Roles {
    gateway: Gateway,
    projector: Arc<Projector>,
    query: QueryEngine,
}

impl Roles {
    fn start(
        config: &Config,
        log: &LogWriter,
        gateway: Gateway,
        secret: &ServerSecret,
    ) -> Result<Self> {
        let paths = ProjectorConfig::new(&config.data_dir);
        let projector = Projector::start(&paths, log.reader()).context("start the projector")?;
        let query_config = QueryConfig {
            public_url: config.public_url(),
            read_model_dir: paths.read_model_dir,
            version: env!("CARGO_PKG_VERSION").to_owned(),
        };
        let query = QueryEngine::start(query_config, log.reader(), secret.clone())
            .context("start the query engine")?;
        Ok(Self {
            gateway,
            projector: Arc::new(projector),
            query,
        })
    }

    fn router(&self) -> Router {
        self.gateway
            .router()
            .merge(self.query.router_with_ui())
            .merge(reflection())
    }

    /// Ready: not stopping, no projection fails or is more than `lag_max` records behind.
    fn readiness(&self, lag_max: u64, stopping: CancellationToken) -> ops::Readiness {
        let projector = Arc::downgrade(&self.projector);
        Arc::new(move || {
            if stopping.is_cancelled() {
                return Err("stopping".to_owned());
            }
            let projector = projector.upgrade().ok_or("stopping")?;
            for projection in projector.status() {
                if let Some(error) = projection.error {
                    return Err(format!("{} fails: {error}", projection.name));
                }
                // Parquet files are cut at segment ends, so that one always lags.
                if projection.name != "cold" && projection.lag > lag_max {
                    return Err(format!(
                        "{} is {} records behind the log",
                        projection.name, projection.lag
                    ));
                }
            }
            Ok(())
        })
    }
}

/// gRPC server reflection of all services, in both of its versions: Python's client
/// and older releases of grpcurl ask for v1alpha only.
fn reflection() -> Router {
    let builder = || {
        tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(proto::FILE_DESCRIPTOR_SET)
    };
    let sound = "the embedded descriptor set is made by the build of `proto`";
    // The web UI is the one fallback of the whole.
    tonic::service::Routes::new(builder().build_v1().expect(sound))
        .add_service(builder().build_v1alpha().expect(sound))
        .into_axum_router()
        .reset_fallback()
}

/// The alerter and its in-memory way to the other roles.
struct Alerts {
    stop: CancellationToken,
    alerter: JoinHandle<()>,
    transport_stop: CancellationToken,
    transport: JoinHandle<()>,
}

impl Alerts {
    fn start(config: &Config, router: Router, secret: &ServerSecret) -> Result<Self> {
        let smtp = (!config.smtp.url.is_empty()).then(|| SmtpConfig {
            url: config.smtp.url.clone(),
            from: config.smtp.from.clone(),
        });
        let transport_stop = CancellationToken::new();
        let (channel, serving) = server::serve_memory(router, transport_stop.clone());
        let peers = Peers::new(channel.clone(), channel, &secret.internal_token())?;
        let alerter_config = AlerterConfig::new(&config.public_url(), smtp);
        let stop = CancellationToken::new();
        let alerter_stop = stop.clone();
        let alerter = tokio::spawn(async move {
            if let Err(error) = alerter::run(alerter_config, peers, alerter_stop).await {
                tracing::error!(
                    error = format!("{:#}", anyhow::Error::from(error)),
                    "no alerts are sent"
                );
            }
        });
        Ok(Self {
            stop,
            alerter,
            transport_stop,
            transport: tokio::spawn(serving),
        })
    }

    async fn end(self) {
        self.stop.cancel();
        let _ = self.alerter.await;
        self.transport_stop.cancel();
        let _ = self.transport.await;
    }
}

fn bind_admin_socket(data_dir: &Path) -> Result<UnixListener> {
    let path = data_dir.join(admin::SOCKET);
    // The logs' lock is ours, so a socket that is there was left by a crash.
    let _ = fs::remove_file(&path);
    let listener =
        UnixListener::bind(&path).with_context(|| format!("listen on {}", path.display()))?;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600))
        .with_context(|| format!("set the mode of {}", path.display()))?;
    Ok(listener)
}

fn print_banner(config: &Config, ops_address: SocketAddr, report: &BootstrapReport) -> Result<()> {
    let mut text = format!(
        "Errata {}\n\n  Web UI   {}\n",
        env!("CARGO_PKG_VERSION"),
        config.public_url()
    );
    if let Some(link) = &report.owner_link {
        writeln!(
            text,
            "  Owner    {link}   (sets the owner's password, once)"
        )?;
    }
    if let Some(dsn) = &report.dsn {
        writeln!(text, "  DSN      {dsn}   (project 1)")?;
    }
    writeln!(text, "  Metrics  http://{ops_address}/metrics")?;
    writeln!(text, "  Data     {}", config.data_dir.display())?;
    writeln!(text, "  Plan     unlimited: no quotas, no rate limits\n")?;
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .context("write to standard output")
}

/// Waits for a signal, or for the log to fail for good.
async fn wait_for_end(gateway: &Gateway) -> Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("listen for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("listen for SIGINT")?;
    tokio::select! {
        _ = terminate.recv() => tracing::info!("stopping on SIGTERM"),
        _ = interrupt.recv() => tracing::info!("stopping on SIGINT"),
        () = gateway.failed() => bail!(
            "a write or sync of the log failed: the process ends so that nothing is acknowledged on a guess; \
             look at the disk, then start again (the next start recovers)"
        ),
    }
    Ok(())
}

/// Ends everything, in order, within [`SHUTDOWN_TIMEOUT`].
async fn shut_down(
    stop: CancellationToken,
    tasks: Vec<JoinHandle<()>>,
    alerts: Option<Alerts>,
    roles: Roles,
    log: LogWriter,
) -> Result<()> {
    let ending = async {
        roles.query.shutdown();
        roles.gateway.drain(DRAIN_TIMEOUT).await;
        // The alerter records its cursor through the gateway, so it goes first.
        if let Some(alerts) = alerts {
            alerts.end().await;
        }
        stop.cancel();
        for task in tasks {
            let _ = task.await;
        }
        let Roles {
            projector,
            query,
            gateway,
        } = roles;
        drop((query, gateway));
        // `/readyz` holds it weakly: this drops the last strong one, which stops it.
        tokio::task::spawn_blocking(move || drop(projector))
            .await
            .context("stop the projector")?;
        tokio::task::spawn_blocking(move || log.close())
            .await
            .context("join the log")?
            .context("close the logs")
    };
    tokio::time::timeout(SHUTDOWN_TIMEOUT, ending)
        .await
        .with_context(|| {
            format!("the end took more than {SHUTDOWN_TIMEOUT:?}; the next start recovers")
        })?
}
