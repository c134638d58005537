//! What is best, one example for each rule; and random sales in which a search of every block finds the same.

mod examples;
mod random_sales;
mod reference;

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::{BlockPlan, FreeSeats};
use crate::ids::{CategoryId, ReservationId, SeatingPlanId};
use crate::plan::{PlanCategory, PlanSeat, Point, SeatingPlan, Size};
use crate::seat::{SeatNo, SeatState};

const SOLD: SeatState = SeatState::Sold { to: ReservationId(Uuid::nil()) };

fn held_until(second: i64) -> SeatState {
    SeatState::Held { by: ReservationId(Uuid::nil()), until: at(second) }
}

fn at(second: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::seconds(second)
}

fn category(index: u16) -> CategoryId {
    CategoryId(Uuid::from_u128(index.into()))
}

/// A plan of three categories and these seats.
fn plan(seats: Vec<PlanSeat>) -> SeatingPlan {
    let categories =
        (0..3).map(|index| PlanCategory { id: category(index), name: index.to_string(), color: String::new() });
    SeatingPlan {
        id: SeatingPlanId(Uuid::nil()),
        name: "Hall".to_owned(),
        size: Size::default(),
        categories: categories.collect(),
        zones: Vec::new(),
        areas: Vec::new(),
        seats,
    }
}

fn seat(zone: u16, row: &str, category: u16, position: Point) -> PlanSeat {
    PlanSeat { guid: "".into(), zone, row: row.into(), number: "".into(), category, position }
}

/// The seats of a drawing: zones of rows; a letter is a seat of that category, in lower case when it is sold; `_` is an
/// aisle.
fn hall(zones: &[&[&str]]) -> FreeSeats {
    let (mut seats, mut taken) = (Vec::new(), Vec::new());
    for (zone, rows) in (0..).zip(zones) {
        for (row, drawn) in rows.iter().enumerate() {
            for (x, letter) in (0..).zip(drawn.bytes()).filter(|(_, letter)| *letter != b'_') {
                if letter.is_ascii_lowercase() {
                    taken.push((SeatNo::try_from(seats.len()).unwrap(), SOLD));
                }
                let category = u16::from(letter.to_ascii_uppercase() - b'A');
                seats.push(seat(zone, &row.to_string(), category, Point { x: f64::from(x), y: 0.0 }));
            }
        }
    }
    FreeSeats::new(Arc::new(BlockPlan::new(&plan(seats))), taken)
}
