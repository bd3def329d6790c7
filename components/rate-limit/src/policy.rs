//! Policies, from the variable `ratelimit_policies`.

use std::collections::BTreeMap;
use std::time::Duration;

use http::StatusCode;
use latch::{Kind, Misconfigured, Platform, Problem, Variables};
use serde::Deserialize;

const UNKNOWN_POLICY: Kind = Kind::new(StatusCode::NOT_FOUND, "unknown-policy", "Unknown policy");

/// What keeps every amount of a bucket below 2^53 (bucket.lua): the most that `capacity * per_s`
/// may come to.
const MOST_PARTS: u64 = 9_000_000_000;

/// A token bucket's rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Policy {
    pub(crate) name: String,
    /// Tokens in a full bucket.
    pub(crate) capacity: u64,
    /// Tokens that come back every `per_s` seconds.
    pub(crate) refill: u64,
    pub(crate) per_s: u64,
    pub(crate) on_store_failure: OnStoreFailure,
}

/// What is answered while Redis is away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum OnStoreFailure {
    /// Everything passes, with `"degraded":true`.
    Allow,
    /// Nothing passes: 503.
    #[default]
    Deny,
}

/// The policies of one app.
pub(crate) struct Policies(BTreeMap<String, Policy>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Given {
    capacity: u64,
    refill: u64,
    per_s: u64,
    #[serde(default)]
    on_store_failure: OnStoreFailure,
}

impl Policy {
    /// How long an empty bucket takes to be full.
    pub(crate) fn window(&self) -> Duration {
        let seconds = self.capacity.saturating_mul(self.per_s);
        Duration::from_secs(seconds.div_ceil(self.refill.max(1)))
    }

    fn is_valid(&self) -> bool {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        (1..=64).contains(&self.name.len())
            && self.name.bytes().all(plain)
            && (1..=1_000_000_000).contains(&self.capacity)
            && (1..=1_000_000_000).contains(&self.refill)
            && (1..=31_536_000).contains(&self.per_s)
            && self.capacity.saturating_mul(self.per_s) <= MOST_PARTS
    }
}

impl Policies {
    pub(crate) async fn configure<P: Platform>(
        variables: &Variables<'_, P>,
    ) -> Result<Self, Misconfigured> {
        let text = variables.text("ratelimit_policies").await?;
        Self::parse(&text).map_err(|reason| Misconfigured::new("ratelimit_policies", reason))
    }

    fn parse(text: &str) -> Result<Self, String> {
        let given: BTreeMap<String, Given> = latch::parse_json(text)
            .map_err(|reason| format!("must be a JSON object of policies by name: {reason}"))?;
        let mut policies = BTreeMap::new();
        for (name, given) in given {
            let policy = Policy {
                name: name.clone(),
                capacity: given.capacity,
                refill: given.refill,
                per_s: given.per_s,
                on_store_failure: given.on_store_failure,
            };
            if !policy.is_valid() {
                return Err(format!(
                    "has a policy `{name}` that is out of range: its name must be 1 to 64 letters, \
                     digits, dots, dashes and underscores, capacity and refill 1 to 1000000000, \
                     per_s 1 to 31536000, and capacity * per_s at most {MOST_PARTS}"
                ));
            }
            policies.insert(name, policy);
        }
        Ok(Self(policies))
    }

    /// The policy of that name, or 404.
    pub(crate) fn find(&self, name: &str) -> Result<&Policy, Problem> {
        self.0.get(name).ok_or_else(|| {
            UNKNOWN_POLICY.because("The variable `ratelimit_policies` has no policy of that name.")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasm_bindgen_test::wasm_bindgen_test;

    #[wasm_bindgen_test(unsupported = test)]
    fn a_policy_is_found_by_its_name() {
        let text = r#"{"login":{"capacity":10,"refill":5,"per_s":60,"on_store_failure":"allow"},
                       "api":{"capacity":100,"refill":100,"per_s":1}}"#;
        let policies = Policies::parse(text).unwrap();
        let login = policies.find("login").unwrap();
        assert_eq!(login.on_store_failure, OnStoreFailure::Allow);
        assert_eq!(login.window(), Duration::from_secs(120));
        let api = policies.find("api").unwrap();
        assert_eq!(api.on_store_failure, OnStoreFailure::Deny);
        assert_eq!(policies.find("other").unwrap_err().kind(), UNKNOWN_POLICY);
        assert!(Policies::parse("{}").is_ok());
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn what_cannot_be_a_policy_is_refused() {
        for text in [
            "",
            "[]",
            r#"{"a":[10,10,60,"allow"]}"#,
            r#"{"a":{"capacity":10,"refill":10}}"#,
            r#"{"a":{"capacity":0,"refill":10,"per_s":60}}"#,
            r#"{"a":{"capacity":10,"refill":0,"per_s":60}}"#,
            r#"{"a":{"capacity":10,"refill":10,"per_s":0}}"#,
            r#"{"a":{"capacity":10,"refill":10,"per_s":60,"burst":3}}"#,
            r#"{"a":{"capacity":10,"refill":10,"per_s":60,"on_store_failure":"maybe"}}"#,
            r#"{"a":{"capacity":1000000000,"refill":10,"per_s":10}}"#,
            r#"{"a b":{"capacity":10,"refill":10,"per_s":60}}"#,
            r#"{"":{"capacity":10,"refill":10,"per_s":60}}"#,
        ] {
            assert!(Policies::parse(text).is_err(), "{text}");
        }
    }
}
