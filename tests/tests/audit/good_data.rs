//! Two customers, eight seats and one of everything that can have happened to them.

use chrono::{DateTime, TimeDelta, Utc};
use onsale_application::ports::{Accounts, CatalogueEditor};
use onsale_sql::{SqlAccounts, SqlCatalogue, Statement, Transaction, Value};
use onsale_tests::samples::{concert, customer, draft, plan};
use onsale_tests::store::Store;
use uuid::Uuid;

use super::{good_coupons, good_rooms, good_tickets};

/// Who and what is in the good data; the seats are the numbers of the reservations' items.
pub(crate) mod ids {
    pub(crate) const MINJI: u128 = 0x01;
    pub(crate) const HYUN: u128 = 0x02;
    pub(crate) const PERFORMANCE: u128 = 0x20;
    /// Paid by Min-ji: seats 0 and 1.
    pub(crate) const PAID: u128 = 0x31;
    /// Held by Min-ji: seat 2.
    pub(crate) const HELD: u128 = 0x32;
    /// Refunded to Hyun: seat 3, free again.
    pub(crate) const REFUNDED: u128 = 0x33;
    /// Expired and tidied: seat 4, free again.
    pub(crate) const EXPIRED: u128 = 0x34;
    /// Paid by Hyun, for nothing: seat 5.
    pub(crate) const FREE: u128 = 0x35;
    /// Past its end and not tidied: seat 6, which still names it.
    pub(crate) const UNTIDIED: u128 = 0x36;
    /// Past its end and not tidied: seat 7, which somebody else has by now.
    pub(crate) const OVERTAKEN: u128 = 0x37;
    /// Held by Hyun: seat 7.
    pub(crate) const OVERTAKING: u128 = 0x38;
    pub(crate) const PAYMENT: u128 = 0x41;
    pub(crate) const REFUNDED_PAYMENT: u128 = 0x42;
    pub(crate) const FREE_PAYMENT: u128 = 0x43;
    pub(crate) const REFUND: u128 = 0x51;
    pub(crate) const CHARGE: u128 = 0x71;
    pub(crate) const OTHER_CHARGE: u128 = 0x72;
    /// The first of five ledger entries.
    pub(crate) const ENTRIES: [u128; 5] = [0x61, 0x62, 0x63, 0x64, 0x65];
}

const HELD: u8 = 0;
const PAID: u8 = 1;
const REFUNDED: u8 = 2;
const EXPIRED: u8 = 3;

