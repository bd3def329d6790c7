//! Right and wrong codes.

use http::StatusCode;
use tests::Vars;

use crate::race::Race;
use crate::subject::Subject;

const NAMES: [&str; 6] = [
    "wrong in the first digit",
    "the same again: the control",
    "wrong in the last digit",
    "wrong in every digit",
    "a digit longer",
    "right",
];

/// Of a number whose code is fixed, so that it is known here: it is compared like any other.
pub(crate) async fn compare(subject: &Subject, samples: usize) -> Race<{ NAMES.len() }> {
    let (phone, code) = Vars::TEST_NUMBERS[0];
    let guesses = ["923456", "923456", "123459", "987654", "1234567", code];
    Race::run(NAMES, samples, async |kind| {
        subject.forget();
        assert_eq!(subject.request(phone).await.status, StatusCode::OK);
        let answer = subject.verify(phone, guesses[kind]).await;
        let expected = match guesses[kind] == code {
            true => StatusCode::OK,
            false => StatusCode::BAD_REQUEST,
        };
        assert_eq!(answer.status, expected);
        answer.took
    })
    .await
}
