//! Redis has carried a script out and its reply is lost: what the caller sees, and why that is
//! safe.

use std::time::Duration;

use serde_json::{Value, json};
use tests::{Reply, Webhook, phone, wrong};
use tokio::time::sleep;

use crate::world::{World, vars};

const UNAVAILABLE: (u16, &str) = (503, "store-unavailable");

/// Fails unless exactly one reply was lost: the one that the test is about.
fn assert_lost(world: &World, times: usize) {
    assert_eq!(world.proxy.lost(), times, "replies were lost");
}

#[tokio::test]
async fn a_right_guess_whose_answer_was_lost_is_a_503_and_the_code_is_used() {
    let world = World::start().await;
    let phone = phone();
    let code = world.app.sent_code(&phone).await;
    world.lose(1, &otp::VERIFY);

    let answer = world.app.verify(&phone, &code).await;

    assert_lost(&world, 1);
    answer.problem(UNAVAILABLE.0, UNAVAILABLE.1);
    let again = world.app.verify(&phone, &code).await;
    again.problem(410, "otp-expired");
    // And the way out: another code.
    let code = world.app.sent_code(&phone).await;
    world.app.verify(&phone, &code).await.ok();
}

#[tokio::test]
async fn a_wrong_guess_whose_answer_was_lost_costs_one_guess() {
    let world = World::start().await;
    let phone = phone();
    let code = world.app.sent_code(&phone).await;
    world.lose(1, &otp::VERIFY);

    let answer = world.app.verify(&phone, &wrong(&code, 0)).await;

    assert_lost(&world, 1);
    answer.problem(UNAVAILABLE.0, UNAVAILABLE.1);
    let next = world.app.verify(&phone, &wrong(&code, 1)).await;
    let next = next.problem(400, "otp-mismatch");
    assert_eq!(next["attempts_remaining"], 1, "two of three guesses made");
}

#[tokio::test]
async fn a_consume_whose_answer_was_lost_is_no_replay_and_is_not_consumed_again() {
    let world = World::start().await;
    let state = world.issue().await.json()["state"]
        .as_str()
        .unwrap()
        .to_owned();
    world.lose(1, &oauth_state::CONSUME);

    let answer = world.consume(&state).await;

    assert_lost(&world, 1);
    answer.problem(UNAVAILABLE.0, UNAVAILABLE.1);
    world.consume(&state).await.problem(409, "state-replayed");
}

/// Nobody knows the state yet, so storing it twice is storing it once.
#[tokio::test]
async fn a_state_whose_answer_was_lost_is_good_for_one_consume() {
    let world = World::start().await;
    world.lose(1, &oauth_state::ISSUE);

    let issued = world.issue().await;

    assert_lost(&world, 1);
    assert_eq!(issued.status, 201, "{issued:?}");
    let issued = issued.json();
    let state = issued["state"].as_str().unwrap();
    world.consume(state).await.ok();
    world.consume(state).await.problem(409, "state-replayed");
}

/// Whether a limit has counted the request is not known, so it is not asked again: at most one of the
/// limit is gone, and no flow has begun.
#[tokio::test]
async fn a_flow_whose_limit_was_lost_is_a_503_and_counts_once() {
    for (limit, total) in [("oauth:client:", 0), ("oauth:{total}", 1)] {
        let vars = vars()
            .with("oauth_states_per_minute_per_client", 10)
            .with("oauth_states_per_minute", 10);
        let world = World::with(&vars).await;
        assert_eq!(world.issue().await.status, 201);
        world.proxy.lose(1, limit, tests::Cut::BeforeReply);

        let answer = world.issue().await;

        assert_lost(&world, 1);
        answer.problem(UNAVAILABLE.0, UNAVAILABLE.1);
        assert_eq!(world.redis.keys("oauth:state:*").len(), 1);
        let next = world.issue().await;
        let left = next.header("ratelimit").unwrap();
        assert!(left.starts_with("\"client\";r=7;"), "{limit}: {left}");
        let total = format!("\"total\";r={};", 8 - total);
        assert!(left.contains(&total), "{limit}: {left}");
    }
}

