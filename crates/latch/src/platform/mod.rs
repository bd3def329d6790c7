//! The seam: everything that Latch asks of whatever runs it.
//!
//! A handler is generic over [`Platform`] and names no host. Two platforms implement it:
//! `spin` (WASI 0.3 components on Spin) and `native` (Tokio, for tests and as the benchmark's
//! baseline). A further host is a further implementation of this one trait, and a loop that turns
//! its requests into calls of [`App::respond`](crate::App::respond).

use std::time::Duration;

use bytes::Bytes;

#[cfg(all(feature = "native", not(target_family = "wasm")))]
pub mod native;
#[cfg(any(
    target_os = "wasi",
    all(feature = "native", not(target_family = "wasm")),
    test
))]
mod redis_error;
#[cfg(target_os = "wasi")]
pub mod spin;

/// What a component needs from its host: Redis, variables, outbound HTTP, a timer, randomness and
/// two streams to write lines to.
///
/// No clock tells the time of day: whatever depends on that takes it from Redis, inside the script
/// that decides.
#[expect(
    async_fn_in_trait,
    reason = "an instance runs on one thread, so its futures need not be Send"
)]
pub trait Platform: 'static {
    /// An open connection to Redis, on which concurrent commands pipeline.
    type Redis;

    /// The value of a component variable, `None` if the component has no such variable.
    async fn variable(&self, name: &str) -> Result<Option<String>, VariableUnavailable>;

    /// The value of an environment variable of the component, `None` if there is none.
    fn environment(&self, name: &str) -> Option<String>;

    /// Opens a connection to `url` (`redis://` or `rediss://`). It has no timeout of its own.
    async fn connect(&self, url: &str) -> Result<Self::Redis, RedisError>;

    /// Sends one command and waits for its reply, without a timeout. Arrays arrive flattened.
    async fn execute(
        &self,
        redis: &Self::Redis,
        command: &str,
        arguments: &[Argument<'_>],
    ) -> Result<Vec<Reply>, RedisError>;

    /// Sends an HTTP request and returns the answer's status; its body is not read.
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::StatusCode, HttpError>;

    /// The monotonic clock, from a beginning of its own.
    fn now(&self) -> Duration;

    /// Returns after `duration`, by the monotonic clock.
    async fn sleep(&self, duration: Duration);

    /// Fills `buffer` from the system's cryptographic generator.
    fn fill_random(&self, buffer: &mut [u8]);

    /// Writes `line` and a line feed. A stream that cannot be written to is no reason to fail.
    fn write_line(&self, stream: Stream, line: &str);
}

/// Where a line goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// Standard output: codes delivered by `log`, and nothing else.
    Out,
    /// Standard error: events, one JSON object a line.
    Err,
}

/// The provider of variables failed; the variable may or may not exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VariableUnavailable;

/// One argument of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Argument<'a> {
    /// A number, which Redis gets in decimal.
    Number(i64),
    /// Anything else.
    Bytes(&'a [u8]),
}

impl<'a> From<&'a str> for Argument<'a> {
    fn from(text: &'a str) -> Self {
        Self::Bytes(text.as_bytes())
    }
}

/// What is beyond the numbers of Redis is the greatest of them.
impl From<u64> for Argument<'_> {
    fn from(number: u64) -> Self {
        Self::Number(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

/// One element of Redis's reply to a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// A null.
    Nil,
    /// A simple string, such as `OK`.
    Status(String),
    /// An integer.
    Int(i64),
    /// A bulk string.
    Bytes(Vec<u8>),
}

/// Why Redis could not be reached, or would not do as it was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RedisError {
    /// The host does not let this component reach that address.
    NotAllowed,
    /// `EVALSHA` named a script that this Redis does not hold.
    NoScript,
    /// Redis answered with an error; the connection is as good as before. The text is Redis's.
    Refused(String),
    /// Redis answered that it is not the one to ask now, and has carried nothing out: it is a replica,
    /// for example. Whoever is the one may be behind the same address.
    Elsewhere(String),
    /// There is no connection, or no longer. Whether the command was carried out is unknown.
    Broken(String),
}

/// An outbound HTTP request got no answer. The text names the cause, never the URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HttpError {
    /// The request has not left: there was no connection to whom it was for.
    NotReached(String),
    /// It may have been carried out.
    Unanswered(String),
}
