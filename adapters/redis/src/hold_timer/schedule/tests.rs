use super::*;

const LOOK: Duration = Duration::from_secs(8);

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
}

fn rung(next: Option<i64>) -> Rung {
    Rung { lost: false, returned: 0, died: 0, known: 2, dead: 1, next: next.map(at), alarms: Vec::new() }
}

/// A schedule that has looked at every shard at 0 and found nothing.
fn looked() -> Schedule {
    let schedule = Schedule::new(LOOK, TimeDelta::zero());
    for ask in schedule.due(at(0), SHARDS).unwrap() {
        schedule.answered(ask, &rung(None), at(0), 2);
    }
    schedule
}

fn due(schedule: &Schedule, seconds: i64) -> Vec<usize> {
    schedule.due(at(seconds), SHARDS).unwrap_or_default().iter().map(|ask| ask.shard).collect()
}

#[test]
fn at_first_every_shard_is_looked_at_and_then_after_a_while() {
    let schedule = Schedule::new(LOOK, TimeDelta::zero());
    let asks = schedule.due(at(0), SHARDS).unwrap();
    assert_eq!(asks.len(), SHARDS);
    assert!(asks.iter().all(|ask| ask.look));
    for ask in asks {
        schedule.answered(ask, &rung(None), at(0), 2);
    }
    assert_eq!(schedule.due(at(2), SHARDS), Err(Duration::from_secs(6)));
    assert_eq!(due(&schedule, 8).len(), SHARDS);
    assert_eq!(schedule.counts(), (2 * SHARDS, SHARDS));
}

#[test]
fn a_shard_is_asked_when_its_next_moment_has_come_and_the_longest_due_first() {
    let schedule = looked();
    schedule.hear(3, at(5));
    schedule.hear(4, at(4));
    assert_eq!(schedule.due(at(1), SHARDS), Err(Duration::from_secs(3)));
    assert_eq!(due(&schedule, 5), [4, 3]);
    assert_eq!(schedule.due(at(5), 1).unwrap().len(), 1);
    assert!(!schedule.due(at(5), 1).unwrap()[0].look, "nothing needs to be looked for");
}

#[test]
fn what_is_due_waits_a_little_for_more() {
    let schedule = Schedule::new(LOOK, TimeDelta::seconds(1));
    for ask in schedule.due(at(0), SHARDS).unwrap() {
        schedule.answered(ask, &rung(None), at(0), 2);
    }
    schedule.hear(3, at(4));
    assert_eq!(schedule.due(at(4), SHARDS), Err(Duration::from_secs(1)));
    assert_eq!(due(&schedule, 5), [3]);
}

#[test]
fn what_is_heard_while_a_shard_is_asked_is_kept() {
    let schedule = looked();
    schedule.hear(3, at(1));
    let ask = schedule.due(at(1), SHARDS).unwrap().remove(0);
    schedule.hear(3, at(4));
    schedule.answered(ask, &rung(Some(6)), at(1), 2);
    assert_eq!(schedule.due(at(1), SHARDS), Err(Duration::from_secs(3)));
    let ask = schedule.due(at(4), SHARDS).unwrap().remove(0);
    schedule.answered(ask, &rung(Some(6)), at(4), 2);
    assert_eq!(schedule.due(at(4), SHARDS), Err(Duration::from_secs(2)), "and forgotten when it was asked again");
}

#[test]
fn an_older_answer_does_not_hide_what_a_newer_one_says() {
    let schedule = looked();
    schedule.hear(3, at(1));
    let [older, newer] = [(); 2].map(|()| schedule.due(at(1), SHARDS).unwrap().remove(0));
    schedule.answered(newer, &rung(Some(3)), at(1), 2);
    schedule.answered(older, &rung(None), at(1), 2);
    assert_eq!(schedule.due(at(1), SHARDS), Err(Duration::from_secs(2)));
}

#[test]
fn a_shard_that_fails_is_left_alone_and_all_others_are_looked_at() {
    let schedule = looked();
    schedule.hear(3, at(1));
    let ask = schedule.due(at(1), SHARDS).unwrap().remove(0);
    assert!(schedule.failed(ask, at(1), 2));
    let others = schedule.due(at(1), SHARDS).unwrap();
    assert_eq!(others.len(), SHARDS - 1);
    assert!(!schedule.all_fail());
    for ask in others {
        assert!(schedule.failed(ask, at(1), 2));
    }
    assert!(schedule.all_fail());
    let asks = schedule.due(at(1), SHARDS).unwrap();
    assert_eq!(asks.len(), SHARDS, "who asks the next time waits for nothing");
    assert!(schedule.answered(asks[0], &rung(None), at(1), 2), "it failed before");
    assert!(!schedule.all_fail());
}

#[test]
fn a_clock_that_is_set_back_delays_no_look() {
    let schedule = looked();
    assert_eq!(due(&schedule, -3_600).len(), SHARDS);
}

#[tokio::test(start_paused = true)]
async fn who_waits_is_woken_by_an_earlier_moment() {
    let schedule = looked();
    let mut waiting = pin!(schedule.wait(|| at(1), SHARDS));
    assert!(futures_util::poll!(&mut waiting).is_pending());
    schedule.hear(99, at(0)); // of a version with more shards
    assert!(futures_util::poll!(&mut waiting).is_pending());
    schedule.hear(2, at(1));
    assert_eq!(waiting.await.iter().map(|ask| ask.shard).collect::<Vec<_>>(), [2]);
}
