//! The best free seats beside one another: chosen inside the lane, so nobody collides and nobody retries.

use std::collections::HashSet;

use chrono::TimeDelta;
use futures_util::future::join_all;
use onsale_application::ports::{
    BoxOffice, CatalogueEditor, Done, HoldOrder, IdempotencyKey, PerformanceDraft, StepError,
};
use onsale_domain::box_office::{Hold, HoldRefusal, Wanted};
use onsale_domain::ids::{AccountId, CategoryId};
use onsale_domain::performance::Performance;
use onsale_domain::plan::SeatingPlan;
use onsale_domain::reservation::Reservation;
use onsale_domain::seat::SeatNo;
use onsale_sql::{Database, DatabaseSettings, SqlCatalogue, SqlSales, Statement};
use onsale_support::lanes::LaneLimits;
use onsale_tests::sales::{
    SINGLY, assert_sound, customers, held, hold_order, refused, release_order, replica, replica_at, sales, sales_on,
};
use onsale_tests::samples::{concert, draft, plan};
use onsale_tests::store::Store;

use onsale_tests::proxy::{Cut, Proxy};

onsale_tests::contracts!(
    the_front_and_the_middle_come_first,
    of_many_at_once_nobody_collides_and_the_last_seat_is_found,
    however_many_replicas_choose_no_seat_is_chosen_twice,
    what_others_take_give_back_and_let_end_is_known,
    whoever_shares_a_group_with_a_release_may_get_its_seats,
    what_is_not_there_is_refused_by_name,
    a_repeated_wish_gets_the_same_seats,
    a_seat_that_changed_behind_the_back_of_everybody_is_not_sold_twice,
    a_seat_that_is_gone_fails_whoever_would_get_it_and_nobody_else,
);

/// How many seats a row has.
const ROW: u32 = 10;

/// Rows of ten seats of one category, the last of another one, on sale.
struct Hall {
    performance: Performance,
    stalls: CategoryId,
}

impl Hall {
    async fn open(store: &Store, rows: u32) -> Self {
        let catalogue = SqlCatalogue::new(store.database.clone(), store.context.clone(), store.bus.clone());
        let (concert, plan) = (concert(&store.context, "Spring"), hall(store, rows));
        catalogue.add_concert(concert.clone(), None).await.unwrap();
        catalogue.add_plan(&plan, None).await.unwrap();
        let PerformanceDraft { performance, prices, allotments } = draft(&store.context, concert.id, Some(&plan));
        let performance = Performance { max_seats_per_customer: 50, ..performance };
        let draft = PerformanceDraft { performance, prices, allotments };
        let performance = catalogue.add_performance(draft, None).await.unwrap();
        Self { performance, stalls: plan.categories[0].id }
    }

    fn order(&self, store: &Store, customer: AccountId, category: CategoryId, quantity: u32) -> HoldOrder {
        let items = (0..quantity).map(|_| store.context.new_id()).collect();
        let wanted = Wanted::BestAvailable { category, items };
        let hold = Hold { reservation: store.context.new_id(), customer, wanted, admission: None };
        HoldOrder { performance: self.performance.id, hold, idempotency: None }
    }

    /// The seats that a new customer gets.
    async fn best(
        &self,
        store: &Store,
        sales: &SqlSales,
        quantity: u32,
    ) -> Result<Vec<SeatNo>, StepError<HoldRefusal>> {
        let customer = customers(store, 1).await[0];
        let done = sales.hold(self.order(store, customer, self.stalls, quantity)).await?;
        Ok(seats(&done.value))
    }
}

fn hall(store: &Store, rows: u32) -> SeatingPlan {
    let mut plan = plan(&store.context, rows * ROW);
    for (no, seat) in (0..).zip(&mut plan.seats) {
        seat.row = (no / ROW).to_string().into();
        seat.category = u16::from(no / ROW == rows - 1);
        seat.position.x = f64::from(no % ROW);
    }
    plan
}

fn seats(reservation: &Reservation) -> Vec<SeatNo> {
    reservation.seats().collect()
}

fn are_adjacent(seats: &[SeatNo]) -> bool {
    seats.windows(2).all(|pair| pair[0] + 1 == pair[1] && pair[0] / ROW == pair[1] / ROW)
}

async fn the_front_and_the_middle_come_first(store: Store) {
    let (hall, sales) = (Hall::open(&store, 4).await, sales(&store, LaneLimits::default()));
    let mut chosen = Vec::new();
    for quantity in [2, 2, 4, 2] {
        chosen.push(hall.best(&store, &sales, quantity).await.unwrap());
    }
    // 2, 3 and 6, 7 are as far from the middle of the front as two seats of the second row; then the front comes first
    assert_eq!(chosen, [vec![4, 5], vec![14, 15], vec![23, 24, 25, 26], vec![2, 3]]);
    assert_sound(&store).await;
}

