//! Performances on sale, customers with points, and their orders.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use onsale_application::ports::{
    Audit, BoxOffice, Cashier, CatalogueEditor, ChargeOrder, Context, HoldOrder, PayOrder, RefundOrder, ReleaseOrder,
    StepError,
};
use onsale_domain::box_office::{Hold, HoldRefusal, Limits, PayReservation, RefundReservation, Wanted};
use onsale_domain::charge::Charge;
use onsale_domain::ids::AccountId;
use onsale_domain::performance::Performance;
use onsale_domain::reservation::Reservation;
use onsale_domain::seat::SeatNo;
use onsale_sql::{Database, SizedText, SqlAudit, SqlCatalogue, SqlSales, Statement, values_rows};
use onsale_support::lanes::LaneLimits;

use crate::samples::{amount, concert, draft, plan};
use crate::store::{Store, TestClock, TestIds};

/// At most two open holds per customer.
pub const LIMITS: Limits = Limits { open_holds_per_customer: 2 };

/// No grouping, eight transactions at a time: whatever holds now, the database's locks make it hold.
pub const SINGLY: LaneLimits = LaneLimits { group: 1, in_flight: 8, queue: 16_384, lanes: 4_096 };

/// The box office and the cashier of `store`.
#[must_use]
pub fn sales(store: &Store, lanes: LaneLimits) -> SqlSales {
    sales_on(store, store.database.clone(), lanes)
}

/// The box office and the cashier of another replica.
///
/// # Panics
/// When the database cannot be reached.
pub async fn replica(store: &Store, lanes: LaneLimits) -> SqlSales {
    sales_on(store, connected(store).await, lanes)
}

/// The box office and the cashier of another replica, whose clock stands at `now`.
///
/// # Panics
/// When the database cannot be reached.
pub async fn replica_at(store: &Store, lanes: LaneLimits, now: DateTime<Utc>) -> SqlSales {
    let context = Context::new(Arc::new(TestClock::at(now)), Arc::new(TestIds));
    SqlSales::new(connected(store).await, context, store.bus.clone(), LIMITS, lanes)
}

async fn connected(store: &Store) -> Database {
    Database::connect(&store.settings).await.expect("the database can be reached")
}

/// The box office and the cashier of `store`, through `database`.
#[must_use]
pub fn sales_on(store: &Store, database: Database, lanes: LaneLimits) -> SqlSales {
    SqlSales::new(database, store.context.clone(), store.bus.clone(), LIMITS, lanes)
}

/// A performance of `seats` seats that is on sale; even seats cost 100, odd ones 200.
///
/// # Panics
/// When it cannot be added.
pub async fn on_sale(store: &Store, seats: u32) -> Performance {
    let catalogue = SqlCatalogue::new(store.database.clone(), store.context.clone(), store.bus.clone());
    let (concert, plan) = (concert(&store.context, "Spring"), plan(&store.context, seats));
    catalogue.add_concert(concert.clone(), None).await.expect("a concert can be added");
    catalogue.add_plan(&plan, None).await.expect("a plan can be added");
    let draft = draft(&store.context, concert.id, Some(&plan));
    let performance = catalogue.add_performance(draft, None).await.expect("a performance can be added");
    store.bus.heard(); // tests want to hear of seats only
    performance
}

static ACCOUNTS: SizedText = SizedText::new(|_, rows| {
    format!(
        "INSERT INTO accounts (account_id, email, name, password_hash, is_customer, is_operator, created_at) VALUES {}",
        values_rows(rows, 7)
    )
});

static POINTS: SizedText = SizedText::new(|_, rows| {
    format!("INSERT INTO points_accounts (account_id, balance) VALUES {}", values_rows(rows, 2))
});

