//! What operators send, in the words of the application.

use chrono::{DateTime, SubsecRound, Utc};
use chrono_tz::Tz;
use onsale_application::ports::{AllotmentDraft, ConcertChange, PerformanceChange, PerformanceDraft};
use onsale_domain::concert::Concert;
use onsale_domain::ids::{CategoryId, ConcertId, PerformanceId, SeatingPlanId};
use onsale_domain::money::{Amount, Currency};
use onsale_domain::performance::{DEFAULT_HOLD_SECONDS, DEFAULT_MAX_SEATS_PER_CUSTOMER, Performance, SalesStatus};
use uuid::Uuid;

use super::objects::{
    CategoryCapacity, CategoryPrice, ConcertPatch, NewAllotment, NewConcert, NewPerformance, PerformancePatch,
    WantedState,
};
use crate::input::{Text, clearable, given, text};
use crate::problem::Problem;

/// Digits of a second that every store keeps.
const SECOND_DIGITS: u16 = 6;

impl NewConcert {
    /// The concert, whose id is not known yet.
    pub(super) fn into_concert(self) -> Concert {
        Concert {
            id: ConcertId(Uuid::nil()),
            title: self.title.0,
            description: self.description.map(|text| text.0),
            image_url: self.image_url.map(|text| text.0),
            venue: self.venue.0,
        }
    }
}

impl ConcertPatch {
    /// The change.
    ///
    /// # Errors
    /// `invalid_request` for `null` where it clears nothing.
    pub(super) fn into_change(self) -> Result<ConcertChange, Problem> {
        Ok(ConcertChange {
            title: text(given("title", self.title)?),
            description: clearable(self.description),
            image_url: clearable(self.image_url),
            venue: text(given("venue", self.venue)?),
        })
    }
}

impl NewPerformance {
    /// The performance of `concert`, whose id is not known yet.
    ///
    /// # Errors
    /// `invalid_request` names the member.
    pub(super) fn into_draft(self, concert: &Concert) -> Result<PerformanceDraft, Problem> {
        let sales_close_at = storable(self.sales_close_at);
        let performance = Performance {
            id: PerformanceId(Uuid::nil()),
            concert: concert.id,
            starts_at: storable(self.starts_at),
            time_zone: time_zone(&self.time_zone)?,
            venue: self.venue.map_or_else(|| concert.venue.clone(), |venue| venue.0),
            seating_plan: self.seating_plan_id.map(SeatingPlanId),
            sales_open_at: storable(self.sales_open_at),
            sales_close_at,
            refundable_until: self.refundable_until.map_or(sales_close_at, storable),
            hold_seconds: self.hold_seconds.unwrap_or(DEFAULT_HOLD_SECONDS),
            max_seats_per_customer: self.max_seats_per_customer.unwrap_or(DEFAULT_MAX_SEATS_PER_CUSTOMER),
            currency: currency(&self.currency)?,
            status: SalesStatus::Preparing,
            categories: Vec::new(),
        };
        let allotments = self.allotments.unwrap_or_default();
        let allotments = allotments.into_iter().enumerate().map(NewAllotment::into_draft).collect::<Result<_, _>>()?;
        Ok(PerformanceDraft { performance, prices: prices(&self.prices.unwrap_or_default())?, allotments })
    }
}

impl NewAllotment {
    /// The allotment, whose id is not known yet; `index` is its place in the list.
    fn into_draft((index, sent): (usize, Self)) -> Result<AllotmentDraft, Problem> {
        Ok(AllotmentDraft {
            id: CategoryId(Uuid::nil()),
            name: text(sent.name),
            color: text(sent.color),
            area: sent.area,
            capacity: sent.capacity,
            price: price(&format!("allotments[{index}].price"), sent.price)?,
        })
    }
}

