//! Refusals: RFC 9457 problem details, each with a stable `code`.

use std::borrow::Cow;
use std::time::Duration;

use http::{HeaderName, HeaderValue, StatusCode, header};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::quota::{self, Quota};
use crate::response::{Response, with_body};

/// A kind of refusal: what its status, `code` and `title` always are.
///
/// A component declares its own as constants, next to one another; those that every component
/// shares are constants of this type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind {
    status: StatusCode,
    code: &'static str,
    title: &'static str,
}

impl Kind {
    /// The body, or one field of it, is not what this endpoint takes.
    pub const INVALID_REQUEST: Self = Self::new(
        StatusCode::BAD_REQUEST,
        "invalid-request",
        "Invalid request",
    );
    /// The service token is missing or wrong.
    pub const UNAUTHORIZED: Self =
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", "Unauthorized");
    /// No such path.
    pub const NOT_FOUND: Self = Self::new(StatusCode::NOT_FOUND, "not-found", "Not found");
    /// The path exists, with other methods.
    pub const METHOD_NOT_ALLOWED: Self = Self::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method-not-allowed",
        "Method not allowed",
    );
    /// The body did not arrive in time.
    pub const REQUEST_TIMEOUT: Self = Self::new(
        StatusCode::REQUEST_TIMEOUT,
        "request-timeout",
        "Request timeout",
    );
    /// The body is larger than 16 KiB.
    pub const CONTENT_TOO_LARGE: Self = Self::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "content-too-large",
        "Content too large",
    );
    /// The body is not `application/json`.
    pub const UNSUPPORTED_MEDIA_TYPE: Self = Self::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "unsupported-media-type",
        "Unsupported media type",
    );
    /// A limit is reached; the type is the one that IANA registered for it.
    pub const QUOTA_EXCEEDED: Self = Self::new(
        StatusCode::TOO_MANY_REQUESTS,
        "quota-exceeded",
        "Quota exceeded",
    );
    /// Redis cannot be reached, or refuses.
    pub const STORE_UNAVAILABLE: Self = Self::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "store-unavailable",
        "Store unavailable",
    );
    /// Nobody said where Redis is.
    pub const STORE_UNCONFIGURED: Self = Self::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "store-unconfigured",
        "Store unconfigured",
    );
    /// A variable has no usable value.
    pub const MISCONFIGURED: Self = Self::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "misconfigured",
        "Misconfigured",
    );
    /// The endpoint needs a variable that is empty.
    pub const NOT_CONFIGURED: Self = Self::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "not-configured",
        "Not configured",
    );

    /// A kind of a component's own. `code` is lower-case words joined by dashes.
    pub const fn new(status: StatusCode, code: &'static str, title: &'static str) -> Self {
        Self {
            status,
            code,
            title,
        }
    }

    /// The stable `code`.
    pub const fn code(self) -> &'static str {
        self.code
    }

    /// The HTTP status.
    pub const fn status(self) -> StatusCode {
        self.status
    }

    /// A problem of this kind. `detail` says what to do about it, and nothing that the caller
    /// does not know already.
    pub fn because(self, detail: impl Into<Cow<'static, str>>) -> Problem {
        Problem {
            kind: self,
            detail: detail.into(),
            members: Map::new(),
            headers: Vec::new(),
        }
    }

    /// The `type` member, a URI.
    fn uri(self) -> String {
        if self == Self::QUOTA_EXCEEDED {
            "https://iana.org/assignments/http-problem-types#quota-exceeded".to_owned()
        } else {
            format!("urn:problem-type:latch:{}", self.code)
        }
    }
}

/// The body of a refusal, in the order in which a person reads it.
#[derive(Serialize)]
struct Details<'a> {
    r#type: String,
    title: &'static str,
    status: u16,
    detail: &'a str,
    code: &'static str,
    #[serde(flatten)]
    members: &'a Map<String, Value>,
}

