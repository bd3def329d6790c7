//! `static_response` of a trigger.

use anyhow::{Context as _, Result};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};

use crate::{
    answer::{Body, full},
    manifest,
};

/// An answer that takes no component.
#[derive(Debug)]
pub(crate) struct StaticResponse {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

// === impl StaticResponse ===

impl StaticResponse {
    /// Reads what the manifest says.
    ///
    /// # Errors
    /// A status or a header that HTTP does not have.
    pub(crate) fn new(manifest: &manifest::StaticResponse) -> Result<Self> {
        let status = StatusCode::from_u16(manifest.status_code.unwrap_or(200))
            .context("static_response.status_code")?;
        let mut headers = HeaderMap::new();
        for (name, value) in &manifest.headers {
            let context = || format!("static_response.headers: {name:?}");
            headers.append(
                HeaderName::try_from(name).with_context(context)?,
                HeaderValue::try_from(value).with_context(context)?,
            );
        }
        let body = manifest.body.clone().unwrap_or_default().into();
        Ok(Self {
            status,
            headers,
            body,
        })
    }

    /// The answer.
    pub(crate) fn response(&self) -> Response<Body> {
        let mut response = Response::new(full(self.body.clone()));
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers.clone();
        response
    }
}
