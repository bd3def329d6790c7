//! The app, over HTTP.

use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use serde_json::Value;
use ureq::Agent;

use super::table::{Mark, Row};

/// How long an answer may take: longer than the app gives its own checks.
const PATIENCE: Duration = Duration::from_secs(30);

/// More than any answer of the app's.
const MAX_ANSWER: u64 = 1 << 20;

const VERIFY: &str = "/api/health/verify";

/// An endpoint of each component. It is asked with an empty object, which every one of them refuses,
/// but only after it has read its variables.
const ENDPOINTS: [(&str, &str); 5] = [
    ("otp-request", "/api/auth/request-otp"),
    ("otp-verify", "/api/auth/verify-otp"),
    ("oauth-state", "/api/oauth/state"),
    ("circuit", "/api/circuit/latch-verify/report"),
    ("rate-limit", "/api/ratelimit"),
];

/// A running app, and the token that opens it.
pub(super) struct App {
    url: String,
    authorization: String,
    agent: Agent,
}

struct Answer {
    status: u16,
    body: Value,
}

impl App {
    pub(super) fn new(url: &str, token: &str) -> anyhow::Result<Self> {
        ensure!(
            url.starts_with("http://"),
            "--url must begin with http://. Over https: curl -X POST -H 'Authorization: Bearer \
             <token>' <url>{VERIFY}"
        );
        let agent = Agent::config_builder()
            .timeout_global(Some(PATIENCE))
            .http_status_as_error(false)
            // The token is for this app, and for nobody else.
            .max_redirects(0)
            .proxy(None)
            .build();
        Ok(Self {
            url: url.trim_end_matches('/').to_owned(),
            authorization: format!("Bearer {token}"),
            agent: agent.into(),
        })
    }

    /// The app's own checks, and whether each component can use its variables.
    pub(super) fn verify(&self) -> anyhow::Result<Vec<Row>> {
        let mut rows = self.checks()?;
        for (component, path) in ENDPOINTS {
            rows.push(self.variables_of(component, path)?);
        }
        Ok(rows)
    }

    fn checks(&self) -> anyhow::Result<Vec<Row>> {
        let url = &self.url;
        let answer = self.post(VERIFY)?;
        if let Some(checks) = answer.body.get("checks").and_then(Value::as_array) {
            return Ok(checks.iter().map(Row::of_check).collect());
        }
        match (answer.status, answer.text("code")) {
            (401, _) => bail!("{url} does not take this service token"),
            (_, "not-configured") => bail!("{url} has no service token: set service_token there"),
            // No component gets as far as its own checks.
            (_, "misconfigured") => Ok(vec![answer.as_row("variables of health", Duration::ZERO)]),
            (status, _) => bail!("there is no Latch at {url}: {VERIFY} answers {status}"),
        }
    }

    fn variables_of(&self, component: &str, path: &str) -> anyhow::Result<Row> {
        let begun = Instant::now();
        let answer = self.post(path)?;
        Ok(answer.as_row(&format!("variables of {component}"), begun.elapsed()))
    }

    fn post(&self, path: &str) -> anyhow::Result<Answer> {
        let url = &self.url;
        let mut response = self
            .agent
            .post(format!("{url}{path}"))
            .header("authorization", &self.authorization)
            .header("content-type", "application/json")
            .send("{}")
            .with_context(|| format!("nothing answers at {url} (is the app up?)"))?;
        let body = response.body_mut().with_config().limit(MAX_ANSWER);
        let body = body
            .read_to_string()
            .with_context(|| format!("reading the answer of {url}"))?;
        Ok(Answer {
            status: response.status().as_u16(),
            // What is not JSON is not Latch's, and is told apart by its status.
            body: serde_json::from_str(&body).unwrap_or_default(),
        })
    }
}

impl Answer {
    fn text(&self, member: &str) -> &str {
        let text = self.body.get(member).and_then(Value::as_str);
        text.unwrap_or_default()
    }

    /// What an answer to an empty object says of the component's variables.
    fn as_row(&self, name: &str, took: Duration) -> Row {
        let (mark, detail, fix) = match (self.status, self.text("code")) {
            (400, "invalid-request") => (Mark::Ok, String::new(), String::new()),
            (503, code) if !code.is_empty() => {
                (Mark::Fail, code.to_owned(), self.text("detail").to_owned())
            }
            (status, _) => (
                Mark::Fail,
                format!("answers {status}"),
                "See that spin.toml has the component and its routes, and read the app's log."
                    .to_owned(),
            ),
        };
        Row {
            mark,
            name: name.to_owned(),
            ms: took.as_secs_f64() * 1000.0,
            detail,
            fix,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_plain_http_is_spoken() {
        for url in ["https://latch.example", "latch.example", ""] {
            assert!(App::new(url, "t").is_err(), "{url}");
        }
        assert_eq!(App::new("http://latch/", "t").unwrap().url, "http://latch");
    }

    #[test]
    fn a_component_that_refuses_an_empty_object_can_use_its_variables() {
        let row = |status, body: Value| Answer { status, body }.as_row("x", Duration::ZERO);
        assert_eq!(row(400, json!({"code": "invalid-request"})).mark, Mark::Ok);
        let wrong = row(
            503,
            json!({"code": "misconfigured", "detail": "The variable."}),
        );
        assert_eq!(wrong.mark, Mark::Fail);
        assert_eq!(
            (&*wrong.detail, &*wrong.fix),
            ("misconfigured", "The variable.")
        );
        assert_eq!(row(404, Value::Null).mark, Mark::Fail);
        assert_eq!(row(503, Value::Null).detail, "answers 503");
    }
}
