//! Concerts to sell, put up through the API as an operator does it.

mod campaigns;
mod rooms;

use std::net::SocketAddr;

use chrono::{TimeDelta, Utc};
use serde_json::{Value, json};

pub use self::{
    campaigns::coupons_path,
    rooms::{Tenant, room_path, room_terms},
};
use crate::{Failure, client};

/// What a seat costs.
pub const PRICE: i64 = 100;

/// Holds of a performance outlive the benchmark, unless it says otherwise.
pub const LONG_HOLD_SECONDS: u32 = 7_200;

const CATEGORIES: [&str; 4] = ["Floor", "Lower tier", "Middle tier", "Upper tier"];
const SEATS_OF_A_ROW: u32 = 100;
const ROWS_OF_A_ZONE: u32 = 50;

/// An operator at work.
#[derive(Clone, Copy)]
pub struct Stage<'a> {
    /// The server.
    pub server: SocketAddr,
    /// The operator's `Authorization`.
    pub operator: &'a str,
}

/// A seating plan.
pub struct Plan {
    id: String,
    categories: Vec<String>,
}

/// A performance that sells one category.
pub struct OnSale {
    /// Which.
    pub id: String,
    /// Its category.
    pub category: String,
}

impl Stage<'_> {
    /// Adds a plan of so many seats in four categories.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn plan(&self, seats: u32) -> Result<Plan, Failure> {
        let made = self.post("/v1/seating-plans", &plan_file(seats, &CATEGORIES)).await?;
        let categories = made["categories"].as_array().ok_or("a plan has categories")?;
        let categories = categories.iter().map(|category| text(category, "category_id")).collect::<Result<_, _>>()?;
        Ok(Plan { id: text(&made, "seating_plan_id")?, categories })
    }

    /// Adds a concert.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn concert(&self, title: &str) -> Result<String, Failure> {
        let description = "What a concert is about, in the few sentences that most of them have on their page.";
        let concert = json!({"title": title, "description": description, "venue": "The Hall"});
        text(&self.post("/v1/concerts", &concert).await?, "concert_id")
    }

    /// Adds a performance that is on sale, and returns its id.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn performance(&self, concert: &str, plan: &Plan, hold_seconds: u32) -> Result<String, Failure> {
        let prices = plan.categories.iter().map(|category| json!({"category_id": category, "price": PRICE}));
        let sold = json!({"seating_plan_id": plan.id, "prices": prices.collect::<Vec<_>>()});
        Ok(self.add_performance(concert, hold_seconds, sold).await?.id)
    }

    async fn add_performance(&self, concert: &str, hold_seconds: u32, sold: Value) -> Result<OnSale, Failure> {
        let now = Utc::now();
        let in_days = |days| (now + TimeDelta::days(days)).to_rfc3339();
        let mut performance = json!({
            "starts_at": in_days(30), "time_zone": "Asia/Seoul", "hold_seconds": hold_seconds, "currency": "KRW",
            "sales_open_at": in_days(-1), "sales_close_at": in_days(29), "refundable_until": in_days(20),
        });
        if let (Value::Object(terms), Value::Object(sold)) = (&mut performance, sold) {
            terms.extend(sold);
        }
        let made = self.post(&format!("/v1/concerts/{concert}/performances"), &performance).await?;
        Ok(OnSale { id: text(&made, "performance_id")?, category: text(&made["categories"][0], "category_id")? })
    }

    /// Adds so many performances of a hall of `seats` of one category.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn halls(&self, count: usize, seats: u32) -> Result<Vec<OnSale>, Failure> {
        let plan = self.post("/v1/seating-plans", &plan_file(seats, &CATEGORIES[..1])).await?;
        let prices = json!([{"category_id": plan["categories"][0]["category_id"], "price": PRICE}]);
        self.several(count, &json!({"seating_plan_id": plan["seating_plan_id"], "prices": prices})).await
    }

    /// Adds so many performances that have nothing but `tickets` without seats.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn fields(&self, count: usize, tickets: u32) -> Result<Vec<OnSale>, Failure> {
        let allotment = json!({"name": "Standing", "capacity": tickets, "price": PRICE});
        self.several(count, &json!({"allotments": [allotment]})).await
    }

    async fn several(&self, count: usize, sold: &Value) -> Result<Vec<OnSale>, Failure> {
        let concert = self.concert("A concert").await?;
        let mut performances = Vec::with_capacity(count);
        for _ in 0..count {
            performances.push(self.add_performance(&concert, LONG_HOLD_SECONDS, sold.clone()).await?);
        }
        Ok(performances)
    }

    /// Adds a concert with so many performances of a hall of `seats`, whose holds outlive the benchmark.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn performances(&self, count: usize, seats: u32) -> Result<Vec<String>, Failure> {
        let plan = self.plan(seats).await?;
        let concert = self.concert("A concert").await?;
        let mut performances = Vec::with_capacity(count);
        for _ in 0..count {
            performances.push(self.performance(&concert, &plan, LONG_HOLD_SECONDS).await?);
        }
        Ok(performances)
    }

    /// Makes the holds of a performance from now on last so long.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn hold_for(&self, performance: &str, seconds: u32) -> Result<(), Failure> {
        let change = json!({"hold_seconds": seconds});
        self.send("PATCH", &format!("/v1/performances/{performance}"), &change, 200).await.map(drop)
    }

    async fn post(&self, path: &str, body: &Value) -> Result<Value, Failure> {
        self.send("POST", path, body, 201).await
    }

    async fn send(&self, method: &str, path: &str, body: &Value, status: u16) -> Result<Value, Failure> {
        let headers = [("authorization", self.operator)];
        client::call(self.server, method, path, &headers, body.to_string().as_bytes()).await?.json(status)
    }
}

fn text(object: &Value, member: &str) -> Result<String, Failure> {
    Ok(object[member].as_str().ok_or_else(|| format!("no {member} in {object}"))?.to_owned())
}

/// A plan in the pretix format: zones of rows of seats.
fn plan_file(seats: u32, categories: &[&str]) -> Value {
    let rows = seats.div_ceil(SEATS_OF_A_ROW);
    let zones = (0..rows.div_ceil(ROWS_OF_A_ZONE)).map(|zone| {
        let first = zone * ROWS_OF_A_ZONE;
        let rows = (first..rows.min(first + ROWS_OF_A_ZONE)).map(|row| plan_row(row, seats, categories));
        json!({"name": format!("Zone {}", zone + 1), "position": {"x": 0, "y": 0}, "rows": rows.collect::<Vec<_>>()})
    });
    let zones: Vec<Value> = zones.collect();
    let categories: Vec<Value> = categories.iter().map(|name| json!({"name": name, "color": "#d5553b"})).collect();
    json!({"name": "The Hall", "categories": categories, "zones": zones, "size": {"width": 1000, "height": 1000}})
}

fn plan_row(row: u32, seats: u32, categories: &[&str]) -> Value {
    let first = row * SEATS_OF_A_ROW;
    let seat = |no: u32| {
        json!({
            "seat_guid": format!("seat-{no}"), "seat_number": (no - first + 1).to_string(),
            "category": categories[no as usize % categories.len()], "position": {"x": no - first, "y": 0},
        })
    };
    let seats: Vec<Value> = (first..seats.min(first + SEATS_OF_A_ROW)).map(seat).collect();
    json!({"row_number": (row + 1).to_string(), "position": {"x": 0, "y": row}, "seats": seats})
}
