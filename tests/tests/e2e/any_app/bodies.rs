//! Bodies that are not what was asked for. Each is refused for what it is, and none is a 500.

use hyper::Method;
use serde_json::{Value, json};
use tests::{App, phone};

const REQUEST: &str = App::ENDPOINTS[0];
const VERIFY: &str = App::ENDPOINTS[1];

/// The 400 that names the field at fault, in its member and in words.
async fn field_at_fault(app: &App, path: &str, body: &str) -> String {
    let problem = app
        .post_text(path, &[], body)
        .await
        .problem(400, "invalid-request");
    let field = problem["field"]
        .as_str()
        .unwrap_or_else(|| panic!("{body}: {problem}"));
    assert!(
        problem["detail"].as_str().unwrap().contains(field),
        "{problem}"
    );
    field.to_owned()
}

/// The 400 in which no field is at fault.
async fn assert_malformed(app: &App, path: &str, body: impl Into<Vec<u8>>) {
    let body = body.into();
    let kind = [("content-type", "application/json")];
    let answer = app.send(Method::POST, path, &kind, body.clone()).await;
    let problem = answer.problem(400, "invalid-request");
    assert_eq!(
        problem.get("field"),
        None,
        "{}",
        String::from_utf8_lossy(&body)
    );
}

#[tokio::test]
async fn malformed_json_is_an_invalid_request() {
    let app = App::any().await;
    let good = [
        "{\"phone\":\"+77011234567\"}",
        "{\"phone\":\"+77011234567\",\"otp_code\":\"1234\"}",
    ];
    for (path, good) in App::ENDPOINTS.into_iter().zip(good) {
        let open = &good[..good.len() - 1];
        for body in [
            "",
            " ",
            "{",
            "{\"phone\"",
            "{\"phone\":\"+7701",
            "{'phone':'+77011234567'}",
            "{\"phone\":\"\\ud800\"}",
            "{\"phone\":\"line\nbreak\"}",
            "NaN",
            "phone=%2B77011234567",
            open,
            &format!("{open},}}"),
            &format!("{good} trailing"),
            &format!("{good}{good}"),
        ] {
            assert_malformed(&app, path, body).await;
        }
        assert_malformed(&app, path, b"{\"phone\":\"\xff\xfe\"}".to_vec()).await;
    }
}

#[tokio::test]
async fn what_is_no_object_is_an_invalid_request() {
    let app = App::any().await;
    for path in App::ENDPOINTS {
        for body in [
            "[]",
            "[\"+77011234567\",\"123456\"]",
            "\"+77011234567\"",
            "1",
            "true",
            "null",
        ] {
            assert_malformed(&app, path, body).await;
        }
    }
}

/// Deep enough to overflow the stack of a parser that recurses without a limit.
#[tokio::test]
async fn deep_json_is_an_invalid_request() {
    let app = App::any().await;
    for path in App::ENDPOINTS {
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            let depth = 16_000 / (open.len() + close.len());
            let deep = format!("{}1{}", open.repeat(depth), close.repeat(depth));
            app.post_text(path, &[], &deep)
                .await
                .problem(400, "invalid-request");
            let depth = depth - 10;
            let inside = format!(
                "{{\"phone\":{}1{}}}",
                open.repeat(depth),
                close.repeat(depth)
            );
            app.post_text(path, &[], &inside)
                .await
                .problem(400, "invalid-request");
            app.post_text(path, &[], &open.repeat(depth))
                .await
                .problem(400, "invalid-request");
        }
    }
}

#[tokio::test]
async fn an_unknown_field_is_named() {
    let app = App::any().await;
    let phone = phone();
    let request = json!({ "phone": phone, "admin": true }).to_string();
    let verify = json!({ "phone": phone, "otp_code": "123456", "code": "123456" }).to_string();

    assert_eq!(field_at_fault(&app, REQUEST, &request).await, "admin");
    assert_eq!(field_at_fault(&app, VERIFY, &verify).await, "code");
}

#[tokio::test]
async fn a_missing_field_is_named() {
    let app = App::any().await;

    assert_eq!(field_at_fault(&app, REQUEST, "{}").await, "phone");
    assert_eq!(
        field_at_fault(&app, REQUEST, "{\"locale\":\"en\"}").await,
        "phone"
    );
    assert_eq!(
        field_at_fault(&app, VERIFY, "{\"otp_code\":\"123456\"}").await,
        "phone"
    );
    assert_eq!(
        field_at_fault(&app, VERIFY, "{\"phone\":\"+77011234567\"}").await,
        "otp_code"
    );
}

#[tokio::test]
async fn a_field_of_another_type_is_named() {
    let app = App::any().await;
    let others: [Value; 6] = [
        json!(1),
        json!(-1.5e300),
        json!(true),
        json!(["x"]),
        json!({ "x": 1 }),
        json!(null),
    ];
    for other in others {
        let body = json!({ "phone": other }).to_string();
        assert_eq!(field_at_fault(&app, REQUEST, &body).await, "phone");
        let body = json!({ "phone": other, "otp_code": "123456" }).to_string();
        assert_eq!(field_at_fault(&app, VERIFY, &body).await, "phone");
        if other.is_null() {
            continue; // An optional field that is null may as well be absent.
        }
        for field in ["purpose", "locale"] {
            let body = json!({ "phone": "+77011234567", field: other }).to_string();
            assert_eq!(field_at_fault(&app, REQUEST, &body).await, field);
        }
        let body = json!({ "phone": "+77011234567", "otp_code": "123456", "purpose": other });
        assert_eq!(
            field_at_fault(&app, VERIFY, &body.to_string()).await,
            "purpose"
        );
    }
}

/// Of two values a proxy may have checked the one and the app use the other.
#[tokio::test]
async fn a_duplicate_field_is_named() {
    let app = App::any().await;
    let request = "{\"phone\":\"+77011234567\",\"phone\":\"+77011234568\"}";
    let verify = "{\"phone\":\"+77011234567\",\"otp_code\":\"1234\",\"otp_code\":\"5678\"}";

    assert_eq!(field_at_fault(&app, REQUEST, request).await, "phone");
    assert_eq!(field_at_fault(&app, VERIFY, verify).await, "otp_code");
}
