//! Waiting rooms of other sites.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use onsale_tests::server::Stack;
use reqwest::Method;
use serde_json::{Value, json};
use url::Url;
use uuid::Uuid;

use crate::support::{Answer, Api, Room, Sale, Site, Tenant, id};

journeys!(
    a_site_lets_its_visitors_in_and_ends_their_visits,
    a_tenant_sees_only_its_own,
    a_revoked_key_is_refused_everywhere,
    who_enters_where_is_decided_by_the_room,
);

async fn a_site_lets_its_visitors_in_and_ends_their_visits(stack: &mut Stack) {
    let site = Site::open(stack).await;
    let (tenant, stranger) = (Tenant::add(&site, "Shop").await, Tenant::add(&site, "Other").await);
    let room = Room::make(&tenant.api, json!({"redirect_url": "https://shop.example/in?a=b", "capacity": 1})).await;
    let place = room.enter_as(&tenant.api, "min").await;
    let admitted = place.until("admitted").await;
    let code = code_of(&admitted);

    assert_eq!(stranger.verify(json!({"code": code})).await, json!({"valid": false}));
    let first = tenant.verify(json!({"code": code})).await;
    assert_eq!((&first["valid"], &first["first_use"]), (&json!(true), &json!(true)));
    assert_eq!((&first["visitor_id"], &first["number"]), (&json!("min"), &json!(1)));
    let mut again = tenant.verify(json!({"code": code})).await;
    assert_eq!(again["first_use"], false);
    again["first_use"] = json!(true);
    assert_eq!(again, first, "the same answer");
    let another = code_of(&place.status().await);
    assert_ne!(another, code);
    let by_another = tenant.verify(json!({"code": another})).await;
    assert_eq!((&by_another["pass_id"], &by_another["first_use"]), (&first["pass_id"], &json!(false)));
    assert_eq!(place.status().await["pass"], first["pass"]);
    let by_pass = tenant.verify(json!({"pass": first["pass"]})).await;
    assert_eq!((&by_pass["valid"], &by_pass["pass_id"]), (&json!(true), &first["pass_id"]));
    assert_eq!(by_pass["first_use"], false);
    assert_eq!(stranger.verify(json!({"pass": first["pass"]})).await, json!({"valid": false}));
    for wrong in [json!({"code": "invented"}), json!({"code": first["pass"]}), json!({"pass": code})] {
        assert_eq!(tenant.verify(wrong).await, json!({"valid": false}));
    }
    tenant.api.post("/v1/passes/verify", json!({})).await.refused("invalid_request");
    check_key(&site.visitor, first["pass"].as_str().unwrap(), &room).await;

    let next = room.enter_as(&tenant.api, "joon").await;
    let end = room.path(&format!("/passes/{}/end", id(&first, "pass_id")));
    stranger.api.post(&end, json!({})).await.refused("not_found");
    tenant.api.post(&end, json!({})).await.ok(204);
    tenant.api.post(&end, json!({})).await.ok(204);
    assert_eq!(place.state().await, "finished");
    assert_eq!(tenant.verify(json!({"code": code})).await, json!({"valid": false}));
    next.pass().await; // there is room now
    assert!([&code, &tenant.key].iter().all(|secret| !site.server.log().contains(*secret)), "a secret is in the log");
}

/// The code with which the waiting page goes to the site.
fn code_of(admitted: &Value) -> String {
    let redirect = Url::parse(admitted["redirect_url"].as_str().unwrap()).unwrap();
    assert!(redirect.as_str().starts_with("https://shop.example/in?a=b&onsale_code="), "{redirect}");
    redirect.query_pairs().find(|(name, _)| name == "onsale_code").unwrap().1.into_owned()
}

