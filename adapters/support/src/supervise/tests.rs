//! Tests on paused time: pauses pass as soon as nothing else is left to do.

use std::convert::Infallible;
use std::io;

use tokio::sync::mpsc;

use super::*;

const LIMIT: Duration = Duration::from_secs(5);

#[tokio::test(start_paused = true)]
async fn a_failed_run_is_followed_by_another_after_a_growing_pause() {
    let supervisor = Supervisor::new(CancellationToken::new());
    let (runs, mut started) = mpsc::unbounded_channel();
    let mut run = 0;
    supervisor.run("unlucky", move |_| {
        run += 1;
        runs.send(Instant::now()).expect("the test watches");
        async move {
            match run {
                1 => Err(io::Error::other("connection refused")),
                2 => panic!("index out of bounds"),
                _ => Err(io::Error::other("still down")),
            }
        }
    });
    let mut before = started.recv().await.expect("a first run");
    let mut pauses = Vec::new();
    for _ in 0..11 {
        let run = started.recv().await.expect("another run");
        pauses.push((run - before).as_millis() / 10 * 10); // timers round up to the next millisecond
        before = run;
    }
    assert_eq!(pauses, [100, 200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600, 30_000, 30_000]);
    assert_eq!(supervisor.shutdown(LIMIT).await, Ok(()), "a pause ends with the shutdown");
}

#[tokio::test(start_paused = true)]
async fn a_failure_after_a_healthy_run_starts_with_the_first_pause_again() {
    let supervisor = Supervisor::new(CancellationToken::new());
    let (runs, mut started) = mpsc::unbounded_channel();
    let mut run = 0;
    supervisor.run("mostly healthy", move |_| {
        run += 1;
        let healthy = run == 4;
        let runs = runs.clone();
        async move {
            if healthy {
                sleep(HEALTHY_RUN).await;
            }
            runs.send(Instant::now()).expect("the test watches");
            Err::<(), _>(io::Error::other("down"))
        }
    });
    for _ in 0..3 {
        started.recv().await.expect("a failing run");
    }
    let healthy_ended = started.recv().await.expect("the healthy run");
    let next = started.recv().await.expect("the run after it");
    assert_eq!((next - healthy_ended).as_millis() / 10 * 10, FIRST_PAUSE.as_millis());
}

#[tokio::test(start_paused = true)]
async fn shutdown_waits_for_tasks_and_names_those_that_do_not_end() {
    let supervisor = Supervisor::new(CancellationToken::new());
    let (said, mut says) = mpsc::unbounded_channel();
    let obedient = said.clone();
    supervisor.run("obedient", move |shutdown| {
        let said = obedient.clone();
        async move {
            said.send("obedient runs").expect("the test listens");
            shutdown.cancelled().await;
            said.send("obedient ends").expect("the test listens");
            Ok::<_, Infallible>(())
        }
    });
    supervisor.run("deaf", move |_| {
        let said = said.clone();
        async move {
            said.send("deaf runs").expect("the test listens");
            std::future::pending::<Result<(), Infallible>>().await
        }
    });
    assert_eq!(says.recv().await, Some("obedient runs"));
    assert_eq!(says.recv().await, Some("deaf runs"));
    let unfinished = supervisor.shutdown(LIMIT).await.expect_err("one task is deaf");
    assert_eq!(unfinished, StillRunning { names: vec!["deaf"], limit: LIMIT });
    assert_eq!(unfinished.to_string(), "tasks did not end within 5s: deaf");
    assert_eq!(says.recv().await, Some("obedient ends"));
    assert_eq!(says.recv().await, None, "the deaf task was aborted");
}

#[tokio::test]
async fn a_task_that_ends_well_is_not_run_again_and_nothing_starts_after_shutdown() {
    let supervisor = Supervisor::new(CancellationToken::new());
    let (runs, mut started) = mpsc::unbounded_channel();
    let count = runs.clone();
    supervisor.run("once", move |_| {
        count.send("once").expect("the test watches");
        async { Ok::<_, Infallible>(()) }
    });
    assert_eq!(started.recv().await, Some("once"));
    assert_eq!(supervisor.shutdown(LIMIT).await, Ok(()));
    supervisor.run("late", move |_| {
        runs.send("late").expect("the test watches");
        async { Ok::<_, Infallible>(()) }
    });
    assert_eq!(supervisor.shutdown(LIMIT).await, Ok(()));
    assert_eq!(started.recv().await, None);
}

#[test]
fn a_failure_is_told_with_its_causes() {
    #[derive(Debug, thiserror::Error)]
    #[error("cannot read the schedule")]
    struct Outer(#[source] io::Error);
    let failed = Ok(Err(Outer(io::Error::other("disk on fire"))));
    assert_eq!(failure(failed).as_deref(), Some("cannot read the schedule: disk on fire"));
    assert_eq!(failure::<Infallible>(Err(Box::new("oh"))).as_deref(), Some("panicked: oh"));
    assert_eq!(failure::<Infallible>(Ok(Ok(()))), None);
}
