//! The receiver of codes: the other end of the `webhook` delivery.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};

use http_body_util::{BodyExt, Full};
use hyper::{
    HeaderMap, Request, Response,
    body::{Bytes, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    time::{sleep, timeout},
};

use crate::Vars;

/// A receiver that records what it gets and answers as it was told. It lives in the test's runtime.
pub struct Webhook {
    url: String,
    verifier: standardwebhooks::Webhook,
    replies: Arc<Mutex<VecDeque<Reply>>>,
    deliveries: watch::Receiver<Vec<Delivery>>,
}

/// What the receiver does with one request.
#[derive(Clone, Copy, Debug)]
pub enum Reply {
    /// Answers with this status.
    Status(u16),
    /// Answers 200 after this time.
    After(Duration),
    /// Answers with this status after this time.
    StatusAfter(u16, Duration),
    /// Closes the connection without an answer.
    Drop,
}

/// One request that the receiver got.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// The method, path and version: `POST /codes HTTP/1.1`.
    pub line: String,
    /// The header fields.
    pub headers: HeaderMap,
    /// The body as it came: what the signature covers.
    pub body: Bytes,
}

impl Delivery {
    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("JSON from the webhook delivery")
    }

    /// The code in it.
    pub fn code(&self) -> String {
        self.json()["data"]["code"].as_str().unwrap().to_owned()
    }

    /// The message in it.
    pub fn text(&self) -> String {
        self.json()["data"]["text"].as_str().unwrap().to_owned()
    }

    /// The value of a header that must be there.
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .unwrap_or_else(|| panic!("no {name}"))
            .to_str()
            .unwrap()
    }
}

impl Webhook {
    /// The secret that both ends share.
    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    /// Starts a receiver that answers 200.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let replies = Arc::new(Mutex::new(VecDeque::new()));
        let (record, deliveries) = watch::channel(Vec::new());
        let receiver = Receiver {
            replies: Arc::clone(&replies),
            record: Arc::new(record),
        };
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(receiver.clone().serve(stream));
            }
        });
        let verifier = standardwebhooks::Webhook::new(Self::SECRET).unwrap();
        Self {
            url,
            verifier,
            replies,
            deliveries,
        }
    }

    /// Where it listens: `http://127.0.0.1:PORT`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What `vars` become so that codes are delivered here.
    pub fn configure(&self, vars: Vars) -> Vars {
        vars.with("otp_delivery", "webhook")
            .with("otp_webhook_url", format!("{}/codes", self.url))
            .with("otp_webhook_origin", &self.url)
            .with("otp_webhook_secret", Self::SECRET)
    }

    /// Answers the next requests so, then 200 again.
    pub fn reply(&self, replies: impl IntoIterator<Item = Reply>) {
        self.replies.lock().unwrap().extend(replies);
    }

    /// All that was received so far. A request is in it before its answer is sent.
    pub fn deliveries(&self) -> Vec<Delivery> {
        self.deliveries.borrow().clone()
    }

    /// What was received last.
    pub fn last(&self) -> Delivery {
        self.deliveries.borrow().last().expect("a delivery").clone()
    }

    /// The code that `phone` was sent last.
    pub fn code_of(&self, phone: &str) -> String {
        let deliveries = self.deliveries.borrow();
        let mut to_phone = deliveries.iter().rev();
        let last = to_phone.find(|one| one.json()["data"]["to"] == phone);
        last.expect("a delivery to that phone").code()
    }

    /// Waits until `n` requests in all were received.
    pub async fn received(&self, n: usize) {
        let mut deliveries = self.deliveries.clone();
        let all = deliveries.wait_for(|deliveries| deliveries.len() >= n);
        let all = timeout(Duration::from_secs(30), all).await;
        all.unwrap_or_else(|_| panic!("{n} requests did not come"))
            .unwrap();
    }

    /// Fails unless Standard Webhooks' own library accepts the signature and the time.
    pub fn assert_signed(&self, delivery: &Delivery) {
        self.verifier
            .verify(&delivery.body, &delivery.headers)
            .expect("a valid signature");
    }
}

/// The serving side.
#[derive(Clone)]
struct Receiver {
    replies: Arc<Mutex<VecDeque<Reply>>>,
    record: Arc<watch::Sender<Vec<Delivery>>>,
}

impl Receiver {
    async fn serve(self, stream: TcpStream) {
        let service = service_fn(|request| self.answer(request));
        // An error here is a connection that `answer` dropped.
        let _ = http1::Builder::new()
            .serve_connection(TokioIo::new(stream), service)
            .await;
    }

    async fn answer(&self, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Dropped> {
        let (head, body) = request.into_parts();
        let body = body.collect().await.map_err(|_| Dropped)?.to_bytes();
        let line = format!("{} {} {:?}", head.method, head.uri, head.version);
        let reply = self
            .replies
            .lock()
            .unwrap()
            .pop_front()
            .unwrap_or(Reply::Status(200));
        self.record.send_modify(|all| {
            all.push(Delivery {
                line,
                headers: head.headers,
                body,
            })
        });
        let status = match reply {
            Reply::Status(status) => status,
            Reply::After(time) => {
                sleep(time).await;
                200
            }
            Reply::StatusAfter(status, time) => {
                sleep(time).await;
                status
            }
            Reply::Drop => return Err(Dropped),
        };
        Ok(Response::builder()
            .status(status)
            .body(Full::default())
            .unwrap())
    }
}

/// The connection ends without an answer.
#[derive(Debug)]
struct Dropped;

impl std::fmt::Display for Dropped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("dropped as scripted")
    }
}

impl std::error::Error for Dropped {}
