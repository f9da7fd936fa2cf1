//! Work that goes on when nobody waits for it any more.
//!
//! Invariant: what was begun ends. As long as it is awaited it runs where it is awaited,
//! which costs no task and no wake-up of its own; dropped before its end it becomes a
//! task. Of a panic nothing is left but the answer that there was one.

use std::{
    panic::AssertUnwindSafe,
    pin::Pin,
    task::{Context, Poll},
};

use futures_util::{FutureExt, future::CatchUnwind};

type Work<F> = CatchUnwind<AssertUnwindSafe<F>>;

/// A future that runs to its end; none if it panicked.
pub(super) struct ToTheEnd<F: Future<Output: Send> + Send + 'static> {
    /// None once it has ended.
    work: Option<Pin<Box<Work<F>>>>,
}

impl<F: Future<Output: Send> + Send + 'static> ToTheEnd<F> {
    pub(super) fn of(work: F) -> Self {
        let work = AssertUnwindSafe(work).catch_unwind();
        Self {
            work: Some(Box::pin(work)),
        }
    }
}

impl<F: Future<Output: Send> + Send + 'static> Future for ToTheEnd<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(work) = &mut self.work else {
            return Poll::Ready(None);
        };
        let ended = std::task::ready!(work.as_mut().poll(context));
        self.work = None;
        Poll::Ready(ended.ok())
    }
}

impl<F: Future<Output: Send> + Send + 'static> Drop for ToTheEnd<F> {
    fn drop(&mut self) {
        if let Some(work) = self.work.take()
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            runtime.spawn(work);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{pin::pin, sync::Arc};

    use parking_lot::Mutex;
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn what_is_awaited_runs_where_it_is_awaited() {
        let here = tokio::spawn(async {
            let outer = tokio::task::id();
            ToTheEnd::of(async move { tokio::task::id() == outer }).await
        });
        assert_eq!(here.await.expect("it ends"), Some(true));
    }

    #[tokio::test]
    async fn what_is_dropped_goes_on_where_it_stands() {
        let (go, gone) = oneshot::channel::<u32>();
        let (end, ended) = oneshot::channel();
        let begun = Arc::new(Mutex::new(0));
        let count = Arc::clone(&begun);
        let work = ToTheEnd::of(async move {
            *count.lock() += 1;
            let _ = end.send(gone.await);
        });
        {
            let mut work = pin!(work);
            let once = |context: &mut Context<'_>| Poll::Ready(work.as_mut().poll(context));
            assert!(std::future::poll_fn(once).await.is_pending());
        }
        go.send(7).expect("it still waits");
        assert_eq!(ended.await.expect("it ended"), Ok(7));
        assert_eq!(*begun.lock(), 1, "it did not begin anew");
    }

    #[tokio::test]
    async fn a_panic_is_an_answer() {
        let work = ToTheEnd::of(async { panic!("a panic of the test") });
        let ended: Option<()> = work.await;
        assert_eq!(ended, None);
    }
}
