//! How a line moves, and who decides that it does not.

use onsale_tests::server::Stack;
use serde_json::{Value, json};

use crate::support::{Api, Room, Site, Tenant, id};

journeys!(
    a_line_moves_in_order_and_says_how_far,
    nobody_is_let_in_while_a_room_is_paused,
    who_leaves_makes_room_and_comes_back_at_the_end,
    who_is_shut_out_is_let_back_to_the_same_place,
    visitors_are_let_in_by_hand,
    a_full_line_takes_nobody_else,
    the_flow_is_changed_live,
    wrong_terms_of_a_room_are_named,
);

async fn a_line_moves_in_order_and_says_how_far(stack: &mut Stack) {
    let site = Site::open(stack).await;
    let tenant = Tenant::add(&site, "Shop").await;
    let room = Room::paused(&tenant.api, json!({})).await;
    let mut places = Vec::new();
    for number in 1..=5_u64 {
        let place = room.enter_as(&tenant.api, &format!("visitor-{number}")).await;
        let status = place.status().await;
        assert_eq!((&status["status"], &status["number"]), (&json!("waiting"), &json!(number)));
        assert_eq!(status["ahead"], status["position"].as_u64().unwrap() - 1);
        assert!(status["position"].as_u64().unwrap() <= number, "{status}");
        assert!((1_000..=30_000).contains(&status["poll_after_ms"].as_u64().unwrap()), "{status}");
        assert!(status.get("estimated_wait_seconds").is_none(), "nobody is let in: {status}");
        places.push(place);
    }
    let mut last = places[4].follow().await;
    assert_eq!(last.next().await.unwrap().data["number"], 5);
    assert_eq!(room.admit(&tenant.api, json!({"count": 3})).await, json!({"requested": 3, "admitted": 3}));
    for place in &places[..3] {
        assert_eq!(place.state().await, "admitted");
    }
    assert_eq!((places[3].state().await, places[4].state().await), ("waiting".to_owned(), "waiting".to_owned()));
    loop {
        let moved = last.next().await.expect("the stream goes on");
        if moved.data["position"] == 2 {
            break;
        }
    }
    assert_eq!(places[3].status().await["position"], 1);
}

async fn nobody_is_let_in_while_a_room_is_paused(stack: &mut Stack) {
    let site = Site::open(stack).await;
    let room = Room::paused(&site.operator, json!({"message": "In a moment"})).await;
    let seen = room.seen(&site.visitor).await;
    assert_eq!((&seen["state"], &seen["message"]), (&json!("paused"), &json!("In a moment")));
    assert_eq!(seen["admit"], json!({"count": 10, "every_seconds": 0.1}));
    assert!(["capacity", "alive", "redirect_url"].iter().all(|hidden| seen.get(hidden).is_none()), "{seen}");
    let customer = site.visitor.sign_up().await;
    let place = room.enter(&customer).await;
    let mut events = place.follow().await;
    let waiting = events.next().await.unwrap();
    assert_eq!((&waiting.data["status"], &waiting.data["room_state"]), (&json!("waiting"), &json!("paused")));

    let resumed = site.operator.post(&room.path("/resume"), json!({})).await.ok(200);
    assert_eq!((&resumed["state"], &resumed["capacity"]), (&json!("open"), &json!(10_000)));
    let pass = loop {
        let event = events.next().await.expect("the stream goes on");
        if event.name == "admitted" {
            break id(&event.data, "pass");
        }
    };
    assert_eq!(place.status().await["pass"], pass, "the same pass, however often it is given");

    site.operator.post(&room.path("/close"), json!({})).await.ok(200);
    room.ask(&customer, None).await.refused("waiting_room_closed");
    site.operator.post(&room.path("/resume"), json!({})).await.refused("waiting_room_closed");
    site.operator.patch(&room.path(""), json!({"name": "Other"})).await.refused("waiting_room_closed");
    site.operator.post(&room.path("/admissions"), json!({"count": 1})).await.refused("waiting_room_closed");
}

