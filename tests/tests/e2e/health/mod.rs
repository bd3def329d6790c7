//! Health: what is wrong is named, with what to do about it, and looking leaves no trace.

mod failures;
mod probe;
mod protocols;
mod service;
mod table;
mod traces;
mod verification;
mod warnings;
