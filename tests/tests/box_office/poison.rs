//! A command whose data is bad fails alone.

use futures_util::future::join_all;
use onsale_application::ports::{BoxOffice, Cashier, StepError};
use onsale_sql::Statement;
use onsale_support::lanes::LaneLimits;
use onsale_tests::sales::{
    assert_sound, charge_order, customers, customers_with, held, hold_order, on_sale, pay_order, sales,
};
use onsale_tests::store::Store;

onsale_tests::contracts!(
    a_seat_that_cannot_be_read_fails_its_hold_alone,
    an_entry_that_exists_already_fails_its_payment_alone,
    a_value_that_does_not_fit_fails_its_charge_alone,
);

/// Where the test runs on one thread, all of them wait in the lane before it starts: one group.
const GROUP: u32 = 50;
const BAD: usize = 17;

async fn a_seat_that_cannot_be_read_fails_its_hold_alone(store: Store) {
    let (sales, performance) = (sales(&store, LaneLimits::default()), on_sale(&store, GROUP).await);
    let customers = customers(&store, GROUP as usize).await;
    spoil(&store, "UPDATE seats SET category_no = 99 WHERE seat_no = 17").await;
    let holds =
        (0..).zip(&customers).map(|(seat, customer)| sales.hold(hold_order(&store, &performance, *customer, &[seat])));
    fails_alone(join_all(holds).await);
    spoil(&store, "UPDATE seats SET category_no = 1 WHERE seat_no = 17").await;
    held(&store, &sales, &performance, customers[BAD], &[17]).await;
    assert_sound(&store).await;
}

async fn an_entry_that_exists_already_fails_its_payment_alone(store: Store) {
    let (sales, performance) = (sales(&store, LaneLimits::default()), on_sale(&store, GROUP).await);
    let customers = customers_with(&store, &sales, GROUP as usize, 1_000).await;
    let mut orders = Vec::new();
    for (seat, customer) in (0..).zip(&customers) {
        let reservation = held(&store, &sales, &performance, *customer, &[seat]).await;
        orders.push(pay_order(&store, &reservation));
    }
    let good = orders[BAD].payment.entry;
    orders[BAD].payment.entry = sales.entries(customers[0], None, 1).await.unwrap().items[0].id;
    let bad = orders[BAD].clone();
    fails_alone(join_all(orders.into_iter().map(|order| sales.pay(order))).await);
    let mut again = bad;
    again.payment.entry = good;
    sales.pay(again).await.unwrap();
    assert_sound(&store).await;
}

async fn a_value_that_does_not_fit_fails_its_charge_alone(store: Store) {
    let sales = sales(&store, LaneLimits::default());
    let customer = customers(&store, 1).await[0];
    let charges = (0..GROUP as usize).map(|number| {
        let mut order = charge_order(&store, customer, 10);
        if number == BAD {
            order.charge.method = "x".repeat(1_000);
        }
        sales.charge(order)
    });
    fails_alone(join_all(charges).await);
    let balance = sales.balance(customer).await.unwrap().unwrap();
    assert_eq!(balance.units(), i64::from(GROUP - 1) * 10);
    assert_sound(&store).await;
}

async fn spoil(store: &Store, statement: &'static str) {
    let mut transaction = store.database.begin().await.unwrap();
    transaction.execute(Statement::new(statement)).await.unwrap();
    transaction.commit().await.unwrap();
}

fn fails_alone<T: std::fmt::Debug, R: std::fmt::Debug>(answers: Vec<Result<T, StepError<R>>>) {
    for (number, answer) in answers.into_iter().enumerate() {
        match answer {
            Err(StepError::Unavailable(_)) if number == BAD => {}
            Ok(_) if number != BAD => {}
            other => panic!("command {number}: {other:?}"),
        }
    }
}
