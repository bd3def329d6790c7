//! The client that tests talk HTTP with.

use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::{Method, Request, body::Bytes};
use hyper_util::{
    client::legacy::{self, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde_json::Value;
use tokio::time::timeout;

use crate::{Answer, rules};

/// How long an answer may take before the app counts as hanging. Every bound that the app
/// promises is far below.
const PATIENCE: Duration = Duration::from_secs(60);

/// An HTTP/1.1 client with keep-alive for one test. Each answer is held against the [`rules`].
pub struct Client {
    base: String,
    http: legacy::Client<HttpConnector, Full<Bytes>>,
}

impl Client {
    /// A client of the server at `base`: `http://127.0.0.1:3000`.
    pub fn new(base: &str) -> Self {
        let http = legacy::Client::builder(TokioExecutor::new()).build_http();
        Self {
            base: base.trim_end_matches('/').to_owned(),
            http,
        }
    }

    /// `GET path`.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, &[], "").await
    }

    /// `POST path` with a JSON body.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.post_with(path, &[], body).await
    }

    /// `POST path` with a JSON body and further header fields.
    pub async fn post_with(&self, path: &str, headers: &[(&str, &str)], body: &Value) -> Answer {
        self.post_text(path, headers, &body.to_string()).await
    }

    /// `POST path` with a body that says it is JSON.
    pub async fn post_text(&self, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let json = [("content-type", "application/json")];
        self.send(Method::POST, path, &[&json, headers].concat(), body)
            .await
    }

    /// Any request. The answer keeps the rules.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Vec<u8>>,
    ) -> Answer {
        let answer = self.send_unruled(method.clone(), path, headers, body).await;
        rules::check(&method, &answer);
        answer
    }

    /// Any request whose answer need not be the app's: the host answers for a path without a
    /// component.
    pub async fn send_unruled(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Vec<u8>>,
    ) -> Answer {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request
            .body(Full::new(Bytes::from(body.into())))
            .expect("a request");
        let answer = async {
            let (head, body) = self
                .http
                .request(request)
                .await
                .expect("an answer")
                .into_parts();
            let body = body.collect().await.expect("a whole answer").to_bytes();
            Answer {
                status: head.status.as_u16(),
                headers: head.headers,
                body,
            }
        };
        timeout(PATIENCE, answer)
            .await
            .expect("an answer within a minute")
    }
}
