//! `wasi:http@0.3.0` messages as those of the `http` crate, and back.

use std::rc::Rc;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use spin_sdk::wasip3::http::types::{ErrorCode, Fields, Request, Response, Scheme};
use spin_sdk::wasip3::{self, wit_bindgen, wit_future, wit_stream};

use super::HttpError;
use crate::body::{Body, BodyBroken};
use crate::head::{Head, Headers};

/// The head of an incoming request, and its body, which is read when a handler asks for it.
pub(super) fn incoming(request: Request) -> Result<(Head, IncomingBody), ErrorCode> {
    let method =
        Method::try_from(request.get_method()).map_err(|_| ErrorCode::HttpRequestMethodInvalid)?;
    let uri: Uri = request
        .get_path_with_query()
        .unwrap_or_default()
        .parse()
        .map_err(|_| ErrorCode::HttpRequestUriInvalid)?;
    let headers = IncomingHeaders(Rc::new(request.get_headers()));
    let head = Head {
        method,
        uri,
        headers: Box::new(headers.clone()),
    };
    Ok((head, IncomingBody { request, headers }))
}

/// The headers of an incoming request, each copied when it is asked for.
#[derive(Clone)]
struct IncomingHeaders(Rc<Fields>);

impl Headers for IncomingHeaders {
    fn all(&self, name: &HeaderName) -> Vec<HeaderValue> {
        self.0
            .get(name.as_str())
            .into_iter()
            // The host has parsed these once; a value that is none after all is not worth a refusal.
            .filter_map(|value| HeaderValue::from_maybe_shared(Bytes::from(value)).ok())
            .collect()
    }
}

/// The body of an incoming request.
pub(super) struct IncomingBody {
    request: Request,
    headers: IncomingHeaders,
}

impl IncomingBody {
    /// Its length in bytes, if the client said it.
    fn length(&self) -> Option<usize> {
        let length = self.headers.first(&header::CONTENT_LENGTH)?;
        length.to_str().ok()?.parse().ok()
    }
}

impl Body for IncomingBody {
    async fn read(self, at_most: usize) -> Result<Option<Bytes>, BodyBroken> {
        let length = self.length();
        if length.is_some_and(|length| length > at_most) {
            return Ok(None);
        }
        let (received, outcome) = wit_future::new(|| Ok(()));
        let (mut stream, trailers) = Request::consume_body(self.request, outcome);
        // Said once the host listens, it is heard at once and is no event to wait for.
        drop(received);
        // One byte more than is allowed tells a body that just fits from one that does not.
        let end = length.unwrap_or(at_most.saturating_add(1));
        let mut body = Vec::new();
        // To ask for the end of a body whose length is known would cost two more calls of the host.
        while body.len() < end {
            let room = Vec::with_capacity(end.saturating_sub(body.len()));
            let (status, chunk) = stream.read(room).await;
            if body.is_empty() {
                body = chunk;
            } else {
                body.extend_from_slice(&chunk);
            }
            match status {
                wit_bindgen::StreamResult::Complete(_) => {}
                wit_bindgen::StreamResult::Dropped => break,
                wit_bindgen::StreamResult::Cancelled => return Err(BodyBroken),
            }
        }
        match length {
            Some(said) if body.len() == said => Ok(Some(body.into())),
            Some(_) => Err(BodyBroken),
            None if body.len() > at_most => Ok(None),
            // The stream ends early where the client went away; only the trailers tell.
            None => match trailers.await {
                Ok(_) => Ok(Some(body.into())),
                Err(_) => Err(BodyBroken),
            },
        }
    }
}

/// A response for the host, its body already in the stream.
pub(super) fn response(response: http::Response<Bytes>) -> Result<Response, ErrorCode> {
    let (head, body) = response.into_parts();
    let (stream, trailers) = outgoing_body(body);
    let (response, _sent) = Response::new(fields(&head.headers)?, Some(stream), trailers);
    if head.status != StatusCode::OK {
        response
            .set_status_code(head.status.as_u16())
            .map_err(|()| internal("status"))?;
    }
    Ok(response)
}

