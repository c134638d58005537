//! `onsale serve --demo`: a venue, concerts, an operator and a customer with points, so that everything can be tried.

use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use onsale_application::accounts::Registration;
use onsale_application::points::ChargeRequest;
use onsale_application::ports::{AllotmentDraft, ConcertFilter, ConcertListing, IdempotencyKey, PerformanceDraft};
use onsale_domain::account::{Email, Role};
use onsale_domain::concert::Concert;
use onsale_domain::ids::{
    AccountId, CategoryId, ConcertId, CouponCampaignId, PerformanceId, SeatingPlanId, WaitingRoomId,
};
use onsale_domain::money::{Amount, Currency};
use onsale_domain::performance::{
    CategoryKind, DEFAULT_HOLD_SECONDS, DEFAULT_MAX_SEATS_PER_CUSTOMER, Performance, SalesStatus,
};
use onsale_domain::plan::SeatingPlan;
use serde::{Deserialize, Serialize};

use crate::failure::Failure;
use crate::private_file;
use crate::random::password;
use crate::wiring::Wired;

mod campaign;
mod line;
mod venue;

/// How the demo's accounts are kept, in the data folder, so that a second start can print them again.
const ACCOUNTS_FILE: &str = "demo-accounts.json";
const OPERATOR_EMAIL: &str = "operator@demo.onsale.example";
const CUSTOMER_EMAIL: &str = "customer@demo.onsale.example";
/// What the demo customer can spend.
const CUSTOMER_POINTS: i64 = 1_000_000;
/// The prices of the venue's categories, from the floor to the highest tier.
const PRICES: [i64; 4] = [165_000, 143_000, 110_000, 88_000];
/// How many tickets for the standing area each performance has, and what one costs.
const STANDING_CAPACITY: u32 = 800;
const STANDING_PRICE: i64 = 99_000;
/// Title, description and days from now of each performance.
const CONCERTS: [(&str, &str, &[i64]); 3] = [
    ("Aurora: One Night in the Dome", "The only arena show of the year, in the round.", &[30, 31]),
    ("Han River Strings", "Ninety strings, one river, no amplification.", &[45]),
    ("Midnight Brass", "A brass band that starts when the trains stop.", &[14, 15, 16]),
];

/// More than the demo has.
const CONCERTS_LIMIT: u32 = 100;

/// What a demo shows.
pub(crate) struct Demo {
    /// How to sign in.
    pub(crate) accounts: DemoAccounts,
    /// The waiting room in front of the first concert.
    pub(crate) room: WaitingRoomId,
    /// The coupon campaign.
    pub(crate) campaign: CouponCampaignId,
}

/// How to sign in to a demo.
#[derive(Serialize, Deserialize)]
pub(crate) struct DemoAccounts {
    /// The operator's address.
    pub(crate) operator_email: String,
    /// The operator's password.
    pub(crate) operator_password: String,
    /// The customer's address.
    pub(crate) customer_email: String,
    /// The customer's password.
    pub(crate) customer_password: String,
}

/// Fills the database with the demo, or adds what an interrupted start did not get to.
///
/// The passwords are written down before anybody has them, so that a start that is cut off at any moment leaves no
/// account that the next one cannot print.
///
/// # Errors
/// [`Failure`] when something could not be stored, or when the database holds concerts that are not the demo's.
pub(crate) async fn prepare(wired: &Wired, data_folder: &Path, currency: Currency) -> Result<Demo, Failure> {
    let accounts = demo_accounts(wired, &data_folder.join(ACCOUNTS_FILE)).await?;
    let operator = add_accounts(wired, &accounts).await?;
    add_concerts(wired, operator, currency).await?;
    let (guarded, _, _) = CONCERTS[0];
    let concerts = concerts(wired).await?;
    let concert = concerts.iter().find(|listing| listing.concert.title == guarded);
    let concert = concert.ok_or_else(|| Failure::because("the demo's first concert is lost"))?.concert.id;
    let room = line::guard(wired, concert, operator).await?;
    Ok(Demo { accounts, room, campaign: campaign::add(wired, operator).await? })
}

async fn demo_accounts(wired: &Wired, file: &Path) -> Result<DemoAccounts, Failure> {
    if let Some(text) = private_file::read(file)? {
        return serde_json::from_str(&text)
            .map_err(|error| Failure::because(format!("{} cannot be read: {error}", file.display())));
    }
    if !concerts(wired).await?.is_empty() {
        return Err(Failure::because(
            "the data folder has concerts that are not the demo's; choose another data folder",
        ));
    }
    let accounts = DemoAccounts {
        operator_email: OPERATOR_EMAIL.to_owned(),
        operator_password: password(),
        customer_email: CUSTOMER_EMAIL.to_owned(),
        customer_password: password(),
    };
    private_file::write(file, &serde_json::to_string_pretty(&accounts).expect("plain strings"))?;
    Ok(accounts)
}

async fn add_accounts(wired: &Wired, accounts: &DemoAccounts) -> Result<AccountId, Failure> {
    let operator = Registration {
        email: accounts.operator_email.clone(),
        password: accounts.operator_password.clone(),
        name: "Demo operator".to_owned(),
        roles: vec![Role::Operator],
    };
    let customer = Registration {
        email: accounts.customer_email.clone(),
        password: accounts.customer_password.clone(),
        name: "Demo customer".to_owned(),
        roles: vec![Role::Customer],
    };
    let operator = registered(wired, operator).await?;
    let customer = registered(wired, customer).await?;
    if wired.use_cases.points.entries(customer, None, 1).await?.items.is_empty() {
        let charge = ChargeRequest {
            customer,
            amount: Amount::new(CUSTOMER_POINTS).expect("a small amount"),
            method: "test".to_owned(),
            idempotency: IdempotencyKey::new("demo", [0; 32]).expect("visible ASCII"),
        };
        wired.use_cases.charge.execute(charge).await?;
    }
    Ok(operator)
}

