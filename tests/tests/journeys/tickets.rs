//! Tickets without seats over HTTP: put on sale, held, paid, given back, watched, and never one too many.

mod crowd;
mod operators;

use onsale_tests::server::Stack;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{Answer, Api, HALL, Sale, Site, Watcher, id, new_key, plan_file, until};

journeys!(
    tickets_are_held_paid_and_given_back,
    what_is_asked_for_wrongly_has_its_code_and_loses_nothing,
    watchers_hear_how_many_are_left,
    a_performance_may_have_nothing_but_tickets,
);

/// What a ticket for the floor costs.
const PRICE: i64 = 20_000;

/// A sale of the hall with tickets for its floor.
pub(crate) struct Floor {
    pub(crate) sale: Sale,
    pub(crate) category: String,
}

impl Floor {
    /// Opens a sale of `capacity` tickets beside the seats, on terms that differ from the usual as `terms` says.
    pub(crate) async fn open(site: &Site, capacity: u32, terms: Value) -> Self {
        let plan = site.operator.post("/v1/seating-plans", hall_with_floor()).await.ok(201);
        let mut all = json!({"allotments": [{"area": 0, "capacity": capacity, "price": PRICE}]});
        all.as_object_mut().unwrap().extend(terms.as_object().unwrap().clone());
        let sale = Sale::of(site, &plan, all).await;
        let shown = site.visitor.get(&sale.path()).await.ok(200);
        Self { category: id(shown["categories"].as_array().unwrap().last().unwrap(), "category_id"), sale }
    }

    /// Asks for tickets.
    pub(crate) async fn hold(&self, customer: &Api, quantity: impl Into<Value>) -> Answer {
        customer.hold_tickets(&self.sale.performance, &self.category, quantity).await
    }

    /// Holds tickets that are left; the reservation's id.
    pub(crate) async fn held(&self, customer: &Api, quantity: u32) -> String {
        id(&self.hold(customer, quantity).await.ok(201), "reservation_id")
    }

    /// Lets an operator change how many there are.
    pub(crate) async fn resize(&self, site: &Site, capacity: impl Into<Value>) -> Answer {
        let capacity: Value = capacity.into();
        let change = json!({"capacities": [{"category_id": self.category, "capacity": capacity}]});
        site.operator.patch(&self.sale.path(), change).await
    }

    async fn watcher(&self, api: &Api) -> Watcher {
        Watcher::new(api, &self.sale.performance).await
    }
}

/// The hall with an area in front of its stage.
fn hall_with_floor() -> Value {
    let mut plan = plan_file(HALL);
    plan["zones"][0]["areas"] = json!([{
        "shape": "rectangle",
        "color": "#88cc88",
        "position": {"x": 10, "y": 20},
        "rotation": 0,
        "rectangle": {"width": 300, "height": 90},
        "text": {"text": "Floor"},
    }]);
    plan
}

