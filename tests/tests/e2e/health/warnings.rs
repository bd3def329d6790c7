//! What works today and may lose state tomorrow: a warning, and no failure.

use tests::{App, Redis, Vars};

use super::verification::{Checks, Table, ask};

/// Fails unless these checks give a warning with this fix, and nothing fails.
async fn assert_warnings(app: &App, names: &[&str], fix: &str) {
    assert_eq!(ask(app).await.ok()["status"], "warn");
    let checks = Checks::passed(app).await;
    assert_eq!(checks.names("warn"), names);
    let table = Table::of(app);
    assert_eq!(table.code, 0, "{}", table.stdout);
    for name in names {
        checks.assert_fix(name, "warn", fix);
        table.assert_fix('!', name, fix);
    }
}

#[tokio::test]
async fn a_redis_that_evicts() {
    let redis = Redis::start().await;
    let app = App::start(&redis, &Vars::new()).await;
    let _: () = redis.run("CONFIG SET maxmemory-policy allkeys-lru");

    assert_warnings(&app, &["eviction"], "maxmemory-policy noeviction").await;
}

#[tokio::test]
async fn memory_that_is_nearly_used_up() {
    let redis = Redis::start().await;
    let app = App::start(&redis, &Vars::new()).await;
    Checks::passed(&app).await;
    // What the scripts came in is given back a moment later.
    redis
        .until("connections have small buffers", |redis| {
            let clients: String = redis.run("CLIENT LIST");
            let free = |word: &str| word.strip_prefix("qbuf-free=")?.parse().ok();
            let mut buffers = clients.split_whitespace().filter_map(free);
            buffers.all(|free: u64| free < 32 * 1024)
        })
        .await;
    let info: String = redis.run("INFO memory");
    let used = info
        .lines()
        .find_map(|line| line.strip_prefix("used_memory:"));
    let used: u64 = used.unwrap().parse().unwrap();
    let _: () = redis.run(&format!("CONFIG SET maxmemory {}", used * 105 / 100));

    assert_warnings(&app, &["memory"], "Raise `maxmemory`").await;
}

#[tokio::test]
async fn an_acl_that_forbids_looking() {
    let redis = Redis::start().await;
    let _: () = redis.run("ACL SETUSER latch on >pw ~* &* +@all -info");
    let url = redis.url().replace("redis://", "redis://latch:pw@");
    let app = App::at(&url, &Vars::new()).await;

    assert_warnings(&app, &["role", "eviction", "memory"], "+info`").await;
}
