//! The app, run by a host as it is run in earnest.

use std::{env, io::ErrorKind, process::Command, sync::Arc, thread};

use hyper::Method;
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use crate::{Answer, Client, Lines, Redis, Vars, process::Process, run_dir, workspace};

/// The path of the endpoint that sends codes.
const REQUEST: &str = "/api/auth/request-otp";
/// The path of the endpoint that checks them.
const VERIFY: &str = "/api/auth/verify-otp";

/// A running app and a client of it, for one test. It ends when the last test that holds it does.
///
/// Dereferences to the [`Client`].
pub struct App {
    host: Arc<Host>,
    client: Client,
}

/// The process behind an app, or the address of one that was started by someone else.
struct Host {
    url: String,
    test_number: (String, String),
    service_token: String,
    local: Option<Local>,
}

/// What only a process of our own shows. Fields drop in order: the app before its Redis.
struct Local {
    process: Process,
    stdout: Lines,
    stderr: Lines,
    redis: Option<Redis>,
}

impl App {
    /// The paths of the two endpoints that take JSON.
    pub const ENDPOINTS: [&str; 2] = [REQUEST, VERIFY];
    /// The path of the published keys.
    pub const JWKS: &str = "/.well-known/jwks.json";

    /// The app at `LATCH_BASE_URL`, else the shared one.
    pub async fn any() -> Self {
        match env::var("LATCH_BASE_URL") {
            Ok(url) => Self::of(Arc::new(Host::given(url))),
            Err(_) => Self::shared().await,
        }
    }

    /// The one app that all tests share which need nothing but the defaults.
    pub async fn shared() -> Self {
        static SHARED: OnceCell<Arc<Host>> = OnceCell::const_new();
        let start = async || Arc::new(Host::with_redis(Vars::new()).await);
        Self::of(SHARED.get_or_init(start).await.clone())
    }

    /// An app with these variables and a Redis of its own.
    pub async fn own(vars: Vars) -> Self {
        Self::of(Arc::new(Host::with_redis(vars).await))
    }

    /// An app with these variables on `redis`.
    pub async fn start(redis: &Redis, vars: &Vars) -> Self {
        Self::at(&redis.url(), vars).await
    }

    /// An app with these variables that is told its Redis is at `redis_url`; an empty one says
    /// nothing.
    pub async fn at(redis_url: &str, vars: &Vars) -> Self {
        Self::of(Arc::new(Host::spawn(redis_url, vars, None, &[]).await))
    }

    /// The same, with instances that are kept while nobody asks: they hold their connections.
    pub async fn kept_at(redis_url: &str, vars: &Vars) -> Self {
        let options = [
            "--idle-instance-timeout=600s",
            "--max-instance-reuse-count=1000000",
        ];
        Self::of(Arc::new(Host::spawn(redis_url, vars, None, &options).await))
    }

    fn of(host: Arc<Host>) -> Self {
        let client = Client::new(&host.url);
        Self { host, client }
    }

    /// Where it serves: `http://127.0.0.1:PORT`.
    pub fn url(&self) -> &str {
        &self.host.url
    }

    /// A phone with a fixed code, and the code. The same for everyone who asks.
    pub fn test_number(&self) -> (&str, &str) {
        let (phone, code) = &self.host.test_number;
        (phone, code)
    }

    /// The bearer token of the endpoints for services.
    pub fn service_token(&self) -> &str {
        &self.host.service_token
    }

    /// Calls an endpoint for services, with its token. `Value::Null` is no body.
    pub async fn service(&self, method: Method, path: &str, body: &Value) -> Answer {
        let token = format!("Bearer {}", self.service_token());
        let headers = [
            ("authorization", token.as_str()),
            ("content-type", "application/json"),
        ];
        let body = match body {
            Value::Null => String::new(),
            body => body.to_string(),
        };
        self.send(method, path, &headers, body).await
    }

    /// The Redis of an app of the test's own, or of the shared one.
    pub fn redis(&self) -> &Redis {
        self.local()
            .redis
            .as_ref()
            .expect("the test that started the app on a Redis holds it")
    }

    /// How much memory the host's process has, in bytes, as Linux counts it.
    pub fn resident_bytes(&self) -> u64 {
        let status = format!("/proc/{}/status", self.local().process.id());
        let status = std::fs::read_to_string(status).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib: u64 = line.unwrap().trim_end_matches("kB").trim().parse().unwrap();
        kib * 1024
    }

    /// How many files and sockets the host's process has open, as Linux counts them.
    pub fn open_files(&self) -> usize {
        let folder = format!("/proc/{}/fd", self.local().process.id());
        std::fs::read_dir(folder).unwrap().count()
    }

    /// What the app wrote to stdout.
    pub fn stdout(&self) -> &Lines {
        &self.local().stdout
    }

    /// What the app logged.
    pub fn stderr(&self) -> &Lines {
        &self.local().stderr
    }

    /// Asks for a code for `phone`.
    pub async fn request(&self, phone: &str) -> Answer {
        self.request_with(&[], &json!({ "phone": phone })).await
    }

    /// Asks for a code with all that a client may say.
    pub async fn request_with(&self, headers: &[(&str, &str)], body: &Value) -> Answer {
        self.post_with(REQUEST, headers, body).await
    }

    /// Tries `code` for `phone`.
    pub async fn verify(&self, phone: &str, code: &str) -> Answer {
        self.verify_with(&json!({ "phone": phone, "otp_code": code }))
            .await
    }

