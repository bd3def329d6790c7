//! What the attacks run on, and how their figures are written.

use tests::Redis;

use crate::driven::SECOND;

/// A Redis of the test's own.
pub(crate) fn redis() -> Redis {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(Redis::start())
}

/// What so many guesses are worth, at codes of six digits and of eight.
pub(crate) fn chance(guesses: usize) -> String {
    let of = |codes: f64| -(guesses as f64 * (-1.0 / codes).ln_1p()).exp_m1() * 100.0;
    format!(
        "one of {guesses} guesses is right in {:.4} % of all cases, with eight digits in {:.5} %",
        of(1e6),
        of(1e8)
    )
}

/// A span of microseconds in words.
pub(crate) fn span(micros: u64) -> String {
    let seconds = micros / SECOND;
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    format!("{hours} h {minutes} min {} s", seconds % 60)
}
