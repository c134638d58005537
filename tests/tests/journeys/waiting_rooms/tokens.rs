//! Every kind of token is good for one thing.

use onsale_tests::server::Stack;
use reqwest::Method;
use serde_json::json;

use crate::support::{Api, Place, Room, Sale, Site, Tenant, id};

journeys!(
    no_token_is_accepted_as_another,
    a_token_of_another_room_or_altered_is_refused,
    who_asks_too_often_is_told_to_wait,
);

async fn no_token_is_accepted_as_another(stack: &mut Stack) {
    let site = Site::open(stack).await;
    let sale = Sale::open(&site, json!({})).await;
    let room = Room::before(&site, &sale, json!({})).await;
    let customer = site.visitor.sign_up().await;
    let tenant = Tenant::add(&site, "Shop").await;
    let shop = Room::make(&tenant.api, json!({"redirect_url": "https://shop.example/"})).await;
    let (place, visitor) = (room.enter(&customer).await, shop.enter_as(&tenant.api, "min").await);
    let pass = place.pass().await;
    let redirect = id(&visitor.until("admitted").await, "redirect_url");
    let inside = customer.showing("X-Queue-Pass", &pass);
    let availability = inside.get(&format!("{}/availability", sale.path())).await.ok(200);

    let access = bearer(&customer);
    let seats_url = id(&availability, "events_url");
    let (place_ticket, seats_ticket) = (ticket(&place.events_url), ticket(&seats_url));
    let code = redirect.split("onsale_code=").last().unwrap();
    let all = [
        ("access", &*access),
        ("queue", &place.token),
        ("place_ticket", place_ticket),
        ("pass", &pass),
        ("code", code),
        ("key", &tenant.key),
        ("seats_ticket", seats_ticket),
    ];
    for (kind, token) in all {
        let path = sale.path();
        if kind != "access" {
            site.visitor.with_token(token).get("/v1/accounts/me").await.refused("sign_in_required");
        }
        if kind != "key" {
            site.visitor.showing("X-Api-Key", token).get("/v1/waiting-rooms").await.refused("api_key_invalid");
        }
        if kind != "queue" {
            let shown = site.visitor.showing("X-Queue-Token", token);
            shown.get(&room.path("/status")).await.refused("queue_token_invalid");
            shown.delete(&room.path("/tokens/current")).await.refused("queue_token_invalid");
        }
        if kind != "pass" {
            let shown = customer.showing("X-Queue-Pass", token);
            shown.get(&format!("{path}/availability")).await.refused("pass_required");
            assert_eq!(tenant.verify(json!({"pass": token})).await["valid"], false, "{kind}");
        }
        if kind != "code" {
            assert_eq!(tenant.verify(json!({"code": token})).await["valid"], false, "{kind}");
        }
        let at = |events: String| format!("{events}?ticket={token}");
        if kind != "place_ticket" {
            site.visitor.get(&at(room.path("/events"))).await.refused("stream_ticket_invalid");
        }
        if kind != "seats_ticket" {
            site.visitor.get(&at(format!("{path}/availability/events"))).await.refused("stream_ticket_invalid");
        }
    }
}

/// The access token that a customer shows.
fn bearer(customer: &Api) -> String {
    let request = customer.request(Method::GET, "/").build().unwrap();
    let shown = request.headers()["authorization"].to_str().unwrap();
    shown.trim_start_matches("Bearer ").to_owned()
}

fn ticket(url: &str) -> &str {
    url.split("ticket=").last().unwrap()
}

async fn a_token_of_another_room_or_altered_is_refused(stack: &mut Stack) {
    let site = Site::open(stack).await;
    let tenant = Tenant::add(&site, "Shop").await;
    let (room, other) = (Room::paused(&tenant.api, json!({})).await, Room::paused(&tenant.api, json!({})).await);
    let place = room.enter_as(&tenant.api, "min").await;
    let refused = async |room: &Room, token: &str| {
        let shown = site.visitor.showing("X-Queue-Token", token);
        let answer = shown.get(&room.path("/status")).await;
        assert_eq!(answer.status, 401);
        answer.refused("queue_token_invalid");
        shown.delete(&room.path("/tokens/current")).await.refused("queue_token_invalid");
    };
    refused(&other, &place.token).await;
    for index in [0, place.token.len() / 2, place.token.len() - 2] {
        let mut altered = place.token.clone().into_bytes();
        altered[index] = if altered[index] == b'A' { b'B' } else { b'A' };
        refused(&room, std::str::from_utf8(&altered).unwrap()).await;
    }
    site.visitor.get(&room.path("/status")).await.refused("queue_token_invalid");
    let elsewhere = format!("{}?ticket={}", other.path("/events"), ticket(&place.events_url));
    site.visitor.get(&elsewhere).await.refused("stream_ticket_invalid");
    assert_eq!(place.state().await, "waiting", "and it still stands there");
}

async fn who_asks_too_often_is_told_to_wait(stack: &mut Stack) {
    let site = Site::open(stack).await;
    let room = Room::paused(&site.operator, json!({})).await;
    let customer = site.visitor.sign_up().await;
    let place = room.enter(&customer).await;
    let asked = until_limited(async || place.ask().await).await;
    assert!(asked >= 20, "{asked} answers");
    let entered = until_limited(async || room.ask(&customer, None).await).await;
    assert!(entered >= 29, "{entered} entries");
    let neighbour = site.visitor.sign_up().await;
    Place::of(&neighbour, &room, &room.ask(&neighbour, None).await.ok(201)).status().await;
}

/// How often something is answered until it is limited.
async fn until_limited(ask: impl AsyncFn() -> crate::support::Answer) -> usize {
    for asked in 0..1_000 {
        let answer = ask().await;
        if answer.status == 429 {
            answer.refused("rate_limited");
            assert!(!answer.header("retry-after").is_empty());
            return asked;
        }
        answer.ok(200);
    }
    panic!("nothing is limited");
}
