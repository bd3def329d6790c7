//! Outbound requests of components, `wasi:http/client@0.3.0`.
//!
//! Mirrors Spin's `factor-outbound-http`: a request leaves only for an allowed host, and its
//! connect, first-byte and between-bytes timeouts hold, 600 s each unless the component sets them.
//! Unlike Spin, each request opens a connection of its own and speaks HTTP/1.1.

use std::{io, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, combinators::UnsyncBoxBody};
use tokio::{sync::Semaphore, time::timeout};
use wasmtime_wasi_http::{
    Error, RequestOptions, WasiHttpHooks, default_send_request,
    p3::bindings::http::types::{DnsErrorPayload, ErrorCode},
};

use crate::allowed_hosts::AllowedHosts;

const DEFAULT_TIMEOUT: Duration = Duration::from_secs(600);

type Body = UnsyncBoxBody<Bytes, Error>;
type Boxed<T> = Box<dyn Future<Output = Result<T, Error>> + Send>;

/// What the instances of a component may send.
#[derive(Clone, Debug)]
pub(crate) struct OutboundHttp {
    /// The component, for messages.
    pub(crate) component: Arc<str>,
    /// Where it may send to.
    pub(crate) allowed: Arc<AllowedHosts>,
    /// One permit for each request of the application under way, if they are limited.
    pub(crate) permits: Option<Arc<Semaphore>>,
}

// === impl OutboundHttp ===

impl WasiHttpHooks for OutboundHttp {
    fn send_request(
        &mut self,
        request: Request<Body>,
        options: Option<RequestOptions>,
        _guest_read_result: Boxed<()>,
    ) -> Boxed<(Response<Body>, Boxed<()>)> {
        let url = request.uri().to_string();
        if !self.allowed.allow(&url, "https", &self.component) {
            return Box::new(async { Err(Error::HttpRequestDenied) });
        }
        Box::new(send(request, options, self.permits.clone()))
    }

    fn p3_error_from_connect(&mut self, error: &io::Error) -> ErrorCode {
        match error.kind() {
            io::ErrorKind::ConnectionRefused => ErrorCode::ConnectionRefused,
            // A name that does not resolve is the one error that no system call reports.
            _ if error.raw_os_error().is_none() => ErrorCode::DnsError(DnsErrorPayload {
                rcode: Some("address not available".to_owned()),
                info_code: Some(0),
            }),
            _ => ErrorCode::ConnectionRefused,
        }
    }
}

async fn send(
    request: Request<Body>,
    options: Option<RequestOptions>,
    permits: Option<Arc<Semaphore>>,
) -> Result<(Response<Body>, Boxed<()>), Error> {
    let limit = |of: fn(RequestOptions) -> Option<Duration>| {
        options.and_then(of).unwrap_or(DEFAULT_TIMEOUT)
    };
    let connect = limit(|options| options.connect_timeout);
    let first_byte = limit(|options| options.first_byte_timeout);

    let permit = match permits {
        Some(permits) => Some(
            timeout(connect, permits.acquire_owned())
                .await
                .map_err(|_| Error::ConnectionTimeout)?
                .map_err(|_| Error::ConnectionLimitReached)?,
        ),
        None => None,
    };
    // The TLS handshake stands under neither of the two timeouts that it falls between.
    let sent = timeout(
        connect.saturating_add(first_byte),
        default_send_request(request, options),
    );
    let (response, connection) = sent.await.map_err(|_| Error::ConnectionReadTimeout)??;
    let connection = async move {
        let ended = connection.await;
        drop(permit);
        ended
    };
    Ok((
        response.map(|body| body.boxed_unsync()),
        Box::new(connection),
    ))
}
