//! HTTP by hand, for what a well-behaved client cannot be made to send.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

/// Writes `bytes` to the server at `base` (`http://host:port`) and reads what comes back until the
/// server closes. That it answers and closes before it has read everything is its good right.
///
/// # Panics
/// If the server neither answers nor closes within half a minute.
pub async fn exchange(base: &str, bytes: &[u8]) -> String {
    let mut stream = write(base, bytes).await;
    read(&mut stream).await
}

/// The same, but the client says after `bytes` that no more will come: it gives up.
///
/// # Panics
/// If the server neither answers nor closes within half a minute.
pub async fn abandon(base: &str, bytes: &[u8]) -> String {
    let mut stream = write(base, bytes).await;
    let _ = stream.shutdown().await;
    read(&mut stream).await
}

/// A `POST` of JSON in chunks: no `content-length`, so that the receiver learns the size only by
/// reading.
pub fn chunked_post(path: &str, chunks: &[&str]) -> Vec<u8> {
    let mut request = format!(
        "POST {path} HTTP/1.1\r\nhost: latch\r\nconnection: close\r\n\
         content-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n"
    );
    for chunk in chunks {
        request.push_str(&format!("{:x}\r\n{chunk}\r\n", chunk.len()));
    }
    request.push_str("0\r\n\r\n");
    request.into_bytes()
}

async fn write(base: &str, bytes: &[u8]) -> TcpStream {
    let address = base.trim_start_matches("http://").trim_end_matches('/');
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    let _ = stream.write_all(bytes).await;
    stream
}

async fn read(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    let end = stream.read_to_end(&mut answer);
    let _ = timeout(Duration::from_secs(30), end)
        .await
        .expect("an answer or the end");
    String::from_utf8_lossy(&answer).into_owned()
}
