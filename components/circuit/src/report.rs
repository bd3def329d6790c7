//! How calls went.

use latch::{Argument, Call, Context, Platform, Problem, Response, Script};
use serde::Deserialize;

use crate::circuit::{Circuit, SHARED};
use crate::name::is_plain;
use crate::policy::Policy;
use crate::status;

/// Takes in how calls went.
pub static REPORT: Script = Script::new(&[
    Script::CLOCK,
    Script::KEY,
    SHARED,
    include_str!("report.lua"),
]);

const MAX_BATCH: u64 = 1_000_000;
const MAX_DURATION_MS: u64 = 24 * 60 * 60 * 1_000;
const MAX_REPORTER: usize = 64;
const MAX_PERMIT: usize = 64;

/// One call, or a batch of them.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    outcome: Option<Outcome>,
    duration_ms: Option<u64>,
    permit: Option<String>,
    successes: Option<u64>,
    failures: Option<u64>,
    slow: Option<u64>,
    generation: Option<u64>,
    reporter: Option<String>,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Outcome {
    Success,
    Failure,
    /// It says nothing about the dependency: its permit goes back.
    Ignored,
}

/// What a script is told.
#[derive(Debug, Default, PartialEq, Eq)]
struct Report {
    successes: u64,
    failures: u64,
    slow: u64,
    reporter: String,
    permit: String,
    duration_ms: u64,
    /// Of the answer that let the calls pass. `None` if they do not say.
    generation: Option<u64>,
}

/// `POST /api/circuit/:name/report`.
pub(crate) async fn report<P: Platform>(
    circuit: &Circuit<'_>,
    context: &Context<'_, P>,
    call: &Call,
) -> Result<Response, Problem> {
    let report = Report::new(call.json()?, &circuit.policy.policy)?;
    let arguments = [
        report.successes.into(),
        report.failures.into(),
        report.slow.into(),
        report.reporter.as_str().into(),
        report.permit.as_str().into(),
        report.duration_ms.into(),
        report.generation.map_or("".into(), Argument::from),
    ];
    status::after(circuit, context, &REPORT, arguments).await
}

impl Report {
    fn new(body: Body, policy: &Policy) -> Result<Self, Problem> {
        let mut report = match body.outcome {
            Some(outcome) => Self::of_call(outcome, &body, policy)?,
            None => Self::of_batch(&body)?,
        };
        report.generation = body.generation;
        if let Some(reporter) = body.reporter {
            if !is_plain(&reporter, MAX_REPORTER) {
                return Err(Problem::field(
                    "reporter",
                    "must be 1 to 64 characters of A-Z a-z 0-9 . _ : -",
                ));
            }
            report.reporter = reporter;
        }
        Ok(report)
    }

    fn of_call(outcome: Outcome, body: &Body, policy: &Policy) -> Result<Self, Problem> {
        none(
            "is for a batch, and this report has an `outcome`.",
            [
                ("successes", body.successes.is_some()),
                ("failures", body.failures.is_some()),
                ("slow", body.slow.is_some()),
            ],
        )?;
        let permit = body.permit.clone().unwrap_or_default();
        if body.permit.is_some() && !(1..=MAX_PERMIT).contains(&permit.len()) {
            return Err(Problem::field(
                "permit",
                "must be a permit, as it was lent.",
            ));
        }
        let duration_ms = body.duration_ms.unwrap_or_default();
        if duration_ms > MAX_DURATION_MS {
            return Err(Problem::field("duration_ms", "must be at most a day."));
        }
        let counts = outcome != Outcome::Ignored;
        Ok(Self {
            successes: u64::from(outcome == Outcome::Success),
            failures: u64::from(outcome == Outcome::Failure),
            slow: u64::from(counts && duration_ms > policy.slow_call_duration_ms),
            permit,
            duration_ms,
            ..Self::default()
        })
    }

