//! A steady load for a long time, with connections cut now and then: what host and Redis hold does
//! not grow.

use std::{
    fmt,
    time::{Duration, Instant},
};

use redis::cmd;
use tests::long;
use tokio::time::sleep;

use crate::{
    load::{self, Seen},
    world::World,
};

const CLIENTS: usize = 4;
const SAMPLE: Duration = Duration::from_secs(1);

/// Lets every key expire within five seconds: a day's limits would otherwise take a day to show
/// that they do not add up. Returns the names of those that would never expire.
const HURRY: &str = "
    local cursor, eternal = '0', {}
    repeat
      local page = redis.call('SCAN', cursor, 'COUNT', 1000)
      cursor = page[1]
      for _, key in ipairs(page[2]) do
        local ttl = redis.call('PTTL', key)
        if ttl == -1 then table.insert(eternal, key) end
        if ttl > 5000 then redis.call('PEXPIRE', key, 5000) end
      end
    until cursor == '0'
    return eternal";

/// How long: ten minutes, or as `LATCH_SOAK_S` says.
fn span() -> Duration {
    let seconds = std::env::var("LATCH_SOAK_S")
        .map(|seconds| seconds.parse().expect("LATCH_SOAK_S is a number"));
    Duration::from_secs(seconds.unwrap_or(if long() { 600 } else { 9 }))
}

/// What is held at a moment.
struct Sample {
    host_rss: f64,
    host_files: f64,
    redis_memory: f64,
    redis_clients: f64,
    keys: f64,
    /// Answers in the second before. The clients ask as fast as they are answered, so keys that live
    /// for a time are as many as the machine lets them be.
    answers: f64,
}

impl Sample {
    fn take(world: &World, answers: usize) -> Self {
        let mut redis = world.redis.connect();
        let eternal: Vec<String> = cmd("EVAL").arg(HURRY).arg(0).query(&mut redis).unwrap();
        assert!(eternal.is_empty(), "never expire: {eternal:?}");
        let info: String = world.redis.run("INFO");
        let field = |name: &str| -> f64 {
            let line = info.lines().find_map(|line| line.strip_prefix(name));
            line.unwrap().parse().unwrap()
        };
        let keys: u32 = cmd("DBSIZE").query(&mut redis).unwrap();
        Self {
            host_rss: world.app.resident_bytes() as f64,
            host_files: world.app.open_files() as f64,
            redis_memory: field("used_memory:"),
            redis_clients: field("connected_clients:"),
            keys: keys.into(),
            answers: answers as f64,
        }
    }
}

/// A figure over the middle third of the time and over the last.
struct Trend {
    what: &'static str,
    middle: f64,
    last: f64,
    /// By how much the last may be above the middle: this share of it, and this much.
    tolerance: (f64, f64),
}

impl Trend {
    fn is_flat(&self) -> bool {
        let (share, more) = self.tolerance;
        self.last <= self.middle * (1.0 + share) + more
    }
}

impl fmt::Display for Trend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            what, middle, last, ..
        } = self;
        write!(f, "{what:16} middle third {middle:12.0}, last {last:12.0}")
    }
}

fn trends(samples: &[Sample]) -> [Trend; 5] {
    const MIB: f64 = 1024.0 * 1024.0;
    let third = samples.len() / 3;
    let trend = |what, figure: fn(&Sample) -> f64, tolerance| {
        let mean = |part: &[Sample]| part.iter().map(figure).sum::<f64>() / part.len() as f64;
        Trend {
            what,
            middle: mean(&samples[third..2 * third]),
            last: mean(&samples[2 * third..]),
            tolerance,
        }
    };
    // Within the first minute all of it is still being filled for the first time.
    let share = if samples.len() < 60 { 0.5 } else { 0.05 };
    let mut keys = trend("keys", |sample| sample.keys, (share, 200.0));
    let answers = trend("answers a second", |sample| sample.answers, (0.0, 0.0));
    println!("{answers}");
    // As many as there would be if the last third had been as busy as the middle one. A key that
    // never expires was found at once, and this finds those that are renewed for ever.
    keys.last *= answers.middle / answers.last;
    [
        trend("host RSS", |sample| sample.host_rss, (share, 4.0 * MIB)),
        trend("host files", |sample| sample.host_files, (share, 4.0)),
        trend("Redis memory", |sample| sample.redis_memory, (share, MIB)),
        trend("Redis clients", |sample| sample.redis_clients, (share, 3.0)),
        keys,
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_grows_under_a_steady_load() {
    let world = World::with(&load::vars(2000)).await;
    let seen = Seen::default();
    let samples = load::during(&world, &seen, CLIENTS, false, async {
        let (begin, mut samples) = (Instant::now(), Vec::new());
        let mut before = 0;
        while begin.elapsed() < span() {
            sleep(SAMPLE).await;
            let total = seen.total();
            samples.push(Sample::take(&world, total - before));
            before = total;
            if samples.len() % 3 == 0 {
                world.proxy.cut_all();
            }
        }
        samples
    })
    .await;

    println!("{:?} of{seen}", span());
    seen.assert_sound(&world).await;
    for trend in trends(&samples) {
        println!("{trend}");
        assert!(trend.is_flat(), "{trend}");
    }
}

/// A minute of samples, the last third of it at another pace.
fn minute(last_pace: f64, change: fn(&mut Sample, f64)) -> Vec<Sample> {
    let at = |second: u32| {
        let pace = if second < 40 { 1.0 } else { last_pace };
        let mut sample = Sample {
            host_rss: 1e8,
            host_files: 20.0,
            redis_memory: 1e6,
            redis_clients: 5.0,
            keys: 1000.0 * pace,
            answers: 500.0 * pace,
        };
        change(&mut sample, second.into());
        sample
    };
    (0..60).map(at).collect()
}

fn is_flat(samples: &[Sample]) -> bool {
    trends(samples).iter().all(Trend::is_flat)
}

#[test]
fn what_grows_is_seen() {
    assert!(is_flat(&minute(1.0, |_, _| {})));
    let growing: [fn(&mut Sample, f64); 5] = [
        |sample, second| sample.host_rss += 1e6 * second,
        |sample, second| sample.host_files += second,
        |sample, second| sample.redis_memory += 1e5 * second,
        |sample, second| sample.redis_clients += second,
        |sample, second| sample.keys += 40.0 * second,
    ];
    for (index, growing) in growing.into_iter().enumerate() {
        assert!(!is_flat(&minute(1.0, growing)), "figure {index}");
    }
}

#[test]
fn keys_are_held_against_the_pace() {
    let leak = |sample: &mut Sample, second: f64| sample.keys += 40.0 * second;
    for pace in [0.5, 1.0, 1.2, 2.0] {
        assert!(is_flat(&minute(pace, |_, _| {})), "pace {pace}");
    }
    for pace in [0.5, 1.0, 1.2] {
        assert!(!is_flat(&minute(pace, leak)), "pace {pace}");
    }
}
