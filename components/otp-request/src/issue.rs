//! One request for a code: what Redis decides of it, and how it is taken back.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use latch::{Argument, Context, Platform, Problem, Quota, Script, StoreError};
use otp::{Code, Names, Phone, Purpose};

use crate::delivery::{self, Letter};
use crate::message::Locale;
use crate::settings::{Resend, Settings};

/// Decides whether a code may be sent, and which.
pub static ISSUE: Script = Script::new(&[
    Script::CLOCK,
    Script::KEY,
    Script::WINDOW,
    otp::ADOPT,
    otp::RECORD,
    include_str!("issue.lua"),
]);
/// Takes back what `ISSUE` allowed.
pub static UNDO: Script = Script::new(&[
    Script::KEY,
    Script::WINDOW,
    otp::RECORD,
    include_str!("undo.lua"),
])
.repeatable();
/// Marks a request with an idempotency key as answered.
pub static SETTLE: Script =
    Script::new(&[Script::KEY, otp::RECORD, include_str!("settle.lua")]).repeatable();

/// A request that has been read and not yet counted.
pub(crate) struct Request<'a> {
    settings: &'a Settings,
    pub(crate) phone: Phone,
    purpose: Purpose,
    locale: Locale,
    names: Names,
    previous: Option<Names>,
    /// The record of the idempotency key; without one, a name that nothing stands under.
    record: String,
    /// What tells this request from others with its idempotency key; empty without one.
    fingerprint: String,
}

/// What Redis decided of a request.
pub(crate) struct Issued {
    pub(crate) status: Status,
    /// Redis's time, in seconds since 1970.
    pub(crate) now: u64,
    pub(crate) sends: Quota<'static>,
    pub(crate) failures: Quota<'static>,
    /// How long the code is still good.
    pub(crate) life: Duration,
    /// How many guesses at it are left.
    pub(crate) guesses: u64,
    /// How long until this phone may be sent another, or a repeated request is worth while.
    pub(crate) wait: Duration,
    send: Send,
    code: Code,
}

/// What it takes to take a send back.
pub(crate) struct Send {
    moment: u64,
    nonce: String,
    /// What stood in the place of the code, and for how long it would have (ms).
    former: String,
    former_life: u64,
}

/// In what way Redis decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    /// The code is to be sent.
    Send,
    /// A limit of the phone is reached.
    Refused,
    /// The request was answered before.
    Repeated,
    /// The request is being answered now.
    InFlight,
    /// The idempotency key belongs to another request.
    Reused,
}

impl<'a> Request<'a> {
    pub(crate) fn new(
        settings: &'a Settings,
        phone: Phone,
        purpose: Purpose,
        locale: Locale,
        idempotency_key: Option<String>,
    ) -> Self {
        let keys = &settings.keys.current;
        let names = keys.names(&phone, &purpose);
        let opaque_key = idempotency_key.map(|key| keys.opaque(&["key", &key]));
        let fingerprint = match opaque_key {
            Some(_) => keys.opaque(&["request", purpose.as_str(), locale.tag()]),
            None => String::new(),
        };
        Self {
            record: names.idempotency(opaque_key.as_deref()),
            fingerprint,
            previous: settings
                .keys
                .previous
                .as_ref()
                .map(|keys| keys.names(&phone, &purpose)),
            settings,
            phone,
            purpose,
            locale,
            names,
        }
    }

    /// Lets Redis decide.
    pub(crate) async fn issue<P: Platform>(
        &self,
        context: &Context<'_, P>,
    ) -> Result<Issued, Problem> {
        match self.decide(context, self.settings.resend).await? {
            Ok(issued) => Ok(issued),
            // The code that is alive cannot be sent again: it was made with a secret, a length or
            // a test number that is gone from the configuration.
            Err(Unknown(send)) => {
                self.take_back(context, &send).await?;
                let again = self.decide(context, Resend::New).await?;
                again.map_err(|Unknown(_)| {
                    let reason = "a new code is not the one that was to be stored";
                    StoreError::Unavailable(reason.to_owned()).into()
                })
            }
        }
    }

