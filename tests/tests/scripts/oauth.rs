//! Random lives of one state: issued, brought back by all kinds of people, tampered with, and
//! waited for.

use oauth_state::{CONSUME, DISCARD, ISSUE};
use proptest::prelude::*;
use tests::Redis;

use crate::driven::{Driven, SECOND};
use crate::oauth_model::{LIFE, Model, Outcome, State};

const KEY: &str = "oauth:state:digest";

#[derive(Clone, Debug)]
enum Step {
    /// A new state under the one name, bound to a browser and an issuer, or not.
    Issue {
        browser: Option<u8>,
        issuer: Option<u8>,
    },
    /// Somebody brings it, with the secrets of these browsers.
    Consume {
        browsers: Vec<u8>,
        issuer: Option<u8>,
    },
    Discard,
    /// Microseconds.
    Pass(u64),
    Delete,
    Persist,
    /// Somebody else writes something under the name, by this command.
    Write(&'static [&'static str]),
}

/// Values of every type, and texts that are nearly states.
const FOREIGN: &[&[&str]] = &[
    &["SET", KEY, ""],
    &["SET", KEY, "something else"],
    &["SET", KEY, "USED"],
    &["SET", KEY, "1700000000 - -", "EX", "600"],
    &["SET", KEY, "-1 - - {}"],
    &["RPUSH", KEY, "a"],
    &["HSET", KEY, "a", "b"],
    &["SADD", KEY, "a"],
    &["ZADD", KEY, "1", "a"],
    &["XADD", KEY, "*", "a", "b"],
];

fn step() -> impl Strategy<Value = Step> {
    let someone = || prop::option::of(0..2_u8);
    let browsers = prop::collection::vec(0..3_u8, 0..4);
    prop_oneof![
        6 => (someone(), someone()).prop_map(|(browser, issuer)| Step::Issue { browser, issuer }),
        9 => (browsers, someone()).prop_map(|(browsers, issuer)| Step::Consume { browsers, issuer }),
        1 => Just(Step::Discard),
        3 => (0..400_u64).prop_map(|seconds| Step::Pass(seconds * SECOND)),
        1 => Just(Step::Delete),
        1 => Just(Step::Persist),
        2 => prop::sample::select(FOREIGN).prop_map(Step::Write),
    ]
}

#[test]
fn states_live_and_die_as_the_model_says() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let redis = runtime.block_on(Redis::start());
    proptest!(|(steps in prop::collection::vec(step(), 1..60))| {
        let mut driven = Driven::new(&redis);
        let mut model = Model::new();
        for (count, step) in steps.into_iter().enumerate() {
            match step {
                Step::Issue { browser, issuer } => {
                    let state = State {
                        binding: browser.map(secret),
                        issuer: issuer.map(digest),
                        payload: format!("{{\"n\": {count},\n \"100%\": \"žr é\"}}"),
                    };
                    issue(&mut driven, &mut model, state);
                }
                Step::Consume { browsers, issuer } => {
                    let secrets: Vec<String> = browsers.into_iter().map(secret).collect();
                    let issuer = issuer.map(digest);
                    consume(&mut driven, &mut model, &secrets, issuer.as_deref());
                }
                Step::Discard => {
                    driven.run(&DISCARD, &[KEY], &[]);
                    model.lose();
                }
                Step::Pass(span) => driven.advance(span),
                Step::Delete => {
                    tamper(&mut driven, &["DEL", KEY]);
                    model.lose();
                }
                Step::Persist => {
                    tamper(&mut driven, &["PERSIST", KEY]);
                    model.persist(driven.now());
                }
                Step::Write(words) => {
                    tamper(&mut driven, &["DEL", KEY]);
                    tamper(&mut driven, words);
                    model.lose();
                }
            }
        }
        for (state, times) in &model.consumed {
            prop_assert_eq!(*times, 1, "{} was consumed {} times", state, times);
        }
    });
}

fn issue(driven: &mut Driven, model: &mut Model, state: State) {
    let arguments = [
        state.binding.clone().unwrap_or("-".to_owned()),
        state.issuer.clone().unwrap_or("-".to_owned()),
        state.payload.clone(),
        millis(),
    ];
    driven.run(&ISSUE, &[KEY], &arguments);
    driven.assert_expires(KEY);
    model.issue(driven.now(), state);
}

/// Consumes, by the script and by the model; the outcomes must be the same.
fn consume(driven: &mut Driven, model: &mut Model, secrets: &[String], issuer: Option<&str>) {
    let expected = model.consume(driven.now(), secrets, issuer);
    let arguments = [
        secrets.join(" "),
        issuer.unwrap_or("-").to_owned(),
        millis(),
    ];
    let mut reply = driven.run(&CONSUME, &[KEY], &arguments);
    let name = reply.text();
    assert_eq!(name, expected.name);
    let got = Outcome {
        name: expected.name,
        created: reply.number(),
        payload: reply.text(),
    };
    assert_eq!(got, expected);
    driven.assert_expires(KEY);
}

fn tamper(driven: &mut Driven, words: &[&str]) {
    let _: redis::Value = driven.query(words);
}

fn secret(browser: u8) -> String {
    format!("secret-of-{browser}")
}

fn digest(issuer: u8) -> String {
    format!("issuer-{issuer}")
}

fn millis() -> String {
    (LIFE / 1_000).to_string()
}
