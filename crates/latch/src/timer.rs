//! The bound of every wait.

use std::cell::RefCell;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use crate::platform::Platform;

/// The one timer of a request, for all its waits.
///
/// A timer is a call of the host that has to be taken back when it was not needed, which is almost
/// always: dearer than a look at the clock. So a wait that ends in time leaves its timer running
/// for the next, which sets a new one if that fires too early for it.
pub(crate) struct Timer<'a, P> {
    platform: &'a P,
    /// A timer is set for this long at most, so that it serves the request's later waits too.
    longest: Duration,
    running: RefCell<Option<Running<'a>>>,
}

struct Running<'a> {
    sleep: Pin<Box<dyn Future<Output = ()> + 'a>>,
    /// When it fires, by [`Platform::now`].
    at: Duration,
}

impl<'a, P: Platform> Timer<'a, P> {
    /// No timer yet, and none for longer than `longest`.
    pub(crate) fn new(platform: &'a P, longest: Duration) -> Self {
        Self {
            platform,
            longest,
            running: RefCell::new(None),
        }
    }

    /// The host.
    pub(crate) fn platform(&self) -> &'a P {
        self.platform
    }

    /// Waits for `work`, but not longer than `limit`: `None` when the time is over.
    ///
    /// The work is dropped then, which cancels it in the host.
    pub(crate) async fn within<T>(
        &self,
        limit: Duration,
        work: impl Future<Output = T>,
    ) -> Option<T> {
        let mut work = pin!(work);
        let mut deadline = None;
        poll_fn(|context| {
            if let Poll::Ready(done) = work.as_mut().poll(context) {
                return Poll::Ready(Some(done));
            }
            let deadline =
                *deadline.get_or_insert_with(|| self.platform.now().saturating_add(limit));
            self.poll_until(deadline, context).map(|()| None)
        })
        .await
    }

    fn poll_until(&self, deadline: Duration, context: &mut Context<'_>) -> Poll<()> {
        let mut running = self.running.borrow_mut();
        loop {
            match running.as_mut() {
                Some(timer) if timer.at <= deadline => {
                    ready!(timer.sleep.as_mut().poll(context));
                    *running = None;
                }
                _ => {
                    let now = self.platform.now();
                    let left = deadline.saturating_sub(now);
                    if left.is_zero() {
                        return Poll::Ready(());
                    }
                    let length = left.min(self.longest);
                    *running = Some(Running {
                        sleep: Box::pin(self.platform.sleep(length)),
                        at: now.saturating_add(length),
                    });
                }
            }
        }
    }
}
