//! Many alarms and many who answer them.

use std::collections::HashMap;
use std::sync::Arc;

use onsale_application::ports::{HoldAlarm, HoldTimer};
use onsale_domain::ids::ReservationId;
use tokio::sync::mpsc;

use crate::support::{Subject, alarm, contracts, redis_timer};

const ALARMS: u128 = 10_000;
const WORKERS: usize = 8;

contracts!(each_of_many_alarms_rings_for_one_of_many_workers);

async fn each_of_many_alarms_rings_for_one_of_many_workers(subject: Subject) {
    work_off(&subject, std::slice::from_ref(&subject.timer)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn workers_of_two_replicas_never_answer_the_same_alarm() {
    let server = onsale_test_servers::private_redis().await;
    let subject = Subject::at(server.url());
    let other: Arc<dyn HoldTimer> = Arc::new(redis_timer(server.url(), &subject.clock));
    work_off(&subject, &[subject.timer.clone(), other]).await;
    server.stop().await.unwrap();
}

/// Sets alarms from everywhere, some of them twice, while workers answer those that are due.
async fn work_off(subject: &Subject, timers: &[Arc<dyn HoldTimer>]) {
    let (answered, mut answers) = mpsc::unbounded_channel();
    let workers: Vec<_> = (0..WORKERS)
        .map(|worker| tokio::spawn(work(timers[worker % timers.len()].clone(), answered.clone())))
        .collect();
    let alarms: Vec<_> = (0..ALARMS).map(|id| alarm(id, i64::try_from(id % 7).unwrap())).collect();
    subject.clock.set(7);
    for (chunk, timer) in alarms.chunks(500).zip(timers.iter().cycle()) {
        timer.arm(chunk).await.unwrap();
    }
    let mut rung: HashMap<ReservationId, u32> = HashMap::new();
    while rung.len() < alarms.len() {
        let alarm: HoldAlarm = answers.recv().await.unwrap();
        *rung.entry(alarm.reservation).or_default() += 1;
    }
    for worker in workers {
        worker.abort();
        assert!(worker.await.unwrap_err().is_cancelled());
    }
    subject.stays_silent_until(3_000).await;
    while let Ok(alarm) = answers.try_recv() {
        *rung.entry(alarm.reservation).or_default() += 1;
    }
    assert!(rung.values().all(|times| *times == 1));
    assert_eq!(subject.timer.dead(1).await.unwrap().known, 0, "every one was acknowledged");
}

async fn work(timer: Arc<dyn HoldTimer>, answered: mpsc::UnboundedSender<HoldAlarm>) {
    loop {
        let rung = timer.ring(256).await.unwrap();
        timer.acknowledge(&rung).await.unwrap();
        for alarm in rung {
            answered.send(alarm).unwrap();
        }
    }
}
