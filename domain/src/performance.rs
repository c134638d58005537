//! Performances: one dated occurrence of a concert in a venue, and the terms on which it is sold.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::allotment::CAPACITY_LIMIT;
use crate::ids::{CategoryId, ConcertId, PerformanceId, SeatingPlanId};
use crate::money::{Amount, Currency};
use crate::plan::LABEL_LIMIT;
use crate::text::{self, TextError};

/// How long a hold lasts unless the performance says otherwise, in seconds.
pub const DEFAULT_HOLD_SECONDS: u32 = 300;
/// The longest a hold may last, in seconds: a day.
pub const HOLD_SECONDS_LIMIT: u32 = 86_400;
/// How many seats one customer may have unless the performance says otherwise.
pub const DEFAULT_MAX_SEATS_PER_CUSTOMER: u32 = 4;
/// The most seats one customer may ever be allowed, so that one reservation stays a small command.
pub const MAX_SEATS_PER_CUSTOMER_LIMIT: u32 = 50;
/// The most that one seat or ticket may cost, so that even the largest reservation has an amount.
pub const PRICE_LIMIT: Amount = match Amount::new(Amount::MAX.units() / MAX_SEATS_PER_CUSTOMER_LIMIT as i64) {
    Ok(amount) => amount,
    Err(_) => unreachable!(),
};

/// What a category sells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CategoryKind {
    /// Numbered seats.
    Seats,
    /// Tickets without seats.
    Allotment {
        /// How many there are.
        capacity: u32,
        /// The area of the plan that they are for: its index there.
        area: Option<u16>,
    },
}

/// A price category of one performance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PricedCategory {
    /// Its identity; that of seats is shared with the plan.
    pub id: CategoryId,
    /// What it is called.
    pub name: String,
    /// Its colour on the map, as the plan file writes it.
    pub color: String,
    /// What one seat or ticket costs.
    pub price: Amount,
    /// What it sells.
    pub kind: CategoryKind,
}

/// What an operator has decided about selling a performance, beside its dates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SalesStatus {
    /// Its seats are still being laid out; nothing can be sold yet.
    Preparing,
    /// Sold between its opening and closing dates.
    Scheduled,
    /// Sales are stopped for now; holds can still be paid.
    Paused,
    /// It will not take place; payments can be given back.
    Cancelled,
}

impl SalesStatus {
    /// Every status.
    pub const ALL: [Self; 4] = [Self::Preparing, Self::Scheduled, Self::Paused, Self::Cancelled];

    /// Its name in tables.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Preparing => "preparing",
            Self::Scheduled => "scheduled",
            Self::Paused => "paused",
            Self::Cancelled => "cancelled",
        }
    }

    /// The status of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == name)
    }
}

/// What a visitor is told about selling a performance at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SalesState {
    /// Not open yet.
    Announced,
    /// Open.
    OnSale,
    /// Stopped for now.
    Paused,
    /// Open, with nothing left.
    SoldOut,
    /// Over.
    Closed,
    /// It will not take place.
    Cancelled,
}

/// One dated occurrence of a concert.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Performance {
    /// Its identity.
    pub id: PerformanceId,
    /// Of which concert.
    pub concert: ConcertId,
    /// When it starts.
    pub starts_at: DateTime<Utc>,
    /// The IANA time zone of its venue.
    pub time_zone: Tz,
    /// Where.
    pub venue: String,
    /// The plan of its seats, if it has any.
    pub seating_plan: Option<SeatingPlanId>,
    /// From when it is sold.
    pub sales_open_at: DateTime<Utc>,
    /// Until when it is sold.
    pub sales_close_at: DateTime<Utc>,
    /// Until when a payment can be given back.
    pub refundable_until: DateTime<Utc>,
    /// How long a hold lasts, in seconds.
    pub hold_seconds: u32,
    /// How many seats and tickets one customer may have.
    pub max_seats_per_customer: u32,
    /// The currency of its prices.
    pub currency: Currency,
    /// What the operator has decided.
    pub status: SalesStatus,
    /// Its price categories.
    pub categories: Vec<PricedCategory>,
}

