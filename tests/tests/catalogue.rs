//! The catalogue's contract: what operators change is what everyone reads, with its generation and its journal.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use chrono::TimeDelta;
use onsale_application::ports::{
    BusMessage, CatalogueEditor, CatalogueReader, ConcertChange, ConcertFilter, EditError, OperatorActionKind,
    PerformanceChange, PerformanceDraft,
};
use onsale_domain::concert::Concert;
use onsale_domain::ids::{AccountId, CategoryId, ConcertId, PerformanceId, SeatingPlanId};
use onsale_domain::performance::{CategoryKind, Performance, SalesStatus};
use onsale_domain::plan::{PlanCategory, SeatingPlan};
use onsale_sql::{SqlCatalogue, Statement};
use onsale_tests::samples::{amount, concert, draft, plan};
use onsale_tests::store::Store;

onsale_tests::contracts!(
    a_change_raises_the_generation_writes_its_line_and_is_announced,
    a_refused_change_leaves_nothing_behind,
    a_concert_is_read_as_it_was_written_and_changed,
    concerts_are_listed_newest_first_in_pages,
    concerts_are_found_by_text_whatever_its_case_and_signs,
    concerts_are_found_by_when_they_play,
    a_listing_has_every_performance_by_date,
    a_plan_is_read_as_it_was_written,
    a_large_plan_is_read_as_it_was_written,
    a_performance_has_the_seats_and_prices_of_its_plan,
    a_performance_without_a_plan_has_no_seats,
    every_category_with_seats_needs_a_price_and_every_price_a_category,
    a_category_without_seats_needs_no_price,
    a_performance_changes_its_terms_and_prices,
    a_cancelled_performance_stays_cancelled,
    what_was_cut_off_while_preparing_is_not_sold_and_can_only_be_cancelled,
    changes_at_once_all_happen,
    the_journal_is_read_newest_first_in_pages,
    what_does_not_exist_is_nothing,
);

fn catalogue(store: &Store) -> SqlCatalogue {
    SqlCatalogue::new(store.database.clone(), store.context.clone(), store.bus.clone())
}

fn everything() -> ConcertFilter {
    ConcertFilter { limit: 100, ..ConcertFilter::default() }
}

async fn added_concert(store: &Store, title: &str) -> Concert {
    let concert = concert(&store.context, title);
    catalogue(store).add_concert(concert.clone(), None).await.unwrap();
    concert
}

async fn added_plan(store: &Store, seats: u32) -> SeatingPlan {
    let plan = plan(&store.context, seats);
    catalogue(store).add_plan(&plan, None).await.unwrap();
    plan
}

async fn added_performance(store: &Store, seats: u32) -> Performance {
    let concert = added_concert(store, "Night of songs").await;
    let plan = added_plan(store, seats).await;
    catalogue(store).add_performance(draft(&store.context, concert.id, Some(&plan)), None).await.unwrap()
}

async fn titles(store: &Store, filter: ConcertFilter) -> Vec<String> {
    let page = catalogue(store).concerts(&filter).await.unwrap();
    page.value.items.iter().map(|listing| listing.concert.title.clone()).collect()
}

async fn count(store: &Store, text: &'static str) -> i64 {
    store.database.fetch_optional(Statement::new(text)).await.unwrap().unwrap().get(0).unwrap()
}

async fn a_change_raises_the_generation_writes_its_line_and_is_announced(store: Store) {
    let catalogue = catalogue(&store);
    let before = catalogue.generation().await.unwrap();
    let operator: AccountId = store.context.new_id();
    let concert = concert(&store.context, "Night of songs");
    catalogue.add_concert(concert.clone(), Some(operator)).await.unwrap();
    let read = catalogue.concert(concert.id).await.unwrap();
    assert_eq!(read.generation, before + 1);
    assert_eq!(read.read_at, store.context.now());
    assert_eq!(store.bus.heard(), [BusMessage::Catalogue { generation: before + 1 }]);

    let change = ConcertChange { venue: Some("Gocheok Dome".to_owned()), ..ConcertChange::default() };
    let changed = catalogue.change_concert(concert.id, change, None).await.unwrap();
    assert_eq!(catalogue.generation().await.unwrap(), before + 2);
    let journal = catalogue.operator_actions(None, 10).await.unwrap().items;
    let [second, first] = journal.try_into().unwrap();
    assert_eq!((first.operator, first.kind.as_str()), (Some(operator), OperatorActionKind::ConcertCreated.as_str()));
    assert_eq!((first.subject, first.before, first.at), (concert.id.0, None, store.context.now()));
    assert_eq!((second.operator, second.kind.as_str()), (None, OperatorActionKind::ConcertChanged.as_str()));
    let written = |json: &str| serde_json::from_str::<Concert>(json).unwrap();
    assert_eq!((written(&second.before.unwrap()), written(&second.after)), (concert, changed));
}

