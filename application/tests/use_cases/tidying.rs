use std::collections::VecDeque;
use std::future::pending;
use std::sync::Arc;

use chrono::TimeDelta;
use onsale_application::ports::{HoldAlarm, OpenHold, StepError};
use onsale_application::tidying::{SweepHolds, TidyHolds};
use onsale_domain::box_office::{ReleaseRefusal, Released};
use tokio::sync::oneshot;

use crate::doubles::{BoxOfficeDouble, HoldTimerDouble, TestClock, at, context, ended, out_of_order};
use crate::doubles::{performance, reservation};

struct Tidying {
    timer: Arc<HoldTimerDouble>,
    box_office: Arc<BoxOfficeDouble>,
    tidy: TidyHolds,
}

impl Tidying {
    fn new() -> Self {
        let timer = Arc::new(HoldTimerDouble::default());
        let box_office = Arc::new(BoxOfficeDouble::default());
        let tidy = TidyHolds::new(timer.clone(), box_office.clone());
        Self { timer, box_office, tidy }
    }

    fn answers(&self, index: u128, answer: Result<Released, StepError<ReleaseRefusal>>) {
        self.box_office.expire_answers.lock().insert(reservation(index), answer);
    }
}

fn alarm(index: u128) -> HoldAlarm {
    HoldAlarm { reservation: reservation(index), performance: performance(0), due: at(100) }
}

#[tokio::test]
async fn a_tidied_hold_is_acknowledged() {
    let tidying = Tidying::new();
    tidying.answers(1, Ok(Released::Ended(ended(1))));
    tidying.tidy.answer(vec![alarm(1)]).await.expect("the timer answers");
    assert_eq!(*tidying.timer.acknowledged.lock(), [alarm(1)]);
    assert_eq!(*tidying.timer.armed.lock(), []);
}

#[tokio::test]
async fn an_alarm_of_a_hold_that_does_not_exist_is_acknowledged() {
    let tidying = Tidying::new();
    tidying.answers(1, Err(StepError::Refused(ReleaseRefusal::Unknown)));
    tidying.tidy.answer(vec![alarm(1)]).await.expect("the timer answers");
    assert_eq!(*tidying.timer.acknowledged.lock(), [alarm(1)]);
}

#[tokio::test]
async fn an_early_alarm_is_set_again_for_the_end_of_its_hold() {
    let tidying = Tidying::new();
    tidying.answers(1, Ok(Released::NotDue { held_until: at(5_000) }));
    tidying.tidy.answer(vec![alarm(1)]).await.expect("the timer answers");
    assert_eq!(*tidying.timer.armed.lock(), [HoldAlarm { due: at(5_000), ..alarm(1) }]);
    assert_eq!(*tidying.timer.acknowledged.lock(), []);
}

#[tokio::test]
async fn one_bad_item_stays_leased_and_stops_no_other() {
    let tidying = Tidying::new();
    for index in [1, 3, 5] {
        tidying.answers(index, Ok(Released::Ended(ended(index))));
    }
    tidying.answers(2, Err(StepError::Unavailable(out_of_order())));
    tidying.answers(4, Err(StepError::Busy));
    tidying.tidy.answer((1..=5).map(alarm).collect()).await.expect("the timer answers");
    assert_eq!(*tidying.timer.acknowledged.lock(), [alarm(1), alarm(3), alarm(5)]);
    assert_eq!(*tidying.timer.armed.lock(), []);
}

#[tokio::test(start_paused = true)]
async fn a_hold_whose_tidying_is_stuck_keeps_no_other_waiting_and_stays_leased() {
    let tidying = Tidying::new();
    for index in [1, 3] {
        tidying.answers(index, Ok(Released::Ended(ended(index))));
    }
    tidying.box_office.stuck.lock().insert(reservation(2));
    let mut answering = Box::pin(tidying.tidy.answer((1..=3).map(alarm).collect()));
    assert!(futures_util::poll!(&mut answering).is_pending());
    assert_eq!(*tidying.timer.acknowledged.lock(), [alarm(1), alarm(3)]);
    assert_eq!(answering.await, Ok(()), "and the next alarms are answered soon");
    assert_eq!(*tidying.timer.acknowledged.lock(), [alarm(1), alarm(3)]);
}

