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
    let text = error.to_string();
    let kind = match error.kind() {
        // A code of the server that redis-rs has no name for.
        ErrorKind::Extension => {
            return match error.code() {
                Some(code) => extension(code, error.detail()),
                None => text,
            };
        }
        kind => kind,
    };
    let ErrorKind::Server(server) = kind else {
        return own(&text, kind, own_name(kind));
    };
    let name = name(server);
    // The library's own error about an answer: `Redis server refused to switch database`.
    if !text.starts_with(&format!("{server:?}")) {
        return own(&text, kind, name.unwrap_or("ResponseError"));
    }
    let Some(name) = name else {
        return extension(error.code().unwrap_or("ERR"), error.detail());
    };
    match error.detail() {
        Some(detail) => format!("An error was signalled by the server - {name}: {detail}"),
        None => format!("An error was signalled by the server- {name}"),
    }
}

/// `<what> - <kind>: <detail>`; without a detail redis-rs 0.32 leaves a space out.
fn own(text: &str, kind: ErrorKind, name: &str) -> String {
    let found = format!(" - {kind:?}");
    match text.split_once(&found) {
        Some((what, "")) => format!("{what}- {name}"),
        Some((what, detail)) => format!("{what} - {name}{detail}"),
        None => text.to_owned(),
    }
}

/// The names in redis-rs 0.32 of errors that are not the server's.
fn own_name(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Parse => "ParseError",
        ErrorKind::AuthenticationFailed => "AuthenticationFailed",
        ErrorKind::UnexpectedReturnType => "TypeError",
        ErrorKind::InvalidClientConfig => "InvalidClientConfig",
        ErrorKind::Io => "IoError",
        ErrorKind::RESP3NotSupported => "RESP3NotSupported",
        _ => "ClientError",
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

    /// What Redis answers, and the text that redis-rs 0.32.7 makes of it.
    const ANSWERS: &[(&str, &str)] = &[
        (
            "NOSCRIPT No matching script. Please use EVAL.",
            "An error was signalled by the server - NoScriptError: No matching script. Please use EVAL.",
        ),
        (
            "ERR unknown command",
            "An error was signalled by the server - ResponseError: unknown command",
        ),
        (
            "ERR Error running script (call to f_50080d91): @user_script:1: @user_script: 1: -READONLY You can't write against a read only replica.",
            "An error was signalled by the server - ResponseError: Error running script (call to f_50080d91): @user_script:1: @user_script: 1: -READONLY You can't write against a read only replica.",
        ),
        ("READONLY", "An error was signalled by the server- ReadOnly"),
        (
            "READONLY You can't write against a read only replica.",
            "An error was signalled by the server - ReadOnly: You can't write against a read only replica.",
        ),
        (
            "LOADING Redis is loading the dataset in memory",
            "An error was signalled by the server - BusyLoadingError: Redis is loading the dataset in memory",
        ),
        (
            "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
            "An error was signalled by the server - MasterDown: Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
        ),
        (
            "CLUSTERDOWN Hash slot not served",
            "An error was signalled by the server - ClusterDown: Hash slot not served",
        ),
        (
            "MOVED 8579 127.0.0.1:46813",
            "An error was signalled by the server - Moved: 8579 127.0.0.1:46813",
        ),
        (
            "EXECABORT Transaction discarded because of previous errors.",
            "An error was signalled by the server - ExecAbortError: Transaction discarded because of previous errors.",
        ),
        (
            "WRONGTYPE Operation against a key",
            "WRONGTYPE: Operation against a key",
        ),
        ("NOPERM no permission", "NOPERM: no permission"),
        (
            "NOREPLICAS Not enough good replicas to write.",
            "NOREPLICAS: Not enough good replicas to write.",
        ),
        ("OOM", "OOM: Unknown extension error encountered"),
    ];

    #[test]
    fn server_errors_read_as_on_spin() {
        for (reply, expected) in ANSWERS {
            assert_eq!(text(&format!("-{reply}\r\n")), *expected);
        }
    }

    #[test]
    fn errors_of_the_client_read_as_on_spin() {
        let refused = ErrorKind::Server(ServerErrorKind::ResponseError);
        for (error, expected) in [
            (
                RedisError::from((
                    ErrorKind::AuthenticationFailed,
                    "Password authentication failed",
                )),
                "Password authentication failed- AuthenticationFailed",
            ),
            (
                RedisError::from((
                    refused,
                    "Redis server refused to switch database",
                    "DB index is out of range".to_owned(),
                )),
                "Redis server refused to switch database - ResponseError: DB index is out of range",
            ),
            (
                RedisError::from((
                    ErrorKind::Io,
                    "Multiplexed connection driver unexpectedly terminated",
                )),
                "Multiplexed connection driver unexpectedly terminated- IoError",
            ),
            (
                RedisError::from((ErrorKind::RESP3NotSupported, "No HELLO")),
                "No HELLO- RESP3NotSupported",
            ),
            (
                RedisError::from(std::io::Error::from(std::io::ErrorKind::BrokenPipe)),
                "broken pipe",
            ),
        ] {
            assert_eq!(spin_text(&error), expected);
        }
    }
}
