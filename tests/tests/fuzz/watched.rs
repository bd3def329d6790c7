//! The native platform, watched: what is written, and where it is told to connect.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use latch::Platform;
use latch::platform::native::Native;
use latch::platform::{Argument, HttpError, RedisError, Reply, Stream, VariableUnavailable};
use redis::IntoConnectionInfo as _;

/// What a component has written, to both streams.
pub(crate) type Written = Arc<Mutex<Vec<String>>>;

/// A platform that reaches nothing but `redis`.
pub(crate) struct Watched {
    native: Native,
    redis: String,
    written: Written,
}

impl Watched {
    pub(crate) fn new(variables: Vec<(String, String)>, redis: &str, written: &Written) -> Self {
        Self {
            native: Native::new(variables),
            redis: redis.to_owned(),
            written: written.clone(),
        }
    }
}

impl Platform for Watched {
    type Redis = <Native as Platform>::Redis;

    async fn variable(&self, name: &str) -> Result<Option<String>, VariableUnavailable> {
        self.native.variable(name).await
    }

    fn environment(&self, _: &str) -> Option<String> {
        None
    }

    /// A host logs an address that it cannot parse, with its password: it must never see one.
    async fn connect(&self, url: &str) -> Result<Self::Redis, RedisError> {
        if url == self.redis {
            return self.native.connect(url).await;
        }
        let plain = url.replacen("rediss://", "redis://", 1);
        if let Err(error) = plain.as_str().into_connection_info() {
            panic!("the host is given {url:?}: {error}");
        }
        Err(RedisError::Broken("nobody is there".to_owned()))
    }

    async fn execute(
        &self,
        redis: &Self::Redis,
        command: &str,
        arguments: &[Argument<'_>],
    ) -> Result<Vec<Reply>, RedisError> {
        self.native.execute(redis, command, arguments).await
    }

    async fn send(&self, _: http::Request<Bytes>) -> Result<http::StatusCode, HttpError> {
        Ok(http::StatusCode::OK)
    }

    fn now(&self) -> Duration {
        self.native.now()
    }

    async fn sleep(&self, duration: Duration) {
        self.native.sleep(duration).await;
    }

    fn fill_random(&self, buffer: &mut [u8]) {
        self.native.fill_random(buffer);
    }

    fn write_line(&self, _: Stream, line: &str) {
        self.written.lock().unwrap().push(line.to_owned());
    }
}
