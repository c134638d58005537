//! A server, and a performance that an operator has put on sale.

use std::path::PathBuf;

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use onsale_tests::server::{Server, Stack};
use serde_json::{Value, json};

use super::Api;
use super::api::id;

const OPERATOR_EMAIL: &str = "operator@example.com";
const OPERATOR_PASSWORD: &str = "battery staple";

/// The seating plan that most journeys sell: 16 seats in the stalls, then 8 on the balcony.
pub(crate) const HALL: &str = "hall.json";

/// A running server, an operator who is signed in, and a visitor.
pub(crate) struct Site {
    pub(crate) server: Server,
    pub(crate) visitor: Api,
    pub(crate) operator: Api,
}

impl Site {
    /// Makes an operator at the terminal, starts a server and signs in.
    pub(crate) async fn open(stack: &mut Stack) -> Self {
        stack.set("ONSALE_OPERATOR_PASSWORD", OPERATOR_PASSWORD);
        let told = stack.succeed(&["operator", "create", "--email", OPERATOR_EMAIL]).await;
        assert!(told.starts_with("operator ") && !told.contains(OPERATOR_PASSWORD), "{told}");
        stack.unset("ONSALE_OPERATOR_PASSWORD");
        Self::reopen(stack).await
    }

    /// Starts a server on data that has the operator already.
    pub(crate) async fn reopen(stack: &Stack) -> Self {
        let server = stack.serve().await;
        let visitor = Api::new(&server.address);
        let operator = visitor.sign_in(OPERATOR_EMAIL, OPERATOR_PASSWORD).await;
        Self { server, visitor, operator }
    }
}

/// A performance on sale.
pub(crate) struct Sale {
    pub(crate) plan: String,
    pub(crate) concert: String,
    pub(crate) performance: String,
    pub(crate) categories: Vec<String>,
}

impl Sale {
    /// Opens a sale of [`HALL`] on terms that differ from the usual as `terms` says.
    pub(crate) async fn open(site: &Site, terms: Value) -> Self {
        let plan = site.operator.post("/v1/seating-plans", plan_file(HALL)).await.ok(201);
        Self::of(site, &plan, terms).await
    }

    /// Opens a sale of a plan that was added.
    pub(crate) async fn of(site: &Site, plan: &Value, terms: Value) -> Self {
        let concert = json!({"title": "Night of songs", "venue": "Small hall"});
        let concert = id(&site.operator.post("/v1/concerts", concert).await.ok(201), "concert_id");
        let categories = plan["categories"].as_array().unwrap();
        let categories: Vec<String> = categories.iter().map(|category| id(category, "category_id")).collect();
        let plan = id(plan, "seating_plan_id");
        let mut body = usual_terms(&plan, &categories);
        body.as_object_mut().unwrap().extend(terms.as_object().unwrap().clone());
        let performance = site.operator.post(&format!("/v1/concerts/{concert}/performances"), body).await.ok(201);
        Self { plan, concert, performance: id(&performance, "performance_id"), categories }
    }

    /// The path of the performance.
    pub(crate) fn path(&self) -> String {
        format!("/v1/performances/{}", self.performance)
    }
}

/// Stalls for 50,000, the balcony for 30,000.
fn usual_terms(plan: &str, categories: &[String]) -> Value {
    let now = now();
    let prices = categories.iter().zip([50_000, 30_000]);
    let prices: Vec<Value> = prices.map(|(category, price)| json!({"category_id": category, "price": price})).collect();
    json!({
        "starts_at": now + TimeDelta::days(30),
        "time_zone": "Asia/Seoul",
        "seating_plan_id": plan,
        "sales_open_at": now - TimeDelta::hours(1),
        "sales_close_at": now + TimeDelta::days(30),
        "refundable_until": now + TimeDelta::days(20),
        "currency": "KRW",
        "prices": prices,
    })
}

/// The time, as every store keeps it.
fn now() -> DateTime<Utc> {
    Utc::now().trunc_subsecs(6)
}

/// Where a file lies that the tests bring.
pub(crate) fn fixture(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name)
}

/// A plan file that the tests bring.
pub(crate) fn plan_file(name: &str) -> Value {
    serde_json::from_str(&std::fs::read_to_string(fixture(name)).unwrap()).unwrap()
}

/// The plan file of a hall with nothing but stalls: so many rows of so many seats.
pub(crate) fn stalls(rows: u32, seats: u32) -> Value {
    let position = json!({"x": 0, "y": 0});
    let row = |row: u32| {
        let seats = (0..seats).map(|seat| {
            let guid = format!("{row}-{seat}");
            json!({"seat_guid": guid, "seat_number": seat.to_string(), "category": "Stalls", "position": position})
        });
        json!({"row_number": row.to_string(), "position": position, "seats": seats.collect::<Vec<_>>()})
    };
    let zone = json!({"name": "Ground floor", "position": position, "rows": (0..rows).map(row).collect::<Vec<_>>()});
    let categories = json!([{"name": "Stalls", "color": "#7f4a91"}]);
    json!({"name": "Hall", "categories": categories, "zones": [zone], "size": {"width": 100, "height": 100}})
}
