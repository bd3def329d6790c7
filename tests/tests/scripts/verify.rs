//! verify.lua of otp-verify.

use otp_verify::VERIFY;

use crate::driven::Driven;
use crate::otp_model::{Limits, Model, Verified, millis};
use crate::otp_sequences::{CODE, FAILED};

/// Makes a guess, at the script and at the model; the answers must be the same.
pub(crate) fn check(driven: &mut Driven, model: &mut Model, limits: Limits, digest: &str) {
    let expected = model.verify(driven.now(), digest);
    let arguments = [
        digest.to_owned(),
        String::new(),
        limits.failures.to_string(),
        millis(limits.life).to_string(),
    ];
    let mut reply = driven.run(&VERIFY, &[CODE, FAILED], &arguments);
    let status = reply.text();
    assert_eq!(reply.number(), driven.now());
    let guesses = reply.number();
    let _life = reply.number();
    let failures_left = reply.number();
    assert_eq!(status, expected.status);
    let got = Verified {
        status: expected.status,
        guesses,
        failures_left,
    };
    assert_eq!(got, expected);
    driven.assert_expires(CODE);
    driven.assert_expires(FAILED);
}
