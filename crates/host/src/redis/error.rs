//! Errors in the words that a component meets on Spin.
//!
//! Spin passes on the text of redis-rs 0.32, and components tell errors apart by it:
//! `NoScriptError` is the best known. Later versions have other words, so these are put back.

use std::fmt::Display;

use redis::{ErrorKind, RedisError, ServerErrorKind};

use crate::bindings::spin::redis::redis::Error;

/// An error of this host's own.
pub(super) fn other(error: impl Display) -> Error {
    Error::Other(error.to_string())
}

/// What redis-rs reports.
pub(super) fn from_redis(error: RedisError) -> Error {
    other(spin_text(&error))
}

fn spin_text(error: &RedisError) -> String {
    let detail = error.detail();
    let kind = match error.kind() {
        ErrorKind::Server(kind) => kind,
        // A code of the server that redis-rs has no name for.
        ErrorKind::Extension => {
            return match (error.code(), detail) {
                (Some(code), detail) => extension(code, detail),
                (None, _) => error.to_string(),
            };
        }
        _ => return error.to_string(),
    };
    let Some(name) = name(kind) else {
        return extension(error.code().unwrap_or("ERR"), detail);
    };
    match detail {
        Some(detail) => format!("An error was signalled by the server - {name}: {detail}"),
        None => format!("An error was signalled by the server- {name}"),
    }
}

fn extension(code: &str, detail: Option<&str>) -> String {
    let detail = detail.unwrap_or("Unknown extension error encountered");
    format!("{code}: {detail}")
}

fn name(kind: ServerErrorKind) -> Option<&'static str> {
    Some(match kind {
        ServerErrorKind::ResponseError => "ResponseError",
        ServerErrorKind::ExecAbort => "ExecAbortError",
        ServerErrorKind::BusyLoading => "BusyLoadingError",
        ServerErrorKind::NoScript => "NoScriptError",
        ServerErrorKind::Moved => "Moved",
        ServerErrorKind::Ask => "Ask",
        ServerErrorKind::TryAgain => "TryAgain",
        ServerErrorKind::ClusterDown => "ClusterDown",
        ServerErrorKind::CrossSlot => "CrossSlot",
        ServerErrorKind::MasterDown => "MasterDown",
        ServerErrorKind::ReadOnly => "ReadOnly",
        ServerErrorKind::NotBusy => "NotBusy",
        ServerErrorKind::NoSub => "NoSub",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text for a reply of the server, error replies being lines that start with `-`.
    fn text(reply: &str) -> String {
        let value = redis::parse_redis_value(reply.as_bytes()).expect("a reply");
        spin_text(&value.extract_error().expect_err("an error"))
    }

    #[test]
    fn server_errors_read_as_on_spin() {
        assert_eq!(
            text("-NOSCRIPT No matching script. Please use EVAL.\r\n"),
            "An error was signalled by the server - NoScriptError: \
             No matching script. Please use EVAL."
        );
        assert_eq!(
            text("-ERR unknown command\r\n"),
            "An error was signalled by the server - ResponseError: unknown command"
        );
        assert_eq!(
            text("-WRONGTYPE Operation against a key\r\n"),
            "WRONGTYPE: Operation against a key"
        );
        assert_eq!(text("-NOPERM no permission\r\n"), "NOPERM: no permission");
        assert_eq!(
            text("-READONLY\r\n"),
            "An error was signalled by the server- ReadOnly"
        );
    }
}
