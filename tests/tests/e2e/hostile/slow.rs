//! Clients that take their time, and clients that take none.

use std::time::Duration;

use tests::phone;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{sleep, timeout},
};

use super::Siege;

async fn connect(siege: &Siege) -> TcpStream {
    let address = siege.0.url().trim_start_matches("http://");
    let stream = TcpStream::connect(address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

async fn read(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    timeout(Duration::from_secs(60), stream.read_to_end(&mut answer))
        .await
        .expect("an answer in bounded time")
        .unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

fn head(length: usize) -> String {
    format!(
        "POST /api/auth/request-otp HTTP/1.1\r\nhost: latch\r\nconnection: close\r\n\
         content-type: application/json\r\ncontent-length: {length}\r\n\r\n"
    )
}

#[tokio::test]
async fn a_request_may_come_byte_by_byte() {
    let siege = Siege::start().await;
    let body = format!("{{\"phone\":\"{}\"}}", phone());
    let request = head(body.len()) + &body;
    let mut stream = connect(&siege).await;
    for byte in request.bytes() {
        stream.write_u8(byte).await.unwrap();
        sleep(Duration::from_millis(2)).await;
    }
    let answer = read(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    siege.holds();
}

/// A byte now and then buys no time: what counts is the whole body.
#[tokio::test]
async fn a_body_that_trickles_for_too_long_is_a_408_and_holds_up_nobody() {
    let siege = Siege::start().await;
    let mut streams = Vec::new();
    for _ in 0..20 {
        let mut stream = connect(&siege).await;
        stream.write_all(head(10_000).as_bytes()).await.unwrap();
        streams.push(stream);
    }
    for _ in 0..24 {
        for stream in &mut streams {
            // Refused by now, perhaps.
            let _ = stream.write_all(b" ").await;
        }
        siege.0.request(&phone()).await.ok();
        sleep(Duration::from_millis(500)).await;
    }
    for stream in &mut streams {
        let answer = read(stream).await;
        assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    }
    siege.holds();
}

#[tokio::test]
async fn requests_that_come_at_once_are_answered_in_order() {
    const MANY: usize = 500;
    let siege = Siege::start().await;
    let token = siege.0.service_token();
    let requests: String = (0..MANY)
        .map(|n| {
            let last = if n == MANY - 1 {
                "connection: close\r\n"
            } else {
                ""
            };
            format!(
                "GET /api/circuit/n{n} HTTP/1.1\r\nhost: latch\r\n{last}\
                 authorization: Bearer {token}\r\n\r\n"
            )
        })
        .collect();
    let mut stream = connect(&siege).await;
    let (mut reader, mut writer) = stream.split();
    let mut answers = String::new();
    let write = async { writer.write_all(requests.as_bytes()).await.unwrap() };
    let read = timeout(Duration::from_secs(60), reader.read_to_string(&mut answers));
    let (_, read) = tokio::join!(write, read);
    read.expect("answers in bounded time").unwrap();

    let names: Vec<_> = answers
        .split("\"name\":\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .collect();
    let expected: Vec<_> = (0..MANY).map(|n| format!("n{n}")).collect();
    assert_eq!(names, expected);
    siege.holds();
}
