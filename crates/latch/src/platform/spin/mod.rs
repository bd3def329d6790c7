//! Spin 4.1 and later: WASI 0.3, through spin-sdk 7.
//!
//! One component instance serves many requests, interleaved wherever they await. What it keeps
//! lives in the static that [`component!`](crate::component) makes.

mod convert;
mod entry;
mod redis;

use std::io::Write as _;
use std::time::Duration;

use bytes::Bytes;
use spin_sdk::wasip3;

use super::{Argument, HttpError, Platform, RedisError, Reply, Stream, VariableUnavailable};

#[doc(hidden)]
pub use entry::serve;
#[doc(hidden)]
pub use spin_sdk::wasip3 as bindings;

/// The platform of a component that runs on Spin.
#[derive(Clone, Copy, Debug)]
pub struct Spin;

impl Platform for Spin {
    type Redis = spin_sdk::redis::Connection;

    async fn variable(&self, name: &str) -> Result<Option<String>, VariableUnavailable> {
        use spin_sdk::variables::{Error, get};
        match get(name).await {
            Ok(value) => Ok(Some(value)),
            Err(Error::Undefined(_)) => Ok(None),
            Err(_) => Err(VariableUnavailable),
        }
    }

    fn environment(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }

    async fn connect(&self, url: &str) -> Result<Self::Redis, RedisError> {
        spin_sdk::redis::Connection::open(url)
            .await
            .map_err(redis::error)
    }

    async fn execute(
        &self,
        redis: &Self::Redis,
        command: &str,
        arguments: &[Argument<'_>],
    ) -> Result<Vec<Reply>, RedisError> {
        let replies = redis
            .execute(command, redis::parameters(arguments))
            .await
            .map_err(redis::error)?;
        Ok(replies.into_iter().map(redis::reply).collect())
    }

    async fn send(&self, request: http::Request<Bytes>) -> Result<http::StatusCode, HttpError> {
        let request = convert::outgoing_request(request)?;
        let response = wasip3::http::client::send(request)
            .await
            .map_err(|code| convert::unanswered(&code))?;
        http::StatusCode::from_u16(response.get_status_code())
            .map_err(|_| HttpError::Unanswered("an answer with an impossible status".to_owned()))
    }

    fn now(&self) -> Duration {
        Duration::from_nanos(wasip3::clocks::monotonic_clock::now())
    }

    async fn sleep(&self, duration: Duration) {
        spin_sdk::time::sleep(duration).await;
    }

    fn fill_random(&self, buffer: &mut [u8]) {
        let wanted = u64::try_from(buffer.len()).unwrap_or(u64::MAX);
        let bytes = wasip3::random::random::get_random_bytes(wanted);
        for (to, from) in buffer.iter_mut().zip(bytes) {
            *to = from;
        }
    }

    fn write_line(&self, stream: Stream, line: &str) {
        // `println!` panics where a stream is closed; a lost line is better than a lost instance.
        let _ = match stream {
            Stream::Out => writeln!(std::io::stdout(), "{line}"),
            Stream::Err => writeln!(std::io::stderr(), "{line}"),
        };
    }
}
