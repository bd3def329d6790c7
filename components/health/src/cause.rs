//! Why Redis fails, and what to do about it.
//!
//! A host hands on nothing but the text of an error, Redis's own or that of the host's client, so a
//! cause is recognised by its words.

use std::borrow::Cow;

/// Why Redis was not reached, or refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    Refused,
    Timeout,
    UnknownHost,
    NotAllowed,
    WrongPassword,
    NoPassword,
    ReadOnly,
    PrimaryLost,
    ReplicasLost,
    OutOfMemory,
    ScriptsForbidden,
    CommandForbidden,
    KeysForbidden,
    Loading,
    CannotSave,
    Cluster,
    Unknown,
}

/// The words of Redis, of redis-rs 0.32 (Spin 4.1) and 1.x, and of operating systems. The
/// first that fits counts.
const SIGNS: &[(&str, Cause)] = &[
    ("no answer within", Cause::Timeout),
    ("timed out", Cause::Timeout),
    ("onnection refused", Cause::Refused),
    ("nreachable", Cause::Refused),
    ("lookup address", Cause::UnknownHost),
    ("resolve", Cause::UnknownHost),
    ("redis_allowed_host", Cause::NotAllowed),
    ("WRONGPASS", Cause::WrongPassword),
    ("authentication failed", Cause::WrongPassword),
    ("AuthenticationFailed", Cause::WrongPassword),
    ("invalid password", Cause::WrongPassword),
    ("NOAUTH", Cause::NoPassword),
    ("READONLY", Cause::ReadOnly),
    ("ReadOnly", Cause::ReadOnly),
    ("read only replica", Cause::ReadOnly),
    ("MasterDown", Cause::PrimaryLost),
    ("MASTERDOWN", Cause::PrimaryLost),
    ("NOREPLICAS", Cause::ReplicasLost),
    ("OOM", Cause::OutOfMemory),
    ("run the 'eval' command", Cause::ScriptsForbidden),
    ("run the 'evalsha' command", Cause::ScriptsForbidden),
    ("permissions to run", Cause::CommandForbidden),
    ("can't run this command", Cause::CommandForbidden),
    ("permissions to access", Cause::KeysForbidden),
    (
        "can't access at least one of the keys",
        Cause::KeysForbidden,
    ),
    ("NOPERM", Cause::CommandForbidden),
    ("BusyLoading", Cause::Loading),
    ("LOADING", Cause::Loading),
    ("MISCONF", Cause::CannotSave),
    ("CrossSlot", Cause::Cluster),
    ("CROSSSLOT", Cause::Cluster),
    ("ClusterDown", Cause::Cluster),
    ("Moved", Cause::Cluster),
    ("MOVED", Cause::Cluster),
];

impl Cause {
    pub(crate) fn of(text: &str) -> Self {
        SIGNS
            .iter()
            .find(|(sign, _)| text.contains(sign))
            .map_or(Self::Unknown, |(_, cause)| *cause)
    }

    pub(crate) fn fix(self, text: &str) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Self::Refused => {
                "Nothing listens there: start Redis, or correct host and port in REDIS_URL."
            }
            Self::Timeout => {
                "Redis is stopped, overloaded or behind a firewall: try `redis-cli PING` from here; \
                 if it is only far away, raise redis_timeout_ms."
            }
            Self::UnknownHost => "Correct the host name in REDIS_URL: it cannot be resolved.",
            Self::NotAllowed => "Set redis_allowed_host to the host in REDIS_URL, or to `*`.",
            Self::WrongPassword => {
                "Correct user and password in REDIS_URL: redis://user:password@host:port, or \
                 redis://:password@host:port."
            }
            Self::NoPassword => {
                "Redis wants a password: put it into REDIS_URL, redis://:password@host:port."
            }
            Self::ReadOnly => {
                "REDIS_URL leads to a read-only replica: point it to the primary, or promote this \
                 one with `REPLICAOF NO ONE`."
            }
            Self::PrimaryLost => {
                "REDIS_URL leads to a replica that has lost its primary: point it to the primary, or \
                 promote this one with `REPLICAOF NO ONE`."
            }
            Self::ReplicasLost => {
                "Too few replicas follow this Redis, so it takes no writes: bring them back, or lower \
                 `min-replicas-to-write`."
            }
            Self::OutOfMemory => {
                "Redis is out of memory: raise `maxmemory`, or make room; keep \
                 `maxmemory-policy noeviction`."
            }
            Self::ScriptsForbidden => {
                "Redis's ACL forbids scripts to this user: `ACL SETUSER <user> +eval +evalsha`."
            }
            Self::CommandForbidden => return forbidden(text),
            Self::KeysForbidden => {
                "Redis's ACL keeps this user from keys: `ACL SETUSER <user> ~otp:* ~oauth:* \
                 ~rollout:* ~ratelimit:* ~latch:verify:*`."
            }
            Self::Loading => "Redis is still reading its data from disk: wait, and try again.",
            Self::CannotSave => {
                "Redis cannot save to its disk and so refuses writes: make room there, and read its \
                 log."
            }
            Self::Cluster => {
                "Latch needs one Redis, or a primary behind one address, and not Redis Cluster."
            }
            Self::Unknown => "Read the detail, and Redis's own log.",
        })
    }

    /// What a connection meets, every check meets.
    pub(crate) const fn ends(self) -> bool {
        match self {
            Self::Refused
            | Self::Timeout
            | Self::UnknownHost
            | Self::NotAllowed
            | Self::WrongPassword
            | Self::NoPassword
            | Self::PrimaryLost
            | Self::Loading => true,
            Self::ReadOnly
            | Self::ReplicasLost
            | Self::OutOfMemory
            | Self::ScriptsForbidden
            | Self::CommandForbidden
            | Self::KeysForbidden
            | Self::CannotSave
            | Self::Cluster
            | Self::Unknown => false,
        }
    }
}

