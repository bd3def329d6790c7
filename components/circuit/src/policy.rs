//! `circuit_policies`: when a circuit trips, and how it comes back.
//!
//! ```json
//! {
//!   "default": { "minimum_calls": 50 },
//!   "gmail": { "open_ms": 10000, "recovery_ms": 60000, "on_store_failure": "deny" }
//! }
//! ```

use std::collections::HashMap;
use std::ops::RangeInclusive;

use latch::{Misconfigured, Platform, Variables};
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::name::Name;

const VARIABLE: &str = "circuit_policies";

/// When a circuit trips and how it comes back, in resilience4j's words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Policy {
    /// How long a call counts.
    pub(crate) window_s: u64,
    /// Fewer calls than this trip nothing.
    pub(crate) minimum_calls: u64,
    /// Percent of the calls.
    pub(crate) failure_rate_threshold: u64,
    /// A call that takes longer is slow.
    pub(crate) slow_call_duration_ms: u64,
    /// Percent of the calls.
    pub(crate) slow_call_rate_threshold: u64,
    /// How long it is open after its first trip. Doubles at each trip without a recovery between.
    pub(crate) open_ms: u64,
    /// The longest that it is open.
    pub(crate) open_max_ms: u64,
    /// How many probes may be out at once, and how many must succeed.
    pub(crate) half_open_permits: u64,
    /// How long a probe may take before its permit is lent to another.
    pub(crate) permit_lease_ms: u64,
    /// How long the share of calls that may pass grows from a tenth to all; 0 for not at all.
    pub(crate) recovery_ms: u64,
    /// How many must report trouble before it trips.
    pub(crate) minimum_reporters: u64,
    /// What a call is told while Redis is away.
    pub(crate) on_store_failure: OnStoreFailure,
}

/// What a call is told while nobody knows the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum OnStoreFailure {
    /// It may pass.
    Allow,
    /// It may not.
    Deny,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            window_s: 60,
            minimum_calls: 20,
            failure_rate_threshold: 50,
            slow_call_duration_ms: 5_000,
            slow_call_rate_threshold: 100,
            open_ms: 30_000,
            open_max_ms: 300_000,
            half_open_permits: 3,
            permit_lease_ms: 30_000,
            recovery_ms: 0,
            minimum_reporters: 1,
            on_store_failure: OnStoreFailure::Allow,
        }
    }
}

impl Policy {
    /// This policy with the members of `changes` in the place of its own.
    fn with(mut self, changes: &Map<String, Value>) -> Result<Self, String> {
        for (member, value) in changes {
            if member == "on_store_failure" {
                self.on_store_failure = match value.as_str() {
                    Some("allow") => OnStoreFailure::Allow,
                    Some("deny") => OnStoreFailure::Deny,
                    _ => return Err(format!("`{member}` must be `allow` or `deny`")),
                };
                continue;
            }
            let (slot, range) = self
                .number(member)
                .ok_or_else(|| format!("there is no `{member}` in a policy"))?;
            *slot = value
                .as_u64()
                .filter(|number| range.contains(number))
                .ok_or_else(|| {
                    let (least, most) = range.into_inner();
                    format!("`{member}` must be a whole number from {least} to {most}")
                })?;
        }
        if self.open_max_ms < self.open_ms {
            return Err("`open_max_ms` must not be less than `open_ms`".to_owned());
        }
        Ok(self)
    }

    /// A member by its name, and what it may be. value.lua counts on the most permits and reporters.
    fn number(&mut self, member: &str) -> Option<(&mut u64, RangeInclusive<u64>)> {
        const HOUR_MS: u64 = 3_600_000;
        Some(match member {
            "window_s" => (&mut self.window_s, 1..=3_600),
            "minimum_calls" => (&mut self.minimum_calls, 1..=1_000_000),
            "failure_rate_threshold" => (&mut self.failure_rate_threshold, 1..=100),
            "slow_call_duration_ms" => (&mut self.slow_call_duration_ms, 1..=HOUR_MS),
            "slow_call_rate_threshold" => (&mut self.slow_call_rate_threshold, 1..=100),
            "open_ms" => (&mut self.open_ms, 1..=HOUR_MS),
            "open_max_ms" => (&mut self.open_max_ms, 1..=24 * HOUR_MS),
            "half_open_permits" => (&mut self.half_open_permits, 1..=32),
            "permit_lease_ms" => (&mut self.permit_lease_ms, 1..=HOUR_MS),
            "recovery_ms" => (&mut self.recovery_ms, 0..=HOUR_MS),
            "minimum_reporters" => (&mut self.minimum_reporters, 1..=10),
            _ => return None,
        })
    }
}

/// A policy, and the JSON in which scripts and callers see it.
#[derive(Debug)]
pub(crate) struct Written {
    pub(crate) policy: Policy,
    pub(crate) json: Box<RawValue>,
}

