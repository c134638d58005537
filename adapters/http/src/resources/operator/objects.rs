//! What operators send and get.

use chrono::{DateTime, Utc};
use onsale_application::ports::OperatorAction;
use onsale_domain::plan::SeatingPlan;
use poem_openapi::types::{Any, MaybeUndefined};
use poem_openapi::{Enum, Object};
use serde_json::Value;
use uuid::Uuid;

use crate::input::Text;
use crate::paging::Cursor;
use crate::resources::catalogue::plan_object::PlanCategoryObject;

/// A seating plan that was added.
#[derive(Clone, Debug, Object)]
pub(crate) struct CreatedSeatingPlan {
    /// Names the plan.
    pub(crate) seating_plan_id: Uuid,
    /// What it is called.
    pub(crate) name: String,
    /// How many seats it has.
    pub(crate) seats: usize,
    /// Its price categories; a performance needs a price for each that has seats.
    pub(crate) categories: Vec<PlanCategoryObject>,
}

/// A concert to add.
#[derive(Clone, Debug, Object)]
pub(crate) struct NewConcert {
    /// What it is called.
    #[oai(validator(min_length = 1, max_length = 200))]
    pub(crate) title: Text,
    /// What it is about.
    #[oai(validator(min_length = 1, max_length = 10000))]
    pub(crate) description: Option<Text>,
    /// Where its picture is; https or http.
    #[oai(validator(max_length = 2000, pattern = "^https?://"))]
    pub(crate) image_url: Option<Text>,
    /// Where it plays, unless a performance says otherwise.
    #[oai(validator(min_length = 1, max_length = 200))]
    pub(crate) venue: Text,
}

/// What to change on a concert; what is absent stays.
#[derive(Clone, Debug, Object)]
pub(crate) struct ConcertPatch {
    /// What it is called.
    #[oai(validator(min_length = 1, max_length = 200))]
    pub(crate) title: MaybeUndefined<Text>,
    /// What it is about; `null` clears.
    #[oai(nullable, validator(min_length = 1, max_length = 10000))]
    pub(crate) description: MaybeUndefined<Text>,
    /// Where its picture is, https or http; `null` clears.
    #[oai(nullable, validator(max_length = 2000, pattern = "^https?://"))]
    pub(crate) image_url: MaybeUndefined<Text>,
    /// Where it plays, unless a performance says otherwise.
    #[oai(validator(min_length = 1, max_length = 200))]
    pub(crate) venue: MaybeUndefined<Text>,
}

/// What one seat or ticket of a category costs.
#[derive(Clone, Debug, Object)]
pub(crate) struct CategoryPrice {
    /// Names the category.
    pub(crate) category_id: Uuid,
    /// The price, in the smallest unit of the performance's currency.
    #[oai(validator(minimum(value = "0"), maximum(value = "9007199254740991")))]
    pub(crate) price: i64,
}

/// Tickets without seats to sell.
#[derive(Clone, Debug, Object)]
pub(crate) struct NewAllotment {
    /// What their category is called; the text of their area when absent.
    #[oai(validator(min_length = 1, max_length = 200))]
    pub(crate) name: Option<Text>,
    /// Its colour on the map; that of their area when absent.
    #[oai(validator(min_length = 1, max_length = 200))]
    pub(crate) color: Option<Text>,
    /// The area of the seating plan that they are for: its index among the plan's areas, from 0.
    pub(crate) area: Option<u16>,
    /// How many there are.
    #[oai(validator(maximum(value = "1000000")))]
    pub(crate) capacity: u32,
    /// What one costs, in the smallest unit of the performance's currency.
    #[oai(validator(minimum(value = "0"), maximum(value = "9007199254740991")))]
    pub(crate) price: i64,
}

/// How many tickets without seats of a category there are.
#[derive(Clone, Debug, Object)]
pub(crate) struct CategoryCapacity {
    /// Names the category.
    pub(crate) category_id: Uuid,
    /// How many there are.
    #[oai(validator(maximum(value = "1000000")))]
    pub(crate) capacity: u32,
}

/// A performance to add.
#[derive(Clone, Debug, Object)]
pub(crate) struct NewPerformance {
    /// When it starts.
    pub(crate) starts_at: DateTime<Utc>,
    /// The IANA time zone of its venue, such as `Asia/Seoul`.
    #[oai(validator(max_length = 64))]
    pub(crate) time_zone: Text,
    /// Where; the concert's venue when absent.
    #[oai(validator(min_length = 1, max_length = 200))]
    pub(crate) venue: Option<Text>,
    /// The plan of its seats; absent when it has tickets without seats only.
    pub(crate) seating_plan_id: Option<Uuid>,
    /// From when it is sold.
    pub(crate) sales_open_at: DateTime<Utc>,
    /// Until when it is sold.
    pub(crate) sales_close_at: DateTime<Utc>,
    /// Until when a payment can be given back; as long as it is sold when absent, so that what comes back can be sold
    /// again.
    pub(crate) refundable_until: Option<DateTime<Utc>>,
    /// How long a hold lasts, in seconds; 300 when absent.
    #[oai(validator(minimum(value = "1"), maximum(value = "86400")))]
    pub(crate) hold_seconds: Option<u32>,
    /// How many seats and tickets one customer may have; 4 when absent.
    #[oai(validator(minimum(value = "1"), maximum(value = "50")))]
    pub(crate) max_seats_per_customer: Option<u32>,
    /// The currency of its prices (ISO 4217).
    #[oai(validator(pattern = "^[A-Z]{3}$"))]
    pub(crate) currency: Text,
    /// A price for each category of the plan that has seats.
    #[oai(validator(max_items = 200))]
    pub(crate) prices: Option<Vec<CategoryPrice>>,
    /// Its tickets without seats.
    #[oai(validator(max_items = 100))]
    pub(crate) allotments: Option<Vec<NewAllotment>>,
}