/// Why a performance was refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PerformanceError {
    /// A text is empty, too long or has control characters.
    #[error(transparent)]
    Text(#[from] TextError),
    /// Sales would end before they begin.
    #[error("sales_close_at must be later than sales_open_at")]
    SalesWindow,
    /// Zero or more than a day.
    #[error("hold_seconds must be from 1 to {HOLD_SECONDS_LIMIT}")]
    HoldSeconds,
    /// Zero or more than the limit.
    #[error("max_seats_per_customer must be from 1 to {MAX_SEATS_PER_CUSTOMER_LIMIT}")]
    MaxSeats,
    /// Above the limit for one seat or ticket.
    #[error("prices must be at most {PRICE_LIMIT}")]
    Price,
    /// An allotment of more tickets than the limit.
    #[error("the capacity of an allotment must be at most {CAPACITY_LIMIT}")]
    Capacity,
    /// Not the currency of points, with which everything is paid.
    #[error("currency must be {}, the currency of points", .points.as_str())]
    Currency {
        /// The currency of points.
        points: Currency,
    },
    /// A moment outside the years 1970 to 9999, which not every store can keep.
    #[error("{field} must be between the years 1970 and 9999")]
    Year {
        /// Which member.
        field: &'static str,
    },
}

impl PerformanceError {
    /// The member that was refused.
    #[must_use]
    pub const fn field(&self) -> &'static str {
        match self {
            Self::Text(error) => error.field(),
            Self::SalesWindow => "sales_close_at",
            Self::HoldSeconds => "hold_seconds",
            Self::MaxSeats => "max_seats_per_customer",
            Self::Price => "prices",
            Self::Capacity => "capacity",
            Self::Currency { .. } => "currency",
            Self::Year { field } => field,
        }
    }
}

/// Checks what one seat or ticket would cost.
///
/// # Errors
/// [`PerformanceError::Price`] above [`PRICE_LIMIT`].
pub fn check_price(price: Amount) -> Result<(), PerformanceError> {
    if price > PRICE_LIMIT { Err(PerformanceError::Price) } else { Ok(()) }
}

impl PricedCategory {
    /// The category with its terms checked; the names and colours of seats' categories are the plan's.
    fn checked(self) -> Result<Self, PerformanceError> {
        check_price(self.price)?;
        let CategoryKind::Allotment { capacity, .. } = self.kind else { return Ok(self) };
        if capacity > CAPACITY_LIMIT {
            return Err(PerformanceError::Capacity);
        }
        let color = if self.color.is_empty() { self.color } else { text::checked("color", &self.color, LABEL_LIMIT)? };
        Ok(Self { name: text::checked("name", &self.name, LABEL_LIMIT)?, color, ..self })
    }
}

impl Performance {
    /// The performance with its texts trimmed and its terms checked.
    ///
    /// # Errors
    /// [`PerformanceError`] names the member.
    pub fn checked(self) -> Result<Self, PerformanceError> {
        let moments = [
            ("starts_at", self.starts_at),
            ("sales_open_at", self.sales_open_at),
            ("sales_close_at", self.sales_close_at),
            ("refundable_until", self.refundable_until),
        ];
        for (field, moment) in moments {
            if !(0..=253_402_300_799).contains(&moment.timestamp()) {
                return Err(PerformanceError::Year { field });
            }
        }
        if self.sales_close_at <= self.sales_open_at {
            return Err(PerformanceError::SalesWindow);
        }
        if !(1..=HOLD_SECONDS_LIMIT).contains(&self.hold_seconds) {
            return Err(PerformanceError::HoldSeconds);
        }
        if !(1..=MAX_SEATS_PER_CUSTOMER_LIMIT).contains(&self.max_seats_per_customer) {
            return Err(PerformanceError::MaxSeats);
        }
        let categories = self.categories.into_iter().map(PricedCategory::checked).collect::<Result<_, _>>()?;
        Ok(Self { venue: text::checked("venue", &self.venue, crate::concert::TITLE_LIMIT)?, categories, ..self })
    }

