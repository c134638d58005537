//! What replicas copy of a line, and whom a tick lets in.

use onsale_application::ports::{VIEW_FIRST, VIEW_MARKS};
use onsale_domain::waiting_room::{LineView, QueueNumber};

use crate::support::{Subject, contracts, visitor, visitors};

contracts!(
    a_view_is_exact_near_the_front_and_within_one_percent_further_back,
    a_short_line_is_seen_whole,
    a_view_begins_after_whom_it_is_asked_for,
    the_front_is_counted_by_presence_not_by_numbers,
    an_empty_line_has_no_front,
);

/// A line of 30,000 numbers of which every third visitor has left; the numbers.
async fn with_gaps(subject: &Subject) -> (Subject, Vec<QueueNumber>) {
    subject.begin(2, 30_000).await.unwrap();
    let subject = Subject { line: subject.of_epoch(2), ..subject.clone() };
    let numbers: Vec<QueueNumber> = (1..=30_000).filter(|number| number % 3 != 0).collect();
    let tokens: Vec<_> = numbers.iter().map(|number| (visitor(), *number)).collect();
    subject.places.put_back(subject.line, &tokens).await.unwrap();
    (subject, numbers)
}

async fn a_view_is_exact_near_the_front_and_within_one_percent_further_back(subject: Subject) {
    let (subject, numbers) = with_gaps(&subject).await;
    let view = subject.places.view(subject.line, 0).await.unwrap();
    assert_eq!((view.serving, view.waiting, view.last), (0, 20_000, 30_000));
    assert_eq!(view.first, numbers[..VIEW_FIRST]);
    for (index, number) in numbers.iter().enumerate() {
        let (exact, shown) = (index as u64 + 1, view.position(*number));
        let allowed = if index < VIEW_FIRST { 0 } else { 200 };
        assert!(shown.abs_diff(exact) <= allowed, "number {number} is {exact}, not {shown}");
    }
    for (number, rank) in &view.marks {
        assert_eq!(numbers[usize::try_from(*rank).unwrap() - 1], *number, "a mark is exact");
    }
    assert_eq!(view.marks.last(), Some(&(29_999, 20_000)), "the last visitor is marked");
    assert!(view.marks.len() <= VIEW_MARKS && view.marks.len() >= VIEW_MARKS * 9 / 10);
    assert!(view.marks.is_sorted_by(|before, after| before.0 < after.0 && before.1 < after.1));
}

async fn a_short_line_is_seen_whole(subject: Subject) {
    subject.entered(3).await;
    let whole = LineView { serving: 0, waiting: 3, last: 3, first: vec![1, 2, 3], marks: Vec::new() };
    assert_eq!(subject.places.view(subject.line, 0).await, Ok(whole));
    let rest = LineView { serving: 2, waiting: 1, last: 3, first: vec![3], marks: Vec::new() };
    assert_eq!(subject.places.view(subject.line, 2).await, Ok(rest));
    let nobody = LineView { serving: 9, last: 3, ..LineView::default() };
    assert_eq!(subject.places.view(subject.line, 9).await, Ok(nobody));
}

async fn a_view_begins_after_whom_it_is_asked_for(subject: Subject) {
    let (subject, numbers) = with_gaps(&subject).await;
    let view = subject.places.view(subject.line, 15_000).await.unwrap();
    assert_eq!((view.serving, view.waiting), (15_000, 10_000));
    assert_eq!(view.first, numbers[10_000..10_000 + VIEW_FIRST]);
    assert_eq!(view.marks.last(), Some(&(29_999, 10_000)));
    for (number, rank) in &view.marks {
        assert_eq!(numbers[10_000 + usize::try_from(*rank).unwrap() - 1], *number);
    }
}

async fn the_front_is_counted_by_presence_not_by_numbers(subject: Subject) {
    let (subject, numbers) = with_gaps(&subject).await;
    for (serving, count) in [(0, 6_000), (0, 1), (15_000, 6_000), (1, 2), (3, 1)] {
        let front = subject.places.front(subject.line, serving, count).await.unwrap();
        let from = numbers.partition_point(|number| *number <= serving);
        let to = numbers[from + count as usize - 1];
        assert_eq!((front.to, front.present, front.last), (to, i64::from(count), 30_000), "{count} after {serving}");
    }
    let front = subject.places.front(subject.line, 29_990, 6_000).await.unwrap();
    assert_eq!((front.to, front.present), (29_999, 6), "fewer than were asked for");
}

async fn an_empty_line_has_no_front(subject: Subject) {
    let visitors = visitors(2);
    for (serving, count) in [(0, 10), (5, 10)] {
        let front = subject.places.front(subject.line, serving, count).await.unwrap();
        assert_eq!((front.to, front.present, front.last), (serving, 0, 0));
    }
    subject.enter(&visitors[0], crate::support::OPEN).await.unwrap();
    let front = subject.places.front(subject.line, 0, 0).await.unwrap();
    assert_eq!((front.to, front.present, front.last), (0, 0, 1), "nobody was asked for");
}
