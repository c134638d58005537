//! Concerts and performances as the API shows them.

use chrono::{DateTime, Utc};
use onsale_application::ports::ConcertListing;
use onsale_domain::ids::{ConcertId, PerformanceId, WaitingRoomId};
use onsale_domain::performance::{CategoryKind, Performance, PricedCategory, SalesState, SalesStatus};
use poem_openapi::{Enum, Object};
use uuid::Uuid;

use crate::paging::Cursor;

/// What a visitor is told about selling a performance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[oai(rename_all = "snake_case")]
pub(crate) enum PerformanceState {
    /// Not open yet.
    Announced,
    /// Open.
    OnSale,
    /// Stopped for now.
    Paused,
    /// Open, with nothing left; holds that end or payments that are given back open it again.
    SoldOut,
    /// Over.
    Closed,
    /// It will not take place.
    Cancelled,
}

/// What a category sells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[oai(rename = "CategoryKind", rename_all = "snake_case")]
pub(crate) enum KindOfCategory {
    /// Numbered seats.
    Seats,
    /// Tickets without seats.
    Allotment,
}

/// A price category of a performance.
#[derive(Clone, Debug, PartialEq, Object)]
#[oai(rename = "PerformanceCategory", skip_serializing_if_is_none)]
pub(crate) struct CategoryObject {
    /// Names the category; that of seats is the same in the seating plan.
    pub(crate) category_id: Uuid,
    /// What it is called.
    pub(crate) name: String,
    /// Its colour on the map, as the plan file writes it.
    pub(crate) color: String,
    /// What one seat or ticket costs, in the smallest unit of the performance's currency.
    pub(crate) price: i64,
    /// What it sells.
    pub(crate) kind: KindOfCategory,
    /// How many tickets without seats there are, of the kind `allotment`.
    pub(crate) capacity: Option<u32>,
    /// The area of the seating plan that such tickets are for: its index among the plan's areas.
    pub(crate) area: Option<u16>,
}

/// One dated occurrence of a concert.
#[derive(Clone, Debug, PartialEq, Object)]
#[oai(rename = "Performance", skip_serializing_if_is_none)]
pub(crate) struct PerformanceObject {
    /// Names the performance.
    pub(crate) performance_id: Uuid,
    /// Names its concert.
    pub(crate) concert_id: Uuid,
    /// When it starts.
    pub(crate) starts_at: DateTime<Utc>,
    /// The IANA time zone of its venue.
    pub(crate) time_zone: String,
    /// Where.
    pub(crate) venue: String,
    /// The plan of its seats, if it has any.
    pub(crate) seating_plan_id: Option<Uuid>,
    /// What visitors are told about selling it.
    pub(crate) state: PerformanceState,
    /// From when it is sold.
    pub(crate) sales_open_at: DateTime<Utc>,
    /// Until when it is sold.
    pub(crate) sales_close_at: DateTime<Utc>,
    /// Until when a payment can be given back.
    pub(crate) refundable_until: DateTime<Utc>,
    /// How long a hold lasts, in seconds.
    pub(crate) hold_seconds: u32,
    /// How many seats and tickets one customer may have.
    pub(crate) max_seats_per_customer: u32,
    /// The currency of its prices (ISO 4217).
    pub(crate) currency: String,
    /// Its price categories.
    pub(crate) categories: Vec<CategoryObject>,
}

/// A performance within a list of concerts.
#[derive(Clone, Debug, PartialEq, Object)]
#[oai(skip_serializing_if_is_none)]
pub(crate) struct PerformanceSummary {
    /// Names the performance.
    pub(crate) performance_id: Uuid,
    /// When it starts.
    pub(crate) starts_at: DateTime<Utc>,
    /// The IANA time zone of its venue.
    pub(crate) time_zone: String,
    /// Where.
    pub(crate) venue: String,
    /// What visitors are told about selling it.
    pub(crate) state: PerformanceState,
    /// From when it is sold.
    pub(crate) sales_open_at: DateTime<Utc>,
    /// Until when it is sold.
    pub(crate) sales_close_at: DateTime<Utc>,
    /// The currency of its prices (ISO 4217).
    pub(crate) currency: String,
    /// Its lowest price, in the smallest unit of the currency.
    pub(crate) from_price: Option<i64>,
}

/// A concert with its performances, by date.
#[derive(Clone, Debug, PartialEq, Object)]
#[oai(rename = "Concert", skip_serializing_if_is_none)]
pub(crate) struct ConcertObject {
    /// Names the concert.
    pub(crate) concert_id: Uuid,
    /// What it is called.
    pub(crate) title: String,
    /// What it is about.
    pub(crate) description: Option<String>,
    /// Where its picture is.
    pub(crate) image_url: Option<String>,
    /// Where it plays, unless a performance says otherwise.
    pub(crate) venue: String,
    /// Its performances.
    pub(crate) performances: Vec<PerformanceSummary>,
    /// The waiting room in front of it, if there is one.
    pub(crate) waiting_room_id: Option<Uuid>,
}

