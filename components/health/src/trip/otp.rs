//! A code is reserved, guessed wrong, guessed right, and gone.

use latch::{Context, Platform};
use otp::{Attempt, Outcome, Resend, Rules, Sends, Status};

use super::came_out;
use crate::report::{Found, Outcome as Checked};
use crate::throwaway::{LIFE, Names};

/// Stands for a code: Redis compares digests and knows no code.
const RIGHT: &str = "right";

const RULES: Rules = Rules {
    life: LIFE,
    guesses: 3,
    resend: Resend::Same,
    sends: Sends::new(10, 10, 10),
    failures: otp::failures_a_day(100),
};

pub(crate) async fn otp<P: Platform>(context: &Context<'_, P>, names: &Names) -> Checked {
    let attempt = Attempt {
        nonce: "nonce",
        digest: RIGHT,
        maker: "",
        is_elsewhere: false,
        record: None,
    };
    let reserved = otp::reserve(context, &names.otp, &RULES, &attempt).await?;
    came_out("reserving a code", reserved.status, Status::Send)?;

    for (step, guess, outcome) in [
        ("a wrong guess", "wrong", Outcome::Mismatch),
        ("the right guess", RIGHT, Outcome::Verified),
        ("the right guess again", RIGHT, Outcome::Expired),
    ] {
        let compared = otp::verify(context, &names.otp, guess, &RULES.failures, LIFE).await?;
        came_out(step, compared.outcome, outcome)?;
    }
    Ok(Found::Well(None))
}
