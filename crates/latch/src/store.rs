//! Redis: one connection for an instance, and a bound on every wait for it.

use std::net::Ipv6Addr;
use std::time::Duration;

use http::Uri;
use percent_encoding::percent_decode_str;

use crate::connection::Connection;
use crate::exchange::Exchange;
use crate::platform::{Argument, Platform, RedisError};
use crate::problem::{Kind, Problem};
use crate::script::{Repeat, Returned, Script};
use crate::timer::Timer;

/// Where Redis is, and how long a command may take.
pub(crate) struct Store<P: Platform> {
    address: Result<String, StoreError>,
    budget: Duration,
    connection: Connection<P>,
}

/// Why a script has not been run, or why it is not known whether it has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreError {
    /// Neither the variable nor the environment says where Redis is.
    Unconfigured,
    /// The address is not one of a Redis.
    BadAddress,
    /// Redis was not reached in time, or refused. The text is for the operator's log.
    Unavailable(String),
}

impl<P: Platform> Store<P> {
    pub(crate) fn new(url: &str, budget: Duration) -> Self {
        Self {
            address: check(url),
            budget,
            connection: Connection::new(),
        }
    }

    /// How long one exchange may take.
    pub(crate) fn budget(&self) -> Duration {
        self.budget
    }

    /// Runs a script: one round trip, or two where this Redis does not know it yet.
    pub(crate) async fn run(
        &self,
        timer: &Timer<'_, P>,
        script: &Script,
        keys: &[&str],
        arguments: &[Argument<'_>],
    ) -> Result<Returned, StoreError> {
        let count = u64::try_from(keys.len()).unwrap_or(u64::MAX);
        let arguments_with = |script| {
            let keys = keys.iter().map(|key| Argument::from(*key));
            [Argument::from(script), count.into()]
                .into_iter()
                .chain(keys)
                .chain(arguments.iter().copied())
                .collect::<Vec<_>>()
        };
        let by_name = arguments_with(script.sha1());

        let repeat = script.repeat();
        let done = self
            .bounded(timer, async |exchange| {
                match exchange.execute("EVALSHA", &by_name, repeat).await {
                    Err(RedisError::NoScript) => {
                        exchange
                            .execute("EVAL", &arguments_with(script.text()), repeat)
                            .await
                    }
                    done => done,
                }
            })
            .await;
        done.map(Returned::new)
    }

    /// Sends one command that is not a script: one round trip. Its answer lost, it is sent again:
    /// for commands of which two are as good as one.
    pub(crate) async fn command(
        &self,
        timer: &Timer<'_, P>,
        name: &str,
        arguments: &[Argument<'_>],
    ) -> Result<Returned, StoreError> {
        let done = self
            .bounded(timer, async |exchange| {
                exchange.execute(name, arguments, Repeat::Harmless).await
            })
            .await;
        done.map(Returned::new)
    }

    /// Opens a new connection in the place of the one that is kept.
    pub(crate) async fn reconnect(&self, timer: &Timer<'_, P>) -> Result<(), StoreError> {
        self.connection.close();
        self.bounded(timer, async |exchange| {
            exchange.connection().await.map(drop)
        })
        .await
    }

    /// Where Redis is, without what opens it: `redis://***@host:port/database`.
    pub(crate) fn address(&self) -> Result<String, StoreError> {
        self.address
            .as_deref()
            .map(without_credentials)
            .map_err(Clone::clone)
    }

    /// Does `work` within the budget.
    async fn bounded<T>(
        &self,
        timer: &Timer<'_, P>,
        work: impl AsyncFnOnce(&Exchange<'_, P>) -> Result<T, RedisError>,
    ) -> Result<T, StoreError> {
        let address = self.address.as_ref().map_err(Clone::clone)?;
        let exchange = Exchange::new(&self.connection, timer.platform(), address);
        match timer.within(self.budget, work(&exchange)).await {
            Some(done) => Ok(done?),
            None => {
                exchange.give_up();
                let waited = self.budget.as_millis();
                Err(StoreError::Unavailable(format!(
                    "no answer within {waited} ms"
                )))
            }
        }
    }
}

/// `redis://` or `rediss://`, a host, and at most a database number after it.
///
/// Checked here because a host may log an address that it cannot parse, with its password.
fn check(url: &str) -> Result<String, StoreError> {
    if url.is_empty() {
        return Err(StoreError::Unconfigured);
    }
    let uri: Uri = url.parse().map_err(|_| StoreError::BadAddress)?;
    let scheme = matches!(uri.scheme_str(), Some("redis" | "rediss"));
    let host = uri.authority().is_some_and(|authority| {
        let (credentials, address) = authority
            .as_str()
            .rsplit_once('@')
            .unwrap_or(("", authority.as_str()));
        let port = address
            .strip_prefix(authority.host())
            .and_then(|port| port.strip_prefix(':').or(port.is_empty().then_some("0")));
        let is_text = percent_decode_str(credentials).decode_utf8().is_ok();
        is_text && is_host(authority.host()) && port.is_some_and(is_port)
    });
    let database = uri.path().strip_prefix('/').unwrap_or_default();
    let numbered = database.bytes().all(|byte| byte.is_ascii_digit()) && database.len() <= 9;
    // The one parameter that clients look at, and fail on.
    let protocol = uri.query().unwrap_or_default().split('&').all(|pair| {
        pair.strip_prefix("protocol=")
            .is_none_or(|version| matches!(version, "2" | "3" | "resp2" | "resp3"))
    });
    if scheme && host && numbered && protocol {
        Ok(url.to_owned())
    } else {
        Err(StoreError::BadAddress)
    }
}

/// Digits alone: a sign before them would be a number to us and none to hosts.
fn is_port(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<u16>().is_ok()
}

/// A name, or an address: one of IPv6 stands in brackets, and they hold nothing else. Nobody is at an
/// unspecified one, and hosts take it for a mistake.
fn is_host(host: &str) -> bool {
    match host.strip_prefix('[') {
        Some(rest) => rest
            .strip_suffix(']')
            .and_then(|address| address.parse::<Ipv6Addr>().ok())
            .is_some_and(|address| !address.is_unspecified()),
        None => {
            let named = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
            !host.is_empty() && host != "0.0.0.0" && host.bytes().all(named)
        }
    }
}

/// An address that [`check`] has let pass, without user name, password and query.
fn without_credentials(url: &str) -> String {
    let bare = url.split('?').next().unwrap_or_default();
    match (bare.split_once("://"), bare.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, address))) => format!("{scheme}://***@{address}"),
        _ => bare.to_owned(),
    }
}