/// Customers without points.
///
/// # Panics
/// When they cannot be added.
pub async fn customers(store: &Store, count: usize) -> Vec<AccountId> {
    let customers: Vec<AccountId> = (0..count).map(|_| store.context.new_id()).collect();
    let now = store.context.now();
    let mut transaction = store.database.begin().await.expect("a transaction");
    let account = |statement: Statement, id: &AccountId| {
        let statement = statement.bind(*id).bind(format!("{id}@example.com")).bind("Min-ji").bind("$argon2id$");
        statement.bind(true).bind(false).bind(now)
    };
    transaction.write_rows(&ACCOUNTS, &customers, account).await.expect("accounts can be added");
    let points = |statement: Statement, id: &AccountId| statement.bind(*id).bind(0);
    transaction.write_rows(&POINTS, &customers, points).await.expect("points accounts can be added");
    transaction.commit().await.expect("a commit");
    customers
}

/// Customers who have charged `points`.
///
/// # Panics
/// When they cannot be added.
pub async fn customers_with(store: &Store, sales: &SqlSales, count: usize, points: i64) -> Vec<AccountId> {
    let customers = customers(store, count).await;
    let charges: Vec<_> = customers
        .iter()
        .map(|customer| {
            let (sales, order) = (sales.clone(), charge_order(store, *customer, points));
            tokio::spawn(async move { sales.charge(order).await })
        })
        .collect();
    for charge in charges {
        charge.await.expect("no panic").expect("a charge");
    }
    customers
}

/// A charge of `points`.
#[must_use]
pub fn charge_order(store: &Store, customer: AccountId, points: i64) -> ChargeOrder {
    let charge = Charge {
        id: store.context.new_id(),
        customer,
        amount: amount(points),
        method: "test".to_owned(),
        entry: store.context.new_id(),
    };
    ChargeOrder { charge, idempotency: None }
}

/// A hold on `seats`, in ascending order.
#[must_use]
pub fn hold_order(store: &Store, performance: &Performance, customer: AccountId, seats: &[SeatNo]) -> HoldOrder {
    let seats = seats.iter().map(|no| (*no, store.context.new_id())).collect();
    let wanted = Wanted::Seats(seats);
    let hold = Hold { reservation: store.context.new_id(), customer, wanted, admission: None };
    HoldOrder { performance: performance.id, hold, idempotency: None }
}

/// A payment of a hold.
#[must_use]
pub fn pay_order(store: &Store, reservation: &Reservation) -> PayOrder {
    let payment = PayReservation {
        payment: store.context.new_id(),
        entry: store.context.new_id(),
        reservation: reservation.id,
        customer: reservation.customer,
        coupon: None,
    };
    PayOrder { performance: reservation.performance, payment, idempotency: None }
}

/// A refund of a payment.
#[must_use]
pub fn refund_order(store: &Store, reservation: &Reservation) -> RefundOrder {
    let refund = RefundReservation {
        refund: store.context.new_id(),
        entry: store.context.new_id(),
        discount_entry: store.context.new_id(),
        reservation: reservation.id,
        customer: reservation.customer,
    };
    RefundOrder { performance: reservation.performance, refund, idempotency: None }
}

/// A giving back of a hold.
#[must_use]
pub fn release_order(reservation: &Reservation) -> ReleaseOrder {
    ReleaseOrder { performance: reservation.performance, reservation: reservation.id, customer: reservation.customer }
}

/// A hold that is refused.
///
/// # Errors
/// Always.
pub fn refused<T>(refusal: HoldRefusal) -> Result<T, StepError<HoldRefusal>> {
    Err(StepError::Refused(refusal))
}

/// A hold that succeeds.
///
/// # Panics
/// When it does not.
pub async fn held(
    store: &Store,
    sales: &SqlSales,
    performance: &Performance,
    customer: AccountId,
    seats: &[SeatNo],
) -> Reservation {
    sales.hold(hold_order(store, performance, customer, seats)).await.expect("a hold").value
}

/// Proves every invariant on what the test has done.
///
/// # Panics
/// When one is broken.
pub async fn assert_sound(store: &Store) {
    let audit = SqlAudit::new(store.database.clone(), store.context.clone(), LIMITS, Duration::from_mins(2));
    let report = audit.audit(10).await.expect("an audit");
    assert!(report.violations.is_empty(), "{:#?}", report.violations);
    assert!(report.unfinished.is_empty(), "{:?}", report.unfinished);
}
