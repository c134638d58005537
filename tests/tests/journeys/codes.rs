//! Every error code of the API, provoked once.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::DateTime;
use futures_util::future::join_all;
use onsale_application::ports::{AccessClaims, Seals};
use onsale_crypto::{SealSettings, Secret, SystemClock, TokenSeals};
use onsale_domain::account::Role;
use onsale_domain::ids::{AccountId, SessionId};
use onsale_domain::waiting_room::TENANT_ROOMS_LIMIT;
use onsale_test_servers::private_mysql;
use onsale_tests::server::{SECRET, Stack};
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{Connection, MySqlConnection, query};
use uuid::Uuid;

use crate::accounts::guess_until_limited;
use crate::best_available;
use crate::coupons::{Campaign, pay_with};
use crate::document::DOCUMENT;
use crate::support::{Answer, Room, Sale, Site, Tenant, Watcher, id};
use crate::tickets::Floor;

/// The code of a failure of ours: there is no way to provoke one, and if there were, it would be mended.
const NEVER: &str = "internal";

/// Every code that the public contract names.
const PROMISED: [&str; 30] = [
    "access_token_expired",
    "already_issued",
    "already_paid",
    "api_key_invalid",
    "bad_credentials",
    "busy",
    "campaign_exhausted",
    "campaign_not_open",
    "charges_disabled",
    "email_taken",
    "forbidden",
    "hold_expired",
    "idempotency_in_progress",
    "idempotency_key_required",
    "idempotency_key_reused",
    "insufficient_points",
    "line_full",
    "not_on_sale",
    "not_refundable",
    "pass_expired",
    "pass_not_yours",
    "pass_required",
    "queue_token_invalid",
    "rate_limited",
    "seats_taken",
    "sign_in_required",
    "sold_out",
    "too_many_holds",
    "too_many_seats",
    "visitor_blocked",
];

/// The codes that were answered.
#[derive(Default)]
struct Seen(BTreeSet<String>);

impl Seen {
    #[track_caller]
    fn refused(&mut self, answer: &Answer, status: u16, code: &str) {
        assert_eq!(answer.status, status, "{code}: {}", answer.text);
        answer.refused(code);
        self.0.insert(code.to_owned());
    }
}

/// Every code that the document lists, and the one that belongs to no operation.
fn documented() -> BTreeSet<String> {
    fn collect(value: &Value, codes: &mut BTreeSet<String>) {
        if let Some(listed) = value.pointer("/properties/code/enum").and_then(Value::as_array) {
            codes.extend(listed.iter().map(|code| code.as_str().unwrap().to_owned()));
        }
        match value {
            Value::Object(members) => members.values().for_each(|member| collect(member, codes)),
            Value::Array(items) => items.iter().for_each(|item| collect(item, codes)),
            _ => {}
        }
    }
    let mut codes = BTreeSet::from(["method_not_allowed".to_owned()]);
    collect(&serde_json::from_str(DOCUMENT).unwrap(), &mut codes);
    codes
}

