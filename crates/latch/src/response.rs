//! Answers, and what they all carry.

use bytes::Bytes;
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;

/// An answer, its body whole.
pub type Response = http::Response<Bytes>;

/// An answer with a JSON body.
pub fn json(status: StatusCode, body: &impl Serialize) -> Response {
    with_body(status, HeaderValue::from_static("application/json"), body)
}

pub(crate) fn with_body(
    status: StatusCode,
    content_type: HeaderValue,
    body: &impl Serialize,
) -> Response {
    // What we serialize is strings, numbers and maps of strings: it cannot fail.
    let body = serde_json::to_vec(body).unwrap_or_default();
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, content_type);
    response
}

/// An answer without a body.
pub(crate) fn empty(status: StatusCode) -> Response {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = status;
    response
}

/// Adds what every answer carries.
///
/// `content-length` is more than a courtesy: without it the host sends chunks, in segments that
/// each wait for the client's delayed acknowledgement. 204 has none (RFC 9110, section 8.6).
pub(crate) fn finish(mut response: Response) -> Response {
    let length = response.body().len();
    let status = response.status();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if status != StatusCode::NO_CONTENT {
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    }
    response
}
