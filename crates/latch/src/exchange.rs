//! One exchange with Redis: a command and its answer, and what to do where the connection that was
//! kept is of no use.

use std::cell::RefCell;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;

use crate::connection::Connection;
use crate::platform::{Argument, Platform, RedisError, Reply};
use crate::script::Repeat;

/// What one request has to do with Redis, within its budget.
pub(crate) struct Exchange<'a, P: Platform> {
    shared: &'a Connection<P>,
    platform: &'a P,
    address: &'a str,
    /// The connection that was last used.
    used: RefCell<Option<Arc<P::Redis>>>,
}

impl<'a, P: Platform> Exchange<'a, P> {
    /// With the Redis at `address`, on the connection that `shared` holds or will hold.
    pub(crate) fn new(shared: &'a Connection<P>, platform: &'a P, address: &'a str) -> Self {
        Self {
            shared,
            platform,
            address,
            used: RefCell::new(None),
        }
    }

    /// Sends a command; once more, on a new connection, if the one that was kept is of no use and a
    /// second time does no harm.
    ///
    /// It does none where the command cannot have been carried out: by a server that says that it is
    /// not the one to ask, or on a connection that broke before. A reply takes a round trip, so a failure
    /// that is there at the first asking is news of the connection and not of the command. Otherwise
    /// Redis may have decided, and its answer is lost: to ask again would be to decide twice.
    pub(crate) async fn execute(
        &self,
        command: &str,
        arguments: &[Argument<'_>],
        repeat: Repeat,
    ) -> Result<Vec<Reply>, RedisError> {
        let redis = self.connect().await?;
        let sent = self.platform.execute(&redis, command, arguments);
        let (done, at_once) = at_once(sent).await;
        let again = match &done {
            Err(RedisError::Elsewhere(_)) => true,
            Err(RedisError::Broken(_)) => at_once || repeat == Repeat::Harmless,
            _ => return done,
        };
        self.give_up();
        if !again {
            return done;
        }
        let redis = self.connect().await?;
        let done = self.platform.execute(&redis, command, arguments).await;
        if matches!(done, Err(RedisError::Broken(_))) {
            self.give_up();
        }
        done
    }

    /// The connection; opening it is tried twice.
    async fn connect(&self) -> Result<Arc<P::Redis>, RedisError> {
        match self.connection().await {
            Err(RedisError::Broken(_)) => self.connection().await,
            done => done,
        }
    }

    /// The connection, opened if need be.
    pub(crate) async fn connection(&self) -> Result<Arc<P::Redis>, RedisError> {
        let redis = self.shared.get(self.platform, self.address).await?;
        self.used.replace(Some(Arc::clone(&redis)));
        Ok(redis)
    }

    /// Leaves the connection that was used to nobody: it is broken, or leads to a machine that is
    /// gone without a word.
    pub(crate) fn give_up(&self) {
        if let Some(redis) = self.used.take() {
            self.shared.discard(&redis);
        }
    }
}

/// What `work` comes to, and whether it was there at the first asking, without a wait.
async fn at_once<T>(work: impl Future<Output = T>) -> (T, bool) {
    let mut work = pin!(work);
    let mut first = true;
    poll_fn(|task| {
        let done = work.as_mut().poll(task).map(|done| (done, first));
        first = false;
        done
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::{HttpError, Stream, VariableUnavailable};
    use bytes::Bytes;
    use std::sync::Mutex;
    use std::task::{Context, Poll, Waker};
    use std::time::Duration;
    use wasm_bindgen_test::wasm_bindgen_test;

    /// What comes of a command, and whether it takes a round trip to know.
    type Outcome = (Result<Vec<Reply>, RedisError>, bool);

    /// A host whose connections are numbered, and whose commands end as the test says.
    struct Host {
        opened: Mutex<usize>,
        outcomes: Mutex<Vec<Outcome>>,
        /// On which connection each command was sent.
        sent: Mutex<Vec<usize>>,
    }

    impl Platform for Host {
        type Redis = usize;

        async fn connect(&self, _: &str) -> Result<usize, RedisError> {
            let mut opened = self.opened.lock().unwrap();
            *opened = opened.saturating_add(1);
            Ok(*opened)
        }

        async fn execute(
            &self,
            redis: &usize,
            _: &str,
            _: &[Argument<'_>],
        ) -> Result<Vec<Reply>, RedisError> {
            self.sent.lock().unwrap().push(*redis);
            let (outcome, mut later) = self.outcomes.lock().unwrap().remove(0);
            poll_fn(|_| match std::mem::take(&mut later) {
                true => Poll::Pending,
                false => Poll::Ready(()),
            })
            .await;
            outcome
        }

        async fn sleep(&self, _: Duration) {
            std::future::pending().await
        }
        async fn variable(&self, _: &str) -> Result<Option<String>, VariableUnavailable> {
            unreachable!("an exchange reads no variable")
        }
        fn environment(&self, _: &str) -> Option<String> {
            unreachable!("an exchange reads no environment")
        }
        async fn send(&self, _: http::Request<Bytes>) -> Result<http::StatusCode, HttpError> {
            unreachable!("no request is sent")
        }
        fn now(&self) -> Duration {
            unreachable!("an exchange does not look at the clock")
        }
        fn fill_random(&self, _: &mut [u8]) {
            unreachable!("nothing here is random")
        }
        fn write_line(&self, _: Stream, _: &str) {
            unreachable!("an exchange logs nothing")
        }
    }

    /// What comes of one command after another, and on which connections it was sent.
    fn run(
        repeat: Repeat,
        commands: usize,
        outcomes: Vec<Outcome>,
    ) -> (Vec<Result<Vec<Reply>, RedisError>>, Vec<usize>) {
        let host = Host {
            opened: Mutex::new(0),
            outcomes: Mutex::new(outcomes),
            sent: Mutex::new(Vec::new()),
        };
        let shared = Connection::new();
        let mut done = Vec::new();
        for _ in 0..commands {
            let exchange = Exchange::new(&shared, &host, "redis://name");
            let mut work = pin!(exchange.execute("EVALSHA", &[], repeat));
            let mut task = Context::from_waker(Waker::noop());
            done.push(loop {
                if let Poll::Ready(outcome) = work.as_mut().poll(&mut task) {
                    break outcome;
                }
            });
        }
        let sent = host.sent.lock().unwrap().clone();
        (done, sent)
    }

    fn well() -> Outcome {
        (Ok(vec![Reply::Int(1)]), true)
    }
    fn elsewhere() -> Outcome {
        (Err(RedisError::Elsewhere("READONLY".to_owned())), true)
    }
    fn refused() -> Outcome {
        (Err(RedisError::Refused("OOM".to_owned())), true)
    }
    fn broken(later: bool) -> Outcome {
        (Err(RedisError::Broken("broken pipe".to_owned())), later)
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn what_another_server_is_to_be_asked_is_asked_once_more_on_a_new_connection() {
        for repeat in [Repeat::Decides, Repeat::Harmless] {
            let (done, sent) = run(repeat, 3, vec![well(), elsewhere(), well(), well()]);
            assert!(done.iter().all(Result::is_ok), "{done:?}");
            assert_eq!(sent, [1, 1, 2, 2]);
        }
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn it_is_not_asked_a_third_time() {
        let outcomes = vec![elsewhere(), elsewhere(), elsewhere(), well()];
        let (done, sent) = run(Repeat::Decides, 2, outcomes);
        assert_eq!(done[0], elsewhere().0);
        assert!(done[1].is_ok(), "the next request finds the other server");
        assert_eq!(sent, [1, 2, 2, 3]);
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn any_other_refusal_stands_and_leaves_the_connection() {
        let (done, sent) = run(Repeat::Harmless, 2, vec![refused(), well()]);
        assert_eq!(done[0], refused().0);
        assert_eq!(sent, [1, 1]);
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn a_decision_whose_answer_is_lost_is_not_taken_twice() {
        let (done, sent) = run(Repeat::Decides, 2, vec![broken(true), well()]);
        assert_eq!(done[0], broken(true).0);
        assert_eq!(sent, [1, 2], "the broken connection is given up");

        let (done, sent) = run(Repeat::Harmless, 1, vec![broken(true), well()]);
        assert!(done[0].is_ok());
        assert_eq!(sent, [1, 2]);
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn what_was_never_sent_is_sent_once_more() {
        let (done, sent) = run(Repeat::Decides, 1, vec![broken(false), well()]);
        assert!(done[0].is_ok());
        assert_eq!(sent, [1, 2]);
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn a_new_connection_that_breaks_is_given_up_too() {
        let outcomes = vec![elsewhere(), broken(true), well()];
        let (done, sent) = run(Repeat::Decides, 2, outcomes);
        assert_eq!(done[0], broken(true).0);
        assert!(done[1].is_ok());
        assert_eq!(sent, [1, 2, 3]);
    }
}
