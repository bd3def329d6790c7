//! Checks, one after another, and what came of them.

use std::borrow::Cow;
use std::time::{Duration, Instant};

use http::StatusCode;
use latch::{Context, Event, Kind, Platform, Problem, Response, json};
use serde::Serialize;

use crate::trouble::Trouble;

/// How long all checks together may take.
///
/// Shorter than [`throwaway::LIFE`](crate::throwaway::LIFE), so that no check finds that its key
/// has expired meanwhile.
const AT_MOST: Duration = Duration::from_secs(20);

const FAILED: Kind = Kind::new(
    StatusCode::SERVICE_UNAVAILABLE,
    "verification-failed",
    "Verification failed",
);

/// What a check comes to.
pub(crate) type Outcome = Result<Found, Trouble>;

/// What a check finds that does not fail.
#[derive(Debug, PartialEq)]
pub(crate) enum Found {
    /// All is well. A text says what was seen.
    Well(Option<String>),
    /// It works now, and state may be lost.
    Doubt(Trouble),
}

impl Found {
    /// All is well, and this was seen.
    pub(crate) fn seen(what: impl Into<String>) -> Self {
        Self::Well(Some(what.into()))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
enum Status {
    Ok,
    Warn,
    Fail,
}

#[derive(Serialize)]
struct Check {
    name: &'static str,
    status: Status,
    ms: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fix: Option<Cow<'static, str>>,
}

/// The list of checks while it grows.
pub(crate) struct Report<'a, 'c, P: Platform> {
    context: &'a Context<'c, P>,
    begun: Instant,
    checks: Vec<Check>,
    /// Something is wrong that every further check would meet too.
    ended: bool,
}

impl<'a, 'c, P: Platform> Report<'a, 'c, P> {
    pub(crate) fn begin(context: &'a Context<'c, P>) -> Self {
        Self {
            context,
            begun: Instant::now(),
            checks: Vec::new(),
            ended: false,
        }
    }

    /// Whether further checks are worth while.
    pub(crate) fn goes_on(&self) -> bool {
        !self.ended
    }

    /// Does a check and notes what comes of it: whether it did not fail. Once the report has ended
    /// the work is dropped, and so not even begun.
    pub(crate) async fn check(
        &mut self,
        name: &'static str,
        work: impl Future<Output = Outcome>,
    ) -> bool {
        if self.ended {
            return false;
        }
        let left = AT_MOST.saturating_sub(self.begun.elapsed());
        self.note(name, left, work).await
    }

    /// The last check, which is done whatever came of the others, within `limit`.
    pub(crate) async fn finish(
        &mut self,
        name: &'static str,
        limit: Duration,
        work: impl Future<Output = Outcome>,
    ) {
        self.note(name, limit, work).await;
    }

    async fn note(
        &mut self,
        name: &'static str,
        limit: Duration,
        work: impl Future<Output = Outcome>,
    ) -> bool {
        let begun = Instant::now();
        let outcome = self
            .context
            .within(limit, work)
            .await
            .unwrap_or_else(|| Err(Trouble::out_of_time()));
        let ms = millis(begun.elapsed());
        let (status, detail, fix) = match outcome {
            Ok(Found::Well(detail)) => (Status::Ok, detail, None),
            Ok(Found::Doubt(trouble)) => (Status::Warn, Some(trouble.detail), Some(trouble.fix)),
            Err(trouble) => {
                self.ended |= trouble.ends;
                (Status::Fail, Some(trouble.detail), Some(trouble.fix))
            }
        };
        self.checks.push(Check {
            name,
            status,
            ms,
            detail,
            fix,
        });
        status != Status::Fail
    }

    /// 200 with the list, or 503 with the same list in a problem.
    pub(crate) fn answer(self) -> Result<Response, Problem> {
        let failed: Vec<_> = self
            .checks
            .iter()
            .filter(|check| check.status == Status::Fail)
            .map(|check| check.name)
            .collect();
        if failed.is_empty() {
            return Ok(json(StatusCode::OK, &Passed::new(&self.checks)));
        }
        Event::new("health.verification-failed")
            .with("checks", failed.as_slice())
            .log(self.context.platform());
        let rest = if self.ended {
            " The checks that would have followed need what failed."
        } else {
            ""
        };
        let checks = serde_json::to_value(&self.checks).unwrap_or_default();
        Err(FAILED
            .because(format!("These checks failed: {}.{rest}", failed.join(", ")))
            .with("checks", checks))
    }
}

#[derive(Serialize)]
struct Passed<'a> {
    status: Status,
    checks: &'a [Check],
}

impl<'a> Passed<'a> {
    fn new(checks: &'a [Check]) -> Self {
        Self {
            status: checks
                .iter()
                .map(|check| check.status)
                .max()
                .unwrap_or(Status::Ok),
            checks,
        }
    }
}

/// Milliseconds with one digit after the point: a round trip on one machine takes less than one.
pub(crate) fn millis(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 10_000.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasm_bindgen_test::wasm_bindgen_test;

    #[wasm_bindgen_test(unsupported = test)]
    fn the_worst_check_is_the_status_of_all() {
        let check = |status| Check {
            name: "",
            status,
            ms: 0.0,
            detail: None,
            fix: None,
        };
        let all = |statuses: &[Status]| {
            let checks: Vec<_> = statuses.iter().copied().map(check).collect();
            Passed::new(&checks).status
        };
        assert_eq!(all(&[]), Status::Ok);
        assert_eq!(all(&[Status::Ok, Status::Ok]), Status::Ok);
        assert_eq!(all(&[Status::Ok, Status::Warn, Status::Ok]), Status::Warn);
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn milliseconds_have_one_digit_after_the_point() {
        assert_eq!(millis(Duration::from_micros(340)), 0.3);
        assert_eq!(millis(Duration::from_micros(12_370)), 12.4);
        assert_eq!(millis(Duration::ZERO), 0.0);
    }
}
