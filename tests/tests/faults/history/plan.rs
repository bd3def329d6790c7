//! What a run does, by its seed. Who comes first is the machine's affair and not the seed's.

use super::specifications::{Guess, Want};

/// What a caller does next.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Step {
    Guess(Guess),
    Consume,
    Bucket(Want),
    /// Acquires a permit and, if it got one, gives it back.
    Probe,
    /// Acquires a permit and keeps it.
    Acquire,
    /// Asks for a code with an idempotency key.
    Send,
}

/// What happens to the network or to Redis.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fault {
    Cut,
    LoseReplies(usize),
    HalveReplies(usize),
    Delay(u64),
    BlackHole,
    ForgetScripts,
    KillClients,
    Nothing,
}

/// SplitMix64.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    /// A number below `end`.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }

    pub(crate) fn step(&mut self) -> Step {
        match self.below(16) {
            0..2 => Step::Guess(Guess::Right),
            2..5 => Step::Guess(Guess::Wrong),
            5..7 => Step::Consume,
            7..11 => Step::Bucket(Want::Take),
            11 => Step::Bucket(Want::Refund),
            12..14 => Step::Probe,
            14 => Step::Acquire,
            _ => Step::Send,
        }
    }

    pub(crate) fn fault(&mut self) -> Fault {
        match self.below(40) {
            0..8 => Fault::Cut,
            8..20 => Fault::LoseReplies(1 + usize::try_from(self.below(4)).unwrap()),
            20..25 => Fault::HalveReplies(1 + usize::try_from(self.below(2)).unwrap()),
            25..29 => Fault::Delay(1 + self.below(20)),
            29 => Fault::BlackHole,
            30..33 => Fault::ForgetScripts,
            33..36 => Fault::KillClients,
            _ => Fault::Nothing,
        }
    }
}