async fn a_refused_change_leaves_nothing_behind(store: Store) {
    let catalogue = catalogue(&store);
    let concert = added_concert(&store, "Night of songs").await;
    let before = catalogue.generation().await.unwrap();
    store.bus.heard();
    let empty = ConcertChange { title: Some("  ".to_owned()), ..ConcertChange::default() };
    assert!(matches!(catalogue.change_concert(concert.id, empty, None).await, Err(EditError::Concert(_))));
    let unknown = catalogue.change_concert(store.context.new_id(), ConcertChange::default(), None).await;
    assert_eq!(unknown, Err(EditError::UnknownConcert));
    assert_eq!(catalogue.generation().await.unwrap(), before);
    assert_eq!(store.bus.heard(), []);
    assert_eq!(catalogue.operator_actions(None, 10).await.unwrap().items.len(), 1);
    assert_eq!(catalogue.concert(concert.id).await.unwrap().value.unwrap().concert, concert);
}

async fn a_concert_is_read_as_it_was_written_and_changed(store: Store) {
    let catalogue = catalogue(&store);
    let concert = Concert {
        description: None,
        image_url: Some("https://example.com/a.png".to_owned()),
        ..concert(&store.context, "아이유 콘서트 🎤")
    };
    catalogue.add_concert(concert.clone(), None).await.unwrap();
    assert_eq!(catalogue.concert(concert.id).await.unwrap().value.unwrap().concert, concert);
    let change = ConcertChange {
        title: Some(" Encore ".to_owned()),
        description: Some(Some("Once more.".to_owned())),
        image_url: Some(None),
        venue: None,
    };
    let changed = catalogue.change_concert(concert.id, change, None).await.unwrap();
    assert_eq!((changed.title.as_str(), changed.image_url.as_deref()), ("Encore", None));
    assert_eq!(catalogue.concert(concert.id).await.unwrap().value.unwrap().concert, changed);
    assert_eq!(titles(&store, ConcertFilter { text: Some("encore".to_owned()), ..everything() }).await, ["Encore"]);
}

async fn concerts_are_listed_newest_first_in_pages(store: Store) {
    let catalogue = catalogue(&store);
    for title in ["one", "two", "three", "four", "five"] {
        added_concert(&store, title).await;
    }
    let mut seen = Vec::new();
    let mut before = None;
    for _ in 0..3 {
        let page = catalogue.concerts(&ConcertFilter { before, limit: 2, ..everything() }).await.unwrap().value;
        seen.extend(page.items.iter().map(|listing| listing.concert.title.clone()));
        before = page.next;
    }
    assert_eq!(seen, ["five", "four", "three", "two", "one"]);
    assert_eq!(before, None);
}

async fn concerts_are_found_by_text_whatever_its_case_and_signs(store: Store) {
    for title in ["Été à Séoul", "100% Soul", "under_score", "봄 콘서트"] {
        added_concert(&store, title).await;
    }
    let found = |text: &str| titles(&store, ConcertFilter { text: Some(text.to_owned()), ..everything() });
    assert_eq!(found("ÉTÉ À").await, ["Été à Séoul"]);
    assert_eq!(found("%").await, ["100% Soul"]);
    assert_eq!(found("_").await, ["under_score"]);
    assert_eq!(found("콘서트").await, ["봄 콘서트"]);
    assert_eq!(found("olympic HALL").await.len(), 4);
    assert_eq!(found("nothing like it").await, Vec::<String>::new());
}

