//! What is left in Redis: little, under known names, and never for ever.

use serde_json::json;
use tests::{App, Vars, phone, wrong};

#[tokio::test]
async fn keys_have_the_names_that_operators_know() {
    let app = App::own(Vars::new()).await;
    let phone = phone();
    let code = app.sent_code(&phone).await;
    app.verify(&phone, &wrong(&code, 0))
        .await
        .problem(400, "otp-mismatch");
    app.sent_code_with(&json!({ "phone": phone, "purpose": "transfer" }))
        .await;
    let redis = app.redis();

    let code = redis.keys("otp:{*}:code:login").remove(0);
    let tag = &code[..=code.find('}').unwrap()];

    for pattern in [
        "otp:{*}:code:transfer",
        "otp:{*}:sent",
        "otp:{*}:failed",
        "otp:client:{*}",
    ] {
        let keys = redis.keys(pattern);
        assert_eq!(keys.len(), 1, "{pattern}: {:?}", redis.keys("*"));
        let one_phone = keys[0].starts_with(tag) || pattern.contains("client");
        assert!(
            one_phone,
            "one phone's keys live in one slot: {keys:?} and {code}"
        );
    }
}

#[tokio::test]
async fn every_key_expires_whatever_has_happened() {
    let app = App::own(Vars::new()).await;
    let phone = phone();
    let key = [("idempotency-key", "\"one\"")];
    app.request_with(&key, &json!({ "phone": phone }))
        .await
        .ok();
    let code = app.sent_code(&phone).await;
    app.redis().assert_every_key_expires();

    for n in 0..3 {
        app.verify(&phone, &wrong(&code, n)).await;
        app.redis().assert_every_key_expires();
    }
    let code = app.sent_code(&phone).await;
    app.verify(&phone, &code).await.ok();
    app.redis().assert_every_key_expires();
    for _ in 0..12 {
        app.request(&phone).await;
    }
    app.redis().assert_every_key_expires();
}

#[tokio::test]
async fn a_code_lives_as_long_as_its_key() {
    let app = App::own(Vars::new().with("otp_ttl_s", 100)).await;
    app.request(&phone()).await.ok();

    let key = app.redis().keys("otp:{*}:code:login").remove(0);
    let ttl: u64 = app.redis().run(&format!("TTL {key}"));

    assert!((95..=100).contains(&ttl), "{ttl}");
}

/// However a key came to be without a TTL, the next script that touches it repairs it.
#[tokio::test]
async fn a_key_found_without_an_expiry_is_given_one() {
    let app = App::own(Vars::new()).await;
    let phone = phone();
    let code = app.sent_code(&phone).await;
    app.verify(&phone, &wrong(&code, 0))
        .await
        .problem(400, "otp-mismatch");
    let persist = || {
        for key in app.redis().keys("otp:*") {
            let _: () = app.redis().run(&format!("PERSIST {key}"));
        }
    };

    persist();
    app.request(&phone).await.ok();
    app.verify(&phone, &wrong(&code, 1))
        .await
        .problem(400, "otp-mismatch");

    app.redis().assert_every_key_expires();
}

/// The figure the shop planned with.
#[tokio::test]
async fn an_outstanding_code_costs_at_most_200_bytes() {
    let app = App::own(
        Vars::new()
            .with("otp_length", 10)
            .with("otp_test_numbers", ""),
    )
    .await;
    let longest = "p".repeat(32);
    for purpose in ["login", longest.as_str()] {
        let phone = phone();
        let ask = json!({ "phone": phone, "purpose": purpose });
        let code = app.sent_code_with(&ask).await;
        let assert_small = || {
            for key in app.redis().keys("otp:{*}:code:*") {
                let bytes = app.redis().memory_usage(&key);
                println!("{bytes} bytes for {key}");
                assert!(bytes <= 200, "{bytes} bytes for {key}");
            }
        };
        assert_small();
        let guess = json!({ "phone": phone, "purpose": purpose, "otp_code": wrong(&code, 0) });
        app.verify_with(&guess).await.problem(400, "otp-mismatch");
        assert_small();
        app.sent_code_with(&ask).await;
        assert_small();
    }
}

/// Whatever stands where the app's own values should: it is treated as nothing, not as a 500.
#[tokio::test]
async fn what_something_else_wrote_is_replaced() {
    let app = App::own(Vars::new()).await;
    let phone = phone();
    let code = app.sent_code(&phone).await;
    app.verify(&phone, &wrong(&code, 0))
        .await
        .problem(400, "otp-mismatch");
    let redis = app.redis();

    for other in [
        "SET {} rubbish",
        "LPUSH {} 1 2 3",
        "HSET {} a b",
        "ZADD {} 1 x",
    ] {
        for key in redis.keys("otp:*") {
            let _: u64 = redis.run(&format!("DEL {key}"));
            let _: () = redis.run(&other.replace("{}", &key));
        }
        app.verify(&phone, "123456")
            .await
            .problem(410, "otp-expired");
        let code = app.sent_code(&phone).await;
        app.verify(&phone, &code).await.ok();
        redis.assert_every_key_expires();
    }
}
