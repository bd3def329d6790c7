//! What each endpoint promises, as a program of one thread; and histories that break the promise,
//! each of which the check refuses.

use super::check::Specification;

/// How many guesses at a code are compared.
pub(crate) const GUESSES: u8 = 3;
/// How many tokens a bucket holds that does not refill.
pub(crate) const TOKENS: u8 = 10;
/// How many permits are out at once.
pub(crate) const PERMITS: u8 = 2;

/// A code that is alive.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Code {
    Alive { guesses: u8 },
    Used,
}

/// A guess at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Guess {
    Right,
    Wrong,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Verified,
    Mismatch { left: u8 },
    Exhausted,
    Gone,
}

impl Specification for Code {
    type Call = Guess;
    type Answer = Verdict;

    fn answer(&mut self, guess: &Guess) -> Verdict {
        match (&mut *self, guess) {
            (Self::Used, _) => Verdict::Gone,
            (Self::Alive { guesses: 0 }, _) => Verdict::Exhausted,
            (Self::Alive { .. }, Guess::Right) => {
                *self = Self::Used;
                Verdict::Verified
            }
            (Self::Alive { guesses }, Guess::Wrong) => {
                *guesses -= 1;
                match *guesses {
                    0 => Verdict::Exhausted,
                    left => Verdict::Mismatch { left },
                }
            }
        }
    }
}

/// An OAuth state, and whether it was consumed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Flow {
    pub(crate) used: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Consumed {
    Once,
    Replayed,
}

impl Specification for Flow {
    type Call = ();
    type Answer = Consumed;

    fn answer(&mut self, (): &()) -> Consumed {
        match std::mem::replace(&mut self.used, true) {
            false => Consumed::Once,
            true => Consumed::Replayed,
        }
    }
}

/// A bucket, and how many tokens are in it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Bucket(pub(crate) u8);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Want {
    Take,
    Refund,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Got {
    Left(u8),
    Refused,
}

impl Specification for Bucket {
    type Call = Want;
    type Answer = Got;

    fn answer(&mut self, want: &Want) -> Got {
        self.0 = match want {
            Want::Take if self.0 == 0 => return Got::Refused,
            Want::Take => self.0 - 1,
            Want::Refund => TOKENS.min(self.0 + 1),
        };
        Got::Left(self.0)
    }
}

