//! What ties a flow to the browser that began it.

use serde::{Deserialize, Serialize};

/// How a flow is bound.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "&'static str")]
pub(crate) enum Binding {
    /// By a cookie of the browser's, one for each flow, so that two tabs do not disturb each other.
    #[default]
    Cookie,
    /// By a token that a back end keeps in its own session.
    Token,
    /// Not at all: for services without a browser.
    None,
}

impl Binding {
    /// The name that callers and Redis know it by.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Cookie => "cookie",
            Self::Token => "token",
            Self::None => "none",
        }
    }

    /// The binding of that name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        [Self::Cookie, Self::Token, Self::None]
            .into_iter()
            .find(|binding| binding.name() == name)
    }
}

impl TryFrom<String> for Binding {
    type Error = &'static str;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        Self::named(&name).ok_or("must be `cookie`, `token` or `none`")
    }
}

impl From<Binding> for &'static str {
    fn from(binding: Binding) -> Self {
        binding.name()
    }
}