    /// Checks that it can be paid with points, which are of the currency `points`.
    ///
    /// # Errors
    /// [`PerformanceError::Currency`] for any other: amounts of different currencies cannot be compared.
    pub fn check_currency(&self, points: Currency) -> Result<(), PerformanceError> {
        if self.currency == points { Ok(()) } else { Err(PerformanceError::Currency { points }) }
    }

    /// Whether seats can be held at `now`.
    #[must_use]
    pub fn is_on_sale(&self, now: DateTime<Utc>) -> bool {
        self.status == SalesStatus::Scheduled && self.sales_open_at <= now && now < self.sales_close_at
    }

    /// Whether a payment can be given back at `now`; a cancelled performance always gives back.
    #[must_use]
    pub fn is_refundable(&self, now: DateTime<Utc>) -> bool {
        self.status == SalesStatus::Cancelled || now < self.refundable_until
    }

    /// What a visitor is told at `now`, when `sold_out` says that nothing is left.
    #[must_use]
    pub fn sales_state(&self, sold_out: bool, now: DateTime<Utc>) -> SalesState {
        match self.status {
            SalesStatus::Cancelled => SalesState::Cancelled,
            _ if now >= self.sales_close_at => SalesState::Closed,
            SalesStatus::Preparing => SalesState::Announced,
            _ if now < self.sales_open_at => SalesState::Announced,
            SalesStatus::Paused => SalesState::Paused,
            SalesStatus::Scheduled if sold_out => SalesState::SoldOut,
            SalesStatus::Scheduled => SalesState::OnSale,
        }
    }

    /// What a category sells, if the performance has it.
    #[must_use]
    pub fn kind(&self, category: CategoryId) -> Option<CategoryKind> {
        self.categories.iter().find(|priced| priced.id == category).map(|priced| priced.kind)
    }

    /// The price of a category, if the performance has it.
    #[must_use]
    pub fn price(&self, category: CategoryId) -> Option<Amount> {
        self.categories.iter().find(|priced| priced.id == category).map(|priced| priced.price)
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta, Utc};
    use uuid::Uuid;

