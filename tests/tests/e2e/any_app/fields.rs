//! Values that cannot be what their fields are for.

use serde_json::json;
use tests::{App, phone};

#[tokio::test]
async fn what_is_no_e164_number_is_an_invalid_phone() {
    let app = App::any().await;
    for phone in [
        "",
        "+",
        "77011234567",
        "0077011234567",
        "++77011234567",
        "7+7011234567",
        "+7701abc4567",
        "+123456",
        "+1234567890123456",
        "+07011234567",
        "+７７０１１２３４５６７",
        "+7701123456７",
        "+٧٧٠١١٢٣٤٥٦٧",
        "+7.701.123.45.67",
        "+7701/1234567",
        "+77011234567x12",
        "+77011234567\n",
        "+7701\u{0}1234567",
        "tel:+77011234567",
        "-+-",
        "$(reboot)",
    ] {
        app.request(phone).await.problem(400, "invalid-phone");
        app.verify(phone, "123456")
            .await
            .problem(400, "invalid-phone");
    }
}

#[tokio::test]
async fn what_is_not_short_and_plain_is_no_purpose() {
    let app = App::any().await;
    let too_long = "a".repeat(33);
    for purpose in [
        "", "Login", "log in", "log:in", "log{in}", "вход", "login\n", &too_long,
    ] {
        let phone = phone();
        let ask = json!({ "phone": phone, "purpose": purpose });
        let problem = app
            .request_with(&[], &ask)
            .await
            .problem(400, "invalid-request");
        assert_eq!(problem["field"], "purpose");
        let ask = json!({ "phone": phone, "otp_code": "123456", "purpose": purpose });
        let problem = app.verify_with(&ask).await.problem(400, "invalid-request");
        assert_eq!(problem["field"], "purpose");
    }
}

#[tokio::test]
async fn what_is_no_language_tag_is_an_invalid_request() {
    let app = App::any().await;
    for locale in ["", "en; DROP TABLE", "қазақша", &"x".repeat(5000)] {
        let ask = json!({ "phone": phone(), "locale": locale });
        let problem = app
            .request_with(&[], &ask)
            .await
            .problem(400, "invalid-request");
        assert_eq!(problem["field"], "locale");
    }
}
