//! Every component, natively, on a Redis of its own.

use bytes::Bytes;
use circuit::Circuits;
use health::Health;
use http::request::Parts;
use latch::{App, Component, Response};
use oauth_state::OauthState;
use otp_request::OtpRequest;
use otp_verify::OtpVerify;
use rate_limit::RateLimit;
use redis::{Connection, FromRedisValue};
use tests::Redis;

use crate::watched::{Watched, Written};

/// A bearer token that the service endpoints take.
pub(crate) const TOKEN: &str = "the-service-token-of-this-run";

/// Which component answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Which {
    Request,
    Verify,
    OauthState,
    Circuit,
    RateLimit,
    Health,
}

/// Every component with one set of variables.
pub(crate) struct Apps {
    request: App<Watched, OtpRequest>,
    verify: App<Watched, OtpVerify>,
    oauth_state: App<Watched, OauthState>,
    circuit: App<Watched, Circuits>,
    rate_limit: App<Watched, RateLimit>,
    health: App<Watched, Health>,
}

impl Apps {
    pub(crate) fn new(variables: &[(String, String)], redis: &str, written: &Written) -> Self {
        fn app<C: Component>(
            variables: &[(String, String)],
            redis: &str,
            written: &Written,
        ) -> App<Watched, C> {
            App::new(Watched::new(variables.to_vec(), redis, written))
        }
        Self {
            request: app(variables, redis, written),
            verify: app(variables, redis, written),
            oauth_state: app(variables, redis, written),
            circuit: app(variables, redis, written),
            rate_limit: app(variables, redis, written),
            health: app(variables, redis, written),
        }
    }

    pub(crate) async fn respond(&self, which: Which, head: Parts, body: Vec<u8>) -> Response {
        let body = Bytes::from(body);
        match which {
            Which::Request => self.request.respond(head, body).await,
            Which::Verify => self.verify.respond(head, body).await,
            Which::OauthState => self.oauth_state.respond(head, body).await,
            Which::Circuit => self.circuit.respond(head, body).await,
            Which::RateLimit => self.rate_limit.respond(head, body).await,
            Which::Health => self.health.respond(head, body).await,
        }
    }
}

/// The components, their Redis, and what they have written.
pub(crate) struct World {
    pub(crate) apps: Apps,
    pub(crate) written: Written,
    redis: Redis,
    connection: Connection,
}

impl World {
    pub(crate) async fn start() -> Self {
        let redis = Redis::start().await;
        let written = Written::default();
        Self {
            apps: Apps::new(&variables(&redis.url()), &redis.url(), &written),
            written,
            connection: redis.connect(),
            redis,
        }
    }

    /// The variables that these components have.
    pub(crate) fn variables(&self) -> Vec<(String, String)> {
        variables(&self.redis.url())
    }

    pub(crate) fn redis_url(&self) -> String {
        self.redis.url()
    }

    pub(crate) fn query<T: FromRedisValue>(&mut self, command: &mut redis::Cmd) -> T {
        command.query(&mut self.connection).unwrap()
    }

    /// How many keys there are.
    pub(crate) fn size(&mut self) -> u64 {
        self.query(&mut redis::cmd("DBSIZE"))
    }

    /// How many keys there are of decisions: a client's limit is one of its own, which counts every
    /// request that it lets pass, and a text of nothing is one that is about to be gone.
    pub(crate) fn decided(&mut self) -> u64 {
        let count = "local count = 0
                     for _, key in ipairs(redis.call('KEYS', '*')) do
                       local is_limit = string.find(key, '^%a+:client:') or string.find(key, ':{total}', 1, true)
                       local is_gone = redis.call('TYPE', key).ok == 'string' and redis.call('STRLEN', key) == 0
                       if not is_limit and not is_gone then count = count + 1 end
                     end
                     return count";
        self.query(redis::cmd("EVAL").arg(count).arg(0))
    }

    /// Empties a Redis that has become full.
    pub(crate) fn tidy(&mut self) {
        if self.size() > 1_000 {
            self.assert_every_key_expires();
            let _: () = self.query(&mut redis::cmd("FLUSHDB"));
        }
    }

    pub(crate) fn assert_every_key_expires(&mut self) {
        let eternal = "return #redis.call('KEYS', '*') > 0 and
            (function()
               local found = {}
               for _, key in ipairs(redis.call('KEYS', '*')) do
                 if redis.call('PTTL', key) == -1 then found[#found + 1] = key end
               end
               return found
             end)() or {}";
        let found: Vec<Vec<u8>> = self.query(redis::cmd("EVAL").arg(eternal).arg(0));
        let found: Vec<_> = found
            .iter()
            .map(|key| String::from_utf8_lossy(key))
            .collect();
        assert!(found.is_empty(), "never expire: {found:?}");
    }
}

fn variables(redis_url: &str) -> Vec<(String, String)> {
    [
        ("redis_url", redis_url),
        ("redis_timeout_ms", "20000"),
        ("service_token", TOKEN),
        ("cors_allowed_origins", "https://app.example"),
        ("trusted_proxy_hops", "1"),
        ("otp_secret", "6f1ed002ab5595859014ebf0951522d9a17c"),
        ("otp_length", "6"),
        ("otp_ttl_s", "300"),
        ("otp_max_attempts", "3"),
        ("otp_requests_per_minute", "10"),
        ("otp_requests_per_minute_per_client", "30"),
        ("otp_requests_per_day_per_client", "1000"),
        ("otp_sends_per_hour", "20"),
        ("otp_sends_per_day", "60"),
        ("otp_sends_per_minute", "100"),
        ("otp_resend", "same"),
        ("otp_max_failures_per_day", "100"),
        ("otp_allowed_prefixes", "+7"),
        ("otp_test_numbers", "+79161230009=918273"),
        ("otp_delivery", "log"),
        ("otp_webhook_url", ""),
        ("otp_webhook_secret", ""),
        ("otp_message", ""),
        ("otp_webotp_domain", "app.example"),
        ("token_key", "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"),
        ("token_issuer", "latch"),
        ("token_audience", ""),
        ("token_ttl_s", "900"),
        ("oauth_return_to_origins", "https://app.example"),
        ("oauth_states_per_minute_per_client", "60"),
        ("oauth_states_per_minute", "6000"),
        ("oauth_providers", "{}"),
        (
            "circuit_policies",
            r#"{"gmail":{"minimum_calls":2,"recovery_ms":1000}}"#,
        ),
        (
            "ratelimit_policies",
            r#"{"login":{"capacity":10,"refill":10,"per_s":60}}"#,
        ),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into()
}
