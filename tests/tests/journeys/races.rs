//! Two tabs, one reservation.

use onsale_tests::server::Stack;
use serde_json::json;

use crate::support::{Sale, Site, id, new_key};

/// How often each race is run.
const ROUNDS: u32 = 12;

journeys!(
    of_releasing_in_one_tab_and_paying_in_another_one_happens,
    paying_twice_at_once_pays_once,
    of_two_customers_at_once_one_has_the_seat,
);

async fn of_releasing_in_one_tab_and_paying_in_another_one_happens(stack: &mut Stack) {
    let site = Site::open(stack).await;
    let sale = Sale::open(&site, json!({"max_seats_per_customer": 50})).await;
    let customer = site.visitor.sign_up_with(1_000_000).await;
    let mut spent = 0;
    for seat in 0..ROUNDS {
        let reservation = customer.held(&sale.performance, &[seat]).await;
        let (released, paid) = if seat % 2 == 0 {
            tokio::join!(customer.release(&reservation), customer.pay(&reservation))
        } else {
            let (paid, released) = tokio::join!(customer.pay(&reservation), customer.release(&reservation));
            (released, paid)
        };
        let ended = customer.status_of(&reservation).await;
        if released.status == 204 {
            paid.refused("not_payable");
            assert_eq!(ended, "cancelled");
        } else {
            released.refused("already_paid");
            spent += paid.ok(201)["amount"].as_i64().unwrap();
            assert_eq!(ended, "paid");
        }
    }
    assert_eq!(customer.balance().await, 1_000_000 - spent);
}

async fn paying_twice_at_once_pays_once(stack: &mut Stack) {
    let site = Site::open(stack).await;
    let sale = Sale::open(&site, json!({"max_seats_per_customer": 50})).await;
    let customer = site.visitor.sign_up_with(1_000_000).await;
    for seat in 0..ROUNDS {
        let reservation = customer.held(&sale.performance, &[seat]).await;
        if seat % 2 == 0 {
            let (one, other) = tokio::join!(customer.pay(&reservation), customer.pay(&reservation));
            let (paid, refused) = if one.status == 201 { (one, other) } else { (other, one) };
            paid.ok(201);
            refused.refused("already_paid");
        } else {
            let key = new_key();
            let pay = || customer.pay_as(&key, &reservation);
            let (one, other) = tokio::join!(pay(), pay());
            assert_eq!(one.ok(201), other.ok(201));
            assert_ne!(one.is_replayed(), other.is_replayed());
        }
    }
    assert_eq!(customer.balance().await, 1_000_000 - i64::from(ROUNDS) * 50_000);
}

async fn of_two_customers_at_once_one_has_the_seat(stack: &mut Stack) {
    let site = Site::open(stack).await;
    let sale = Sale::open(&site, json!({})).await;
    for round in 0..ROUNDS {
        let seat = u64::from(round);
        let (one, other) = (site.visitor.sign_up().await, site.visitor.sign_up().await);
        let seats = [round];
        let (first, second) = tokio::join!(one.hold(&sale.performance, &seats), other.hold(&sale.performance, &seats));
        let (held, refused) = if first.status == 201 { (first, second) } else { (second, first) };
        assert_eq!(held.ok(201)["items"][0]["seat"]["seat_no"], seat);
        assert_eq!(refused.refused("seats_taken")["conflicts"], json!([seat]));
        id(&held.json(), "reservation_id");
    }
}
