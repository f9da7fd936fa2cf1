//! The gateway as a whole: start, router, end.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use axum::{
    Router,
    extract::Request,
    middleware::{Next, from_fn, from_fn_with_state},
};
use event_log::{
    Entry, LogReader, LogWriter, ReadError,
    blobs::{BlobError, Blobs},
};
use event_model::{
    EventId, Position, ProjectId,
    credential::{ServerSecret, Uses},
};
use proto::v1::{
    account_service_server::AccountServiceServer, command_service_server::CommandServiceServer,
    ingest_debug_service_server::IngestDebugServiceServer,
    project_settings_service_server::ProjectSettingsServiceServer,
};
use tokio::sync::{Semaphore, watch};
use tonic::codec::CompressionEncoding;
use tonic_web::GrpcWebLayer;
use tower::Layer;
use tower_http::catch_panic::CatchPanicLayer;

use crate::{
    auth::caller::Callers,
    body::{Budget, Pool},
    bootstrap::{BootstrapReport, bootstrap},
    commands::{CommandCore, CommandRpc, Commands},
    config::{Bootstrap, GatewayConfig},
    error::ApiError,
    ingest::{grpc, native, notes::BLOB_WRITES_MAX, otlp, sentry, watch::watch as watch_arrivals},
    outcome::{Counts, Tally, TallySnapshot},
    people::{
        accounts::Accounts,
        outcomes::{self, DebugRpc},
        settings::Settings,
        sign_in::{self, SignIn},
    },
    policy::Policies,
    recent::Recent,
    shared::Shared,
    stock::Stock,
    upkeep::{LogCare, Retainer, Tallies, Upkeep},
};

/// Longest command message, bytes: 1,000 issue ids are 18 KB.
const COMMAND_BYTES_MAX: usize = 256 * 1024;

/// Longest message about settings, bytes: the longest text of a look, and all lists
/// full.
const SETTINGS_BYTES_MAX: usize = 1 << 20;

