//! Work that goes on when its caller hangs up.
//!
//! hyper drops a handler's future when the caller disconnects. What has been handed to the store must
//! still reach its end: it is polled in place, at no cost, and only becomes a task of its own when it is
//! dropped unfinished.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Runs a future to its end, whoever waits for it.
pub(crate) fn finish<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> Finish<T> {
    Finish(Some(Box::pin(work)))
}

/// A future that outlives its waiter.
pub(crate) struct Finish<T: Send + 'static>(Option<Pin<Box<dyn Future<Output = T> + Send>>>);

impl<T: Send + 'static> Future for Finish<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        let Some(work) = &mut self.0 else { return Poll::Pending };
        let ended = work.as_mut().poll(cx);
        if ended.is_ready() {
            self.0 = None;
        }
        ended
    }
}

impl<T: Send + 'static> Drop for Finish<T> {
    fn drop(&mut self) {
        let Some(work) = self.0.take() else { return };
        if !std::thread::panicking()
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            runtime.spawn(work);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::sync::oneshot;

    #[tokio::test]
    async fn work_ends_although_its_waiter_has_gone() {
        let (go, wait) = oneshot::channel::<()>();
        let (done, ended) = oneshot::channel();
        let mut work = Box::pin(finish(async move {
            let _ = wait.await;
            let _ = done.send(7);
        }));
        assert!(futures_util::poll!(work.as_mut()).is_pending());
        drop(work);
        go.send(()).expect("the work still waits");
        assert_eq!(ended.await, Ok(7));
    }
}
