//! Generations: news of an earlier one changes nothing, and no permit is taken for another.

use serde_json::json;
use tests::Redis;

use super::KEY;
use super::events::{POLICY, failures};
use super::model::{Policy, Report};
use super::scripts::{acquire, lay, report, reset, status, stored};
use crate::driven::{Driven, SECOND};

fn success(permit: &str) -> Report {
    Report {
        successes: 1,
        permit: permit.to_owned(),
        ..Report::default()
    }
}

fn of(generation: u64, report: Report) -> Report {
    Report {
        generation: Some(generation),
        ..report
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_transition_moves_it_on_and_nothing_else_does() {
    let redis = Redis::start().await;
    let mut driven = Driven::new(&redis);
    let driven = &mut driven;
    let is = |driven: &mut Driven, generation: u64| {
        assert_eq!(acquire(driven, &POLICY).0.generation, generation);
        assert_eq!(status(driven, &POLICY).0.generation, generation);
    };
    is(driven, 0);
    report(driven, &POLICY, &failures(1));
    is(driven, 0);
    report(driven, &POLICY, &failures(1));
    is(driven, 1);
    driven.advance(30 * SECOND);
    let (probe, _) = acquire(driven, &POLICY);
    assert_eq!((&*probe.permit, probe.generation), ("2-1", 2));
    is(driven, 2);
    report(driven, &POLICY, &of(2, success(&probe.permit)));
    is(driven, 3);
    driven.advance(10 * SECOND);
    is(driven, 4);
    lay(driven, &POLICY, Some(("disabled", 60_000)));
    is(driven, 5);
    lay(driven, &POLICY, Some(("metrics_only", 60_000)));
    is(driven, 6);
    driven.advance(60 * SECOND);
    is(driven, 7);
    lay(driven, &POLICY, None);
    is(driven, 7);
    reset(driven, &POLICY);
    is(driven, 8);
    reset(driven, &POLICY);
    is(driven, 9);
}

/// It trips and recovers, and then a client tells how its calls of before went.
#[tokio::test(flavor = "multi_thread")]
async fn calls_of_before_do_not_trip_it_again() {
    let redis = Redis::start().await;
    let mut driven = Driven::new(&redis);
    let policy = Policy {
        recovery_ms: 0,
        ..POLICY
    };
    let before = acquire(&mut driven, &policy).0.generation;
    report(&mut driven, &policy, &failures(2));
    driven.advance(30 * SECOND);
    let (probe, _) = acquire(&mut driven, &policy);
    let (well, _) = report(&mut driven, &policy, &success(&probe.permit));
    assert_eq!(well.state, "closed");
    for late in [before, probe.generation, well.generation + 1] {
        let (seen, _) = report(&mut driven, &policy, &of(late, failures(50)));
        assert_eq!((&*seen.state, seen.calls), ("closed", 0));
    }
    let now = well.generation;
    let (seen, _) = report(&mut driven, &policy, &of(now, failures(1)));
    assert_eq!((&*seen.state, seen.calls), ("closed", 1));
}

/// Who knows the generation is believed, whatever the times say: clocks of two machines differ.
#[tokio::test(flavor = "multi_thread")]
async fn a_duration_decides_only_where_no_generation_is_given() {
    let redis = Redis::start().await;
    let mut driven = Driven::new(&redis);
    report(&mut driven, &POLICY, &failures(2));
    reset(&mut driven, &POLICY);
    let generation = acquire(&mut driven, &POLICY).0.generation;
    let slow = Report {
        duration_ms: 5_000,
        ..failures(1)
    };
    assert_eq!(report(&mut driven, &POLICY, &slow).0.calls, 0);
    let slow = of(generation, slow);
    assert_eq!(report(&mut driven, &POLICY, &slow).0.calls, 1);
}

/// An override lies over the probes, and is lifted: their permits are still out.
#[tokio::test(flavor = "multi_thread")]
async fn a_permit_that_is_still_out_is_taken_back_whatever_the_report_says() {
    let redis = Redis::start().await;
    for during in [true, false] {
        for (news, successes) in [(false, 0), (true, 1)] {
            let mut driven = Driven::new(&redis);
            let policy = Policy {
                half_open_permits: 2,
                ..POLICY
            };
            report(&mut driven, &policy, &failures(2));
            driven.advance(30 * SECOND);
            let (probe, _) = acquire(&mut driven, &policy);
            lay(&mut driven, &policy, Some(("forced_open", 60_000)));
            if !during {
                lay(&mut driven, &policy, None);
            }
            let mut back = success(&probe.permit);
            back.generation = (!news).then_some(probe.generation);
            let (seen, _) = report(&mut driven, &policy, &back);
            assert_eq!(seen.in_flight, 0);
            let expected = if during { 0 } else { successes };
            assert_eq!(seen.successes, expected, "{during} {news}");
            lay(&mut driven, &policy, None);
            for _ in 0..2 {
                assert!(acquire(&mut driven, &policy).0.allowed);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_goes_on_counting_and_so_no_permit_of_before_is_one_of_now() {
    let redis = Redis::start().await;
    let mut driven = Driven::new(&redis);
    let mut half_open = || {
        report(&mut driven, &POLICY, &failures(2));
        driven.advance(30 * SECOND);
        let (probe, _) = acquire(&mut driven, &POLICY);
        assert_eq!(probe.state, "half_open");
        probe.permit
    };
    let of_before = half_open();
    reset(&mut driven, &POLICY);
    let value = stored(&mut driven).unwrap();
    assert_eq!(
        value,
        json!({
            "state": "closed", "since": value["since"], "generation": 3,
            "reason": "It was reset.", "trips": 0, "window": [], "reporters": [],
            "at": value["at"],
        })
    );
    let mut half_open = || {
        report(&mut driven, &POLICY, &failures(2));
        driven.advance(30 * SECOND);
        acquire(&mut driven, &POLICY).0.permit
    };
    let of_now = half_open();
    assert_ne!(of_before, of_now);
    for mut late in [success(""), failures(1)] {
        late.permit.clone_from(&of_before);
        let (seen, _) = report(&mut driven, &POLICY, &late);
        assert_eq!((&*seen.state, seen.in_flight), ("half_open", 1));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_of_what_is_not_stored_stores_nothing() {
    let redis = Redis::start().await;
    let mut driven = Driven::new(&redis);
    reset(&mut driven, &POLICY);
    assert_eq!(stored(&mut driven), None);
}

/// What a user of the release before finds after the upgrade.
#[tokio::test(flavor = "multi_thread")]
async fn values_of_the_release_before_are_read() {
    let redis = Redis::start().await;
    let mut driven = Driven::new(&redis);
    let write = |driven: &mut Driven, value: &str| {
        let _: () = driven.query(&["SET", KEY, value, "PX", "400000"]);
    };
    write(
        &mut driven,
        r#"{"state":"open","since":1700000000000,"reason":"why","ends":1700000030000,"trips":1,"window":[[1699999998000,2,2,0]],"reporters":[["api-7",1700000000000]]}"#,
    );
    let (refused, _) = acquire(&mut driven, &POLICY);
    assert_eq!((&*refused.state, refused.generation), ("open", 0));
    assert_eq!(refused.retry_after_ms, 30_000);
    driven.advance(30 * SECOND);
    assert_eq!(acquire(&mut driven, &POLICY).0.permit, "1-1");

    // Its permits have another form, and those that are out are good.
    write(
        &mut driven,
        r#"{"state":"half_open","since":1700000030000,"reason":"why","probes":{"successes":0,"slow":0,"issued":1,"leases":[[1,1700000060000]]},"trips":1,"window":[],"reporters":[],"override":{"mode":"disabled","since":1700000030000,"ends":1700000031000,"reason":"why","actor":"who"}}"#,
    );
    assert_eq!(status(&mut driven, &POLICY).0.state, "disabled");
    driven.advance(SECOND);
    assert!(!acquire(&mut driven, &POLICY).0.allowed, "it is out");
    let (seen, _) = report(&mut driven, &POLICY, &success("1700000030000-1"));
    assert_eq!(seen.state, "recovering");
}