    async fn decide<P: Platform>(
        &self,
        context: &Context<'_, P>,
        resend: Resend,
    ) -> Result<Result<Issued, Unknown>, Problem> {
        let settings = self.settings;
        let fresh_nonce = URL_SAFE_NO_PAD.encode(context.random::<16>());
        let fresh = self.fresh_code(&fresh_nonce);
        let digest = settings
            .keys
            .current
            .digest(&self.phone, &self.purpose, &fresh);
        let mut keys = vec![
            self.names.code.as_str(),
            &self.names.sent,
            &self.names.failed,
            &self.record,
        ];
        if let Some(old) = &self.previous {
            keys.extend([old.code.as_str(), &old.sent, &old.failed]);
        }
        let arguments: [Argument<'_>; 9] = [
            settings.per_phone.limit.into(),
            settings.failures.limit.into(),
            otp::millis(settings.life).into(),
            settings.guesses.into(),
            match resend {
                Resend::Same => "same".into(),
                Resend::New => "new".into(),
            },
            fresh_nonce.as_str().into(),
            digest.as_str().into(),
            self.fingerprint.as_str().into(),
            otp::millis(delivery::AT_MOST).into(),
        ];
        let returned = context.run(&ISSUE, &keys, &arguments).await?;

        let mut reply = returned.reader();
        let status = Status::read(reply.text()?)?;
        let now = Duration::from_micros(reply.number()?).as_secs();
        let sends = settings.per_phone.quota(&mut reply)?;
        let failures = settings.failures.quota(&mut reply)?;
        let moment = reply.number()?;
        let life = Duration::from_millis(reply.number()?);
        let guesses = reply.number()?;
        let wait = Duration::from_micros(reply.number()?);
        let nonce = reply.text()?.to_owned();
        let stored = reply.text()?;
        let former = reply.text()?.to_owned();
        let former_life = reply.number()?;

        let code = if status != Status::Send || nonce == fresh_nonce {
            Some(fresh)
        } else {
            self.stored_code(&nonce, stored)
        };
        let send = Send {
            moment,
            nonce,
            former,
            former_life,
        };
        Ok(match code {
            Some(code) => Ok(Issued {
                status,
                now,
                sends,
                failures,
                life,
                guesses,
                wait,
                send,
                code,
            }),
            None => Err(Unknown(send)),
        })
    }

    /// The code that would be stored with `nonce`.
    fn fresh_code(&self, nonce: &str) -> Code {
        match self.settings.test_code(&self.phone) {
            Some(code) => code.clone(),
            None => self.settings.keys.current.code(
                &self.phone,
                &self.purpose,
                nonce,
                self.settings.length,
            ),
        }
    }

    /// The code that is stored with `nonce` and `digest`, if it can be made again.
    fn stored_code(&self, nonce: &str, digest: &str) -> Option<Code> {
        let keys = &self.settings.keys;
        match self.settings.test_code(&self.phone) {
            Some(code) => keys
                .made(&self.phone, &self.purpose, code, digest)
                .then(|| code.clone()),
            None => keys.recover(
                &self.phone,
                &self.purpose,
                nonce,
                digest,
                self.settings.length,
            ),
        }
    }

    /// Sends the code on its way. A test number's is known already.
    pub(crate) async fn deliver<P: Platform>(
        &self,
        context: &Context<'_, P>,
        issued: &Issued,
    ) -> Result<(), String> {
        if self.settings.test_code(&self.phone).is_some() {
            return Ok(());
        }
        let letter = Letter {
            to: &self.phone,
            code: &issued.code,
            text: self
                .settings
                .message
                .text(self.locale, &issued.code, issued.life),
            locale: self.locale,
            purpose: &self.purpose,
            life: issued.life,
            now: issued.now,
        };
        self.settings.delivery.deliver(context, &letter).await
    }

    /// Lets a repetition of this request be answered as it was. If Redis fails now, it will be
    /// after the time that a delivery may take.
    pub(crate) async fn settle<P: Platform>(&self, context: &Context<'_, P>) {
        if !self.fingerprint.is_empty() {
            let _ = context
                .run(
                    &SETTLE,
                    &[&self.record],
                    &[otp::millis(self.settings.life).into()],
                )
                .await;
        }
    }

    /// Takes the send back. If Redis fails now the phone has one send less for a minute, and a
    /// code that nobody knows expires by itself; the log says so.
    pub(crate) async fn undo<P: Platform>(&self, context: &Context<'_, P>, issued: &Issued) {
        let _ = self.take_back(context, &issued.send).await;
    }

    async fn take_back<P: Platform>(
        &self,
        context: &Context<'_, P>,
        send: &Send,
    ) -> Result<(), Problem> {
        let keys = [self.names.code.as_str(), &self.names.sent, &self.record];
        let life = otp::millis(self.settings.life);
        let arguments = [
            send.moment.into(),
            send.nonce.as_str().into(),
            life.into(),
            send.former.as_str().into(),
            send.former_life.into(),
        ];
        context.run(&UNDO, &keys, &arguments).await?;
        Ok(())
    }
}

/// A code is to be sent again that cannot be made again.
struct Unknown(Send);

impl Status {
    fn read(text: &str) -> Result<Self, StoreError> {
        match text {
            "send" => Ok(Self::Send),
            "refused" => Ok(Self::Refused),
            "repeated" => Ok(Self::Repeated),
            "in-flight" => Ok(Self::InFlight),
            "reused" => Ok(Self::Reused),
            _ => Err(StoreError::Unavailable(format!("a status `{text}`"))),
        }
    }
}
