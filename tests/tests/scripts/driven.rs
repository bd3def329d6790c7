//! Scripts whose clock the test drives.

use latch::Script;
use redis::{Connection, Value};
use tests::Redis;

/// Microseconds in a millisecond: scripts count in the one, TTLs in the other.
pub(crate) const MILLI: u64 = 1_000;
pub(crate) const SECOND: u64 = 1_000 * MILLI;

/// Where the driven clock stands. Every key of a case begins with the case's own tag.
const CLOCK_KEY: &str = "driven-clock";

/// One Redis, and a clock that moves when it is told to.
pub(crate) struct Driven {
    connection: Connection,
    now: u64,
}

impl Driven {
    /// Connects, with an empty database and the clock at some moment.
    pub(crate) fn new(redis: &Redis) -> Self {
        let mut driven = Self {
            connection: redis.connect(),
            now: 1_700_000_000 * SECOND,
        };
        let _: () = driven.query(&["FLUSHDB"]);
        driven.set_clock();
        driven
    }

    /// The driven time in microseconds.
    pub(crate) fn now(&self) -> u64 {
        self.now
    }

    /// Lets `span` microseconds pass: for the clock, and for all that is to expire.
    ///
    /// Real time passes too, a little, which the clock does not see. Logs, counters and buckets go by
    /// the clock alone, so they are given some time to make up for that; what else expires is made to
    /// do so a good part of a second away from any moment at which the clock may stand. A log or a
    /// counter is known by its text, which has moments and counts in it and nothing else.
    pub(crate) fn advance(&mut self, span: u64) {
        self.now += span;
        self.set_clock();
        let age = "for _, key in ipairs(redis.call('KEYS', '*')) do
                     local ttl = redis.call('PTTL', key)
                     local text = redis.call('TYPE', key).ok == 'string' and redis.call('GET', key)
                     local log = text and string.find(text, '^%d[%d :;]*$')
                     local bucket = string.find(key, 'ratelimit:', 1, true) == 1
                     local grace = (log or bucket) and 400 or 0
                     if ttl >= 0 then redis.call('PEXPIRE', key, ttl + grace - ARGV[1]) end
                   end";
        let _: Value = self.query(&["EVAL", age, "0", &(span / MILLI).to_string()]);
    }

    /// Sets the clock back by `span` microseconds. What is to expire has as long left as before.
    pub(crate) fn set_back(&mut self, span: u64) {
        self.now -= span;
        self.set_clock();
    }

    /// Makes everything expire `span` microseconds later, as it does in a Redis whose clock has been
    /// set back: what it keeps is when a key is to end.
    pub(crate) fn lengthen(&mut self, span: u64) {
        let later = "for _, key in ipairs(redis.call('KEYS', '*')) do
                       local ttl = redis.call('PTTL', key)
                       if ttl >= 0 then redis.call('PEXPIRE', key, ttl + ARGV[1]) end
                     end";
        let _: Value = self.query(&["EVAL", later, "0", &(span / MILLI).to_string()]);
    }

    /// Runs a script with the driven clock in the place of Redis's.
    pub(crate) fn run(&mut self, script: &Script, keys: &[&str], arguments: &[String]) -> Replies {
        let clock = format!(
            "local function clock() return tonumber(redis.call('GET', '{CLOCK_KEY}')) end\n"
        );
        let text: String = script
            .parts()
            .iter()
            .map(|part| {
                if *part == Script::CLOCK {
                    &clock
                } else {
                    *part
                }
            })
            .collect();
        let mut command = redis::cmd("EVAL");
        command.arg(text).arg(keys.len()).arg(keys).arg(arguments);
        let values: Vec<Value> = command.query(&mut self.connection).unwrap();
        Replies(values.into_iter())
    }

    /// Runs a command.
    pub(crate) fn query<T: redis::FromRedisValue>(&mut self, words: &[&str]) -> T {
        let (name, arguments) = words.split_first().unwrap();
        redis::cmd(name)
            .arg(arguments)
            .query(&mut self.connection)
            .unwrap()
    }

    /// Fails unless `key`, if it exists, will expire.
    pub(crate) fn assert_expires(&mut self, key: &str) {
        let ttl: i64 = self.query(&["PTTL", key]);
        assert_ne!(ttl, -1, "{key} never expires");
    }

    fn set_clock(&mut self) {
        let now = self.now.to_string();
        let _: () = self.query(&["SET", CLOCK_KEY, &now]);
    }
}

/// A script's reply, element by element.
pub(crate) struct Replies(std::vec::IntoIter<Value>);

impl Replies {
    pub(crate) fn number(&mut self) -> u64 {
        match self.0.next() {
            Some(Value::Int(number)) => u64::try_from(number).unwrap(),
            other => panic!("{other:?} is not a number"),
        }
    }

    pub(crate) fn text(&mut self) -> String {
        match self.0.next() {
            Some(Value::BulkString(bytes)) => String::from_utf8(bytes).unwrap(),
            other => panic!("{other:?} is not a text"),
        }
    }
}
