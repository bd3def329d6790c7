//! Tokio, redis-rs and hyper: the same handlers as a native program.
//!
//! For tests, and as the baseline of the benchmark: what a handler costs without wasm and without
//! Spin. A thread serves like an instance does: it has its own [`App`](crate::App), and runs all
//! its requests itself.

mod serve;

use std::collections::HashMap;
use std::io::Write as _;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::Full;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rand::Rng as _;

use super::{
    Argument, HttpError, Platform, RedisError, Reply, Stream, VariableUnavailable, redis_error,
};

pub use serve::serve;

/// The platform of a native program.
#[derive(Clone, Debug)]
pub struct Native {
    variables: HashMap<String, String>,
    started: Instant,
    client: Client<HttpConnector, Full<Bytes>>,
}

impl Native {
    /// With these component variables. It reaches `http://` addresses only.
    pub fn new(variables: impl IntoIterator<Item = (String, String)>) -> Self {
        Self {
            variables: variables.into_iter().collect(),
            started: Instant::now(),
            client: Client::builder(TokioExecutor::new()).build_http(),
        }
    }
}

impl Platform for Native {
    type Redis = redis::aio::MultiplexedConnection;

    async fn variable(&self, name: &str) -> Result<Option<String>, VariableUnavailable> {
        Ok(self.variables.get(name).cloned())
    }

    fn environment(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }

    async fn connect(&self, url: &str) -> Result<Self::Redis, RedisError> {
        // Every wait is bounded by the caller.
        let unbounded = redis::AsyncConnectionConfig::new()
            .set_connection_timeout(None)
            .set_response_timeout(None);
        let client = redis::Client::open(url).map_err(|_| RedisError::NotAllowed)?;
        client
            .get_multiplexed_async_connection_with_config(&unbounded)
            .await
            .map_err(|error| self::error(&error))
    }

    async fn execute(
        &self,
        redis: &Self::Redis,
        command: &str,
        arguments: &[Argument<'_>],
    ) -> Result<Vec<Reply>, RedisError> {
        let mut command = redis::cmd(command);
        for argument in arguments {
            match argument {
                Argument::Number(number) => command.arg(*number),
                Argument::Bytes(bytes) => command.arg(*bytes),
            };
        }
        let value: redis::Value = command
            .query_async(&mut redis.clone())
            .await
            .map_err(|error| self::error(&error))?;
        let mut replies = Vec::new();
        flatten(value, &mut replies)?;
        Ok(replies)
    }

    async fn send(&self, request: http::Request<Bytes>) -> Result<http::StatusCode, HttpError> {
        let answer = self
            .client
            .request(request.map(Full::new))
            .await
            .map_err(|error| {
                let reason = error.to_string();
                if error.is_connect() {
                    HttpError::NotReached(reason)
                } else {
                    HttpError::Unanswered(reason)
                }
            })?;
        Ok(answer.status())
    }

    fn now(&self) -> Duration {
        self.started.elapsed()
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }

    fn fill_random(&self, buffer: &mut [u8]) {
        rand::rng().fill_bytes(buffer);
    }

    fn write_line(&self, stream: Stream, line: &str) {
        let _ = match stream {
            Stream::Out => writeln!(std::io::stdout(), "{line}"),
            Stream::Err => writeln!(std::io::stderr(), "{line}"),
        };
    }
}

pub(super) fn error(error: &redis::RedisError) -> RedisError {
    let text = error.to_string();
    match error.code() {
        Some(code) => redis_error::answered(code, error.detail().unwrap_or_default(), &text),
        None => redis_error::classify(text),
    }
}

/// Arrays within arrays become one, as they do on Spin.
fn flatten(value: redis::Value, replies: &mut Vec<Reply>) -> Result<(), RedisError> {
    replies.push(match value {
        redis::Value::Nil => Reply::Nil,
        redis::Value::Int(number) => Reply::Int(number),
        redis::Value::BulkString(bytes) => Reply::Bytes(bytes),
        redis::Value::SimpleString(text) => Reply::Status(text),
        redis::Value::Okay => Reply::Status("OK".to_owned()),
        redis::Value::Array(values) => {
            for value in values {
                flatten(value, replies)?;
            }
            return Ok(());
        }
        _ => return Err(RedisError::Refused("a reply of an unknown type".to_owned())),
    });
    Ok(())
}
