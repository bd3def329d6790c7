//! What comes of it when somebody does all that the limits allow, for days: how many guesses are
//! ever compared, how many messages are sent, and for how long the owner of a phone is kept out. Time
//! is driven.

mod client;
mod flooding;
mod guessing;
mod lock_out;
mod many;
mod phone;
mod report;
