//! One flow, seen by those who take part in it.

use serde_json::{Value, json};
use tests::{Answer, App};

pub(crate) const ISSUE: &str = "/api/oauth/state";
pub(crate) const CONSUME: &str = "/api/oauth/state/consume";

/// A flow that was begun, here by a front end, there by a service.
pub(crate) struct Flow {
    /// What was asked for.
    ask: Value,
    /// The body of the answer.
    pub(crate) issued: Value,
    cookie: Option<String>,
}

/// What a backend passes on when the browser comes back to it.
#[derive(Clone, Debug)]
pub(crate) struct Callback {
    pub(crate) state: String,
    /// The browser's `Cookie` header.
    pub(crate) cookie: Option<String>,
    pub(crate) binding_token: Option<String>,
    pub(crate) issuer: Option<String>,
    /// How the flow must be bound.
    pub(crate) binding: Option<&'static str>,
}

/// `Authorization` of a service.
pub(crate) fn authorization(app: &App) -> String {
    format!("Bearer {}", app.service_token())
}

/// Asks for a state as services do.
pub(crate) async fn ask_as_service(app: &App, ask: &Value) -> Answer {
    let authorization = authorization(app);
    app.post_with(ISSUE, &[("authorization", &authorization)], ask)
        .await
}

/// Asks for a state, in whatever words.
pub(crate) async fn ask(app: &App, ask: &Value) -> Answer {
    app.post(ISSUE, ask).await
}

// === impl Flow ===

impl Flow {
    /// Begins a flow of which nothing special is asked.
    pub(crate) async fn begin(app: &App) -> Self {
        Self::begin_with(app, json!({})).await
    }

    /// Begins a flow with these fields besides `provider`.
    pub(crate) async fn begin_with(app: &App, mut fields: Value) -> Self {
        fields["provider"] = "example".into();
        Self::of(ask(app, &fields).await, fields)
    }

    /// A service begins a flow that is bound to nobody.
    pub(crate) async fn begin_unbound(app: &App) -> Self {
        let fields = json!({ "provider": "example", "binding": "none" });
        Self::of(ask_as_service(app, &fields).await, fields)
    }

    fn of(answer: Answer, ask: Value) -> Self {
        assert_eq!(answer.status, 201, "{answer:?}");
        Self {
            issued: answer.json(),
            cookie: answer
                .header("set-cookie")
                .and_then(|cookie| Some(cookie.split_once(';')?.0.to_owned())),
            ask,
        }
    }

    /// A member of the answer that is text.
    pub(crate) fn issued(&self, member: &str) -> &str {
        self.issued[member].as_str().unwrap()
    }

    pub(crate) fn state(&self) -> &str {
        self.issued("state")
    }

    /// `name=value`, as the browser has it.
    pub(crate) fn cookie(&self) -> &str {
        self.cookie.as_deref().unwrap()
    }

    /// The name under which Redis knows it.
    pub(crate) fn key(&self) -> String {
        format!("oauth:state:{}", super::issue::s256(self.state()))
    }

    /// The browser that began the flow comes back.
    pub(crate) fn callback(&self) -> Callback {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        Callback {
            state: self.state().to_owned(),
            cookie: self.cookie.clone(),
            binding_token: text(&self.issued["binding_token"]),
            issuer: text(&self.ask["issuer"]),
            binding: None,
        }
    }

    /// The flow ends as it should, or is refused.
    pub(crate) async fn consume(&self, app: &App) -> Answer {
        self.callback().consume(app).await
    }

    /// The state is used up.
    pub(crate) async fn assert_burnt(&self, app: &App) {
        self.consume(app).await.problem(409, "state-replayed");
    }
}

// === impl Callback ===

impl Callback {
    /// A browser without a cookie, a backend without a session, a provider that does not say who
    /// it is: only the state.
    pub(crate) fn of(state: &str) -> Self {
        Self {
            state: state.to_owned(),
            cookie: None,
            binding_token: None,
            issuer: None,
            binding: None,
        }
    }

    /// A back end that says how the flow must be bound.
    pub(crate) fn demanding(self, binding: &'static str) -> Self {
        Self {
            binding: Some(binding),
            ..self
        }
    }

    /// The same with these cookies.
    pub(crate) fn with_cookies(self, cookies: impl Into<String>) -> Self {
        Self {
            cookie: Some(cookies.into()),
            ..self
        }
    }

    pub(crate) async fn consume(&self, app: &App) -> Answer {
        let authorization = authorization(app);
        let mut headers = vec![("authorization", authorization.as_str())];
        headers.extend(self.cookie.as_deref().map(|cookie| ("cookie", cookie)));
        app.post_with(CONSUME, &headers, &self.body()).await
    }

    /// The body of the request.
    pub(crate) fn body(&self) -> Value {
        let mut body = json!({ "state": self.state });
        if let Some(token) = &self.binding_token {
            body["binding_token"] = token.as_str().into();
        }
        if let Some(issuer) = &self.issuer {
            body["issuer"] = issuer.as_str().into();
        }
        if let Some(binding) = self.binding {
            body["binding"] = binding.into();
        }
        body
    }
}
