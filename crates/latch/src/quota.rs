//! The `RateLimit-Policy` and `RateLimit` fields of draft-ietf-httpapi-ratelimit-headers-11.
//!
//! The draft still moves, so nothing else in Latch knows how these fields are written.

use std::cmp::Reverse;
use std::time::Duration;

use crate::response::Response;
use http::{HeaderName, HeaderValue};
use sfv::{Integer, KeyRef, ListSerializer, StringRef};

/// What is left of one limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota<'a> {
    /// The policy's name, as `violated-policies` has it too. ASCII.
    pub policy: &'a str,
    /// `q`: how many are allowed in a window.
    pub limit: u64,
    /// `w`: the window, written in whole seconds.
    pub window: Duration,
    /// `r`: how many are left now.
    pub remaining: u64,
    /// `t`: when the next one comes back, written in whole seconds, rounded up.
    pub reset: Duration,
}

/// Rounds up, so that whoever waits that long does not come too early.
pub fn whole_seconds(duration: Duration) -> u64 {
    let seconds = duration.as_secs();
    if duration.subsec_nanos() > 0 {
        seconds.saturating_add(1)
    } else {
        seconds
    }
}

/// Adds `RateLimit-Policy` and `RateLimit` to an answer.
pub fn with_quotas(mut response: Response, quotas: &[Quota<'_>]) -> Response {
    response.headers_mut().extend(fields(quotas));
    response
}

/// Each policy once, in the order in which they are first named: of several quotas of one policy the
/// tightest, which has the least left, or else is the last to get more.
pub(crate) fn tightest<'a>(quotas: &[Quota<'a>]) -> Vec<Quota<'a>> {
    let mut tightest: Vec<Quota<'a>> = Vec::with_capacity(quotas.len());
    for quota in quotas {
        let known = tightest
            .iter_mut()
            .find(|known| known.policy == quota.policy);
        match known {
            None => tightest.push(*quota),
            Some(known) => {
                let tightness = |quota: &Quota<'_>| (quota.remaining, Reverse(quota.reset));
                if tightness(quota) < tightness(known) {
                    *known = *quota;
                }
            }
        }
    }
    tightest
}

/// The two fields, in which each policy is named once; none for no quotas.
pub(crate) fn fields(quotas: &[Quota<'_>]) -> impl Iterator<Item = (HeaderName, HeaderValue)> {
    let quotas = tightest(quotas);
    let policy = list(&quotas, |quota| {
        [("q", quota.limit), ("w", whole_seconds(quota.window))]
    });
    let now = list(&quotas, |quota| {
        [("r", quota.remaining), ("t", whole_seconds(quota.reset))]
    });
    [("ratelimit-policy", policy), ("ratelimit", now)]
        .into_iter()
        .filter_map(|(name, value)| {
            Some((
                HeaderName::from_static(name),
                HeaderValue::try_from(value?).ok()?,
            ))
        })
}

/// `"name";a=1;b=2, ...`, RFC 9651.
fn list(
    quotas: &[Quota<'_>],
    parameters: impl Fn(&Quota<'_>) -> [(&'static str, u64); 2],
) -> Option<String> {
    let mut list = ListSerializer::new();
    for quota in quotas {
        let mut item = list.bare_item(StringRef::from_str(quota.policy).ok()?);
        for (name, value) in parameters(quota) {
            let value = Integer::try_from(value).unwrap_or(Integer::MAX);
            item = item.parameter(KeyRef::from_str(name).ok()?, value);
        }
        let _ = item.finish();
    }
    list.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasm_bindgen_test::wasm_bindgen_test;

    fn quota(policy: &str) -> Quota<'_> {
        Quota {
            policy,
            limit: 10,
            window: Duration::from_secs(60),
            remaining: 3,
            reset: Duration::from_millis(6_001),
        }
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn the_fields_are_lists_of_quoted_strings_with_parameters() {
        let fields: Vec<_> = fields(&[quota("phone"), quota("client")]).collect();
        assert_eq!(fields[0].0, "ratelimit-policy");
        assert_eq!(fields[0].1, r#""phone";q=10;w=60, "client";q=10;w=60"#);
        assert_eq!(fields[1].0, "ratelimit");
        assert_eq!(fields[1].1, r#""phone";r=3;t=7, "client";r=3;t=7"#);
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn each_policy_is_named_once_by_its_tightest_quota() {
        let with = |policy, remaining, seconds| Quota {
            remaining,
            reset: Duration::from_secs(seconds),
            ..quota(policy)
        };
        let quotas = [
            with("phone", 3, 7),
            with("client", 5, 1),
            with("phone", 0, 2),
            with("phone", 0, 9),
            with("phone", 1, 60),
        ];
        let fields: Vec<_> = fields(&quotas).collect();
        assert_eq!(fields[0].1, r#""phone";q=10;w=60, "client";q=10;w=60"#);
        assert_eq!(fields[1].1, r#""phone";r=0;t=9, "client";r=5;t=1"#);
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn no_quota_means_no_field() {
        assert_eq!(fields(&[]).count(), 0);
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn seconds_are_rounded_up() {
        assert_eq!(whole_seconds(Duration::ZERO), 0);
        assert_eq!(whole_seconds(Duration::from_nanos(1)), 1);
        assert_eq!(whole_seconds(Duration::from_secs(2)), 2);
    }
}
