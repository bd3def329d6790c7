//! A setting that is one value or a range to draw from, as Spin's reuse flags take it.

use std::{fmt::Display, str::FromStr, time::Duration};

use rand::{RngExt as _, distr::uniform::SampleUniform};

/// A fixed value, or bounds from which each instance draws its own.
///
/// Drawing keeps instances that started together from ending together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Range<T> {
    /// Always this value.
    Fixed(T),
    /// At least the first, less than the second.
    Within(T, T),
}

// === impl Range ===

impl<T: SampleUniform + PartialOrd + Copy> Range<T> {
    /// A value for one instance.
    pub fn pick(self) -> T {
        match self {
            Self::Fixed(value) => value,
            Self::Within(low, high) => rand::rng().random_range(low..high),
        }
    }
}

impl<T: PartialOrd> Range<T> {
    fn parse_with(text: &str, parse: impl Fn(&str) -> Result<T, String>) -> Result<Self, String> {
        let Some((low, high)) = text.split_once("..") else {
            return parse(text).map(Self::Fixed);
        };
        let (low, high) = (parse(low)?, parse(high)?);
        if low < high {
            Ok(Self::Within(low, high))
        } else {
            Err(format!("{text:?} is an empty range: the end is excluded"))
        }
    }
}

impl FromStr for Range<usize> {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::parse_with(text, |part| number(part, part))
    }
}

impl FromStr for Range<Duration> {
    type Err = String;

    /// Whole seconds, or a number followed by `s`, `ms`, `us` or `ns`.
    fn from_str(text: &str) -> Result<Self, String> {
        Self::parse_with(text, duration)
    }
}

fn duration(text: &str) -> Result<Duration, String> {
    let (digits, of): (_, fn(u64) -> Duration) = if let Some(digits) = text.strip_suffix("ms") {
        (digits, Duration::from_millis)
    } else if let Some(digits) = text.strip_suffix("us") {
        (digits, Duration::from_micros)
    } else if let Some(digits) = text.strip_suffix("ns") {
        (digits, Duration::from_nanos)
    } else {
        (text.strip_suffix('s').unwrap_or(text), Duration::from_secs)
    };
    number(digits, text).map(of)
}

fn number<T: FromStr<Err: Display>>(digits: &str, whole: &str) -> Result<T, String> {
    digits
        .parse()
        .map_err(|error| format!("{whole:?} is neither a whole number nor a range A..B: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts() {
        assert_eq!("128".parse(), Ok(Range::Fixed(128_usize)));
        assert_eq!("1..8".parse(), Ok(Range::Within(1_usize, 8)));
        for bad in ["", "-1", "1..", "8..1", "3..3", "many"] {
            assert!(bad.parse::<Range<usize>>().is_err(), "{bad}");
        }
    }

    #[test]
    fn durations() {
        for (text, duration) in [
            ("2", Duration::from_secs(2)),
            ("2s", Duration::from_secs(2)),
            ("1500ms", Duration::from_millis(1500)),
            ("7us", Duration::from_micros(7)),
            ("7ns", Duration::from_nanos(7)),
        ] {
            assert_eq!(text.parse(), Ok(Range::Fixed(duration)));
        }
        assert_eq!(
            "100ms..1s".parse(),
            Ok(Range::Within(
                Duration::from_millis(100),
                Duration::from_secs(1)
            ))
        );
        assert!("1m".parse::<Range<Duration>>().is_err());
    }

    #[test]
    fn drawn_values_stay_within_the_bounds() {
        for _ in 0..100 {
            assert!((3..5).contains(&Range::Within(3, 5).pick()));
        }
        assert_eq!(Range::Fixed(9).pick(), 9);
    }
}
