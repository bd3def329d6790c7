//! What comes of it when somebody does all that the limits allow, for days: how many guesses are
//! ever compared, and for how long the owner of the phone is kept out. Time is driven.

mod guessing;
mod lock_out;
mod phone;
mod report;
