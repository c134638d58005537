//! How many tickets there are, as operators decide.

use onsale_application::ports::{
    AllotmentDraft, BoxOffice, BusMessage, CatalogueEditor, CatalogueReader, EditError, PerformanceChange,
    PerformanceDraft,
};
use onsale_domain::allotment::CAPACITY_LIMIT;
use onsale_domain::box_office::HoldRefusal;
use onsale_domain::ids::CategoryId;
use onsale_domain::performance::{CategoryKind, PerformanceError};
use onsale_support::lanes::LaneLimits;
use onsale_tests::sales::{assert_sound, customers, sales};
use onsale_tests::samples::{amount, concert, draft, plan};
use onsale_tests::store::Store;
use onsale_tests::tickets::{
    TICKET_PRICE, allotment, catalogue, held_tickets, left, resized, standing, standing_beside, stored, tickets_order,
};

use onsale_tests::sales::refused;

onsale_tests::contracts!(
    a_capacity_goes_down_to_what_is_taken_and_no_further,
    a_raised_capacity_is_sold_at_once,
    a_refused_capacity_changes_nothing_else,
    a_capacity_of_nothing_that_has_one_is_refused_by_name,
    a_change_is_written_down_and_raises_the_version,
    an_area_becomes_tickets_with_its_name_and_colour,
    an_unknown_area_is_refused,
);

fn capacity(taken: u32, category: CategoryId) -> EditError {
    EditError::CapacityBelowTaken { category, taken }
}

async fn a_capacity_goes_down_to_what_is_taken_and_no_further(store: Store) {
    let (sales, standing) = (sales(&store, LaneLimits::default()), standing(&store, 10).await);
    let customers = customers(&store, 2).await;
    held_tickets(&store, &sales, &standing, customers[0], 4).await;
    assert_eq!(resized(&store, &standing, 3).await, Err(capacity(4, standing.category)));
    assert_eq!(stored(&sales, &standing).await.capacity, 10);
    let changed = resized(&store, &standing, 4).await.unwrap();
    assert_eq!(changed.kind(standing.category), Some(CategoryKind::Allotment { capacity: 4, area: None }));
    assert_eq!(left(&store, &sales, &standing).await, 0);
    let refusal = sales.hold(tickets_order(&store, &standing, customers[1], 1)).await;
    assert_eq!(refusal, refused(HoldRefusal::SoldOut));
    assert_sound(&store).await;
}

async fn a_raised_capacity_is_sold_at_once(store: Store) {
    let (sales, standing) = (sales(&store, LaneLimits::default()), standing(&store, 0).await);
    let customer = customers(&store, 1).await[0];
    let wish = || sales.hold(tickets_order(&store, &standing, customer, 2));
    assert_eq!(wish().await, refused(HoldRefusal::SoldOut));
    resized(&store, &standing, 2).await.unwrap();
    wish().await.unwrap();
    assert_eq!(wish().await, refused(HoldRefusal::SoldOut));
    resized(&store, &standing, CAPACITY_LIMIT).await.unwrap();
    assert_eq!(left(&store, &sales, &standing).await, CAPACITY_LIMIT - 2);
    wish().await.unwrap();
    assert_sound(&store).await;
}

async fn a_refused_capacity_changes_nothing_else(store: Store) {
    let (sales, standing) = (sales(&store, LaneLimits::default()), standing(&store, 10).await);
    let customer = customers(&store, 1).await[0];
    held_tickets(&store, &sales, &standing, customer, 4).await;
    let generation = catalogue(&store).generation().await.unwrap();
    let change = PerformanceChange {
        venue: Some("Elsewhere".to_owned()),
        prices: vec![(standing.category, amount(1))],
        capacities: vec![(standing.category, 20), (standing.category, 3)],
        ..Default::default()
    };
    let refusal = catalogue(&store).change_performance(standing.performance.id, change, None).await;
    assert_eq!(refusal, Err(capacity(4, standing.category)));
    let kept = catalogue(&store).performance(standing.performance.id).await.unwrap();
    assert_eq!((kept.value.as_deref(), kept.generation), (Some(&standing.performance), generation));
    assert_eq!(stored(&sales, &standing).await.capacity, 10);
}

