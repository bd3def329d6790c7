//! The commands, each one round trip.

use redis::{AsyncCommands as _, ErrorKind};
use wasmtime::component::{Accessor, Resource};

use super::{Connection, Redis, error, reply};
use crate::bindings::spin::redis::redis::{
    Error, HostConnectionWithStore, Payload, RedisParameter, RedisResult,
};

impl<T: Send> HostConnectionWithStore<T> for Redis {
    async fn open(
        accessor: &Accessor<T, Self>,
        address: String,
    ) -> Result<Resource<Connection>, Error> {
        Self::open(accessor, address).await
    }

    async fn publish(
        accessor: &Accessor<T, Self>,
        connection: Resource<Connection>,
        channel: String,
        payload: Payload,
    ) -> Result<(), Error> {
        let mut redis = Self::handle(accessor, &connection)?;
        redis
            .publish(channel, payload)
            .await
            .map_err(error::from_redis)
    }

    async fn get(
        accessor: &Accessor<T, Self>,
        connection: Resource<Connection>,
        key: String,
    ) -> Result<Option<Payload>, Error> {
        let mut redis = Self::handle(accessor, &connection)?;
        let value: Option<Payload> = redis.get(key).await.map_err(error::from_redis)?;
        reply::check_size(value.as_ref().map_or(0, Vec::len))?;
        Ok(value)
    }

    async fn set(
        accessor: &Accessor<T, Self>,
        connection: Resource<Connection>,
        key: String,
        value: Payload,
    ) -> Result<(), Error> {
        let mut redis = Self::handle(accessor, &connection)?;
        redis.set(key, value).await.map_err(error::from_redis)
    }

    async fn incr(
        accessor: &Accessor<T, Self>,
        connection: Resource<Connection>,
        key: String,
    ) -> Result<i64, Error> {
        let mut redis = Self::handle(accessor, &connection)?;
        redis.incr(key, 1).await.map_err(error::from_redis)
    }

    async fn del(
        accessor: &Accessor<T, Self>,
        connection: Resource<Connection>,
        keys: Vec<String>,
    ) -> Result<u32, Error> {
        let mut redis = Self::handle(accessor, &connection)?;
        redis.del(keys).await.map_err(error::from_redis)
    }

    async fn sadd(
        accessor: &Accessor<T, Self>,
        connection: Resource<Connection>,
        key: String,
        values: Vec<String>,
    ) -> Result<u32, Error> {
        let mut redis = Self::handle(accessor, &connection)?;
        redis
            .sadd(key, values)
            .await
            .map_err(|failure| match failure.kind() {
                ErrorKind::UnexpectedReturnType => Error::TypeError,
                _ => error::from_redis(failure),
            })
    }

    async fn smembers(
        accessor: &Accessor<T, Self>,
        connection: Resource<Connection>,
        key: String,
    ) -> Result<Vec<String>, Error> {
        let mut redis = Self::handle(accessor, &connection)?;
        redis.smembers(key).await.map_err(error::from_redis)
    }

    async fn srem(
        accessor: &Accessor<T, Self>,
        connection: Resource<Connection>,
        key: String,
        values: Vec<String>,
    ) -> Result<u32, Error> {
        let mut redis = Self::handle(accessor, &connection)?;
        redis.srem(key, values).await.map_err(error::from_redis)
    }

    async fn execute(
        accessor: &Accessor<T, Self>,
        connection: Resource<Connection>,
        command: String,
        arguments: Vec<RedisParameter>,
    ) -> Result<Vec<RedisResult>, Error> {
        let mut redis = Self::handle(accessor, &connection)?;
        let mut command = redis::cmd(&command);
        for argument in arguments {
            match argument {
                RedisParameter::Int64(number) => command.arg(number),
                RedisParameter::Binary(bytes) => command.arg(bytes),
            };
        }
        let value = command
            .query_async(&mut redis)
            .await
            .map_err(error::from_redis)?;
        reply::flatten(value)
    }
}
