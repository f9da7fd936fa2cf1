//! How often one may read over REST: a rate for lists and one for single things, by API
//! token or, of sessions, by person.
//!
//! Invariant: only who was authenticated has a cell, so made-up tokens grow nothing; roles
//! and the command line on the host are not limited.

use std::sync::{Arc, OnceLock};

use axum::{extract::Request, middleware::Next, response::Response};
use event_model::{
    TokenId, UserId,
    credential::{Caller, Via},
};
use ground::{Limiter, Rate, Standing};
use http::Extensions;
use proto::{
    rate::{RateLimit, Told, put_rate_limits},
    routes::{self, Route},
};

use crate::{
    config::ReadLimits,
    error::{ApiError, ErrorCode},
};

/// Who reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Who {
    Token(TokenId),
    Person(UserId),
}

/// What costs as much as a list.
const LISTS: [Route; 4] = [
    routes::LIST_ERRORS,
    routes::EXPORT_ERRORS,
    routes::LIST_ISSUES,
    routes::SQL,
];

/// What is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum What {
    Lists,
    Details,
}

impl What {
    fn of(path: &str) -> Self {
        if LISTS.map(|route| route.path).contains(&path) {
            Self::Lists
        } else {
            Self::Details
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Lists => "lists",
            Self::Details => "details",
        }
    }
}

/// Who read how often.
#[derive(Debug)]
pub(crate) struct Pace {
    limits: ReadLimits,
    cells: Limiter<(Who, What)>,
}

/// What the request's answer tells of it, once its reader is known.
#[derive(Debug, Clone, Default)]
struct Slot(Arc<OnceLock<RateLimit>>);

impl Pace {
    pub(crate) fn new(limits: ReadLimits, clock: ground::Clock) -> Self {
        Self {
            limits,
            cells: Limiter::new(clock),
        }
    }

    /// One more read of a caller.
    pub(super) fn take(
        &self,
        caller: Caller,
        path: &str,
        extensions: &Extensions,
    ) -> Result<(), ApiError> {
        let who = match caller {
            Caller::User {
                via: Via::Token { id, .. },
                ..
            } => Who::Token(id),
            Caller::User { id, .. } => Who::Person(id),
            Caller::Internal | Caller::Admin => return Ok(()),
        };
        if !self.limits.enabled {
            return Ok(());
        }
        let what = What::of(path);
        let rate = Rate::per_minute(match what {
            What::Lists => self.limits.lists_per_minute,
            What::Details => self.limits.details_per_minute,
        });
        let taken = self.cells.take(&(who, what), rate);
        if let Some(slot) = extensions.get::<Slot>() {
            let (Ok(standing) | Err(standing)) = taken;
            // A request is read once.
            let _ = slot.0.set(told(what, standing));
        }
        let Err(standing) = taken else {
            return Ok(());
        };
        let message = format!("one may read {} {} a minute", rate.times, what.name());
        let error = ApiError::new(ErrorCode::Limited, message);
        Err(error.retry_after(standing.next.as_secs() + 1))
    }
}

fn told(what: What, standing: Standing) -> RateLimit {
    RateLimit::of_rate(
        what.name(),
        Told {
            quota: u64::from(standing.rate.times),
            window: standing.rate.window,
            remaining: u64::from(standing.remaining),
            reset: standing.full,
        },
    )
}

/// Puts how it stands into every answer, whatever it is.
pub(super) async fn tell(mut request: Request, next: Next) -> Response {
    let slot = Slot::default();
    request.extensions_mut().insert(slot.clone());
    let mut response = next.run(request).await;
    if let Some(told) = slot.0.get() {
        put_rate_limits(response.headers_mut(), &[*told]);
    }
    response
}
