//! Whether a history fits a specification: the search of Wing and Gong, with a memory.

use std::{collections::HashSet, hash::Hash};

/// What a sequential program does, one call after the other.
pub(crate) trait Specification: Clone + Eq + Hash {
    type Call;
    type Answer: PartialEq;

    fn answer(&mut self, call: &Self::Call) -> Self::Answer;
}

/// One call, by the test's clock.
#[derive(Clone, Debug)]
pub(crate) struct Event<C, A> {
    pub(crate) call: C,
    pub(crate) began: u64,
    /// When it was answered, and how; none if nobody knows what came of it.
    pub(crate) answered: Option<(u64, A)>,
}

/// Whether some order of `events` is one of the specification that begins as `initial`.
///
/// # Panics
/// If there are more than 64 events.
pub(crate) fn fits<S: Specification>(initial: &S, events: &[Event<S::Call, S::Answer>]) -> bool {
    assert!(events.len() <= 64, "{} events", events.len());
    search(initial, events, 0, &mut HashSet::new())
}

fn search<S: Specification>(
    state: &S,
    events: &[Event<S::Call, S::Answer>],
    done: u64,
    seen: &mut HashSet<(u64, S)>,
) -> bool {
    let left = || {
        let all = events.iter().enumerate();
        all.filter(|(index, _)| done & (1 << index) == 0)
    };
    // The next one began before any of those left was over.
    let Some(first_over) = left()
        .filter_map(|(_, event)| Some(event.answered.as_ref()?.0))
        .min()
    else {
        return true;
    };
    if !seen.insert((done, state.clone())) {
        return false;
    }
    left().any(|(index, event)| {
        let mut state = state.clone();
        let answer = state.answer(&event.call);
        let same = match &event.answered {
            Some((_, answered)) => *answered == answer,
            None => true,
        };
        event.began <= first_over && same && search(&state, events, done | (1 << index), seen)
    })
}
