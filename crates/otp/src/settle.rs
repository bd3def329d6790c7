//! What came of a message: it was handed over, or it was not.

use latch::{Argument, Context, Platform, Script, StoreError};

use crate::limits::{DELIVERY, millis};
use crate::{Answered, Attempt, Names, Reserved, Rules, lua};

/// Makes a code alive whose message was handed over.
pub static COMMIT: Script = Script::new(&[
    Script::KEY,
    lua::RECORD,
    lua::WAITING,
    lua::IDEMPOTENCY,
    include_str!("lua/commit.lua"),
])
.repeatable();
/// Takes back a message that was not handed over.
pub static CANCEL: Script = Script::new(&[
    Script::CLOCK,
    Script::KEY,
    lua::MOMENTS,
    lua::RECORD,
    lua::WAITING,
    lua::IDEMPOTENCY,
    include_str!("lua/cancel.lua"),
])
.repeatable();
/// Forgets a phone's code and its wrong guesses.
pub static FORGET: Script =
    Script::new(&[Script::KEY, include_str!("lua/forget.lua")]).repeatable();

/// The message of `reserved` was handed over, or may have been: its code is alive, and a repetition
/// of its request is answered as `answered` says.
pub async fn commit<P: Platform>(
    context: &Context<'_, P>,
    names: &Names,
    rules: &Rules,
    attempt: &Attempt<'_>,
    reserved: &Reserved,
    answered: Answered,
) -> Result<(), StoreError> {
    let mut keys = vec![names.code.as_str(), &names.waiting];
    keys.extend(attempt.record.map(|record| record.key));
    let arguments: [Argument<'_>; 6] = [
        reserved.nonce.as_str().into(),
        millis(rules.life).into(),
        rules.guesses.into(),
        millis(DELIVERY).into(),
        attempt.nonce.into(),
        answered.as_str().into(),
    ];
    context.run(&COMMIT, &keys, &arguments).await?;
    Ok(())
}

/// The message of `reserved` is known not to have been handed over: it does not count, and its code
/// is gone if no other message carries it.
pub async fn cancel<P: Platform>(
    context: &Context<'_, P>,
    names: &Names,
    rules: &Rules,
    attempt: &Attempt<'_>,
    reserved: &Reserved,
) -> Result<(), StoreError> {
    let mut keys = vec![names.code.as_str(), &names.sent, &names.waiting];
    keys.extend(attempt.record.map(|record| record.key));
    let arguments: [Argument<'_>; 5] = [
        reserved.moment.into(),
        reserved.nonce.as_str().into(),
        millis(rules.life).into(),
        millis(DELIVERY).into(),
        attempt.nonce.into(),
    ];
    context.run(&CANCEL, &keys, &arguments).await?;
    Ok(())
}

/// Forgets a phone's codes under a secret that is rotated out: another has taken their place.
pub async fn forget_code<P: Platform>(
    context: &Context<'_, P>,
    names: &Names,
) -> Result<(), StoreError> {
    let keys = [names.code.as_str(), &names.waiting];
    context.run(&FORGET, &keys, &[]).await?;
    Ok(())
}

/// Forgets a phone's code and its wrong guesses under one of two secrets: the phone has been
/// verified under the other.
pub async fn forget<P: Platform>(
    context: &Context<'_, P>,
    names: &Names,
) -> Result<(), StoreError> {
    let keys = [names.code.as_str(), &names.failed, &names.waiting];
    context.run(&FORGET, &keys, &[]).await?;
    Ok(())
}