async fn tickets_are_held_paid_and_given_back(stack: &mut Stack) {
    let site = Site::open(stack).await;
    let floor = Floor::open(&site, 10, json!({})).await;
    let shown = site.visitor.get(&floor.sale.path()).await.ok(200);
    let kinds: Vec<&Value> = shown["categories"].as_array().unwrap().iter().map(|shown| &shown["kind"]).collect();
    assert_eq!(kinds, ["seats", "seats", "allotment"]);
    let expected = json!({"category_id": floor.category, "name": "Floor", "color": "#88cc88", "price": PRICE,
        "kind": "allotment", "capacity": 10, "area": 0});
    assert_eq!(shown["categories"][2], expected);
    let plan = site.visitor.get(&format!("/v1/seating-plans/{}", floor.sale.plan)).await.ok(200);
    assert_eq!(plan["areas"][0]["text"], "Floor");
    let available = site.visitor.get(&format!("{}/availability", floor.sale.path())).await.ok(200);
    assert_eq!(available["categories"][2], json!({"category_id": floor.category, "available": 10}));

    let mut watcher = floor.watcher(&site.visitor).await;
    let customer = site.visitor.sign_up_with(100_000).await;
    let held = floor.hold(&customer, 2).await.ok(201);
    let items = held["items"].as_array().unwrap();
    assert_eq!((items.len(), &held["amount"], &held["status"]), (2, &json!(2 * PRICE), &json!("held")));
    for item in items {
        let expected = json!({"item_id": item["item_id"], "category_id": floor.category, "price": PRICE});
        assert_eq!(*item, expected, "a ticket has no seat");
    }
    assert_ne!(items[0]["item_id"], items[1]["item_id"]);
    let reservation = id(&held, "reservation_id");
    assert_eq!(customer.get(&format!("/v1/reservations/{reservation}")).await.ok(200), held);
    assert_eq!(customer.get("/v1/reservations").await.ok(200)["items"], json!([held]));
    watcher.until_left(&floor.category, 8).await;

    let paid = customer.pay(&reservation).await.ok(201);
    assert_eq!((&paid["amount"], &paid["balance"]), (&json!(2 * PRICE), &json!(60_000)));
    assert_eq!((&paid["reservation"]["status"], &paid["reservation"]["items"]), (&json!("paid"), &held["items"]));
    customer.release(&reservation).await.refused("already_paid");
    let refund = customer.refund(&reservation).await.ok(201);
    assert_eq!((&refund["amount"], &refund["balance"]), (&json!(2 * PRICE), &json!(100_000)));
    watcher.until_left(&floor.category, 10).await;
    let again = floor.held(&customer, 3).await;
    watcher.until_left(&floor.category, 7).await;
    customer.release(&again).await.ok(204);
    watcher.until_left(&floor.category, 10).await;
    assert_eq!((customer.status_of(&again).await, customer.balance().await), ("cancelled".to_owned(), 100_000));
}

async fn what_is_asked_for_wrongly_has_its_code_and_loses_nothing(stack: &mut Stack) {
    let site = Site::open(stack).await;
    let floor = Floor::open(&site, 5, json!({})).await;
    let performance = &floor.sale.performance;
    let customer = site.visitor.sign_up_with(100_000).await;
    let wrong = [json!(0), json!(-1), json!(1.5), json!("2"), json!(4_294_967_296_u64), Value::Null];
    for quantity in wrong {
        let refused = floor.hold(&customer, quantity.clone()).await;
        assert_eq!(refused.status, 400, "{quantity}");
        assert_eq!(refused.refused("invalid_request")["field"], "quantity", "{quantity}");
    }
    for quantity in [5_u32, 51, u32::MAX] {
        let refused = floor.hold(&customer, quantity).await;
        assert_eq!((refused.status, &refused.refused("too_many_seats")["limit"]), (422, &json!(4)), "{quantity}");
    }
    for category in [&floor.sale.categories[0], &Uuid::nil().to_string(), "standing"] {
        let refused = customer.hold_tickets(performance, category, 1).await;
        assert_eq!(refused.refused("invalid_request")["field"], "category_id", "{category}");
    }
    let nowhere = customer.hold_tickets(&Uuid::nil().to_string(), &floor.category, 1).await;
    nowhere.refused("not_found");
    let unknown = json!({"type": "standing", "performance_id": performance});
    customer.post("/v1/reservations", unknown).await.refused("invalid_request");
    floor.hold(&site.visitor, 1).await.refused("sign_in_required");
    floor.hold(&site.operator, 1).await.refused("forbidden");

    let other = site.visitor.sign_up().await;
    floor.held(&other, 4).await;
    let refused = floor.hold(&customer, 2).await;
    assert_eq!((refused.status, &refused.refused("sold_out")["title"]), (409, &json!("So many are not left")));
    let mut watcher = floor.watcher(&site.visitor).await;
    watcher.until_left(&floor.category, 1).await;
    let key = new_key();
    let order = |quantity: u32| {
        let category = &floor.category;
        json!({"type": "tickets", "performance_id": performance, "category_id": category, "quantity": quantity})
    };
    let first = customer.post_as(&key, "/v1/reservations", order(1)).await;
    let again = customer.post_as(&key, "/v1/reservations", order(1)).await;
    assert_eq!((first.ok(201), first.is_replayed()), (again.ok(201), false));
    assert!(again.is_replayed());
    customer.post_as(&key, "/v1/reservations", order(2)).await.refused("idempotency_key_reused");
    floor.hold(&customer, 1).await.refused("sold_out");
    assert_eq!(customer.get("/v1/reservations").await.ok(200)["items"].as_array().unwrap().len(), 1);
    assert_eq!(customer.balance().await, 100_000);
    customer.pay(&id(&first.json(), "reservation_id")).await.ok(201);
}

