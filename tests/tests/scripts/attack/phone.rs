//! One phone of an app with the default limits, as the handlers ask the scripts about it.

use otp::{CANCEL, COMMIT, RESERVE, VERIFY};

use crate::driven::{Driven, MILLI, SECOND};
use crate::otp_model::DAY;

/// Messages in a minute, an hour and a day.
pub(crate) const SENDS: [u64; 3] = [10, 20, 60];
/// Guesses at one code.
pub(crate) const GUESSES: u64 = 3;
/// Wrong guesses in a day.
pub(crate) const FAILURES: u64 = 100;
/// The life of a code, in seconds.
pub(crate) const LIFE_S: u64 = 300;

/// How long a delivery may take (ms).
const DELIVERY_MS: u64 = 10_000;

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

/// A phone, all messages that it was sent, and every guess that was ever compared with one of its
/// codes.
pub(crate) struct Phone {
    id: String,
    resend: Resend,
    nonces: u64,
    /// When, in microseconds: in order.
    pub(crate) sent: Vec<u64>,
    /// Wrong ones. When, in microseconds: in order.
    pub(crate) compared: Vec<u64>,
}

/// What Redis decided of a request.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) sent: bool,
    /// In how many microseconds there may be another message, as far as messages are limited.
    pub(crate) sends_wait: u64,
    pub(crate) failures_left: u64,
    /// In how many microseconds another guess comes back.
    pub(crate) failures_wait: u64,
    attempt: String,
    nonce: String,
    digest: String,
    moment: u64,
    waits: bool,
}

impl Asked {
    /// How long whoever was refused is told to wait.
    pub(crate) fn wait(&self) -> u64 {
        match self.failures_left {
            0 => self.sends_wait.max(self.failures_wait),
            _ => self.sends_wait,
        }
    }
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
    pub(crate) fn new(id: &str, resend: Resend) -> Self {
        Self {
            id: id.to_owned(),
            resend,
            nonces: 0,
            sent: Vec::new(),
            compared: Vec::new(),
        }
    }

    fn key(&self, what: &str) -> String {
        format!("otp:{{{}}}:{what}", self.id)
    }

    fn code(&self, purpose: &str) -> String {
        self.key(&format!("code:{purpose}"))
    }

    fn waiting(&self, purpose: &str) -> String {
        self.key(&format!("waiting:{purpose}"))
    }

    /// Asks for a code, and is sent it at once.
    pub(crate) fn ask(&mut self, driven: &mut Driven, purpose: &str) -> Asked {
        let asked = self.reserve(driven, purpose);
        if asked.waits {
            self.hand_over(driven, purpose, &asked);
        }
        asked
    }

    /// Asks for a code, whose message is on its way then.
    pub(crate) fn reserve(&mut self, driven: &mut Driven, purpose: &str) -> Asked {
        self.nonces += 1;
        let attempt = format!("nonce-{}", self.nonces);
        let keys = [
            self.code(purpose),
            self.key("sent"),
            self.key("failed"),
            self.waiting(purpose),
        ];
        let [minute, hour, day] = SENDS;
        let resend = match self.resend {
            Resend::Same => "same",
            Resend::New => "new",
        };
        let arguments = [
            minute.to_string(),
            hour.to_string(),
            day.to_string(),
            FAILURES.to_string(),
            (LIFE_S * 1000).to_string(),
            GUESSES.to_string(),
            resend.to_owned(),
            attempt.clone(),
            format!("digest-of-{attempt}"),
            "nonce-".to_owned(),
            DELIVERY_MS.to_string(),
            "0".to_owned(),
        ];
        let mut reply = driven.run(&RESERVE, &keys.each_ref().map(String::as_str), &arguments);
        let sent = reply.text() == "send";
        let _now = reply.number();
        let sends = [(); 3].map(|()| (reply.number(), reply.number()));
        let (failures_left, failures_wait) = (reply.number(), reply.number());
        let (nonce, digest) = (reply.text(), reply.text());
        let _life = reply.number();
        let _guesses = reply.number();
        let _wait = reply.number();
        let moment = reply.number();
        let waits = reply.number() == 1;
        if sent {
            self.sent.push(driven.now());
        }
        let reached = sends.into_iter().filter(|(left, _)| *left == 0);
        Asked {
            sent,
            sends_wait: reached.map(|(_, wait)| wait).max().unwrap_or(0),
            failures_left,
            failures_wait,
            attempt,
            nonce,
            digest,
            moment,
            waits,
        }
    }