async fn concerts_are_found_by_when_they_play(store: Store) {
    let catalogue = catalogue(&store);
    let now = store.context.now();
    for (title, days) in [("near", 10), ("far", 40)] {
        let concert = added_concert(&store, title).await;
        let mut draft = draft(&store.context, concert.id, None);
        draft.performance.starts_at = now + TimeDelta::days(days);
        catalogue.add_performance(draft, None).await.unwrap();
    }
    added_concert(&store, "without a date").await;
    let from = Some(now + TimeDelta::days(10));
    let to = Some(now + TimeDelta::days(40));
    assert_eq!(titles(&store, ConcertFilter { from, ..everything() }).await, ["far", "near"]);
    assert_eq!(titles(&store, ConcertFilter { from, to, ..everything() }).await, ["near"]);
    assert_eq!(titles(&store, ConcertFilter { from: to, ..everything() }).await, ["far"]);
    let text = Some("far".to_owned());
    assert_eq!(titles(&store, ConcertFilter { text, to, ..everything() }).await, Vec::<String>::new());
}

async fn a_listing_has_every_performance_by_date(store: Store) {
    let catalogue = catalogue(&store);
    let plan = added_plan(&store, 10).await;
    let mut expected = Vec::new();
    for title in ["first", "second", "third"] {
        let concert = added_concert(&store, title).await;
        let mut performances = Vec::new();
        for days in [9, 3, 6] {
            let mut draft = draft(&store.context, concert.id, Some(&plan));
            draft.performance.starts_at = store.context.now() + TimeDelta::days(days);
            performances.push(Arc::new(catalogue.add_performance(draft, None).await.unwrap()));
        }
        performances.sort_by_key(|performance| performance.starts_at);
        expected.insert(0, performances);
    }
    let page = catalogue.concerts(&everything()).await.unwrap().value;
    let listed: Vec<_> = page.items.iter().map(|listing| listing.performances.clone()).collect();
    assert_eq!(listed, expected);
    let last = catalogue.concert(page.items[2].concert.id).await.unwrap().value.unwrap();
    assert_eq!(last.performances, expected[2]);
}

async fn a_plan_is_read_as_it_was_written(store: Store) {
    let plan = added_plan(&store, 1_003).await;
    let read = catalogue(&store).seating_plan(plan.id).await.unwrap().unwrap();
    assert_eq!(*read, plan);
    let journal = catalogue(&store).operator_actions(None, 10).await.unwrap().items;
    let after: serde_json::Value = serde_json::from_str(&journal[0].after).unwrap();
    assert_eq!(after, serde_json::json!({"id": plan.id, "name": "Olympic Hall", "seats": 1_003}));
}

async fn a_large_plan_is_read_as_it_was_written(store: Store) {
    let plan = added_plan(&store, 200_000).await;
    let read = catalogue(&store).seating_plan(plan.id).await.unwrap().unwrap();
    assert!(*read == plan);
}

async fn a_performance_has_the_seats_and_prices_of_its_plan(store: Store) {
    let performance = added_performance(&store, 12_345).await;
    assert_eq!(performance.status, SalesStatus::Scheduled);
    let read = catalogue(&store).performance(performance.id).await.unwrap().value.unwrap();
    assert_eq!(*read, performance);
    let prices: Vec<_> = performance.categories.iter().map(|category| (category.price, category.kind)).collect();
    assert_eq!(prices, [(amount(100), CategoryKind::Seats), (amount(200), CategoryKind::Seats)]);
    assert_eq!(count(&store, "SELECT COUNT(*) FROM seats WHERE state = 0").await, 12_345);
    assert_eq!(count(&store, "SELECT COUNT(*) FROM seats WHERE category_no = 1").await, 6_172);
    assert_eq!(count(&store, "SELECT COUNT(*) FROM performance_versions WHERE version = 0 AND epoch > 0").await, 1);
}

async fn a_performance_without_a_plan_has_no_seats(store: Store) {
    let catalogue = catalogue(&store);
    let concert = added_concert(&store, "Night of songs").await;
    let performance = catalogue.add_performance(draft(&store.context, concert.id, None), None).await.unwrap();
    assert_eq!((performance.status, performance.categories.len()), (SalesStatus::Scheduled, 0));
    assert_eq!(count(&store, "SELECT COUNT(*) FROM seats").await, 0);
}

