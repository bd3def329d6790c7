//! Reading the error texts of redis-rs, the client inside Spin.

use super::RedisError;

/// How redis-rs begins what a server of Redis answered with one of the error codes it knows.
const SIGNALLED: &str = "An error was signalled by the server";

/// Sorts an error text by what can be done about it.
///
/// Formats seen in redis-rs 0.32 (Spin 4.1): `An error was signalled by the server - NoScriptError:
/// ...` for codes that it knows, `OOM: command not allowed ...` for those that it does not, and an
/// operating system's text for a connection that is gone. What is not recognised counts as broken:
/// the price of that is one connection opened in vain.
pub(super) fn classify(text: String) -> RedisError {
    if text.contains("NoScriptError") || text.starts_with("NOSCRIPT") {
        RedisError::NoScript
    } else if text.contains("ReadOnly") || text.starts_with("READONLY") {
        RedisError::ReadOnly(text)
    } else if text.starts_with(SIGNALLED) || begins_with_error_code(&text) {
        RedisError::Refused(text)
    } else {
        RedisError::Broken(text)
    }
}

/// `WRONGPASS: ...`, `OOM: ...`: upper-case letters and a colon.
fn begins_with_error_code(text: &str) -> bool {
    text.split_once(':').is_some_and(|(code, _)| {
        code.len() >= 2 && code.bytes().all(|byte| byte.is_ascii_uppercase())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasm_bindgen_test::wasm_bindgen_test;

    #[wasm_bindgen_test(unsupported = test)]
    fn an_unknown_script_is_told_from_other_refusals() {
        for text in [
            "An error was signalled by the server - NoScriptError: No matching script. Please use EVAL.",
            "NOSCRIPT No matching script. Please use EVAL.",
        ] {
            assert_eq!(classify(text.to_owned()), RedisError::NoScript, "{text}");
        }
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn an_answer_of_redis_leaves_the_connection_whole() {
        for text in [
            "An error was signalled by the server - ResponseError: unknown command 'X'",
            "OOM: command not allowed when used memory > 'maxmemory'.",
            "WRONGPASS: invalid username-password pair or user is disabled.",
        ] {
            assert!(
                matches!(classify(text.to_owned()), RedisError::Refused(_)),
                "{text}"
            );
        }
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn a_replica_has_carried_nothing_out() {
        let text = "An error was signalled by the server - ReadOnly: You can't write against a \
                    read only replica.";
        assert_eq!(
            classify(text.to_owned()),
            RedisError::ReadOnly(text.to_owned())
        );
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn everything_else_is_a_broken_connection() {
        for text in [
            "Connection refused (os error 111)",
            "broken pipe",
            "Multiplexed connection driver unexpectedly terminated",
            "",
        ] {
            assert!(
                matches!(classify(text.to_owned()), RedisError::Broken(_)),
                "{text}"
            );
        }
    }
}
