//! What is asked of a subject, again and again.

/// One kind of call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Workload {
    /// `GET /.well-known/jwks.json`: no Redis, so the ceiling.
    Static,
    RequestOtp,
    VerifyOtp,
    IssueState,
    ConsumeState,
    Acquire,
    Take,
}

// === impl Workload ===

impl Workload {
    /// Every kind that the app answers.
    pub(crate) const ALL: [Self; 7] = [
        Self::Static,
        Self::RequestOtp,
        Self::VerifyOtp,
        Self::IssueState,
        Self::ConsumeState,
        Self::Acquire,
        Self::Take,
    ];
    /// Those that the FastAPI baseline answers.
    pub(crate) const OTP: [Self; 2] = [Self::RequestOtp, Self::VerifyOtp];

    /// Its name in tables.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Static => "static",
            Self::RequestOtp => "otp-request",
            Self::VerifyOtp => "otp-verify",
            Self::IssueState => "oauth issue",
            Self::ConsumeState => "oauth consume",
            Self::Acquire => "circuit acquire",
            Self::Take => "rate-limit take",
        }
    }

    /// The script that makes wrk send it.
    pub(crate) const fn script(self) -> &'static str {
        match self {
            Self::Static => "jwks.lua",
            Self::RequestOtp => "request_otp.lua",
            Self::VerifyOtp => "verify_otp.lua",
            Self::IssueState => "issue_state.lua",
            Self::ConsumeState => "consume_state.lua",
            Self::Acquire => "acquire.lua",
            Self::Take => "take.lua",
        }
    }

    /// The component that answers it.
    pub(crate) const fn component(self) -> &'static str {
        match self {
            Self::Static | Self::VerifyOtp => "otp-verify",
            Self::RequestOtp => "otp-request",
            Self::IssueState | Self::ConsumeState => "oauth-state",
            Self::Acquire => "circuit",
            Self::Take => "rate-limit",
        }
    }

    /// The script that prepares what it uses up, and the component that answers that.
    pub(crate) const fn preparation(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::VerifyOtp => Some(("prepare_codes.lua", "otp-request")),
            Self::ConsumeState => Some(("prepare_states.lua", "oauth-state")),
            _ => None,
        }
    }
}
