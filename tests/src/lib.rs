//! The harness of the end-to-end tests: what it takes to run the app as it is run in earnest, with
//! a Redis of its own, and to look at it from outside. Nothing here knows how the app is built.
//!
//! A test starts what it needs in one line and all of it ends with the test:
//!
//! ```no_run
//! # async fn doc() {
//! let app = tests::App::shared().await;
//! let phone = tests::phone();
//! let code = app.sent_code(&phone).await;
//! app.verify(&phone, &code).await.ok();
//! # }
//! ```
//!
//! # Which app a test talks to
//! | call | the app | for |
//! |---|---|---|
//! | [`App::any`] | the one at `LATCH_BASE_URL` if that is set, else the shared one | what holds for every configuration, and needs neither the app's output nor its Redis: the module `any_app` |
//! | [`App::shared`] | one app and Redis for the whole test binary, with the defaults of [`Vars`] | what the defaults show; each test takes a [`phone`] of its own |
//! | [`App::own`] | an app and a Redis of the test's own | other variables |
//! | [`App::start`] | an app on a [`Redis`] that the test holds | faults and restarts |
//!
//! # Environment
//! | variable | meaning |
//! |---|---|
//! | `LATCH_HOST_BIN` | the host that runs the app; default `target/host/latch-host`. It is called as `latch-host --manifest .. --runtime-config-file .. --listen 127.0.0.1:0` and its first line on stdout is `Serving http://127.0.0.1:PORT` |
//! | `LATCH_REDIS_SERVER` | `redis-server` or `valkey-server`; default `redis-server` in the `PATH` |
//! | `LATCH_REDIS_6_2`, `LATCH_VALKEY_8` | a Redis 6.2 and a Valkey 8, for the tests of failovers; without them those are skipped |
//! | `LATCH_NODE` | Node.js 20 or later; default `node` in the `PATH` |
//! | `LATCH_NGINX` | nginx with its `auth_request` module; default `nginx` in the `PATH` |
//! | `LATCH_BASE_URL` | a running app (`spin up`) for the tests that use [`App::any`]; the others start the host as ever |
//! | `LATCH_TEST_NUMBER` | an entry of that app's `otp_test_numbers`, `+77770000001=123456` |
//! | `LATCH_SERVICE_TOKEN` | that app's `service_token` |
//! | `LATCH_LONG` | `1` (`cargo xtask test --long`): [`long`], more runs and the soak |
//! | `LATCH_SEED` | the first run of the checked histories, and the first input of each fuzzer; default: another each time, printed |
//! | `LATCH_FUZZ_S` | how long each fuzzer runs, in seconds; default 5, and 300 in the long mode |
//! | `LATCH_SOAK_S` | how long the soak lasts; default 600 in the long mode |
//!
//! Every answer that a [`Client`] receives is held against the [`rules`] that all answers keep.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a panic here is a failed test"
)]

mod answer;
mod app;
mod client;
pub mod corpus;
mod lines;
mod nginx;
mod process;
mod proxy;
pub mod raw;
mod redis;
mod resp;
pub mod rules;
mod vars;
mod webhook;

use std::{
    path::{Path, PathBuf},
    sync::{
        LazyLock,
        atomic::{AtomicU32, Ordering},
    },
};

pub use answer::Answer;
pub use app::App;
pub use client::Client;
pub use lines::Lines;
pub use nginx::Nginx;
pub use proxy::{Cut, Proxy};
pub use redis::{Redis, Server};
pub use vars::{Vars, hex_key};
pub use webhook::{Delivery, Reply, Webhook};

/// Whether `cargo xtask test --long` asked for as much as time allows.
pub fn long() -> bool {
    std::env::var_os("LATCH_LONG").is_some_and(|value| value == "1")
}

/// A phone number in E.164 that no other test of this run uses.
pub fn phone() -> String {
    static NEXT: LazyLock<AtomicU32> = LazyLock::new(|| rand::random::<u32>().into());
    format!(
        "+7701{:07}",
        NEXT.fetch_add(1, Ordering::Relaxed) % 10_000_000
    )
}

/// A code of the same length that is not `code`: another one for each `n` from 0 to 8.
pub fn wrong(code: &str, n: u8) -> String {
    let (head, last) = code.split_at(code.len() - 1);
    let last: u8 = last.parse().unwrap();
    format!("{head}{}", (last + 1 + n % 9) % 10)
}

/// How the app writes a phone number in its logs: `+7777***4567`.
pub fn masked(phone: &str) -> String {
    format!("{}***{}", &phone[..5], &phone[phone.len() - 4..])
}

/// A port that is free now, below the range from which the system gives ports to clients: a server
/// that restarts finds its own port free.
pub fn free_port() -> u16 {
    std::iter::repeat_with(|| rand::random_range(20_000..32_000))
        .find(|port| std::net::TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .unwrap()
}

/// The workspace's root folder.
pub fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// The folder in which servers run: one without a `.env`, that git ignores.
fn run_dir() -> PathBuf {
    let dir = workspace().join("target/e2e");
    std::fs::create_dir_all(&dir).unwrap();
    dir
}