    fn of_batch(body: &Body) -> Result<Self, Problem> {
        none(
            "is for one call, and this report has no `outcome`.",
            [
                ("duration_ms", body.duration_ms.is_some()),
                ("permit", body.permit.is_some()),
            ],
        )?;
        let is_batch = body.successes.or(body.failures).or(body.slow).is_some();
        let count = |field, count: Option<u64>| {
            count.ok_or_else(|| {
                Problem::field(
                    if is_batch { field } else { "outcome" },
                    "is missing: a report has an `outcome`, or `successes`, `failures` and `slow`.",
                )
            })
        };
        let successes = count("successes", body.successes)?;
        let failures = count("failures", body.failures)?;
        let slow = count("slow", body.slow)?;
        for (field, count) in [("successes", successes), ("failures", failures)] {
            if count > MAX_BATCH {
                return Err(Problem::field(field, "must be at most 1000000."));
            }
        }
        if slow > successes.saturating_add(failures) {
            return Err(Problem::field("slow", "must not be more than all calls."));
        }
        Ok(Self {
            successes,
            failures,
            slow,
            ..Self::default()
        })
    }
}

/// Refuses the first of `fields` that is there.
fn none<const N: usize>(reason: &str, fields: [(&str, bool); N]) -> Result<(), Problem> {
    match fields.iter().find(|(_, given)| *given) {
        Some((field, _)) => Err(Problem::field(field, reason)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use latch::Kind;
    use serde_json::{Value, json};
    use wasm_bindgen_test::wasm_bindgen_test;

    fn report(body: Value) -> Result<Report, Problem> {
        Report::new(serde_json::from_value(body).unwrap(), &Policy::default())
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn a_call_counts_once() {
        let success = Report {
            successes: 1,
            ..Report::default()
        };
        assert_eq!(report(json!({"outcome": "success"})).unwrap(), success);
        let body = json!({
            "outcome": "failure", "duration_ms": 5_001, "permit": "1-1", "generation": 1,
            "reporter": "api-7",
        });
        let failure = Report {
            failures: 1,
            slow: 1,
            reporter: "api-7".to_owned(),
            permit: "1-1".to_owned(),
            duration_ms: 5_001,
            generation: Some(1),
            ..Report::default()
        };
        assert_eq!(report(body).unwrap(), failure);
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn a_call_that_took_just_as_long_as_it_may_is_not_slow() {
        let body = json!({"outcome": "success", "duration_ms": 5_000});
        assert_eq!(report(body).unwrap().slow, 0);
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn an_ignored_call_counts_for_nothing() {
        let body = json!({"outcome": "ignored", "duration_ms": 60_000, "permit": "1-1"});
        let report = report(body).unwrap();
        assert_eq!((report.successes, report.failures, report.slow), (0, 0, 0));
        assert_eq!(report.permit, "1-1");
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn a_batch_counts_as_it_says() {
        let body = json!({
            "successes": 7, "failures": 2, "slow": 9, "generation": 4, "reporter": "api-7",
        });
        let batch = Report {
            successes: 7,
            failures: 2,
            slow: 9,
            generation: Some(4),
            reporter: "api-7".to_owned(),
            ..Report::default()
        };
        assert_eq!(report(body).unwrap(), batch);
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn anything_in_between_is_refused() {
        for (body, field) in [
            (json!({}), "outcome"),
            (json!({"reporter": "a"}), "outcome"),
            (json!({"failures": 1, "slow": 0}), "successes"),
            (json!({"successes": 1, "slow": 0}), "failures"),
            (json!({"successes": 1, "failures": 0}), "slow"),
            (json!({"outcome": "success", "failures": 1}), "failures"),
            (
                json!({"successes": 1, "failures": 0, "slow": 0, "permit": "1-1"}),
                "permit",
            ),
            (json!({"successes": 1, "failures": 0, "slow": 2}), "slow"),
            (
                json!({"successes": 1_000_001, "failures": 0, "slow": 0}),
                "successes",
            ),
            (json!({"outcome": "success", "permit": ""}), "permit"),
            (
                json!({"outcome": "success", "duration_ms": 86_400_001}),
                "duration_ms",
            ),
            (
                json!({"outcome": "success", "reporter": "two words"}),
                "reporter",
            ),
        ] {
            let problem = report(body.clone()).unwrap_err();
            assert_eq!(problem.kind(), Kind::INVALID_REQUEST);
            let named = format!("`{field}`");
            assert!(format!("{problem:?}").contains(&named), "{body}");
        }
    }
}
