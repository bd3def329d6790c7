//! verify.lua.

use otp::VERIFY;

use crate::driven::Driven;
use crate::otp_model::{DELIVERY, Limits, Model, Verified, millis};
use crate::otp_sequences::{CODE, FAILED, WAITING};
use crate::reserve::life;

/// Makes a guess, at the script and at the model; the answers must be the same.
pub(crate) fn check(
    driven: &mut Driven,
    model: &mut Model,
    limits: Limits,
    digest: &str,
) -> Verified {
    let expected = model.verify(driven.now(), digest);
    let arguments = [
        digest.to_owned(),
        limits.failures.to_string(),
        millis(limits.life).to_string(),
        millis(DELIVERY).to_string(),
    ];
    let mut reply = driven.run(&VERIFY, &[CODE, FAILED, WAITING], &arguments);
    assert_eq!(reply.text(), expected.status);
    assert_eq!(reply.number(), driven.now());
    let got = Verified {
        status: expected.status,
        guesses: reply.number(),
        life: life(reply.number(), expected.life),
        failures: (reply.number(), reply.number()),
    };
    assert_eq!(got, expected);
    for key in [CODE, FAILED, WAITING] {
        driven.assert_expires(key);
    }
    expected
}
