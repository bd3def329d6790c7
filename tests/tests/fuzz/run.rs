//! Inputs one after the other, for as long as there is time.

use std::time::{Duration, Instant};

use rand::{SeedableRng as _, rngs::StdRng};
use tests::long;

/// Decides what an input is.
pub(crate) type Dice = StdRng;

/// How long: five seconds or five minutes, or as `LATCH_FUZZ_S` says.
fn span() -> Duration {
    let seconds = std::env::var("LATCH_FUZZ_S")
        .map(|seconds| seconds.parse().expect("LATCH_FUZZ_S is a number"));
    Duration::from_secs(seconds.unwrap_or(if long() { 300 } else { 5 }))
}

/// The seed of the first input; each next one has the next.
fn first_seed() -> u64 {
    std::env::var("LATCH_SEED").map_or_else(
        |_| rand::random::<u32>().into(),
        |seed| seed.parse().expect("LATCH_SEED is a number"),
    )
}

/// Tries `one` with dice of ever another seed, and says how often.
pub(crate) async fn run(what: &str, mut one: impl AsyncFnMut(&mut Dice)) {
    let (begin, first) = (Instant::now(), first_seed());
    println!("{what}: the first is LATCH_SEED={first}");
    let mut tried = 0;
    while begin.elapsed() < span() {
        let seed = first.wrapping_add(tried);
        let _show = ShowOnPanic(what, seed);
        one(&mut Dice::seed_from_u64(seed)).await;
        tried += 1;
    }
    println!("{what}: {tried} inputs in {:?}", begin.elapsed());
}

/// Says which input it was, when a test fails.
struct ShowOnPanic<'a>(&'a str, u64);

impl Drop for ShowOnPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}: this was LATCH_SEED={}", self.0, self.1);
        }
    }
}
