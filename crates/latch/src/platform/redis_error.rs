//! Sorting the errors of Redis by what can be done about them.
//!
//! Spin hands on nothing but the text that redis-rs makes of an error, so a text is read back into the
//! code and the detail that the server sent. The wordings are those of redis-rs 0.32, which is in
//! Spin 4.1, and of redis-rs 1.x.

use super::RedisError;

/// How redis-rs 0.32 begins an error whose code it knows.
const SIGNALLED: &str = "An error was signalled by the server";

/// The names that redis-rs 0.32 and 1.x have for error codes.
const NAMES: &[(&str, &str)] = &[
    ("ResponseError", "ERR"),
    ("ExecAbortError", "EXECABORT"),
    ("ExecAbort", "EXECABORT"),
    ("BusyLoadingError", "LOADING"),
    ("BusyLoading", "LOADING"),
    ("NoScriptError", "NOSCRIPT"),
    ("NoScript", "NOSCRIPT"),
    ("Moved", "MOVED"),
    ("Ask", "ASK"),
    ("TryAgain", "TRYAGAIN"),
    ("ClusterDown", "CLUSTERDOWN"),
    ("CrossSlot", "CROSSSLOT"),
    ("MasterDown", "MASTERDOWN"),
    ("ReadOnly", "READONLY"),
    ("NotBusy", "NOTBUSY"),
    ("NoSub", "NOSUB"),
    ("NoPerm", "NOPERM"),
];

/// What redis-rs says where the server refuses a step of connecting, and where a reply is of a type
/// that the caller cannot take. Neither says anything against the connection.
const ANSWERED: &[&str] = &[
    "Password authentication failed",
    "Redis server refused to",
    "Redis Server doesn't support HELLO command",
    "Could not convert Redis response",
    "Response was of incompatible type",
    "Incompatible type - ",
    "query result exceeds limit of",
];

/// The codes of a server that has carried nothing out, in the place of which another one will:
///
/// - `READONLY`: it is a replica. `MASTERDOWN`: it is one that has lost its primary.
/// - `LOADING`: it has just been started, or is taking over another server's data.
/// - `NOREPLICAS`: it is a primary that has lost its replicas, which may have another primary by now.
/// - `CLUSTERDOWN`, `MOVED`, `ASK`: in a cluster, other nodes have the key.
///
/// `TRYAGAIN` is not among them: the server is the right one, and needs time.
const ELSEWHERE: &[&str] = &[
    "READONLY",
    "MASTERDOWN",
    "LOADING",
    "NOREPLICAS",
    "CLUSTERDOWN",
    "MOVED",
    "ASK",
];

/// Sorts an error text. One that is not recognised as an answer of the server counts as a broken
/// connection: whether the command was carried out is unknown then.
pub(super) fn classify(text: String) -> RedisError {
    match read(&text) {
        Some((code, detail)) => answered(code, detail, &text),
        None if ANSWERED.iter().any(|begin| text.starts_with(begin)) => RedisError::Refused(text),
        None => RedisError::Broken(text),
    }
}

/// Sorts an error that the server answered with: its code, what it says behind it, and the text for
/// the log.
pub(super) fn answered(code: &str, detail: &str, text: &str) -> RedisError {
    match raised_in_script(detail).unwrap_or(code) {
        "NOSCRIPT" => RedisError::NoScript,
        code if ELSEWHERE.contains(&code) => RedisError::Elsewhere(text.to_owned()),
        _ => RedisError::Refused(text.to_owned()),
    }
}

/// The code and the detail of an error of the server, in the words of redis-rs.
fn read(text: &str) -> Option<(&str, &str)> {
    let named = match text.strip_prefix(SIGNALLED) {
        // `An error was signalled by the server - ReadOnly: ...`, `...server- ReadOnly`.
        Some(rest) => rest.trim_start_matches([' ', '-']),
        None => text,
    };
    // `ReadOnly: ...`, `OOM: ...`, `"OOM": ...`.
    let (name, detail) = named.split_once(": ").unwrap_or((named, ""));
    if let Some((_, code)) = NAMES.iter().find(|(known, _)| *known == name) {
        return Some((code, detail));
    }
    let quoted = name
        .strip_prefix('"')
        .and_then(|name| name.strip_suffix('"'));
    if let Some(code) = quoted {
        return Some((code, detail));
    }
    if is_code(name) {
        return Some((name, detail));
    }
    // Words of a later redis-rs.
    text.starts_with(SIGNALLED).then_some(("ERR", detail))
}

