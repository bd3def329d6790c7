//! issue.lua, undo.lua and settle.lua of otp-request.

use otp_request::{ISSUE, SETTLE, UNDO};

use crate::driven::Driven;
use crate::otp_model::{DELIVERY, Issued, Limits, Model, millis};
use crate::otp_sequences::{CODE, FAILED, SENT};

/// A send that was allowed, and may yet be taken back.
pub(crate) struct Send {
    pub(crate) nonce: String,
    pub(crate) moment: u64,
    key: Option<u8>,
    /// What was replaced, and its life then (ms).
    former: (String, u64),
}

/// The digest that goes with a nonce.
pub(crate) fn digest(nonce: &str) -> String {
    format!("digest-of-{nonce}")
}

fn record(key: Option<u8>) -> String {
    let key = key.map_or(String::new(), |key| format!("key-{key}"));
    format!("otp:{{id}}:idempotency:{key}")
}

/// Asks for a code, of the script and of the model; the answers must be the same.
pub(crate) fn check(
    driven: &mut Driven,
    model: &mut Model,
    limits: Limits,
    same: bool,
    nonce: &str,
    key: Option<(u8, u8)>,
) -> Option<Send> {
    let (record, fingerprint) = (
        record(key.map(|(key, _)| key)),
        key.map_or(String::new(), |(_, fingerprint)| {
            format!("print-{fingerprint}")
        }),
    );
    let digest = digest(nonce);
    let expected = model.issue(
        driven.now(),
        same,
        nonce,
        &digest,
        key.map(|_| (record.as_str(), fingerprint.as_str())),
    );
    let arguments = [
        limits.sends.to_string(),
        limits.failures.to_string(),
        millis(limits.life).to_string(),
        limits.guesses.to_string(),
        if same { "same" } else { "new" }.to_owned(),
        nonce.to_owned(),
        digest,
        fingerprint,
        millis(DELIVERY).to_string(),
    ];
    let mut reply = driven.run(&ISSUE, &[CODE, SENT, FAILED, &record], &arguments);
    let status = reply.text();
    assert_eq!(reply.number(), driven.now());
    let sends_left = reply.number();
    let _sends_wait = reply.number();
    let failures_left = reply.number();
    let _failures_wait = reply.number();
    let moment = reply.number();
    let life_ms = reply.number();
    let guesses = reply.number();
    let _wait = reply.number();
    let got_nonce = reply.text();
    let _digest = reply.text();
    let former = (reply.text(), reply.number());

    // Real time passes too, a little: a TTL may be shorter than the model's, never longer.
    let slack_ms = 10_000;
    let life = millis(expected.life);
    assert!(
        life_ms <= life && life_ms + slack_ms >= life,
        "{life_ms} ms are left, not {life}"
    );
    let got = Issued {
        status: expected.status,
        sends_left,
        failures_left,
        moment,
        life: expected.life,
        guesses,
        nonce: got_nonce,
    };
    assert_eq!(status, expected.status);
    assert_eq!(got, expected);
    for key in [CODE, SENT, &record] {
        if status == "send" {
            driven.assert_expires(key);
        }
    }
    (status == "send").then(|| Send {
        nonce: expected.nonce,
        moment,
        key: key.map(|(key, _)| key),
        former,
    })
}

/// Takes a send back, while a delivery may still be under way.
pub(crate) fn undo(driven: &mut Driven, model: &mut Model, limits: Limits, send: &Send) {
    let record = record(send.key);
    model.undo(
        driven.now(),
        send.moment,
        &send.nonce,
        send.key.map(|_| record.as_str()),
    );
    let life = millis(limits.life).to_string();
    let (former, former_life) = &send.former;
    let arguments = [
        send.moment.to_string(),
        send.nonce.clone(),
        life,
        former.clone(),
        former_life.to_string(),
    ];
    // Twice, as it is run when the first reply was lost: that is as good as once.
    for _ in 0..2 {
        driven.run(&UNDO, &[CODE, SENT, &record], &arguments);
    }
}

/// Marks the request with an idempotency key as answered.
pub(crate) fn settle(driven: &mut Driven, model: &mut Model, limits: Limits, key: u8) {
    let record = record(Some(key));
    model.settle(driven.now(), &record);
    driven.run(&SETTLE, &[&record], &[millis(limits.life).to_string()]);
    driven.assert_expires(&record);
}