/// Concerts, newest first.
#[derive(Clone, Debug, PartialEq, Object)]
#[oai(skip_serializing_if_is_none)]
pub(crate) struct ConcertPage {
    /// The concerts.
    pub(crate) items: Vec<ConcertObject>,
    /// Where the list goes on; absent at its end.
    pub(crate) next_cursor: Option<Cursor>,
}

/// The moment of an answer, and what is known then beside the catalogue.
pub(crate) struct Look<'a> {
    pub(crate) now: DateTime<Utc>,
    /// Whether a performance is known to have nothing left.
    pub(crate) is_sold_out: &'a dyn Fn(PerformanceId) -> bool,
    /// The waiting room in front of a concert.
    pub(crate) guard: &'a dyn Fn(ConcertId) -> Option<WaitingRoomId>,
}

impl Look<'_> {
    fn state(&self, performance: &Performance) -> PerformanceState {
        // Whether anything is left matters only while it is sold, so nobody is asked otherwise.
        let sold_out = performance.is_on_sale(self.now) && (self.is_sold_out)(performance.id);
        match performance.sales_state(sold_out, self.now) {
            SalesState::Announced => PerformanceState::Announced,
            SalesState::OnSale => PerformanceState::OnSale,
            SalesState::Paused => PerformanceState::Paused,
            SalesState::SoldOut => PerformanceState::SoldOut,
            SalesState::Closed => PerformanceState::Closed,
            SalesState::Cancelled => PerformanceState::Cancelled,
        }
    }
}

/// Whether visitors may know of a performance: not while its seats are being laid out.
pub(crate) fn is_public(performance: &Performance) -> bool {
    performance.status != SalesStatus::Preparing
}

impl ConcertObject {
    /// A concert as it is at a moment, with the performances that visitors may know of.
    pub(crate) fn new(listing: &ConcertListing, look: &Look<'_>) -> Self {
        let concert = &listing.concert;
        let public = listing.performances.iter().filter(|performance| is_public(performance));
        Self {
            concert_id: concert.id.0,
            title: concert.title.clone(),
            description: concert.description.clone(),
            image_url: concert.image_url.clone(),
            venue: concert.venue.clone(),
            performances: public.map(|performance| PerformanceSummary::new(performance, look)).collect(),
            waiting_room_id: (look.guard)(concert.id).map(|room| room.0),
        }
    }
}

impl PerformanceSummary {
    fn new(performance: &Performance, look: &Look<'_>) -> Self {
        Self {
            performance_id: performance.id.0,
            starts_at: performance.starts_at,
            time_zone: performance.time_zone.name().to_owned(),
            venue: performance.venue.clone(),
            state: look.state(performance),
            sales_open_at: performance.sales_open_at,
            sales_close_at: performance.sales_close_at,
            currency: performance.currency.as_str().to_owned(),
            from_price: performance.categories.iter().map(|category| category.price.units()).min(),
        }
    }
}

impl PerformanceObject {
    /// A performance as it is at a moment.
    pub(crate) fn new(performance: &Performance, look: &Look<'_>) -> Self {
        Self {
            performance_id: performance.id.0,
            concert_id: performance.concert.0,
            starts_at: performance.starts_at,
            time_zone: performance.time_zone.name().to_owned(),
            venue: performance.venue.clone(),
            seating_plan_id: performance.seating_plan.map(|plan| plan.0),
            state: look.state(performance),
            sales_open_at: performance.sales_open_at,
            sales_close_at: performance.sales_close_at,
            refundable_until: performance.refundable_until,
            hold_seconds: performance.hold_seconds,
            max_seats_per_customer: performance.max_seats_per_customer,
            currency: performance.currency.as_str().to_owned(),
            categories: performance.categories.iter().map(CategoryObject::new).collect(),
        }
    }
}

impl CategoryObject {
    fn new(category: &PricedCategory) -> Self {
        let (kind, capacity, area) = match category.kind {
            CategoryKind::Seats => (KindOfCategory::Seats, None, None),
            CategoryKind::Allotment { capacity, area } => (KindOfCategory::Allotment, Some(capacity), area),
        };
        Self {
            category_id: category.id.0,
            name: category.name.clone(),
            color: category.color.clone(),
            price: category.price.units(),
            kind,
            capacity,
            area,
        }
    }
}
