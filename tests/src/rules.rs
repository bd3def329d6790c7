//! The rules that every answer of the app keeps, whatever the question was.

use hyper::Method;
use serde_json::Value;
use sfv::{List, ListEntry, Parser};

use crate::Answer;

/// Holds one answer to a `method` request against the rules.
///
/// # Panics
/// If it breaks one, saying which.
pub fn check(method: &Method, answer: &Answer) {
    assert!(
        matches!(answer.status, 200..500 | 502 | 503),
        "no answer of the app's: {answer:?}"
    );
    has_length(method, answer);
    assert_eq!(
        answer.header("cache-control"),
        Some("no-store"),
        "{answer:?}"
    );
    let quotas = ["ratelimit", "ratelimit-policy"].map(|name| {
        let value = answer.header(name)?;
        Some(quota_list(name, value))
    });
    assert_eq!(
        quotas[0], quotas[1],
        "one field names other policies: {answer:?}"
    );
    if answer.status >= 400 && method != Method::HEAD {
        is_problem(answer);
    }
    if answer.status < 400 && !answer.body.is_empty() {
        assert_eq!(
            answer.header("content-type"),
            Some("application/json"),
            "{answer:?}"
        );
    }
}

/// Without a length, Spin's listener makes each answer wait for the client's delayed ACK.
fn has_length(method: &Method, answer: &Answer) {
    let length = answer
        .header("content-length")
        .and_then(|length| length.parse::<usize>().ok());
    match (answer.status, method) {
        (204, _) => assert_eq!(length, None, "{answer:?}"),
        (_, &Method::HEAD) => assert!(length.is_some(), "{answer:?}"),
        _ => assert_eq!(length, Some(answer.body.len()), "{answer:?}"),
    }
}

fn is_problem(answer: &Answer) {
    assert_eq!(
        answer.header("content-type"),
        Some("application/problem+json"),
        "{answer:?}"
    );
    let problem = answer.json();
    let text = |member: &str| match problem[member].as_str() {
        Some(text) if !text.is_empty() => text.to_owned(),
        _ => panic!("the problem's {member} says nothing: {answer:?}"),
    };
    text("title");
    text("detail");
    assert_eq!(problem["status"], answer.status, "{answer:?}");
    let code = text("code");
    if answer.status == 429 || code == "store-unavailable" {
        says_when_to_try_again(answer);
    }
    match code.as_str() {
        "quota-exceeded" => is_quota_problem(answer, &problem),
        code => assert_eq!(
            text("type"),
            format!("urn:problem-type:latch:{code}"),
            "{answer:?}"
        ),
    }
}

fn says_when_to_try_again(answer: &Answer) {
    let seconds = answer.header("retry-after").unwrap_or_default().parse();
    assert!(seconds.unwrap_or(0) >= 1_u32, "no time to wait: {answer:?}");
}

/// A quota answer says which limits were met.
fn is_quota_problem(answer: &Answer, problem: &Value) {
    let kind = "https://iana.org/assignments/http-problem-types#quota-exceeded";
    assert_eq!(problem["type"], kind, "{answer:?}");
    assert_eq!(answer.status, 429, "{answer:?}");

    let named = |header: &str| quota_list(header, answer.header(header).unwrap_or_default());
    let policies = named("ratelimit-policy");
    let violated = problem["violated-policies"]
        .as_array()
        .expect("violated-policies");
    assert!(!violated.is_empty(), "{answer:?}");
    for (index, policy) in violated.iter().enumerate() {
        assert!(
            !violated[..index].contains(policy),
            "{policy} is named twice: {answer:?}"
        );
        let known = policies.iter().any(|known| policy == known);
        assert!(known, "{policy} is not in RateLimit-Policy: {answer:?}");
    }
    assert!(!named("ratelimit").is_empty(), "{answer:?}");
}

/// The names in a `RateLimit` or `RateLimit-Policy` field: a structured-field list of quoted
/// strings, none of them twice, each with the integers that draft-ietf-httpapi-ratelimit-headers asks for.
fn quota_list(header: &str, value: &str) -> Vec<String> {
    let list: List = Parser::new(value)
        .parse()
        .unwrap_or_else(|error| panic!("{header}: {value}: {error}"));
    let required: &[&str] = if header == "ratelimit" {
        &["r"]
    } else {
        &["q", "w"]
    };
    let names: Vec<String> = list
        .iter()
        .map(|entry| {
            let ListEntry::Item(item) = entry else {
                panic!("{header}: {value}: an inner list")
            };
            for name in required {
                let number = item
                    .params
                    .get(*name)
                    .and_then(|number| number.as_integer());
                let number = number.map(i64::from).unwrap_or(-1);
                assert!(number >= 0, "{header}: {value}: no {name}");
            }
            let name = item.bare_item.as_string();
            name.unwrap_or_else(|| panic!("{header}: {value}: not a string"))
                .as_str()
                .to_owned()
        })
        .collect();
    for (index, name) in names.iter().enumerate() {
        let twice = names[..index].contains(name);
        assert!(!twice, "{header}: {value}: {name} twice");
    }
    names
}
