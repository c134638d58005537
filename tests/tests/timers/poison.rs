//! Alarms that nobody can answer.

use onsale_application::ports::DeadAlarms;

use crate::support::{Subject, alarm, contracts, disarm};

contracts!(
    an_alarm_that_nobody_answers_comes_back_later_each_time_and_dies,
    a_dead_alarm_is_set_again_only_for_another_moment,
    a_dead_alarm_is_forgotten_after_a_while_so_that_the_sweep_can_set_it,
    a_dead_alarm_can_be_taken_away_and_acknowledged,
    an_alarm_that_was_moved_has_all_its_tries_again,
);

/// Rings an alarm that was due at 0 until it dies, at 150.
async fn die(subject: &Subject) {
    subject.arm(&[alarm(1, 0)]).await;
    for second in [0, 30, 90] {
        subject.rings_at(second, &[alarm(1, 0)]).await;
    }
    subject.stays_silent_until(150).await;
    assert_eq!(dead(subject).await, [alarm(1, 0)]);
}

async fn dead(subject: &Subject) -> Vec<onsale_application::ports::HoldAlarm> {
    let DeadAlarms { dead, some, .. } = subject.timer.dead(10).await.unwrap();
    assert_eq!(dead, some.len() as u64);
    some
}

async fn an_alarm_that_nobody_answers_comes_back_later_each_time_and_dies(subject: Subject) {
    let early = alarm(201, 7_000);
    subject.arm(&[alarm(1, 0), alarm(101, 0), early]).await;
    subject.rings_at(0, &[alarm(1, 0), alarm(101, 0)]).await;
    subject.acknowledge(&[alarm(101, 0)]).await;
    subject.stays_silent_until(29).await;
    subject.rings_at(30, &[alarm(1, 0)]).await;
    subject.stays_silent_until(89).await;
    subject.rings_at(90, &[alarm(1, 0)]).await;
    subject.stays_silent_until(149).await;
    assert_eq!(dead(&subject).await, []);
    subject.stays_silent_until(150).await;
    let expected = DeadAlarms { known: 2, dead: 1, some: vec![alarm(1, 0)] };
    assert_eq!(subject.timer.dead(10).await, Ok(expected));
    assert_eq!(subject.timer.dead(0).await, Ok(DeadAlarms { known: 2, dead: 1, some: Vec::new() }));
}

async fn a_dead_alarm_is_set_again_only_for_another_moment(subject: Subject) {
    die(&subject).await;
    subject.arm(&[alarm(1, 0)]).await;
    subject.stays_silent_until(1_000).await;
    assert_eq!(dead(&subject).await, [alarm(1, 0)]);
    subject.arm(&[alarm(1, 1_010)]).await;
    assert_eq!(dead(&subject).await, []);
    subject.rings_at(1_010, &[alarm(1, 1_010)]).await;
    subject.rings_at(1_040, &[alarm(1, 1_010)]).await;
}

async fn a_dead_alarm_is_forgotten_after_a_while_so_that_the_sweep_can_set_it(subject: Subject) {
    die(&subject).await;
    subject.stays_silent_until(150 + 3_599).await;
    assert_eq!(dead(&subject).await, [alarm(1, 0)]);
    subject.stays_silent_until(150 + 3_600).await;
    assert_eq!(dead(&subject).await, []);
    subject.arm(&[alarm(1, 0)]).await;
    subject.rings_at(150 + 3_600, &[alarm(1, 0)]).await;
}

async fn a_dead_alarm_can_be_taken_away_and_acknowledged(subject: Subject) {
    die(&subject).await;
    subject.acknowledge(&[alarm(1, 5)]).await; // another one
    assert_eq!(dead(&subject).await, [alarm(1, 0)]);
    subject.acknowledge(&[alarm(1, 0)]).await;
    assert_eq!(subject.timer.dead(10).await, Ok(DeadAlarms::default()));
    subject.arm(&[alarm(1, 0)]).await;
    subject.rings_at(150, &[alarm(1, 0)]).await;
    disarm(&*subject.timer, alarm(1, 0));
    subject.arm(&[alarm(101, 9_000)]).await; // changes keep their order
    let left = DeadAlarms { known: 1, ..DeadAlarms::default() };
    assert_eq!(subject.timer.dead(10).await, Ok(left));
}

async fn an_alarm_that_was_moved_has_all_its_tries_again(subject: Subject) {
    subject.arm(&[alarm(1, 0)]).await;
    subject.rings_at(0, &[alarm(1, 0)]).await;
    subject.rings_at(30, &[alarm(1, 0)]).await;
    subject.arm(&[alarm(1, 31)]).await;
    for second in [31, 61, 121] {
        subject.rings_at(second, &[alarm(1, 31)]).await;
    }
    subject.stays_silent_until(181).await;
    assert_eq!(dead(&subject).await, [alarm(1, 31)]);
}
