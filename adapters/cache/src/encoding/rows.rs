use std::sync::Arc;

use chrono::{DateTime, Utc};
use onsale_application::ports::{ConcertListing, Page};
use onsale_domain::concert::Concert;
use onsale_domain::ids::{CategoryId, ConcertId, PerformanceId, SeatingPlanId};
use onsale_domain::money::{Amount, Currency};
use onsale_domain::performance::{CategoryKind, Performance, PricedCategory, SalesStatus};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Portable;

type Id = [u8; 16];
/// Microseconds since 1970.
type Moment = i64;

#[derive(Serialize, Deserialize)]
pub(crate) struct CategoryRow<'a> {
    id: Id,
    name: &'a str,
    color: &'a str,
    price: i64,
    /// The capacity and the area, if it sells tickets without seats.
    allotment: Option<(u32, Option<u16>)>,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct PerformanceRow<'a> {
    id: Id,
    concert: Id,
    starts_at: Moment,
    time_zone: &'a str,
    venue: &'a str,
    seating_plan: Option<Id>,
    sales_open_at: Moment,
    sales_close_at: Moment,
    refundable_until: Moment,
    hold_seconds: u32,
    max_seats_per_customer: u32,
    currency: &'a str,
    status: &'a str,
    #[serde(borrow)]
    categories: Vec<CategoryRow<'a>>,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct ListingRow<'a> {
    id: Id,
    title: &'a str,
    description: Option<&'a str>,
    image_url: Option<&'a str>,
    venue: &'a str,
    #[serde(borrow)]
    performances: Vec<PerformanceRow<'a>>,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct PageRow<'a> {
    #[serde(borrow)]
    items: Vec<ListingRow<'a>>,
    next: Option<Id>,
}

fn moment(micros: Moment) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp_micros(micros)
}

impl Portable for PricedCategory {
    type Row<'a> = CategoryRow<'a>;

    fn to_row(&self) -> CategoryRow<'_> {
        CategoryRow {
            id: self.id.0.into_bytes(),
            name: &self.name,
            color: &self.color,
            price: self.price.units(),
            allotment: match self.kind {
                CategoryKind::Seats => None,
                CategoryKind::Allotment { capacity, area } => Some((capacity, area)),
            },
        }
    }

    fn from_row(row: CategoryRow<'_>) -> Option<Self> {
        Some(Self {
            id: CategoryId(Uuid::from_bytes(row.id)),
            name: row.name.to_owned(),
            color: row.color.to_owned(),
            price: Amount::new(row.price).ok()?,
            kind: row
                .allotment
                .map_or(CategoryKind::Seats, |(capacity, area)| CategoryKind::Allotment { capacity, area }),
        })
    }
}

impl Portable for Performance {
    type Row<'a> = PerformanceRow<'a>;

    fn to_row(&self) -> PerformanceRow<'_> {
        PerformanceRow {
            id: self.id.0.into_bytes(),
            concert: self.concert.0.into_bytes(),
            starts_at: self.starts_at.timestamp_micros(),
            time_zone: self.time_zone.name(),
            venue: &self.venue,
            seating_plan: self.seating_plan.map(|plan| plan.0.into_bytes()),
            sales_open_at: self.sales_open_at.timestamp_micros(),
            sales_close_at: self.sales_close_at.timestamp_micros(),
            refundable_until: self.refundable_until.timestamp_micros(),
            hold_seconds: self.hold_seconds,
            max_seats_per_customer: self.max_seats_per_customer,
            currency: self.currency.as_str(),
            status: self.status.as_str(),
            categories: self.categories.iter().map(Portable::to_row).collect(),
        }
    }

    fn from_row(row: PerformanceRow<'_>) -> Option<Self> {
        Some(Self {
            id: PerformanceId(Uuid::from_bytes(row.id)),
            concert: ConcertId(Uuid::from_bytes(row.concert)),
            starts_at: moment(row.starts_at)?,
            time_zone: row.time_zone.parse().ok()?,
            venue: row.venue.to_owned(),
            seating_plan: row.seating_plan.map(|plan| SeatingPlanId(Uuid::from_bytes(plan))),
            sales_open_at: moment(row.sales_open_at)?,
            sales_close_at: moment(row.sales_close_at)?,
            refundable_until: moment(row.refundable_until)?,
            hold_seconds: row.hold_seconds,
            max_seats_per_customer: row.max_seats_per_customer,
            currency: Currency::parse(row.currency).ok()?,
            status: SalesStatus::from_name(row.status)?,
            categories: row.categories.into_iter().map(Portable::from_row).collect::<Option<_>>()?,
        })
    }
}

impl Portable for ConcertListing {
    type Row<'a> = ListingRow<'a>;

    fn to_row(&self) -> ListingRow<'_> {
        let Concert { id, title, description, image_url, venue } = &self.concert;
        ListingRow {
            id: id.0.into_bytes(),
            title,
            description: description.as_deref(),
            image_url: image_url.as_deref(),
            venue,
            performances: self.performances.iter().map(Portable::to_row).collect(),
        }
    }

    fn from_row(row: ListingRow<'_>) -> Option<Self> {
        let concert = Concert {
            id: ConcertId(Uuid::from_bytes(row.id)),
            title: row.title.to_owned(),
            description: row.description.map(str::to_owned),
            image_url: row.image_url.map(str::to_owned),
            venue: row.venue.to_owned(),
        };
        Some(Self {
            concert,
            performances: row.performances.into_iter().map(Portable::from_row).collect::<Option<_>>()?,
        })
    }
}

impl Portable for Page<Arc<ConcertListing>, ConcertId> {
    type Row<'a> = PageRow<'a>;

    fn to_row(&self) -> PageRow<'_> {
        PageRow {
            items: self.items.iter().map(Portable::to_row).collect(),
            next: self.next.map(|next| next.0.into_bytes()),
        }
    }

    fn from_row(row: PageRow<'_>) -> Option<Self> {
        Some(Self {
            items: row.items.into_iter().map(Portable::from_row).collect::<Option<_>>()?,
            next: row.next.map(|next| ConcertId(Uuid::from_bytes(next))),
        })
    }
}

impl<T: Portable> Portable for Arc<T> {
    type Row<'a> = T::Row<'a>;

    fn to_row(&self) -> T::Row<'_> {
        T::to_row(self)
    }

    fn from_row(row: T::Row<'_>) -> Option<Self> {
        T::from_row(row).map(Self::new)
    }
}

/// The outer one says whether there is a value, the inner one whether there is something of that name.
impl<T: Portable> Portable for Option<T> {
    type Row<'a> = Option<T::Row<'a>>;

    fn to_row(&self) -> Option<T::Row<'_>> {
        self.as_ref().map(T::to_row)
    }

    fn from_row(row: Option<T::Row<'_>>) -> Option<Self> {
        row.map_or(Some(None), |row| T::from_row(row).map(Some))
    }
}
