//! Guessing at many phones, from one address, from several, and from a network.
//!
//! What an attack costs is counted for each address and each /48 by itself: no two of them share a key.
//! So what one of them comes to is what each of a thousand does.

use super::client::{Client, DAILY, MINUTELY};
use super::phone::{GUESSES, Phone, Resend, most_in_a_day, wait};
use super::report::{chance, redis, span};
use crate::driven::Driven;
use crate::otp_model::{DAY, HOUR};

const LOGIN: &str = "login";

/// So many that no phone's limit holds anybody back who has so many requests a day.
fn phones(requests: u64) -> Vec<Phone> {
    (0..requests / 20)
        .map(|count| Phone::new(&format!("phone-{count}"), Resend::Same))
        .collect()
}

/// Asks for as many codes as the clients may, each for the next phone, makes all guesses at each, and
/// waits as told, from now to `until`. Returns how many requests passed.
fn attack(
    driven: &mut Driven,
    clients: &[Client],
    ceiling: Option<&Client>,
    phones: &mut [Phone],
    until: u64,
) -> u64 {
    let (mut requests, mut next) = (0, 0);
    while driven.now() < until {
        let mut back = until - driven.now();
        for client in clients {
            while back > 0 {
                let is_open = ceiling.map_or(Ok(()), |ceiling| ceiling.peek(driven));
                let passed = is_open.and_then(|()| client.count(driven));
                if let Err(wait) = passed {
                    back = back.min(wait);
                    break;
                }
                requests += 1;
                next = (next + 1) % phones.len();
                let phone = &mut phones[next];
                assert!(phone.ask(driven, LOGIN).sent, "more phones are needed");
                if let Some(ceiling) = ceiling {
                    ceiling.count(driven).unwrap();
                }
                while phone.guess(driven, LOGIN).compared {}
            }
        }
        wait(driven, back);
    }
    requests
}

fn all_guesses(phones: &[Phone]) -> Vec<u64> {
    let mut all: Vec<_> = phones.iter().flat_map(|phone| &phone.compared).collect();
    all.sort();
    all.into_iter().copied().collect()
}

#[test]
fn an_address_makes_three_thousand_guesses_a_day_at_all_phones_together() {
    let redis = redis();
    for count in [1, 3] {
        let mut driven = Driven::new(&redis);
        let clients: Vec<_> = (0..count)
            .map(|count| Client::ipv4(&format!("192.0.2.{count}")))
            .collect();
        let mut phones = phones(count * DAILY);
        let begin = driven.now();
        let first = attack(&mut driven, &clients, None, &mut phones, begin + DAY);
        let spent = all_guesses(&phones).last().unwrap() - begin;
        let second = attack(&mut driven, &clients, None, &mut phones, begin + 2 * DAY);

        let guesses = all_guesses(&phones);
        println!(
            "{count} IPv4 addresses: {first} requests in the first day (in {}), {second} in the \
             second, {} guesses, at most {} in any 24 h; {}",
            span(spent),
            guesses.len(),
            most_in_a_day(&guesses),
            chance(most_in_a_day(&guesses))
        );
        assert_eq!(first, count * DAILY);
        assert!(second <= count * DAILY);
        assert_eq!(most_in_a_day(&guesses) as u64, count * DAILY * GUESSES);
    }
    println!(
        "a thousand addresses: {}",
        chance((1_000 * DAILY * GUESSES) as usize)
    );
}

/// Twelve /64s of one /48 have no more than ten have. A /32 is 65,536 of them.
#[test]
fn a_48_makes_ten_times_as_many_as_an_address_and_no_more() {
    const NETWORKS: usize = 65_536;
    let redis = redis();
    let mut driven = Driven::new(&redis);
    let clients: Vec<_> = (0..12)
        .map(|count| Client::ipv6("2001:db8::", &count.to_string()))
        .collect();
    let mut phones = phones(10 * DAILY);
    let begin = driven.now();
    let requests = attack(&mut driven, &clients, None, &mut phones, begin + DAY);

    let guesses = all_guesses(&phones).len();
    println!(
        "an IPv6 /48: {requests} requests in a day, {guesses} guesses; {}",
        chance(guesses)
    );
    println!(
        "an IPv6 /32, {NETWORKS} times that: {} requests; {}: {:.0} hits a day",
        requests * NETWORKS as u64,
        chance(guesses * NETWORKS),
        (guesses * NETWORKS) as f64 / 1e6
    );
    assert_eq!(requests, 10 * DAILY);
    assert_eq!(guesses as u64, 10 * DAILY * GUESSES);
    assert!(most_in_a_day(&all_guesses(&phones)) as u64 <= 10 * DAILY * GUESSES);
}

/// `otp_sends_per_minute` holds everybody together, from however many addresses they come. An hour of it
/// is simulated.
#[test]
fn a_ceiling_for_all_phones_holds_however_many_addresses_there_are() {
    const CEILING: u64 = 60;
    let redis = redis();
    let mut driven = Driven::new(&redis);
    let clients: Vec<_> = (0..20)
        .map(|count| Client::ipv4(&format!("192.0.2.{count}")))
        .collect();
    assert!(clients.len() as u64 * MINUTELY > CEILING);
    let mut phones = phones(CEILING * 60);
    let begin = driven.now();
    let ceiling = Client::everybody(CEILING);
    let until = begin + HOUR;
    let sent = attack(&mut driven, &clients, Some(&ceiling), &mut phones, until);

    let guesses = all_guesses(&phones).len();
    println!(
        "otp_sends_per_minute={CEILING}: {sent} messages and {guesses} guesses an hour; in a day {}",
        chance(24 * guesses)
    );
    assert_eq!(sent, CEILING * 60);
    assert_eq!(guesses as u64, CEILING * 60 * GUESSES);
}
