//! Spin's `spin:redis@3.0.0` values as ours, and back.

use spin_sdk::redis::{Error, RedisParameter, RedisResult};

use crate::platform::{Argument, RedisError, Reply};

/// Arguments as Spin takes them.
pub(super) fn parameters(arguments: &[Argument<'_>]) -> impl Iterator<Item = RedisParameter> {
    arguments.iter().map(|argument| match argument {
        Argument::Number(number) => RedisParameter::Int64(*number),
        Argument::Bytes(bytes) => RedisParameter::Binary(bytes.to_vec()),
    })
}

/// One element of a reply.
pub(super) fn reply(result: RedisResult) -> Reply {
    match result {
        RedisResult::Nil => Reply::Nil,
        RedisResult::Status(text) => Reply::Status(text),
        RedisResult::Int64(number) => Reply::Int(number),
        RedisResult::Binary(bytes) => Reply::Bytes(bytes),
    }
}

/// Tells a refusal by Redis from a broken connection.
///
/// Spin hands on nothing but the text that redis-rs makes of an error.
pub(super) fn error(error: Error) -> RedisError {
    match error {
        Error::InvalidAddress => RedisError::NotAllowed,
        Error::TooManyConnections => RedisError::Broken("too many connections".to_owned()),
        Error::TypeError => RedisError::Refused("a reply of the wrong type".to_owned()),
        Error::Other(text) => crate::platform::redis_error::classify(text),
    }
}
