//! A line that was lost is made anew by exactly one, and the old one is never used again.

use futures_util::future::join_all;
use onsale_application::ports::{EntryTerms, PlacesError};

use crate::support::{OPEN, Subject, contracts, place, visitor};

contracts!(
    a_line_that_never_began_is_lost,
    another_epoch_is_lost_whether_older_or_newer,
    of_those_who_begin_an_epoch_at_once_one_wins,
    an_old_epoch_cannot_begin_again,
    a_new_epoch_counts_on_from_the_ceiling_and_keeps_who_is_there,
    a_new_epoch_never_counts_on_from_less_than_was_handed_out,
);

async fn a_line_that_never_began_is_lost(subject: Subject) {
    subject.places.clear(subject.line.room).await.unwrap();
    subject.assert_lost().await;
}

async fn another_epoch_is_lost_whether_older_or_newer(subject: Subject) {
    subject.begin(5, 100).await.unwrap();
    for epoch in [1, 4, 6] {
        Subject { line: subject.of_epoch(epoch), ..subject.clone() }.assert_lost().await;
    }
}

async fn of_those_who_begin_an_epoch_at_once_one_wins(subject: Subject) {
    let begun = join_all((0..50).map(|_| subject.begin(2, 100))).await;
    assert_eq!(begun.iter().filter(|begun| begun.is_ok()).count(), 1);
    assert_eq!(begun.iter().filter(|begun| **begun == Err(PlacesError::Lost)).count(), 49);
}

async fn an_old_epoch_cannot_begin_again(subject: Subject) {
    subject.begin(3, 100).await.unwrap();
    for epoch in [1, 2, 3] {
        assert_eq!(subject.begin(epoch, 10).await, Err(PlacesError::Lost));
    }
    let subject = Subject { line: subject.of_epoch(3), ..subject };
    assert_eq!(subject.enter(&visitor(), OPEN).await, Ok(place(101, true)));
}

async fn a_new_epoch_counts_on_from_the_ceiling_and_keeps_who_is_there(subject: Subject) {
    let visitors = subject.entered(3).await;
    subject.begin(2, 5_000).await.unwrap();
    subject.assert_lost().await;
    let subject = Subject { line: subject.of_epoch(2), ..subject };
    assert_eq!(subject.enter(&visitors[1], OPEN).await, Ok(place(2, false)));
    let terms = EntryTerms { ceiling: 5_000, ..OPEN };
    assert_eq!(subject.enter(&visitor(), terms).await, Err(PlacesError::CeilingReached { last: 5_000 }));
    assert_eq!(subject.enter(&visitor(), OPEN).await, Ok(place(5_001, true)));
    assert_eq!(subject.places.view(subject.line, 0).await.unwrap().first, [1, 2, 3, 5_001]);
}

async fn a_new_epoch_never_counts_on_from_less_than_was_handed_out(subject: Subject) {
    subject.entered(3).await;
    subject.begin(2, 1).await.unwrap();
    let subject = Subject { line: subject.of_epoch(2), ..subject };
    assert_eq!(subject.enter(&visitor(), OPEN).await, Ok(place(4, true)));
}
