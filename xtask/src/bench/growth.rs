//! How the cost of a decision grows: with keys in Redis, and with requests that share an instance.

use crate::bench::load::Load;
use crate::bench::store::Store;
use crate::bench::subject::Subject;
use crate::bench::workload::Workload;
use crate::progress::say;

/// How many buckets Redis holds beside those that are taken from.
const KEYS: [u32; 4] = [1_000, 10_000, 100_000, 1_000_000];
/// How many requests an instance serves at once. Fewer means more instances, and connections.
const AT_ONCE: [&str; 4] = ["1", "4", "16", "64"];

const FILL: &str = "for n = 1, tonumber(ARGV[1]) do \
     redis.call('SET', 'ratelimit:bench:{filler-' .. n .. '}', '999999 1700000000000000', 'PX', 3600000) \
     end return 1";

/// One step of the way.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    pub(crate) at: u64,
    /// Takes a second.
    pub(crate) rate: f64,
    /// The time of one script in Redis.
    pub(crate) script_us: f64,
    /// Connections to Redis, when the load ended.
    pub(crate) connected: u64,
}

/// By keys, and by requests that share an instance.
pub(crate) struct Growth {
    pub(crate) keys: Vec<Step>,
    pub(crate) at_once: Vec<Step>,
}

pub(crate) fn measure(host: &Subject, seconds: u32) -> anyhow::Result<Growth> {
    let by_keys = |&keys: &u32| step(host, seconds, keys, "16").map(|step| at(keys.into(), step));
    let by_share = |share: &&str| {
        let step = step(host, seconds, 0, share)?;
        Ok(at(share.parse()?, step))
    };
    Ok(Growth {
        keys: KEYS.iter().map(by_keys).collect::<anyhow::Result<_>>()?,
        at_once: AT_ONCE
            .iter()
            .map(by_share)
            .collect::<anyhow::Result<_>>()?,
    })
}

fn at(at: u64, step: Step) -> Step {
    Step { at, ..step }
}

fn step(host: &Subject, seconds: u32, keys: u32, at_once: &str) -> anyhow::Result<Step> {
    say(format_args!(
        "growth: {keys} keys, {at_once} requests at once"
    ));
    let store = Store::start()?;
    store.run(&["EVAL", FILL, "0", &keys.to_string()])?;
    let arguments = ["--max-instance-concurrent-reuse-count", at_once];
    let server = host.start_with(Workload::Take.component(), &store, &arguments)?;
    let load = Load {
        script: Workload::Take.script(),
        url: &server.url(),
        connections: 32,
        seconds,
        from: 0,
        count: 0,
    };
    load.run()?;
    let before = store.counts()?;
    let seen = load.run()?;
    let connected = store.info("connected_clients")?.saturating_sub(1);
    let counts = store.counts()?.since(before);
    Ok(Step {
        at: 0,
        rate: seen.requests as f64 / seen.seconds,
        script_us: counts.script_us as f64 / counts.scripts.max(1) as f64,
        connected,
    })
}
