//! Limits on what strangers may ask for: each client, and all of them together.
//!
//! A limit is a decision of its own, made before anything else is decided, and it counts every
//! request that it lets pass, whatever comes of it. Nothing is ever given back, so that a refusal by
//! one limit is never seen in another.

use std::time::Duration;

use crate::app::Context;
use crate::client::ClientAddress;
use crate::log::Event;
use crate::platform::{Argument, Platform};
use crate::problem::Problem;
use crate::quota::Quota;
use crate::script::Script;

/// Counts a request, if every limit has one left.
pub static COUNT: Script = Script::new(&[
    Script::CLOCK,
    Script::KEY,
    include_str!("counter.lua"),
    include_str!("request_limit.lua"),
]);

/// How many times the limit of one address the network around it has.
const NETWORK: u64 = 10;

/// How many requests may pass in each of one or more periods.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestLimit {
    /// The policy's name in `RateLimit` and `violated-policies`.
    policy: &'static str,
    /// Limit and period; periods are whole milliseconds.
    periods: Vec<(u64, Duration)>,
}

/// What a request counts for: a key in Redis, and how many times the limit it has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    key: String,
    times: u64,
}

/// What came of [`RequestLimit::count`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counted {
    /// Whether the request may go on, and was counted.
    pub allowed: bool,
    /// What is left of the tightest limit.
    pub quota: Quota<'static>,
}

impl Subject {
    /// Everybody together.
    pub fn everybody(key: &str) -> Vec<Self> {
        vec![Self {
            key: key.to_owned(),
            times: 1,
        }]
    }

    /// A client: its address, and for IPv6 also the /48 around it, which has ten times the limit.
    ///
    /// The keys begin with `prefix`, hold addresses as `digest` makes them, and share the hash tag of
    /// the /48, so that in a cluster one script may touch both.
    pub fn client(
        prefix: &str,
        client: &ClientAddress,
        digest: impl Fn(&str) -> String,
    ) -> Vec<Self> {
        let own = digest(&client.to_string());
        let Some(network) = client.network() else {
            return Self::everybody(&format!("{prefix}:{{{own}}}"));
        };
        let network = digest(&network);
        vec![
            Self {
                key: format!("{prefix}:{{{network}}}:{own}"),
                times: 1,
            },
            Self {
                key: format!("{prefix}:{{{network}}}"),
                times: NETWORK,
            },
        ]
    }
}

impl Counted {
    /// What is left, or the refusal: 429 `quota-exceeded`, which shows the quotas `beside` this one
    /// too. That the last one was taken is logged as `event`: once, and not for each request that is
    /// refused afterwards.
    pub fn or_refuse<P: Platform>(
        self,
        context: &Context<'_, P>,
        event: &'static str,
        beside: &[Quota<'static>],
    ) -> Result<Quota<'static>, Problem> {
        if !self.allowed {
            let quotas = [beside, &[self.quota]].concat();
            return Err(Problem::quota_exceeded(&quotas, &[self.quota.policy]));
        }
        if self.quota.remaining == 0 {
            Event::new(event)
                .with("policy", self.quota.policy)
                .log(context.platform());
        }
        Ok(self.quota)
    }
}

impl RequestLimit {
    /// At most as many requests in each period as stands beside it.
    pub fn new(policy: &'static str, periods: impl Into<Vec<(u64, Duration)>>) -> Self {
        Self {
            policy,
            periods: periods.into(),
        }
    }

    /// Counts a request for its subjects, if each of their limits has one left; else for none.
    pub async fn count<P: Platform>(
        &self,
        context: &Context<'_, P>,
        subjects: &[Subject],
    ) -> Result<Counted, Problem> {
        self.ask(context, subjects, "count").await
    }

    /// Says whether a request would be let pass, and counts nothing.
    pub async fn peek<P: Platform>(
        &self,
        context: &Context<'_, P>,
        subjects: &[Subject],
    ) -> Result<Counted, Problem> {
        self.ask(context, subjects, "peek").await
    }

    async fn ask<P: Platform>(
        &self,
        context: &Context<'_, P>,
        subjects: &[Subject],
        how: &'static str,
    ) -> Result<Counted, Problem> {
        let keys: Vec<_> = subjects
            .iter()
            .map(|subject| subject.key.as_str())
            .collect();
        let each = u64::try_from(self.periods.len()).unwrap_or(u64::MAX);
        let mut arguments = vec![Argument::from(how), each.into()];
        for (limit, period) in self.limits(subjects) {
            arguments.push(limit.into());
            arguments.push(millis(period).into());
        }
        let returned = context.run(&COUNT, &keys, &arguments).await?;

        let mut reply = returned.reader();
        let allowed = reply.number()? == 1;
        let mut quotas = Vec::new();
        for (limit, window) in self.limits(subjects) {
            quotas.push(Quota {
                policy: self.policy,
                limit,
                window,
                remaining: reply.number()?,
                reset: Duration::from_millis(reply.number()?),
            });
        }
        // Where several have nothing left, the one that keeps the client waiting for the longest.
        let tightest = quotas
            .into_iter()
            .min_by_key(|quota| (quota.remaining, std::cmp::Reverse(quota.reset)));
        Ok(Counted {
            allowed,
            quota: tightest.unwrap_or(Quota {
                policy: self.policy,
                limit: 0,
                window: Duration::ZERO,
                remaining: 0,
                reset: Duration::ZERO,
            }),
        })
    }

    /// Each subject's limits, in the order of the script's arguments.
    fn limits(&self, subjects: &[Subject]) -> impl Iterator<Item = (u64, Duration)> {
        subjects.iter().flat_map(|subject| {
            self.periods
                .iter()
                .map(|(limit, period)| (limit.saturating_mul(subject.times), *period))
        })
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::{HeaderMap, HeaderName};
    use wasm_bindgen_test::wasm_bindgen_test;

    fn subjects(address: &str) -> Vec<(String, u64)> {
        let mut headers = HeaderMap::new();
        headers.append(
            HeaderName::from_static("spin-client-addr"),
            address.parse().unwrap(),
        );
        let client = ClientAddress::of(&headers, 0);
        Subject::client("limit", &client, |text| format!("<{text}>"))
            .into_iter()
            .map(|subject| (subject.key, subject.times))
            .collect()
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn an_ipv4_client_counts_as_its_address() {
        assert_eq!(
            subjects("192.0.2.1:80"),
            [("limit:{<192.0.2.1>}".to_owned(), 1)]
        );
        assert_eq!(subjects("?"), [("limit:{<unknown>}".to_owned(), 1)]);
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn an_ipv6_client_counts_as_its_64_and_tenfold_as_its_48() {
        assert_eq!(
            subjects("[2001:db8:1:2:3:4:5:6]:80"),
            [
                ("limit:{<2001:db8:1::>}:<2001:db8:1:2::>".to_owned(), 1),
                ("limit:{<2001:db8:1::>}".to_owned(), 10),
            ]
        );
    }
}