impl PerformancePatch {
    /// The change.
    ///
    /// # Errors
    /// `invalid_request` names the member.
    pub(super) fn into_change(self) -> Result<PerformanceChange, Problem> {
        let zone = given("time_zone", self.time_zone)?;
        let status = given("state", self.state)?.map(|state| match state {
            WantedState::OnSale => SalesStatus::Scheduled,
            WantedState::Paused => SalesStatus::Paused,
            WantedState::Cancelled => SalesStatus::Cancelled,
        });
        Ok(PerformanceChange {
            starts_at: given("starts_at", self.starts_at)?.map(storable),
            time_zone: zone.as_ref().map(time_zone).transpose()?,
            venue: text(given("venue", self.venue)?),
            sales_open_at: given("sales_open_at", self.sales_open_at)?.map(storable),
            sales_close_at: given("sales_close_at", self.sales_close_at)?.map(storable),
            refundable_until: given("refundable_until", self.refundable_until)?.map(storable),
            hold_seconds: given("hold_seconds", self.hold_seconds)?,
            max_seats_per_customer: given("max_seats_per_customer", self.max_seats_per_customer)?,
            status,
            prices: prices(&given("prices", self.prices)?.unwrap_or_default())?,
            capacities: capacities(&given("capacities", self.capacities)?.unwrap_or_default()),
        })
    }
}

fn storable(moment: DateTime<Utc>) -> DateTime<Utc> {
    moment.trunc_subsecs(SECOND_DIGITS)
}

fn time_zone(name: &Text) -> Result<Tz, Problem> {
    name.0
        .parse()
        .map_err(|_| Problem::invalid("time_zone", "`time_zone` must be a name of the IANA time zone database"))
}

fn currency(code: &Text) -> Result<Currency, Problem> {
    Currency::parse(&code.0).map_err(|error| Problem::invalid("currency", error.to_string()))
}

fn prices(sent: &[CategoryPrice]) -> Result<Vec<(CategoryId, Amount)>, Problem> {
    let priced = |(index, sent): (usize, &CategoryPrice)| {
        Ok((CategoryId(sent.category_id), price(&format!("prices[{index}].price"), sent.price)?))
    };
    sent.iter().enumerate().map(priced).collect()
}

fn price(field: &str, units: i64) -> Result<Amount, Problem> {
    Amount::new(units).map_err(|error| Problem::invalid(field, error.to_string()))
}

fn capacities(sent: &[CategoryCapacity]) -> Vec<(CategoryId, u32)> {
    sent.iter().map(|sent| (CategoryId(sent.category_id), sent.capacity)).collect()
}

#[cfg(test)]
mod tests {
    use poem_openapi::types::ParseFromJSON;
    use serde_json::json;

    use super::*;

    fn concert_change(body: serde_json::Value) -> Result<ConcertChange, Problem> {
        ConcertPatch::parse_from_json(Some(body)).expect("a patch").into_change()
    }

    fn performance_change(body: serde_json::Value) -> Result<PerformanceChange, Problem> {
        PerformancePatch::parse_from_json(Some(body)).expect("a patch").into_change()
    }

    #[test]
    fn null_clears_what_can_be_absent_and_nothing_else() {
        let change = concert_change(json!({"description": null, "title": "Night"})).expect("a change");
        assert_eq!((change.description, change.image_url), (Some(None), None));
        assert_eq!(change.title.as_deref(), Some("Night"));
        let refused = concert_change(json!({"venue": null})).expect_err("a concert needs a venue");
        assert_eq!(refused.to_string(), "invalid_request: `venue` cannot be cleared");
        assert!(performance_change(json!({"hold_seconds": null})).is_err());
    }

    #[test]
    fn an_empty_patch_changes_nothing() {
        assert_eq!(concert_change(json!({})).ok(), Some(ConcertChange::default()));
        assert_eq!(performance_change(json!({})).ok(), Some(PerformanceChange::default()));
    }

    #[test]
    fn a_wish_becomes_a_status() {
        let status = |state: &str| performance_change(json!({"state": state})).ok().and_then(|change| change.status);
        assert_eq!(status("on_sale"), Some(SalesStatus::Scheduled));
        assert_eq!(status("paused"), Some(SalesStatus::Paused));
        assert_eq!(status("cancelled"), Some(SalesStatus::Cancelled));
    }

    #[test]
    fn moments_keep_what_every_store_keeps() {
        let change = performance_change(json!({"starts_at": "2030-01-01T10:00:00.123456789+09:00"})).expect("a change");
        let starts_at = change.starts_at.expect("a start");
        assert_eq!(starts_at.to_rfc3339(), "2030-01-01T01:00:00.123456+00:00");
    }

    #[test]
    fn an_unknown_time_zone_is_named() {
        let refused = performance_change(json!({"time_zone": "Seoul"})).expect_err("no such zone");
        assert!(refused.to_string().contains("time_zone"));
    }
}
