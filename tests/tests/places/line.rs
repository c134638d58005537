//! Entering, leaving and coming back.

use onsale_application::ports::{EntryTerms, PlacesError};

use crate::support::{OPEN, Subject, contracts, named, place, visitor};

contracts!(
    numbers_are_handed_out_in_order_and_once_for_each_visitor,
    names_that_differ_are_different_visitors,
    a_full_line_takes_nobody_new_and_keeps_who_is_in_it,
    only_who_waits_counts_when_a_line_is_full,
    no_number_is_above_the_ceiling,
    a_worthless_number_is_replaced_by_a_new_one_at_the_end,
    a_replaced_place_is_given_up_for_the_new_one_when_the_line_is_full,
    who_leaves_is_gone_if_the_number_is_right,
    who_is_put_back_has_the_smaller_number,
    a_number_that_was_never_handed_out_is_not_put_back,
    whoever_was_let_in_long_ago_is_forgotten,
    a_line_that_was_cleared_is_gone,
);

async fn numbers_are_handed_out_in_order_and_once_for_each_visitor(subject: Subject) {
    let visitors = subject.entered(3).await;
    for (number, visitor) in (1..).zip(&visitors) {
        assert_eq!(subject.enter(visitor, OPEN).await, Ok(place(number, false)));
    }
    assert_eq!(subject.enter(&visitor(), OPEN).await, Ok(place(4, true)));
    let mut asked = visitors.clone();
    asked.insert(1, visitor());
    assert_eq!(subject.places.numbers_of(subject.line, &asked).await, Ok(vec![Some(1), None, Some(2), Some(3)]));
}

async fn names_that_differ_are_different_visitors(subject: Subject) {
    let names = [
        "0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b",
        "0190A1B2-c3d4-7e5f-8a9b-0c1d2e3f4a5b",
        "0190a1b2c3d47e5f8a9b0c1d2e3f4a5b",
        "member-42",
        "Member-42",
    ];
    for (number, name) in (1..).zip(names) {
        assert_eq!(subject.enter(&named(name), OPEN).await, Ok(place(number, true)), "{name}");
    }
    for (number, name) in (1..).zip(names) {
        assert_eq!(subject.number_of(&named(name)).await, Some(number), "{name}");
    }
}

async fn a_full_line_takes_nobody_new_and_keeps_who_is_in_it(subject: Subject) {
    let terms = EntryTerms { max_waiting: 3, ..OPEN };
    let visitors = subject.entered(3).await;
    assert_eq!(subject.enter(&visitor(), terms).await, Err(PlacesError::Full));
    assert_eq!(subject.enter(&visitors[2], terms).await, Ok(place(3, false)));
    subject.places.leave(subject.line, &visitors[0], 1).await.unwrap();
    assert_eq!(subject.enter(&visitor(), terms).await, Ok(place(4, true)));
    assert_eq!(subject.enter(&visitor(), terms).await, Err(PlacesError::Full));
}

async fn only_who_waits_counts_when_a_line_is_full(subject: Subject) {
    let visitors = subject.entered(3).await;
    let terms = EntryTerms { max_waiting: 3, serving: 2, ..OPEN };
    assert_eq!(subject.enter(&visitor(), terms).await, Ok(place(4, true)));
    assert_eq!(subject.enter(&visitor(), terms).await, Ok(place(5, true)));
    assert_eq!(subject.enter(&visitor(), terms).await, Err(PlacesError::Full));
    assert_eq!(subject.enter(&visitors[0], terms).await, Ok(place(1, false)), "let in, and not yet forgotten");
}

async fn no_number_is_above_the_ceiling(subject: Subject) {
    let terms = EntryTerms { ceiling: 2, ..OPEN };
    let visitors = [visitor(), visitor(), visitor()];
    assert_eq!(subject.enter(&visitors[0], terms).await, Ok(place(1, true)));
    assert_eq!(subject.enter(&visitors[1], terms).await, Ok(place(2, true)));
    assert_eq!(subject.enter(&visitors[2], terms).await, Err(PlacesError::CeilingReached { last: 2 }));
    assert_eq!(subject.enter(&visitors[0], terms).await, Ok(place(1, false)));
    assert_eq!(subject.enter(&visitors[2], OPEN).await, Ok(place(3, true)));
}

