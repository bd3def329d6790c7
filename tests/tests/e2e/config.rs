//! A variable that does not parse stops the app at the first request, and is named.

use tests::{Answer, App, Redis, Vars, phone};

/// One misconfigured variable and the endpoint that reads it.
type Case = (&'static str, String, Endpoint);

#[derive(Clone, Copy, Debug, PartialEq)]
enum Endpoint {
    Request,
    Verify,
    Keys,
}
use Endpoint::{Keys, Request, Verify};

async fn ask(app: &App, endpoint: Endpoint) -> Answer {
    match endpoint {
        Request => app.request(&phone()).await,
        Verify => app.verify(&phone(), "123456").await,
        Keys => app.get(App::JWKS).await,
    }
}

async fn assert_each_is_named(cases: impl IntoIterator<Item = Case>) {
    let redis = Redis::start().await;
    for (variable, value, endpoint) in cases {
        let app = App::start(&redis, &Vars::new().with(variable, &value)).await;
        let problem = ask(&app, endpoint).await;
        eprintln!("{variable}={value:?} at {endpoint:?}");
        let problem = problem.problem(503, "misconfigured");
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains(variable), "{variable}={value:?}: {detail}");
        // What was configured may be a secret.
        assert!(value.len() < 16 || !detail.contains(&value), "{detail}");
    }
    assert_eq!(
        redis.keys("*"),
        [""; 0],
        "what is misconfigured decides nothing"
    );
}

fn cases(variable: &'static str, endpoint: Endpoint, values: &[&str]) -> Vec<Case> {
    values
        .iter()
        .map(|value| (variable, (*value).to_owned(), endpoint))
        .collect()
}

#[tokio::test]
async fn of_codes() {
    let policy = [
        cases("otp_length", Request, &["3", "11", "six"]),
        cases("otp_ttl_s", Request, &["601", "0"]),
        cases("otp_max_attempts", Request, &["0"]),
        cases("otp_resend", Request, &["sometimes"]),
    ];
    assert_each_is_named(policy.concat()).await;
}

#[tokio::test]
async fn of_limits() {
    let limits = [
        cases("otp_requests_per_minute", Request, &["many"]),
        cases("otp_requests_per_minute_per_client", Request, &["-1"]),
        cases("otp_max_failures_per_day", Request, &["x"]),
        cases("otp_max_failures_per_day", Verify, &["x"]),
        cases("trusted_proxy_hops", Request, &["one", "-1"]),
        cases("redis_timeout_ms", Request, &["soon"]),
        cases("redis_timeout_ms", Verify, &["soon"]),
    ];
    assert_each_is_named(limits.concat()).await;
}

#[tokio::test]
async fn of_secrets() {
    let short = "s".repeat(31);
    let secrets = [
        cases("otp_secret", Request, &["", &short]),
        cases("otp_secret", Verify, &[&short]),
        cases("token_key", Verify, &["no key", &"0".repeat(63)]),
        cases("token_key", Keys, &["", &"A".repeat(42)]),
        cases("token_ttl_s", Verify, &["long"]),
    ];
    assert_each_is_named(secrets.concat()).await;
}

/// Every endpoint of the components that know the variable says it, whether it needs the token or not.
#[tokio::test]
async fn of_service_tokens() {
    let redis = Redis::start().await;
    let good = tests::hex_key();
    let bad = [
        "a",
        "0123456789abcde",
        "пароль-на-сервисы",
        "with spaces in it",
    ];
    let first = bad.map(str::to_owned);
    let second = bad.map(|token| format!("{good},{token}"));
    for tokens in first.into_iter().chain(second) {
        let app = App::start(&redis, &Vars::new().with("service_token", &tokens)).await;
        let authorization = format!("Bearer {good}");
        let headers = [("authorization", authorization.as_str())];
        let body = serde_json::json!({});
        for answer in [
            app.get("/api/health").await,
            app.post("/api/oauth/state", &body).await,
            app.post_with("/api/circuit/gmail/acquire", &headers, &body)
                .await,
            app.post_with("/api/ratelimit/login", &headers, &body).await,
        ] {
            let problem = answer.problem(503, "misconfigured");
            assert_eq!(problem["variable"], "service_token");
            let said = problem.to_string();
            assert!(tokens.len() < 10 || !said.contains(&tokens), "{said}");
        }
    }
}

#[tokio::test]
async fn of_a_second_secret() {
    let good = tests::hex_key();
    let short = format!("{good},{}", "s".repeat(31));
    let half = format!("{good},{}", &good[..62]);
    assert_each_is_named([
        ("otp_secret", short.clone(), Request),
        ("otp_secret", short, Verify),
        ("token_key", half, Verify),
    ])
    .await;
}

#[tokio::test]
async fn of_phones() {
    let phones = [
        cases("otp_allowed_prefixes", Request, &["7", "+7,x", "+"]),
        cases(
            "otp_test_numbers",
            Request,
            &["+77770000001", "79990000001=654321", "+7777=x"],
        ),
        cases("otp_test_numbers", Request, &["+77770000001=12345a"]),
    ];
    assert_each_is_named(phones.concat()).await;
}

#[tokio::test]
async fn of_origins() {
    let origins = cases(
        "cors_allowed_origins",
        Request,
        &["shop.example", "https://shop.example/x"],
    );
    assert_each_is_named(origins).await;
}

#[tokio::test]
async fn of_the_delivery() {
    assert_each_is_named(cases("otp_delivery", Request, &["", "pigeon"])).await;
}

/// Nothing was ever sent to nowhere, or unsigned.
#[tokio::test]
async fn of_the_webhook() {
    let redis = Redis::start().await;
    let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    for (url, secret, variable) in [
        ("", secret, "otp_webhook_url"),
        ("not a url", secret, "otp_webhook_url"),
        ("ftp://shop.example/", secret, "otp_webhook_url"),
        ("https://shop.example/codes", "", "otp_webhook_secret"),
        (
            "https://shop.example/codes",
            "whsec_???",
            "otp_webhook_secret",
        ),
        (
            "https://shop.example/codes",
            "whsec_c2hvcnQ=",
            "otp_webhook_secret",
        ),
    ] {
        let vars = Vars::new()
            .with("otp_delivery", "webhook")
            .with("otp_webhook_url", url)
            .with("otp_webhook_secret", secret);
        let app = App::start(&redis, &vars).await;
        let problem = app.request(&phone()).await.problem(503, "misconfigured");
        assert!(
            problem["detail"].as_str().unwrap().contains(variable),
            "{problem}"
        );
    }
    assert_eq!(redis.keys("*"), [""; 0]);
}

#[tokio::test]
async fn without_a_redis_the_variable_to_set_is_named() {
    let app = App::at("", &Vars::new()).await;
    for endpoint in [Request, Verify] {
        let problem = ask(&app, endpoint).await.problem(503, "store-unconfigured");
        assert!(
            problem["detail"].as_str().unwrap().contains("REDIS_URL"),
            "{problem}"
        );
    }
}

#[tokio::test]
async fn the_variable_wins_over_the_environment() {
    let redis = Redis::start().await;
    let vars = Vars::new().with("redis_url", redis.url());
    let app = App::at("redis://127.0.0.1:1", &vars).await;

    app.request(&phone()).await.ok();

    assert!(!redis.keys("otp:*").is_empty());
}
