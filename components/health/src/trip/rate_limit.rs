//! A bucket is emptied, refuses, and passes again after a refund.

use latch::{Argument, Context, Platform};

use super::{LIFE_S, came_out};
use crate::report::{Found, Outcome};
use crate::scripts::{BUCKET_REFUND, BUCKET_TAKE};
use crate::throwaway::Names;

const CAPACITY: u64 = 2;

pub(crate) async fn rate_limit<P: Platform>(context: &Context<'_, P>, names: &Names) -> Outcome {
    let key = [names.rate_limit.as_str()];
    // Capacity, refill, per_s and cost: it is full again after LIFE, and the first token is back
    // only after half of it.
    let bucket =
        || -> [Argument<'_>; 4] { [CAPACITY.into(), CAPACITY.into(), LIFE_S.into(), 1.into()] };
    let take = async |step, wanted| {
        let arguments: Vec<_> = ["take".into()].into_iter().chain(bucket()).collect();
        let taken = context.run(&BUCKET_TAKE, &key, &arguments).await?;
        came_out(step, taken.reader().number()?, wanted)
    };
    for step in ["the first token", "the second token"] {
        take(step, 1).await?;
    }
    take("a third token of two", 0).await?;
    let refunded = context.run(&BUCKET_REFUND, &key, &bucket()).await?;
    came_out("a refund", refunded.reader().number()?, 1)?;
    take("the token that was refunded", 1).await?;
    Ok(Found::Well(None))
}
