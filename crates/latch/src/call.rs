//! One call of an endpoint: the request as a handler sees it.

use bytes::Bytes;
use http::{Uri, header};
use serde::de::DeserializeOwned;

use crate::head::{Head, Headers};
use crate::json::{self, Unreadable};
use crate::problem::{Kind, Problem};
use crate::route::Parameters;

/// A request whose body has arrived.
#[derive(Debug)]
pub struct Call {
    head: Head,
    parameters: Parameters,
    body: Bytes,
}

impl Call {
    pub(crate) fn new(head: Head, parameters: Parameters, body: Bytes) -> Self {
        Self {
            head,
            parameters,
            body,
        }
    }

    /// The headers: the client's, and after them the host's own.
    pub fn headers(&self) -> &dyn Headers {
        &*self.head.headers
    }

    /// The path and the query.
    pub fn uri(&self) -> &Uri {
        &self.head.uri
    }

    /// The path segment that stands where the route has `:name`, percent-decoded.
    pub fn parameter(&self, name: &str) -> &str {
        self.parameters
            .iter()
            .find(|(known, _)| *known == name)
            .map_or("", |(_, value)| value)
    }

    /// The body as JSON of exactly the shape of `T`.
    ///
    /// Refuses another media type (415), and malformed JSON or a missing, unknown, repeated or
    /// ill-typed field (400, naming it). `T` must deny unknown fields.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        self.require_json()?;
        json::read(&self.body).map_err(|Unreadable { field, reason }| match field {
            Some(field) => {
                let detail = format!("`{field}`: {reason}.");
                Kind::INVALID_REQUEST.because(detail).with("field", field)
            }
            None => Kind::INVALID_REQUEST.because(format!("The body cannot be used: {reason}.")),
        })
    }

    fn require_json(&self) -> Result<(), Problem> {
        let content_type = self.headers().first(&header::CONTENT_TYPE);
        let media_type = content_type
            .as_ref()
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.split(';').next())
            .unwrap_or_default();
        if media_type.trim().eq_ignore_ascii_case("application/json") {
            Ok(())
        } else {
            Err(Kind::UNSUPPORTED_MEDIA_TYPE
                .because("The body must be JSON, sent as `content-type: application/json`."))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;
    use wasm_bindgen_test::wasm_bindgen_test;

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct Shape {
        name: String,
        size: Option<u8>,
        inner: Option<Inner>,
    }

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct Inner {
        deep: u8,
    }

    fn call(content_type: Option<&str>, body: &str) -> Call {
        let mut request = http::Request::builder();
        if let Some(value) = content_type {
            request = request.header(header::CONTENT_TYPE, value);
        }
        let (head, ()) = request.body(()).unwrap().into_parts();
        Call::new(
            head.into(),
            Vec::new(),
            Bytes::copy_from_slice(body.as_bytes()),
        )
    }

    fn parse(body: &str) -> Result<Shape, Problem> {
        call(Some("application/json"), body).json()
    }

    fn refusal(body: &str) -> serde_json::Value {
        let response = parse(body).unwrap_err().into_response();
        assert_eq!(response.status(), 400, "{body}");
        serde_json::from_slice(response.body()).unwrap()
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn a_body_of_the_right_shape_is_read() {
        let shape = parse(r#" {"name":"a","size":3} "#).unwrap();
        assert_eq!(
            shape,
            Shape {
                name: "a".to_owned(),
                size: Some(3),
                inner: None
            }
        );
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn a_wrong_field_is_named() {
        for (body, field) in [
            ("{}", "name"),
            (r#"{"name":"a","nom":1}"#, "nom"),
            (r#"{"name":"a","name":"b"}"#, "name"),
            (r#"{"name":5}"#, "name"),
            (r#"{"name":"a","size":256}"#, "size"),
            (r#"{"name":"a","size":-1}"#, "size"),
            (r#"{"name":"a","inner":{}}"#, "inner.deep"),
            (r#"{"name":"a","inner":{"deep":"x"}}"#, "inner.deep"),
        ] {
            let problem = refusal(body);
            assert_eq!(problem["field"], field, "{body}: {problem}");
            let detail = problem["detail"].as_str().unwrap();
            assert!(detail.contains(field), "{body}: {detail}");
        }
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn a_value_of_another_type_is_not_given_back() {
        for (body, value) in [
            (r#"{"name":302551}"#, "302551"),
            (r#"{"name":-30255.1}"#, "30255.1"),
            (r#"{"name":"a","size":"302551"}"#, "302551"),
            (r#"{"name":"a","size":"x, expected 302551"}"#, "302551"),
            (r#"{"name":"a","size":302551}"#, "302551"),
        ] {
            let problem = refusal(body);
            assert!(!problem.to_string().contains(value), "{body}: {problem}");
        }
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn what_is_not_json_or_not_an_object_has_no_field_to_blame() {
        let deep = "[".repeat(10_000);
        for body in [
            "",
            "{",
            r#"{"name":"a"} x"#,
            r#"["a"]"#,
            "null",
            "5",
            deep.as_str(),
            "{\"name\":\"\u{0}\"}",
        ] {
            let problem = refusal(body);
            assert_eq!(
                problem["field"],
                serde_json::Value::Null,
                "{body}: {problem}"
            );
        }
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn only_json_is_taken() {
        for content_type in [
            None,
            Some("text/plain"),
            Some("application/jsonx"),
            Some(""),
        ] {
            let problem = call(content_type, r#"{"name":"a"}"#)
                .json::<Shape>()
                .unwrap_err();
            assert_eq!(problem.kind(), Kind::UNSUPPORTED_MEDIA_TYPE);
        }
        for content_type in ["application/json; charset=utf-8", "Application/JSON"] {
            assert!(
                call(Some(content_type), r#"{"name":"a"}"#)
                    .json::<Shape>()
                    .is_ok()
            );
        }
    }
}
