//! `spin:redis/redis@3.0.0`, as Spin's `factor-outbound-redis` answers it.
//!
//! A connection belongs to the instance that opened it and is one multiplexed TCP connection:
//! calls on it that overlap are sent at once, in order. It does not come back by itself when it
//! breaks, and neither connecting nor a reply has a time limit: the component sets its own.

mod commands;
mod error;
mod reply;

use std::sync::Arc;

use redis::{AsyncConnectionConfig, Client, aio::MultiplexedConnection};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use wasmtime::component::{Accessor, HasData, Resource, ResourceTable};

use crate::{
    allowed_hosts::AllowedHosts,
    bindings::spin::redis::redis::{Error, Host, HostConnection},
};

/// How many connections one instance may hold.
const CONNECTIONS_PER_INSTANCE: usize = 1024;

/// What all instances of a component share.
#[derive(Clone, Debug)]
pub(crate) struct Access {
    /// The component, for messages.
    pub(crate) component: Arc<str>,
    /// Where it may connect to.
    pub(crate) allowed: Arc<AllowedHosts>,
    /// One permit for each connection of the application, if they are limited.
    pub(crate) permits: Option<Arc<Semaphore>>,
}

/// The connections of one instance.
#[derive(Debug)]
pub(crate) struct Redis {
    access: Access,
    open: ResourceTable,
}

/// A `connection` resource; dropping it closes the connection.
#[derive(Debug)]
#[expect(
    unreachable_pub,
    reason = "the generated bindings re-export it as `pub`"
)]
pub struct Connection {
    inner: MultiplexedConnection,
    _permit: Option<OwnedSemaphorePermit>,
}

// === impl Access ===

impl Access {
    async fn connect(&self, address: &str) -> Result<Connection, Error> {
        if !self.allowed.allow(address, "redis", &self.component) {
            return Err(Error::InvalidAddress);
        }
        let permit = match &self.permits {
            Some(permits) => Some(
                Arc::clone(permits)
                    .acquire_owned()
                    .await
                    .map_err(error::other)?,
            ),
            None => None,
        };
        // The client library has limits of its own by default, 1 s and 500 ms.
        let no_limits = AsyncConnectionConfig::new()
            .set_connection_timeout(None)
            .set_response_timeout(None);
        let inner = Client::open(address)
            .map_err(|_| Error::InvalidAddress)?
            .get_multiplexed_async_connection_with_config(&no_limits)
            .await
            .map_err(error::from_redis)?;
        Ok(Connection {
            inner,
            _permit: permit,
        })
    }
}

// === impl Redis ===

impl Redis {
    /// No connections yet.
    pub(crate) fn new(access: Access) -> Self {
        let mut open = ResourceTable::new();
        open.set_max_capacity(CONNECTIONS_PER_INSTANCE);
        Self { access, open }
    }

    async fn open<T: Send>(
        accessor: &Accessor<T, Self>,
        address: String,
    ) -> Result<Resource<Connection>, Error> {
        let access = accessor.with(|mut host| host.get().access.clone());
        let connection = access.connect(&address).await?;
        accessor.with(|mut host| {
            let pushed = host.get().open.push(connection);
            pushed.map_err(|_| Error::TooManyConnections)
        })
    }

    /// A handle to the connection that does not borrow the instance, so that calls can overlap.
    fn handle<T: Send>(
        accessor: &Accessor<T, Self>,
        connection: &Resource<Connection>,
    ) -> Result<MultiplexedConnection, Error> {
        accessor.with(|mut host| {
            let found = host.get().open.get(connection).map_err(error::other)?;
            Ok(found.inner.clone())
        })
    }
}

impl HasData for Redis {
    type Data<'a> = &'a mut Self;
}

impl Host for Redis {}

impl HostConnection for Redis {
    fn drop(&mut self, connection: Resource<Connection>) -> wasmtime::Result<()> {
        self.open.delete(connection)?;
        Ok(())
    }
}
