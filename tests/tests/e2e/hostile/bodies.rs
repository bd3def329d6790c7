//! Bodies: malformed, deep, doubled, and numbers that are none.

use hyper::Method;
use serde_json::Value;
use tests::corpus;

use super::{Siege, endpoints};

/// The body with other JSON, or what looks like it, in the place of one field.
fn with(body: &Value, field: &str, json: &str) -> String {
    let mark = "\"the-place-of-a-field\"";
    let mut body = body.clone();
    body[field] = serde_json::from_str(mark).unwrap();
    body.to_string().replace(mark, json)
}

fn fields(body: &Value) -> impl Iterator<Item = &String> {
    body.as_object().unwrap().keys()
}

#[tokio::test]
async fn what_is_no_object_of_its_fields_is_refused_everywhere() {
    let siege = Siege::start().await;
    for endpoint in endpoints() {
        for body in corpus::bodies() {
            siege
                .is_refused(&endpoint.method, endpoint.path, &[], body)
                .await;
        }
    }
}

#[tokio::test]
async fn a_deep_value_is_refused_in_every_field() {
    let siege = Siege::start().await;
    for endpoint in endpoints() {
        for field in fields(&endpoint.body) {
            for deep in corpus::deep() {
                let body = with(&endpoint.body, field, &deep);
                siege
                    .is_refused(&endpoint.method, endpoint.path, &[], body)
                    .await
                    .problem(400, "invalid-request");
            }
        }
    }
}

/// A context may be any JSON: it is read without recursion, however deep it is.
#[tokio::test]
async fn a_context_as_deep_as_its_size_allows_comes_back() {
    let siege = Siege::start().await;
    let post = Method::POST;
    for (open, close) in [("[", "]"), ("{\"\":", "}")] {
        let depth = 2_047 / (open.len() + close.len());
        let context = format!("{}1{}", open.repeat(depth), close.repeat(depth));
        let begin = format!("{{\"provider\":\"a\",\"binding\":\"token\",\"context\":{context}}}");
        let issued = siege.send(&post, "/api/oauth/state", &[], begin).await;
        let issued = issued.json();
        let consume = format!(
            "{{\"state\":{},\"binding_token\":{}}}",
            issued["state"], issued["binding_token"]
        );
        let path = "/api/oauth/state/consume";
        let consumed = siege.send(&post, path, &[], consume).await;
        assert_eq!(consumed.status, 200);
        let body = String::from_utf8_lossy(&consumed.body);
        assert!(body.contains(&context), "{body}");
    }
}

#[tokio::test]
async fn a_number_is_taken_as_it_is_or_refused() {
    let siege = Siege::start().await;
    for endpoint in endpoints() {
        for field in fields(&endpoint.body) {
            for number in corpus::numbers() {
                let body = with(&endpoint.body, field, &number);
                siege.send(&endpoint.method, endpoint.path, &[], body).await;
            }
        }
    }
}

#[tokio::test]
async fn a_whole_number_is_not_written_as_a_float_or_beyond_its_range() {
    let siege = Siege::start().await;
    for endpoint in endpoints() {
        for field in fields(&endpoint.body).filter(|field| endpoint.body[field].is_u64()) {
            for number in [
                "-1",
                "-0.0",
                "0.5",
                "1.0",
                "1e0",
                "1e999",
                "18446744073709551616",
                "01",
                "\"1\"",
                "9223372036854775807",
                "true",
                "[1]",
            ] {
                let body = with(&endpoint.body, field, number);
                let answer = siege
                    .is_refused(&endpoint.method, endpoint.path, &[], body)
                    .await;
                assert!(
                    matches!(answer.status, 400 | 422),
                    "{field} {number}: {answer:?}"
                );
            }
        }
    }
}

/// Of two values a proxy may have checked the one and the app use the other.
#[tokio::test]
async fn a_field_that_is_there_twice_is_named_everywhere() {
    let siege = Siege::start().await;
    for endpoint in endpoints() {
        for field in fields(&endpoint.body) {
            let value = &endpoint.body[field];
            let body = with(
                &endpoint.body,
                field,
                &format!("{value},\"{field}\":{value}"),
            );
            let problem = siege
                .is_refused(&endpoint.method, endpoint.path, &[], body)
                .await
                .problem(400, "invalid-request");
            assert_eq!(problem["field"], field.as_str(), "{problem}");
        }
    }
}

/// An answer ends up in more logs than one.
#[tokio::test]
async fn a_code_or_state_of_another_type_is_not_given_back() {
    let siege = Siege::start().await;
    for (path, body) in [
        (
            "/api/auth/verify-otp",
            r#"{"phone":"+77010000001","otp_code":302551}"#,
        ),
        (
            "/api/auth/verify-otp",
            r#"{"phone":77010302551,"otp_code":"1"}"#,
        ),
        ("/api/oauth/state/consume", r#"{"state":302551}"#),
        (
            "/api/oauth/state/consume",
            r#"{"state":"a","binding_token":302551.5}"#,
        ),
    ] {
        let answer = siege.is_refused(&Method::POST, path, &[], body).await;
        let text = String::from_utf8_lossy(&answer.body);
        assert!(!text.contains("302551"), "{text}");
    }
}
