//! Random lives of one state: issued, brought back by all kinds of people, tampered with, and
//! waited for, by a clock that also goes back.

use oauth_state::{CONSUME, ISSUE};
use proptest::prelude::*;
use tests::Redis;

use crate::driven::{Driven, MILLI, SECOND};
use crate::oauth_model::{Binding, Brought, LIFE, Model, Outcome, State};

const KEY: &str = "oauth:state:digest";

#[derive(Clone, Debug)]
enum Step {
    /// A new state under the one name.
    Issue {
        binding: Binding,
        issuer: Option<String>,
    },
    /// Somebody brings it.
    Consume(Brought),
    /// Microseconds.
    Pass(u64),
    /// Redis's clock goes back by so many microseconds. What is to expire does so at the same moment
    /// as before, by that clock.
    SetBack(u64),
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
    &["SET", KEY, "1700000000 none - -", "EX", "600"],
    &["SET", KEY, "1700000000 session secret-0 - {}"],
    &["SET", KEY, "1700000000 secret-0 - {}"],
    &["SET", KEY, "-1 none - - {}"],
    &["RPUSH", KEY, "a"],
    &["HSET", KEY, "a", "b"],
    &["SADD", KEY, "a"],
    &["ZADD", KEY, "1", "a"],
    &["XADD", KEY, "*", "a", "b"],
];

/// A few milliseconds, a minute, two days.
const SET_BACK: [u64; 3] = [5 * MILLI, 61 * SECOND, 172_800 * SECOND];

fn secret() -> impl Strategy<Value = String> {
    (0..3_u8).prop_map(|browser| format!("secret-{browser}"))
}

fn issuer() -> impl Strategy<Value = Option<String>> {
    prop::option::of((0..2_u8).prop_map(|issuer| format!("issuer-{issuer}")))
}

fn binding() -> impl Strategy<Value = Binding> {
    prop_oneof![
        2 => secret().prop_map(Binding::Cookie),
        2 => secret().prop_map(Binding::Token),
        1 => Just(Binding::None),
    ]
}

fn brought() -> impl Strategy<Value = Brought> {
    let demanded = prop::option::of(prop::sample::select(vec!["cookie", "token", "none"]));
    let cookies = prop::collection::vec(secret(), 0..4);
    (cookies, prop::option::of(secret()), demanded, issuer()).prop_map(
        |(cookies, token, demanded, issuer)| Brought {
            cookies,
            token,
            demanded,
            issuer,
        },
    )
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (binding(), issuer()).prop_map(|(binding, issuer)| Step::Issue { binding, issuer }),
        9 => brought().prop_map(Step::Consume),
        3 => (0..400_u64).prop_map(|seconds| Step::Pass(seconds * SECOND)),
        2 => prop::sample::select(&SET_BACK[..]).prop_map(Step::SetBack),
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
                Step::Issue { binding, issuer } => {
                    let payload = format!("{{\"n\": {count},\n \"100%\": \"žr é\"}}");
                    let state = State { binding, issuer, payload };
                    issue(&mut driven, &mut model, state);
                }
                Step::Consume(brought) => consume(&mut driven, &mut model, &brought),
                Step::Pass(span) => {
                    driven.advance(span);
                    model.expire(driven.now());
                }
                Step::SetBack(span) => set_back(&mut driven, span),
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

/// The clock goes back by two days: whoever comes then has ten minutes from that moment, and no more.
#[test]
fn a_state_lives_at_most_ten_minutes_from_its_first_touch_after_a_step() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let redis = runtime.block_on(Redis::start());
    let mut driven = Driven::new(&redis);
    let mut model = Model::new();
    let state = State {
        binding: Binding::None,
        issuer: None,
        payload: "{}".to_owned(),
    };
    issue(&mut driven, &mut model, state);
    set_back(&mut driven, 172_800 * SECOND);
    let stranger = Brought {
        cookies: Vec::new(),
        token: None,
        demanded: None,
        issuer: None,
    };

    consume(&mut driven, &mut model, &stranger);

    let left: u64 = driven.query(&["PTTL", KEY]);
    assert!(left <= LIFE / MILLI, "{left} ms");
    driven.advance(601 * SECOND);
    let mut reply = run(&mut driven, &stranger);
    assert_eq!(reply.text(), "expired");
}

fn issue(driven: &mut Driven, model: &mut Model, state: State) {
    let (binding, secret) = state.binding.parts();
    let arguments = [
        binding.to_owned(),
        secret.unwrap_or("-").to_owned(),
        state.issuer.clone().unwrap_or("-".to_owned()),
        state.payload.clone(),
        millis(),
    ];
    driven.run(&ISSUE, &[KEY], &arguments);
    driven.assert_expires(KEY);
    model.issue(driven.now(), state);
}

/// Consumes, by the script and by the model; the outcomes must be the same.
fn consume(driven: &mut Driven, model: &mut Model, brought: &Brought) {
    let expected = model.consume(driven.now(), brought);
    let mut reply = run(driven, brought);
    let name = reply.text();
    assert_eq!(name, expected.name);
    let created = reply.number();
    assert_eq!(reply.text(), expected.binding);
    let got = Outcome {
        name: expected.name,
        created,
        binding: expected.binding,
        payload: reply.text(),
    };
    assert_eq!(got, expected);
    driven.assert_expires(KEY);
}

fn run(driven: &mut Driven, brought: &Brought) -> crate::driven::Replies {
    let arguments = [
        brought.cookies.join(" "),
        brought.token.clone().unwrap_or("-".to_owned()),
        brought.demanded.unwrap_or("-").to_owned(),
        brought.issuer.clone().unwrap_or("-".to_owned()),
        millis(),
    ];
    driven.run(&CONSUME, &[KEY], &arguments)
}

fn set_back(driven: &mut Driven, span: u64) {
    driven.set_back(span);
    let left: i64 = driven.query(&["PTTL", KEY]);
    if left > 0 {
        let left = left.unsigned_abs() + span / MILLI;
        tamper(driven, &["PEXPIRE", KEY, &left.to_string()]);
    }
}

fn tamper(driven: &mut Driven, words: &[&str]) {
    let _: redis::Value = driven.query(words);
}

fn millis() -> String {
    (LIFE / MILLI).to_string()
}