/// One refusal, on its way to the caller.
#[derive(Debug)]
pub struct Problem {
    kind: Kind,
    detail: Cow<'static, str>,
    members: Map<String, Value>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Problem {
    /// What kind of refusal this is.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// A field of the request is at fault; it is named in the detail and in the member `field`.
    pub fn field(name: &str, reason: impl AsRef<str>) -> Self {
        Kind::INVALID_REQUEST
            .because(format!("`{name}`: {}", reason.as_ref()))
            .with("field", name)
    }

    /// Adds an extension member.
    #[must_use]
    pub fn with(mut self, member: &str, value: impl Into<Value>) -> Self {
        self.members.insert(member.to_owned(), value.into());
        self
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Adds `Retry-After`: `wait` in whole seconds, rounded up, and at least 1.
    #[must_use]
    pub fn retry_after(self, wait: Duration) -> Self {
        let seconds = quota::whole_seconds(wait).max(1);
        self.header(header::RETRY_AFTER, HeaderValue::from(seconds))
    }

    /// Adds `RateLimit-Policy` and `RateLimit`.
    #[must_use]
    pub fn quotas(mut self, quotas: &[Quota<'_>]) -> Self {
        self.headers.extend(quota::fields(quotas));
        self
    }

    /// `quota-exceeded`: names those of `quotas` that are `violated`, each once, and when to try
    /// again. Of several quotas of one policy the tightest counts.
    pub fn quota_exceeded(quotas: &[Quota<'_>], violated: &[&str]) -> Self {
        let quotas = quota::tightest(quotas);
        let wait = quotas
            .iter()
            .filter(|quota| violated.contains(&quota.policy))
            .map(|quota| quota.reset)
            .max()
            .unwrap_or_default();
        let seconds = quota::whole_seconds(wait).max(1);
        let mut names: Vec<&str> = Vec::with_capacity(violated.len());
        for name in violated {
            if !names.contains(name) {
                names.push(name);
            }
        }
        Kind::QUOTA_EXCEEDED
            .because(format!("Too many requests. Try again in {seconds} s."))
            .with("violated-policies", names)
            .retry_after(wait)
            .quotas(&quotas)
    }

    pub(crate) fn into_response(self) -> Response {
        let body = Details {
            r#type: self.kind.uri(),
            title: self.kind.title,
            status: self.kind.status.as_u16(),
            detail: &self.detail,
            code: self.kind.code,
            members: &self.members,
        };
        let mut response = with_body(
            self.kind.status,
            HeaderValue::from_static("application/problem+json"),
            &body,
        );
        response.headers_mut().extend(self.headers);
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasm_bindgen_test::wasm_bindgen_test;

    fn body_of(problem: Problem) -> Value {
        serde_json::from_slice(problem.into_response().body()).unwrap()
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn a_problem_carries_the_members_of_rfc_9457_and_its_code() {
        let response = Problem::field("phone", "is missing").into_response();
        assert_eq!(response.status(), StatusCode::BAD_REQUEST);
        assert_eq!(
            response.headers()[header::CONTENT_TYPE],
            "application/problem+json"
        );
        assert_eq!(
            body_of(Problem::field("phone", "is missing")),
            serde_json::json!({
                "type": "urn:problem-type:latch:invalid-request",
                "title": "Invalid request",
                "status": 400,
                "detail": "`phone`: is missing",
                "code": "invalid-request",
                "field": "phone",
            })
        );
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn a_quota_problem_names_what_was_exceeded_and_waits_for_the_slowest() {
        let quota = |policy, seconds| Quota {
            policy,
            limit: 10,
            window: Duration::from_secs(60),
            remaining: 0,
            reset: Duration::from_secs(seconds),
        };
        let quotas = [quota("phone", 7), quota("client", 9), quota("failures", 99)];
        let problem = Problem::quota_exceeded(&quotas, &["phone", "client"]);
        let response = problem.into_response();
        assert_eq!(response.headers()[header::RETRY_AFTER], "9");
        let body: Value = serde_json::from_slice(response.body()).unwrap();
        assert_eq!(
            body["type"],
            "https://iana.org/assignments/http-problem-types#quota-exceeded"
        );
        assert_eq!(
            body["violated-policies"],
            serde_json::json!(["phone", "client"])
        );
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn a_policy_that_is_violated_twice_is_named_once() {
        let quota = |policy, seconds| Quota {
            policy,
            limit: 10,
            window: Duration::from_secs(60),
            remaining: 0,
            reset: Duration::from_secs(seconds),
        };
        let quotas = [quota("login", 7), quota("search", 1), quota("login", 30)];
        let response =
            Problem::quota_exceeded(&quotas, &["login", "search", "login"]).into_response();
        assert_eq!(response.headers()[header::RETRY_AFTER], "30");
        assert_eq!(
            response.headers()["ratelimit"],
            r#""login";r=0;t=30, "search";r=0;t=1"#
        );
        let body: Value = serde_json::from_slice(response.body()).unwrap();
        assert_eq!(
            body["violated-policies"],
            serde_json::json!(["login", "search"])
        );
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn retry_after_is_never_zero() {
        let response = Kind::STORE_UNAVAILABLE
            .because("")
            .retry_after(Duration::ZERO)
            .into_response();
        assert_eq!(response.headers()[header::RETRY_AFTER], "1");
    }
}
