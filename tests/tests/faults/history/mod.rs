//! What concurrent callers saw while the network failed, checked against a specification.
//!
//! A history is fit if there is one order of its calls, in agreement with what was over before what
//! began, in which a plain sequential program gives the same answers. A call without an answer may
//! have happened at any time after it began, or never.

mod check;
mod plan;
mod runs;
mod specifications;