/// What an operator decides about selling a performance, beside its dates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[oai(rename_all = "snake_case")]
pub(crate) enum WantedState {
    /// Sell it between its opening and closing dates.
    OnSale,
    /// Stop for now; holds can still be paid.
    Paused,
    /// It will not take place, for good; payments can be given back.
    Cancelled,
}

/// What to change on a performance; what is absent stays.
#[derive(Clone, Debug, Object)]
pub(crate) struct PerformancePatch {
    /// When it starts.
    pub(crate) starts_at: MaybeUndefined<DateTime<Utc>>,
    /// The IANA time zone of its venue.
    #[oai(validator(max_length = 64))]
    pub(crate) time_zone: MaybeUndefined<Text>,
    /// Where.
    #[oai(validator(min_length = 1, max_length = 200))]
    pub(crate) venue: MaybeUndefined<Text>,
    /// From when it is sold.
    pub(crate) sales_open_at: MaybeUndefined<DateTime<Utc>>,
    /// Until when it is sold.
    pub(crate) sales_close_at: MaybeUndefined<DateTime<Utc>>,
    /// Until when a payment can be given back.
    pub(crate) refundable_until: MaybeUndefined<DateTime<Utc>>,
    /// How long a hold lasts, in seconds; holds that exist keep theirs.
    #[oai(validator(minimum(value = "1"), maximum(value = "86400")))]
    pub(crate) hold_seconds: MaybeUndefined<u32>,
    /// How many seats and tickets one customer may have.
    #[oai(validator(minimum(value = "1"), maximum(value = "50")))]
    pub(crate) max_seats_per_customer: MaybeUndefined<u32>,
    /// Whether it is sold.
    pub(crate) state: MaybeUndefined<WantedState>,
    /// New prices of some categories; holds that exist keep theirs.
    #[oai(validator(max_items = 200))]
    pub(crate) prices: MaybeUndefined<Vec<CategoryPrice>>,
    /// New capacities of tickets without seats, not below what is taken.
    #[oai(validator(max_items = 100))]
    pub(crate) capacities: MaybeUndefined<Vec<CategoryCapacity>>,
}

/// A line of the operators' journal.
#[derive(Clone, Debug, Object)]
#[oai(rename = "OperatorAction", skip_serializing_if_is_none)]
pub(crate) struct OperatorActionObject {
    /// Names the line.
    pub(crate) operator_action_id: Uuid,
    /// The operator's account; absent when it was done at the terminal.
    pub(crate) operator_id: Option<Uuid>,
    /// What was done: `seating_plan_created`, `concert_created`, `concert_changed`, `performance_created`,
    /// `performance_changed`, `waiting_room_created`, `waiting_room_changed`, `tenant_created`, `api_key_created`,
    /// `api_key_revoked`, `coupon_campaign_created` or `coupon_campaign_changed`.
    pub(crate) kind: String,
    /// The id of what was changed.
    pub(crate) subject_id: Uuid,
    /// When.
    pub(crate) at: DateTime<Utc>,
    /// How it was before; absent when it was added.
    pub(crate) before: Option<Any<Value>>,
    /// How it is since.
    pub(crate) after: Any<Value>,
}

/// The operators' journal, newest first.
#[derive(Clone, Debug, Object)]
#[oai(skip_serializing_if_is_none)]
pub(crate) struct OperatorActionPage {
    /// The lines.
    pub(crate) items: Vec<OperatorActionObject>,
    /// Where the list goes on; absent at its end.
    pub(crate) next_cursor: Option<Cursor>,
}

impl CreatedSeatingPlan {
    pub(crate) fn new(plan: SeatingPlan) -> Self {
        let category = |category: onsale_domain::plan::PlanCategory| PlanCategoryObject {
            category_id: category.id.0,
            name: category.name,
            color: category.color,
        };
        Self {
            seating_plan_id: plan.id.0,
            name: plan.name,
            seats: plan.seats.len(),
            categories: plan.categories.into_iter().map(category).collect(),
        }
    }
}

impl OperatorActionObject {
    /// # Errors
    /// When what was written is not JSON.
    pub(crate) fn new(action: OperatorAction) -> Result<Self, serde_json::Error> {
        let read = |text: &str| serde_json::from_str(text).map(|value| Any(without_nulls(value)));
        Ok(Self {
            operator_action_id: action.id.0,
            operator_id: action.operator.map(|operator| operator.0),
            kind: action.kind,
            subject_id: action.subject,
            at: action.at,
            before: action.before.as_deref().map(read).transpose()?,
            after: read(&action.after)?,
        })
    }
}

/// Absent members are left out, never `null`; the journal keeps them as it was told.
fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let present = members.into_iter().filter(|(_, value)| !value.is_null());
            present.map(|(name, value)| (name, without_nulls(value))).collect()
        }
        Value::Array(items) => items.into_iter().map(without_nulls).collect(),
        value => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absent_members_of_the_journal_are_left_out() {
        let written = serde_json::json!({"title": "Night", "description": null, "of": [{"a": null, "b": 1}]});
        assert_eq!(without_nulls(written), serde_json::json!({"title": "Night", "of": [{"b": 1}]}));
    }
}