    /// Tries a code with all that a client may say.
    pub async fn verify_with(&self, body: &Value) -> Answer {
        self.post(VERIFY, body).await
    }

    /// Asks for a code and returns the one that was sent.
    ///
    /// # Panics
    /// If the app refuses.
    pub async fn sent_code(&self, phone: &str) -> String {
        self.sent_code_with(&json!({ "phone": phone })).await
    }

    /// Asks for a code with all that a client may say, and returns the one that was sent.
    ///
    /// # Panics
    /// If the app refuses.
    pub async fn sent_code_with(&self, body: &Value) -> String {
        // What was delivered is known by the number as it was normalized.
        let phone = body["phone"]
            .as_str()
            .unwrap()
            .replace([' ', '-', '(', ')'], "");
        let before = self.delivered(&phone).len();
        self.request_with(&[], body).await.ok();
        let what = format!("code {} for {phone}", before + 1);
        self.stdout()
            .find(&what, |lines| codes_to(&phone, lines).get(before).cloned())
            .await
    }

    /// The codes delivered to `phone` so far.
    pub fn delivered(&self, phone: &str) -> Vec<String> {
        codes_to(phone, &self.stdout().so_far())
    }

    /// Waits until everything that was delivered before this call can be seen, by having a code
    /// delivered after it.
    pub async fn settle(&self) {
        self.sent_code(&crate::phone()).await;
    }

    fn local(&self) -> &Local {
        self.host
            .local
            .as_ref()
            .expect("an app given by LATCH_BASE_URL shows only its answers")
    }
}

impl std::ops::Deref for App {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

// === impl Host ===

impl Host {
    fn given(url: String) -> Self {
        let number = env::var("LATCH_TEST_NUMBER")
            .expect("LATCH_BASE_URL comes with LATCH_TEST_NUMBER=+77770000001=123456");
        let (phone, code) = number
            .split_once('=')
            .expect("LATCH_TEST_NUMBER is PHONE=CODE");
        Self {
            url,
            test_number: (phone.into(), code.into()),
            service_token: env::var("LATCH_SERVICE_TOKEN").unwrap_or_default(),
            local: None,
        }
    }

    async fn with_redis(vars: Vars) -> Self {
        let redis = Redis::start().await;
        Self::spawn(&redis.url(), &vars, Some(redis), &[]).await
    }

    async fn spawn(redis_url: &str, vars: &Vars, redis: Option<Redis>, options: &[&str]) -> Self {
        let root = workspace();
        lend_redis_env();
        let binary = env::var_os("LATCH_HOST_BIN").map_or_else(
            || root.join("target/host/latch-host"),
            |path| root.join(path),
        );
        let inherited = env::vars().filter(|(name, _)| !name.starts_with("SPIN_"));
        let mut command = Command::new(binary);
        command
            .arg("--manifest")
            .arg(root.join("spin.toml"))
            .arg("--runtime-config-file")
            .arg(root.join("runtime-config.toml"))
            .args(["--listen", "127.0.0.1:0"])
            .args(options)
            .current_dir(run_dir())
            .env_clear()
            .envs(inherited)
            .envs(vars.environment())
            .env("REDIS_URL", redis_url);
        if redis_url.is_empty() {
            command.env_remove("REDIS_URL");
        }

        let mut process = Process::spawn(&mut command);
        let (stdout, stderr) = process.take_output();
        let (stdout, stderr) = (Lines::of(stdout), Lines::of(stderr));
        let started = stdout.clone();
        // The lines on stderr say why, if it does not start: they go into this failure.
        let _show = ShowOnPanic(&stderr);
        let url = started
            .find("the app serves", |lines| {
                lines
                    .iter()
                    .find_map(|line| Some(line.strip_prefix("Serving ")?.to_owned()))
            })
            .await;
        let (phone, code) = Vars::TEST_NUMBERS[0];
        let local = Local {
            process,
            stdout,
            stderr: stderr.clone(),
            redis,
        };
        Self {
            url,
            test_number: (phone.into(), code.into()),
            service_token: vars.get("service_token").to_owned(),
            local: Some(local),
        }
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        if let Some(local) = &self.local {
            ShowOnPanic(&local.stderr);
        }
    }
}

/// Puts the workspace's redis.env, by which REDIS_URL reaches the app, where hosts run. Its `.env`
/// stays where it is: what a developer configured is nothing to a test.
fn lend_redis_env() {
    let name = "redis.env";
    match std::os::unix::fs::symlink(workspace().join(name), run_dir().join(name)) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => panic!("{name}: {error}"),
        _ => {}
    }
}

/// Shows what an app logged, when it is dropped because a test failed.
struct ShowOnPanic<'a>(&'a Lines);

impl Drop for ShowOnPanic<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("the app logged:\n{}", self.0.so_far().join("\n"));
        }
    }
}

/// The codes in the lines that the `log` delivery writes, in order. A host may put its own words
/// before a component's line.
fn codes_to(phone: &str, lines: &[String]) -> Vec<String> {
    lines
        .iter()
        .filter_map(|line| serde_json::from_str::<Value>(&line[line.find('{')?..]).ok())
        .filter(|line| line["to"] == phone)
        .filter_map(|line| Some(line["code"].as_str()?.to_owned()))
        .collect()
}
