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
