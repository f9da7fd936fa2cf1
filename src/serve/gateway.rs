//! The gateway role: the logs it writes, its admin socket, and what its listener says
//! of paths that are another role's.

use std::{
    fs, io,
    os::unix::fs::{DirBuilderExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context, Result};
use axum::{Router, extract::Request, response::Response};
use event_log::{LogConfig, LogWriter};
use event_model::credential::{Caller, ServerSecret};
use ingest_gateway::{
    Gateway, GatewayConfig,
    upkeep::{ColdDay, ColdFiles, Keeping},
};
use proto::error::{ErrorCode, Refusal};
use read_model::cold::{self, ColdHome, WRITING};
use tokio::net::UnixListener;
use tokio_util::sync::CancellationToken;
use url::Url;

use super::{
    others::{QueryRole, others},
    query::reflection,
};
use crate::{
    admin,
    config::{Config, Loaded},
    peers, secret, server,
};

/// The gateway and what it alone may write.
pub(crate) struct OpenGateway {
    pub(crate) gateway: Gateway,
    pub(crate) log: LogWriter,
    pub(crate) secret: ServerSecret,
    /// Where it looks issues up, to be told where that is.
    pub(super) query: QueryRole,
    /// Removed at the end.
    socket: Option<PathBuf>,
}

/// Opens the logs and the gateway; also for the command line without a server.
pub(crate) async fn open_gateway(loaded: &Loaded) -> Result<OpenGateway> {
    let config = &loaded.config;
    let data_dir = &config.data_dir;
    // What is inside tells of people: for this user's eyes alone.
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(data_dir)
        .with_context(|| format!("create {}", data_dir.display()))?;
    warn_if_open(data_dir)?;
    let secret = peers::with_token(secret::load_or_create(data_dir)?, config)?;
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
    let (others, query) = others(config, &secret)?;
    let gateway_config = GatewayConfig {
        others,
        limits: config.limits.clone(),
        floor: config.log.floor(),
        trusted_proxies: config.trusted_proxies.clone(),
        ..GatewayConfig::new(public_url, data_dir.join("blobs"))
    };
    let gateway = Gateway::start(
        gateway_config,
        log.clone(),
        secret.clone(),
        loaded.bootstrap.wishes()?,
    )
    .await
    .context("start the gateway")?;
    Ok(OpenGateway {
        gateway,
        log,
        secret,
        query,
        socket: None,
    })
}

/// What goes when.
pub(super) fn keeping(config: &Config) -> Result<Keeping> {
    Ok(Keeping {
        retention: config.log.retention.retention()?,
        look_every: config.log.retention.look_every(),
        cold_age_max: config.cold.age_max()?,
        rules: config.log.retention.rules()?,
        cold: Arc::new(Cold(ColdHome::open(&config.cold_place(), WRITING)?)),
    })
}

/// The Parquet files, as the gateway's retention asks for them.
#[derive(Debug)]
struct Cold(ColdHome);

impl ColdFiles for Cold {
    fn are_here(&self) -> bool {
        self.0.folder().is_some()
    }

    fn days(&self) -> io::Result<Vec<ColdDay>> {
        let listed = self.0.list().map_err(io::Error::other)?;
        Ok(as_asked(cold::days(&listed)))
    }

    fn day_names(&self) -> io::Result<Vec<String>> {
        self.0.day_names().map_err(io::Error::other)
    }

    fn days_before(&self, date: &str) -> io::Result<Vec<ColdDay>> {
        let days = self.0.days_before(date).map_err(io::Error::other)?;
        Ok(as_asked(days))
    }

    fn remove_before(&self, date: &str) -> io::Result<()> {
        let removed = self.0.remove_before(date).map_err(io::Error::other)?;
        if removed > 0 {
            tracing::debug!(removed, "cold files were removed");
        }
        Ok(())
    }
}

fn as_asked(days: Vec<cold::ColdDay>) -> Vec<ColdDay> {
    let day = |day: cold::ColdDay| ColdDay {
        date: day.date,
        files: day.files,
        bytes: day.bytes,
    };
    days.into_iter().map(day).collect()
}

/// A directory that was there before (a volume, an unpacked backup) may be open to
/// others. What is made in it from now on is not (`umask`), what is there is theirs to
/// read: to change that is left to whoever may have reasons.
fn warn_if_open(data_dir: &Path) -> Result<()> {
    let found =
        fs::metadata(data_dir).with_context(|| format!("look at {}", data_dir.display()))?;
    let mode = found.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        tracing::warn!(
            path = %data_dir.display(),
            mode = format!("{mode:o}"),
            "others on this host may look into the data directory, which holds password hashes and events; \
             close it with `chmod -R go= PATH`"
        );
    }
    Ok(())
}

impl OpenGateway {
    /// Binds the admin socket; serve it with the future returned, until `stop`.
    pub(super) fn serve_admin(
        &mut self,
        config: &Config,
        router: Router,
        stop: CancellationToken,
    ) -> Result<impl Future<Output = ()> + Send + use<>> {
        let path = config.data_dir.join(admin::SOCKET);
        // The logs' lock is ours, so a socket that is there was left by a crash.
        let _ = fs::remove_file(&path);
        let listener =
            UnixListener::bind(&path).with_context(|| format!("listen on {}", path.display()))?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600))
            .with_context(|| format!("set the mode of {}", path.display()))?;
        self.socket = Some(path);
        let router = router.layer(axum::Extension(Caller::Admin));
        Ok(server::serve_unix(listener, router, stop))
    }

    /// Closes the logs: what is queued is written first.
    pub(crate) async fn close(self) -> Result<()> {
        if let Some(path) = &self.socket {
            let _ = fs::remove_file(path);
        }
        drop(self.gateway);
        let log = self.log;
        tokio::task::spawn_blocking(move || log.close())
            .await
            .context("join the log")?
            .context("close the logs")
    }
}

/// All that a gateway without a query role beside it answers.
pub(super) fn router_alone(gateway: &Gateway, config: &Config) -> Router {
    let pages = config.public_url();
    gateway
        .router()
        .merge(gateway.for_readers(reflection()))
        .fallback(async move |request: Request| -> Response {
            let shown: String = request.uri().path().chars().take(64).collect();
            let message =
                format!("nothing at {shown} in the gateway role: pages and reads are at {pages}");
            let is_grpc = request
                .headers()
                .get(http::header::CONTENT_TYPE)
                .is_some_and(|value| value.as_bytes().starts_with(b"application/grpc"));
            if is_grpc {
                let refusal = Refusal::new(ErrorCode::MethodNotAllowed, message);
                return refusal.status().into_http();
            }
            Refusal::new(ErrorCode::NotFound, message).response()
        })
}
