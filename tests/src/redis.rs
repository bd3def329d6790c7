//! A real Redis, private to whoever starts it.

use std::{
    env,
    ffi::OsString,
    fs,
    io::Write as _,
    net::{Shutdown, TcpStream},
    path::PathBuf,
    process::Command,
    sync::{LazyLock, Mutex, MutexGuard},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use redis::{Client, Connection, FromRedisValue, Value, cmd};
use rustix::process::Signal;
use tokio::time::sleep;

use crate::{free_port, lines::Lines, process::Process, run_dir, workspace};

/// A Redis server on a port of its own that holds its data in memory only and ends when dropped.
///
/// Operators' tools look at it from the side: a direct connection, what `MONITOR` shows, a dump
/// of all keys and values. And it can be broken in the ways that a Redis breaks.
pub struct Redis {
    port: u16,
    version: Server,
    server: Mutex<Process>,
}

/// A version of Redis, by the program that runs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Server {
    /// What the machine has: Redis 7, or another.
    Own,
    /// Redis 6.2.
    Redis6,
    /// Valkey 8.
    Valkey8,
}

impl Server {
    /// Every version that the app is tested with.
    pub const ALL: [Self; 3] = [Self::Redis6, Self::Own, Self::Valkey8];

    /// The program, if there is one here.
    fn program(self) -> Option<OsString> {
        let given = |variable| env::var_os(variable);
        match self {
            Self::Own => given("LATCH_REDIS_SERVER").or_else(|| Some("redis-server".into())),
            Self::Redis6 => given("LATCH_REDIS_6_2"),
            Self::Valkey8 => given("LATCH_VALKEY_8"),
        }
    }
}

impl Redis {
    /// Starts a server and waits until it accepts connections.
    pub async fn start() -> Self {
        Self::of(Server::Own).await.unwrap()
    }

    /// Starts a server of that version, if it is here: `cargo xtask test` says why one is not.
    pub async fn of(version: Server) -> Option<Self> {
        let program = version.program()?;
        let port = free_port();
        Some(Self {
            port,
            version,
            server: Mutex::new(serve(&mut Command::new(program), port).await),
        })
    }

    /// Starts a server whose clock [`Self::set_clock_back`] sets back. Compiles the few lines of C
    /// that do it.
    pub async fn with_clock() -> Self {
        let version = Server::Own;
        let port = free_port();
        let mut command = Command::new(version.program().unwrap());
        command
            .env("LD_PRELOAD", clock_library())
            .env("LATCH_CLOCK", clock_file(port));
        fs::write(clock_file(port), 0_i64.to_ne_bytes()).unwrap();
        Self {
            port,
            version,
            server: Mutex::new(serve(&mut command, port).await),
        }
    }

    /// Sets the clock of a server that was started [`Self::with_clock`] back by `span`, in all.
    pub fn set_clock_back(&self, span: Duration) {
        let micros = i64::try_from(span.as_micros()).unwrap();
        let mut file = fs::OpenOptions::new()
            .write(true)
            .open(clock_file(self.port))
            .unwrap();
        file.write_all(&micros.to_ne_bytes()).unwrap();
        let (seconds, micros): (u64, u64) = self.run("TIME");
        let theirs = Duration::from_secs(seconds) + Duration::from_micros(micros);
        let ours = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        assert!(theirs + span <= ours, "the clock has not been set back");
    }

    /// The address that goes into `redis_url`.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Where it listens, on the loopback.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The address with a password in it.
    pub fn url_with_password(&self, password: &str) -> String {
        format!("redis://:{password}@127.0.0.1:{}", self.port)
    }

    /// Runs one command, its arguments separated by spaces.
    ///
    /// # Panics
    /// If Redis answers with an error, or with something that is not a `T`.
    pub fn run<T: FromRedisValue>(&self, command: &str) -> T {
        let (name, arguments) = command.split_once(' ').unwrap_or((command, ""));
        cmd(name)
            .arg(arguments.split_whitespace().collect::<Vec<_>>())
            .query(&mut self.connect())
            .unwrap_or_else(|error| panic!("{command}: {error}"))
    }

    /// All keys that match a glob pattern, in order.
    pub fn keys(&self, pattern: &str) -> Vec<String> {
        let mut keys: Vec<String> = self.run(&format!("KEYS {pattern}"));
        keys.sort();
        keys
    }

    /// Every key with the bytes of its value, whatever its type.
    pub fn dump(&self) -> Vec<(String, Vec<u8>)> {
        self.keys("*")
            .into_iter()
            .map(|key| (key.clone(), self.value(&key)))
            .collect()
    }

    /// What one outstanding key costs, in bytes.
    pub fn memory_usage(&self, key: &str) -> u64 {
        self.run(&format!("MEMORY USAGE {key} SAMPLES 0"))
    }

    /// Fails unless each key that there is will expire.
    pub fn assert_every_key_expires(&self) {
        let keys = self.keys("*");
        assert!(!keys.is_empty(), "no keys to look at");
        for key in keys {
            let ttl: i64 = self.run(&format!("PTTL {key}"));
            assert_ne!(ttl, -1, "{key} never expires");
        }
    }

