//! A code is issued, guessed wrong, guessed right, and gone.

use latch::{Context, Platform};

use super::{LIFE_MS, came_out};
use crate::report::{Found, Outcome};
use crate::scripts::{OTP_ISSUE, OTP_VERIFY};
use crate::throwaway::Names;

/// Stands for a code: Redis compares digests and knows no code.
const RIGHT: &str = "right";
const FAILURES_A_DAY: u64 = 100;

pub(crate) async fn otp<P: Platform>(context: &Context<'_, P>, names: &Names) -> Outcome {
    let keys = names.otp.each_ref().map(String::as_str);
    let arguments = [
        // Sends in a minute, wrong guesses in a day, life, guesses, what a resend does.
        10.into(),
        FAILURES_A_DAY.into(),
        LIFE_MS.into(),
        3.into(),
        "same".into(),
        // Nonce and digest; no idempotency key; how long a delivery takes.
        "nonce".into(),
        RIGHT.into(),
        "".into(),
        0.into(),
    ];
    let issued = context.run(&OTP_ISSUE, &keys, &arguments).await?;
    came_out("issuing a code", issued.reader().text()?, "send")?;

    let [code, _, failed, _] = keys;
    for (step, guess, outcome) in [
        ("a wrong guess", "wrong", "mismatch"),
        ("the right guess", RIGHT, "verified"),
        ("the right guess again", RIGHT, "expired"),
    ] {
        let arguments = [
            guess.into(),
            "".into(),
            FAILURES_A_DAY.into(),
            LIFE_MS.into(),
        ];
        let compared = context
            .run(&OTP_VERIFY, &[code, failed], &arguments)
            .await?;
        came_out(step, compared.reader().text()?, outcome)?;
    }
    Ok(Found::Well(None))
}