async fn watchers_hear_how_many_are_left(stack: &mut Stack) {
    stack.set("ONSALE_HOLDS__SWEEP_SECONDS", "3600");
    let site = Site::open(stack).await;
    let floor = Floor::open(&site, 10, json!({"hold_seconds": 3})).await;
    let mut watcher = floor.watcher(&site.visitor).await;
    assert_eq!((watcher.left(&floor.category), watcher.free().len()), (10, 24));
    let (payer, late, seated) =
        (site.visitor.sign_up_with(100_000).await, site.visitor.sign_up_with(100_000).await, site.visitor.sign_up());
    let seated = seated.await;
    let paid = floor.held(&payer, 3).await;
    payer.pay(&paid).await.ok(201);
    let ended = floor.held(&late, 4).await;
    seated.held(&floor.sale.performance, &[7]).await;
    watcher.until_left(&floor.category, 3).await;
    watcher.until(&[7], false).await;
    watcher.until(&[7], true).await;
    watcher.until_left(&floor.category, 7).await;
    assert_eq!(floor.watcher(&site.visitor).await.left(&floor.category), 7, "what is paid is not free again");
    late.pay(&ended).await.refused("hold_expired");
    assert_eq!((late.status_of(&ended).await, late.balance().await), ("expired".to_owned(), 100_000));
    floor.resize(&site, 5).await.ok(200);
    watcher.until_left(&floor.category, 2).await;
    payer.refund(&paid).await.ok(201);
    watcher.until_left(&floor.category, 5).await;
}

async fn a_performance_may_have_nothing_but_tickets(stack: &mut Stack) {
    let site = Site::open(stack).await;
    let sale = Sale::open(&site, json!({})).await;
    let terms = json!({"starts_at": "2999-01-03T00:00:00Z", "time_zone": "Asia/Seoul", "currency": "KRW",
        "sales_open_at": "2020-01-01T00:00:00Z", "sales_close_at": "2999-01-02T00:00:00Z",
        "allotments": [{"name": "Early entry", "color": "#fff", "capacity": 1, "price": 30_000},
                       {"name": "Field", "capacity": 2, "price": 0}]});
    let path = format!("/v1/concerts/{}/performances", sale.concert);
    let made = site.operator.post(&path, terms).await.ok(201);
    assert!(made.get("seating_plan_id").is_none());
    let [early, field] = [0, 1].map(|place: usize| id(&made["categories"][place], "category_id"));
    let performance = id(&made, "performance_id");
    let shown = format!("/v1/performances/{performance}");
    let available = site.visitor.get(&format!("{shown}/availability")).await.ok(200);
    let left = |category: &str, available: u32| json!({"category_id": category, "available": available});
    assert_eq!(
        (&available["categories"], &available["seats"]),
        (&json!([left(&early, 1), left(&field, 2)]), &json!(""))
    );
    assert_eq!(site.visitor.get(&format!("{shown}/seats")).await.ok(200), json!({"items": []}));

    let mut watcher = Watcher::new(&site.visitor, &performance).await;
    let customer = site.visitor.sign_up_with(30_000).await;
    let dear = id(&customer.hold_tickets(&performance, &early, 1).await.ok(201), "reservation_id");
    let free = id(&customer.hold_tickets(&performance, &field, 2).await.ok(201), "reservation_id");
    let other = site.visitor.sign_up().await;
    assert_eq!(other.hold(&performance, &[0]).await.refused("unknown_seats")["seats"], json!([0]));
    watcher.until_left(&field, 0).await;
    watcher.until_left(&early, 0).await;
    until("it is shown as sold out", async || site.visitor.get(&shown).await.ok(200)["state"] == "sold_out").await;
    for reservation in [&dear, &free] {
        customer.pay(reservation).await.ok(201);
    }
    assert_eq!(customer.balance().await, 0);
    customer.refund(&free).await.ok(201);
    watcher.until_left(&field, 2).await;
}