/// Memory for what people send to sign in, bytes.
const SIGN_IN_BYTES_MAX: usize = 4 << 20;

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
    pub(crate) shared: Arc<Shared>,
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
            CommandCore::open(log.clone(), config.public_url.clone()).map_err(|source| {
                StartError::Read {
                    what: "control log",
                    source,
                }
            })?;
        let sign_in = SignIn::default();
        let report = bootstrap(&commands, &sign_in.hasher, &wishes)
            .await
            .map_err(StartError::Bootstrap)?;
        let recent = Recent::new(config.recent_events);
        let (reader, filled, count) = (log.reader(), Arc::clone(&recent), config.recent_events);
        tokio::task::spawn_blocking(move || remember(&reader, &filled, count))
            .await
            .map_err(|_| StartError::Panicked)?
            .map_err(|source| StartError::Read {
                what: "tail of the events log",
                source,
            })?;
        let parse_limits = event_intake::Limits {
            event_bytes_max: config.limits.event_bytes_max,
            batch_max: config.limits.batch_events_max,
            ..event_intake::Limits::default()
        };
        let blobs = Blobs::open(&config.blobs_dir)?;
        let (dir, limits) = (config.blobs_dir.clone(), config.limits.clone());
        let stock = tokio::task::spawn_blocking(move || {
            Stock::count(&dir, limits.blob_bytes_project_max, limits.blob_bytes_max)
        });
        let stock = stock.await.map_err(|_| StartError::Panicked)?;
        let stock = Arc::new(stock.map_err(StartError::Files)?);
        let state = Arc::clone(commands.state());
        let tally = Arc::new(Tally::default());
        let upkeep = Upkeep {
            retention: Retainer {
                log: log.clone(),
                blobs: blobs.clone(),
                stock: Arc::clone(&stock),
                commands: commands.clone(),
                state: Arc::clone(&state),
            },
            tallies: Tallies::new(log.clone(), Arc::clone(&tally)),
            logs: LogCare { log: log.clone() },
        };
        let shared = Shared {
            blobs,
            blob_writes: Semaphore::new(BLOB_WRITES_MAX),
            parse_limits: Arc::new(parse_limits),
            budget: Budget::new(config.limits.in_flight_bytes_max),
            sign_in_budget: Budget::new(SIGN_IN_BYTES_MAX),
            pool: Pool::new(),
            stock,
            state,
            tally,
            closing: false.into(),
            failed: watch::Sender::new(false),
            config,
            log,
            commands,
            policies: Policies::new(secret.clone()),
            secret,
            sign_in,
            recent,
        };
        Ok(Self {
            shared: Arc::new(shared),
            upkeep,
            report,
        })
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
        self.shared.config.uses.clone()
    }

    /// Every command, for callers in this process.
    pub fn commands(&self) -> Commands {
        Commands::new(
            self.shared.commands.clone(),
            self.shared.sign_in.hasher.clone(),
            self.shared.config.others.clone(),
        )
    }

    /// All routes of the gateway: ingestion, commands, sign-in. To be merged with
    /// the query engine's; each request passes through [`crate::path::strip_prefix`]
    /// before routing.
    /// The binary puts `ConnectInfo<SocketAddr>` into each request's extensions.
    pub fn router(&self) -> Router {
        let shared = &self.shared;
        let callers = Callers::new(Arc::clone(shared));
        let ingest = grpc::service(Arc::clone(shared));
        let commands = CommandRpc {
            commands: self.commands(),
            callers: callers.clone(),
        };
        let commands = CommandServiceServer::new(commands)
            .accept_compressed(CompressionEncoding::Gzip)
            .max_decoding_message_size(COMMAND_BYTES_MAX);
        let settings = Settings::new(Arc::clone(shared), callers.clone());
        let settings = ProjectSettingsServiceServer::new(settings)
            .accept_compressed(CompressionEncoding::Gzip)
            .max_decoding_message_size(SETTINGS_BYTES_MAX);
        let accounts = Accounts {
            shared: Arc::clone(shared),
            callers: callers.clone(),
        };
        let accounts = AccountServiceServer::new(accounts)
            .accept_compressed(CompressionEncoding::Gzip)
            .max_decoding_message_size(COMMAND_BYTES_MAX);
        let debug = DebugRpc {
            shared: Arc::clone(shared),
            callers: callers.clone(),
        };
        let debug_rest = outcomes::router(debug.clone());
        let debug = IngestDebugServiceServer::new(debug)
            .accept_compressed(CompressionEncoding::Gzip)
            .max_decoding_message_size(COMMAND_BYTES_MAX);
        // Whatever clients send errors to.
        let doors = Router::new()
            .route_service(
                "/errata.v1.IngestService/{method}",
                GrpcWebLayer::new().layer(ingest),
            )
            .merge(native::router(Arc::clone(shared)))
            .merge(sentry::router(Arc::clone(shared)))
            .merge(otlp::router(Arc::clone(shared)))
            .layer(from_fn_with_state(Arc::clone(shared), watch_arrivals));
        Router::new()
            .merge(doors)
            .route_service(
                "/errata.v1.CommandService/{method}",
                GrpcWebLayer::new().layer(commands),
            )
            .route_service(
                "/errata.v1.AccountService/{method}",
                GrpcWebLayer::new().layer(accounts),
            )
            .route_service(
                "/errata.v1.IngestDebugService/{method}",
                GrpcWebLayer::new().layer(debug),
            )
            .route_service(
                "/errata.v1.ProjectSettingsService/{method}",
                GrpcWebLayer::new().layer(settings),
            )
            .merge(debug_rest)
            .merge(sign_in::router(Arc::clone(shared), callers))
            .layer(CatchPanicLayer::new())
    }

    /// gRPC routes of another, for whoever may read: anybody else is refused as by a list
    /// of accounts.
    pub fn for_readers(&self, routes: Router) -> Router {
        let callers = Callers::new(Arc::clone(&self.shared));
        routes.route_layer(from_fn(move |request: Request, next: Next| {
            let callers = callers.clone();
            async move {
                match callers.of_read(request.headers(), request.extensions()) {
                    Ok(_) => next.run(request).await,
                    Err(error) => tonic::Status::from(error).into_http(),
                }
            }
        }))
    }

    /// Counts of items since the start.
    pub fn tally(&self) -> TallySnapshot {
        self.shared.tally.snapshot()
    }

    /// The same in full: by project, category and reason.
    pub fn counts(&self) -> Counts {
        self.shared.tally.counts()
    }

    /// What hands the counts of items to the metrics' recorder. To be called before
    /// each scrape is rendered, by one scrape at a time: then received = stored +
    /// dropped + in flight holds in what is rendered, also under load.
    pub fn publisher(&self) -> impl Fn() + Send + Sync + use<> {
        let tally = Arc::clone(&self.shared.tally);
        move || tally.publish()
    }

    /// Refuses new items with 503 from now on.
    pub fn begin_shutdown(&self) {
        self.shared.closing.store(true, Ordering::Release);
    }

    /// Waits until every item has its fate; whether that came before the deadline.
    pub async fn drain(&self, deadline: Duration) -> bool {
        self.begin_shutdown();
        let idle = self.shared.tally.idle();
        tokio::time::timeout(deadline, idle).await.is_ok()
    }

    /// Completes when the log has failed for good and the process has to end.
    pub async fn failed(&self) {
        let mut failed = self.shared.failed.subscribe();
        // The sender lives as long as this gateway.
        let _ = failed.wait_for(|failed| *failed).await;
    }
}

/// Notes the ids of the log's last `count` events.
fn remember(reader: &LogReader, recent: &Recent, count: usize) -> Result<(), ReadError> {
    let end = reader.end();
    let first = reader.first().sequence();
    let from = end
        .sequence()
        .saturating_sub(count as u64)
        .max(first.saturating_sub(1));
    for item in reader.read_after(Position::new(end.partition(), from)) {
        match item.map(|item| item.entry) {
            Ok(Entry::Event(event)) => {
                let head = event.head();
                recent.note(
                    ProjectId(head.project_id.to_native()),
                    EventId(head.event_id),
                );
            }
            Ok(_) => {}
            // One damaged record costs one id, not the start.
            Err(error @ ReadError::Log { .. }) => return Err(error),
            Err(error) => tracing::error!(%error, "a record of the log's tail is passed over"),
        }
    }
    Ok(())
}
