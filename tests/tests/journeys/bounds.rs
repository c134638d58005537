//! Limits per customer, and lists in pages.

use onsale_tests::server::Stack;
use serde_json::{Value, json};

use crate::support::{Api, Sale, Site, id};

journeys!(a_customer_has_so_many_seats_and_open_holds, seats_that_do_not_exist_are_named, lists_come_in_pages,);

async fn a_customer_has_so_many_seats_and_open_holds(stack: &mut Stack) {
    let site = Site::open(stack).await;
    let sale = Sale::open(&site, json!({})).await;
    let customer = site.visitor.sign_up_with(500_000).await;
    let five = customer.hold(&sale.performance, &[0, 1, 2, 3, 4]).await;
    assert_eq!((five.status, &five.refused("too_many_seats")["limit"]), (422, &json!(4)));
    let first = customer.held(&sale.performance, &[0]).await;
    let second = customer.held(&sale.performance, &[1]).await;
    let third = customer.hold(&sale.performance, &[2]).await;
    assert_eq!((third.status, &third.refused("too_many_holds")["limit"]), (409, &json!(2)));

    customer.release(&first).await.ok(204);
    customer.pay(&second).await.ok(201);
    customer.held(&sale.performance, &[2, 3]).await;
    customer.hold(&sale.performance, &[4, 5]).await.refused("too_many_seats"); // what is paid counts
    customer.held(&sale.performance, &[4]).await;
}

async fn seats_that_do_not_exist_are_named(stack: &mut Stack) {
    let site = Site::open(stack).await;
    let sale = Sale::open(&site, json!({})).await;
    let customer = site.visitor.sign_up().await;
    let unknown = customer.hold(&sale.performance, &[23, 24, 4_000_000_000]).await;
    assert_eq!((unknown.status, &unknown.refused("unknown_seats")["seats"]), (422, &json!([24, 4_000_000_000_u32])));
    for seats in [&[][..], &[5, 5]] {
        assert_eq!(customer.hold(&sale.performance, seats).await.refused("invalid_request")["field"], "seats");
    }
    customer.hold(&uuid::Uuid::now_v7().to_string(), &[0]).await.refused("not_found");
    customer.held(&sale.performance, &[23]).await;
}

async fn lists_come_in_pages(stack: &mut Stack) {
    let site = Site::open(stack).await;
    let sale = Sale::open(&site, json!({})).await;
    for number in 1..=4 {
        let concert = json!({"title": format!("Concert {number}"), "venue": "Elsewhere"});
        site.operator.post("/v1/concerts", concert).await.ok(201);
    }
    let customer = site.visitor.sign_up().await;
    for points in 1..=5 {
        customer.charge(points).await.ok(201);
    }
    for seat in [4, 5] {
        customer.held(&sale.performance, &[seat]).await;
    }

    let concerts = pages(&site.visitor, "/v1/concerts?", 2, "title").await;
    assert_eq!(concerts, [&["Concert 4", "Concert 3"][..], &["Concert 2", "Concert 1"], &["Night of songs"]]);
    assert_eq!(pages(&site.visitor, "/v1/concerts?q=CONCERT&", 3, "title").await.concat().len(), 4);
    let amounts = pages(&customer, "/v1/points/entries?", 2, "amount").await;
    assert_eq!(amounts, [&["5", "4"][..], &["3", "2"], &["1"]]);
    assert_eq!(pages(&customer, "/v1/reservations?status=held&", 1, "status").await, [["held"], ["held"]]);
    assert_eq!(pages(&customer, "/v1/reservations?status=paid&", 1, "status").await, [[""; 0]]);
    let seats = pages(&site.visitor, &format!("{}/seats?", sale.path()), 10, "seat_no").await;
    assert_eq!(seats.concat(), (0..24).map(|seat| seat.to_string()).collect::<Vec<_>>());
    assert_eq!(pages(&site.operator, "/v1/operator-actions?", 3, "kind").await.concat().len(), 7);

    for query in ["limit=0", "limit=101", "limit=many"] {
        assert_eq!(
            site.visitor.get(&format!("/v1/concerts?{query}")).await.refused("invalid_request")["field"],
            "limit"
        );
    }
    let invented = site.visitor.get("/v1/concerts?cursor=invented").await;
    assert_eq!(invented.refused("invalid_request")["field"], "cursor");
}

/// One member of each item, page by page.
async fn pages(api: &Api, path: &str, limit: usize, member: &str) -> Vec<Vec<String>> {
    let (mut pages, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = api.get(&format!("{path}limit={limit}{cursor}")).await.ok(200);
        let items = page["items"].as_array().unwrap();
        assert!(items.len() <= limit);
        pages.push(items.iter().map(|item| shown(&item[member])).collect());
        if page.get("next_cursor").is_none() {
            return pages;
        }
        cursor = format!("&cursor={}", id(&page, "next_cursor"));
    }
}

fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
