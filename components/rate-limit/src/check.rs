//! What a call wants of one bucket.

use http::StatusCode;
use latch::{Kind, Problem};

use crate::policy::Policy;

const COST_EXCEEDS_CAPACITY: Kind = Kind::new(
    StatusCode::UNPROCESSABLE_ENTITY,
    "cost-exceeds-capacity",
    "Cost exceeds capacity",
);

const MAX_KEY: usize = 256;

/// `cost` tokens of the bucket that `policy` has for `key`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Check<'a> {
    pub(crate) policy: &'a Policy,
    pub(crate) key: &'a str,
    pub(crate) cost: u64,
}

impl<'a> Check<'a> {
    /// `at` is where in the body the check stands, for problems to name.
    pub(crate) fn new(
        policy: &'a Policy,
        at: &str,
        key: &'a str,
        cost: u64,
    ) -> Result<Self, Problem> {
        let plain = |letter: char| !letter.is_control() && !matches!(letter, '{' | '}');
        if !(1..=MAX_KEY).contains(&key.len()) || !key.chars().all(plain) {
            return Err(Problem::field(
                &format!("{at}key"),
                "must be 1 to 256 bytes without control characters and braces.",
            ));
        }
        if cost == 0 {
            return Err(Problem::field(&format!("{at}cost"), "must be 1 or more."));
        }
        if cost > policy.capacity {
            return Err(COST_EXCEEDS_CAPACITY
                .because(format!(
                    "`{at}cost`: a bucket of `{}` never holds more than {}, so this can never pass.",
                    policy.name, policy.capacity
                ))
                .with("field", format!("{at}cost"))
                .with("limit", policy.capacity));
        }
        Ok(Self { policy, key, cost })
    }

    /// The Redis key. The caller's key is the hash tag, so that the buckets which one call may take
    /// from together live in one slot of a cluster.
    pub(crate) fn name(&self) -> String {
        format!("ratelimit:{}:{{{}}}", self.policy.name, self.key)
    }
}
