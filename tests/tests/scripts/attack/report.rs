//! What the attacks run on, and how their figures are written.

use tests::Redis;

use crate::driven::SECOND;

/// A Redis of the test's own.
pub(crate) fn redis() -> Redis {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(Redis::start())
}

/// What so many guesses are worth, at codes of the default length.
pub(crate) fn chance(guesses: usize) -> String {
    let all_wrong = guesses as f64 * (-1e-6_f64).ln_1p();
    format!(
        "one of them is right in {:.4} % of all cases",
        -all_wrong.exp_m1() * 100.0
    )
}

/// A span of microseconds in words.
pub(crate) fn span(micros: u64) -> String {
    let seconds = micros / SECOND;
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    format!("{hours} h {minutes} min {} s", seconds % 60)
}
