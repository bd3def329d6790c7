//! reserve.lua.

use otp::RESERVE;

use crate::driven::{Driven, MILLI};
use crate::otp_model::{Ask, DELIVERY, Limits, Model, Reserved, millis};
use crate::otp_sequences::{CODE, FAILED, SENT, WAITING};

/// Real time passes too, a little: a TTL may be shorter than the model's by so much (ms).
const SLACK_MS: u64 = 10_000;

/// A message that is to be sent.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    /// Of the code that it carries.
    pub(crate) nonce: String,
    pub(crate) moment: u64,
    pub(crate) ask: Ask,
}

/// The digest that goes with a nonce.
pub(crate) fn digest(nonce: &str) -> String {
    format!("digest-of-{nonce}")
}

/// Asks for a code, of the script and of the model; the answers must be the same.
pub(crate) fn check(
    driven: &mut Driven,
    model: &mut Model,
    limits: Limits,
    ask: &Ask,
) -> Result<Message, Box<Reserved>> {
    let expected = model.reserve(driven.now(), ask);
    let got = run(driven, limits, ask, &expected);
    assert_eq!(got, expected, "{ask:?}");
    if expected.status != "send" {
        // Nothing is written, but for what the clock or somebody else has left to mend.
        let before = values(driven);
        assert_eq!(run(driven, limits, ask, &expected), expected, "again");
        assert_eq!(before, values(driven), "{ask:?} wrote something");
        return Err(Box::new(expected));
    }
    let record = ask.record.iter().map(|(key, _)| key.as_str());
    for key in [CODE, SENT, FAILED, WAITING].into_iter().chain(record) {
        driven.assert_expires(key);
    }
    Ok(Message {
        nonce: expected.nonce,
        moment: expected.moment,
        ask: ask.clone(),
    })
}

fn run(driven: &mut Driven, limits: Limits, ask: &Ask, expected: &Reserved) -> Reserved {
    let [minute, hour, day] = limits.sends;
    let mut keys = vec![CODE, SENT, FAILED, WAITING];
    let mut arguments = vec![
        minute.to_string(),
        hour.to_string(),
        day.to_string(),
        limits.failures.to_string(),
        millis(limits.life).to_string(),
        limits.guesses.to_string(),
        if ask.new { "new" } else { "same" }.to_owned(),
        ask.attempt.clone(),
        ask.digest.clone(),
        ask.maker.clone(),
        millis(DELIVERY).to_string(),
        u64::from(ask.elsewhere).to_string(),
    ];
    if let Some((key, fingerprint)) = &ask.record {
        keys.push(key);
        arguments.push(fingerprint.clone());
    }
    let mut reply = driven.run(&RESERVE, &keys, &arguments);
    let status = reply.text();
    assert_eq!(status, expected.status, "{ask:?}");
    assert_eq!(reply.number(), driven.now());
    let quotas = [(); 4].map(|()| (reply.number(), reply.number()));
    let (nonce, digest) = (reply.text(), reply.text());
    let life = life(reply.number(), expected.life);
    let mut got = Reserved {
        status: expected.status,
        quotas,
        nonce,
        digest,
        life,
        guesses: reply.number(),
        wait: reply.number(),
        moment: reply.number(),
        waits: reply.number() == 1,
        answer: expected.answer,
    };
    let answer = reply.text();
    if answer != expected.answer {
        got.answer = "another";
    }
    got
}

/// A life in milliseconds as it should be, in microseconds, if it is.
pub(crate) fn life(got_ms: u64, expected: u64) -> u64 {
    let expected_ms = expected.div_ceil(MILLI);
    assert!(
        got_ms <= expected_ms && got_ms + SLACK_MS >= expected_ms && (got_ms > 0) == (expected > 0),
        "{got_ms} ms are left, not {expected_ms}"
    );
    expected
}

/// Each key of the phone with its value, as Redis dumps it. What is empty has ended, and is about to go.
pub(crate) fn values(driven: &mut Driven) -> Vec<(String, Vec<u8>)> {
    let dump = "local all = {}
                for _, key in ipairs(redis.call('KEYS', 'otp:*')) do
                  if redis.call('TYPE', key).ok ~= 'string' or redis.call('STRLEN', key) > 0 then
                    all[#all + 1] = { key, redis.call('DUMP', key) }
                  end
                end
                return all";
    let mut values: Vec<(String, Vec<u8>)> = driven.query(&["EVAL", dump, "0"]);
    values.sort();
    values
}