async fn who_leaves_makes_room_and_comes_back_at_the_end(stack: &mut Stack) {
    let site = Site::open(stack).await;
    let room = Room::make(&site.operator, json!({"capacity": 1})).await;
    let (one, other) = (site.visitor.sign_up().await, site.visitor.sign_up().await);
    let first = room.enter(&one).await;
    first.pass().await;
    let second = room.enter(&other).await;
    assert_eq!(second.state().await, "waiting");
    first.leave().await;
    second.pass().await;
    assert_eq!(first.state().await, "left");
    let back = room.enter(&one).await;
    assert_eq!(back.status().await["number"], 3);
    assert_eq!(first.state().await, "left", "the old place stays given up");
    second.leave().await;
    back.pass().await;
}

async fn who_is_shut_out_is_let_back_to_the_same_place(stack: &mut Stack) {
    let site = Site::open(stack).await;
    let tenant = Tenant::add(&site, "Shop").await;
    let room = Room::paused(&tenant.api, json!({})).await;
    let place = room.enter_as(&tenant.api, "rude").await;
    let path = room.path("/blocked/rude");
    tenant.api.put(&path).await.ok(204);
    assert_eq!(place.state().await, "blocked");
    let refused = room.ask(&tenant.api, Some("rude")).await;
    assert_eq!(refused.status, 403);
    refused.refused("visitor_blocked");

    tenant.api.delete(&path).await.ok(204);
    assert_eq!(place.status().await["number"], 1);
    assert_eq!(room.ask(&tenant.api, Some("rude")).await.ok(200)["number"], 1);
    tenant.api.put(&room.path("/blocked/two%20words")).await.refused("invalid_request");
}

async fn visitors_are_let_in_by_hand(stack: &mut Stack) {
    let site = Site::open(stack).await;
    let tenant = Tenant::add(&site, "Shop").await;
    let room = Room::paused(&tenant.api, json!({"capacity": 3})).await;
    let (mut places, names) = (Vec::new(), ["a", "b", "c", "d", "e"]);
    for name in names {
        places.push(room.enter_as(&tenant.api, name).await);
    }
    let chosen = json!({"visitor_ids": ["d", "nobody"]});
    assert_eq!(room.admit(&tenant.api, chosen).await, json!({"requested": 2, "admitted": 1}));
    assert_eq!(places[3].state().await, "admitted");
    assert_eq!(room.admit(&site.operator, json!({"count": 5})).await, json!({"requested": 5, "admitted": 2}));
    let mut states = Vec::new();
    for place in &places {
        states.push(place.state().await);
    }
    assert_eq!(states, ["admitted", "admitted", "waiting", "admitted", "waiting"]);
    assert_eq!(
        room.admit(&tenant.api, json!({"count": 1})).await,
        json!({"requested": 1, "admitted": 0}),
        "it is full"
    );
    let seen = room.seen(&tenant.api).await;
    assert_eq!((&seen["alive"], &seen["tenant_id"]), (&json!(3), &json!(tenant.id)));

    let refused = async |body: Value, field: &str| {
        let problem = tenant.api.post(&room.path("/admissions"), body).await.refused("invalid_request");
        assert_eq!(problem["field"], field, "{problem}");
    };
    refused(json!({}), "count").await;
    refused(json!({"count": 1, "visitor_ids": ["a"]}), "count").await;
    refused(json!({"count": 0}), "count").await;
    refused(json!({"visitor_ids": []}), "visitor_ids").await;
    refused(json!({"visitor_ids": vec!["a"; 1_001]}), "visitor_ids").await;
    refused(json!({"visitor_ids": ["a", ""]}), "visitor_ids[1]").await;
}