#[test]
fn every_code_of_the_contract_is_in_the_document() {
    let documented = documented();
    let missing: Vec<&str> = PROMISED.into_iter().filter(|code| !documented.contains(*code)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_code_of_the_document_can_be_provoked() {
    let mut mysql = private_mysql().await;
    let database = mysql.fresh_database().await;
    let mut stack = Stack::on(database.url()).with("ONSALE_DATABASE__ACQUIRE_TIMEOUT_MS", "1000");
    let site = Site::open(&mut stack).await;
    let mut seen = Seen::default();
    requests(&mut seen, &site).await;
    accounts(&mut seen, &site).await;
    holds(&mut seen, &site).await;
    payments(&mut seen, &site).await;
    charges(&mut seen, &site).await;
    operators(&mut seen, &site).await;
    tickets(&mut seen, &site).await;
    coupons(&mut seen, &site).await;
    waiting_rooms(&mut seen, &site).await;
    stack.assert_sound().await;
    by_hand(&mut seen, &site, database.url()).await;
    let told = stack.run(&["audit"]).await;
    assert_eq!(told.status.code(), Some(1), "what was written by hand breaks an invariant");
    assert!(String::from_utf8(told.stdout).unwrap().contains("VIOLATED"));
    strained(&mut seen, &stack, &site).await;
    mysql.kill().await.unwrap();
    without_a_database(&mut seen, &site).await;

    let mut expected = documented();
    assert!(expected.remove(NEVER));
    assert_eq!(seen.0, expected);
}

async fn requests(seen: &mut Seen, site: &Site) {
    let visitor = &site.visitor;
    let account = || visitor.request(Method::POST, "/v1/accounts");
    seen.refused(&visitor.post("/v1/accounts", json!({})).await, 400, "invalid_request");
    seen.refused(
        &Answer::of(account().header("Content-Type", "text/plain").body("a")).await,
        415,
        "unsupported_media_type",
    );
    let large = account().header("Content-Type", "application/json").body("x".repeat(100_000));
    seen.refused(&Answer::of(large).await, 413, "body_too_large");
    seen.refused(&visitor.get("/v1/nothing").await, 404, "not_found");
    seen.refused(&visitor.delete("/v1/concerts").await, 405, "method_not_allowed");
}

async fn accounts(seen: &mut Seen, site: &Site) {
    let visitor = &site.visitor;
    let account = json!({"email": "min@example.com", "password": "correct horse", "name": "Min"});
    visitor.post("/v1/accounts", account.clone()).await.ok(201);
    seen.refused(&visitor.post("/v1/accounts", account).await, 409, "email_taken");
    let wrong = json!({"email": "min@example.com", "password": "wrong"});
    seen.refused(&visitor.post("/v1/sessions", wrong).await, 401, "bad_credentials");
    seen.refused(&guess_until_limited(visitor, "min@example.com").await, 429, "rate_limited");
    let invented = json!({"refresh_token": "invented"});
    seen.refused(&visitor.post("/v1/sessions/refresh", invented).await, 401, "refresh_token_invalid");
    seen.refused(&visitor.get("/v1/accounts/me").await, 401, "sign_in_required");
    let customer = visitor.sign_up().await;
    seen.refused(&customer.get("/v1/operator-actions").await, 403, "forbidden");
}

async fn holds(seen: &mut Seen, site: &Site) {
    let sale = Sale::open(site, json!({})).await;
    let performance = &sale.performance;
    let (customer, other) = (site.visitor.sign_up().await, site.visitor.sign_up().await);
    other.held(performance, &[0]).await;
    seen.refused(&customer.hold(performance, &[0]).await, 409, "seats_taken");
    seen.refused(&customer.hold(performance, &[24]).await, 422, "unknown_seats");
    seen.refused(&customer.hold(performance, &[1, 2, 3, 4, 5]).await, 422, "too_many_seats");
    let (path, order) =
        ("/v1/reservations", |seat| json!({"type": "seats", "performance_id": performance, "seats": [seat]}));
    customer.post_as("once", path, order(1)).await.ok(201);
    seen.refused(&customer.post_as("once", path, order(2)).await, 422, "idempotency_key_reused");
    customer.held(performance, &[2]).await;
    seen.refused(&customer.hold(performance, &[3]).await, 409, "too_many_holds");
    seen.refused(
        &site.visitor.get(&format!("{}/availability/events?ticket=a", sale.path())).await,
        401,
        "stream_ticket_invalid",
    );
    site.operator.patch(&sale.path(), json!({"state": "paused"})).await.ok(200);
    seen.refused(&other.hold(performance, &[3]).await, 409, "not_on_sale");
}

async fn payments(seen: &mut Seen, site: &Site) {
    let sale = Sale::open(site, json!({"hold_seconds": 3})).await;
    let customer = site.visitor.sign_up_with(50_000).await;
    let mut watcher = Watcher::new(&site.visitor, &sale.performance).await;
    let late = customer.held(&sale.performance, &[0]).await;
    watcher.until(&[0], false).await;
    watcher.until(&[0], true).await;
    seen.refused(&customer.pay(&late).await, 410, "hold_expired");

    site.operator.patch(&sale.path(), json!({"hold_seconds": 300})).await.ok(200);
    let released = customer.held(&sale.performance, &[1]).await;
    seen.refused(&customer.refund(&released).await, 409, "not_refundable");
    customer.release(&released).await.ok(204);
    seen.refused(&customer.pay(&released).await, 409, "not_payable");
    let paid = customer.held(&sale.performance, &[2]).await;
    let unnamed = site.visitor.post(&format!("/v1/reservations/{paid}/payment"), json!({})).await;
    seen.refused(&unnamed, 401, "sign_in_required");
    customer.pay(&paid).await.ok(201);
    seen.refused(&customer.pay(&paid).await, 409, "already_paid");
    let dear = customer.held(&sale.performance, &[3]).await;
    seen.refused(&customer.pay(&dear).await, 402, "insufficient_points");
}

async fn charges(seen: &mut Seen, site: &Site) {
    let customer = site.visitor.sign_up().await;
    let path = "/v1/points/charges";
    seen.refused(&customer.post(path, json!({"amount": 1, "method": "test"})).await, 400, "idempotency_key_required");
    seen.refused(&customer.post_as("a", path, json!({"amount": 1, "method": "cash"})).await, 403, "charges_disabled");
}

async fn operators(seen: &mut Seen, site: &Site) {
    let sale = Sale::open(site, json!({})).await;
    let empty = json!({"name": "Empty", "categories": [], "zones": []});
    seen.refused(&site.operator.post("/v1/seating-plans", empty).await, 422, "invalid_seating_plan");
    site.operator.patch(&sale.path(), json!({"state": "cancelled"})).await.ok(200);
    let back = site.operator.patch(&sale.path(), json!({"state": "on_sale"})).await;
    seen.refused(&back, 409, "performance_cancelled");
}

async fn tickets(seen: &mut Seen, site: &Site) {
    let floor = Floor::open(site, 3, json!({})).await;
    let (customer, other) = (site.visitor.sign_up().await, site.visitor.sign_up().await);
    floor.held(&customer, 2).await;
    seen.refused(&floor.hold(&other, 2).await, 409, "sold_out");
    seen.refused(&floor.resize(site, 1).await, 409, "capacity_below_taken");
    let hall = best_available::open(site, 1, 3).await;
    customer.held(&hall.performance, &[1]).await;
    seen.refused(&best_available::ask(&other, &hall, 2).await, 409, "no_adjacent_seats");
}

async fn coupons(seen: &mut Seen, site: &Site) {
    let (sale, elsewhere) = (Sale::open(site, json!({})).await, Sale::open(site, json!({})).await);
    let (customer, other) = (site.visitor.sign_up_with(100_000).await, site.visitor.sign_up().await);
    let campaign = Campaign::open(site, 1, json!({})).await;
    let coupon = campaign.issue(&customer).await;
    seen.refused(&campaign.ask(&customer).await, 409, "already_issued");
    seen.refused(&campaign.ask(&other).await, 410, "campaign_exhausted");
    let past = chrono::Utc::now() - chrono::TimeDelta::seconds(1);
    let over = json!({"starts_at": past - chrono::TimeDelta::hours(1), "ends_at": past, "expires_at": past});
    let ending = Campaign::open(site, 1, json!({})).await;
    let expired = ending.issue(&customer).await;
    site.operator.patch(&ending.path(""), over).await.ok(200);
    seen.refused(&ending.ask(&other).await, 409, "campaign_not_open");
    let of_another = Campaign::open(site, 1, json!({"concert_id": elsewhere.concert})).await.issue(&customer).await;
    let reservation = customer.held(&sale.performance, &[0]).await;
    let unknown = Uuid::nil().to_string();
    seen.refused(&pay_with(&customer, &reservation, &unknown).await, 404, "coupon_not_found");
    seen.refused(&pay_with(&customer, &reservation, &expired).await, 410, "coupon_expired");
    seen.refused(&pay_with(&customer, &reservation, &of_another).await, 409, "coupon_not_applicable");
    pay_with(&customer, &reservation, &coupon).await.ok(201);
    let second = customer.held(&sale.performance, &[1]).await;
    seen.refused(&pay_with(&customer, &second, &coupon).await, 409, "coupon_spent");
}

async fn waiting_rooms(seen: &mut Seen, site: &Site) {
    let sale = Sale::open(site, json!({})).await;
    let (customer, other) = (site.visitor.sign_up().await, site.visitor.sign_up().await);
    let room = Room::before(site, &sale, json!({})).await;
    seen.refused(&customer.hold(&sale.performance, &[0]).await, 403, "pass_required");
    let place = room.enter(&customer).await;
    let pass = place.pass().await;
    let strange = other.showing("X-Queue-Pass", &pass).hold(&sale.performance, &[0]).await;
    seen.refused(&strange, 403, "pass_not_yours");
    place.leave().await;
    let late = customer.showing("X-Queue-Pass", &pass).hold(&sale.performance, &[0]).await;
    seen.refused(&late, 403, "pass_expired");
    seen.refused(&site.visitor.get(&room.path("/status")).await, 401, "queue_token_invalid");
    let second = json!({"name": "Line", "concert_id": sale.concert, "admit": {"count": 1, "every_seconds": 1}});
    seen.refused(&site.operator.post("/v1/waiting-rooms", second).await, 409, "concert_guarded");
    site.operator.put(&room.path(&format!("/blocked/{}", place.visitor))).await.ok(204);
    seen.refused(&room.ask(&customer, None).await, 403, "visitor_blocked");
    site.operator.post(&room.path("/close"), json!({})).await.ok(200);
    seen.refused(&room.ask(&other, None).await, 409, "waiting_room_closed");

    let forged = site.visitor.showing("X-Api-Key", "osk_forged").get("/v1/waiting-rooms").await;
    seen.refused(&forged, 401, "api_key_invalid");
    let small = Room::paused(&site.operator, json!({"max_waiting": 1})).await;
    small.enter(&customer).await;
    seen.refused(&small.ask(&other, None).await, 503, "line_full");
    let later = chrono::Utc::now() + chrono::TimeDelta::hours(1);
    let gathering = Room::make(&site.operator, json!({"opens_at": later})).await;
    let early = site.operator.post(&gathering.path("/pause"), json!({})).await;
    seen.refused(&early, 409, "waiting_room_not_open");
}

/// What takes too long to reach through the API is written into the database.
async fn by_hand(seen: &mut Seen, site: &Site, url: &str) {
    let mut connection = MySqlConnection::connect(url).await.unwrap();
    let sale = Sale::open(site, json!({})).await;
    let preparing = query("UPDATE performances SET status = 'preparing' WHERE performance_id = ?");
    preparing.bind(bytes(&sale.performance)).execute(&mut connection).await.unwrap();
    let early = site.operator.patch(&sale.path(), json!({"venue": "Elsewhere"})).await;
    seen.refused(&early, 409, "performance_preparing");

    let customer = site.visitor.sign_up().await;
    let account = id(&customer.get("/v1/accounts/me").await.ok(200), "account_id");
    let rich = query("UPDATE points_accounts SET balance = ? WHERE account_id = ?");
    rich.bind((1_i64 << 53) - 1).bind(bytes(&account)).execute(&mut connection).await.unwrap();
    seen.refused(&customer.charge(1).await, 409, "balance_too_large");

    let tenant = Tenant::add(site, "Arena").await;
    let room = Room::paused(&tenant.api, json!({})).await;
    let copy = query("CREATE TEMPORARY TABLE one_room AS SELECT * FROM waiting_rooms WHERE room_id = ?");
    copy.bind(bytes(&room.id)).execute(&mut connection).await.unwrap();
    for _ in 1..TENANT_ROOMS_LIMIT {
        let renamed = query("UPDATE one_room SET room_id = UNHEX(REPLACE(UUID(), '-', ''))");
        renamed.execute(&mut connection).await.unwrap();
        let another = query("INSERT INTO waiting_rooms SELECT * FROM one_room");
        another.execute(&mut connection).await.unwrap();
    }
    let more = json!({"name": "Line", "admit": {"count": 1, "every_seconds": 1}});
    seen.refused(&tenant.api.post("/v1/waiting-rooms", more).await, 409, "too_many_waiting_rooms");
    let gone = query("DELETE FROM waiting_rooms WHERE tenant_id = ?");
    gone.bind(bytes(&tenant.id)).execute(&mut connection).await.unwrap();

    // As long as another request of the same customer's would hold the account.
    let mut other = connection.begin().await.unwrap();
    let lock = query("SELECT balance FROM points_accounts WHERE account_id = ? FOR UPDATE");
    lock.bind(bytes(&account)).execute(&mut *other).await.unwrap();
    seen.refused(&customer.charge(1).await, 409, "idempotency_in_progress");
    other.rollback().await.unwrap();
}

fn bytes(id: &str) -> Vec<u8> {
    Uuid::parse_str(id).unwrap().as_bytes().to_vec()
}

/// A replica with room for one password and little patience.
async fn strained(seen: &mut Seen, stack: &Stack, site: &Site) {
    let strained = [("ONSALE_PASSWORDS__QUEUE", "1"), ("ONSALE_HTTP__LIMITS__REQUEST_TIMEOUT_MS", "3000")];
    let server = stack.serve_with(&strained).await;
    let here = site.visitor.at(&server.address);
    let crowd = join_all((0..16).map(|number| {
        let account = json!({"email": format!("{number}@example.com"), "password": "correct horse", "name": "Min"});
        let here = here.clone();
        async move { here.post("/v1/accounts", account).await }
    }));
    let crowd = crowd.await;
    let busy = crowd.iter().find(|answer| answer.status == 503).expect("one of so many does not fit");
    seen.refused(busy, 503, "busy");
    assert!(crowd.iter().any(|answer| answer.status == 201), "and some do");

    let expired = here.with_token(&expired_token()).get("/v1/accounts/me").await;
    seen.refused(&expired, 401, "access_token_expired");
    let slow = here.request(Method::POST, "/v1/accounts").header("Content-Type", "application/json");
    let never = reqwest::Body::wrap_stream(futures_util::stream::pending::<Result<Vec<u8>, std::io::Error>>());
    seen.refused(&Answer::of(slow.body(never)).await, 503, "request_timeout");
}

/// A token of this server's making whose time has passed.
fn expired_token() -> String {
    let settings = SealSettings {
        issuer: "onsale".to_owned(),
        audience: "onsale-api".to_owned(),
        secret: Secret::new(SECRET).unwrap(),
        previous_secrets: Vec::new(),
    };
    let claims = AccessClaims {
        account: AccountId(Uuid::nil()),
        session: SessionId(Uuid::nil()),
        roles: vec![Role::Customer],
        expires_at: DateTime::UNIX_EPOCH,
    };
    TokenSeals::new(&settings, Arc::new(SystemClock)).access_token(&claims)
}

async fn without_a_database(seen: &mut Seen, site: &Site) {
    let answer =
        site.visitor.post("/v1/sessions", json!({"email": "min@example.org", "password": "correct horse"})).await;
    seen.refused(&answer, 503, "unavailable");
}
