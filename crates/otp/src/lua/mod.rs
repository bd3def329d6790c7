//! The parts that scripts about codes share.

/// A sliding log.
pub(crate) const MOMENTS: &str = include_str!("moments.lua");
/// An outstanding code.
pub(crate) const RECORD: &str = include_str!("record.lua");
/// Codes whose messages are on their way.
pub(crate) const WAITING: &str = include_str!("waiting.lua");
/// Requests with an idempotency key.
pub(crate) const IDEMPOTENCY: &str = include_str!("idempotency.lua");
