//! Requests on their way into a component, `wasi:http/handler@0.3.0`.

use std::sync::Arc;

use http::{Request, Response};
use wasmtime_wasi_http::{Error, ForbiddenHeaderFilter, RequestOptions, WasiBody, WasiHttpHooks};

type Boxed<T> = Box<dyn Future<Output = Result<T, Error>> + Send>;

/// Lets every header of a request in.
///
/// A component may not *set* `host` or `transfer-encoding`, and wasmtime 48 hides from it what it
/// may not set. Spin 4.1 has an earlier wasmtime and shows them, so they are shown here.
#[derive(Debug)]
pub(crate) struct InboundHttp;

// === impl InboundHttp ===

impl WasiHttpHooks for InboundHttp {
    fn forbidden_header_filter(&mut self) -> ForbiddenHeaderFilter {
        Arc::new(|_| false)
    }

    /// Nothing goes out through here.
    fn send_request(
        &mut self,
        _: Request<WasiBody>,
        _: Option<RequestOptions>,
        _: Boxed<()>,
    ) -> Boxed<(Response<WasiBody>, Boxed<()>)> {
        Box::new(async { Err(Error::HttpRequestDenied) })
    }
}