async fn every_category_with_seats_needs_a_price_and_every_price_a_category(store: Store) {
    let catalogue = catalogue(&store);
    let concert = added_concert(&store, "Night of songs").await;
    let plan = added_plan(&store, 10).await;
    let add = |change: &dyn Fn(&mut PerformanceDraft)| {
        let mut draft = draft(&store.context, concert.id, Some(&plan));
        change(&mut draft);
        let catalogue = catalogue.clone();
        async move { catalogue.add_performance(draft, None).await.unwrap_err() }
    };
    let missing = add(&|draft| draft.prices.truncate(1)).await;
    assert_eq!(missing, EditError::MissingPrice { category: plan.categories[1].id });
    let category: CategoryId = store.context.new_id();
    let unknown = add(&|draft| draft.prices.push((category, amount(1)))).await;
    assert_eq!(unknown, EditError::UnknownCategory { category });
    let elsewhere: ConcertId = store.context.new_id();
    assert_eq!(add(&|draft| draft.performance.concert = elsewhere).await, EditError::UnknownConcert);
    let no_plan: SeatingPlanId = store.context.new_id();
    assert_eq!(add(&|draft| draft.performance.seating_plan = Some(no_plan)).await, EditError::UnknownPlan);
    assert!(matches!(add(&|draft| draft.performance.hold_seconds = 0).await, EditError::Performance(_)));
    assert_eq!(count(&store, "SELECT COUNT(*) FROM performances").await, 0);
}

async fn a_category_without_seats_needs_no_price(store: Store) {
    let catalogue = catalogue(&store);
    let concert = added_concert(&store, "Night of songs").await;
    let mut plan = plan(&store.context, 10);
    let standing = PlanCategory { id: store.context.new_id(), name: "Standing".to_owned(), color: String::new() };
    plan.categories.insert(0, standing);
    plan.seats.iter_mut().for_each(|seat| seat.category += 1);
    catalogue.add_plan(&plan, None).await.unwrap();
    let mut draft = draft(&store.context, concert.id, Some(&plan));
    draft.prices = vec![(plan.categories[2].id, amount(5)), (plan.categories[1].id, amount(7))];
    let performance = catalogue.add_performance(draft, None).await.unwrap();
    let prices: Vec<_> = performance.categories.iter().map(|category| (category.id, category.price)).collect();
    assert_eq!(prices, [(plan.categories[1].id, amount(7)), (plan.categories[2].id, amount(5))]);
    let without_price = "SELECT COUNT(*) FROM seats s LEFT JOIN performance_categories c \
                         ON c.performance_id = s.performance_id AND c.position = s.category_no \
                         WHERE c.performance_id IS NULL";
    assert_eq!(count(&store, without_price).await, 0);
}

async fn a_performance_changes_its_terms_and_prices(store: Store) {
    let catalogue = catalogue(&store);
    let performance = added_performance(&store, 10).await;
    let category = performance.categories[1].id;
    let change = PerformanceChange {
        starts_at: Some(performance.starts_at + TimeDelta::microseconds(1)),
        time_zone: Some(chrono_tz::Europe::Berlin),
        venue: Some("Gocheok Dome".to_owned()),
        hold_seconds: Some(60),
        max_seats_per_customer: Some(2),
        status: Some(SalesStatus::Paused),
        prices: vec![(category, amount(250))],
        ..PerformanceChange::default()
    };
    let changed = catalogue.change_performance(performance.id, change, None).await.unwrap();
    assert_eq!((changed.hold_seconds, changed.price(category)), (60, Some(amount(250))));
    assert_eq!(*catalogue.performance(performance.id).await.unwrap().value.unwrap(), changed);
    assert_eq!(count(&store, "SELECT max_seats_ever FROM performances").await, 4);
    let unknown = PerformanceChange { prices: vec![(CategoryId(performance.id.0), amount(1))], ..Default::default() };
    let refused = catalogue.change_performance(performance.id, unknown, None).await;
    assert_eq!(refused, Err(EditError::UnknownCategory { category: CategoryId(performance.id.0) }));
    let journal = catalogue.operator_actions(None, 1).await.unwrap().items;
    let read = |json: &str| serde_json::from_str::<Performance>(json).unwrap();
    assert_eq!((read(journal[0].before.as_ref().unwrap()), read(&journal[0].after)), (performance, changed));
}

async fn a_cancelled_performance_stays_cancelled(store: Store) {
    let catalogue = catalogue(&store);
    let performance = added_performance(&store, 10).await;
    let to = |status| PerformanceChange { status: Some(status), ..PerformanceChange::default() };
    let refused = catalogue.change_performance(performance.id, to(SalesStatus::Preparing), None).await;
    assert_eq!(refused, Err(EditError::Preparing));
    catalogue.change_performance(performance.id, to(SalesStatus::Cancelled), None).await.unwrap();
    let refused = catalogue.change_performance(performance.id, to(SalesStatus::Scheduled), None).await;
    assert_eq!(refused, Err(EditError::Cancelled));
}

