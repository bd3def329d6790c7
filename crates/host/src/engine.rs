//! The wasmtime engine: set up as Spin's `core` crate does, with a cache of compiled code.

use std::{path::Path, thread, time::Duration};

use anyhow::{Context as _, Result};
use wasmtime::{
    Cache, CacheConfig, Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig,
};

use crate::report::report;

/// How often a guest that computes without a pause lets others run.
const TICK: Duration = Duration::from_millis(10);

/// Makes the engine. Compiled code is kept in `cache_dir`, so that the next start takes no time.
///
/// # Errors
/// An engine that this machine cannot have.
pub(crate) fn new(cache_dir: &Path) -> Result<Engine> {
    let engine = pooling(cache_dir).or_else(|error| {
        // The pool reserves terabytes of addresses, which some containers do not allow.
        report(format_args!(
            "slower instances, since there can be no pool of them: {error:#}"
        ));
        Engine::new(&config(cache_dir)).map_err(anyhow::Error::from)
    })?;
    tick(&engine)?;
    Ok(engine)
}

fn pooling(cache_dir: &Path) -> Result<Engine> {
    let mut pool = PoolingAllocationConfig::new();
    // A component has several core instances and tables, and memory that a request touched is
    // kept for the next instance instead of being given back to the system. A burst of a thousand
    // requests needs more stacks than that: instances that have just ended still hold theirs.
    pool.total_stacks(4_000)
        .total_core_instances(4_000)
        .total_tables(2_000)
        .max_tables_per_module(2)
        .max_memories_per_module(2)
        .table_elements(100_000)
        .max_component_instance_size(10 << 20)
        .max_core_instance_size(10 << 20)
        .linear_memory_keep_resident(2 << 20)
        .table_keep_resident(512 << 10);
    let mut config = config(cache_dir);
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    Ok(Engine::new(&config)?)
}

fn config(cache_dir: &Path) -> Config {
    let mut config = Config::new();
    config
        .wasm_component_model_async(true)
        .epoch_interruption(true)
        .cache(cache(cache_dir));
    config
}

/// No cache is no reason not to run.
fn cache(dir: &Path) -> Option<Cache> {
    let mut config = CacheConfig::new();
    config.with_directory(dir);
    Cache::new(config)
        .inspect_err(|error| report(format_args!("no cache in {}: {error:#}", dir.display())))
        .ok()
}

/// Advances the engine's epoch for as long as there is an engine.
fn tick(engine: &Engine) -> Result<()> {
    let engine = engine.weak();
    let ticking = move || {
        while let Some(engine) = engine.upgrade() {
            engine.increment_epoch();
            drop(engine);
            thread::sleep(TICK);
        }
    };
    thread::Builder::new()
        .name("epoch".to_owned())
        .spawn(ticking)
        .context("cannot start a thread")?;
    Ok(())
}
