//! The query role: the engine over logs and read model, and its routes.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, Result};
use axum::Router;
use event_log::LogReader;
use event_model::{
    Position,
    credential::{ServerSecret, Uses},
};
use ground::with_causes;
use projector::{ProjectorConfig, ProjectorError, earliest_replay, replay_issues_aside};
use proto::v1::GetStorageResponse;
use query_engine::{PastError, PastIssues, QueryConfig, QueryEngine, ReadLimits};
use sql_engine::{SqlEngine, cold::KeptFiles};

use crate::config::Config;

/// Gauge, labels `tier`, `project`.
const STORAGE_BYTES: &str = "errata_storage_bytes";
/// Between two looks at what takes how much of the disk: each walks the folders.
const STORAGE_LOOK_EVERY: Duration = Duration::from_mins(1);
/// After a look that failed.
const STORAGE_RETRY_WAIT: Duration = Duration::from_secs(5);

/// Describes the metrics of this module to the recorder.
pub(crate) fn describe() {
    metrics::describe_gauge!(
        STORAGE_BYTES,
        metrics::Unit::Bytes,
        "What is on disk, once a minute; labels `tier` (log, blobs, cold, read_model), `project` (empty: of all)"
    );
}

fn publish(storage: &GetStorageResponse) {
    let set = |tier: &'static str, project: String, bytes: u64| {
        metrics::gauge!(STORAGE_BYTES, "tier" => tier, "project" => project).set(bytes as f64);
    };
    set("read_model", String::new(), storage.read_model_bytes);
    for own in &storage.projects {
        for (tier, bytes) in [
            ("log", own.log_bytes),
            ("blobs", own.blob_bytes),
            ("cold", own.cold_bytes),
        ] {
            set(tier, own.project_id.to_string(), bytes);
        }
    }
}

/// Issues of a past time, as a replay makes them.
#[derive(Debug)]
struct Past {
    checkpoint_dir: PathBuf,
    logs: LogReader,
}

impl PastIssues for Past {
    fn build(&self, until: Position, path: &Path) -> Result<(), PastError> {
        match replay_issues_aside(&self.checkpoint_dir, &self.logs, until, path) {
            Ok(_) => Ok(()),
            Err(ProjectorError::NoCheckpoint { .. }) => Err(PastError::Gone),
            Err(error) => Err(PastError::Failed(with_causes(&error))),
        }
    }

    fn earliest(&self) -> Result<Position, PastError> {
        let earliest = earliest_replay(&self.checkpoint_dir, &self.logs);
        earliest.map_err(|error| PastError::Failed(with_causes(&error)))
    }
}

/// The running engines.
pub(super) struct Query {
    engine: Arc<QueryEngine>,
    sql: SqlEngine,
}

impl Query {
    pub(super) fn start(
        config: &Config,
        logs: LogReader,
        secret: &ServerSecret,
        uses: Uses,
    ) -> Result<Self> {
        let query_config = QueryConfig {
            public_url: config.public_url(),
            read_model_dir: ProjectorConfig::new(&config.data_dir).read_model_dir,
            blobs_dir: config.data_dir.join("blobs"),
            cold: config.cold_place(),
            retention: config.log.retention.rules()?,
            floor: config.log.floor(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            mail_configured: !config.smtp.url.is_empty(),
            trusted_proxies: config.trusted_proxies.clone(),
            uses,
            limits: ReadLimits {
                enabled: config.limits.enabled,
                lists_per_minute: config.limits.lists_per_minute,
                details_per_minute: config.limits.details_per_minute,
            },
            clock: ground::Clock::MACHINE,
            past: Some(Arc::new(Past {
                checkpoint_dir: ProjectorConfig::new(&config.data_dir).checkpoints.dir,
                logs: logs.clone(),
            })),
        };
        let engine = QueryEngine::start(query_config, logs.clone(), secret.clone())
            .context("start the query engine")?;
        let files = KeptFiles::open(&config.cold_place(), logs);
        let files = files.context("open the place of cold files")?;
        let sql = SqlEngine::start(config.sql.bounds()?, engine.reads(), Arc::new(files));
        Ok(Self {
            engine: Arc::new(engine),
            sql: sql.context("start SQL")?,
        })
    }

    /// The doors that reads come through.
    pub(super) fn reads(&self) -> query_engine::Reads {
        self.engine.reads()
    }

    /// Reads, reflection, and the web UI as the fallback.
    pub(super) fn router(&self) -> Router {
        let reflection = self.engine.for_readers(reflection());
        let reads = self.engine.router_with_ui().merge(reflection);
        reads.merge(self.sql.router())
    }

    /// Ready: a read model is open and at most `lag_max` records behind.
    pub(super) fn check(
        &self,
        lag_max: u64,
    ) -> impl Fn() -> Result<(), String> + Send + Sync + use<> {
        let engine = Arc::downgrade(&self.engine);
        move || {
            let engine = engine.upgrade().ok_or("stopping")?;
            if let Some(name) = engine.ended_thread() {
                return Err(format!("the thread {name} has ended, restart the process"));
            }
            let lag = engine.lag();
            if !lag.open {
                return Err("waiting for the projector to publish a read model".to_owned());
            }
            for (name, behind) in [("issues", lag.issues), ("search", lag.search)] {
                if behind > lag_max {
                    return Err(format!("{name} is {behind} records behind the log"));
                }
            }
            Ok(())
        }
    }

    /// Says every minute what takes how much of the disk.
    pub(super) fn watch_storage(&self) -> impl Future<Output = ()> + Send + use<> {
        let engine = Arc::downgrade(&self.engine);
        async move {
            loop {
                let Some(engine) = engine.upgrade() else {
                    return;
                };
                let wait = match engine.storage().await {
                    Ok(storage) => {
                        publish(&storage);
                        STORAGE_LOOK_EVERY
                    }
                    // Without a read model there is nothing to say yet.
                    Err(_) => STORAGE_RETRY_WAIT,
                };
                drop(engine);
                tokio::time::sleep(wait).await;
            }
        }
    }

    /// Ends live streams; other reads finish.
    pub(super) fn shutdown(&self) {
        self.engine.shutdown();
    }
}

/// gRPC server reflection of all services, in both of its versions: Python's client
/// and older releases of grpcurl ask for v1alpha only. For readers only, by its caller:
/// what a server can do is nobody else's business.
pub(super) fn reflection() -> Router {
    let builder = || {
        tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(proto::FILE_DESCRIPTOR_SET)
    };
    let sound = "the embedded descriptor set is made by the build of `proto`";
    // The fallback of the whole is another's.
    tonic::service::Routes::new(builder().build_v1().expect(sound))
        .add_service(builder().build_v1alpha().expect(sound))
        .into_axum_router()
        .reset_fallback()
}
