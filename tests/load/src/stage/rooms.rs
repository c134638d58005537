//! Waiting rooms to stand in, put up as operators and tenants do it.

use std::net::SocketAddr;

use onsale_domain::ids::WaitingRoomId;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Stage, text};
use crate::{Failure, client};

/// Passes outlive the benchmark, used or not.
const PASS_SECONDS: u32 = 86_400;
/// Nobody is turned away.
const MANY: u32 = 10_000_000;

/// A room that lets so many in so often, and turns nobody away.
#[must_use]
pub fn room_terms(count: u32, every_seconds: f64) -> Value {
    json!({
        "name": "The line", "admit": {"count": count, "every_seconds": every_seconds}, "capacity": MANY,
        "max_waiting": MANY, "pass_seconds": PASS_SECONDS, "claim_seconds": PASS_SECONDS,
    })
}

/// Where something about a room is asked.
#[must_use]
pub fn room_path(room: WaitingRoomId, rest: &str) -> String {
    format!("/v1/waiting-rooms/{room}{rest}")
}

/// Somebody whose own site has waiting rooms here.
pub struct Tenant {
    server: SocketAddr,
    key: String,
}

impl Stage<'_> {
    /// Adds a tenant with a key.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn tenant(&self) -> Result<Tenant, Failure> {
        let tenant = text(&self.post("/v1/tenants", &json!({"name": "A site"})).await?, "tenant_id")?;
        let key = self.post(&format!("/v1/tenants/{tenant}/keys"), &json!({"name": "its server"})).await?;
        Ok(Tenant { server: self.server, key: text(&key, "key")? })
    }

    /// Puts a room in front of a concert.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn room_before(&self, concert: &str, mut terms: Value) -> Result<WaitingRoomId, Failure> {
        terms["concert_id"] = concert.into();
        made(&self.post("/v1/waiting-rooms", &terms).await?)
    }
}

impl Tenant {
    /// What proves who asks.
    #[must_use]
    pub fn headers(&self) -> [(&str, &str); 1] {
        [("x-api-key", &self.key)]
    }

    /// Adds a room.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn room(&self, terms: &Value) -> Result<WaitingRoomId, Failure> {
        made(&self.send("POST", "/v1/waiting-rooms", terms, 201).await?)
    }

    /// Pauses or resumes a room.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn turn(&self, room: WaitingRoomId, verb: &str) -> Result<(), Failure> {
        self.send("POST", &room_path(room, verb), &json!({}), 200).await.map(drop)
    }

    /// How many this server has seen pass or wait in a room.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn seen(&self, room: WaitingRoomId) -> Result<u64, Failure> {
        let shown = self.send("GET", &room_path(room, ""), &json!({}), 200).await?;
        let number = |member: &str| shown[member].as_u64().ok_or_else(|| format!("no {member} in {shown}"));
        Ok(number("waiting")? + number("serving")?)
    }

    async fn send(&self, method: &str, path: &str, body: &Value, status: u16) -> Result<Value, Failure> {
        let body = if method == "GET" { String::new() } else { body.to_string() };
        client::call(self.server, method, path, &self.headers(), body.as_bytes()).await?.json(status)
    }
}

fn made(room: &Value) -> Result<WaitingRoomId, Failure> {
    Ok(WaitingRoomId(Uuid::parse_str(&text(room, "waiting_room_id")?)?))
}
