//! A request's body, which a host hands over in its own way.

use bytes::Bytes;

/// The largest body that is read, in bytes.
pub(crate) const MAX_BODY: usize = 16 * 1024;

/// The body of a request that has not been read yet.
#[expect(
    async_fn_in_trait,
    reason = "an instance runs on one thread, so its futures need not be Send"
)]
pub trait Body {
    /// Reads the body to its end, or `None` if it holds more than `at_most` bytes.
    async fn read(self, at_most: usize) -> Result<Option<Bytes>, BodyBroken>;
}

/// The client stopped before the body was whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BodyBroken;

impl Body for Bytes {
    async fn read(self, at_most: usize) -> Result<Option<Bytes>, BodyBroken> {
        Ok((self.len() <= at_most).then_some(self))
    }
}
