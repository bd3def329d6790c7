//! One cell of the table: a subject under a load.

use std::fmt;

use crate::bench::load::Load;
use crate::bench::settings::GUESSES;
use crate::bench::store::Store;
use crate::bench::subject::Subject;
use crate::bench::workload::Workload;

/// How long a subject is warmed up, in seconds.
const WARM_UP: u32 = 1;

/// A subject under a load.
pub(crate) struct Cell<'a> {
    pub(crate) subject: &'a Subject,
    pub(crate) workload: Workload,
    pub(crate) connections: u32,
}

/// What was seen in one round.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Measured {
    /// Requests a second.
    pub(crate) rate: f64,
    pub(crate) p50_us: f64,
    pub(crate) p99_us: f64,
    /// Processor time of the server for a request.
    pub(crate) cpu_us: f64,
    /// Processor time of Redis for a request.
    pub(crate) redis_cpu_us: f64,
    /// The time of one script in Redis.
    pub(crate) script_us: f64,
    /// Scripts that Redis ran for a request.
    pub(crate) scripts: f64,
    /// Connections to Redis that were opened for a thousand requests.
    pub(crate) connections: f64,
    /// Part of the answers that had a status above 399.
    pub(crate) refused: f64,
}

// === impl Cell ===

impl<'a> Cell<'a> {
    pub(crate) const fn new(subject: &'a Subject, workload: Workload, connections: u32) -> Self {
        Self {
            subject,
            workload,
            connections,
        }
    }

    /// Measures on a fresh Redis and a fresh server. `ceiling`, in requests a second, is what the
    /// subject can do at most: so much is prepared.
    pub(crate) fn measure(&self, seconds: u32, ceiling: f64) -> anyhow::Result<Measured> {
        let store = Store::start()?;
        self.prepare(&store, seconds, ceiling)?;
        let server = self.subject.start(self.workload.component(), &store)?;
        let url = server.url();
        let load = Load {
            script: self.workload.script(),
            url: &url,
            connections: self.connections,
            seconds: WARM_UP,
            from: 0,
            count: 0,
        };
        let warm = load.run()?;
        let (cpu, counts) = (server.cpu_us(), store.counts()?);
        let load = Load {
            seconds,
            // What was under way when the warm-up ended counts too.
            from: warm.requests + u64::from(self.connections),
            ..load
        };
        let seen = load.run()?;
        let cpu = server.cpu_us() - cpu;
        let counts = store.counts()?.since(counts);
        let each = |sum: u64| sum as f64 / seen.requests as f64;
        Ok(Measured {
            rate: seen.requests as f64 / seen.seconds,
            p50_us: seen.p50_us as f64,
            p99_us: seen.p99_us as f64,
            cpu_us: each(cpu),
            redis_cpu_us: each(counts.cpu_us),
            script_us: counts.script_us as f64 / counts.scripts.max(1) as f64,
            scripts: each(counts.scripts),
            connections: each(counts.connections) * 1_000.0,
            refused: each(seen.refused),
        })
    }

    /// Makes what the load uses up: codes to guess at, states to consume.
    fn prepare(&self, store: &Store, seconds: u32, ceiling: f64) -> anyhow::Result<()> {
        let Some((script, component)) = self.workload.preparation() else {
            return Ok(());
        };
        let calls = (f64::from(seconds + WARM_UP) * ceiling) as u64 + u64::from(self.connections);
        let count = match self.workload {
            Workload::VerifyOtp => calls / u64::from(GUESSES) + 1,
            _ => calls,
        };
        let server = self.subject.start(component, store)?;
        let load = Load {
            script,
            url: &server.url(),
            connections: 32,
            seconds: 600,
            from: 0,
            count,
        };
        load.prepare()
    }
}

impl fmt::Display for Cell<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:10} {:16} {:3} connections",
            self.subject.name(),
            self.workload.name(),
            self.connections
        )
    }
}

impl fmt::Display for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:6.0}/s  p50 {:5.0} us  p99 {:5.0} us  {:4.0} us CPU",
            self.rate, self.p50_us, self.p99_us, self.cpu_us
        )
    }
}