#[tokio::test]
async fn a_take_whose_answer_was_lost_is_a_503_and_counts_once() {
    let world = World::start().await;
    let key = phone();
    world.lose(1, &rate_limit::TAKE);

    let answer = world.take("login", &key).await;

    assert_lost(&world, 1);
    answer.problem(UNAVAILABLE.0, UNAVAILABLE.1);
    assert_eq!(world.remaining("login", &key).await, 9);
}

#[tokio::test]
async fn the_last_token_is_not_refused_to_the_one_who_took_it() {
    let world = World::start().await;
    let key = phone();
    for _ in 0..9 {
        world.take("login", &key).await.ok();
    }
    world.lose(1, &rate_limit::TAKE);

    let answer = world.take("login", &key).await;

    assert_lost(&world, 1);
    answer.problem(UNAVAILABLE.0, UNAVAILABLE.1);
    let next = world.take("login", &key).await;
    next.problem(429, "quota-exceeded");
}

#[tokio::test]
async fn a_refund_whose_answer_was_lost_gives_back_once() {
    let world = World::start().await;
    let key = phone();
    for _ in 0..5 {
        world.take("login", &key).await.ok();
    }
    world.lose(1, &rate_limit::REFUND);

    let answer = world.refund("login", &key).await;

    assert_lost(&world, 1);
    answer.problem(UNAVAILABLE.0, UNAVAILABLE.1);
    assert_eq!(world.remaining("login", &key).await, 6);
}

#[tokio::test]
async fn a_report_whose_answer_was_lost_counts_once_and_trips_nothing_by_itself() {
    let world = World::start().await;
    let failures = json!({ "successes": 0, "failures": 3, "slow": 0 });
    world.lose(1, &circuit::REPORT);

    let answer = world.report("once", &failures).await;

    assert_lost(&world, 1);
    answer.problem(UNAVAILABLE.0, UNAVAILABLE.1);
    let status = world.status("once").await.ok();
    assert_eq!(status["window"]["failures"], 3, "{status}");
    assert_eq!(status["state"], "closed", "{status}");
}

#[tokio::test]
async fn an_acquire_whose_answer_was_lost_is_degraded_and_its_permit_comes_back() {
    let world = World::start().await;
    let failures = json!({ "successes": 0, "failures": 5, "slow": 0 });
    assert_eq!(world.report("lease", &failures).await.ok()["state"], "open");
    sleep(Duration::from_millis(300)).await;
    world.lose(1, &circuit::ACQUIRE);

    let answer = world.acquire("lease").await.ok();

    assert_lost(&world, 1);
    assert_eq!(answer["degraded"], true, "{answer}");
    assert_eq!(answer["permit"], Value::Null, "{answer}");
    let status = world.status("lease").await.ok();
    assert_eq!(
        status["half_open"]["in_flight"], 1,
        "one was lent: {status}"
    );
    // The lease of the lost one ends, and both places are free again.
    sleep(Duration::from_millis(1100)).await;
    for _ in 0..2 {
        let lent = world.acquire("lease").await.ok();
        let success = json!({ "outcome": "success", "permit": lent["permit"] });
        world.report("lease", &success).await.ok();
    }
    assert_eq!(world.status("lease").await.ok()["state"], "closed");
}

#[tokio::test]
async fn a_strict_circuit_refuses_where_its_answer_was_lost() {
    let world = World::start().await;
    world.lose(1, &circuit::ACQUIRE);

    let answer = world.acquire("strict").await.ok();

    assert_lost(&world, 1);
    assert_eq!(
        (&answer["allowed"], &answer["degraded"]),
        (&json!(false), &json!(true)),
        "{answer}"
    );
}

#[tokio::test]
async fn a_send_whose_decision_was_lost_sends_nothing_and_counts_once() {
    let world = World::start().await;
    let phone = phone();
    world.lose(1, &otp::RESERVE);

    let answer = world.app.request(&phone).await;

    assert_lost(&world, 1);
    answer.problem(UNAVAILABLE.0, UNAVAILABLE.1);
    world.app.settle().await;
    assert!(world.app.delivered(&phone).is_empty());
    let next = world.app.request(&phone).await;
    next.ok();
    let quota = next.header("ratelimit").unwrap();
    assert!(quota.starts_with("\"phone\";r=8;"), "two counted: {quota}");
}