pub(crate) fn id(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

/// An id as both databases write bytes.
pub(crate) fn literal(number: u128) -> String {
    format!("X'{number:032x}'")
}

pub(crate) async fn execute(store: &Store, text: String) {
    let mut transaction = store.database.begin().await.unwrap();
    let rows = transaction.execute(Statement::new(text.clone())).await.unwrap();
    assert!(rows > 0, "nothing changed: {text}");
    transaction.commit().await.unwrap();
}

/// One transaction for all of it.
struct Writer {
    transaction: Transaction,
    now: DateTime<Utc>,
}

async fn insert(writer: &mut Writer, table: &str, values: Vec<(&str, Value)>) {
    let columns: Vec<_> = values.iter().map(|(column, _)| *column).collect();
    let list = onsale_sql::in_list(columns.len());
    let text = format!("INSERT INTO {table} ({}) VALUES {list}", columns.join(", "));
    let statement = Statement::new(text).bind_all(values.into_iter().map(|(_, value)| value));
    writer.transaction.execute(statement).await.unwrap();
}

/// Removes everything.
pub(crate) async fn remove(store: &Store) {
    let mut transaction = store.database.begin().await.unwrap();
    for table in [
        "accounts",
        "points_accounts",
        "concerts",
        "performances",
        "performance_categories",
        "performance_versions",
        "seats",
        "reservations",
        "reservation_items",
        "payments",
        "refunds",
        "charges",
        "ledger_entries",
    ]
    .into_iter()
    .chain(good_rooms::TABLES)
    .chain(good_coupons::TABLES)
    .chain(good_tickets::TABLES)
    {
        transaction.execute(Statement::new(format!("DELETE FROM {table}"))).await.unwrap();
    }
    transaction.commit().await.unwrap();
}

/// Two customers, eight seats and one of everything that can have happened to them.
pub(crate) async fn write(store: &Store) {
    customers(store).await;
    on_sale(store).await;
    let now = store.context.now();
    let mut writer = Writer { transaction: store.database.begin().await.unwrap(), now };
    happened(&mut writer).await;
    writer.transaction.commit().await.unwrap();
}

async fn happened(writer: &mut Writer) {
    let now = writer.now;
    let (past, future) = (now - TimeDelta::minutes(1), now + TimeDelta::minutes(5));
    let none = Value::Null;
    reservation(writer, ids::PAID, ids::MINJI, PAID, &[(0, 100), (1, 200)], past, Some(ids::PAYMENT)).await;
    reservation(writer, ids::HELD, ids::MINJI, HELD, &[(2, 100)], future, None).await;
    reservation(writer, ids::REFUNDED, ids::HYUN, REFUNDED, &[(3, 200)], past, Some(ids::REFUNDED_PAYMENT)).await;
    reservation(writer, ids::EXPIRED, ids::HYUN, EXPIRED, &[(4, 100)], past, None).await;
    reservation(writer, ids::FREE, ids::HYUN, PAID, &[(5, 0)], past, Some(ids::FREE_PAYMENT)).await;
    reservation(writer, ids::UNTIDIED, ids::MINJI, HELD, &[(6, 100)], past, None).await;
    reservation(writer, ids::OVERTAKEN, ids::MINJI, HELD, &[(7, 200)], past, None).await;
    reservation(writer, ids::OVERTAKING, ids::HYUN, HELD, &[(7, 200)], future, None).await;
    for (seat, state, reservation, until) in [
        (0, 2, ids::PAID, none.clone()),
        (1, 2, ids::PAID, none.clone()),
        (2, 1, ids::HELD, future.into()),
        (5, 2, ids::FREE, none.clone()),
        (6, 1, ids::UNTIDIED, past.into()),
        (7, 1, ids::OVERTAKING, future.into()),
    ] {
        let text = "UPDATE seats SET state = ?, reservation_id = ?, held_until = ? WHERE seat_no = ?";
        let statement = Statement::new(text).bind(state).bind(id(reservation)).bind(until).bind(seat);
        writer.transaction.execute(statement).await.unwrap();
    }
    points(writer).await;
}

async fn customers(store: &Store) {
    let accounts = SqlAccounts::new(store.database.clone());
    for (number, address, balance) in [(ids::MINJI, "minji@example.com", 700), (ids::HYUN, "hyun@example.com", 500)] {
        let mut new = customer(&store.context, address);
        new.account.id = id(number).into();
        accounts.register(new).await.unwrap();
        let text = format!("UPDATE points_accounts SET balance = {balance} WHERE account_id = {}", literal(number));
        execute(store, text).await;
    }
}

async fn on_sale(store: &Store) {
    let catalogue = SqlCatalogue::new(store.database.clone(), store.context.clone(), store.bus.clone());
    let concert = concert(&store.context, "Night of songs");
    let plan = plan(&store.context, 8);
    catalogue.add_concert(concert.clone(), None).await.unwrap();
    catalogue.add_plan(&plan, None).await.unwrap();
    let mut draft = draft(&store.context, concert.id, Some(&plan));
    draft.performance.id = id(ids::PERFORMANCE).into();
    catalogue.add_performance(draft, None).await.unwrap();
}

async fn reservation(
    writer: &mut Writer,
    number: u128,
    customer: u128,
    status: u8,
    items: &[(u32, i64)],
    held_until: DateTime<Utc>,
    payment: Option<u128>,
) {
    let amount: i64 = items.iter().map(|(_, price)| price).sum();
    let values = vec![
        ("reservation_id", id(number).into()),
        ("customer_id", id(customer).into()),
        ("performance_id", id(ids::PERFORMANCE).into()),
        ("status", status.into()),
        ("quantity", i64::try_from(items.len()).unwrap().into()),
        ("amount", amount.into()),
        ("currency", "KRW".into()),
        ("created_at", writer.now.into()),
        ("held_until", held_until.into()),
        ("payment_id", payment.map(id).into()),
        ("settled_at", payment.map(|_| writer.now).into()),
    ];
    insert(writer, "reservations", values).await;
    for (no, (seat, price)) in (0u32..).zip(items) {
        item(writer, number, no, *seat, *price).await;
    }
}

async fn item(writer: &mut Writer, reservation: u128, no: u32, seat: u32, price: i64) {
    let values = vec![
        ("reservation_id", id(reservation).into()),
        ("item_no", no.into()),
        ("item_id", Uuid::now_v7().into()),
        ("category_id", id(0x99).into()),
        ("seat_no", seat.into()),
        ("price", price.into()),
    ];
    insert(writer, "reservation_items", values).await;
}

async fn points(writer: &mut Writer) {
    let [first_charge, paid, second_charge, paid_again, refunded] = ids::ENTRIES;
    charge(writer, ids::CHARGE, first_charge, ids::MINJI, 1_000).await;
    charge(writer, ids::OTHER_CHARGE, second_charge, ids::HYUN, 500).await;
    payment(writer, ids::PAYMENT, ids::PAID, ids::MINJI, 300, 700).await;
    payment(writer, ids::REFUNDED_PAYMENT, ids::REFUNDED, ids::HYUN, 200, 300).await;
    payment(writer, ids::FREE_PAYMENT, ids::FREE, ids::HYUN, 0, 500).await;
    let about = |reservation: u128, payment: u128| {
        vec![
            ("performance_id", id(ids::PERFORMANCE).into()),
            ("reservation_id", id(reservation).into()),
            ("payment_id", id(payment).into()),
        ]
    };
    entry(writer, paid, ["payment", "customer", "sales"], ids::MINJI, 300, 700, about(ids::PAID, ids::PAYMENT)).await;
    let refunded_payment = about(ids::REFUNDED, ids::REFUNDED_PAYMENT);
    entry(writer, paid_again, ["payment", "customer", "sales"], ids::HYUN, 200, 300, refunded_payment.clone()).await;
    let values = vec![
        ("refund_id", id(ids::REFUND).into()),
        ("payment_id", id(ids::REFUNDED_PAYMENT).into()),
        ("reservation_id", id(ids::REFUNDED).into()),
        ("customer_id", id(ids::HYUN).into()),
        ("amount", 200i64.into()),
        ("balance_after", 500i64.into()),
        ("refunded_at", writer.now.into()),
    ];
    insert(writer, "refunds", values).await;
    let about_refund = refunded_payment.into_iter().chain([("refund_id", id(ids::REFUND).into())]).collect();
    entry(writer, refunded, ["refund", "sales", "customer"], ids::HYUN, 200, 500, about_refund).await;
}

async fn charge(writer: &mut Writer, number: u128, entry_number: u128, customer: u128, amount: i64) {
    let values = vec![
        ("charge_id", id(number).into()),
        ("customer_id", id(customer).into()),
        ("amount", amount.into()),
        ("method", "test".into()),
        ("entry_id", id(entry_number).into()),
        ("balance_after", amount.into()),
        ("completed_at", writer.now.into()),
    ];
    insert(writer, "charges", values).await;
    let about = vec![("charge_id", id(number).into())];
    entry(writer, entry_number, ["charge", "outside", "customer"], customer, amount, amount, about).await;
}

async fn payment(writer: &mut Writer, number: u128, reservation: u128, customer: u128, amount: i64, balance: i64) {
    let values = vec![
        ("payment_id", id(number).into()),
        ("reservation_id", id(reservation).into()),
        ("customer_id", id(customer).into()),
        ("amount", amount.into()),
        ("discount", 0i64.into()),
        ("balance_after", balance.into()),
        ("paid_at", writer.now.into()),
    ];
    insert(writer, "payments", values).await;
}

async fn entry(
    writer: &mut Writer,
    number: u128,
    [kind, debit, credit]: [&str; 3],
    customer: u128,
    amount: i64,
    balance: i64,
    about: Vec<(&str, Value)>,
) {
    let mut values = vec![
        ("entry_id", id(number).into()),
        ("kind", kind.into()),
        ("debit", debit.into()),
        ("credit", credit.into()),
        ("customer_id", id(customer).into()),
        ("amount", amount.into()),
        ("balance_after", balance.into()),
        ("at", writer.now.into()),
    ];
    values.extend(about);
    insert(writer, "ledger_entries", values).await;
}
