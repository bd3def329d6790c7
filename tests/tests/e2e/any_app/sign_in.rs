//! A whole sign-in with a number whose code is known beforehand.

use tests::{App, wrong};

#[tokio::test]
async fn a_test_number_signs_in() {
    let app = App::any().await;
    let (phone, code) = app.test_number();

    app.request(phone).await.ok();
    app.verify(phone, &wrong(code, 0))
        .await
        .problem(400, "otp-mismatch");
    app.verify(phone, code).await.ok();
    app.verify(phone, code).await.problem(410, "otp-expired");
}