/// The code of an error that a command met within a script.
///
/// Redis 6.2: `Error running script (call to f_<sha1>): @user_script:1: @user_script: 1: -READONLY ...`.
/// Redis 7, where the script has caught the error and raised it again: `user_script:1: READONLY ...`.
fn raised_in_script(detail: &str) -> Option<&str> {
    let codes = detail.split("user_script:").skip(1).filter_map(|rest| {
        let line = rest.trim_start();
        let error = line
            .trim_start_matches(|letter: char| letter.is_ascii_digit())
            .strip_prefix(": ")?;
        let error = error.strip_prefix('-').unwrap_or(error);
        let code = error.split(' ').next()?;
        is_code(code).then_some(code)
    });
    codes.last()
}

/// `OOM`, `WRONGPASS`: upper-case letters.
fn is_code(word: &str) -> bool {
    word.len() >= 2 && word.bytes().all(|byte| byte.is_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasm_bindgen_test::wasm_bindgen_test;

    #[derive(Clone, Copy, Debug, PartialEq)]
    enum Class {
        NoScript,
        Elsewhere,
        Refused,
        Broken,
    }
    use Class::{Broken, Elsewhere, NoScript, Refused};

    fn class(error: &RedisError) -> Class {
        match error {
            RedisError::NoScript => NoScript,
            RedisError::Elsewhere(_) => Elsewhere,
            RedisError::Refused(_) => Refused,
            RedisError::Broken(_) => Broken,
            RedisError::NotAllowed => panic!("{error:?}"),
        }
    }

    /// What Redis sends behind the `-`, and what redis-rs 0.32.7 and 1.8.1 make of it. The servers'
    /// own words were taken from Redis 6.2.14 and 7.0.15 and Valkey 8.1.8.
    const ANSWERS: &[(Class, &str, &str, &str)] = &[
        (
            NoScript,
            "NOSCRIPT No matching script. Please use EVAL.",
            "An error was signalled by the server - NoScriptError: No matching script. Please use EVAL.",
            "NoScript: No matching script. Please use EVAL.",
        ),
        (
            Elsewhere,
            "READONLY You can't write against a read only replica.",
            "An error was signalled by the server - ReadOnly: You can't write against a read only replica.",
            "ReadOnly: You can't write against a read only replica.",
        ),
        (
            Elsewhere,
            "READONLY",
            "An error was signalled by the server- ReadOnly",
            "ReadOnly",
        ),
        (
            Elsewhere,
            "READONLY You can't write against a read only replica. script: 50080d91, on @user_script:1.",
            "An error was signalled by the server - ReadOnly: You can't write against a read only replica. script: 50080d91, on @user_script:1.",
            "ReadOnly: You can't write against a read only replica. script: 50080d91, on @user_script:1.",
        ),
        (
            Elsewhere,
            "ERR Error running script (call to f_50080d91): @user_script:1: @user_script: 1: -READONLY You can't write against a read only replica.",
            "An error was signalled by the server - ResponseError: Error running script (call to f_50080d91): @user_script:1: @user_script: 1: -READONLY You can't write against a read only replica.",
            "ResponseError: Error running script (call to f_50080d91): @user_script:1: @user_script: 1: -READONLY You can't write against a read only replica.",
        ),
        (
            Elsewhere,
            "ERR Error running script (call to f_50080d91): @user_script:1: user_script:1: @user_script: 1: -READONLY You can't write against a read only replica.",
            "An error was signalled by the server - ResponseError: Error running script (call to f_50080d91): @user_script:1: user_script:1: @user_script: 1: -READONLY You can't write against a read only replica.",
            "ResponseError: Error running script (call to f_50080d91): @user_script:1: user_script:1: @user_script: 1: -READONLY You can't write against a read only replica.",
        ),
        (
            Elsewhere,
            "ERR user_script:1: READONLY You can't write against a read only replica. script: f748c62f, on @user_script:1.",
            "An error was signalled by the server - ResponseError: user_script:1: READONLY You can't write against a read only replica. script: f748c62f, on @user_script:1.",
            "ResponseError: user_script:1: READONLY You can't write against a read only replica. script: f748c62f, on @user_script:1.",
        ),
        (
            Elsewhere,
            "LOADING Redis is loading the dataset in memory",
            "An error was signalled by the server - BusyLoadingError: Redis is loading the dataset in memory",
            "BusyLoading: Redis is loading the dataset in memory",
        ),
        (
            Elsewhere,
            "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
            "An error was signalled by the server - MasterDown: Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
            "MasterDown: Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
        ),
        (
            Elsewhere,
            "CLUSTERDOWN Hash slot not served",
            "An error was signalled by the server - ClusterDown: Hash slot not served",
            "ClusterDown: Hash slot not served",
        ),
        (
            Elsewhere,
            "MOVED 8579 127.0.0.1:46813",
            "An error was signalled by the server - Moved: 8579 127.0.0.1:46813",
            "Moved: 8579 127.0.0.1:46813",
        ),
        (
            Elsewhere,
            "ASK 8579 127.0.0.1:46813",
            "An error was signalled by the server - Ask: 8579 127.0.0.1:46813",
            "Ask: 8579 127.0.0.1:46813",
        ),
        (
            Elsewhere,
            "NOREPLICAS Not enough good replicas to write.",
            "NOREPLICAS: Not enough good replicas to write.",
            "\"NOREPLICAS\": Not enough good replicas to write.",
        ),
        (
            Elsewhere,
            "ERR Error running script (call to f_50080d91): @user_script:1: @user_script: 1: -NOREPLICAS Not enough good replicas to write.",
            "An error was signalled by the server - ResponseError: Error running script (call to f_50080d91): @user_script:1: @user_script: 1: -NOREPLICAS Not enough good replicas to write.",
            "ResponseError: Error running script (call to f_50080d91): @user_script:1: @user_script: 1: -NOREPLICAS Not enough good replicas to write.",
        ),
        (
            Refused,
            "TRYAGAIN Multiple keys request during rehashing of slot",
            "An error was signalled by the server - TryAgain: Multiple keys request during rehashing of slot",
            "TryAgain: Multiple keys request during rehashing of slot",
        ),
        (
            Refused,
            "CROSSSLOT Keys in request don't hash to the same slot",
            "An error was signalled by the server - CrossSlot: Keys in request don't hash to the same slot",
            "CrossSlot: Keys in request don't hash to the same slot",
        ),
        (
            Refused,
            "OOM command not allowed when used memory > 'maxmemory'.",
            "OOM: command not allowed when used memory > 'maxmemory'.",
            "\"OOM\": command not allowed when used memory > 'maxmemory'.",
        ),
        (
            Refused,
            "OOM",
            "OOM: Unknown extension error encountered",
            "\"OOM\"",
        ),
        (
            Refused,
            "ERR Error running script (call to f_50080d91): @user_script:1: @user_script: 1: -OOM command not allowed when used memory > 'maxmemory'.",
            "An error was signalled by the server - ResponseError: Error running script (call to f_50080d91): @user_script:1: @user_script: 1: -OOM command not allowed when used memory > 'maxmemory'.",
            "ResponseError: Error running script (call to f_50080d91): @user_script:1: @user_script: 1: -OOM command not allowed when used memory > 'maxmemory'.",
        ),
        (
            Refused,
            // What a client says comes back in some errors, and decides nothing.
            "ERR unknown command 'X', with args beginning with: 'READONLY' '-MOVED 1'",
            "An error was signalled by the server - ResponseError: unknown command 'X', with args beginning with: 'READONLY' '-MOVED 1'",
            "ResponseError: unknown command 'X', with args beginning with: 'READONLY' '-MOVED 1'",
        ),
        (
            Refused,
            "WRONGTYPE Operation against a key holding the wrong kind of value",
            "WRONGTYPE: Operation against a key holding the wrong kind of value",
            "\"WRONGTYPE\": Operation against a key holding the wrong kind of value",
        ),
        (
            Refused,
            "WRONGPASS invalid username-password pair or user is disabled.",
            "WRONGPASS: invalid username-password pair or user is disabled.",
            "\"WRONGPASS\": invalid username-password pair or user is disabled.",
        ),
        (
            Refused,
            "NOAUTH Authentication required.",
            "NOAUTH: Authentication required.",
            "\"NOAUTH\": Authentication required.",
        ),
        (
            Refused,
            "NOPERM this user has no permissions to run the 'evalsha' command",
            "NOPERM: this user has no permissions to run the 'evalsha' command",
            "NoPerm: this user has no permissions to run the 'evalsha' command",
        ),
        (
            Refused,
            "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk.",
            "MISCONF: Redis is configured to save RDB snapshots, but it's currently unable to persist to disk.",
            "\"MISCONF\": Redis is configured to save RDB snapshots, but it's currently unable to persist to disk.",
        ),
        (
            Refused,
            "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.",
            "BUSY: Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.",
            "\"BUSY\": Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.",
        ),
        (
            Refused,
            "EXECABORT Transaction discarded because of previous errors.",
            "An error was signalled by the server - ExecAbortError: Transaction discarded because of previous errors.",
            "ExecAbort: Transaction discarded because of previous errors.",
        ),
        (
            Refused,
            "NOTBUSY No scripts in execution right now.",
            "An error was signalled by the server - NotBusy: No scripts in execution right now.",
            "NotBusy: No scripts in execution right now.",
        ),
    ];

    /// What redis-rs 0.32.7 and 1.8.1 say of their own.
    const OTHERS: &[(Class, &str, &str)] = &[
        (
            Refused,
            "Password authentication failed- AuthenticationFailed",
            "Password authentication failed - AuthenticationFailed",
        ),
        (
            Refused,
            "Redis server refused to switch database - ResponseError: DB index is out of range",
            "Redis server refused to switch database - Server(ResponseError): DB index is out of range",
        ),
        (
            Refused,
            "Redis Server doesn't support HELLO command therefore resp3 cannot be used- RESP3NotSupported",
            "Redis Server doesn't support HELLO command therefore resp3 cannot be used - RESP3NotSupported",
        ),
        (
            Refused,
            "Could not convert Redis response - TypeError: Redis Map type is not supported",
            "Could not convert Redis response - UnexpectedReturnType: Redis Map type is not supported",
        ),
        (
            Broken,
            "Connection refused (os error 111)",
            "Connection refused (os error 111)",
        ),
        (Broken, "broken pipe", "broken pipe"),
        (
            Broken,
            "Multiplexed connection driver unexpectedly terminated- IoError",
            "Multiplexed connection driver unexpectedly terminated - Io",
        ),
        (
            Broken,
            "failed to lookup address information: Name or service not known",
            "failed to lookup address information: Name or service not known",
        ),
        (Broken, "", ""),
    ];

    #[wasm_bindgen_test(unsupported = test)]
    fn an_answer_of_the_server_is_sorted_in_both_wordings() {
        for (expected, _, old, new) in ANSWERS {
            for text in [old, new] {
                assert_eq!(class(&classify((*text).to_owned())), *expected, "{text}");
            }
        }
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn what_the_client_says_of_its_own_is_sorted_in_both_wordings() {
        for (expected, old, new) in OTHERS {
            for text in [old, new] {
                assert_eq!(class(&classify((*text).to_owned())), *expected, "{text}");
            }
        }
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn words_of_a_later_client_are_an_answer_still() {
        for text in [
            "An error was signalled by the server - Reshaped: something new",
            "\"SOMETHING\": new",
            "SOMETHING: new",
        ] {
            assert_eq!(class(&classify(text.to_owned())), Refused, "{text}");
        }
    }

    /// The second wording is what the client in Cargo.lock says, and it is sorted alike where the
    /// error is at hand and not only its text.
    #[cfg(all(feature = "native", not(target_family = "wasm")))]
    #[test]
    fn the_client_of_native_programs_words_errors_like_that() {
        for (expected, line, _, new) in ANSWERS {
            let reply = redis::parse_redis_value(format!("-{line}\r\n").as_bytes());
            let error = reply.unwrap().extract_error().unwrap_err();
            assert_eq!(error.to_string(), *new);
            assert_eq!(
                class(&crate::platform::native::error(&error)),
                *expected,
                "{line}"
            );
        }
    }
}
