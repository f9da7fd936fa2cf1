//! The query role's own listener, where the gateway is another process: reads are
//! answered here, everything else is forwarded.
//!
//! Open from the first moment, so that a load balancer and people hear 503 and why,
//! not a refused connection, while the gateway's first start is awaited.

use std::sync::{Arc, OnceLock};

use axum::{
    Router,
    extract::{Request, State},
    response::Response,
};
use proto::routes::{Role, role_of};
use tower::ServiceExt;

use crate::forward::{Forwarder, unavailable_to};

/// What the listener answers with; empty until the logs are there.
#[derive(Clone, Default)]
pub(crate) struct Front(Arc<OnceLock<Inside>>);

struct Inside {
    forwarder: Forwarder,
    reads: Router,
}

impl Front {
    /// From now on answers.
    pub(crate) fn open(&self, forwarder: Forwarder, reads: Router) {
        // A second call would be a defect of the start; the first one stays.
        let _ = self.0.set(Inside { forwarder, reads });
    }

    /// What to serve.
    pub(crate) fn router(&self) -> Router {
        Router::new().fallback(answer).with_state(self.clone())
    }
}

async fn answer(State(front): State<Front>, request: Request) -> Response {
    let Some(inside) = front.0.get() else {
        return unavailable_to(
            &request,
            "the query role waits for the gateway's first start",
        );
    };
    let role = role_of(request.method().as_str(), request.uri().path());
    if role == Some(Role::Gateway) {
        return inside.forwarder.forward(request).await;
    }
    match inside.reads.clone().oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}
