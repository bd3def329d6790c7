//! The capabilities' scripts, word for word.
//!
//! Their text is taken from where they are written, and their crates are not linked: each of those
//! exports wasi:http/handler, and a component can have one. A cargo feature that switches the export
//! off would be switched on again by whoever builds all components at once.

use latch::Script;

pub(crate) static STATE_ISSUE: Script = Script::new(&[
    Script::CLOCK,
    Script::KEY,
    include_str!("../../oauth-state/src/issue.lua"),
]);
pub(crate) static STATE_CONSUME: Script = Script::new(&[
    Script::CLOCK,
    Script::KEY,
    include_str!("../../oauth-state/src/consume.lua"),
]);

const CIRCUIT: &str = concat!(
    include_str!("../../circuit/src/value.lua"),
    include_str!("../../circuit/src/moments.lua"),
    include_str!("../../circuit/src/window.lua"),
    include_str!("../../circuit/src/machine.lua"),
    include_str!("../../circuit/src/circuit.lua"),
);
pub(crate) static CIRCUIT_ACQUIRE: Script = Script::new(&[
    Script::CLOCK,
    Script::KEY,
    CIRCUIT,
    include_str!("../../circuit/src/acquire.lua"),
]);
pub(crate) static CIRCUIT_REPORT: Script = Script::new(&[
    Script::CLOCK,
    Script::KEY,
    CIRCUIT,
    include_str!("../../circuit/src/report.lua"),
]);
pub(crate) static CIRCUIT_RESET: Script = Script::new(&[
    Script::CLOCK,
    Script::KEY,
    CIRCUIT,
    include_str!("../../circuit/src/reset.lua"),
]);

const BUCKET: &str = include_str!("../../rate-limit/src/bucket.lua");
pub(crate) static BUCKET_TAKE: Script = Script::new(&[
    Script::CLOCK,
    Script::KEY,
    BUCKET,
    include_str!("../../rate-limit/src/take.lua"),
]);
pub(crate) static BUCKET_REFUND: Script = Script::new(&[
    Script::CLOCK,
    Script::KEY,
    BUCKET,
    include_str!("../../rate-limit/src/refund.lua"),
]);

#[cfg(all(test, not(target_family = "wasm")))]
mod tests {
    use super::*;

    #[test]
    fn what_is_verified_is_what_runs() {
        for (ours, theirs) in [
            (&STATE_ISSUE, &oauth_state::ISSUE),
            (&STATE_CONSUME, &oauth_state::CONSUME),
            (&CIRCUIT_ACQUIRE, &circuit::ACQUIRE),
            (&CIRCUIT_REPORT, &circuit::REPORT),
            (&CIRCUIT_RESET, &circuit::RESET),
            (&BUCKET_TAKE, &rate_limit::TAKE),
            (&BUCKET_REFUND, &rate_limit::REFUND),
        ] {
            assert_eq!(ours.parts().concat(), theirs.parts().concat());
        }
    }
}