/// A process that dies after some pieces leaves what is here made by cutting the last ones off.
async fn what_was_cut_off_while_preparing_is_not_sold_and_can_only_be_cancelled(store: Store) {
    let catalogue = catalogue(&store);
    let concert = added_concert(&store, "Night of songs").await;
    let plan = added_plan(&store, 20_000).await;
    let draft = draft(&store.context, concert.id, Some(&plan));
    let id = draft.performance.id;
    cut_off_after_the_first_piece(&store, draft).await;

    let laid_out = count(&store, "SELECT COUNT(*) FROM seats").await;
    assert!((1..20_000).contains(&laid_out), "{laid_out}");
    let preparing = catalogue.performance(id).await.unwrap().value.unwrap();
    assert_eq!(preparing.status, SalesStatus::Preparing);
    assert!(!preparing.is_on_sale(store.context.now()));
    let to = |status| PerformanceChange { status: Some(status), ..PerformanceChange::default() };
    let refused = catalogue.change_performance(id, to(SalesStatus::Scheduled), None).await;
    assert_eq!(refused, Err(EditError::Preparing));
    let cancelled = catalogue.change_performance(id, to(SalesStatus::Cancelled), None).await.unwrap();
    assert_eq!(cancelled.status, SalesStatus::Cancelled);
}

/// Lays seats out until some are there, then drops the work where it stands.
async fn cut_off_after_the_first_piece(store: &Store, draft: PerformanceDraft) {
    let catalogue = catalogue(store);
    let mut work = Box::pin(catalogue.add_performance(draft, None));
    loop {
        let some = Statement::new("SELECT COUNT(*) FROM seats");
        tokio::select! {
            biased;
            done = &mut work => panic!("all seats were there before anybody looked: {done:?}"),
            rows = store.database.fetch_optional(some) => {
                if rows.unwrap().unwrap().get::<i64>(0).unwrap() > 0 {
                    return;
                }
            }
        }
    }
}

async fn changes_at_once_all_happen(store: Store) {
    let performance = added_performance(&store, 10).await;
    let before = catalogue(&store).generation().await.unwrap();
    let changes = (1..=16).map(|seconds| {
        let catalogue = catalogue(&store);
        let change = PerformanceChange { hold_seconds: Some(seconds), ..PerformanceChange::default() };
        async move { catalogue.change_performance(performance.id, change, None).await }
    });
    for changed in futures_util::future::join_all(changes).await {
        changed.unwrap();
    }
    assert_eq!(catalogue(&store).generation().await.unwrap(), before + 16);
    let lines = catalogue(&store).operator_actions(None, 100).await.unwrap().items;
    let changes = lines.iter().filter(|line| line.kind == OperatorActionKind::PerformanceChanged.as_str());
    assert_eq!(changes.count(), 16);
}

async fn the_journal_is_read_newest_first_in_pages(store: Store) {
    let catalogue = catalogue(&store);
    let mut concerts = Vec::new();
    for title in ["one", "two", "three"] {
        concerts.insert(0, added_concert(&store, title).await.id.0);
    }
    let first = catalogue.operator_actions(None, 2).await.unwrap();
    let second = catalogue.operator_actions(first.next, 2).await.unwrap();
    assert_eq!((first.items.len(), second.items.len(), second.next), (2, 1, None));
    let subjects: Vec<_> = first.items.iter().chain(&second.items).map(|action| action.subject).collect();
    assert_eq!(subjects, concerts);
}

async fn what_does_not_exist_is_nothing(store: Store) {
    let catalogue = catalogue(&store);
    assert_eq!(catalogue.concert(store.context.new_id()).await.unwrap().value, None);
    assert_eq!(catalogue.performance(store.context.new_id()).await.unwrap().value, None);
    assert!(catalogue.seating_plan(store.context.new_id()).await.unwrap().is_none());
    let unknown: PerformanceId = store.context.new_id();
    let refused = catalogue.change_performance(unknown, PerformanceChange::default(), None).await;
    assert_eq!(refused, Err(EditError::UnknownPerformance));
}
