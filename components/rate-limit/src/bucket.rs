//! The decisions of this component, which Redis takes.

use std::time::Duration;

use latch::{Argument, Context, Platform, Problem, Quota, Replies, Script, StoreError};

use crate::check::Check;
use crate::policy::OnStoreFailure;

/// Takes from one bucket or several, or from none.
pub static TAKE: Script = Script::new(&[
    Script::CLOCK,
    Script::KEY,
    include_str!("bucket.lua"),
    include_str!("take.lua"),
]);
/// Gives back.
pub static REFUND: Script = Script::new(&[
    Script::CLOCK,
    Script::KEY,
    include_str!("bucket.lua"),
    include_str!("refund.lua"),
]);

/// What came of a call.
#[derive(Debug)]
pub(crate) struct Taken<'a> {
    pub(crate) allowed: bool,
    /// Redis was away, and the policies said what to do.
    pub(crate) degraded: bool,
    pub(crate) buckets: Vec<Bucket<'a>>,
}

/// How a bucket stands after a call.
#[derive(Debug)]
pub(crate) struct Bucket<'a> {
    pub(crate) check: Check<'a>,
    /// Whether it held enough.
    pub(crate) enough: bool,
    pub(crate) remaining: u64,
    /// Until it holds enough for this cost.
    pub(crate) retry_after: Duration,
    /// Until it is full.
    pub(crate) reset_after: Duration,
}

impl Bucket<'_> {
    pub(crate) fn quota(&self) -> Quota<'_> {
        Quota {
            policy: &self.check.policy.name,
            limit: self.check.policy.capacity,
            window: self.check.policy.window(),
            remaining: self.remaining,
            reset: if self.enough {
                self.reset_after
            } else {
                self.retry_after
            },
        }
    }
}

/// Takes what the checks cost, from all their buckets or from none; `peek` only looks.
pub(crate) async fn take<'a, P: Platform>(
    context: &Context<'_, P>,
    checks: &[Check<'a>],
    peek: bool,
) -> Result<Taken<'a>, Problem> {
    let names: Vec<_> = checks.iter().map(Check::name).collect();
    let keys: Vec<_> = names.iter().map(String::as_str).collect();
    let mut arguments: Vec<Argument<'_>> = vec![if peek { "peek" } else { "take" }.into()];
    for check in checks {
        arguments.extend(rules(check));
    }
    match context.run(&TAKE, &keys, &arguments).await {
        Ok(returned) => {
            let mut reply = returned.reader();
            Ok(Taken {
                allowed: reply.number()? == 1,
                degraded: false,
                buckets: checks
                    .iter()
                    .map(|check| read(*check, &mut reply))
                    .collect::<Result<_, _>>()?,
            })
        }
        Err(error) => without_store(checks, error),
    }
}

/// Gives back what `check` cost.
pub(crate) async fn refund<'a, P: Platform>(
    context: &Context<'_, P>,
    check: Check<'a>,
) -> Result<Taken<'a>, Problem> {
    let returned = context
        .run(&REFUND, &[&check.name()], &rules(&check))
        .await?;
    let mut reply = returned.reader();
    Ok(Taken {
        allowed: reply.number()? == 1,
        degraded: false,
        buckets: vec![read(check, &mut reply)?],
    })
}

fn rules(check: &Check<'_>) -> [Argument<'static>; 4] {
    [
        check.policy.capacity.into(),
        check.policy.refill.into(),
        check.policy.per_s.into(),
        check.cost.into(),
    ]
}

fn read<'a>(check: Check<'a>, reply: &mut Replies<'_>) -> Result<Bucket<'a>, StoreError> {
    Ok(Bucket {
        check,
        enough: reply.number()? == 1,
        remaining: reply.number()?,
        retry_after: Duration::from_micros(reply.number()?),
        reset_after: Duration::from_micros(reply.number()?),
    })
}

/// While Redis is away everything passes, if every policy that is asked allows that.
fn without_store<'a>(checks: &[Check<'a>], error: StoreError) -> Result<Taken<'a>, Problem> {
    let lenient = matches!(error, StoreError::Unavailable(_))
        && checks
            .iter()
            .all(|check| check.policy.on_store_failure == OnStoreFailure::Allow);
    if !lenient {
        return Err(Problem::from(error)
            .with("allowed", false)
            .with("degraded", true));
    }
    let unknown = |check: &Check<'a>| Bucket {
        check: *check,
        enough: true,
        remaining: 0,
        retry_after: Duration::ZERO,
        reset_after: Duration::ZERO,
    };
    Ok(Taken {
        allowed: true,
        degraded: true,
        buckets: checks.iter().map(unknown).collect(),
    })
}
