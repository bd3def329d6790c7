//! The handlers under inputs that nobody would write, natively: thousands a second.
//!
//! A panic here is an instance lost in wasm, with every request in it. Each input is made from its
//! seed, which a failure prints: `LATCH_SEED=... cargo test -p tests --test fuzz` begins with it.

#![recursion_limit = "256"]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a panic here is a failed test"
)]

mod endpoints;
mod input;
mod mutation;
mod rules;
mod run;
mod stored;
mod variables;
mod watched;
mod world;

use tests::corpus;

use crate::{
    run::run,
    stored::{CAPABILITIES, Capability, WRITES, write},
    world::World,
};

#[tokio::test]
async fn whatever_is_asked_is_answered_as_documented() {
    let mut world = World::start().await;
    run("requests", async |dice| {
        world.tidy();
        let input = input::Input::new(dice);
        rules::check(&mut world, &input).await;
    })
    .await;
    world.assert_every_key_expires();
}

/// Every value of the corpus at every key that there is, as a string and as what is none.
#[tokio::test]
async fn what_is_known_to_be_nasty_is_lived_with() {
    let mut world = World::start().await;
    let values = [corpus::circuits(), corpus::records()].concat();
    for number in 0..CAPABILITIES {
        let count = Capability::of(&world, number).await.keys(&mut world).len();
        for (at, value) in (0..count).flat_map(|at| values.iter().map(move |value| (at, value))) {
            for how in WRITES {
                let capability = Capability::of(&world, number).await;
                let key = capability.keys(&mut world).swap_remove(at);
                write(&mut world, how, &key, value);
                capability.lives_with(&mut world, &key, value).await;
            }
        }
        let _: () = world.query(&mut redis::cmd("FLUSHDB"));
    }
}

#[tokio::test]
async fn whatever_redis_holds_is_lived_with() {
    let mut world = World::start().await;
    run("stored values", async |dice| {
        world.tidy();
        stored::check(&mut world, dice).await;
    })
    .await;
}

#[tokio::test]
async fn whatever_a_variable_says_is_used_or_named() {
    let mut world = World::start().await;
    run("variables", async |dice| {
        world.tidy();
        variables::check(&mut world, dice).await;
    })
    .await;
}
