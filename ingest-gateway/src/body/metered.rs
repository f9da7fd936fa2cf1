//! Bodies that tonic reads: paid for as they come in.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use axum::{body::Body, extract::Request};
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tower::util::MapRequestLayer;

use super::{Budget, Reservation};

/// Pays for every body but those of `unmetered`: a stream's total says nothing
/// about the memory it takes.
pub(crate) fn budget_layer(
    budget: &Arc<Budget>,
    unmetered: &'static str,
) -> MapRequestLayer<impl Fn(Request) -> Request + Clone + Send + Sync + 'static> {
    let budget = Arc::clone(budget);
    MapRequestLayer::new(move |request: Request| {
        if request.uri().path() == unmetered {
            return request;
        }
        let reservation = budget.reserve();
        request.map(|inner| Body::new(Metered { inner, reservation }))
    })
}

/// A body that fails when the budget is used up.
struct Metered {
    inner: Body,
    reservation: Reservation,
}

impl http_body::Body for Metered {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = ready!(Pin::new(&mut self.inner).poll_frame(context));
        if let Some(Ok(frame)) = &frame
            && let Some(data) = frame.data_ref()
            && let Err(error) = self.reservation.grow(data.len())
        {
            // tonic looks for its own status among an error's sources.
            return Poll::Ready(Some(Err(axum::Error::new(tonic::Status::from(error)))));
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
