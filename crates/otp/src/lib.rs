//! What the two one-time-code components share.
//!
//! A code belongs to a [`Phone`] and a [`Purpose`]. Neither they nor the code reach Redis: [`Keys`],
//! derived from `otp_secret`, turn them into names and digests. [`failures`] is the budget that
//! both components keep.

mod code;
mod keys;
mod limits;
mod names;
mod phone;
mod purpose;

pub use code::{Code, Guess};
pub use keys::{Keys, Rotation};
pub use limits::{failures, life, millis};
pub use names::Names;
pub use phone::Phone;
pub use purpose::Purpose;

/// `adopt`: during a rotation of `otp_secret`, what is stored under the old secret's names moves to
/// those of the new one. A part of both components' scripts.
pub const ADOPT: &str = include_str!("adopt.lua");

/// `code_read` and `code_write`: the form in which a code is stored. A part of both components'
/// scripts.
pub const RECORD: &str = include_str!("record.lua");
