//! What Redis says of itself.

use std::time::{SystemTime, UNIX_EPOCH};

use latch::{Context, Platform};

use crate::report::{Found, Outcome};
use crate::trouble::Trouble;

/// How far the clocks of Redis and of this machine may lie apart, in seconds.
const SKEW: u64 = 5;

/// From how many percent of `maxmemory` on it is nearly used up.
const NEARLY_FULL: u64 = 90;

/// A new connection: a kept one tells nothing of a password that has changed since.
pub(crate) async fn connection<P: Platform>(context: &Context<'_, P>) -> Outcome {
    context.reconnect().await?;
    Ok(Found::Well(None))
}

/// The shortest round trip there is.
pub(crate) async fn ping<P: Platform>(context: &Context<'_, P>) -> Outcome {
    context.command("PING", &[]).await?;
    Ok(Found::Well(None))
}

/// Whether Redis's time, by which everything is decided and tokens are dated, is that of others.
pub(crate) async fn clock<P: Platform>(context: &Context<'_, P>) -> Outcome {
    let time = context.command("TIME", &[]).await?;
    let seconds = time.reader().text()?.parse();
    let seconds = seconds.map_err(|_| Trouble::unexpected("TIME answered no number"))?;
    let ours = SystemTime::now().duration_since(UNIX_EPOCH);
    Ok(compare(seconds, ours.unwrap_or_default().as_secs()))
}

fn compare(redis: u64, ours: u64) -> Found {
    let apart = redis.abs_diff(ours);
    if apart <= SKEW {
        return Found::Well(None);
    }
    let side = if redis > ours { "ahead of" } else { "behind" };
    Found::Doubt(Trouble::new(
        format!("Redis's clock is {apart} s {side} the app's"),
        "Set both machines' clocks by NTP: proof tokens are dated by Redis's.",
    ))
}

/// Whether it is a primary: a replica takes no writes, or loses them.
pub(crate) async fn role<P: Platform>(context: &Context<'_, P>) -> Outcome {
    info(context, "replication")
        .await
        .map_or_else(unknown, |info| role_of(&info))
}

fn role_of(info: &str) -> Outcome {
    match member(info, "role") {
        Some("master") => Ok(Found::seen("primary")),
        Some(role) => Err(Trouble::replica(role)),
        None => untold("role"),
    }
}

/// Whether Redis forgets keys to make room: limits that have been reached and codes that are out.
pub(crate) async fn eviction<P: Platform>(context: &Context<'_, P>) -> Outcome {
    info(context, "memory")
        .await
        .map_or_else(unknown, |info| eviction_of(&info))
}

fn eviction_of(info: &str) -> Outcome {
    match member(info, "maxmemory_policy") {
        Some("noeviction") => Ok(Found::seen("noeviction")),
        Some(policy) => Ok(Found::Doubt(Trouble::new(
            format!("{policy}: under pressure Redis forgets codes, limits and circuits"),
            "`CONFIG SET maxmemory-policy noeviction`, in redis.conf too, and a Redis of its own \
             for whatever is a cache.",
        ))),
        None => untold("maxmemory_policy"),
    }
}

/// Whether there is room left.
pub(crate) async fn memory<P: Platform>(context: &Context<'_, P>) -> Outcome {
    info(context, "memory")
        .await
        .map_or_else(unknown, |info| memory_of(&info))
}

fn memory_of(info: &str) -> Outcome {
    let bytes = |name| member(info, name)?.parse::<u64>().ok();
    let (Some(used), Some(most)) = (bytes("used_memory"), bytes("maxmemory")) else {
        return untold("used_memory and maxmemory");
    };
    let used_mib = used.div_ceil(1 << 20);
    let most_mib = most.div_ceil(1 << 20);
    Ok(match used.saturating_mul(100).checked_div(most) {
        None => Found::seen(format!("{used_mib} MiB, without a limit")),
        Some(NEARLY_FULL..) => Found::Doubt(Trouble::new(
            format!("{used_mib} of {most_mib} MiB are used"),
            "Raise `maxmemory`, or make room: when it is used up, every write is refused.",
        )),
        Some(_) => Found::seen(format!("{used_mib} of {most_mib} MiB")),
    })
}

/// A section of INFO, which a script asks for: its answer is a plain text by RESP2 and RESP3 alike.
/// Asked for directly, INFO answers by RESP3 with a text that says its format, and Spin hands none of
/// those on. Complexity: as INFO's. No keys: it is about this server, wherever keys are.
async fn info<P: Platform>(context: &Context<'_, P>, section: &str) -> Result<String, Trouble> {
    let arguments = [INFO.into(), 0.into(), section.into()];
    let info = context.command("EVAL", &arguments).await;
    let info = info.map_err(|error| Trouble::from(error).in_script_of("info"))?;
    Ok(info.reader().text()?.to_owned())
}

/// ARGV[1] a section; the reply is its text.
const INFO: &str = "return redis.call('INFO', ARGV[1])";

fn member<'a>(info: &'a str, name: &str) -> Option<&'a str> {
    info.lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
}

/// No capability needs INFO, so nothing fails because a user may not ask for it.
fn unknown(trouble: Trouble) -> Outcome {
    if trouble.ends {
        Err(trouble)
    } else {
        Ok(Found::Doubt(trouble))
    }
}

fn untold(what: &str) -> Outcome {
    Ok(Found::Doubt(Trouble::new(
        format!("INFO does not tell {what}"),
        "Look it up where this Redis is configured.",
    )))
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasm_bindgen_test::wasm_bindgen_test;

    fn doubt(outcome: Outcome) -> String {
        match outcome {
            Ok(Found::Doubt(trouble)) => trouble.detail,
            other => panic!("{other:?}"),
        }
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn only_a_primary_will_do() {
        assert_eq!(
            role_of("# Replication\r\nrole:master\r\n"),
            Ok(Found::seen("primary"))
        );
        assert!(role_of("role:slave\r\nmaster_host:127.0.0.1\r\n").is_err());
        doubt(role_of(""));
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn a_redis_that_evicts_is_doubtful() {
        assert_eq!(
            eviction_of("maxmemory:0\r\nmaxmemory_policy:noeviction\r\n"),
            Ok(Found::seen("noeviction"))
        );
        assert!(doubt(eviction_of("maxmemory_policy:allkeys-lru\r\n")).contains("allkeys-lru"));
        doubt(eviction_of(""));
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn memory_that_is_nearly_used_up_is_doubtful() {
        let memory = |used: u64, most: u64| {
            memory_of(&format!(
                "used_memory:{used}\r\nused_memory_rss:9\r\nmaxmemory:{most}\r\n"
            ))
        };
        assert_eq!(
            memory(1 << 20, 0),
            Ok(Found::seen("1 MiB, without a limit"))
        );
        assert_eq!(memory(8 << 20, 64 << 20), Ok(Found::seen("8 of 64 MiB")));
        assert_eq!(doubt(memory(58 << 20, 64 << 20)), "58 of 64 MiB are used");
        doubt(memory(1 << 20, 1));
        doubt(memory(u64::MAX, 1));
        doubt(memory_of("used_memory:x\r\n"));
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn clocks_that_lie_apart_are_doubtful() {
        let now = 1_900_000_000;
        assert_eq!(compare(now, now + SKEW), Found::Well(None));
        assert_eq!(
            doubt(Ok(compare(now + 60, now))),
            "Redis's clock is 60 s ahead of the app's"
        );
        assert_eq!(
            doubt(Ok(compare(0, now))),
            "Redis's clock is 1900000000 s behind the app's"
        );
    }
}
