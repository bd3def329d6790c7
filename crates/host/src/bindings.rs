//! The interfaces of `wit/`, as traits to implement.

#![allow(missing_docs, reason = "generated: the documentation is in wit/")]
#![allow(unreachable_pub, reason = "generated")]
#![allow(
    unsafe_code,
    reason = "generated: lifting and lowering of the interfaces' types"
)]

wasmtime::component::bindgen!({
    path: "wit",
    world: "host",
    with: { "spin:redis/redis.connection": crate::redis::Connection },
});
