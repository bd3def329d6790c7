//! One request for a code: what it is made of, and the way of its message.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use latch::{Context, Platform, StoreError};
use otp::{
    Answered, Attempt, Code, Names, Phone, Purpose, Record, Resend, Reserved, Rules, Status,
};

use crate::delivery::{Letter, Outcome};
use crate::message::Locale;
use crate::settings::Settings;

/// How many characters of a nonce say whether its code can be made again.
const MAKER: usize = 6;

/// A request that has been read.
pub(crate) struct Request<'a> {
    settings: &'a Settings,
    pub(crate) phone: Phone,
    purpose: Purpose,
    locale: Locale,
    names: Names,
    previous: Option<Names>,
    /// What is remembered of it, with an idempotency key: the Redis key, and the fingerprint.
    record: Option<(String, String)>,
}

/// A message that is to be sent.
pub(crate) struct Message {
    pub(crate) reserved: Reserved,
    /// The nonce of the attempt, and the digest of the code that goes with it.
    nonce: String,
    digest: String,
    maker: String,
    code: Code,
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
        let record = idempotency_key.map(|key| {
            (
                names.idempotency(&keys.opaque(&["key", &key])),
                keys.opaque(&["request", purpose.as_str(), locale.tag()]),
            )
        });
        let previous = settings.keys.previous.as_ref();
        Self {
            record,
            previous: previous.map(|keys| keys.names(&phone, &purpose)),
            settings,
            phone,
            purpose,
            locale,
            names,
        }
    }

    /// Lets Redis decide whether the phone may be sent a code, and which.
    pub(crate) async fn reserve<P: Platform>(
        &self,
        context: &Context<'_, P>,
    ) -> Result<Message, StoreError> {
        let rules = &self.settings.rules;
        if let Some(message) = self.reserve_by(context, rules).await? {
            return Ok(message);
        }
        // Somebody else has written what is stored as a code.
        let rules = Rules {
            resend: Resend::New,
            ..*rules
        };
        let again = self.reserve_by(context, &rules).await?;
        again.ok_or_else(|| {
            StoreError::Unavailable("a new code is not the one that was to be stored".to_owned())
        })
    }

    /// `None` if the code that is stored does not belong to its nonce.
    async fn reserve_by<P: Platform>(
        &self,
        context: &Context<'_, P>,
        rules: &Rules,
    ) -> Result<Option<Message>, StoreError> {
        let keys = &self.settings.keys.current;
        let maker = self.maker();
        let nonce = format!("{maker}{}", URL_SAFE_NO_PAD.encode(context.random::<12>()));
        let digest = keys.digest(&self.phone, &self.purpose, &self.code(&nonce));
        let mut message = Message {
            reserved: otp::reserve(
                context,
                &self.names,
                rules,
                &self.attempt(&nonce, &digest, &maker),
            )
            .await?,
            code: self.code(&nonce),
            nonce,
            digest,
            maker,
        };
        let reserved = &message.reserved;
        if reserved.status != Status::Send || reserved.nonce == message.nonce {
            return Ok(Some(message));
        }
        message.code = self.code(&reserved.nonce);
        let made = keys.made(
            &self.phone,
            &self.purpose,
            &message.code,
            &message.reserved.digest,
        );
        Ok(made.then_some(message))
    }

    fn attempt<'b>(&'b self, nonce: &'b str, digest: &'b str, maker: &'b str) -> Attempt<'b> {
        let record = self.record.as_ref();
        Attempt {
            nonce,
            digest,
            maker,
            is_elsewhere: self.previous.is_some(),
            record: record.map(|(key, fingerprint)| Record { key, fingerprint }),
        }
    }

    /// The code that belongs to a nonce. A test number's is always the same.
    fn code(&self, nonce: &str) -> Code {
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

    /// How the nonces begin of codes that [`Self::code`] can make again: another secret, length or
    /// test number makes others.
    fn maker(&self) -> String {
        let fixed = self.settings.test_code(&self.phone);
        let maker = self.settings.keys.current.opaque(&[
            "maker",
            &self.settings.length.to_string(),
            fixed.map_or("", Code::as_str),
        ]);
        maker.chars().take(MAKER).collect()
    }

    /// Sends a message on its way, until `deadline` by the platform's clock. A test number's code is
    /// known already.
    pub(crate) async fn deliver<P: Platform>(
        &self,
        context: &Context<'_, P>,
        message: &Message,
        deadline: Duration,
    ) -> Outcome {
        if self.settings.test_code(&self.phone).is_some() {
            return Outcome::Sent;
        }
        let reserved = &message.reserved;
        let letter = Letter {
            to: &self.phone,
            code: &message.code,
            text: self.settings.message.text(
                self.locale,
                &message.code,
                &self.purpose,
                reserved.life,
            ),
            locale: self.locale,
            purpose: &self.purpose,
            life: reserved.life,
            now: reserved.now.as_secs(),
        };
        self.settings
            .delivery
            .deliver(context, &letter, deadline)
            .await
    }

    /// The message was handed over, or may have been.
    pub(crate) async fn commit<P: Platform>(
        &self,
        context: &Context<'_, P>,
        message: &Message,
        answered: Answered,
    ) -> Result<(), StoreError> {
        if !message.reserved.waits && self.record.is_none() {
            return Ok(());
        }
        if let Some(previous) = self.previous.as_ref().filter(|_| message.reserved.waits) {
            otp::forget_code(context, previous).await?;
        }
        let attempt = self.attempt(&message.nonce, &message.digest, &message.maker);
        let rules = &self.settings.rules;
        let done = otp::commit(
            context,
            &self.names,
            rules,
            &attempt,
            &message.reserved,
            answered,
        );
        match done.await {
            // The code is alive; that the request was answered is known after a while anyway.
            Err(_) if !message.reserved.waits => Ok(()),
            done => done,
        }
    }

    /// The message is known not to have been handed over. If Redis fails now, the phone has one
    /// message less, and a code that nobody knows expires by itself; the log says so.
    pub(crate) async fn cancel<P: Platform>(&self, context: &Context<'_, P>, message: &Message) {
        let attempt = self.attempt(&message.nonce, &message.digest, &message.maker);
        let rules = &self.settings.rules;
        let _ = otp::cancel(context, &self.names, rules, &attempt, &message.reserved).await;
    }
}