impl Written {
    fn new(policy: Policy) -> Result<Self, String> {
        let json = serde_json::value::to_raw_value(&policy).map_err(|error| error.to_string())?;
        Ok(Self { policy, json })
    }
}

/// The policies of all circuits.
#[derive(Debug)]
pub(crate) struct Policies {
    default: Written,
    named: HashMap<String, Written>,
    /// All of them by name, `default` among them.
    pub(crate) json: String,
}

impl Policies {
    pub(crate) async fn configure<P: Platform>(
        variables: &Variables<'_, P>,
    ) -> Result<Self, Misconfigured> {
        let text = variables.text(VARIABLE).await?;
        Self::parse(&text).map_err(|reason| Misconfigured::new(VARIABLE, reason))
    }

    /// What a policy leaves out is as in `default`, and what that leaves out as in
    /// [`Policy::default`].
    fn parse(text: &str) -> Result<Self, String> {
        let mut given: HashMap<String, Map<String, Value>> = serde_json::from_str(text)
            .map_err(|_| "must be a JSON object of policies by name".to_owned())?;
        let within = |name: &str, reason| format!("has a mistake in `{name}`: {reason}");

        let changes = given.remove("default").unwrap_or_default();
        let default = Policy::default()
            .with(&changes)
            .map_err(|reason| within("default", reason))?;
        let mut named = HashMap::new();
        for (name, changes) in given {
            if Name::try_new(&name).is_none() {
                return Err("names a policy as no circuit can be named".to_owned());
            }
            let policy = default.clone().with(&changes);
            let policy = policy.map_err(|reason| within(&name, reason))?;
            named.insert(name, Written::new(policy)?);
        }
        let default = Written::new(default)?;

        let mut all: HashMap<&str, &RawValue> = HashMap::from([("default", &*default.json)]);
        all.extend(named.iter().map(|(name, it)| (name.as_str(), &*it.json)));
        let json = serde_json::to_string(&all).map_err(|error| error.to_string())?;
        Ok(Self {
            default,
            named,
            json,
        })
    }

    /// The policy of one circuit.
    pub(crate) fn of(&self, name: &str) -> &Written {
        self.named.get(name).unwrap_or(&self.default)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasm_bindgen_test::wasm_bindgen_test;

    fn policy(text: &str, name: &str) -> Policy {
        Policies::parse(text).unwrap().of(name).policy.clone()
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn without_policies_every_circuit_has_the_default() {
        assert_eq!(policy("{}", "gmail"), Policy::default());
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn a_policy_goes_over_the_default_and_that_over_the_built_in_one() {
        let text = r#"{"default":{"window_s":10,"open_ms":1000},
                       "gmail":{"open_ms":2000,"on_store_failure":"deny"}}"#;
        let other = Policy {
            window_s: 10,
            open_ms: 1_000,
            ..Policy::default()
        };
        let gmail = Policy {
            open_ms: 2_000,
            on_store_failure: OnStoreFailure::Deny,
            ..other.clone()
        };
        assert_eq!(policy(text, "gmail"), gmail);
        assert_eq!(policy(text, "default"), other);
        assert_eq!(policy(text, "anything"), other);
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn scripts_and_callers_see_every_member() {
        let policies = Policies::parse(r#"{"gmail":{"window_s":7}}"#).unwrap();
        let gmail: Value = serde_json::from_str(policies.of("gmail").json.get()).unwrap();
        assert_eq!(gmail["window_s"], 7);
        assert_eq!(gmail["on_store_failure"], "allow");
        assert_eq!(gmail.as_object().unwrap().len(), 12);
        let all: Value = serde_json::from_str(&policies.json).unwrap();
        assert_eq!(all["gmail"], gmail);
        assert_eq!(all["default"]["window_s"], 60);
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn a_mistake_is_named() {
        for (text, named) in [
            ("", "JSON object"),
            ("[]", "JSON object"),
            (r#"{"gmail":1}"#, "JSON object"),
            (r#"{"g mail":{}}"#, "names a policy"),
            (r#"{"gmail":{"windows":1}}"#, "no `windows`"),
            (r#"{"gmail":{"window_s":0}}"#, "`window_s` must be"),
            (r#"{"gmail":{"window_s":1.5}}"#, "`window_s` must be"),
            (r#"{"gmail":{"half_open_permits":33}}"#, "from 1 to 32"),
            (r#"{"gmail":{"on_store_failure":"maybe"}}"#, "`deny`"),
            (
                r#"{"default":{"open_max_ms":1}}"#,
                "`default`: `open_max_ms`",
            ),
        ] {
            let reason = Policies::parse(text).unwrap_err();
            assert!(reason.contains(named), "{text}: {reason}");
        }
    }
}
