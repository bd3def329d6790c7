//! What an answer says of a bucket. The fields are read by another library than the one that wrote
//! them: each answer that the client gets passes through it (`tests::rules`), and here its values
//! are looked at.

use sfv::{BareItem, ListEntry, Parser};
use tests::Answer;

use super::Service;

/// The one member of a list field: its name, and a parameter.
fn parameter(answer: &Answer, field: &str, name: &str) -> (String, i64) {
    let list: sfv::List = Parser::new(answer.header(field).unwrap()).parse().unwrap();
    let [ListEntry::Item(item)] = list.as_slice() else {
        panic!("{list:?} is not one item");
    };
    let BareItem::String(policy) = &item.bare_item else {
        panic!("{item:?} is not a string");
    };
    let Some(BareItem::Integer(number)) = item.params.get(name) else {
        panic!("{item:?} has no number {name}");
    };
    (policy.as_str().to_owned(), i64::from(*number))
}

#[tokio::test]
async fn a_success_says_what_is_left_and_when_the_bucket_is_full() {
    let service = Service::start().await;
    let answer = service.take("login", "a", 4).await;
    let taken = answer.ok();
    assert_eq!(taken["allowed"], true);
    assert_eq!(taken["limit"], 10);
    assert_eq!(taken["remaining"], 6);
    assert_eq!(taken["retry_after_ms"], 0);
    assert_eq!(taken["degraded"], false);
    assert_eq!(taken["reset_after_ms"], 4 * 600_000);
    let login = |number| ("login".to_owned(), number);
    assert_eq!(parameter(&answer, "ratelimit-policy", "q"), login(10));
    assert_eq!(parameter(&answer, "ratelimit-policy", "w"), login(6_000));
    assert_eq!(parameter(&answer, "ratelimit", "r"), login(6));
    assert_eq!(parameter(&answer, "ratelimit", "t"), login(2_400));
}

#[tokio::test]
async fn a_refusal_has_the_same_members_and_says_when_to_try_again() {
    let service = Service::start().await;
    service.take("login", "a", 9).await.ok();
    let answer = service.take("login", "a", 3).await;
    let refused = answer.quota_exceeded(&["login"]);
    assert_eq!(refused["allowed"], false);
    assert_eq!(refused["limit"], 10);
    assert_eq!(refused["remaining"], 1);
    assert_eq!(refused["degraded"], false);
    let wait = refused["retry_after_ms"].as_u64().unwrap();
    assert!(
        (1_190_000..=1_200_000).contains(&wait),
        "two tokens of 600 s: {wait}"
    );
    let seconds: u64 = answer.header("retry-after").unwrap().parse().unwrap();
    assert_eq!(seconds, wait.div_ceil(1000));
}
