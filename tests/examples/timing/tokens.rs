//! Right and wrong service tokens.

use http::StatusCode;

use crate::race::Race;
use crate::subject::{Subject, TOKEN};

const NAMES: [&str; 6] = [
    "wrong in the first byte",
    "the same again: the control",
    "wrong in the last byte",
    "a byte longer",
    "a byte",
    "right",
];

pub(crate) async fn compare(subject: &Subject, samples: usize) -> Race<{ NAMES.len() }> {
    let first = format!("x{}", &TOKEN[1..]);
    let last = format!("{}x", &TOKEN[..TOKEN.len() - 1]);
    let longer = format!("{TOKEN}x");
    let tokens = [&first, &first, &last, &longer, "x", TOKEN];
    Race::run(NAMES, samples, async |kind| {
        let answer = subject.authorize(tokens[kind]).await;
        let expected = match tokens[kind] == TOKEN {
            true => StatusCode::BAD_REQUEST,
            false => StatusCode::UNAUTHORIZED,
        };
        assert_eq!(answer.status, expected);
        answer.took
    })
    .await
}