impl From<RedisError> for StoreError {
    fn from(error: RedisError) -> Self {
        Self::Unavailable(match error {
            RedisError::NotAllowed => {
                "the host does not allow this address: see `redis_allowed_host`".to_owned()
            }
            RedisError::NoScript => "Redis forgot a script as soon as it had it".to_owned(),
            RedisError::Refused(reason)
            | RedisError::Elsewhere(reason)
            | RedisError::Broken(reason) => reason,
        })
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unconfigured => Kind::STORE_UNCONFIGURED.because(
                "Nobody said where Redis is: set the variable `redis_url`, or REDIS_URL in the \
                 environment, to `redis://host:port`.",
            ),
            StoreError::BadAddress => Kind::MISCONFIGURED
                .because(
                    "The variable `redis_url` (or REDIS_URL) must be \
                     `redis://user:password@host:port/database`, or `rediss://`, with anything \
                     unusual in the password percent-encoded.",
                )
                .with("variable", "redis_url"),
            StoreError::Unavailable(_) => Kind::STORE_UNAVAILABLE
                .because(
                    "The store did not answer. It may have counted this all the same; try again.",
                )
                .retry_after(Duration::from_secs(1)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasm_bindgen_test::wasm_bindgen_test;

    #[wasm_bindgen_test(unsupported = test)]
    fn an_address_of_a_redis_is_taken() {
        for url in [
            "redis://127.0.0.1:6379",
            "redis://127.0.0.1:6379/",
            "redis://127.0.0.1:6379/15",
            "redis://default:p%40ss@redis.example:6380/0",
            "redis://:secret@[::1]:6379",
            "rediss://redis.example:6380",
            "redis://redis.example:6379?family=0&protocol=resp3",
        ] {
            assert_eq!(check(url), Ok(url.to_owned()));
        }
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn an_address_is_shown_without_what_opens_it() {
        for (url, shown) in [
            ("redis://127.0.0.1:6379/1", "redis://127.0.0.1:6379/1"),
            (
                "rediss://user:p%40ss@redis.example:6380/0",
                "rediss://***@redis.example:6380/0",
            ),
            ("redis://:p@ss@127.0.0.1:6379", "redis://***@127.0.0.1:6379"),
            ("redis://user@[::1]:6379", "redis://***@[::1]:6379"),
            ("redis://127.0.0.1:6379?x=secret", "redis://127.0.0.1:6379"),
        ] {
            assert_eq!(without_credentials(url), shown);
        }
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn anything_else_is_not_handed_to_the_host() {
        assert_eq!(check(""), Err(StoreError::Unconfigured));
        for url in [
            "127.0.0.1:6379",
            "http://127.0.0.1:6379",
            "redis://",
            "redis:///0",
            "redis://127.0.0.1:port",
            "redis://127.0.0.1:+6379",
            "redis://127.0.0.1:6379/zero",
            "redis://127.0.0.1:6379/0/1",
            "redis://user:p ss@127.0.0.1",
            "redis://user:p/ss@127.0.0.1",
            "redis://user:pass@127.0.0.1?protocol=resp9",
            "redis://user:pass@[:r1]:1",
            "redis://user:pass@[::1]x:1",
            "redis://user:pass@C[::1]:6379",
            "redis://127.0.0.1:",
            "redis://user:%ff@127.0.0.1:6379",
            "redis://user:pass@[::]:6379",
            "redis://user:pass@0.0.0.0:6379",
        ] {
            assert_eq!(check(url), Err(StoreError::BadAddress), "{url}");
        }
    }
}
