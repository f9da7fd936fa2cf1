//! The gateway as a whole: start, router, end.

mod tail;

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    extract::Request,
    middleware::{Next, from_fn},
};
use event_log::{
    LogWriter, ReadError,
    blobs::{BlobError, Blobs},
};
use event_model::{
    credential::{ServerSecret, Uses},
    proxy::Addresses,
};
use tower_http::catch_panic::CatchPanicLayer;

use crate::{
    auth::caller::Callers,
    body::{Bodies, Budget, Pool},
    bootstrap::{BootstrapReport, bootstrap},
    commands::{CommandCore, Commands},
    config::{Bootstrap, GatewayConfig},
    disk::DiskRoom,
    error::ApiError,
    ingest::{Ingestion, Store},
    limits::{Limits, Scope},
    outcome::{Counts, Tally, TallySnapshot},
    password::PasswordHasher,
    people::{People, sign_in::SignIn},
    policy::Policies,
    recent::Recent,
    spikes::{Spikes, Threshold},
    stock::Stock,
    telemetry,
    upkeep::{Learner, LogCare, Retainer, Tallies, Upkeep},
};

/// Why the gateway does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The control log cannot be folded, or the tail of the events log not read.
    #[error("the {what} cannot be read")]
    Read {
        /// Which part.
        what: &'static str,
        /// Why.
        #[source]
        source: ReadError,
    },
    /// The folder of blobs cannot be used.
    #[error("the blobs cannot be opened")]
    Blobs(#[from] BlobError),
    /// The files that are there cannot be counted.
    #[error("the folder of blobs cannot be read")]
    Files(#[source] std::io::Error),
    /// A step of the first start was refused.
    #[error("the commands of the first start were refused{}", named(.0))]
    Bootstrap(#[source] ApiError),
    /// A thread of the start panicked: a defect.
    #[error("reading the events log's tail panicked")]
    Panicked,
}

/// Which wish was refused: the error's own text tells only why.
fn named(error: &ApiError) -> String {
    if error.field.is_empty() {
        String::new()
    } else {
        format!(": {}", error.field)
    }
}

/// The front door. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Gateway {
    ingestion: Arc<Ingestion>,
    people: People,
    upkeep: Upkeep,
    report: BootstrapReport,
}

impl Gateway {
    /// Folds the control log, does what is left of the first start, and remembers
    /// the newest events of the log to tell duplicates.
    pub async fn start(
        config: GatewayConfig,
        log: LogWriter,
        secret: ServerSecret,
        wishes: Bootstrap,
    ) -> Result<Self, StartError> {
        let commands =
            CommandCore::open(log.clone(), config.public_url.clone(), config.clock.clone())
                .map_err(|source| StartError::Read {
                    what: "control log",
                    source,
                })?;
        let hasher = PasswordHasher::default();
        let report = bootstrap(&commands, &hasher, &wishes)
            .await
            .map_err(StartError::Bootstrap)?;
        let tail = tail::read(&log, config.recent_events, &config.clock).await?;
        let allowances = Limits::new(
            &config.limits,
            tail.usage,
            Arc::clone(commands.state()),
            config.clock.clone(),
        );
        let found = Found {
            recent: tail.recent,
            allowances: Arc::new(allowances),
            blobs: Blobs::open(&config.blobs_dir)?,
            stock: stock_of(&config).await?,
            disk: disk_of(&config, &log).await?,
            commands,
            hasher,
        };
        Ok(Self::new(config, log, secret, found, report))
    }

    /// Each room with what it needs.
    fn new(
        config: GatewayConfig,
        log: LogWriter,
        secret: ServerSecret,
        found: Found,
        report: BootstrapReport,
    ) -> Self {
        let Found {
            commands,
            hasher,
            recent,
            allowances,
            blobs,
            stock,
            disk,
        } = found;
        let tally = Arc::new(Tally::default());
        let threshold = Threshold {
            floor: config.limits.spike_floor_per_minute,
            factor: config.limits.spike_factor,
        };
        let spikes = Arc::new(Spikes::new(config.limits.enabled.then_some(threshold)));
        let upkeep = Upkeep {
            retention: Retainer {
                log: log.clone(),
                blobs: blobs.clone(),
                stock: Arc::clone(&stock),
                disk: Arc::clone(&disk),
                commands: commands.clone(),
                state: Arc::clone(commands.state()),
            },
            tallies: Tallies::new(log.clone(), Arc::clone(&tally), config.clock.clone()),
            usual: Learner {
                history: config.others.history.clone(),
                state: Arc::clone(commands.state()),
                spikes: Arc::clone(&spikes),
                clock: config.clock.clone(),
            },
            logs: LogCare { log: log.clone() },
        };
        let limits = &config.limits;
        let event_limits = Arc::new(event_intake::Limits {
            event_bytes_max: limits.event_bytes_max,
            batch_max: limits.batch_events_max,
            ..event_intake::Limits::default()
        });
        let addresses = Addresses::new(config.trusted_proxies.clone(), secret.clone());
        let addresses = Arc::new(addresses);
        let policies = Arc::new(Policies::new(secret.clone()));
        let pool = Arc::new(Pool::new());
        let callers = Callers::new(
            secret.clone(),
            Arc::clone(commands.state()),
            Arc::clone(&addresses),
            config.uses.clone(),
            &config.public_url,
            config.clock.clone(),
        );
        let people = People {
            sign_in: Arc::new(SignIn::new(
                commands.clone(),
                secret,
                callers.clone(),
                Arc::clone(&addresses),
                hasher.clone(),
                (limits, Arc::clone(&pool)),
            )),
            callers,
            uses: config.uses.clone(),
            policies: Arc::clone(&policies),
            event_limits: Arc::clone(&event_limits),
            tally: Arc::clone(&tally),
            commands: Commands::new(commands.clone(), hasher, config.others.clone()),
        };
        let store = Store::new(
            log,
            (recent, Arc::clone(&spikes)),
            blobs,
            (stock, disk, Arc::clone(&allowances)),
            (limits.durable_timeout(), config.clock.clone()),
        );
        let ingestion = Ingestion {
            state: Arc::clone(commands.state()),
            policies,
            allowances,
            addresses,
            event_limits,
            bodies: Bodies {
                budget: Budget::new(limits.in_flight_bytes_max),
                pool,
            },
            tally,
            store: Arc::new(store),
            spikes,
            is_closing: false.into(),
            clock: config.clock,
            limits: config.limits,
        };
        Self {
            ingestion: Arc::new(ingestion),
            people,
            upkeep,
            report,
        }
    }

    /// What is to be done beside requests; nobody does it but who runs it.
    pub fn upkeep(&self) -> &Upkeep {
        &self.upkeep
    }

    /// What to print at start.
    pub fn bootstrap_report(&self) -> &BootstrapReport {
        &self.report
    }

    /// Where it is noted when sessions and tokens were used last, to be shared with the
    /// query engine of this process.
    pub fn uses(&self) -> Uses {
        self.people.uses.clone()
    }

    /// Every command, for callers in this process.
    pub fn commands(&self) -> Commands {
        self.people.commands.clone()
    }

    /// All routes of the gateway: ingestion, commands, sign-in. To be merged with
    /// the query engine's; each request passes through [`crate::path::strip_prefix`]
    /// before routing.
    /// The binary puts `ConnectInfo<SocketAddr>` into each request's extensions.
    pub fn router(&self) -> Router {
        self.ingestion
            .router()
            .merge(self.people.router())
            .layer(CatchPanicLayer::new())
    }

    /// gRPC routes of another, for whoever may read: anybody else is refused as by a list
    /// of accounts.
    pub fn for_readers(&self, routes: Router) -> Router {
        let callers = self.people.callers.clone();
        routes.route_layer(from_fn(move |request: Request, next: Next| {
            let callers = callers.clone();
            async move {
                match callers.of(
                    request.headers(),
                    request.extensions(),
                    event_model::access::Action::ReadInstallation,
                ) {
                    Ok(_) => next.run(request).await,
                    Err(error) => tonic::Status::from(error).into_http(),
                }
            }
        }))
    }

    /// Counts of items since the start.
    pub fn tally(&self) -> TallySnapshot {
        self.ingestion.tally.snapshot()
    }

    /// The same in full: by project, category and reason.
    pub fn counts(&self) -> Counts {
        self.ingestion.tally.counts()
    }

    /// What hands the counts of items to the metrics' recorder. To be called before
    /// each scrape is rendered, by one scrape at a time: then received = stored +
    /// dropped + in flight holds in what is rendered, also under load.
    pub fn publisher(&self) -> impl Fn() + Send + Sync + use<> {
        let ingestion = Arc::clone(&self.ingestion);
        move || {
            telemetry::items(&ingestion.tally.counts());
            telemetry::spikes(ingestion.spikes.spiking(ingestion.clock.now_ns()));
            for (scope, used, quota) in ingestion.allowances.standings() {
                let project = match scope {
                    Scope::Organization => 0,
                    Scope::Project(id) => id.0,
                };
                telemetry::quota(scope.name(), project, used, quota);
            }
        }
    }

    /// Refuses new items with 503 from now on.
    pub fn begin_shutdown(&self) {
        self.ingestion.close();
    }

    /// Waits until every item has its fate; whether that came before the deadline.
    pub async fn drain(&self, deadline: Duration) -> bool {
        self.begin_shutdown();
        let idle = self.ingestion.tally.idle();
        tokio::time::timeout(deadline, idle).await.is_ok()
    }

    /// Completes when the log has failed for good and the process has to end.
    pub async fn failed(&self) {
        self.ingestion.store.failed().await;
    }
}

/// What the start found, or has made ready.
struct Found {
    commands: CommandCore,
    hasher: PasswordHasher,
    recent: Arc<Recent>,
    allowances: Arc<Limits>,
    blobs: Blobs,
    stock: Arc<Stock>,
    disk: Arc<DiskRoom>,
}

/// Counts the files that are there.
async fn stock_of(config: &GatewayConfig) -> Result<Arc<Stock>, StartError> {
    let (dir, limits) = (config.blobs_dir.clone(), config.limits.clone());
    let counted = tokio::task::spawn_blocking(move || {
        Stock::count(&dir, limits.blob_bytes_project_max, limits.blob_bytes_max)
    });
    let counted = counted.await.map_err(|_| StartError::Panicked)?;
    Ok(Arc::new(counted.map_err(StartError::Files)?))
}

/// Looks how much room there is.
async fn disk_of(config: &GatewayConfig, log: &LogWriter) -> Result<Arc<DiskRoom>, StartError> {
    let (floor, reader) = (config.floor.clone(), log.reader());
    let looked = tokio::task::spawn_blocking(move || DiskRoom::new(reader, floor));
    Ok(Arc::new(looked.await.map_err(|_| StartError::Panicked)?))
}
