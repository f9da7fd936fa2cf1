//! `errata serve`: the wiring of the roles of this process, and their end.
//!
//! The way up: metrics and health; the gateway (which makes the first start's records)
//! or, in a process without it, a wait until its logs are there; projector, query
//! engine, listeners, alerter. The way down, within [`SHUTDOWN_TIMEOUT`]: live streams
//! end, items being taken in get their fate, the alerter records its cursor, the
//! listeners drain, the projector commits, the logs close. Each step is left out where
//! its role is another process. A poisoned log ends the process with a message; the
//! next start recovers.

mod alerts;
mod banner;
mod gateway;
mod logs;
mod others;
mod query;
mod replay;
mod watched;

use std::{sync::Arc, time::Duration};

use anyhow::{Context, Result, bail};
use axum::Router;
use event_log::LogReader;
use event_model::credential::ServerSecret;
use ground::Clock;
use ingest_gateway::renew_sessions;
use projector::{Projector, ProjectorConfig};
use tokio::{
    net::TcpListener,
    signal::unix::{Signal, SignalKind, signal},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;

use self::{alerts::Alerts, query::Query};
pub(crate) use self::{
    gateway::{OpenGateway, open_gateway},
    query::describe,
    replay::SOCKET as REPLAY_SOCKET,
};
use crate::{
    cli::{Role, Serve},
    config::{Config, Loaded},
    descriptors,
    front::Front,
    health::Health,
    ops, peers,
    server::{self, Bounds},
};

/// How often the gateway tells the log what it did not keep.
const TALLY_EVERY: Duration = Duration::from_secs(10);
/// How often the gateway asks what projects usually send: an hour of it changes little.
const USUAL_EVERY: Duration = Duration::from_mins(10);
/// How often the gateway looks at what the logs have sealed and scrubbed.
const LOGS_LOOK_EVERY: Duration = Duration::from_secs(10);
/// From SIGTERM to the end of the process.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(9);
/// Of it, for items that were being taken in.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(3);

/// Runs this process's roles until SIGTERM, SIGINT or a poisoned log.
pub(crate) async fn run(args: &Serve, mut loaded: Loaded) -> Result<()> {
    let mut roles = args.roles.clone();
    roles.sort_unstable();
    roles.dedup();
    let mut process = Process::begin(roles, &mut loaded).await?;
    let ended = process.live(&loaded).await;
    // A load balancer looks elsewhere from now on.
    process.stopping.cancel();
    let clean = process.end().await;
    ended.and(clean)
}

/// What runs in this process.
struct Process {
    roles: Vec<Role>,
    health: Arc<Health>,
    metrics: ops::Metrics,
    /// The end has begun.
    stopping: CancellationToken,
    /// Listeners close.
    stop: CancellationToken,
    tasks: Vec<JoinHandle<()>>,
    /// Until it is served.
    listener: Option<TcpListener>,
    /// Of the listener.
    bounds: Bounds,
    banner: banner::Banner,
    gateway: Option<OpenGateway>,
    projector: Option<Arc<Projector>>,
    query: Option<Query>,
    alerts: Option<Alerts>,
}

/// Where the read model is, and by which retention checkpoints are made.
fn projector_config(config: &Config) -> Result<ProjectorConfig> {
    let mut found = ProjectorConfig::new(&config.data_dir);
    found.cold = config.cold_place();
    found.checkpoints.retention = config.log.retention.retention()?;
    found.checkpoints.floor = config.log.floor();
    found.checkpoints.look_every = config.log.retention.look_every();
    Ok(found)
}

impl Process {
    /// Binds what this process listens on, so that two on one host meet here, and
    /// answers `/readyz` from now on.
    async fn begin(roles: Vec<Role>, loaded: &mut Loaded) -> Result<Self> {
        let config = &mut loaded.config;
        let has = |role| roles.contains(&role);
        let mut listener = None;
        if has(Role::Gateway) || has(Role::Query) {
            let bound = TcpListener::bind(config.listen).await;
            let bound =
                bound.map_err(|e| server::listen_failed(e, config.listen, "--listen", "listen"))?;
            // A port of 0 asks the system for a free one; links and DSNs need the real one.
            config.listen = bound.local_addr().context("the listener's address")?;
            listener = Some(bound);
        }
        if config.public_url.is_empty() && !has(Role::Query) {
            // The query role has the pages, and forwards what clients send.
            config.public_url.clone_from(&config.peers.query);
        }
        let metrics = ops::install_recorder()?;
        let (stop, stopping) = (CancellationToken::new(), CancellationToken::new());
        let health = Arc::new(Health::new(stopping.clone()));
        let (ops_address, ops_serving) = ops::serve(
            config.metrics.listen,
            metrics.clone(),
            Arc::clone(&health),
            stop.clone(),
        )?;
        Ok(Self {
            banner: banner::Banner::new(&roles, ops_address),
            roles,
            health,
            metrics,
            stopping,
            stop,
            tasks: vec![tokio::spawn(ops_serving)],
            listener,
            bounds: descriptors::bound(Bounds {
                connections: config.limits.connections_max,
                address_connections: config.limits.connections_address_max,
                requests: config.limits.requests_max,
                address_requests: config.limits.requests_address_max,
            }),
            gateway: None,
            projector: None,
            query: None,
            alerts: None,
        })
    }

    fn has(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }

    /// Starts the roles and runs until the end is asked for.
    async fn live(&mut self, loaded: &Loaded) -> Result<()> {
        let config = &loaded.config;
        if self.has(Role::Gateway) {
            let open = open_gateway(loaded).await?;
            self.metrics.before_scrapes(open.gateway.publisher());
            self.gateway = Some(open);
        }
        let mut signals = Signals::new()?;
        let front = self.open_front();
        if self.gateway.is_none() {
            self.banner.print(config, None)?;
        }
        let data = tokio::select! {
            data = self.find_data(config) => data?,
            () = signals.end() => return Ok(()),
        };
        let router = self.start_readers(config, &data, front).await?;
        self.serve(config, &router)?;
        if self.has(Role::Alerter) {
            self.start_alerter(config, &router, &data.secret)?;
        }
        if let Some(gateway) = &self.gateway {
            self.banner
                .print(config, Some(gateway.gateway.bootstrap_report()))?;
        }
        self.health.started();
        self.wait_for_end(&mut signals).await
    }

    /// Serves the query role's listener while it still waits for the gateway's logs.
    fn open_front(&mut self) -> Option<Front> {
        if self.gateway.is_some() || !self.has(Role::Query) {
            return None;
        }
        let front = Front::default();
        if let Some(listener) = self.listener.take() {
            let (router, stop) = (front.router(), self.stop.clone());
            let serving = server::serve_tcp("listen", listener, router, self.bounds, stop);
            self.tasks.push(tokio::spawn(serving));
        }
        Some(front)
    }

    /// The secret, and the logs where a role reads them.
    async fn find_data(&self, config: &Config) -> Result<Data> {
        if let Some(open) = &self.gateway {
            return Ok(Data {
                secret: open.secret.clone(),
                logs: Some(open.log.reader()),
            });
        }
        let reads = self.has(Role::Projector) || self.has(Role::Query);
        let (secret, logs) = if reads {
            let (secret, logs) = logs::wait_for_both(&config.data_dir, &self.health).await?;
            if self.has(Role::Projector) {
                logs::wait_for_read_model(config, &logs, &self.health).await?;
            }
            (secret, Some(logs))
        } else {
            (logs::wait_for_token(config, &self.health).await?, None)
        };
        Ok(Data {
            secret: peers::with_token(secret, config)?,
            logs,
        })
    }

    /// Starts what reads the logs; what the in-memory transport and the listener
    /// answer with.
    async fn start_readers(
        &mut self,
        config: &Config,
        data: &Data,
        front: Option<Front>,
    ) -> Result<Router> {
        if let Some(logs) = &data.logs
            && self.has(Role::Projector)
        {
            let (paths, logs) = (projector_config(config)?, logs.clone());
            let projector = tokio::task::spawn_blocking(move || Projector::start(&paths, logs))
                .await?
                .context("start the projector")?;
            let projector = Arc::new(projector);
            self.health
                .add(watched::projector(&projector, config.metrics.ready_lag_max));
            let weak = Arc::downgrade(&projector);
            self.metrics.before_scrapes(move || {
                if let Some(projector) = weak.upgrade() {
                    projector.publish();
                }
            });
            let door = replay::serve(&config.data_dir, &projector, self.stop.clone())?;
            self.tasks.push(tokio::spawn(door));
            self.projector = Some(projector);
        }
        if let Some(logs) = &data.logs
            && self.has(Role::Query)
        {
            let uses = self.gateway.as_ref().map(|open| open.gateway.uses());
            let query = Query::start(config, logs.clone(), &data.secret, uses.unwrap_or_default())?;
            // Beside a projector too: it reopens the read model a little later.
            self.health.add(query.check(config.metrics.ready_lag_max));
            let stored = Box::pin(query.watch_storage());
            let stop = self.stop.clone();
            let stored = watched::spawn("the look at what is stored", &self.health, stop, stored);
            self.tasks.push(stored);
            self.query = Some(query);
        }
        let mut described = crate::openapi::router();
        if let (Some(projector), Some(query)) = (&self.projector, &self.query) {
            described = described.merge(replay::router(projector, Some(query.reads())));
        }
        let public_url = config.public_url();
        let public_url = url::Url::parse(&public_url)
            .with_context(|| format!("public_url {public_url:?} is no URL"))?;
        let renewed = |routes: Router| {
            renew_sessions(routes, data.secret.clone(), &public_url, Clock::MACHINE)
        };
        Ok(match (&self.gateway, &self.query) {
            (Some(open), Some(query)) => {
                let router = open.gateway.router().merge(query.router());
                renewed(router.merge(described))
            }
            (Some(open), None) => {
                let router = gateway::router_alone(&open.gateway, config);
                renewed(router.merge(described))
            }
            (None, Some(query)) => {
                let forwarder = crate::forward::Forwarder::new(config, &data.secret)?;
                if let Some(front) = front {
                    let reads = query.router().merge(described.clone());
                    front.open(forwarder, renewed(reads));
                }
                query.router().merge(described)
            }
            (None, None) => Router::new(),
        })
    }

    /// Serves what is not served yet: the gateway's listener and the admin socket.
    fn serve(&mut self, config: &Config, router: &Router) -> Result<()> {
        if let Some(listener) = self.listener.take() {
            let (router, stop) = (router.clone(), self.stop.clone());
            let serving = server::serve_tcp("listen", listener, router, self.bounds, stop);
            self.tasks.push(tokio::spawn(serving));
        }
        if let Some(open) = &self.gateway {
            open.query.is_at(if self.query.is_some() {
                let (memory, serving) = server::serve_memory(router.clone(), self.stop.clone());
                self.tasks.push(tokio::spawn(serving));
                memory
            } else {
                let peer = &config.peers.query;
                crate::peers::channel(&crate::peers::address("peers.query", peer)?)
            });
        }
        if let Some(open) = &mut self.gateway {
            let serving = open.serve_admin(config, router.clone(), self.stop.clone())?;
            self.tasks.push(tokio::spawn(serving));
            let keeping = gateway::keeping(config)?;
            let (upkeep, stop) = (open.gateway.upkeep().clone(), self.stop.clone());
            self.health.add(watched::upkeep(&open.log));
            let (old, logs, tallies) = (upkeep.retention, upkeep.logs, upkeep.tallies);
            let disk = old.clone();
            let rounds = async move { old.run(keeping).await };
            let looks = async move { disk.watch_disk().await };
            let care = async move { logs.run(LOGS_LOOK_EVERY).await };
            let tally = async move { tallies.run(TALLY_EVERY).await };
            let usual = upkeep.usual;
            let learn = async move { usual.run(USUAL_EVERY).await };
            let mut watch = |name, task| {
                let task = watched::spawn(name, &self.health, stop.clone(), task);
                self.tasks.push(task);
            };
            watch("retention", Box::pin(rounds) as watched::Task);
            watch("the look at the disk", Box::pin(looks));
            watch("the look at the logs", Box::pin(care));
            watch("the tally of drops", Box::pin(tally));
            watch("the look at what is usual", Box::pin(learn));
        }
        Ok(())
    }

    fn start_alerter(
        &mut self,
        config: &Config,
        router: &Router,
        secret: &ServerSecret,
    ) -> Result<()> {
        let here = alerts::Here {
            gateway: self.gateway.is_some(),
            query: self.query.is_some(),
        };
        let alerts = Alerts::start(config, here, router.clone(), secret)?;
        self.health.add(alerts.alive());
        if !here.gateway && !here.query {
            // Beside others, mail that cannot be sent is no reason to be taken out.
            self.health.add(alerts.check());
        }
        self.alerts = Some(alerts);
        Ok(())
    }

    /// Waits for a signal, or for a role to fail for good.
    async fn wait_for_end(&self, signals: &mut Signals) -> Result<()> {
        let poisoned = async {
            match &self.gateway {
                Some(open) => open.gateway.failed().await,
                None => std::future::pending().await,
            }
        };
        let gone = async {
            match &self.gateway {
                Some(open) => watched::log_thread(&open.log).await,
                None => std::future::pending().await,
            }
        };
        let alone = self.roles == [Role::Alerter];
        let silent = async {
            match &self.alerts {
                Some(alerts) if alone => alerts.failed().await,
                _ => std::future::pending().await,
            }
        };
        tokio::select! {
            () = signals.end() => Ok(()),
            () = poisoned => bail!(
                "a write or sync of the log failed: the process ends so that nothing is acknowledged on a guess; \
                 look at the disk, then start again (the next start recovers)"
            ),
            name = gone => bail!(
                "the thread {name} has ended by a panic, told above: the process ends so that nothing is \
                 acknowledged on a guess; start again (the next start recovers), and please report it"
            ),
            () = silent => bail!("the alerter cannot run, for the reason logged above"),
        }
    }

    /// Ends everything, in order, within [`SHUTDOWN_TIMEOUT`].
    async fn end(self) -> Result<()> {
        let ending = async {
            if let Some(query) = &self.query {
                query.shutdown();
            }
            if let Some(open) = &self.gateway {
                open.gateway.drain(DRAIN_TIMEOUT).await;
                open.gateway.upkeep().tallies.record().await;
            }
            // The alerter records its cursor through the gateway, so it goes first.
            if let Some(alerts) = self.alerts {
                alerts.end().await;
            }
            self.stop.cancel();
            for task in self.tasks {
                let _ = task.await;
            }
            // Health holds both weakly: this drops the last strong ones, which waits
            // for their threads.
            let (query, projector) = (self.query, self.projector);
            tokio::task::spawn_blocking(move || drop((query, projector)))
                .await
                .context("stop the readers")?;
            match self.gateway {
                Some(open) => open.close().await,
                None => Ok(()),
            }
        };
        tokio::time::timeout(SHUTDOWN_TIMEOUT, ending)
            .await
            .with_context(|| {
                format!("the end took more than {SHUTDOWN_TIMEOUT:?}; the next start recovers")
            })?
    }
}

/// What the roles share.
struct Data {
    secret: ServerSecret,
    /// None where no role reads them.
    logs: Option<LogReader>,
}

/// The two signals that end a server.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn new() -> Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate()).context("listen for SIGTERM")?,
            interrupt: signal(SignalKind::interrupt()).context("listen for SIGINT")?,
        })
    }

    async fn end(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => tracing::info!("stopping on SIGTERM"),
            _ = self.interrupt.recv() => tracing::info!("stopping on SIGINT"),
        }
    }
}