async fn of_many_at_once_nobody_collides_and_the_last_seat_is_found(store: Store) {
    let hall = Hall::open(&store, 31).await;
    for lanes in [LaneLimits::default(), SINGLY] {
        let sales = sales(&store, lanes);
        let mut reservations = rush(&store, &hall, std::slice::from_ref(&sales), 80, 3).await;
        // three of ten leave one seat in each row
        let refusal = HoldRefusal::NoAdjacentSeats { largest: 1 };
        assert_eq!(reservations.len(), 80);
        reservations.extend(rush(&store, &hall, std::slice::from_ref(&sales), 10, 3).await);
        assert_eq!(hall.best(&store, &sales, 3).await, refused(refusal));
        reservations.extend(rush(&store, &hall, std::slice::from_ref(&sales), 30, 1).await);
        assert_eq!(hall.best(&store, &sales, 1).await, refused(HoldRefusal::SoldOut));
        for reservation in reservations {
            sales.release(release_order(&reservation)).await.unwrap();
        }
    }
    assert_sound(&store).await;
}

async fn however_many_replicas_choose_no_seat_is_chosen_twice(store: Store) {
    for lanes in [LaneLimits::default(), SINGLY] {
        let hall = Hall::open(&store, 21).await;
        let replicas = [sales(&store, lanes), replica(&store, lanes).await, replica(&store, lanes).await];
        assert_eq!(rush(&store, &hall, &replicas, 100, 2).await.len(), 100);
        assert_eq!(hall.best(&store, &replicas[0], 1).await, refused(HoldRefusal::SoldOut));
    }
    assert_sound(&store).await;
}

/// So many customers want `quantity` seats each, of any replica; those who got them.
async fn rush(store: &Store, hall: &Hall, replicas: &[SqlSales], crowd: usize, quantity: u32) -> Vec<Reservation> {
    let customers = customers(store, crowd).await;
    let wishes = customers.into_iter().zip(replicas.iter().cycle()).map(|(customer, sales)| {
        let (sales, order) = (sales.clone(), hall.order(store, customer, hall.stalls, quantity));
        tokio::spawn(async move { sales.hold(order).await })
    });
    let answers = join_all(wishes).await.into_iter().map(Result::unwrap);
    let reservations: Vec<_> = answers.map(|answer| answer.unwrap().value).collect();
    let mut taken = HashSet::new();
    for reservation in &reservations {
        let seats = seats(reservation);
        assert_eq!(seats.len(), quantity as usize);
        assert!(are_adjacent(&seats), "{seats:?}");
        assert!(seats.into_iter().all(|no| taken.insert(no)), "chosen twice");
    }
    reservations
}

async fn what_others_take_give_back_and_let_end_is_known(store: Store) {
    let hall = Hall::open(&store, 3).await;
    let [here, there] = [sales(&store, LaneLimits::default()), replica(&store, LaneLimits::default()).await];
    let customer = customers(&store, 1).await[0];
    assert_eq!(hall.best(&store, &here, 2).await.unwrap(), [4, 5]);
    let named = held(&store, &there, &hall.performance, customer, &[3, 6, 14]).await;
    assert_eq!(hall.best(&store, &here, 2).await.unwrap(), [15, 16], "another replica has taken seats");
    there.release(release_order(&named)).await.unwrap();
    assert_eq!(hall.best(&store, &here, 2).await.unwrap(), [2, 3], "it has given them back");
    let named = held(&store, &here, &hall.performance, customer, &[6, 7]).await;
    assert_eq!(hall.best(&store, &here, 2).await.unwrap(), [13, 14], "seats were named in this lane");
    let later = replica_at(&store, LaneLimits::default(), named.held_until).await;
    assert_eq!(hall.best(&store, &later, 2).await.unwrap(), [4, 5], "every hold has ended by now");
    store.clock.advance(TimeDelta::hours(1));
    assert_eq!(hall.best(&store, &here, 2).await.unwrap(), [4, 5], "and those of the other replica an hour later");
    assert_sound(&store).await;
}

async fn whoever_shares_a_group_with_a_release_may_get_its_seats(store: Store) {
    let (hall, sales) = (Hall::open(&store, 2).await, sales(&store, LaneLimits::default()));
    let customers = customers(&store, 3).await;
    let all = sales.hold(hall.order(&store, customers[0], hall.stalls, 10)).await.unwrap().value;
    let (_, released, again) = tokio::join!(
        held(&store, &sales, &hall.performance, customers[1], &[10]), // those after it form a group
        sales.release(release_order(&all)),
        sales.hold(hall.order(&store, customers[2], hall.stalls, 10)),
    );
    released.unwrap();
    assert_eq!(seats(&again.unwrap().value), (0..10).collect::<Vec<_>>());
    assert_sound(&store).await;
}

