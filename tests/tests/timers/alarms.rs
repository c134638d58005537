//! Setting, ringing, taking away.

use std::pin::pin;

use futures_util::poll;

use crate::support::{Subject, alarm, contracts, disarm};

contracts!(
    alarms_ring_when_they_are_due_and_the_longest_due_first,
    no_more_ring_at_once_than_were_asked_for,
    an_alarm_that_is_not_acknowledged_comes_back,
    an_acknowledgement_that_comes_late_counts,
    an_alarm_that_was_moved_while_leased_rings_again,
    setting_the_same_alarm_again_changes_nothing,
    an_alarm_that_is_moved_rings_once,
    what_is_disarmed_stays_silent_whatever_had_become_of_it,
    an_alarm_that_nobody_waited_for_is_set,
    a_ringer_that_sleeps_is_woken_by_an_earlier_alarm,
);

async fn alarms_ring_when_they_are_due_and_the_longest_due_first(subject: Subject) {
    subject.arm(&[alarm(1, 20), alarm(2, 10), alarm(3, 11), alarm(4, 12)]).await;
    subject.rings_at(12, &[alarm(2, 10), alarm(3, 11), alarm(4, 12)]).await;
    subject.rings_at(20, &[alarm(1, 20)]).await;
}

async fn no_more_ring_at_once_than_were_asked_for(subject: Subject) {
    let alarms: Vec<_> = (0..20).map(|id| alarm(100 * id, 1)).collect();
    subject.arm(&alarms).await;
    subject.clock.set(1);
    let mut rung = Vec::new();
    for limit in [1, 7, 12] {
        let some = subject.timer.ring(limit).await.unwrap();
        assert!(!some.is_empty() && some.len() <= limit, "{} of {limit}", some.len());
        rung.extend(some);
    }
    while rung.len() < alarms.len() {
        rung.extend(subject.ring().await);
    }
    rung.sort_by_key(|alarm| alarm.reservation);
    assert_eq!(rung, alarms);
}

async fn an_alarm_that_is_not_acknowledged_comes_back(subject: Subject) {
    subject.arm(&[alarm(1, 10)]).await;
    subject.rings_at(10, &[alarm(1, 10)]).await;
    subject.stays_silent_until(39).await;
    subject.rings_at(40, &[alarm(1, 10)]).await;
    subject.acknowledge(&[alarm(1, 10)]).await;
    subject.stays_silent_until(1_000).await;
}

async fn an_acknowledgement_that_comes_late_counts(subject: Subject) {
    subject.arm(&[alarm(1, 10), alarm(101, 50)]).await;
    subject.rings_at(10, &[alarm(1, 10)]).await;
    subject.rings_at(50, &[alarm(1, 10), alarm(101, 50)]).await;
    subject.acknowledge(&[alarm(101, 50)]).await;
    subject.clock.set(110); // the lease is over, and nobody has looked yet
    subject.acknowledge(&[alarm(1, 10)]).await;
    subject.stays_silent_until(1_000).await;
}

async fn an_alarm_that_was_moved_while_leased_rings_again(subject: Subject) {
    subject.arm(&[alarm(1, 10)]).await;
    subject.rings_at(10, &[alarm(1, 10)]).await;
    subject.arm(&[alarm(1, 20)]).await;
    subject.acknowledge(&[alarm(1, 10)]).await;
    subject.rings_at(20, &[alarm(1, 20)]).await;
    subject.acknowledge(&[alarm(1, 20)]).await;
    subject.stays_silent_until(1_000).await;
}

async fn setting_the_same_alarm_again_changes_nothing(subject: Subject) {
    subject.arm(&[alarm(1, 10), alarm(1, 10)]).await;
    subject.rings_at(10, &[alarm(1, 10)]).await;
    subject.arm(&[alarm(1, 10)]).await;
    subject.stays_silent_until(39).await;
    subject.acknowledge(&[alarm(1, 10)]).await;
    subject.stays_silent_until(1_000).await;
}

async fn an_alarm_that_is_moved_rings_once(subject: Subject) {
    subject.arm(&[alarm(1, 10), alarm(2, 30)]).await;
    subject.arm(&[alarm(1, 20)]).await;
    subject.arm(&[alarm(2, 15)]).await;
    subject.rings_at(15, &[alarm(2, 15)]).await;
    subject.rings_at(20, &[alarm(1, 20)]).await;
    subject.acknowledge(&[alarm(1, 20), alarm(2, 15)]).await;
    subject.stays_silent_until(1_000).await;
}

async fn what_is_disarmed_stays_silent_whatever_had_become_of_it(subject: Subject) {
    subject.arm(&[alarm(1, 10), alarm(2, 20), alarm(3, 5)]).await;
    subject.rings_at(5, &[alarm(3, 5)]).await;
    subject.rings_at(10, &[alarm(1, 10)]).await;
    let unknown = alarm(9, 0);
    for alarm in [alarm(1, 10), alarm(2, 20), alarm(3, 5), unknown] {
        disarm(&*subject.timer, alarm);
        subject.arm(&[alarm_beside(alarm.reservation.0.as_u128())]).await; // changes keep their order
    }
    let beside = [1, 2, 3, 9].map(alarm_beside);
    subject.rings_at(900, &beside).await;
    subject.acknowledge(&beside).await;
    subject.stays_silent_until(1_000).await;
}

/// Of another hold of the same performance.
fn alarm_beside(id: u128) -> onsale_application::ports::HoldAlarm {
    alarm(1_000 + id, 900)
}

async fn an_alarm_that_nobody_waited_for_is_set(subject: Subject) {
    subject.timer.arm_soon(alarm(1, 10));
    subject.arm(&[alarm_beside(1)]).await;
    subject.rings_at(10, &[alarm(1, 10)]).await;
}

async fn a_ringer_that_sleeps_is_woken_by_an_earlier_alarm(subject: Subject) {
    subject.settle().await;
    subject.arm(&[alarm(1, 300)]).await;
    let mut ringing = pin!(subject.ring());
    assert!(poll!(&mut ringing).is_pending());
    subject.arm(&[alarm(2, 0)]).await;
    assert_eq!(ringing.await, [alarm(2, 0)]);
}
