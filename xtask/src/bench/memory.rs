//! What one key of each kind costs Redis, at a hundred thousand of them.

use anyhow::Context as _;

use crate::bench::load::Load;
use crate::bench::store::Store;
use crate::bench::subject::Subject;
use crate::progress::say;

/// How many there are.
pub(crate) const KEYS: u64 = 100_000;

/// A kind of key, the script that makes many, who answers it, and the Lua pattern of its names.
const KINDS: [(&str, &str, &str, &str); 4] = [
    (
        "outstanding code",
        "prepare_codes.lua",
        "otp-request",
        ":code:",
    ),
    (
        "oauth state",
        "prepare_states.lua",
        "oauth-state",
        "^oauth:state:",
    ),
    (
        "circuit",
        "prepare_circuits.lua",
        "circuit",
        "^rollout:circuit:",
    ),
    (
        "token bucket",
        "prepare_buckets.lua",
        "rate-limit",
        "^ratelimit:",
    ),
];

/// What a decision leaves beside the key in question: the logs of its limits.
const DELETE_OTHERS: &str = "local cursor = '0' repeat \
     local page = redis.call('SCAN', cursor, 'COUNT', 1000) cursor = page[1] \
     for _, key in ipairs(page[2]) do \
     if not string.find(key, ARGV[1]) then redis.call('DEL', key) end end \
     until cursor == '0' return redis.call('DBSIZE')";

/// Bytes of `used_memory` for one key of each kind.
pub(crate) fn measure(subject: &Subject) -> anyhow::Result<Vec<(&'static str, f64)>> {
    let each = |&(kind, script, component, pattern): &(&'static str, &str, &str, &str)| {
        say(format_args!("memory: {KEYS} of {kind}"));
        let store = Store::start()?;
        let before = store.info("used_memory")?;
        let server = subject.start(component, &store)?;
        let load = Load {
            script,
            url: &server.url(),
            connections: 32,
            seconds: 600,
            from: 0,
            count: KEYS,
        };
        load.prepare()?;
        // Its connections have buffers.
        drop(server);
        let left = store.run(&["EVAL", DELETE_OTHERS, "0", pattern])?;
        let left: u64 = left.parse().context("a count of keys")?;
        let after = store.info("used_memory")?;
        Ok((
            kind,
            after.saturating_sub(before) as f64 / left.max(1) as f64,
        ))
    };
    KINDS.iter().map(each).collect()
}