async fn what_is_not_there_is_refused_by_name(store: Store) {
    let (hall, sales) = (Hall::open(&store, 2).await, sales(&store, LaneLimits::default()));
    let customer = customers(&store, 1).await[0];
    let unknown: CategoryId = store.context.new_id();
    let answer = sales.hold(hall.order(&store, customer, unknown, 1)).await;
    assert_eq!(answer, refused(HoldRefusal::UnknownCategory { category: unknown }));
    let answer = sales.hold(hall.order(&store, customer, hall.stalls, 11)).await;
    assert_eq!(answer, refused(HoldRefusal::NoAdjacentSeats { largest: 10 }));
    assert_eq!(hall.best(&store, &sales, 10).await.unwrap(), (0..10).collect::<Vec<_>>(), "nothing was taken");
    assert_eq!(hall.best(&store, &sales, 2).await, refused(HoldRefusal::SoldOut));
    assert_sound(&store).await;
}

async fn a_repeated_wish_gets_the_same_seats(store: Store) {
    let (hall, sales) = (Hall::open(&store, 2).await, sales(&store, LaneLimits::default()));
    let customer = customers(&store, 1).await[0];
    let wish = || {
        let key = IdempotencyKey::new("k", [7; 32]).unwrap();
        HoldOrder { idempotency: Some(key), ..hall.order(&store, customer, hall.stalls, 2) }
    };
    let first = sales.hold(wish()).await.unwrap();
    assert_eq!(sales.hold(wish()).await, Ok(Done { replayed: true, ..first }));
    assert_sound(&store).await;
}

/// The copy is of the version in the row, and wrong: nothing does that but a change by hand.
async fn a_seat_that_changed_behind_the_back_of_everybody_is_not_sold_twice(store: Store) {
    let (hall, sales) = (Hall::open(&store, 2).await, sales(&store, LaneLimits::default()));
    assert_eq!(hall.best(&store, &sales, 2).await.unwrap(), [4, 5]);
    by_hand(&store, "UPDATE seats SET state = 2, reservation_id = performance_id WHERE seat_no = 3").await;
    assert_eq!(hall.best(&store, &sales, 2).await.unwrap(), [6, 7], "it was read anew");
    by_hand(&store, "UPDATE seats SET state = 2, reservation_id = performance_id WHERE seat_no = 2").await;
    let customers = customers(&store, 2).await;
    let (_, named, best) = tokio::join!(
        held(&store, &sales, &hall.performance, customers[0], &[10]), // those after it form a group
        sales.hold(hold_order(&store, &hall.performance, customers[1], &[2])),
        hall.best(&store, &sales, 2),
    );
    assert_eq!(named, refused(HoldRefusal::SeatsTaken { conflicts: vec![2] }));
    assert_eq!(best.unwrap(), [0, 1], "a row that somebody else's command has read counts");
}

async fn a_seat_that_is_gone_fails_whoever_would_get_it_and_nobody_else(store: Store) {
    let (hall, sales) = (Hall::open(&store, 2).await, sales(&store, LaneLimits::default()));
    by_hand(&store, "DELETE FROM seats WHERE seat_no = 4").await;
    let customers = customers(&store, 2).await;
    let (_, best, named) = tokio::join!(
        held(&store, &sales, &hall.performance, customers[0], &[10]), // those after it form a group
        hall.best(&store, &sales, 2),
        sales.hold(hold_order(&store, &hall.performance, customers[1], &[0])),
    );
    assert!(matches!(best, Err(StepError::Unavailable(_))), "{best:?}");
    assert_eq!(seats(&named.unwrap().value), [0]);
}

async fn by_hand(store: &Store, text: &'static str) {
    let mut transaction = store.database.begin().await.unwrap();
    transaction.execute(Statement::new(text)).await.unwrap();
    transaction.commit().await.unwrap();
}

#[tokio::test]
async fn a_commit_that_nobody_heard_of_is_answered_from_the_rows() {
    let store = Store::mysql().await;
    let proxy = Proxy::to(&store.settings.url).await;
    let database = Database::connect(&DatabaseSettings::new(proxy.url())).await.unwrap();
    let (direct, wired) = (sales(&store, LaneLimits::default()), sales_on(&store, database, LaneLimits::default()));
    let hall = Hall::open(&store, 3).await;
    assert_eq!(hall.best(&store, &wired, 2).await.unwrap(), [4, 5]);
    for (cut, expected) in [(Cut::BeforeCommit, [14, 15]), (Cut::AfterCommit, [2, 3])] {
        let customer = customers(&store, 1).await[0];
        proxy.arm(cut);
        let done = wired.hold(hall.order(&store, customer, hall.stalls, 2)).await.unwrap();
        assert!(proxy.has_cut() && !done.replayed, "{cut:?}");
        assert_eq!(seats(&done.value), expected, "{cut:?}");
        assert_eq!(direct.reservation(done.value.id).await.unwrap().unwrap(), done.value);
    }
    assert_eq!(hall.best(&store, &wired, 2).await.unwrap(), [6, 7], "what is free was read anew");
    assert_sound(&store).await;
}
