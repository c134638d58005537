//! A reservation as its customer reads it.

use chrono::{DateTime, Utc};
use onsale_application::booking::DescribedReservation;
use onsale_application::ports::Done;
use onsale_domain::plan::SeatingPlan;
use onsale_domain::reservation::{Item, Reservation, ReservationStatus};
use onsale_domain::seat::SeatNo;
use poem_openapi::{Enum, Object};
use uuid::Uuid;

use crate::problem::Problem;
use crate::state::UseCases;

/// How far a reservation has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[oai(rename = "ReservationStatus", rename_all = "snake_case")]
pub(super) enum StatusName {
    /// A live hold.
    Held,
    /// Paid.
    Paid,
    /// Paid and given back.
    Refunded,
    /// Not paid in time.
    Expired,
    /// Given back before it was paid.
    Cancelled,
}

impl From<ReservationStatus> for StatusName {
    fn from(status: ReservationStatus) -> Self {
        match status {
            ReservationStatus::Held => Self::Held,
            ReservationStatus::Paid => Self::Paid,
            ReservationStatus::Refunded => Self::Refunded,
            ReservationStatus::Expired => Self::Expired,
            ReservationStatus::Cancelled => Self::Cancelled,
        }
    }
}

impl From<StatusName> for ReservationStatus {
    fn from(name: StatusName) -> Self {
        match name {
            StatusName::Held => Self::Held,
            StatusName::Paid => Self::Paid,
            StatusName::Refunded => Self::Refunded,
            StatusName::Expired => Self::Expired,
            StatusName::Cancelled => Self::Cancelled,
        }
    }
}

/// A seat as it is found in the hall.
#[derive(Debug, PartialEq, Eq, Object)]
#[oai(rename = "ReservedSeat")]
struct SeatBody {
    /// Its index in the seating plan, from 0.
    seat_no: SeatNo,
    /// Its zone's name.
    zone: String,
    /// Its row.
    row: String,
    /// Its number in the row.
    number: String,
}

/// One thing that was taken.
#[derive(Debug, PartialEq, Eq, Object)]
#[oai(rename = "ReservationItem", skip_serializing_if_is_none)]
struct ItemBody {
    /// Its identity.
    item_id: Uuid,
    /// Its price category.
    category_id: Uuid,
    /// What it costs, in the smallest unit of the currency; fixed when it was held.
    price: i64,
    /// Which seat, unless it is a ticket without one.
    seat: Option<SeatBody>,
}

/// Seats or tickets taken by one customer.
#[derive(Debug, PartialEq, Eq, Object)]
#[oai(rename = "Reservation", skip_serializing_if_is_none)]
pub(super) struct ReservationBody {
    /// Its identity.
    reservation_id: Uuid,
    /// How far it has come. A hold past its end is `expired`.
    status: StatusName,
    /// Of which performance.
    performance_id: Uuid,
    /// What the concert is called.
    concert_title: String,
    /// When the performance starts.
    starts_at: DateTime<Utc>,
    /// The IANA time zone of its venue.
    time_zone: String,
    /// What was taken.
    items: Vec<ItemBody>,
    /// The sum of the prices, in the smallest unit of the currency.
    amount: i64,
    /// The ISO 4217 code of the currency.
    currency: String,
    /// When it was held.
    created_at: DateTime<Utc>,
    /// When the hold ends, or would have ended.
    held_until: DateTime<Utc>,
    /// The payment that paid it.
    payment_id: Option<Uuid>,
    /// Until when it can be given back, while it is paid.
    refundable_until: Option<DateTime<Utc>>,
}

impl ReservationBody {
    /// Describes what a step did; a replay as it was answered the first time.
    pub(super) async fn of_step(state: &UseCases, done: Done<Reservation>) -> Result<Self, Problem> {
        if done.replayed {
            return Self::new(&state.describe.as_it_was(done.value).await?);
        }
        Self::of_now(state, done.value).await
    }

    /// Describes a reservation as it is now.
    pub(super) async fn of_now(state: &UseCases, reservation: Reservation) -> Result<Self, Problem> {
        Self::new(&state.describe.execute(reservation).await?)
    }

    fn new(described: &DescribedReservation) -> Result<Self, Problem> {
        let DescribedReservation { reservation, status, performance, concert, plan, refundable_until } = described;
        let items = reservation.items.iter().map(|item| item_body(item, plan.as_deref()));
        Ok(Self {
            reservation_id: reservation.id.0,
            status: (*status).into(),
            performance_id: reservation.performance.0,
            concert_title: concert.concert.title.clone(),
            starts_at: performance.starts_at,
            time_zone: performance.time_zone.name().to_owned(),
            items: items.collect::<Result<_, _>>()?,
            amount: reservation.amount.units(),
            currency: reservation.currency.as_str().to_owned(),
            created_at: reservation.created_at,
            held_until: reservation.held_until,
            payment_id: reservation.payment().map(|payment| payment.0),
            refundable_until: *refundable_until,
        })
    }
}

fn item_body(item: &Item, plan: Option<&SeatingPlan>) -> Result<ItemBody, Problem> {
    Ok(ItemBody {
        item_id: item.id.0,
        category_id: item.category.0,
        price: item.price.units(),
        seat: item.seat.map(|seat| seat_body(seat, plan)).transpose()?,
    })
}

