//! Tickets without seats that are held, paid, given back, and of a hold that has ended and that nobody has tidied.

use chrono::TimeDelta;
use onsale_application::ports::{BoxOffice, Cashier, HoldOrder};
use onsale_domain::box_office::Hold;
use onsale_support::lanes::LaneLimits;
use onsale_tests::sales::{customers_with, pay_order, refund_order, sales};
use onsale_tests::store::Store;
use onsale_tests::tickets::{standing, tickets_order};

use super::good_data::id;

/// The reservations: of two tickets each.
const ENDED: u128 = 0xc1;
pub(crate) const HELD: u128 = 0xc2;
const PAID: u128 = 0xc3;
const GIVEN_BACK: u128 = 0xc4;

/// Its tables.
pub(crate) const TABLES: [&str; 1] = ["allotments"];

/// Four customers with two of ten tickets each. As long as a hold lasts goes by after the first.
pub(crate) async fn write(store: &Store) {
    let sales = sales(store, LaneLimits::default());
    let (standing, customers) = (standing(store, 10).await, customers_with(store, &sales, 4, 1_000).await);
    for (number, customer) in [ENDED, HELD, PAID, GIVEN_BACK].into_iter().zip(customers) {
        let order = tickets_order(store, &standing, customer, 2);
        let hold = Hold { reservation: id(number).into(), ..order.hold };
        let reservation = sales.hold(HoldOrder { hold, ..order }).await.unwrap().value;
        if number == ENDED {
            store.clock.advance(TimeDelta::seconds(300));
        }
        if [PAID, GIVEN_BACK].contains(&number) {
            sales.pay(pay_order(store, &reservation)).await.unwrap();
        }
        if number == GIVEN_BACK {
            sales.refund(refund_order(store, &reservation)).await.unwrap();
        }
    }
}