async fn a_worthless_number_is_replaced_by_a_new_one_at_the_end(subject: Subject) {
    let visitors = subject.entered(3).await;
    assert_eq!(subject.enter_instead(&visitors[0], 1, OPEN).await, Ok(place(4, true)));
    assert_eq!(subject.enter_instead(&visitors[0], 1, OPEN).await, Ok(place(4, false)), "asking again");
    assert_eq!(subject.enter_instead(&visitors[1], 7, OPEN).await, Ok(place(5, true)), "a smaller one as well");
    assert_eq!(subject.enter_instead(&visitor(), 9, OPEN).await, Ok(place(6, true)), "who is not there");
    let front = subject.places.front(subject.line, 0, 10).await.unwrap();
    assert_eq!((front.to, front.present, front.last), (6, 4, 6));
}

async fn a_replaced_place_is_given_up_for_the_new_one_when_the_line_is_full(subject: Subject) {
    let visitors = subject.entered(2).await;
    let terms = EntryTerms { max_waiting: 2, ..OPEN };
    assert_eq!(subject.enter_instead(&visitors[0], 1, terms).await, Ok(place(3, true)), "its own place is free");
    let terms = EntryTerms { serving: 2, max_waiting: 1, ..OPEN };
    assert_eq!(subject.enter_instead(&visitors[1], 2, terms).await, Err(PlacesError::Full), "it did not wait any more");
    assert_eq!(subject.number_of(&visitors[1]).await, Some(2));
}

async fn who_leaves_is_gone_if_the_number_is_right(subject: Subject) {
    let visitors = subject.entered(2).await;
    subject.places.leave(subject.line, &visitors[0], 2).await.unwrap();
    subject.places.leave(subject.line, &visitor(), 1).await.unwrap();
    assert_eq!(subject.number_of(&visitors[0]).await, Some(1));
    subject.places.leave(subject.line, &visitors[0], 1).await.unwrap();
    assert_eq!(subject.number_of(&visitors[0]).await, None);
    assert_eq!(subject.enter(&visitors[0], OPEN).await, Ok(place(3, true)));
}

async fn who_is_put_back_has_the_smaller_number(subject: Subject) {
    subject.begin(2, 1_000).await.unwrap();
    let subject = Subject { line: subject.of_epoch(2), ..subject };
    let [first, second, third] = [visitor(), visitor(), named("third")];
    assert_eq!(subject.enter(&first, OPEN).await, Ok(place(1_001, true)));
    let tokens = [(first.clone(), 17), (second.clone(), 400), (third.clone(), 3)];
    subject.places.put_back(subject.line, &tokens).await.unwrap();
    subject.places.put_back(subject.line, &[(second.clone(), 900), (third.clone(), 2)]).await.unwrap();
    let numbers = subject.places.numbers_of(subject.line, &[first.clone(), second, third]).await.unwrap();
    assert_eq!(numbers, [Some(17), Some(400), Some(2)]);
    let front = subject.places.front(subject.line, 0, 10).await.unwrap();
    assert_eq!((front.to, front.present, front.last), (400, 3, 1_001));
    assert_eq!(subject.enter(&first, OPEN).await, Ok(place(17, false)));
}

async fn a_number_that_was_never_handed_out_is_not_put_back(subject: Subject) {
    subject.entered(2).await;
    let (forged, none) = (visitor(), visitor());
    subject.places.put_back(subject.line, &[(forged.clone(), 3), (none.clone(), 0)]).await.unwrap();
    assert_eq!(subject.places.numbers_of(subject.line, &[forged, none]).await, Ok(vec![None, None]));
}

async fn whoever_was_let_in_long_ago_is_forgotten(subject: Subject) {
    subject.begin(2, 20_000).await.unwrap();
    let subject = Subject { line: subject.of_epoch(2), ..subject };
    let tokens: Vec<_> = (1..=9_000).map(|number| (visitor(), number)).collect();
    subject.places.put_back(subject.line, &tokens).await.unwrap();
    subject.places.forget(subject.line, 7_000).await.unwrap();
    let view = subject.places.view(subject.line, 0).await.unwrap();
    assert_eq!((view.waiting, view.first[0], view.last), (2_000, 7_001, 20_000));
    assert_eq!(subject.number_of(&tokens[6_999].0).await, None);
    assert_eq!(subject.number_of(&tokens[7_000].0).await, Some(7_001));
    subject.places.forget(subject.line, 20_000).await.unwrap();
    assert_eq!(subject.places.view(subject.line, 0).await.unwrap().waiting, 0);
    assert_eq!(subject.enter(&visitor(), OPEN).await, Ok(place(20_001, true)), "an empty line is not a lost one");
}

async fn a_line_that_was_cleared_is_gone(subject: Subject) {
    subject.entered(2).await;
    subject.places.clear(subject.line.room).await.unwrap();
    subject.assert_lost().await;
    subject.places.clear(subject.line.room).await.unwrap();
}