    /// The message was handed over.
    pub(crate) fn hand_over(&self, driven: &mut Driven, purpose: &str, asked: &Asked) {
        let arguments = [
            asked.nonce.clone(),
            (LIFE_S * 1000).to_string(),
            GUESSES.to_string(),
            DELIVERY_MS.to_string(),
            asked.attempt.clone(),
            "sent".to_owned(),
        ];
        let keys = [self.code(purpose), self.waiting(purpose)];
        driven.run(&COMMIT, &keys.each_ref().map(String::as_str), &arguments);
    }

    /// The gateway refused the message: it costs none of the phone's.
    pub(crate) fn take_back(&mut self, driven: &mut Driven, purpose: &str, asked: &Asked) {
        let arguments = [
            asked.moment.to_string(),
            asked.nonce.clone(),
            (LIFE_S * 1000).to_string(),
            DELIVERY_MS.to_string(),
            asked.attempt.clone(),
        ];
        let keys = [self.code(purpose), self.key("sent"), self.waiting(purpose)];
        driven.run(&CANCEL, &keys.each_ref().map(String::as_str), &arguments);
        self.sent.pop();
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
        let keys = [
            self.code(purpose),
            self.key("failed"),
            self.waiting(purpose),
        ];
        let stored = |driven: &mut Driven| driven.query::<Option<String>>(&["GET", &keys[0]]);
        let before = stored(driven).filter(|text| !text.is_empty());
        let arguments = [
            digest.to_owned(),
            FAILURES.to_string(),
            (LIFE_S * 1000).to_string(),
            DELIVERY_MS.to_string(),
        ];
        let mut reply = driven.run(&VERIFY, &keys.each_ref().map(String::as_str), &arguments);
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
}

/// The most moments within 24 hours, wherever these begin.
pub(crate) fn most_in_a_day(moments: &[u64]) -> usize {
    let all = moments.iter().enumerate();
    all.map(|(index, begin)| {
        let later = moments[index..].iter();
        later.take_while(|moment| **moment < begin + DAY).count()
    })
    .max()
    .unwrap_or(0)
}

/// Lets the driven clock pass a wait that a script has told.
pub(crate) fn wait(driven: &mut Driven, micros: u64) {
    driven.advance(micros.max(1).next_multiple_of(MILLI));
}

/// Waits as told until there is a message for the phone, and a second longer than a delivery takes at
/// least where there is none to be had.
pub(crate) fn ask_until_sent(driven: &mut Driven, phone: &mut Phone, purpose: &str) -> Asked {
    loop {
        let asked = phone.ask(driven, purpose);
        if asked.sent {
            return asked;
        }
        wait(driven, asked.wait().max(SECOND));
    }
}

/// The limits are those of an app that was configured with nothing.
#[test]
fn the_phones_and_clients_of_these_tests_have_the_default_limits() {
    use super::client::{DAILY, MINUTELY};

    let manifest = include_str!("../../../../spin.toml");
    let [minute, hour, day] = SENDS;
    for (name, default) in [
        ("otp_requests_per_minute", minute),
        ("otp_sends_per_hour", hour),
        ("otp_sends_per_day", day),
        ("otp_max_attempts", GUESSES),
        ("otp_max_failures_per_day", FAILURES),
        ("otp_ttl_s", LIFE_S),
        ("otp_requests_per_minute_per_client", MINUTELY),
        ("otp_requests_per_day_per_client", DAILY),
        ("otp_sends_per_minute", 0),
        ("otp_length", 6),
    ] {
        let line = format!("\n{name} = {{ default = \"{default}\"");
        assert!(manifest.contains(&line), "{line}");
    }
}
