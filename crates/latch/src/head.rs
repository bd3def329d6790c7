//! A request's head. Of its headers, the host hands over those that are asked for.

use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, request::Parts};

/// The method, the path and the headers of a request.
pub struct Head {
    /// Its method.
    pub method: Method,
    /// Its path and query.
    pub uri: Uri,
    /// Its headers: the client's, and after them the host's own.
    pub headers: Box<dyn Headers>,
}

/// Headers that stay with the host until someone asks for them.
///
/// A browser sends some twenty, and Latch reads four: to copy them all into a component would cost
/// more than what it does with them.
pub trait Headers {
    /// The values of `name`, in the order in which they came.
    fn all(&self, name: &HeaderName) -> Vec<HeaderValue>;

    /// The first value of `name`.
    fn first(&self, name: &HeaderName) -> Option<HeaderValue> {
        self.all(name).into_iter().next()
    }
}

impl Headers for HeaderMap {
    fn all(&self, name: &HeaderName) -> Vec<HeaderValue> {
        self.get_all(name).iter().cloned().collect()
    }
}

impl From<Parts> for Head {
    fn from(parts: Parts) -> Self {
        Self {
            method: parts.method,
            uri: parts.uri,
            headers: Box::new(parts.headers),
        }
    }
}

impl std::fmt::Debug for Head {
    /// Without the headers, which open doors.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.method, self.uri)
    }
}
