//! A client of the API: somebody who asks, signed in or not.

use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName};
use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};
use uuid::Uuid;

/// The password of every customer.
pub(crate) const CUSTOMER_PASSWORD: &str = "correct horse";

/// Somebody who asks.
#[derive(Clone)]
pub(crate) struct Api {
    client: Client,
    base: String,
    token: Option<String>,
    headers: Vec<(&'static str, String)>,
}

/// What came back.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Api {
    /// Somebody who is not signed in.
    pub(crate) fn new(base: &str) -> Self {
        Self { client: Client::new(), base: base.to_owned(), token: None, headers: Vec::new() }
    }

    /// The same, as whom the token names.
    pub(crate) fn with_token(&self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self.clone() }
    }

    /// The same account at another server.
    pub(crate) fn at(&self, base: &str) -> Self {
        Self { base: base.to_owned(), ..self.clone() }
    }

    /// The same, who shows one thing more with every request.
    pub(crate) fn showing(&self, header: &'static str, value: &str) -> Self {
        let mut with = self.clone();
        with.headers.retain(|(name, _)| *name != header);
        with.headers.push((header, value.to_owned()));
        with
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.client.request(method, format!("{}{path}", self.base));
        let request = self.headers.iter().fold(request, |request, (name, value)| request.header(*name, value));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        Answer::of(self.request(Method::GET, path)).await
    }

    /// Asks for what has changed since `etag`.
    pub(crate) async fn get_unless(&self, path: &str, etag: &str) -> Answer {
        Answer::of(self.request(Method::GET, path).header("If-None-Match", etag)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        Answer::of(self.request(Method::DELETE, path)).await
    }

    pub(crate) async fn put(&self, path: &str) -> Answer {
        Answer::of(self.request(Method::PUT, path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        Answer::of(self.request(Method::POST, path).json(&body)).await
    }

    /// A request that names itself.
    pub(crate) async fn post_as(&self, key: &str, path: &str, body: Value) -> Answer {
        self.try_post_as(key, path, &body).await.unwrap()
    }

    /// The same of a server that may die before it has answered.
    pub(crate) async fn try_post_as(&self, key: &str, path: &str, body: &Value) -> reqwest::Result<Answer> {
        Answer::try_of(self.request(Method::POST, path).header("Idempotency-Key", key).json(body)).await
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> Answer {
        Answer::of(self.request(Method::PATCH, path).json(&body)).await
    }

    /// Registers a new customer and signs in.
    pub(crate) async fn sign_up(&self) -> Self {
        let email = format!("{}@example.com", Uuid::now_v7());
        let account = json!({"email": email, "password": CUSTOMER_PASSWORD, "name": "Customer"});
        self.post("/v1/accounts", account).await.ok(201);
        self.sign_in(&email, CUSTOMER_PASSWORD).await
    }

    /// Signs in.
    pub(crate) async fn sign_in(&self, email: &str, password: &str) -> Self {
        let tokens = self.post("/v1/sessions", json!({"email": email, "password": password})).await.ok(200);
        self.with_token(tokens["access_token"].as_str().unwrap())
    }

    /// Signs up somebody with points.
    pub(crate) async fn sign_up_with(&self, points: i64) -> Self {
        let customer = self.sign_up().await;
        customer.charge(points).await.ok(201);
        customer
    }

    pub(crate) async fn charge(&self, points: i64) -> Answer {
        let order = json!({"amount": points, "method": "test"});
        self.post_as(&new_key(), "/v1/points/charges", order).await
    }

    pub(crate) async fn balance(&self) -> i64 {
        self.get("/v1/points").await.ok(200)["balance"].as_i64().unwrap()
    }

    pub(crate) async fn hold(&self, performance: &str, seats: &[u32]) -> Answer {
        let order = json!({"type": "seats", "performance_id": performance, "seats": seats});
        self.post_as(&new_key(), "/v1/reservations", order).await
    }

    /// Holds seats that are free; the reservation's id.
    pub(crate) async fn held(&self, performance: &str, seats: &[u32]) -> String {
        id(&self.hold(performance, seats).await.ok(201), "reservation_id")
    }

    pub(crate) async fn hold_tickets(&self, performance: &str, category: &str, quantity: impl Into<Value>) -> Answer {
        let quantity: Value = quantity.into();
        let order =
            json!({"type": "tickets", "performance_id": performance, "category_id": category, "quantity": quantity});
        self.post_as(&new_key(), "/v1/reservations", order).await
    }

    pub(crate) async fn pay(&self, reservation: &str) -> Answer {
        self.pay_as(&new_key(), reservation).await
    }

    pub(crate) async fn pay_as(&self, key: &str, reservation: &str) -> Answer {
        self.post_as(key, &format!("/v1/reservations/{reservation}/payment"), json!({})).await
    }

    pub(crate) async fn refund(&self, reservation: &str) -> Answer {
        self.post_as(&new_key(), &format!("/v1/reservations/{reservation}/refund"), json!({})).await
    }

    pub(crate) async fn release(&self, reservation: &str) -> Answer {
        self.delete(&format!("/v1/reservations/{reservation}")).await
    }

    pub(crate) async fn status_of(&self, reservation: &str) -> String {
        id(&self.get(&format!("/v1/reservations/{reservation}")).await.ok(200), "status")
    }
}

impl Answer {
    pub(crate) async fn of(request: RequestBuilder) -> Self {
        Self::try_of(request).await.unwrap()
    }

    pub(crate) async fn try_of(request: RequestBuilder) -> reqwest::Result<Self> {
        let response = request.send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Ok(Self { status, headers, text: response.text().await? })
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error} in {self:?}"))
    }

    /// The body of an answer with this status; nothing for one without a body.
    #[track_caller]
    pub(crate) fn ok(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        if self.text.is_empty() { Value::Null } else { self.json() }
    }

    /// The problem document with this code. It says everything that every problem document says.
    #[track_caller]
    pub(crate) fn refused(&self, code: &str) -> Value {
        assert!(self.status >= 400, "{code} was expected, not {}: {}", self.status, self.text);
        let problem = self.json();
        assert_eq!(problem["code"], code, "{problem}");
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert_eq!(problem["type"], format!("urn:onsale:problem:{code}"));
        assert_eq!(problem["status"], self.status);
        assert_eq!(problem["instance"], self.header("x-request-id"));
        assert!(problem["title"].is_string(), "{problem}");
        problem
    }

    /// A header; empty when it is absent.
    pub(crate) fn header(&self, name: &'static str) -> &str {
        let value = self.headers.get(HeaderName::from_static(name));
        value.map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    pub(crate) fn is_replayed(&self) -> bool {
        self.header("idempotent-replayed") == "true"
    }

    pub(crate) fn media_type(&self) -> &str {
        let value = self.headers.get(CONTENT_TYPE).map(|value| value.to_str().unwrap()).unwrap_or_default();
        value.split(';').next().unwrap_or_default()
    }
}

/// A new name for a request.
pub(crate) fn new_key() -> String {
    Uuid::now_v7().to_string()
}

/// The text of a member.
#[track_caller]
pub(crate) fn id(object: &Value, member: &str) -> String {
    object[member].as_str().unwrap_or_else(|| panic!("{member} is missing in {object}")).to_owned()
}
