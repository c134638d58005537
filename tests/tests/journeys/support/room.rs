//! Waiting rooms, those who stand in them, and tenants who have some of their own.

use reqwest::Method;
use serde_json::{Value, json};

use super::api::id;
use super::{Answer, Api, Events, Sale, Site};

const TOKEN: &str = "X-Queue-Token";
const KEY: &str = "X-Api-Key";

/// A waiting room.
pub(crate) struct Room {
    pub(crate) id: String,
}

impl Room {
    /// Makes a room on terms that differ from ten every tenth of a second as `terms` says.
    pub(crate) async fn make(owner: &Api, terms: Value) -> Self {
        let mut body = json!({"name": "Line", "admit": {"count": 10, "every_seconds": 0.1}});
        body.as_object_mut().unwrap().extend(terms.as_object().unwrap().clone());
        let made = owner.post("/v1/waiting-rooms", body).await.ok(201);
        Self { id: id(&made, "waiting_room_id") }
    }

    /// Puts a room in front of a concert.
    pub(crate) async fn before(site: &Site, sale: &Sale, terms: Value) -> Self {
        let mut body = json!({"concert_id": sale.concert});
        body.as_object_mut().unwrap().extend(terms.as_object().unwrap().clone());
        Self::make(&site.operator, body).await
    }

    /// Makes a room in which nobody is let in but by hand.
    pub(crate) async fn paused(owner: &Api, terms: Value) -> Self {
        let room = Self::make(owner, terms).await;
        owner.post(&room.path("/pause"), json!({})).await.ok(200);
        room
    }

    pub(crate) fn path(&self, rest: &str) -> String {
        format!("/v1/waiting-rooms/{}{rest}", self.id)
    }

    /// What anybody sees, or its owner.
    pub(crate) async fn seen(&self, api: &Api) -> Value {
        api.get(&self.path("")).await.ok(200)
    }

    /// Asks for a place, of the customer or of the tenant's visitor.
    pub(crate) async fn ask(&self, api: &Api, visitor: Option<&str>) -> Answer {
        let body = visitor.map_or_else(|| json!({}), |visitor| json!({"visitor_id": visitor}));
        api.post(&self.path("/tokens"), body).await
    }

    /// Takes a new place.
    pub(crate) async fn enter(&self, api: &Api) -> Place {
        Place::of(api, self, &self.ask(api, None).await.ok(201))
    }

    /// Takes a new place for a tenant's visitor.
    pub(crate) async fn enter_as(&self, tenant: &Api, visitor: &str) -> Place {
        Place::of(tenant, self, &self.ask(tenant, Some(visitor)).await.ok(201))
    }

    /// Lets in by hand.
    pub(crate) async fn admit(&self, owner: &Api, wanted: Value) -> Value {
        owner.post(&self.path("/admissions"), wanted).await.ok(200)
    }
}

/// Somebody's place.
pub(crate) struct Place {
    pub(crate) token: String,
    pub(crate) events_url: String,
    pub(crate) visitor: String,
    holder: Api,
    room: String,
}

impl Place {
    /// The place that was given.
    pub(crate) fn of(api: &Api, room: &Room, entered: &Value) -> Self {
        let token = id(entered, "queue_token");
        Self {
            holder: api.showing(TOKEN, &token),
            token,
            events_url: id(entered, "events_url"),
            visitor: id(entered, "visitor_id"),
            room: room.path(""),
        }
    }

    /// Asks how it is.
    pub(crate) async fn ask(&self) -> Answer {
        self.holder.get(&format!("{}/status", self.room)).await
    }

    pub(crate) async fn status(&self) -> Value {
        self.ask().await.ok(200)
    }

    /// The name of its status.
    pub(crate) async fn state(&self) -> String {
        id(&self.status().await, "status")
    }

    pub(crate) async fn leave(&self) {
        self.holder.delete(&format!("{}/tokens/current", self.room)).await.ok(204);
    }

    /// Follows it.
    pub(crate) async fn follow(&self) -> Events {
        Events::open(&self.holder, &self.events_url).await
    }

    /// Waits until it is as said, by what its stream tells.
    pub(crate) async fn until(&self, state: &str) -> Value {
        let mut events = self.follow().await;
        loop {
            let event = events.next().await.unwrap_or_else(|| panic!("the stream ends before {state}"));
            assert_eq!(event.name == "admitted", event.data["status"] == "admitted", "{event:?}");
            if event.data["status"] == state {
                return event.data;
            }
        }
    }

    /// Waits until it is let in, and uses the pass.
    pub(crate) async fn pass(&self) -> String {
        self.until("admitted").await;
        id(&self.status().await, "pass")
    }
}

/// A tenant with a key.
pub(crate) struct Tenant {
    pub(crate) id: String,
    pub(crate) key_id: String,
    pub(crate) key: String,
    pub(crate) api: Api,
}

impl Tenant {
    pub(crate) async fn add(site: &Site, name: &str) -> Self {
        let tenant = id(&site.operator.post("/v1/tenants", json!({"name": name})).await.ok(201), "tenant_id");
        let given = site.operator.post(&format!("/v1/tenants/{tenant}/keys"), json!({"name": "server"})).await;
        let key = id(&given.ok(201), "key");
        assert_eq!(given.header("cache-control"), "no-store");
        let api = site.visitor.showing(KEY, &key);
        Self { id: tenant, key_id: id(&given.json(), "key_id"), key, api }
    }

    /// Checks what a visitor brought.
    pub(crate) async fn verify(&self, proof: Value) -> Value {
        self.api.post("/v1/passes/verify", proof).await.ok(200)
    }

    /// Revokes its key.
    pub(crate) async fn revoke(&self, site: &Site) -> Answer {
        let path = format!("/v1/tenants/{}/keys/{}", self.id, self.key_id);
        Answer::of(site.operator.request(Method::DELETE, &path)).await
    }
}

impl Place {
    /// The same place, asked after at another server.
    pub(crate) fn at(&self, base: &str) -> Self {
        Self {
            holder: self.holder.at(base),
            token: self.token.clone(),
            events_url: self.events_url.clone(),
            visitor: self.visitor.clone(),
            room: self.room.clone(),
        }
    }
}
