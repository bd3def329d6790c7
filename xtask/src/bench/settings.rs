//! What every subject is configured with: the defaults, but for limits that would end a run.

/// How many test numbers there are, so that none is at its limit.
pub(crate) const NUMBERS: u32 = 1_000;
/// How often one code may be guessed at.
pub(crate) const GUESSES: u32 = 10;
/// The service token.
pub(crate) const TOKEN: &str = "a-service-token-of-the-benchmark";

/// Environment variables for a subject whose Redis is at `redis_url`.
pub(crate) fn environment(redis_url: &str) -> Vec<(String, String)> {
    let numbers: Vec<_> = (0..NUMBERS)
        .map(|number| format!("+7777{number:07}=123456"))
        .collect();
    // One that refuses nobody, and one whose buckets last.
    let buckets = r#"{"bench":{"capacity":1000000,"refill":1000000,"per_s":60},
        "slow":{"capacity":10,"refill":10,"per_s":36000}}"#;
    let variables = [
        ("redis_url", redis_url.to_owned()),
        (
            "otp_secret",
            "a secret of at least 32 characters".to_owned(),
        ),
        ("otp_delivery", "log".to_owned()),
        ("otp_test_numbers", numbers.join(",")),
        ("otp_requests_per_minute", "10000".to_owned()),
        ("otp_sends_per_hour", "1000".to_owned()),
        ("otp_sends_per_day", "1000".to_owned()),
        ("otp_max_attempts", GUESSES.to_string()),
        ("token_key", "11".repeat(32)),
        ("service_token", TOKEN.to_owned()),
        // Each call says that it comes from another client.
        ("trusted_proxy_hops", "1".to_owned()),
        ("oauth_states_per_minute", "10000000".to_owned()),
        ("ratelimit_policies", buckets.to_owned()),
    ];
    let variables =
        variables.map(|(name, value)| (format!("SPIN_VARIABLE_{}", name.to_uppercase()), value));
    // FastAPI's.
    let plain = [
        ("REDIS_URL", redis_url.to_owned()),
        ("LATCH_BENCH_GUESSES", GUESSES.to_string()),
        ("LATCH_BENCH_PER_MINUTE", "10000".to_owned()),
    ];
    let plain = plain.map(|(name, value)| (name.to_owned(), value));
    variables.into_iter().chain(plain).collect()
}
