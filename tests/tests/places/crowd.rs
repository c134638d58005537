//! Everybody at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use futures_util::StreamExt;
use futures_util::stream;
use onsale_application::ports::{EntryTerms, PlacesError};
use onsale_domain::waiting_room::{QueueNumber, VisitorId};

use crate::support::{OPEN, Subject, contracts, visitors};

contracts!(
    fifty_thousand_who_enter_at_once_get_every_number_once,
    of_those_who_enter_at_once_as_many_as_fit_get_a_place,
    one_visitor_on_many_devices_at_once_gets_one_number,
);

const TASKS: usize = 8;
const AT_ONCE: usize = 512;

/// Raises the ceiling whenever it is reached, as replicas do.
async fn enter_all(subject: Subject, visitors: Vec<VisitorId>, ceiling: Arc<AtomicI64>) -> Vec<QueueNumber> {
    let enter = async |visitor: VisitorId| {
        loop {
            let terms = EntryTerms { ceiling: ceiling.load(Ordering::SeqCst), ..OPEN };
            match subject.enter(&visitor, terms).await {
                Ok(entered) => {
                    assert!(entered.new);
                    return entered.number;
                }
                Err(PlacesError::CeilingReached { last }) => {
                    ceiling.fetch_max(last + 5_000, Ordering::SeqCst);
                }
                Err(error) => panic!("{error}"),
            }
        }
    };
    stream::iter(visitors).map(enter).buffer_unordered(AT_ONCE).collect().await
}

async fn fifty_thousand_who_enter_at_once_get_every_number_once(subject: Subject) {
    const VISITORS: usize = 50_000;
    let ceiling = Arc::new(AtomicI64::new(0));
    let everybody = visitors(VISITORS);
    let tasks: Vec<_> = everybody
        .chunks(VISITORS / TASKS)
        .map(|some| tokio::spawn(enter_all(subject.clone(), some.to_vec(), ceiling.clone())))
        .collect();
    let mut numbers = Vec::new();
    for task in tasks {
        numbers.extend(task.await.unwrap());
    }
    numbers.sort_unstable();
    assert!(numbers.into_iter().eq(1..=50_000));
    let found = subject.places.numbers_of(subject.line, &everybody).await.unwrap();
    let mut found: Vec<_> = found.into_iter().map(Option::unwrap).collect();
    found.sort_unstable();
    assert!(found.into_iter().eq(1..=50_000), "everybody has the number that was handed out");
    let view = subject.places.view(subject.line, 0).await.unwrap();
    assert_eq!((view.waiting, view.last), (50_000, 50_000));
    assert!(ceiling.load(Ordering::SeqCst) < 50_000 + 5_000);
}

async fn of_those_who_enter_at_once_as_many_as_fit_get_a_place(subject: Subject) {
    let terms = EntryTerms { max_waiting: 700, ..OPEN };
    let entries = stream::iter(visitors(2_000)).map(async |visitor| subject.enter(&visitor, terms).await);
    let entries: Vec<_> = entries.buffer_unordered(AT_ONCE).collect().await;
    assert_eq!(entries.iter().filter(|entry| entry.is_ok()).count(), 700);
    assert_eq!(entries.iter().filter(|entry| **entry == Err(PlacesError::Full)).count(), 1_300);
    assert_eq!(subject.places.view(subject.line, 0).await.unwrap().last, 700);
}

async fn one_visitor_on_many_devices_at_once_gets_one_number(subject: Subject) {
    let visitors = visitors(10);
    let devices = (0..1_000).map(|device| visitors[device % 10].clone());
    let entries = stream::iter(devices).map(async |visitor| subject.enter(&visitor, OPEN).await.unwrap());
    let entries: Vec<_> = entries.buffer_unordered(AT_ONCE).collect().await;
    assert_eq!(entries.iter().filter(|entry| entry.new).count(), 10);
    assert!(entries.iter().all(|entry| (1..=10).contains(&entry.number)));
}
