//! Numbers that have been here before, that have not, and that are configured.

use http::StatusCode;
use tests::{Vars, Webhook, phone};

use crate::race::Race;
use crate::subject::Subject;

const NAMES: [&str; 4] = [
    "never seen before",
    "the same again: the control",
    "signed in before",
    "a test number",
];

pub(crate) async fn compare(
    subject: &Subject,
    webhook: &Webhook,
    samples: usize,
) -> Race<{ NAMES.len() }> {
    Race::run(NAMES, samples, async |kind| {
        subject.forget();
        // Somebody signs in: the number that is asked for then, or another.
        let (somebody, number) = (phone(), phone());
        let number = match kind {
            2 => &somebody,
            3 => Vars::TEST_NUMBERS[0].0,
            _ => &number,
        };
        assert_eq!(subject.request(&somebody).await.status, StatusCode::OK);
        let code = webhook.last().code();
        let signed_in = subject.verify(&somebody, &code).await;
        assert_eq!(signed_in.status, StatusCode::OK);

        let answer = subject.request(number).await;
        assert_eq!(answer.status, StatusCode::OK);
        answer.took
    })
    .await
}
