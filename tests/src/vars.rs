//! The app's configuration in a test.

use std::collections::BTreeMap;

/// The variables an app starts with: what spin.toml requires, made fresh, and what tests need in
/// order not to disturb each other. The rest has spin.toml's defaults.
#[derive(Clone)]
pub struct Vars(BTreeMap<&'static str, String>);

impl Vars {
    /// Phones whose codes are known beforehand and never delivered.
    pub const TEST_NUMBERS: [(&str, &str); 3] = [
        ("+77770000001", "123456"),
        ("+77770000002", "000000"),
        ("+77770000003", "987654"),
    ];

    /// Fresh secrets and codes delivered to stdout. Clients are hardly limited, since every test
    /// is the client 127.0.0.1, and Redis has time to answer on a busy machine.
    pub fn new() -> Self {
        let numbers = Self::TEST_NUMBERS
            .map(|(phone, code)| format!("{phone}={code}"))
            .join(",");
        Self(BTreeMap::new())
            .with("otp_secret", hex_key())
            .with("token_key", hex_key())
            .with("service_token", hex_key())
            .with("otp_delivery", "log")
            .with("otp_test_numbers", numbers)
            .with("otp_requests_per_minute_per_client", 10_000)
            .with("otp_requests_per_day_per_client", 10_000_000)
            .with("otp_sends_per_hour", 1_000)
            .with("otp_sends_per_day", 1_000)
            .with("oauth_states_per_minute_per_client", 10_000)
            .with("oauth_states_per_minute", 1_000_000)
            .with("redis_timeout_ms", 5_000)
    }

    /// The same with the variable `name` set to `value`.
    pub fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.0.insert(name, value.to_string());
        self
    }

    /// The value of a variable that is set.
    pub fn get(&self, name: &str) -> &str {
        &self.0[name]
    }

    /// All that are set, by name.
    pub fn all(&self) -> impl Iterator<Item = (String, String)> {
        self.0
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
    }

    /// As Spin reads them from the environment.
    pub(crate) fn environment(&self) -> impl Iterator<Item = (String, &String)> {
        self.0
            .iter()
            .map(|(name, value)| (format!("SPIN_VARIABLE_{}", name.to_uppercase()), value))
    }
}

impl Default for Vars {
    fn default() -> Self {
        Self::new()
    }
}

/// 32 random bytes in hex: good for every secret and key the app has.
pub fn hex_key() -> String {
    rand::random::<[u8; 32]>()
        .map(|byte| format!("{byte:02x}"))
        .concat()
}
