use std::num::NonZeroUsize;
use std::sync::mpsc;

use onsale_application::ports::{Passwords, PasswordsError};
use tokio::task::yield_now;

use super::{ArgonPasswords, PasswordSettings};

fn passwords(queue: usize) -> ArgonPasswords {
    let settings = PasswordSettings { memory_kib: 64, passes: 1, lanes: 1, threads: NonZeroUsize::MIN, queue };
    ArgonPasswords::new(settings).unwrap()
}

/// Occupies the only thread until the returned sender is used or dropped.
async fn occupy(passwords: &ArgonPasswords) -> (mpsc::Sender<()>, impl Future<Output = Result<(), PasswordsError>>) {
    let (open, gate) = mpsc::channel();
    let (begun, has_begun) = tokio::sync::oneshot::channel();
    let mut work = Box::pin(passwords.submit(move |_| {
        begun.send(()).unwrap();
        gate.recv().ok();
        Ok(())
    }));
    tokio::select! {
        biased;
        _ = &mut work => panic!("the gate is closed"),
        begun = has_begun => begun.unwrap(),
    }
    (open, work)
}

#[tokio::test]
async fn a_hash_made_on_a_thread_is_verified_on_it() {
    let passwords = passwords(64);
    let hash = passwords.hash("correct horse".to_owned()).await.unwrap();
    assert!(passwords.verify("correct horse".to_owned(), Some(hash.clone())).await.unwrap());
    assert!(!passwords.verify("battery staple".to_owned(), Some(hash)).await.unwrap());
    assert!(!passwords.verify("correct horse".to_owned(), None).await.unwrap());
}

#[tokio::test]
async fn beyond_the_queue_it_is_busy_and_those_who_wait_are_served() {
    let passwords = passwords(2);
    let (open, occupied) = occupy(&passwords).await;
    let mut first = Box::pin(passwords.hash("first".to_owned()));
    let mut second = Box::pin(passwords.verify("second".to_owned(), None));
    tokio::select! {
        biased;
        _ = &mut first => panic!("the thread is occupied"),
        _ = &mut second => panic!("the thread is occupied"),
        () = yield_now() => {}
    }
    assert_eq!(passwords.hash("third".to_owned()).await, Err(PasswordsError::Busy));
    assert_eq!(passwords.verify("fourth".to_owned(), None).await, Err(PasswordsError::Busy));
    open.send(()).unwrap();
    occupied.await.unwrap();
    assert!(first.await.is_ok());
    assert_eq!(second.await, Ok(false));
}

#[tokio::test]
async fn who_has_left_is_skipped() {
    let passwords = passwords(2);
    let (open, occupied) = occupy(&passwords).await;
    let mut left = Box::pin(passwords.submit(|_| -> Result<(), _> { unreachable!("nobody waits for this") }));
    tokio::select! {
        biased;
        _ = &mut left => panic!("the thread is occupied"),
        () = yield_now() => {}
    }
    drop(left);
    open.send(()).unwrap();
    occupied.await.unwrap();
    assert!(passwords.hash("next".to_owned()).await.is_ok());
}

#[tokio::test]
async fn a_panic_fails_one_caller_and_stops_nobody() {
    let passwords = passwords(2);
    let failed = passwords.submit(|_| -> Result<(), _> { panic!("on purpose") }).await;
    assert!(matches!(failed, Err(PasswordsError::Failed(_))));
    assert!(passwords.hash("next".to_owned()).await.is_ok());
}

#[test]
fn parameters_that_argon2_refuses_stop_the_start() {
    let settings = PasswordSettings { memory_kib: 1, ..PasswordSettings::default() };
    assert!(ArgonPasswords::new(settings).is_err());
}