async fn a_capacity_of_nothing_that_has_one_is_refused_by_name(store: Store) {
    let (both, elsewhere) = (standing_beside(&store, 10, 5).await, standing(&store, 5).await);
    let of_seats = both.performance.categories[0].id;
    for category in [of_seats, elsewhere.category, store.context.new_id()] {
        let change = PerformanceChange { capacities: vec![(category, 7)], ..Default::default() };
        let refusal = catalogue(&store).change_performance(both.performance.id, change, None).await;
        assert_eq!(refusal, Err(EditError::UnknownAllotment { category }));
    }
    let refusal = resized(&store, &both, CAPACITY_LIMIT + 1).await;
    assert_eq!(refusal, Err(EditError::Performance(PerformanceError::Capacity)));
}

async fn a_change_is_written_down_and_raises_the_version(store: Store) {
    let (sales, standing) = (sales(&store, LaneLimits::default()), standing(&store, 10).await);
    let (epoch, version) = sales.seat_version(standing.performance.id).await.unwrap().unwrap();
    resized(&store, &standing, 11).await.unwrap();
    assert_eq!(sales.seat_version(standing.performance.id).await.unwrap(), Some((epoch, version + 1)));
    assert!(matches!(store.bus.heard()[..], [BusMessage::Catalogue { .. }]));
    let line = catalogue(&store).operator_actions(None, 1).await.unwrap().items.remove(0);
    let [before, after] = [line.before.unwrap(), line.after];
    assert!(before.contains("\"capacity\":10") && after.contains("\"capacity\":11"), "{before} {after}");
    resized(&store, &standing, 11).await.unwrap();
    assert_eq!(sales.seat_version(standing.performance.id).await.unwrap(), Some((epoch, version + 1)), "as it was");
}

/// The first area of the plan is called `Stage` and has no colour.
async fn added(store: &Store, wanted: AllotmentDraft) -> Result<onsale_domain::performance::Performance, EditError> {
    let (concert, plan) = (concert(&store.context, "Spring"), plan(&store.context, 4));
    catalogue(store).add_concert(concert.clone(), None).await.unwrap();
    catalogue(store).add_plan(&plan, None).await.unwrap();
    let draft = draft(&store.context, concert.id, Some(&plan));
    catalogue(store).add_performance(PerformanceDraft { allotments: vec![wanted], ..draft }, None).await
}

async fn an_area_becomes_tickets_with_its_name_and_colour(store: Store) {
    let nameless = AllotmentDraft { name: None, area: Some(0), ..allotment(&store, 7) };
    let named = AllotmentDraft { color: Some("#fff".to_owned()), area: Some(0), ..allotment(&store, 7) };
    for (wanted, expected) in [(nameless, ("Stage", "")), (named, ("Standing", "#fff"))] {
        let performance = added(&store, wanted.clone()).await.unwrap();
        let tickets = performance.categories.last().unwrap();
        assert_eq!((tickets.name.as_str(), tickets.color.as_str()), expected);
        assert_eq!((tickets.id, tickets.price), (wanted.id, amount(TICKET_PRICE)));
        assert_eq!(tickets.kind, CategoryKind::Allotment { capacity: 7, area: Some(0) });
        let read = catalogue(&store).performance(performance.id).await.unwrap().value;
        assert_eq!(read.as_deref(), Some(&performance));
    }
    assert_sound(&store).await;
}

async fn an_unknown_area_is_refused(store: Store) {
    let nowhere = AllotmentDraft { area: Some(1), ..allotment(&store, 7) };
    assert_eq!(added(&store, nowhere).await, Err(EditError::UnknownArea { area: 1 }));
    let concert = concert(&store.context, "Without a plan");
    catalogue(&store).add_concert(concert.clone(), None).await.unwrap();
    let nowhere = AllotmentDraft { area: Some(0), ..allotment(&store, 7) };
    let draft = PerformanceDraft { allotments: vec![nowhere], ..draft(&store.context, concert.id, None) };
    let refusal = catalogue(&store).add_performance(draft, None).await;
    assert_eq!(refusal, Err(EditError::UnknownArea { area: 0 }));
}
