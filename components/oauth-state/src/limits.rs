//! How many flows strangers may begin: each client, and all of them together.
//!
//! A state costs memory of Redis for ten minutes, and anybody may begin a flow. The client's limit is
//! asked first, and counts each request that it lets pass, whatever comes of it. A client that is
//! refused takes nothing of what all clients share.

use std::time::Duration;

use latch::{
    Call, Context, Misconfigured, Platform, Problem, Quota, RequestLimit, Subject, Variables,
};

use crate::flow::digest;

const MINUTE: Duration = Duration::from_secs(60);
/// The event that the last one was taken of a limit.
const LIMIT_REACHED: &str = "oauth.limit-reached";

/// The limits on beginning flows.
pub(crate) struct Limits {
    client: RequestLimit,
    /// `None`: no ceiling.
    total: Option<RequestLimit>,
}

impl Limits {
    pub(crate) async fn configure<P: Platform>(
        variables: &Variables<'_, P>,
    ) -> Result<Self, Misconfigured> {
        let client = variables
            .number("oauth_states_per_minute_per_client", 1..=1_000_000)
            .await?;
        let total = variables
            .number("oauth_states_per_minute", 0..=10_000_000)
            .await?;
        Ok(Self {
            client: RequestLimit::new("client", [(client, MINUTE)]),
            total: (total > 0).then(|| RequestLimit::new("total", [(total, MINUTE)])),
        })
    }

    /// Counts a request that would begin a flow, or refuses it with 429. Returns what is left of each
    /// limit.
    pub(crate) async fn count<P: Platform>(
        &self,
        context: &Context<'_, P>,
        call: &Call,
    ) -> Result<Vec<Quota<'static>>, Problem> {
        // An address is no secret of ours, but it need not stand in Redis in clear.
        let client = Subject::client("oauth:client", &context.client(call), |address| {
            let digest = digest(address.as_bytes());
            digest.get(..22).unwrap_or_default().to_owned()
        });
        let counted = self.client.count(context, &client).await?;
        let mut quotas = vec![counted.or_refuse(context, LIMIT_REACHED, &[])?];
        if let Some(total) = &self.total {
            let everybody = Subject::everybody("oauth:{total}");
            let counted = total.count(context, &everybody).await?;
            quotas.push(counted.or_refuse(context, LIMIT_REACHED, &quotas)?);
        }
        Ok(quotas)
    }
}
