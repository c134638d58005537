use std::sync::Arc;
use std::sync::atomic::Ordering;

use onsale_application::catalogue::EditCatalogue;
use onsale_application::ports::{EditError, PerformanceDraft};
use onsale_domain::concert::{Concert, ConcertError};
use onsale_domain::ids::{ConcertId, PerformanceId, SeatingPlanId};
use onsale_domain::money::{Amount, Currency};
use onsale_domain::performance::{PRICE_LIMIT, PerformanceError, SalesStatus};
use onsale_domain::plan::{FileCategory, FileRow, FileSeat, FileZone, Label, PlanFile, Point, Size};
use uuid::Uuid;

use crate::doubles::{CatalogueDouble, CatalogueEditorDouble, TestClock, category, context, performance, terms};

fn editing() -> (Arc<CatalogueEditorDouble>, EditCatalogue) {
    let (editor, _, edit) = editing_and_reading();
    (editor, edit)
}

fn editing_and_reading() -> (Arc<CatalogueEditorDouble>, Arc<CatalogueDouble>, EditCatalogue) {
    let editor = Arc::new(CatalogueEditorDouble::default());
    let reader = Arc::new(CatalogueDouble::new([], 0));
    let edit = EditCatalogue::new(editor.clone(), reader.clone(), currency("KRW"), context(&TestClock::new()));
    (editor, reader, edit)
}

fn currency(code: &str) -> Currency {
    Currency::parse(code).expect("three capital letters")
}

fn draft(price: Amount) -> PerformanceDraft {
    let performance = terms(performance(0), SeatingPlanId(Uuid::nil()));
    PerformanceDraft { performance, prices: vec![(category(0), price)], allotments: Vec::new() }
}

fn concert(title: &str) -> Concert {
    let id = ConcertId(Uuid::from_u128(77));
    Concert { id, title: title.to_owned(), description: None, image_url: None, venue: "Hall".to_owned() }
}

fn plan_file(guids: [&str; 2]) -> PlanFile {
    let seat = |guid: &str| FileSeat {
        seat_guid: guid.to_owned(),
        seat_number: Label::default(),
        category: "Stalls".to_owned(),
        position: Point::default(),
    };
    let seats = guids.map(seat).into();
    let row = FileRow { row_number: Label::default(), position: Point::default(), seats };
    PlanFile {
        name: "Hall".to_owned(),
        categories: vec![FileCategory { name: "Stalls".to_owned(), color: String::new() }],
        zones: vec![FileZone { name: String::new(), position: Point::default(), rows: vec![row], areas: Vec::new() }],
        size: Size::default(),
    }
}

#[tokio::test]
async fn a_new_performance_is_being_prepared_under_an_identity_of_its_own() {
    let (editor, edit) = editing();
    let added = edit.add_performance(draft(PRICE_LIMIT), None).await.expect("the terms are good");
    assert_eq!((added.id, added.status), (PerformanceId(Uuid::from_u128(1)), SalesStatus::Preparing));
    assert_eq!(editor.drafts.lock().len(), 1);
}

#[tokio::test]
async fn a_price_beyond_the_limit_reaches_no_store() {
    let (editor, edit) = editing();
    let refused = edit.add_performance(draft(Amount::MAX), None).await;
    assert_eq!(refused, Err(EditError::Performance(PerformanceError::Price)));
    assert_eq!(editor.drafts.lock().len(), 0);
}

#[tokio::test]
async fn prices_that_points_cannot_pay_reach_no_store() {
    let (editor, edit) = editing();
    let mut dollars = draft(PRICE_LIMIT);
    dollars.performance.currency = currency("USD");
    let refused = edit.add_performance(dollars, None).await;
    assert_eq!(refused, Err(EditError::Performance(PerformanceError::Currency { points: currency("KRW") })));
    assert_eq!(editor.drafts.lock().len(), 0);
}

#[tokio::test]
async fn a_concert_is_checked_and_named_anew() {
    let (editor, edit) = editing();
    let added = edit.add_concert(concert(" Night "), None).await.expect("the concert is good");
    assert_eq!((added.id, added.title.as_str()), (ConcertId(Uuid::from_u128(1)), "Night"));
    let refused = edit.add_concert(concert(" "), None).await;
    assert!(matches!(refused, Err(EditError::Concert(ConcertError::Text(_)))));
    assert_eq!(*editor.concerts.lock(), [added]);
}

#[tokio::test]
async fn a_plan_is_stored_unless_something_is_wrong_with_it() {
    let (editor, edit) = editing();
    let added = edit.add_plan(plan_file(["a", "b"]), None).await.expect("the plan is good");
    assert_ne!(added.id.0, added.categories[0].id.0, "each has an identity of its own");
    let refused = edit.add_plan(plan_file(["a", "a"]), None).await;
    assert!(matches!(refused, Err(EditError::Plan(error)) if error.place == "zones[0].rows[0].seats[1].seat_guid"));
    assert_eq!(*editor.plans.lock(), [added]);
}

#[tokio::test]
async fn whoever_changes_something_sees_it_with_the_next_call() {
    let (_, reader, edit) = editing_and_reading();
    edit.add_concert(concert("Night"), None).await.expect("the concert is good");
    assert_eq!(reader.generations_read.load(Ordering::Relaxed), 1, "a cache in front of the store knows of it now");
}