    use super::{
        CategoryKind, HOLD_SECONDS_LIMIT, MAX_SEATS_PER_CUSTOMER_LIMIT, PRICE_LIMIT, Performance, PerformanceError,
        PricedCategory, SalesState, SalesStatus,
    };
    use crate::allotment::CAPACITY_LIMIT;
    use crate::ids::{CategoryId, ConcertId, PerformanceId};
    use crate::money::{Amount, Currency};

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)
    }

    /// The member and what is wrong about it.
    type WrongTerm = (&'static str, fn(&mut Performance));

    /// Sold from 10 to 20, refundable until 30.
    fn performance() -> Performance {
        let id = CategoryId(Uuid::nil());
        let (name, color) = ("Stalls".to_owned(), String::new());
        Performance {
            id: PerformanceId(Uuid::nil()),
            concert: ConcertId(Uuid::nil()),
            starts_at: at(40),
            time_zone: chrono_tz::UTC,
            venue: " Hall ".to_owned(),
            seating_plan: None,
            sales_open_at: at(10),
            sales_close_at: at(20),
            refundable_until: at(30),
            hold_seconds: 300,
            max_seats_per_customer: 4,
            currency: Currency::parse("KRW").unwrap(),
            status: SalesStatus::Scheduled,
            categories: vec![PricedCategory { id, name, color, price: PRICE_LIMIT, kind: CategoryKind::Seats }],
        }
    }

    #[test]
    fn terms_within_their_limits_are_accepted_and_the_venue_is_trimmed() {
        assert_eq!(performance().checked(), Ok(Performance { venue: "Hall".to_owned(), ..performance() }));
    }

    #[test]
    fn a_term_outside_its_limits_is_named() {
        let wrong: [WrongTerm; 8] = [
            ("starts_at", |terms| terms.starts_at = at(-1)),
            ("refundable_until", |terms| terms.refundable_until = at(253_402_300_800)),
            ("sales_close_at", |terms| terms.sales_close_at = terms.sales_open_at),
            ("hold_seconds", |terms| terms.hold_seconds = 0),
            ("hold_seconds", |terms| terms.hold_seconds = HOLD_SECONDS_LIMIT + 1),
            ("max_seats_per_customer", |terms| terms.max_seats_per_customer = MAX_SEATS_PER_CUSTOMER_LIMIT + 1),
            ("prices", |terms| terms.categories[0].price = Amount::MAX),
            ("venue", |terms| terms.venue.clear()),
        ];
        for (field, change) in wrong {
            let mut terms = performance();
            change(&mut terms);
            assert_eq!(terms.checked().unwrap_err().field(), field);
        }
    }

    #[test]
    fn a_term_of_an_allotment_outside_its_limits_is_named() {
        let kind = |capacity| CategoryKind::Allotment { capacity, area: None };
        let with = |change: fn(&mut PricedCategory), capacity| {
            let mut terms = performance();
            terms.categories[0].kind = kind(capacity);
            change(&mut terms.categories[0]);
            terms.checked()
        };
        let named = with(|category| category.name = " Floor ".to_owned(), CAPACITY_LIMIT);
        assert_eq!(named.map(|terms| terms.categories[0].name.clone()), Ok("Floor".to_owned()));
        let field = |refused: Result<Performance, PerformanceError>| refused.unwrap_err().field();
        assert_eq!(field(with(|_| {}, CAPACITY_LIMIT + 1)), "capacity");
        assert_eq!(field(with(|category| category.name.clear(), 0)), "name");
        assert_eq!(field(with(|category| category.color = "c".repeat(201), 0)), "color");
    }

    #[test]
    fn only_the_currency_of_points_can_be_paid() {
        let [won, yen] = ["KRW", "JPY"].map(|code| Currency::parse(code).unwrap());
        assert_eq!(performance().check_currency(won), Ok(()));
        let refused = performance().check_currency(yen).unwrap_err();
        assert_eq!(
            (refused.field(), refused.to_string().as_str()),
            ("currency", "currency must be JPY, the currency of points")
        );
    }

    #[test]
    fn the_largest_reservation_of_the_dearest_seats_has_an_exact_sum() {
        let prices = || (0..MAX_SEATS_PER_CUSTOMER_LIMIT).map(|_| PRICE_LIMIT);
        let sum: Amount = prices().sum();
        assert_eq!(sum.units(), prices().map(Amount::units).sum::<i64>());
    }

    #[test]
    fn it_is_sold_from_its_opening_until_just_before_its_close() {
        let on_sale: Vec<i64> = (0..40).filter(|second| performance().is_on_sale(at(*second))).collect();
        assert_eq!(on_sale, (10..20).collect::<Vec<_>>());
        for status in [SalesStatus::Preparing, SalesStatus::Paused, SalesStatus::Cancelled] {
            assert!(!Performance { status, ..performance() }.is_on_sale(at(15)), "{status:?}");
        }
    }

    #[test]
    fn a_cancelled_performance_always_gives_back() {
        assert!(performance().is_refundable(at(29)));
        assert!(!performance().is_refundable(at(30)));
        assert!(Performance { status: SalesStatus::Cancelled, ..performance() }.is_refundable(at(30)));
    }

    #[test]
    fn a_visitor_is_told_the_state_that_matters_most() {
        use SalesState::{Announced, Cancelled, Closed, OnSale, Paused, SoldOut};
        let told = |status| {
            let terms = Performance { status, ..performance() };
            [(false, 9), (false, 10), (true, 10), (true, 20)]
                .map(|(sold_out, now)| terms.sales_state(sold_out, at(now)))
        };
        assert_eq!(told(SalesStatus::Scheduled), [Announced, OnSale, SoldOut, Closed]);
        assert_eq!(told(SalesStatus::Preparing), [Announced, Announced, Announced, Closed]);
        assert_eq!(told(SalesStatus::Paused), [Announced, Paused, Paused, Closed]);
        assert_eq!(told(SalesStatus::Cancelled), [Cancelled; 4]);
    }

    #[test]
    fn every_status_has_a_name_of_its_own() {
        for status in SalesStatus::ALL {
            assert_eq!(SalesStatus::from_name(status.as_str()), Some(status));
        }
    }
}