    /// Waits until what the server holds meets `condition`; `what` says what is waited for.
    ///
    /// # Panics
    /// If half a minute passes before it does.
    pub async fn until(&self, what: &str, condition: impl Fn(&Self) -> bool) {
        let begin = Instant::now();
        while !condition(self) {
            assert!(
                begin.elapsed() < Duration::from_secs(30),
                "time ran out before {what}"
            );
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits until no key matches a glob pattern: until what it stands for has expired.
    pub async fn expired(&self, pattern: &str) {
        self.until(&format!("{pattern} expired"), |redis| {
            redis.keys(pattern).is_empty()
        })
        .await;
    }

    /// Records every command that the server runs from now on.
    pub async fn monitor(&self) -> Monitor {
        use std::io::Write;

        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.write_all(b"MONITOR\r\n").unwrap();
        let lines = Lines::of(stream.try_clone().unwrap());
        lines
            .find("MONITOR's OK", |lines| (!lines.is_empty()).then_some(()))
            .await;
        Monitor { stream, lines }
    }

    /// Closes every client's connection, and returns how many there were once those who were not
    /// using theirs have had time to see it. What was on its way is neither lost nor carried out,
    /// for all that its sender knows.
    pub async fn drop_connections(&self) -> u64 {
        let dropped = self.run("CLIENT KILL TYPE normal");
        sleep(Duration::from_millis(200)).await;
        dropped
    }

    /// Ends the server at once, as a crash does (SIGKILL). Its data is lost.
    pub fn kill(&self) {
        let mut server = self.server();
        server.signal(Signal::KILL);
        server.wait();
    }

    /// Ends the server in good order (SIGTERM). Its data is lost.
    pub fn stop(&self) {
        let mut server = self.server();
        server.signal(Signal::TERM);
        server.wait();
    }

    /// Starts the server again on the same port after [`Self::kill`] or [`Self::stop`].
    pub async fn restart(&self) {
        let program = self.version.program().unwrap();
        let server = serve(&mut Command::new(program), self.port).await;
        *self.server() = server;
    }

    /// Stops the server without closing anything: connections stand, nothing is answered.
    pub fn freeze(&self) {
        self.server().signal(Signal::STOP);
    }

    /// Lets a frozen server go on.
    pub fn thaw(&self) {
        self.server().signal(Signal::CONT);
    }

    fn server(&self) -> MutexGuard<'_, Process> {
        self.server.lock().unwrap()
    }

    /// A connection of the test's own.
    pub fn connect(&self) -> Connection {
        let client = Client::open(self.url()).unwrap();
        client
            .get_connection()
            .expect("a connection to the test's Redis")
    }

    fn value(&self, key: &str) -> Vec<u8> {
        let kind: String = self.run(&format!("TYPE {key}"));
        let value: Value = self.run(&match kind.as_str() {
            "string" => format!("GET {key}"),
            "hash" => format!("HGETALL {key}"),
            "list" => format!("LRANGE {key} 0 -1"),
            "set" => format!("SMEMBERS {key}"),
            "zset" => format!("ZRANGE {key} 0 -1 WITHSCORES"),
            "stream" => format!("XRANGE {key} - +"),
            // Gone since its name was read.
            "none" => return Vec::new(),
            other => panic!("{key} is a {other}: teach the harness to read it"),
        });
        let mut bytes = Vec::new();
        flatten(value, &mut bytes);
        bytes
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(folder(self.port));
    }
}

/// A recording of the commands that a [`Redis`] runs, as `MONITOR` shows them.
pub struct Monitor {
    stream: TcpStream,
    lines: Lines,
}

impl Monitor {
    /// Ends the recording and returns it, complete up to this call.
    pub async fn finish(self, redis: &Redis) -> String {
        let end = format!("end-of-recording-{}", rand::random::<u64>());
        let _: String = redis.run(&format!("ECHO {end}"));
        let recording = self
            .lines
            .find("the end of the recording", |lines| {
                lines
                    .iter()
                    .any(|line| line.contains(&end))
                    .then(|| lines.join("\n"))
            })
            .await;
        let _ = self.stream.shutdown(Shutdown::Both);
        recording
    }
}

/// Where a server writes what it does write, when another one copies it.
fn folder(port: u16) -> PathBuf {
    run_dir().join(format!("redis-{port}"))
}

/// Where a server's clock reads by how much it is set back.
fn clock_file(port: u16) -> PathBuf {
    run_dir().join(format!("clock-{port}"))
}

/// The library that sets a clock back, compiled once.
fn clock_library() -> PathBuf {
    static LIBRARY: LazyLock<PathBuf> = LazyLock::new(|| {
        // Test binaries may run at once, and each compiles its own.
        let library = run_dir().join(format!("clock-{}.so", std::process::id()));
        let compiled = Command::new("cc")
            .args(["-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o"])
            .arg(&library)
            .arg(workspace().join("tests/src/clock.c"))
            .status();
        assert!(compiled.expect("a C compiler").success());
        library
    });
    LIBRARY.clone()
}

async fn serve(command: &mut Command, port: u16) -> Process {
    let folder = folder(port);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    let mut server = Process::spawn(
        command
            .args(["--bind", "127.0.0.1", "--port", &port.to_string()])
            .args(["--save", "", "--appendonly", "no"])
            .current_dir(folder),
    );
    let (stdout, _) = server.take_output();
    let ready = |line: &String| line.contains("Ready to accept connections");
    Lines::of(stdout)
        .find("Redis is ready", |lines| {
            lines.iter().any(ready).then_some(())
        })
        .await;
    server
}

fn flatten(value: Value, bytes: &mut Vec<u8>) {
    match value {
        Value::BulkString(value) => bytes.extend(value),
        Value::SimpleString(value) => bytes.extend(value.into_bytes()),
        Value::Int(value) => bytes.extend(value.to_string().into_bytes()),
        Value::Double(value) => bytes.extend(value.to_string().into_bytes()),
        Value::Array(values) | Value::Set(values) => {
            values.into_iter().for_each(|value| flatten(value, bytes));
            return;
        }
        Value::Map(pairs) => {
            pairs.into_iter().for_each(|(key, value)| {
                flatten(key, bytes);
                flatten(value, bytes);
            });
            return;
        }
        Value::Nil => {}
        other => panic!("{other:?} in a value: teach the harness to read it"),
    }
    bytes.push(b'\n');
}