/// A request for `wasi:http/client`.
pub(super) fn outgoing_request(request: http::Request<Bytes>) -> Result<Request, HttpError> {
    let invalid = |what: &str| HttpError::NotReached(format!("the request's {what} is not valid"));
    let (head, body) = request.into_parts();
    let headers = fields(&head.headers).map_err(|_| invalid("header"))?;
    let (stream, trailers) = outgoing_body(body);
    let (request, _sent) = Request::new(headers, Some(stream), trailers, None);
    let scheme = head.uri.scheme().map(Scheme::from);
    request
        .set_method(&head.method.into())
        .map_err(|()| invalid("method"))?;
    request
        .set_scheme(scheme.as_ref())
        .map_err(|()| invalid("scheme"))?;
    request
        .set_authority(head.uri.authority().map(http::uri::Authority::as_str))
        .map_err(|()| invalid("authority"))?;
    request
        .set_path_with_query(head.uri.path_and_query().map(|path| path.as_str()))
        .map_err(|()| invalid("path"))?;
    Ok(request)
}

type BodyStream = wit_bindgen::StreamReader<u8>;
type Trailers = wit_bindgen::FutureReader<Result<Option<Fields>, ErrorCode>>;

/// A stream that holds `body`, and trailers that say it was complete.
///
/// The write is begun here, so that head and body can leave in one segment: a body that follows
/// its head a moment later waits for the client's delayed acknowledgement. The trailers are said
/// after it, when the host listens: they are heard at once then, and are no event to wait for.
fn outgoing_body(body: Bytes) -> (BodyStream, Trailers) {
    let (mut writer, reader) = wit_stream::new();
    let (complete, trailers) = wit_future::new(|| Ok(None));
    if !body.is_empty() {
        let mut write = Box::pin(async move {
            writer.write_all(body.into()).await;
            drop(complete);
        });
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        if write.as_mut().poll(&mut context).is_pending() {
            wasip3::spawn(write);
        }
    }
    (reader, trailers)
}

fn fields(headers: &HeaderMap) -> Result<Fields, ErrorCode> {
    let entries: Vec<_> = headers
        .iter()
        // The host writes `Host` from the authority and refuses one that is given.
        .filter(|(name, _)| *name != header::HOST)
        .map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec()))
        .collect();
    Fields::from_list(&entries).map_err(|_| internal("header"))
}

fn internal(what: &str) -> ErrorCode {
    ErrorCode::InternalError(Some(format!("the answer's {what} is not valid")))
}

/// Why there is no answer. Whatever does not say that there was no connection may have come after the
/// request had left.
pub(super) fn unanswered(code: &ErrorCode) -> HttpError {
    let reason = error_name(code);
    match code {
        ErrorCode::DnsTimeout
        | ErrorCode::DnsError(_)
        | ErrorCode::DestinationNotFound
        | ErrorCode::DestinationUnavailable
        | ErrorCode::DestinationIpProhibited
        | ErrorCode::DestinationIpUnroutable
        | ErrorCode::ConnectionRefused
        | ErrorCode::ConnectionTimeout
        | ErrorCode::ConnectionLimitReached
        | ErrorCode::TlsProtocolError
        | ErrorCode::TlsCertificateError
        | ErrorCode::TlsAlertReceived(_)
        | ErrorCode::HttpRequestDenied
        | ErrorCode::HttpRequestLengthRequired
        | ErrorCode::HttpRequestMethodInvalid
        | ErrorCode::HttpRequestUriInvalid
        | ErrorCode::HttpRequestUriTooLong => HttpError::NotReached(reason),
        _ => HttpError::Unanswered(reason),
    }
}

/// The kind of an outbound failure, without the address it was meant for.
fn error_name(code: &ErrorCode) -> String {
    let text = format!("{code:?}");
    match text.split_once(['(', '{']) {
        Some((name, _)) => name.trim().to_owned(),
        None => text,
    }
}
