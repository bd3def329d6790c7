//! The instance's one connection to Redis.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;

use crate::platform::{Platform, RedisError};

/// How often a request looks whether the connection that another one opens is there.
///
/// A timer and not a waker: where requests are tasks of the component model, one that is to be
/// woken by another needs the host's help each time that it sleeps, and every request would pay
/// for what only an instance's first ones need.
const LOOK_AGAIN: Duration = Duration::from_millis(1);

/// A connection that requests share, and that one of them opens for all.
pub(crate) struct Connection<P: Platform>(Mutex<State<P::Redis>>);

enum State<R> {
    Closed,
    Opening,
    Open(Arc<R>),
}

impl<P: Platform> Connection<P> {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(State::Closed))
    }

    /// The connection, opened if need be: one at a time, however many requests want it.
    ///
    /// The first error is everyone's own: each of those that waited then tries for itself, for as
    /// long as its time lasts.
    pub(crate) async fn get(&self, platform: &P, url: &str) -> Result<Arc<P::Redis>, RedisError> {
        loop {
            match self.open_or_begin() {
                Next::Use(redis) => return Ok(redis),
                Next::Wait => self.opened(platform).await,
                Next::Begin(opening) => {
                    let redis = Arc::new(platform.connect(url).await?);
                    opening.done(Arc::clone(&redis));
                    return Ok(redis);
                }
            }
        }
    }

    /// Waits while another one opens the connection, or for a while.
    ///
    /// Where that is another script of the same request, their common task is woken by what
    /// it waits for, and this one sees at once that the connection is there.
    async fn opened(&self, platform: &P) {
        let mut look_again = pin!(platform.sleep(LOOK_AGAIN));
        poll_fn(|task| match *self.lock() {
            State::Opening => look_again.as_mut().poll(task),
            _ => Poll::Ready(()),
        })
        .await;
    }

    /// Gives `redis` up, if it is still the one that is shared.
    pub(crate) fn discard(&self, redis: &Arc<P::Redis>) {
        let mut state = self.lock();
        if matches!(&*state, State::Open(shared) if Arc::ptr_eq(shared, redis)) {
            *state = State::Closed;
        }
    }

    /// Gives up whichever connection is shared. One that is being opened is new in any case.
    pub(crate) fn close(&self) {
        let mut state = self.lock();
        if matches!(&*state, State::Open(_)) {
            *state = State::Closed;
        }
    }

    fn open_or_begin(&self) -> Next<'_, P> {
        let mut state = self.lock();
        match &*state {
            State::Open(redis) => Next::Use(Arc::clone(redis)),
            State::Opening => Next::Wait,
            State::Closed => {
                *state = State::Opening;
                Next::Begin(Opening(self))
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State<P::Redis>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a request that needs the connection does next.
enum Next<'a, P: Platform> {
    Use(Arc<P::Redis>),
    Wait,
    Begin(Opening<'a, P>),
}

/// The right to open the connection. Whoever drops it, by an error or because its time is over,
/// leaves it to the next.
struct Opening<'a, P: Platform>(&'a Connection<P>);

impl<P: Platform> Opening<'_, P> {
    fn done(self, redis: Arc<P::Redis>) {
        *self.0.lock() = State::Open(redis);
    }
}

impl<P: Platform> Drop for Opening<'_, P> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        if matches!(&*state, State::Opening) {
            *state = State::Closed;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::{Argument, HttpError, Reply, Stream, VariableUnavailable};
    use bytes::Bytes;
    use futures_util::future::join;
    use std::task::{Context, Waker};
    use wasm_bindgen_test::wasm_bindgen_test;

    /// A host that takes a turn to open a connection, and whose timers never fire.
    struct Host;

    impl Platform for Host {
        type Redis = ();

        async fn connect(&self, _: &str) -> Result<(), RedisError> {
            let mut turns = 1..=2;
            poll_fn(|_| match turns.next() {
                Some(2) => Poll::Ready(Ok(())),
                _ => Poll::Pending,
            })
            .await
        }

        async fn sleep(&self, _: Duration) {
            std::future::pending().await
        }

        async fn variable(&self, _: &str) -> Result<Option<String>, VariableUnavailable> {
            unreachable!("a connection reads no variable")
        }
        fn environment(&self, _: &str) -> Option<String> {
            unreachable!("a connection reads no environment")
        }
        async fn execute(
            &self,
            (): &(),
            _: &str,
            _: &[Argument<'_>],
        ) -> Result<Vec<Reply>, RedisError> {
            unreachable!("no command is sent")
        }
        async fn send(&self, _: http::Request<Bytes>) -> Result<http::StatusCode, HttpError> {
            unreachable!("no request is sent")
        }
        fn now(&self) -> Duration {
            unreachable!("a connection does not look at the clock")
        }
        fn fill_random(&self, _: &mut [u8]) {
            unreachable!("nothing here is random")
        }
        fn write_line(&self, _: Stream, _: &str) {
            unreachable!("a connection logs nothing")
        }
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn who_waits_in_the_same_task_sees_the_connection_as_soon_as_it_is_open() {
        let connection = Connection::<Host>::new();
        let mut both = pin!(join(
            connection.get(&Host, "redis://host"),
            connection.get(&Host, "redis://host"),
        ));
        let mut task = Context::from_waker(Waker::noop());
        assert!(both.as_mut().poll(&mut task).is_pending());
        let Poll::Ready((Ok(one), Ok(other))) = both.as_mut().poll(&mut task) else {
            panic!("the second waits for a timer");
        };
        assert!(Arc::ptr_eq(&one, &other));
    }
}