fn seat_body(no: SeatNo, plan: Option<&SeatingPlan>) -> Result<SeatBody, Problem> {
    let found = plan.and_then(|plan| {
        let seat = plan.seat(no)?;
        let zone = plan.zones.get(usize::from(seat.zone))?;
        Some(SeatBody { seat_no: no, zone: zone.clone(), row: seat.row.to_string(), number: seat.number.to_string() })
    });
    found.ok_or_else(|| Problem::internal(format_args!("seat {no} is reserved and not in the plan")))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use onsale_application::ports::ConcertListing;
    use onsale_domain::concert::Concert;
    use onsale_domain::ids::{AccountId, CategoryId, ConcertId, ItemId, PaymentId, PerformanceId, ReservationId};
    use onsale_domain::money::{Amount, Currency};
    use onsale_domain::performance::{Performance, SalesStatus};
    use onsale_domain::plan::{PlanSeat, Point, Size};
    use onsale_domain::reservation::ReservationState;
    use poem_openapi::types::ToJSON;
    use serde_json::json;

    use super::*;
    use crate::problem::Code;

    const AT: DateTime<Utc> = DateTime::UNIX_EPOCH;

    fn plan() -> SeatingPlan {
        let position = Point { x: 0.0, y: 0.0 };
        let guid = "left-c-12".into();
        SeatingPlan {
            id: Uuid::from_u128(1).into(),
            name: "Hall".to_owned(),
            size: Size { width: 1.0, height: 1.0 },
            categories: Vec::new(),
            zones: vec!["Left".to_owned()],
            areas: Vec::new(),
            seats: vec![PlanSeat { guid, zone: 0, row: "C".into(), number: "12".into(), category: 0, position }],
        }
    }

    fn performance() -> Performance {
        Performance {
            id: PerformanceId(Uuid::from_u128(2)),
            concert: ConcertId(Uuid::from_u128(3)),
            starts_at: AT,
            time_zone: "Asia/Seoul".parse().expect("a time zone"),
            venue: "Hall".to_owned(),
            seating_plan: Some(Uuid::from_u128(1).into()),
            sales_open_at: AT,
            sales_close_at: AT,
            refundable_until: AT,
            hold_seconds: 300,
            max_seats_per_customer: 4,
            currency: Currency::parse("KRW").expect("a currency"),
            status: SalesStatus::Cancelled,
            categories: Vec::new(),
        }
    }

    fn described(seat: SeatNo, state: ReservationState) -> DescribedReservation {
        let (performance, price) = (performance(), Amount::new(55_000).expect("an amount"));
        let (id, category) = (ItemId(Uuid::from_u128(4)), CategoryId(Uuid::from_u128(5)));
        let reservation = Reservation {
            id: ReservationId(Uuid::from_u128(6)),
            customer: AccountId(Uuid::from_u128(7)),
            performance: performance.id,
            items: vec![Item { id, category, price, seat: Some(seat) }],
            amount: price,
            currency: performance.currency,
            created_at: AT,
            held_until: AT,
            state,
        };
        let (title, venue) = ("Night of songs".to_owned(), "Hall".to_owned());
        let concert = Concert { id: performance.concert, title, description: None, image_url: None, venue };
        let status = reservation.status(AT);
        DescribedReservation {
            refundable_until: (status == ReservationStatus::Paid).then_some(AT),
            status,
            reservation,
            performance: Arc::new(performance),
            concert: Arc::new(ConcertListing { concert, performances: Vec::new() }),
            plan: Some(Arc::new(plan())),
        }
    }

    fn rendered(seat: SeatNo, state: ReservationState) -> serde_json::Value {
        ReservationBody::new(&described(seat, state)).expect("a known seat").to_json().expect("an object")
    }

    #[test]
    fn a_paid_reservation_names_its_seats_its_payment_and_its_last_refund() {
        let payment = PaymentId(Uuid::from_u128(8));
        let expected = json!({
            "reservation_id": "00000000-0000-0000-0000-000000000006",
            "status": "paid",
            "performance_id": "00000000-0000-0000-0000-000000000002",
            "concert_title": "Night of songs",
            "starts_at": "1970-01-01T00:00:00+00:00",
            "time_zone": "Asia/Seoul",
            "items": [{
                "item_id": "00000000-0000-0000-0000-000000000004",
                "category_id": "00000000-0000-0000-0000-000000000005",
                "price": 55_000,
                "seat": { "seat_no": 0, "zone": "Left", "row": "C", "number": "12" },
            }],
            "amount": 55_000,
            "currency": "KRW",
            "created_at": "1970-01-01T00:00:00+00:00",
            "held_until": "1970-01-01T00:00:00+00:00",
            "payment_id": "00000000-0000-0000-0000-000000000008",
            "refundable_until": "1970-01-01T00:00:00+00:00",
        });
        assert_eq!(rendered(0, ReservationState::Paid { payment, at: AT }), expected);
    }

    #[test]
    fn what_an_ended_hold_does_not_have_is_left_out() {
        let body = rendered(0, ReservationState::Held);
        assert_eq!(body["status"], "expired");
        assert!(body.get("payment_id").is_none() && body.get("refundable_until").is_none());
    }

    #[test]
    fn a_reserved_seat_that_the_plan_does_not_have_is_a_failure_of_ours() {
        let code = ReservationBody::new(&described(1, ReservationState::Held)).map_err(|problem| problem.code());
        assert_eq!(code, Err(Code::Internal));
    }
}
