//! One phone of an app with the default limits, as the handlers ask the scripts about it.

use otp_request::{ISSUE, UNDO};
use otp_verify::VERIFY;

use crate::driven::{Driven, MILLI};
use crate::otp_model::{DAY, DELIVERY};

/// Codes sent in a minute.
pub(crate) const SENDS: u64 = 10;
/// Guesses at one code.
pub(crate) const GUESSES: u64 = 3;
/// Wrong guesses in a day.
pub(crate) const FAILURES: u64 = 100;
/// The life of a code, in seconds.
pub(crate) const LIFE_S: u64 = 300;

/// What a guess brings that is no code.
const WRONG: &str = "wrong";

/// What becomes of a code that is alive when another is asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Resend {
    Same,
    New,
}

impl Resend {
    pub(crate) const BOTH: [Self; 2] = [Self::Same, Self::New];
}

/// A phone, and every guess that was ever compared with one of its codes.
pub(crate) struct Phone {
    id: &'static str,
    resend: Resend,
    nonces: u64,
    /// When, in microseconds: in order.
    pub(crate) compared: Vec<u64>,
}

/// What Redis decided of a request.
pub(crate) struct Asked {
    pub(crate) sent: bool,
    /// In how many microseconds the next comes back.
    pub(crate) sends_wait: u64,
    pub(crate) failures_left: u64,
    pub(crate) failures_wait: u64,
    moment: u64,
    nonce: String,
    digest: String,
    /// What was replaced, and its life then (ms).
    former: (String, u64),
}

/// What Redis decided of a guess.
pub(crate) struct Guessed {
    pub(crate) status: String,
    /// Whether it was compared with a code.
    pub(crate) compared: bool,
    /// What is left of the code, in microseconds.
    pub(crate) life: u64,
    pub(crate) failures_left: u64,
}

impl Phone {
    pub(crate) fn new(id: &'static str, resend: Resend) -> Self {
        Self {
            id,
            resend,
            nonces: 0,
            compared: Vec::new(),
        }
    }

    fn key(&self, what: &str) -> String {
        format!("otp:{{{}}}:{what}", self.id)
    }

    fn code(&self, purpose: &str) -> String {
        self.key(&format!("code:{purpose}"))
    }

    /// Asks for a code.
    pub(crate) fn ask(&mut self, driven: &mut Driven, purpose: &str) -> Asked {
        self.nonces += 1;
        let nonce = format!("nonce-{}", self.nonces);
        let keys = [
            self.code(purpose),
            self.key("sent"),
            self.key("failed"),
            self.key("idempotency:"),
        ];
        let arguments = [
            SENDS.to_string(),
            FAILURES.to_string(),
            (LIFE_S * 1000).to_string(),
            GUESSES.to_string(),
            match self.resend {
                Resend::Same => "same".to_owned(),
                Resend::New => "new".to_owned(),
            },
            nonce.clone(),
            format!("digest-of-{nonce}"),
            String::new(),
            (DELIVERY / MILLI).to_string(),
        ];
        let mut reply = driven.run(&ISSUE, &keys.each_ref().map(String::as_str), &arguments);
        let sent = reply.text() == "send";
        let _now = reply.number();
        let _sends_left = reply.number();
        let sends_wait = reply.number();
        let failures_left = reply.number();
        let failures_wait = reply.number();
        let moment = reply.number();
        let _life = reply.number();
        let _guesses = reply.number();
        let _wait = reply.number();
        Asked {
            sent,
            sends_wait,
            failures_left,
            failures_wait,
            moment,
            nonce: reply.text(),
            digest: reply.text(),
            former: (reply.text(), reply.number()),
        }
    }

    /// What happens to a request whose message could not be sent, or whose client has used its own
    /// limit up: it costs none of the phone's.
    pub(crate) fn take_back(&self, driven: &mut Driven, purpose: &str, asked: &Asked) {
        let keys = [
            self.code(purpose),
            self.key("sent"),
            self.key("idempotency:"),
        ];
        let arguments = [
            asked.moment.to_string(),
            asked.nonce.clone(),
            (LIFE_S * 1000).to_string(),
            asked.former.0.clone(),
            asked.former.1.to_string(),
        ];
        driven.run(&UNDO, &keys.each_ref().map(String::as_str), &arguments);
    }

    /// Guesses, and is wrong.
    pub(crate) fn guess(&mut self, driven: &mut Driven, purpose: &str) -> Guessed {
        self.verify(driven, purpose, WRONG)
    }

    /// What whoever holds the phone does: asks for a code, and reads it. Whether that was a success.
    pub(crate) fn sign_in(&mut self, driven: &mut Driven, purpose: &str) -> bool {
        let asked = self.ask(driven, purpose);
        asked.sent && self.enter(driven, purpose, &asked) == "verified"
    }

    /// Enters the code that a message brought.
    pub(crate) fn enter(&mut self, driven: &mut Driven, purpose: &str, message: &Asked) -> String {
        self.verify(driven, purpose, &message.digest).status
    }

    fn verify(&mut self, driven: &mut Driven, purpose: &str, digest: &str) -> Guessed {
        let (code, failed) = (self.code(purpose), self.key("failed"));
        let stored = |driven: &mut Driven| driven.query::<Option<String>>(&["GET", &code]);
        let before = stored(driven);
        let arguments = [
            digest.to_owned(),
            String::new(),
            FAILURES.to_string(),
            (LIFE_S * 1000).to_string(),
        ];
        let mut reply = driven.run(&VERIFY, &[&code, &failed], &arguments);
        let status = reply.text();
        let _now = reply.number();
        let _guesses = reply.number();
        let life = reply.number() * MILLI;
        let failures_left = reply.number();
        // By what is left of the code, and not by what the answer says: a guess that was compared
        // has changed it.
        let compared = before.is_some() && stored(driven) != before;
        if compared && digest == WRONG {
            self.compared.push(driven.now());
        }
        Guessed {
            status,
            compared,
            life,
            failures_left,
        }
    }

    /// The most guesses that were compared within 24 hours, wherever these begin.
    pub(crate) fn most_in_a_day(&self) -> usize {
        let all = self.compared.iter().enumerate();
        all.map(|(index, begin)| {
            let later = self.compared[index..].iter();
            later.take_while(|moment| **moment < begin + DAY).count()
        })
        .max()
        .unwrap_or(0)
    }
}

/// The limits are those of an app that was configured with nothing.
#[test]
fn the_phones_of_these_tests_have_the_default_limits() {
    let manifest = include_str!("../../../../spin.toml");
    for (name, default) in [
        ("otp_requests_per_minute", SENDS),
        ("otp_max_attempts", GUESSES),
        ("otp_max_failures_per_day", FAILURES),
        ("otp_ttl_s", LIFE_S),
    ] {
        let line = format!("\n{name} = {{ default = \"{default}\"");
        assert!(manifest.contains(&line), "{line}");
    }
}
