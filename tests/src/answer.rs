//! What the app answered.

use hyper::{HeaderMap, body::Bytes};
use serde_json::Value;

/// One HTTP answer, read to its end.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The header fields.
    pub headers: HeaderMap,
    /// The body as it came.
    pub body: Bytes,
}

impl Answer {
    /// A header's value, if it is there and is text. The first, if there are several.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// If it is something else.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The `code` of a problem; none if the answer is not a problem.
    pub fn code(&self) -> Option<String> {
        let problem: Value = serde_json::from_slice(&self.body).ok()?;
        Some(problem.get("code")?.as_str()?.to_owned())
    }

    /// The body of a success.
    ///
    /// # Panics
    /// If the status is not 200.
    pub fn ok(&self) -> Value {
        assert_eq!(self.status, 200, "{self:?}");
        self.json()
    }

    /// The body of the problem that was expected.
    ///
    /// # Panics
    /// If it is another answer.
    pub fn problem(&self, status: u16, code: &str) -> Value {
        assert_eq!(
            (self.status, self.code().as_deref()),
            (status, Some(code)),
            "{self:?}"
        );
        self.json()
    }

    /// The body of the 429 that says which of the policies were violated.
    ///
    /// # Panics
    /// If it is another answer, or names other policies.
    pub fn quota_exceeded(&self, policies: &[&str]) -> Value {
        let problem = self.problem(429, "quota-exceeded");
        let mut violated: Vec<&str> = problem["violated-policies"]
            .as_array()
            .unwrap()
            .iter()
            .flat_map(Value::as_str)
            .collect();
        violated.sort_unstable();
        assert_eq!(violated, policies, "{self:?}");
        problem
    }
}
