//! From a request to its response.
//!
//! Mirrors `server.rs` of Spin's `trigger-http`: no route is 404, a component that fails is 500,
//! both without a body, and a request that names no host gets no answer at all.

use std::net::SocketAddr;

use anyhow::{Context as _, Result, bail, ensure};
use bytes::Bytes;
use http::{
    HeaderMap, Request, Response, StatusCode, Uri, header::HOST, uri::Authority, uri::Scheme,
};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use wasmtime_wasi_http::{Error, WasiBody};

use crate::{
    app::Target,
    headers,
    report::report,
    reuse::Handler,
    routes::{Match, Router, WELL_KNOWN},
};

/// The body of a response.
pub(crate) type Body = WasiBody;

/// Answers a request that came from `client`.
///
/// # Errors
/// A request that does not say whom it is for; its connection is to be closed.
pub(crate) async fn answer(
    router: &Router<Target>,
    mut request: Request<Incoming>,
    client: SocketAddr,
) -> Result<Response<Body>> {
    headers::strip(request.headers_mut());
    let path = request.uri().path().to_owned();
    if let Some(reserved) = path.strip_prefix(WELL_KNOWN) {
        return Ok(match reserved {
            "health" => Response::new(full("OK".into())),
            _ => empty(StatusCode::NOT_FOUND),
        });
    }
    let Some(found) = router.route(&path) else {
        return Ok(empty(StatusCode::NOT_FOUND));
    };
    *request.uri_mut() = absolute(request.uri(), request.headers())?;
    Ok(match &found.route.target {
        Target::Static(response) => response.response(),
        Target::Component { id, handler } => {
            let answered = call(handler, &found, request, client).await;
            answered.unwrap_or_else(|error| {
                report(format_args!(
                    "component {id:?} did not answer {path}: {error:#}"
                ));
                empty(StatusCode::INTERNAL_SERVER_ERROR)
            })
        }
    })
}

async fn call(
    handler: &Handler,
    found: &Match<'_, '_, Target>,
    mut request: Request<Incoming>,
    client: SocketAddr,
) -> Result<Response<Body>> {
    let uri = request.uri().clone();
    headers::append(request.headers_mut(), &uri, found, client)?;
    let request = request.map(|body| body.map_err(Error::from).boxed_unsync());
    Ok(handler.handle((), request).await?)
}

/// The URI with scheme and host, of which the request line of HTTP/1.1 has neither.
fn absolute(uri: &Uri, headers: &HeaderMap) -> Result<Uri> {
    let named = match headers.get(HOST) {
        Some(host) => {
            let host = host.to_str().context("the Host header is not text")?;
            Some(
                host.parse::<Authority>()
                    .context("the Host header names no host")?,
            )
        }
        None => None,
    };
    let mut parts = uri.clone().into_parts();
    let authority = match (named, parts.authority.take()) {
        (Some(host), Some(authority)) => {
            ensure!(host == authority, "the Host header contradicts the URI");
            host
        }
        (Some(host), None) => host,
        (None, Some(authority)) => authority,
        (None, None) => bail!("the request has no Host header"),
    };
    parts.scheme = Some(Scheme::HTTP);
    parts.authority = Some(authority);
    Uri::from_parts(parts).context("the URI has no path")
}

/// A body that is known as a whole.
pub(crate) fn full(bytes: Bytes) -> Body {
    Full::new(bytes)
        .map_err(|never| match never {})
        .boxed_unsync()
}

fn empty(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(full(Bytes::new()));
    *response.status_mut() = status;
    response
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn made_absolute(uri: &'static str, host: Option<&'static str>) -> Result<String> {
        let mut headers = HeaderMap::new();
        if let Some(host) = host {
            headers.insert(HOST, HeaderValue::from_static(host));
        }
        absolute(&Uri::from_static(uri), &headers).map(|uri| uri.to_string())
    }

    #[test]
    fn a_request_says_whom_it_is_for() {
        for (uri, host, absolute) in [
            ("/a?b", Some("h:1"), "http://h:1/a?b"),
            ("http://h:1/a", Some("h:1"), "http://h:1/a"),
            ("https://h:1/a", None, "http://h:1/a"),
        ] {
            assert_eq!(made_absolute(uri, host).expect(uri), absolute);
        }
        for (uri, host) in [
            ("/a", None),
            ("/a", Some("")),
            ("/a", Some("a b")),
            ("http://h:1/a", Some("h:2")),
            ("h:1", None),
        ] {
            assert!(made_absolute(uri, host).is_err(), "{uri} {host:?}");
        }
    }
}
