//! The way in for a crate above this one that answers reads of its own: SQL, exports.
//!
//! Invariant: who reads so is let in by the same doors and as often as by the reads here, and
//! gets a [`Viewer`]; whoever is given one asks with its sight, of log and read model alike.

use std::sync::Arc;

use axum::Router;
use event_log::LogReader;
use event_model::{
    ControlState,
    access::{Action, Viewer, door::Need},
};
use http::{Extensions, HeaderMap, request::Parts};
use proto::error::Refusal;
use read_model::issues::reader::Reader;
use tokio::sync::watch;

use crate::{core::Core, error::ApiError, rest};

/// See the module. Cheap to clone.
#[derive(Clone)]
pub struct Reads(Arc<Core>);

impl std::fmt::Debug for Reads {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Reads")
    }
}

impl Reads {
    pub(crate) fn new(core: &Arc<Core>) -> Self {
        Self(Arc::clone(core))
    }

    /// Who comes to a REST route, which counts as one of their reads.
    pub fn viewer_of_route(&self, parts: &Parts) -> Result<Viewer, Refusal> {
        Ok(self.0.viewer_of_route(parts)?)
    }

    /// Who calls, if they may do this.
    pub fn viewer(
        &self,
        headers: &HeaderMap,
        extensions: &Extensions,
        action: Action,
    ) -> Result<Viewer, Refusal> {
        let need = Some(Need::Right(action));
        Ok(self.0.authenticate(headers, extensions, need)?)
    }

    /// The viewer as they stand by now; none once they are signed out, revoked or gone.
    pub fn viewer_now(&self, viewer: &Viewer) -> Option<Viewer> {
        self.0.viewer_now(viewer)
    }

    /// REST routes with what all of them here have in common: nobody keeps their answers, and
    /// they tell how often one may still read.
    pub fn rest(&self, routes: Router) -> Router {
        rest::alike(routes)
    }

    /// The log. Ask it with a sight.
    pub fn log(&self) -> &LogReader {
        &self.0.log
    }

    /// The control state of now.
    pub fn control(&self) -> Arc<ControlState> {
        self.0.control.state()
    }

    /// A reader of the issues of its own. Blocking.
    pub fn issues(&self) -> Result<Reader, Refusal> {
        let open = self.0.open()?;
        Ok(open.issues_aside().map_err(ApiError::from)?)
    }

    /// Waits a moment for the issues to reach a position.
    pub async fn wait_issues(&self, after_position: u64) {
        self.0.wait_issues(after_position).await;
    }

    /// True once the engine shuts down: streams end.
    pub fn stopping(&self) -> watch::Receiver<bool> {
        self.0.stopping.clone()
    }
}
