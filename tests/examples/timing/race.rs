//! Kinds of calls that take turns, and what their times have to do with each other.

use std::{fmt, time::Duration};

use rand::seq::SliceRandom;

use crate::rank;

/// The times of several kinds of calls, in microseconds.
pub(crate) struct Race<const N: usize> {
    names: [&'static str; N],
    times: [Vec<f64>; N],
}

impl<const N: usize> Race<N> {
    /// Runs all kinds `rounds` times, in another order each time. Some rounds before that count for
    /// nothing.
    pub(crate) async fn run(
        names: [&'static str; N],
        rounds: usize,
        mut call: impl AsyncFnMut(usize) -> Duration,
    ) -> Self {
        let mut times = [const { Vec::new() }; N];
        let mut order: [usize; N] = std::array::from_fn(|kind| kind);
        let warm_up = rounds / 10;
        for round in 0..warm_up + rounds {
            order.shuffle(&mut rand::rng());
            for kind in order {
                let took = call(kind).await;
                if round >= warm_up {
                    times[kind].push(took.as_secs_f64() * 1e6);
                }
            }
        }
        Self { names, times }
    }
}

impl<const N: usize> fmt::Display for Race<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let first = &self.times[0];
        let width = self.names.map(str::len).into_iter().max().unwrap_or(0);
        writeln!(
            f,
            "{:width$}   median   10th   90th percentile (us)   slower than the first     z",
            ""
        )?;
        for (name, times) in self.names.iter().zip(&self.times) {
            let [low, median, high] = rank::quantiles(times, [0.1, 0.5, 0.9]);
            let (share, z) = rank::compare(times, first);
            writeln!(
                f,
                "{name:width$} {median:8.2} {low:6.2} {high:6.2} {:38.1} % {z:7.2}",
                share * 100.0
            )?;
        }
        Ok(())
    }
}
