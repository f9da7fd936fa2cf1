//! The query role: the engine over logs and read model, and its routes.

use std::sync::Arc;

use anyhow::{Context, Result};
use axum::Router;
use event_log::LogReader;
use event_model::credential::{ServerSecret, Uses};
use projector::ProjectorConfig;
use query_engine::{QueryConfig, QueryEngine};

use crate::config::Config;

/// The running engine.
pub(super) struct Query(Arc<QueryEngine>);

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
            version: env!("CARGO_PKG_VERSION").to_owned(),
            mail_configured: !config.smtp.url.is_empty(),
            trusted_proxies: config.trusted_proxies.clone(),
            uses,
            clock: ground::Clock::MACHINE,
        };
        let engine = QueryEngine::start(query_config, logs, secret.clone())
            .context("start the query engine")?;
        Ok(Self(Arc::new(engine)))
    }

    /// Reads, reflection, and the web UI as the fallback.
    pub(super) fn router(&self) -> Router {
        let reflection = self.0.for_readers(reflection());
        self.0.router_with_ui().merge(reflection)
    }

    /// Ready: a read model is open and at most `lag_max` records behind.
    pub(super) fn check(
        &self,
        lag_max: u64,
    ) -> impl Fn() -> Result<(), String> + Send + Sync + use<> {
        let engine = Arc::downgrade(&self.0);
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

    /// Ends live streams; other reads finish.
    pub(super) fn shutdown(&self) {
        self.0.shutdown();
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