async fn a_full_line_takes_nobody_else(stack: &mut Stack) {
    let site = Site::open(stack).await;
    let tenant = Tenant::add(&site, "Shop").await;
    let room = Room::paused(&tenant.api, json!({"max_waiting": 2})).await;
    let first = room.enter_as(&tenant.api, "one").await;
    room.enter_as(&tenant.api, "two").await;
    let full = room.ask(&tenant.api, Some("three")).await;
    assert_eq!(full.status, 503);
    assert!(full.refused("line_full")["retry_after_ms"].is_u64());
    assert!(!full.header("retry-after").is_empty());
    room.ask(&tenant.api, Some("two")).await.ok(200); // who stands in it is no more than before
    first.leave().await;
    room.enter_as(&tenant.api, "three").await;
}

async fn the_flow_is_changed_live(stack: &mut Stack) {
    let site = Site::open(stack).await;
    let room = Room::make(&site.operator, json!({"capacity": 1, "message": "Soon"})).await;
    let (one, other) = (site.visitor.sign_up().await, site.visitor.sign_up().await);
    room.enter(&one).await.pass().await;
    let waiting = room.enter(&other).await;
    let change = json!({"capacity": 2, "admit": {"count": 7, "every_seconds": 0.25}, "message": null});
    let changed = site.operator.patch(&room.path(""), change).await.ok(200);
    assert_eq!((&changed["capacity"], changed.get("message")), (&json!(2), None));
    assert_eq!(changed["admit"], json!({"count": 7, "every_seconds": 0.25}));
    waiting.pass().await;
    assert_eq!(room.seen(&site.visitor).await["admit"]["count"], 7);
    let listed = site.operator.get("/v1/waiting-rooms").await.ok(200);
    assert_eq!((&listed["items"][0]["waiting_room_id"], &listed["items"][0]["capacity"]), (&json!(room.id), &json!(2)));
}

async fn wrong_terms_of_a_room_are_named(stack: &mut Stack) {
    let site = Site::open(stack).await;
    let room = Room::make(&site.operator, json!({})).await;
    let refused = async |member: &str, value: Value| refused(&site.operator, &room, member, value).await;
    refused("name", json!("")).await;
    refused("name", Value::Null).await;
    refused("admit", json!({"count": 0, "every_seconds": 1})).await;
    refused("admit", json!({"count": 20_001, "every_seconds": 1})).await;
    refused("admit", json!({"count": 1, "every_seconds": 0.05})).await;
    refused("admit", json!({"count": 1, "every_seconds": 0.1005})).await;
    refused("capacity", json!(0)).await;
    refused("max_waiting", json!("many")).await;
    refused("claim_seconds", json!(86_400)).await; // longer than the pass
    for url in
        ["http://shop.example/", "https://user@shop.example/", "https://shop.example/#a", "ftp://a.example/", "/a"]
    {
        refused("redirect_url", json!(url)).await;
    }
    let elsewhere = json!({"name": "Line", "admit": {"count": 1, "every_seconds": 1}, "concert_id": room.id});
    assert_eq!(
        site.operator.post("/v1/waiting-rooms", elsewhere).await.refused("invalid_request")["field"],
        "concert_id"
    );
    let local = json!({"redirect_url": "http://localhost:8090/in?from=line"});
    site.operator.patch(&room.path(""), local).await.ok(200);
}

async fn refused(operator: &Api, room: &Room, member: &str, value: Value) {
    let change = json!({member: value});
    let problem = operator.patch(&room.path(""), change.clone()).await.refused("invalid_request");
    assert!(problem["field"].as_str().is_some_and(|field| field.starts_with(member)), "{change}: {problem}");
    let mut body = json!({"name": "Line", "admit": {"count": 1, "every_seconds": 1}});
    body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    let problem = operator.post("/v1/waiting-rooms", body).await.refused("invalid_request");
    assert!(problem["field"].as_str().is_some_and(|field| field.starts_with(member)), "{change}: {problem}");
}
