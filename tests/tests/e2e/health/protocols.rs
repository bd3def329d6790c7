//! RESP2 and RESP3 show the same, on every version of Redis.

use tests::{App, Redis, Server, Vars};

use super::verification::Checks;

#[tokio::test]
async fn every_check_is_readable_over_both_protocols() {
    for version in Server::ALL {
        let Some(redis) = Redis::of(version).await else {
            println!("{version:?} is not here: skipped");
            continue;
        };
        let mut seen = Vec::new();
        for protocol in ["", "?protocol=resp2", "?protocol=resp3", "?protocol=3"] {
            let url = format!("{}{protocol}", redis.url());
            let app = App::at(&url, &Vars::new()).await;

            let checks = Checks::passed(&app).await;

            let (warn, fail) = (checks.names("warn"), checks.names("fail"));
            assert!(
                warn.is_empty() && fail.is_empty(),
                "{protocol}: {warn:?}, {fail:?}"
            );
            assert_eq!(checks.get("role")["detail"], "primary", "{protocol}");
            assert_eq!(checks.get("eviction")["detail"], "noeviction", "{protocol}");
            let ok = checks.names("ok").into_iter().map(str::to_owned);
            seen.push(ok.collect::<Vec<_>>());
        }
        assert!(seen.windows(2).all(|pair| pair[0] == pair[1]), "{seen:?}");
    }
}

/// Whoever asks for a code and enters it does not see the protocol either.
#[tokio::test]
async fn decisions_are_the_same_over_resp3() {
    let redis = Redis::start().await;
    let app = App::at(&format!("{}?protocol=resp3", redis.url()), &Vars::new()).await;
    let phone = tests::phone();

    let code = app.sent_code(&phone).await;
    let wrong = app.verify(&phone, &tests::wrong(&code, 0)).await;
    wrong.problem(400, "otp-mismatch");
    app.verify(&phone, &code).await.ok();
    app.verify(&phone, &code).await.problem(410, "otp-expired");
}