#[tokio::test]
async fn alarms_are_answered_batch_after_batch_until_the_clock_is_out_of_order() {
    let tidying = Tidying::new();
    tidying.answers(1, Err(StepError::Unavailable(out_of_order())));
    tidying.answers(2, Ok(Released::Ended(ended(2))));
    *tidying.timer.rings.lock() = VecDeque::from([vec![alarm(1)], vec![alarm(2)]]);
    assert_eq!(tidying.tidy.run(pending()).await, Err(out_of_order()));
    assert_eq!(*tidying.timer.acknowledged.lock(), [alarm(2)]);
}

#[tokio::test(start_paused = true)]
async fn what_has_rung_is_answered_before_the_end() {
    let tidying = Tidying::new();
    for index in 1..=3 {
        tidying.answers(index, Ok(Released::Ended(ended(index))));
    }
    tidying.box_office.stuck.lock().insert(reservation(1));
    *tidying.timer.rings.lock() = VecDeque::from([vec![alarm(1), alarm(2)], vec![alarm(3)]]);
    let (stop, stopped) = oneshot::channel::<()>();
    let mut running = Box::pin(tidying.tidy.run(async { stopped.await.expect("it is told to stop") }));
    assert!(futures_util::poll!(&mut running).is_pending(), "one of them is stuck");
    stop.send(()).expect("it listens");
    assert_eq!(running.await, Ok(()));
    assert_eq!(*tidying.timer.acknowledged.lock(), [alarm(2)]);
    assert_eq!(tidying.timer.rings.lock().len(), 1, "nothing rings any more");
}

#[tokio::test]
async fn a_timer_that_cannot_be_told_is_an_error() {
    let tidying = Tidying::new();
    *tidying.timer.fails.lock() = true;
    assert_eq!(tidying.tidy.answer(vec![alarm(1)]).await, Err(out_of_order()));
}

fn sweep(timer: &Arc<HoldTimerDouble>, box_office: &Arc<BoxOfficeDouble>) -> SweepHolds {
    SweepHolds::new(timer.clone(), box_office.clone(), context(&TestClock::new()))
}

/// More holds than several pages have, many of them ending at the same moment, and some beyond the horizon.
fn open_holds() -> Vec<OpenHold> {
    let hold = |index: u128| OpenHold {
        reservation: reservation(index),
        performance: performance(index % 7),
        held_until: at(i64::try_from(index / 600).expect("few holds") * 1_000),
    };
    (0..3_100).rev().map(hold).collect()
}

#[tokio::test]
async fn the_sweep_pages_through_every_hold_within_its_horizon() {
    let (timer, box_office) = (Arc::new(HoldTimerDouble::default()), Arc::new(BoxOfficeDouble::default()));
    *box_office.open.lock() = open_holds();
    let armed = sweep(&timer, &box_office).execute(TimeDelta::seconds(4)).await.expect("the stores answer");
    let mut expected: Vec<_> = open_holds().into_iter().filter(|hold| hold.held_until <= at(4_000)).collect();
    expected.sort_by_key(|hold| (hold.held_until, hold.reservation));
    let known = timer.armed.lock();
    let found: Vec<_> = known.iter().map(|alarm| (alarm.reservation, alarm.performance, alarm.due)).collect();
    let due: Vec<_> = expected.iter().map(|hold| (hold.reservation, hold.performance, hold.held_until)).collect();
    assert_eq!((armed, found), (3_000, due));
}

#[tokio::test]
async fn a_sweep_that_finds_nothing_arms_nothing() {
    let (timer, box_office) = (Arc::new(HoldTimerDouble::default()), Arc::new(BoxOfficeDouble::default()));
    assert_eq!(sweep(&timer, &box_office).execute(TimeDelta::seconds(4)).await, Ok(0));
    assert_eq!(*timer.armed.lock(), []);
}

#[tokio::test]
async fn a_sweep_without_a_store_or_a_timer_is_an_error() {
    let (timer, box_office) = (Arc::new(HoldTimerDouble::default()), Arc::new(BoxOfficeDouble::default()));
    *box_office.open.lock() = open_holds();
    *timer.fails.lock() = true;
    assert_eq!(sweep(&timer, &box_office).execute(TimeDelta::seconds(4)).await, Err(out_of_order()));
    *timer.fails.lock() = false;
    *box_office.fails.lock() = true;
    assert_eq!(sweep(&timer, &box_office).execute(TimeDelta::seconds(4)).await, Err(out_of_order()));
}
