//! The component's scripts, with a clock that the simulation drives.

use circuit::{ACQUIRE, REPORT};
use latch::Script;
use redis::{Connection, FromRedisValue, cmd};
use tests::Redis;

/// What a client is told.
pub(crate) struct Acquired {
    pub(crate) allowed: bool,
    /// Empty if there is none.
    pub(crate) permit: String,
    pub(crate) generation: u64,
    pub(crate) cache_ms: u64,
}

/// What a client tells.
#[derive(Clone, Default)]
pub(crate) struct Report {
    pub(crate) successes: u64,
    pub(crate) failures: u64,
    pub(crate) permit: String,
    /// 0 for a batch.
    pub(crate) duration_ms: u64,
    /// That of the answer that let the calls pass.
    pub(crate) generation: u64,
}

/// Circuits in a Redis, all with the same policy.
pub(crate) struct Breakers {
    connection: Connection,
    policy: String,
    acquire: String,
    report: String,
}

impl Breakers {
    /// None of them remembers anything.
    pub(crate) fn new(redis: &Redis, policy: &str) -> Self {
        let _: () = redis.run("FLUSHALL");
        let mut connection = redis.connect();
        Self {
            acquire: load(&mut connection, &ACQUIRE),
            report: load(&mut connection, &REPORT),
            policy: policy.to_owned(),
            connection,
        }
    }

    pub(crate) fn acquire(&mut self, key: &str, now: u64) -> Acquired {
        let script = self.acquire.clone();
        let (_, _, _, allowed, _, _, generation, permit, _, cache_ms): Acquire =
            self.run(&script, key, &[], now);
        Acquired {
            allowed: allowed == 1,
            permit,
            generation,
            cache_ms,
        }
    }

    pub(crate) fn report(&mut self, key: &str, report: &Report, reporter: &str, now: u64) {
        let script = self.report.clone();
        let arguments = [
            report.successes.to_string(),
            report.failures.to_string(),
            "0".to_owned(),
            reporter.to_owned(),
            report.permit.clone(),
            report.duration_ms.to_string(),
            report.generation.to_string(),
        ];
        let _status: redis::Value = self.run(&script, key, &arguments, now);
    }

    fn run<T: FromRedisValue>(
        &mut self,
        script: &str,
        key: &str,
        arguments: &[String],
        now: u64,
    ) -> T {
        /// Some moment after 1970, in milliseconds.
        const EPOCH: u64 = 1_700_000_000_000;
        cmd("EVALSHA")
            .arg(script)
            .arg(1)
            .arg(key)
            .arg(&self.policy)
            .arg(arguments)
            .arg((EPOCH + now) * 1_000)
            .query(&mut self.connection)
            .expect("the script runs")
    }
}

/// from, to, reason, allowed, state, since, generation, permit, `retry_after_ms`, `cache_ms`.
type Acquire = (
    String,
    String,
    String,
    u64,
    String,
    u64,
    u64,
    String,
    u64,
    u64,
);

/// The script with a clock that stands where the last argument says, in the place of Redis's. What is
/// stored outlives every pause of a simulated client, so nothing is made to expire.
fn load(connection: &mut Connection, script: &Script) -> String {
    let clock = "local function clock() return tonumber(ARGV[#ARGV]) end\n";
    let swap = |part: &&'static str| {
        if *part == Script::CLOCK { clock } else { *part }
    };
    let text: String = script.parts().iter().map(swap).collect();
    let load = cmd("SCRIPT").arg("LOAD").arg(text).query(connection);
    load.expect("Redis takes the script")
}
