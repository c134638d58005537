//! Concerts, plans, performances and accounts to test with.

use chrono::TimeDelta;
use onsale_application::ports::{Context, NewAccount, PerformanceDraft};
use onsale_domain::account::{Account, Email, Role};
use onsale_domain::concert::Concert;
use onsale_domain::ids::ConcertId;
use onsale_domain::money::{Amount, Currency};
use onsale_domain::performance::{DEFAULT_HOLD_SECONDS, DEFAULT_MAX_SEATS_PER_CUSTOMER, Performance, SalesStatus};
use onsale_domain::plan::{Area, PlanCategory, PlanSeat, Point, SeatingPlan, Shape, Size};

/// An amount.
///
/// # Panics
/// When it is not one.
#[must_use]
pub fn amount(units: i64) -> Amount {
    Amount::new(units).expect("an amount")
}

/// A concert of that title.
#[must_use]
pub fn concert(context: &Context, title: &str) -> Concert {
    Concert {
        id: context.new_id(),
        title: title.to_owned(),
        description: Some("An evening.".to_owned()),
        image_url: None,
        venue: "Olympic Hall".to_owned(),
    }
}

/// A plan of that many seats in rows of a hundred, in two categories by turns.
#[must_use]
pub fn plan(context: &Context, seats: u32) -> SeatingPlan {
    let category = |name: &str| PlanCategory { id: context.new_id(), name: name.to_owned(), color: "#c00".to_owned() };
    let seat = |no: u32| PlanSeat {
        guid: format!("seat-{no}").into(),
        zone: 0,
        row: (no / 100 + 1).to_string().into(),
        number: (no % 100 + 1).to_string().into(),
        category: u16::from(no % 2 == 1),
        position: Point { x: f64::from(no % 100) * 1.5, y: f64::from(no / 100) },
    };
    SeatingPlan {
        id: context.new_id(),
        name: "Olympic Hall".to_owned(),
        size: Size { width: 150.0, height: 80.5 },
        categories: vec![category("Stalls"), category("Circle")],
        zones: vec!["Ground".to_owned()],
        areas: vec![Area {
            zone: 0,
            text: "Stage".to_owned(),
            color: None,
            position: Point { x: 1.0, y: 2.5 },
            rotation: 12.5,
            shape: Shape::Polygon(vec![Point { x: 0.1, y: 0.2 }, Point { x: 3.0, y: -4.0 }]),
        }],
        seats: (0..seats).map(seat).collect(),
    }
}

/// A performance on `plan` that is on sale now, with categories at 100 and 200.
///
/// # Panics
/// Never.
#[must_use]
pub fn draft(context: &Context, concert: ConcertId, plan: Option<&SeatingPlan>) -> PerformanceDraft {
    let now = context.now();
    let performance = Performance {
        id: context.new_id(),
        concert,
        starts_at: now + TimeDelta::days(30),
        time_zone: chrono_tz::Asia::Seoul,
        venue: "Olympic Hall".to_owned(),
        seating_plan: plan.map(|plan| plan.id),
        sales_open_at: now - TimeDelta::hours(1),
        sales_close_at: now + TimeDelta::days(29),
        refundable_until: now + TimeDelta::days(20),
        hold_seconds: DEFAULT_HOLD_SECONDS,
        max_seats_per_customer: DEFAULT_MAX_SEATS_PER_CUSTOMER,
        currency: Currency::parse("KRW").expect("a currency"),
        status: SalesStatus::Preparing,
        categories: Vec::new(),
    };
    let categories = plan.map_or(&[][..], |plan| &plan.categories);
    let prices = categories.iter().zip([amount(100), amount(200)]).map(|(category, price)| (category.id, price));
    PerformanceDraft { performance, prices: prices.collect(), allotments: Vec::new() }
}

/// A customer's account at that address.
///
/// # Panics
/// When it is not an address.
#[must_use]
pub fn customer(context: &Context, address: &str) -> NewAccount {
    let account = Account {
        id: context.new_id(),
        email: Email::parse(address).expect("an address"),
        name: "Min-ji".to_owned(),
        roles: vec![Role::Customer],
        created_at: context.now(),
    };
    NewAccount { account, password_hash: "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$aGFzaA".to_owned() }
}
