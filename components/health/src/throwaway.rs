//! The keys that a verification makes up.
//!
//! They begin as real ones do, so that a user who may touch only those can run it. No real one can
//! have such a name: the random part alone has 128 bits, and no hash is written like that.

use std::fmt::Write as _;
use std::time::Duration;

use futures_util::future::join_all;
use latch::{Context, Platform};

use crate::report::{Found, Outcome};
use crate::trouble::Trouble;

/// How long a key lasts that is not taken away, because Redis or this instance went away first.
/// The logs of messages and of wrong guesses are the exception: their scripts give them a day.
pub(crate) const LIFE: Duration = Duration::from_secs(60);

/// How long taking them away may last.
pub(crate) const PATIENCE: Duration = Duration::from_secs(2);

/// The names of one verification's keys.
pub(crate) struct Names {
    /// For plain commands.
    pub(crate) plain: String,
    pub(crate) otp: otp::Names,
    pub(crate) oauth_state: String,
    pub(crate) circuit: String,
    pub(crate) rate_limit: String,
}

impl Names {
    pub(crate) fn new(random: [u8; 16]) -> Self {
        let mut tag = "latch-verify-".to_owned();
        for byte in random {
            let _ = write!(tag, "{byte:02x}");
        }
        Self {
            plain: format!("latch:verify:{tag}"),
            otp: otp::Names::new(&tag, &otp::Purpose::default()),
            oauth_state: format!("oauth:state:{tag}"),
            circuit: format!("rollout:circuit:{tag}"),
            rate_limit: format!("ratelimit:latch-verify:{{{tag}}}"),
        }
    }

    fn all(&self) -> impl Iterator<Item = &str> {
        let others = [
            &self.plain,
            &self.oauth_state,
            &self.circuit,
            &self.rate_limit,
        ];
        let others = others.into_iter().map(String::as_str);
        others.chain(self.otp.all())
    }
}

/// Deletes all of them. One by one, so that a key which this user may not touch keeps none of the
/// others.
pub(crate) async fn take_away<P: Platform>(context: &Context<'_, P>, names: &Names) -> Outcome {
    let deletions = names.all().map(|key| delete(context, key));
    match join_all(deletions).await.into_iter().find_map(Result::err) {
        None => Ok(Found::seen("no key is left")),
        Some(trouble) => Ok(Found::Doubt(Trouble::new(
            trouble.detail,
            "What is left expires by itself, most of it within a minute.",
        ))),
    }
}

/// What cannot be deleted need not be there: a replica takes neither.
async fn delete<P: Platform>(context: &Context<'_, P>, key: &str) -> Result<(), Trouble> {
    let Err(error) = context.command("DEL", &[key.into()]).await else {
        return Ok(());
    };
    let trouble = Trouble::from(error);
    if !trouble.ends {
        let exists = context.command("EXISTS", &[key.into()]).await?;
        if exists.reader().number()? == 0 {
            return Ok(());
        }
    }
    Err(trouble)
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasm_bindgen_test::wasm_bindgen_test;

    #[wasm_bindgen_test(unsupported = test)]
    fn names_are_marked_and_differ_from_one_verification_to_another() {
        let (one, other) = (Names::new([1; 16]), Names::new([2; 16]));
        assert_eq!(one.all().count(), 8);
        for name in one.all() {
            assert!(name.contains("latch-verify-0101"), "{name}");
            assert!(other.all().all(|it| it != name), "{name}");
        }
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn keys_of_one_script_share_a_hash_tag() {
        let names = Names::new([0; 16]);
        for name in names.otp.all() {
            assert!(name.starts_with("otp:{latch-verify-0000"), "{name}");
        }
    }
}