#[tokio::test]
async fn a_send_with_an_idempotency_key_is_never_two_messages_whatever_was_lost() {
    for lost in [&latch::request_limit::COUNT, &otp::RESERVE, &otp::COMMIT] {
        let world = World::start().await;
        let phone = phone();
        let ask = json!({ "phone": phone });
        let key = [("idempotency-key", "\"8e03978e\"")];
        world.lose(1, lost);

        let answers = [
            world.app.request_with(&key, &ask).await,
            world.app.request_with(&key, &ask).await,
            world.app.request_with(&key, &ask).await,
        ];

        assert_lost(&world, 1);
        world.app.settle().await;
        let messages = world.app.delivered(&phone).len();
        assert!(messages <= 1, "{messages} messages: {answers:?}");
        for answer in answers {
            assert!(matches!(answer.status, 200 | 409 | 503), "{answer:?}");
        }
    }
}

/// Nobody knows whether the client may: nothing was asked of the phone yet.
#[tokio::test]
async fn a_send_whose_client_limit_was_lost_touches_no_phone() {
    let world = World::start().await;
    let phone = phone();
    let ask = json!({ "phone": phone });
    let key = [("idempotency-key", "\"8e03978e\"")];
    world.lose(1, &latch::request_limit::COUNT);

    let answer = world.app.request_with(&key, &ask).await;

    assert_lost(&world, 1);
    answer.problem(UNAVAILABLE.0, UNAVAILABLE.1);
    assert_eq!(world.redis.keys("otp:{*}:sent"), [""; 0]);
    world.app.request_with(&key, &ask).await.ok();
    world.app.settle().await;
    assert_eq!(world.app.delivered(&phone).len(), 1);
}

/// The message is out: its code is alive, whichever run of the script has made it so.
#[tokio::test]
async fn a_message_whose_hand_over_was_lost_has_a_code_that_is_good_once() {
    let world = World::with(&vars().with("otp_resend", "new")).await;
    let phone = phone();
    world.app.sent_code(&phone).await;
    world.lose(1, &otp::COMMIT);

    let code = world.app.sent_code(&phone).await;

    assert_lost(&world, 1);
    world.app.verify(&phone, &code).await.ok();
    world
        .app
        .verify(&phone, &code)
        .await
        .problem(410, "otp-expired");
}

/// Taking back twice is taking back once: what the first message carries stays good.
#[tokio::test]
async fn a_failed_send_whose_undoing_was_lost_leaves_the_earlier_message_good() {
    let webhook = Webhook::start().await;
    let world = World::with(&webhook.configure(vars())).await;
    let phone = phone();
    world.app.request(&phone).await.ok();
    let code = webhook.last().code();
    webhook.reply([Reply::Status(400)]);
    world.lose(1, &otp::CANCEL);

    let failed = world.app.request(&phone).await;

    assert_lost(&world, 1);
    failed.problem(502, "delivery-failed");
    world.app.verify(&phone, &code).await.ok();
}

#[tokio::test]
async fn a_health_check_whose_answer_was_lost_asks_again() {
    let world = World::start().await;
    world.proxy.lose(1, "PING", tests::Cut::BeforeReply);

    let answer = world.app.get("/api/health").await;

    assert_lost(&world, 1);
    answer.ok();
}

/// A connection that broke while nobody used it cannot have carried anything out.
#[tokio::test]
async fn a_connection_that_broke_between_two_requests_is_not_noticed() {
    let world = World::start().await;
    let key = phone();
    for left in (0..10).rev() {
        let taken = world.take("login", &key).await.ok();
        assert_eq!(taken["remaining"], left, "{taken}");
        world.proxy.cut_all();
        sleep(Duration::from_millis(100)).await;
    }
}