/// Names the command, where Redis does: `... to run the 'config|get' command`.
fn forbidden(text: &str) -> Cow<'static, str> {
    let command = text.split_once("run the '").and_then(|(_, rest)| {
        let (command, _) = rest.split_once('\'')?;
        let plain = |letter: char| letter.is_ascii_lowercase() || letter == '|';
        command.chars().all(plain).then_some(command)
    });
    match command {
        Some(command) => {
            format!("Redis's ACL forbids this to the user: `ACL SETUSER <user> +{command}`.").into()
        }
        None => "Redis's ACL forbids this to the user: see `ACL LOG` for what, and allow it with \
                 `ACL SETUSER <user> +<command>`."
            .into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasm_bindgen_test::wasm_bindgen_test;

    /// Errors in full, as Redis and redis-rs word them.
    const SEEN: &[(&str, Cause)] = &[
        ("Connection refused (os error 111)", Cause::Refused),
        (
            "No route to host: Host is unreachable (os error 113)",
            Cause::Refused,
        ),
        ("no answer within 1000 ms", Cause::Timeout),
        (
            "failed to lookup address information: Name or service not known",
            Cause::UnknownHost,
        ),
        (
            "the host does not allow this address: see `redis_allowed_host`",
            Cause::NotAllowed,
        ),
        (
            "Password authentication failed- AuthenticationFailed",
            Cause::WrongPassword,
        ),
        (
            "WRONGPASS: invalid username-password pair or user is disabled.",
            Cause::WrongPassword,
        ),
        ("NOAUTH: Authentication required.", Cause::NoPassword),
        (
            "An error was signalled by the server - ReadOnly: You can't write against a read only replica.",
            Cause::ReadOnly,
        ),
        (
            "READONLY: You can't write against a read only replica. script: c35ac1, on @user_script:1.",
            Cause::ReadOnly,
        ),
        (
            "An error was signalled by the server - ResponseError: Error running script (call to f_50080d91): @user_script:1: @user_script: 1: -READONLY You can't write against a read only replica.",
            Cause::ReadOnly,
        ),
        (
            "An error was signalled by the server - ReadOnly: No decision by a server that takes no writes.",
            Cause::ReadOnly,
        ),
        (
            "An error was signalled by the server - MasterDown: Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
            Cause::PrimaryLost,
        ),
        (
            "NOREPLICAS: Not enough good replicas to write.",
            Cause::ReplicasLost,
        ),
        (
            "OOM: command not allowed when used memory > 'maxmemory'.",
            Cause::OutOfMemory,
        ),
        (
            "OOM: command not allowed when used memory > 'maxmemory'. script: c35ac1, on @user_script:1.",
            Cause::OutOfMemory,
        ),
        (
            "NOPERM: this user has no permissions to run the 'evalsha' command",
            Cause::ScriptsForbidden,
        ),
        (
            "NOPERM: User latch has no permissions to run the 'eval' command",
            Cause::ScriptsForbidden,
        ),
        (
            "NOPERM: this user has no permissions to run the 'evalsha' command or its subcommand",
            Cause::ScriptsForbidden,
        ),
        (
            "NOPERM: User latch has no permissions to run the 'info' command",
            Cause::CommandForbidden,
        ),
        (
            "An error was signalled by the server - ResponseError: The user executing the script can't run this command or subcommand script: c35ac1, on @user_script:1.",
            Cause::CommandForbidden,
        ),
        (
            "An error was signalled by the server - ResponseError: ACL failure in script: User latch has no permissions to run the 'set' command script: c35ac1, on @user_script:1.",
            Cause::CommandForbidden,
        ),
        (
            "NOPERM: this user has no permissions to access one of the keys used as arguments",
            Cause::KeysForbidden,
        ),
        (
            "NOPERM: No permissions to access a key",
            Cause::KeysForbidden,
        ),
        (
            "An error was signalled by the server - ResponseError: The user executing the script can't access at least one of the keys mentioned in the command arguments script: 5798fd, on @user_script:1.",
            Cause::KeysForbidden,
        ),
        (
            "An error was signalled by the server - BusyLoadingError: Redis is loading the dataset in memory",
            Cause::Loading,
        ),
        (
            "MISCONF: Redis is configured to save RDB snapshots, but it's currently unable to persist to disk.",
            Cause::CannotSave,
        ),
        (
            "An error was signalled by the server - Moved: 3999 127.0.0.1:6381",
            Cause::Cluster,
        ),
        (
            "An error was signalled by the server - CrossSlot: Keys in request don't hash to the same slot",
            Cause::Cluster,
        ),
        (
            "Multiplexed connection driver unexpectedly terminated",
            Cause::Unknown,
        ),
    ];

    #[wasm_bindgen_test(unsupported = test)]
    fn a_cause_is_recognised_by_the_words_that_were_seen_of_it() {
        for (text, cause) in SEEN {
            assert_eq!(Cause::of(text), *cause, "{text}");
        }
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn a_fix_is_one_line_that_a_person_can_follow() {
        for (text, cause) in SEEN {
            let fix = cause.fix(text);
            assert!(fix.ends_with('.') && !fix.contains(['\n', '\r']), "{fix}");
        }
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn a_forbidden_command_is_named_if_it_is_known() {
        let named = forbidden("User latch has no permissions to run the 'config|get' command");
        assert!(named.contains("+config|get`"), "{named}");
        for text in [
            "can't run this command",
            "run the 'no `command`' here",
            "run the 'x",
        ] {
            assert!(forbidden(text).contains("+<command>"), "{text}");
        }
    }
}
