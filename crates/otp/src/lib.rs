//! The decisions about one-time codes, each of them one script, and what they stand on.
//!
//! A code belongs to a [`Phone`] and a [`Purpose`]. Neither they nor the code reach Redis: [`Keys`],
//! derived from `otp_secret`, turn them into names and digests.
//!
//! | decision | when |
//! |---|---|
//! | [`reserve`] | may this phone be sent a code, and which? Counts the message |
//! | [`commit`] | the message was handed over, or may have been: a code that waited is alive |
//! | [`cancel`] | the message was not handed over: it does not count |
//! | [`verify`] | is this guess right? Counts the guess |
//! | [`forget`] | while `otp_secret` is rotated: the other secret's code is gone |

mod code;
mod keys;
mod limits;
mod lua;
mod names;
mod phone;
mod purpose;
mod reserve;
mod settle;
mod verify;

pub use code::{Code, Guess};
pub use keys::{Keys, Rotation};
pub use limits::{DELIVERY, Resend, Rules, Sends, Window, failures, failures_a_day, life};
pub use names::Names;
pub use phone::Phone;
pub use purpose::Purpose;
pub use reserve::{Answered, Attempt, RESERVE, Record, Reserved, Status, reserve};
pub use settle::{CANCEL, COMMIT, FORGET, cancel, commit, forget, forget_code};
pub use verify::{Compared, Outcome, VERIFY, verify};