/// Registers an account unless it is there.
async fn registered(wired: &Wired, registration: Registration) -> Result<AccountId, Failure> {
    let email = Email::parse(&registration.email).map_err(Failure::because)?;
    match wired.accounts.by_email(&email).await? {
        Some(known) => Ok(known.account.id),
        None => Ok(wired.use_cases.register.execute(registration).await?),
    }
}

async fn concerts(wired: &Wired) -> Result<Vec<Arc<ConcertListing>>, Failure> {
    let all = ConcertFilter { limit: CONCERTS_LIMIT, ..ConcertFilter::default() };
    Ok(wired.use_cases.browse.concerts(&all).await?.value.items.clone())
}

/// A concert of the demo that is not there, or not with all of its performances.
struct Missing {
    concert: Option<ConcertId>,
    title: &'static str,
    description: &'static str,
    /// Days from now of the performances that are missing.
    days: &'static [i64],
}

/// What is missing of the demo in `known`. A performance whose seats were not all laid out counts as missing, and so does one of
/// an earlier version's demo, without tickets.
fn missing(known: &[Arc<ConcertListing>]) -> Vec<Missing> {
    let of_concert = |&(title, description, days): &(&'static str, &'static str, &'static [i64])| {
        let listing = known.iter().find(|listing| listing.concert.title == title);
        let performances = listing.map_or(&[][..], |listing| &listing.performances[..]);
        let is_whole = |one: &&Arc<Performance>| one.status != SalesStatus::Preparing && sells_tickets(one);
        let whole = performances.iter().filter(is_whole).count();
        let days = days.get(whole..).unwrap_or_default();
        let concert = listing.map(|listing| listing.concert.id);
        (!days.is_empty()).then_some(Missing { concert, title, description, days })
    };
    CONCERTS.iter().filter_map(of_concert).collect()
}

fn sells_tickets(performance: &Performance) -> bool {
    performance.categories.iter().any(|category| matches!(category.kind, CategoryKind::Allotment { .. }))
}

async fn add_concerts(wired: &Wired, operator: AccountId, currency: Currency) -> Result<(), Failure> {
    let known = concerts(wired).await?;
    let missing = missing(&known);
    if missing.is_empty() {
        return Ok(());
    }
    let edit = &wired.use_cases.edit;
    let plan = plan(wired, &known, operator).await?;
    let now = wired.use_cases.context.now();
    for Missing { concert, title, description, days } in missing {
        let concert = match concert {
            Some(concert) => concert,
            None => edit.add_concert(described(title, description, &plan), Some(operator)).await?.id,
        };
        for days in days {
            let draft = draft(concert, &plan, evening(now, *days), now, currency);
            edit.add_performance(draft, Some(operator)).await?;
        }
    }
    Ok(())
}

/// The plan that performances have already, or a new one.
async fn plan(wired: &Wired, known: &[Arc<ConcertListing>], operator: AccountId) -> Result<Arc<SeatingPlan>, Failure> {
    let performances = known.iter().flat_map(|listing| &listing.performances);
    for id in performances.filter_map(|performance| performance.seating_plan) {
        if let Some(plan) = wired.use_cases.browse.seating_plan(id).await? {
            return Ok(plan);
        }
    }
    Ok(Arc::new(wired.use_cases.edit.add_plan(venue::plan(), Some(operator)).await?))
}

fn described(title: &str, description: &str, plan: &SeatingPlan) -> Concert {
    Concert {
        id: ConcertId(plan.id.0), // replaced by a new one
        title: title.to_owned(),
        description: Some(description.to_owned()),
        image_url: None,
        venue: plan.name.clone(),
    }
}

/// Eight in the evening in Seoul, so many days from now.
fn evening(now: DateTime<Utc>, days: i64) -> DateTime<Utc> {
    let day = (now + TimeDelta::days(days)).date_naive();
    day.and_hms_opt(11, 0, 0).expect("eleven o'clock exists every day").and_utc()
}

fn draft(
    concert: ConcertId,
    plan: &SeatingPlan,
    starts_at: DateTime<Utc>,
    now: DateTime<Utc>,
    currency: Currency,
) -> PerformanceDraft {
    let prices = plan.categories.iter().zip(PRICES);
    PerformanceDraft {
        allotments: vec![AllotmentDraft {
            id: CategoryId(concert.0), // replaced by a new one
            name: Some(venue::STANDING.to_owned()),
            color: None,
            area: plan.areas.iter().zip(0..).find(|(area, _)| area.text == venue::STANDING).map(|(_, no)| no),
            capacity: STANDING_CAPACITY,
            price: Amount::new(STANDING_PRICE).expect("a small amount"),
        }],
        prices: prices.map(|(category, price)| (category.id, Amount::new(price).expect("a small amount"))).collect(),
        performance: Performance {
            id: PerformanceId(concert.0),
            concert,
            starts_at,
            time_zone: chrono_tz::Asia::Seoul,
            venue: plan.name.clone(),
            seating_plan: Some(SeatingPlanId(plan.id.0)),
            sales_open_at: now,
            sales_close_at: starts_at,
            refundable_until: starts_at - TimeDelta::days(1),
            hold_seconds: DEFAULT_HOLD_SECONDS,
            max_seats_per_customer: DEFAULT_MAX_SEATS_PER_CUSTOMER,
            currency,
            status: SalesStatus::Preparing,
            categories: Vec::new(),
        },
    }
}
