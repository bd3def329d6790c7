//! One circuit, and what every script about it has in common.

use latch::{Argument, Context, Event, Platform, Replies, Script, StoreError};

use crate::name::Name;
use crate::policy::{Policies, Written};

/// What scripts about circuits share.
pub(crate) const SHARED: &str = concat!(
    include_str!("value.lua"),
    include_str!("moments.lua"),
    include_str!("window.lua"),
    include_str!("machine.lua"),
    include_str!("circuit.lua"),
);

/// A circuit by its name, with its policy.
pub(crate) struct Circuit<'a> {
    pub(crate) name: Name,
    pub(crate) policy: &'a Written,
}

impl<'a> Circuit<'a> {
    pub(crate) fn new(name: Name, policies: &'a Policies) -> Self {
        Self {
            policy: policies.of(name.as_str()),
            name,
        }
    }

    /// Runs a script on the circuit and its policy, logs the transition with which its reply begins,
    /// and leaves the rest to `read`.
    pub(crate) async fn run<'b, P: Platform, T>(
        &'b self,
        context: &Context<'_, P>,
        script: &Script,
        arguments: impl IntoIterator<Item = Argument<'b>>,
        read: impl FnOnce(&mut Replies<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let policy = Argument::from(self.policy.json.get());
        let arguments: Vec<_> = [policy].into_iter().chain(arguments).collect();
        let returned = context.run(script, &[&self.name.key()], &arguments).await?;
        let mut reply = returned.reader();
        self.log_transition(context, &mut reply)?;
        read(&mut reply)
    }

    /// Reads `{ from, to, reason }`, empty where nothing has changed.
    pub(crate) fn log_transition<P: Platform>(
        &self,
        context: &Context<'_, P>,
        reply: &mut Replies<'_>,
    ) -> Result<(), StoreError> {
        let (from, to, reason) = (reply.text()?, reply.text()?, reply.text_lossy()?);
        if from != to {
            Event::new("circuit.transition")
                .with("name", self.name.as_str())
                .with("from", from)
                .with("to", to)
                .with("reason", &*reason)
                .log(context.platform());
        }
        Ok(())
    }
}