/// A half-open circuit, and how many permits are out.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Circuit {
    pub(crate) out: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ask {
    Acquire,
    /// Gives a permit back that was lent.
    GiveBack,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lent {
    Permit,
    Refused,
    Returned,
}

impl Specification for Circuit {
    type Call = Ask;
    type Answer = Lent;

    fn answer(&mut self, ask: &Ask) -> Lent {
        match ask {
            Ask::Acquire if self.out >= PERMITS => Lent::Refused,
            Ask::Acquire => {
                self.out += 1;
                Lent::Permit
            }
            Ask::GiveBack => {
                self.out = self.out.saturating_sub(1);
                Lent::Returned
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::check::{Event, fits};
    use super::*;

    const ALIVE: Code = Code::Alive { guesses: GUESSES };
    const UNUSED: Flow = Flow { used: false };
    const HALF_OPEN: Circuit = Circuit { out: 0 };

    fn mismatch(left: u8) -> Verdict {
        Verdict::Mismatch { left }
    }

    fn event<C, A>(began: u64, call: C, over: u64, answer: A) -> Event<C, A> {
        Event {
            call,
            began,
            answered: Some((over, answer)),
        }
    }

    /// A call that was never answered.
    fn lost<C, A>(began: u64, call: C) -> Event<C, A> {
        Event {
            call,
            began,
            answered: None,
        }
    }

    /// One call after the other.
    fn sequence<C: Copy, A: Copy>(calls: &[(C, A)]) -> Vec<Event<C, A>> {
        let one = |(at, (call, answer)): (u64, &(C, A))| event(2 * at, *call, 2 * at + 1, *answer);
        (0..).zip(calls).map(one).collect()
    }

    /// All at the same time.
    fn at_once<C: Copy, A: Copy>(calls: &[(C, A)]) -> Vec<Event<C, A>> {
        let one = |(call, answer): &(C, A)| event(0, *call, 9, *answer);
        calls.iter().map(one).collect()
    }

    #[test]
    fn one_code_is_one_success() {
        use Guess::Right;
        use Verdict::{Gone, Verified};
        assert!(fits(&ALIVE, &at_once(&[(Right, Gone), (Right, Verified)])));
        assert!(!fits(
            &ALIVE,
            &at_once(&[(Right, Verified), (Right, Verified)])
        ));
    }

    #[test]
    fn a_used_code_stays_used() {
        use Guess::{Right, Wrong};
        use Verdict::{Gone, Verified};
        assert!(fits(&ALIVE, &sequence(&[(Right, Verified), (Wrong, Gone)])));
        assert!(!fits(
            &ALIVE,
            &sequence(&[(Right, Gone), (Right, Verified)])
        ));
        assert!(!fits(
            &ALIVE,
            &sequence(&[(Right, Verified), (Wrong, mismatch(2))])
        ));
    }

    #[test]
    fn a_code_is_gone_only_if_somebody_may_have_used_it() {
        use Guess::{Right, Wrong};
        use Verdict::Gone;
        assert!(fits(&ALIVE, &[lost(0, Right), event(5, Right, 6, Gone)]));
        assert!(!fits(&ALIVE, &[event(5, Right, 6, Gone)]));
        assert!(!fits(&ALIVE, &[lost(0, Wrong), event(5, Right, 6, Gone)]));
        assert!(!fits(&ALIVE, &[event(5, Right, 6, Gone), lost(7, Right)]));
    }

    #[test]
    fn no_more_guesses_are_compared_than_may_be() {
        use Guess::{Right, Wrong};
        use Verdict::{Exhausted, Verified};
        let three = [
            (Wrong, mismatch(2)),
            (Wrong, mismatch(1)),
            (Wrong, Exhausted),
        ];
        assert!(fits(&ALIVE, &at_once(&three)));
        assert!(fits(
            &ALIVE,
            &sequence(&[&three[..], &[(Right, Exhausted)]].concat())
        ));
        assert!(!fits(
            &ALIVE,
            &at_once(&[&three[..], &[(Wrong, mismatch(1))]].concat())
        ));
        assert!(!fits(
            &ALIVE,
            &sequence(&[&three[..], &[(Right, Verified)]].concat())
        ));
    }

    #[test]
    fn a_guess_costs_one_and_not_two() {
        use Guess::Wrong;
        assert!(!fits(&ALIVE, &sequence(&[(Wrong, mismatch(1))])));
        assert!(fits(
            &ALIVE,
            &[lost(0, Wrong), event(5, Wrong, 6, mismatch(1))]
        ));
        assert!(!fits(&ALIVE, &sequence(&[(Wrong, Verdict::Verified)])));
        assert!(!fits(&ALIVE, &sequence(&[(Guess::Right, mismatch(2))])));
    }

    #[test]
    fn one_state_is_consumed_once_and_replayed_only_then() {
        use Consumed::{Once, Replayed};
        assert!(fits(&UNUSED, &at_once(&[((), Replayed), ((), Once)])));
        assert!(!fits(&UNUSED, &at_once(&[((), Once), ((), Once)])));
        assert!(!fits(&UNUSED, &sequence(&[((), Replayed), ((), Once)])));
        assert!(!fits(&UNUSED, &sequence(&[((), Replayed)])));
        assert!(fits(&UNUSED, &[lost(0, ()), event(5, (), 6, Replayed)]));
    }

    #[test]
    fn a_bucket_gives_what_it_has_and_counts_each_take_once() {
        use Got::{Left, Refused};
        use Want::{Refund, Take};
        let two = Bucket(2);
        assert!(fits(
            &two,
            &at_once(&[(Take, Refused), (Take, Left(0)), (Take, Left(1))])
        ));
        assert!(fits(&two, &sequence(&[(Take, Left(1)), (Refund, Left(2))])));
        assert!(!fits(&two, &sequence(&[(Take, Left(0))])), "two for one");
        assert!(!fits(&two, &sequence(&[(Take, Refused)])));
        assert!(!fits(&two, &at_once(&[(Take, Left(1)), (Take, Left(1))])));
        let three = [(Take, Left(1)), (Take, Left(0)), (Take, Left(0))];
        assert!(!fits(&two, &at_once(&three)), "more than there was");
        assert!(fits(&two, &[lost(0, Take), event(5, Take, 6, Left(0))]));
    }

    #[test]
    fn a_refund_gives_back_once_and_never_more_than_a_full_bucket() {
        use Got::Left;
        use Want::{Refund, Take};
        let (full, two) = (Bucket(TOKENS), Bucket(2));
        assert!(fits(&full, &sequence(&[(Refund, Left(TOKENS))])));
        assert!(!fits(&full, &sequence(&[(Refund, Left(TOKENS + 1))])));
        assert!(!fits(&two, &sequence(&[(Refund, Left(4))])), "two for one");
        assert!(fits(&two, &[lost(0, Refund), event(5, Take, 6, Left(2))]));
        assert!(!fits(&two, &[lost(0, Refund), event(5, Take, 6, Left(3))]));
    }

    #[test]
    fn no_more_permits_are_out_than_may_be() {
        use Ask::{Acquire, GiveBack};
        use Lent::{Permit, Refused, Returned};
        let two = [(Acquire, Permit), (Acquire, Permit)];
        assert!(fits(
            &HALF_OPEN,
            &at_once(&[&two[..], &[(Acquire, Refused)]].concat())
        ));
        assert!(!fits(
            &HALF_OPEN,
            &at_once(&[&two[..], &[(Acquire, Permit)]].concat())
        ));
        let returned = [&two[..], &[(GiveBack, Returned), (Acquire, Permit)]].concat();
        assert!(fits(&HALF_OPEN, &sequence(&returned)));
        assert!(
            !fits(&HALF_OPEN, &sequence(&[(Acquire, Refused)])),
            "lent to nobody"
        );
        let leaked = [
            lost(0, Acquire),
            event(2, Acquire, 3, Permit),
            event(4, Acquire, 5, Refused),
        ];
        assert!(fits(&HALF_OPEN, &leaked));
    }
}
