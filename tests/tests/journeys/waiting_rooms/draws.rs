//! The opening draw, recomputed from what is published.

use std::collections::BTreeSet;

use chrono::{TimeDelta, Utc};
use hmac::{Hmac, KeyInit, Mac};
use onsale_tests::server::Stack;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::support::{Api, Room, Site, Tenant, id};

journeys!(a_draw_can_be_recomputed_by_anybody, a_room_without_a_draw_shows_none);

const ENTRANTS: usize = 20;

async fn a_draw_can_be_recomputed_by_anybody(stack: &mut Stack) {
    let site = Site::open(stack).await;
    let tenant = Tenant::add(&site, "Shop").await;
    let opens_at = Utc::now() + TimeDelta::seconds(5);
    let room = Room::make(&tenant.api, json!({"opens_at": opens_at, "capacity": 1})).await;
    let seen = room.seen(&site.visitor).await;
    assert_eq!((&seen["state"], seen.get("waiting")), (&json!("gathering"), None));
    let committed = id(&seen, "seed_sha256");
    assert_eq!(room_draw(&site.visitor, &room).await, json!({"seed_sha256": committed, "entrants": []}));
    let pause = tenant.api.post(&room.path("/pause"), json!({})).await;
    assert_eq!(pause.status, 409);
    pause.refused("waiting_room_not_open");
    tenant.api.post(&room.path("/admissions"), json!({"count": 1})).await.refused("waiting_room_not_open");

    let mut places = Vec::new();
    for number in 0..ENTRANTS {
        places.push(room.enter_as(&tenant.api, &format!("visitor-{number}")).await);
    }
    let mut withdrawn = room.enter_as(&tenant.api, "withdrawn").await;
    withdrawn.leave().await;
    let mut events = places[0].follow().await;
    let first = events.next().await.unwrap();
    assert_eq!((&first.data["status"], first.data.get("number")), (&json!("gathering"), None));
    let drawn = events.next().await.expect("the draw is told");
    let token = id(&drawn.data, "queue_token");
    assert_eq!(withdrawn.state().await, "left");
    withdrawn = room.enter_as(&tenant.api, "withdrawn").await; // at the end of the line now

    let mut numbers = BTreeSet::new();
    for place in &places {
        numbers.insert(place.status().await["number"].as_i64().unwrap());
    }
    assert_eq!(numbers, (1..=20).collect(), "an early token finds its number");
    let exchanged = tenant.api.showing("X-Queue-Token", &token).get(&room.path("/status")).await.ok(200);
    assert_eq!(exchanged["number"], places[0].status().await["number"]);
    assert_eq!(withdrawn.status().await["number"], 21);
    recompute(&site.visitor, &room, &committed).await;
}

async fn room_draw(visitor: &Api, room: &Room) -> Value {
    visitor.get(&room.path("/draw")).await.ok(200)
}

/// By the rules that the description tells, without a line of the server's.
async fn recompute(visitor: &Api, room: &Room, committed: &str) {
    let mut published = Vec::new();
    let mut cursor = String::new();
    let page = loop {
        let page = visitor.get(&format!("{}?limit=7{cursor}", room.path("/draw"))).await.ok(200);
        published.extend(page["entrants"].as_array().unwrap().clone());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break page,
        }
    };
    let numbers: Vec<_> = published.iter().map(|entrant| entrant["number"].as_u64().unwrap()).collect();
    assert_eq!(numbers, (1..=20).collect::<Vec<_>>());
    let order: Vec<Vec<u8>> = published.iter().map(|entrant| bytes(&id(entrant, "pseudonym"))).collect();
    let seed = bytes(&id(&page, "seed"));
    assert_eq!(Sha256::digest(&seed).to_vec(), bytes(committed), "the seed is the one that was committed to");
    let mut sorted = order.clone();
    sorted.sort();
    let entrants = Sha256::digest(sorted.concat()).to_vec();
    assert_eq!(entrants, bytes(&id(&page, "entrants_sha256")), "nobody was left out");
    let key = Sha256::digest([seed, entrants].concat());
    sorted.sort_by_cached_key(|pseudonym| {
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
        mac.update(pseudonym);
        mac.finalize().into_bytes().to_vec()
    });
    assert_eq!(sorted, order);
}

fn bytes(hexadecimal: &str) -> Vec<u8> {
    let digits = |at| u8::from_str_radix(&hexadecimal[at..at + 2], 16).unwrap();
    (0..hexadecimal.len()).step_by(2).map(digits).collect()
}

async fn a_room_without_a_draw_shows_none(stack: &mut Stack) {
    let site = Site::open(stack).await;
    let room = Room::make(&site.operator, json!({"opens_at": Utc::now() - TimeDelta::hours(1)})).await;
    assert_eq!(room.seen(&site.visitor).await["state"], "open", "it has opened already");
    site.visitor.get(&room.path("/draw")).await.refused("not_found");
    let far = json!({"name": "Line", "admit": {"count": 1, "every_seconds": 1}, "opens_at": "2999-01-01T00:00:00Z"});
    assert_eq!(site.operator.post("/v1/waiting-rooms", far).await.refused("invalid_request")["field"], "opens_at");
}