/// What a pass states can be checked with the published key that it names.
async fn check_key(visitor: &Api, pass: &str, room: &Room) {
    let part = |index| {
        let part: &str = pass.split('.').nth(index).unwrap();
        serde_json::from_slice::<Value>(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
    };
    let (head, claims) = (part(0), part(1));
    assert_eq!((&head["alg"], &claims["aud"]), (&json!("EdDSA"), &json!(room.id)));
    assert_eq!((&claims["sub"], &claims["number"]), (&json!("min"), &json!(1)));
    let answer = visitor.get("/.well-known/jwks.json").await;
    assert_eq!(answer.header("cache-control"), "public, max-age=300");
    let keys = answer.ok(200);
    let key = keys["keys"].as_array().unwrap().iter().find(|key| key["kid"] == head["kid"]).expect("its key");
    assert_eq!((&key["kty"], &key["crv"], &key["use"]), (&json!("OKP"), &json!("Ed25519"), &json!("sig")));
    assert_eq!(URL_SAFE_NO_PAD.decode(key["x"].as_str().unwrap()).unwrap().len(), 32);
}

async fn a_tenant_sees_only_its_own(stack: &mut Stack) {
    let site = Site::open(stack).await;
    let (tenant, stranger) = (Tenant::add(&site, "Shop").await, Tenant::add(&site, "Other").await);
    let room = Room::paused(&tenant.api, json!({})).await;
    let operators = Room::paused(&site.operator, json!({})).await;
    room.enter_as(&tenant.api, "min").await;

    for (method, rest, body) in calls() {
        let call = async |api: &Api, room: &Room| {
            let request = api.request(method.clone(), &room.path(rest));
            Answer::of(if body.is_null() { request } else { request.json(&body) }).await
        };
        assert_eq!(call(&stranger.api, &room).await.refused("not_found")["status"], 404, "{method} {rest}");
        assert_eq!(call(&tenant.api, &operators).await.refused("not_found")["status"], 404, "{method} {rest}");
        if rest != "/tokens" {
            call(&site.visitor, &room).await.refused("sign_in_required");
            call(&site.visitor.sign_up().await, &room).await.refused("forbidden");
        }
    }
    let public = stranger.api.get(&room.path("")).await.ok(200);
    assert!(public.get("capacity").is_none() && public.get("tenant_id").is_none(), "{public}");
    let rooms = async |api: &Api| {
        let page = api.get("/v1/waiting-rooms").await.ok(200);
        page["items"].as_array().unwrap().iter().map(|room| id(room, "waiting_room_id")).collect::<Vec<_>>()
    };
    assert_eq!(rooms(&tenant.api).await, [&*room.id]);
    assert!(rooms(&stranger.api).await.is_empty());
    assert_eq!(rooms(&site.operator).await, [operators.id, room.id]);
    let sale = Sale::open(&site, json!({})).await;
    let terms = json!({"name": "L", "concert_id": sale.concert, "admit": {"count": 1, "every_seconds": 1}});
    tenant.api.post("/v1/waiting-rooms", terms).await.refused("forbidden");
    tenant.api.post("/v1/tenants", json!({"name": "Mine"})).await.refused("sign_in_required");
    site.visitor.sign_up().await.post("/v1/tenants", json!({"name": "Mine"})).await.refused("forbidden");
}

/// Every call that takes the right room's owner.
fn calls() -> Vec<(Method, &'static str, Value)> {
    vec![
        (Method::PATCH, "", json!({"name": "Mine"})),
        (Method::POST, "/pause", json!({})),
        (Method::POST, "/resume", json!({})),
        (Method::POST, "/close", json!({})),
        (Method::POST, "/tokens", json!({"visitor_id": "min"})),
        (Method::POST, "/admissions", json!({"count": 1})),
        (Method::POST, "/admissions", json!({"visitor_ids": ["min"]})),
        (Method::PUT, "/blocked/min", Value::Null),
        (Method::DELETE, "/blocked/min", Value::Null),
    ]
}

async fn a_revoked_key_is_refused_everywhere(stack: &mut Stack) {
    let site = Site::open(stack).await;
    let tenant = Tenant::add(&site, "Shop").await;
    let room = Room::paused(&tenant.api, json!({})).await;
    let keys = format!("/v1/tenants/{}/keys", tenant.id);
    let second = id(&site.operator.post(&keys, json!({"name": "second"})).await.ok(201), "key");
    assert!(second.starts_with("osk_") && second != tenant.key);

    tenant.revoke(&site).await.ok(204);
    tenant.revoke(&site).await.refused("not_found");
    let refused = room.ask(&tenant.api, Some("min")).await;
    assert_eq!(refused.status, 401);
    refused.refused("api_key_invalid");
    for path in ["/v1/waiting-rooms", &room.path("")] {
        tenant.api.get(path).await.refused("api_key_invalid");
    }
    tenant.api.post("/v1/passes/verify", json!({"code": "a"})).await.refused("api_key_invalid");
    site.visitor.post("/v1/passes/verify", json!({"code": "a"})).await.refused("api_key_invalid");
    room.enter_as(&site.visitor.showing("X-Api-Key", &second), "min").await;
    let nowhere = format!("/v1/tenants/{}/keys", Uuid::now_v7());
    site.operator.post(&nowhere, json!({"name": "k"})).await.refused("not_found");
    assert_eq!(site.operator.post(&keys, json!({"name": ""})).await.refused("invalid_request")["field"], "name");
}

async fn who_enters_where_is_decided_by_the_room(stack: &mut Stack) {
    let site = Site::open(stack).await;
    let tenant = Tenant::add(&site, "Shop").await;
    let (own, operators) = (Room::paused(&tenant.api, json!({})).await, Room::paused(&site.operator, json!({})).await);
    let customer = site.visitor.sign_up().await;
    let account = id(&customer.get("/v1/accounts/me").await.ok(200), "account_id");

    own.ask(&customer, None).await.refused("forbidden");
    own.ask(&site.visitor, None).await.refused("sign_in_required");
    assert_eq!(operators.ask(&customer, Some("somebody")).await.refused("invalid_request")["field"], "visitor_id");
    assert_eq!(operators.enter(&customer).await.visitor, account);
    let (one, other) = (own.enter(&tenant.api).await, own.enter(&tenant.api).await);
    assert!(one.visitor != other.visitor && Uuid::parse_str(&one.visitor).is_ok(), "a name is made for each");
    assert_eq!(own.ask(&tenant.api, Some("two words")).await.refused("invalid_request")["field"], "visitor_id");
    let nowhere = format!("/v1/waiting-rooms/{}", Uuid::now_v7());
    customer.post(&format!("{nowhere}/tokens"), json!({})).await.refused("not_found");
    customer.get(&nowhere).await.refused("not_found");
    customer.get(&format!("{nowhere}/draw")).await.refused("not_found");
}
