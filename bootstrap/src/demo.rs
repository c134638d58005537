//! `onsale serve --demo`: a venue, concerts, an operator and a customer with points, so that everything can be tried.

use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};
use onsale_application::accounts::Registration;
use onsale_application::points::ChargeRequest;
use onsale_application::ports::{ConcertFilter, IdempotencyKey, PerformanceDraft};
use onsale_domain::account::Role;
use onsale_domain::concert::Concert;
use onsale_domain::ids::{AccountId, ConcertId, PerformanceId, SeatingPlanId};
use onsale_domain::money::{Amount, Currency};
use onsale_domain::performance::{DEFAULT_HOLD_SECONDS, DEFAULT_MAX_SEATS_PER_CUSTOMER, Performance, SalesStatus};
use onsale_domain::plan::SeatingPlan;
use serde::{Deserialize, Serialize};

use crate::failure::Failure;
use crate::private_file;
use crate::random::password;
use crate::wiring::Wired;

mod venue;

/// How the demo's accounts are kept, in the data folder, so that a second start can print them again.
const ACCOUNTS_FILE: &str = "demo-accounts.json";
const OPERATOR_EMAIL: &str = "operator@demo.onsale.example";
const CUSTOMER_EMAIL: &str = "customer@demo.onsale.example";
/// What the demo customer can spend.
const CUSTOMER_POINTS: i64 = 1_000_000;
/// The prices of the venue's categories, from the floor to the highest tier.
const PRICES: [i64; 4] = [165_000, 143_000, 110_000, 88_000];
/// Title, description and days from now of each performance.
const CONCERTS: [(&str, &str, &[i64]); 3] = [
    ("Aurora: One Night in the Dome", "The only arena show of the year, in the round.", &[30, 31]),
    ("Han River Strings", "Ninety strings, one river, no amplification.", &[45]),
    ("Midnight Brass", "A brass band that starts when the trains stop.", &[14, 15, 16]),
];

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

/// Fills an empty database with the demo; one that has concerts is left as it is.
///
/// # Errors
/// [`Failure`] when something could not be stored, or when the database holds concerts that are not the demo's.
pub(crate) async fn prepare(wired: &Wired, data_folder: &Path, currency: Currency) -> Result<DemoAccounts, Failure> {
    let file = data_folder.join(ACCOUNTS_FILE);
    if let Some(text) = private_file::read(&file)? {
        return serde_json::from_str(&text)
            .map_err(|error| Failure::because(format!("{} cannot be read: {error}", file.display())));
    }
    let any = ConcertFilter { limit: 1, ..ConcertFilter::default() };
    if !wired.use_cases.browse.concerts(&any).await?.value.items.is_empty() {
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
    let operator = add_accounts(wired, &accounts).await?;
    add_concerts(wired, operator, currency).await?;
    let text = serde_json::to_string_pretty(&accounts).expect("plain strings");
    private_file::write(&file, &text)?;
    Ok(accounts)
}

async fn add_accounts(wired: &Wired, accounts: &DemoAccounts) -> Result<AccountId, Failure> {
    let register = &wired.use_cases.register;
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
    let operator = register.execute(operator).await?;
    let customer = register.execute(customer).await?;
    let charge = ChargeRequest {
        customer,
        amount: Amount::new(CUSTOMER_POINTS).expect("a small amount"),
        method: "test".to_owned(),
        idempotency: IdempotencyKey::new("demo", [0; 32]).expect("visible ASCII"),
    };
    wired.use_cases.charge.execute(charge).await?;
    Ok(operator)
}

async fn add_concerts(wired: &Wired, operator: AccountId, currency: Currency) -> Result<(), Failure> {
    let edit = &wired.use_cases.edit;
    let plan = edit.add_plan(venue::plan(), Some(operator)).await?;
    let now = wired.use_cases.context.now();
    for (title, description, days) in CONCERTS {
        let concert = Concert {
            id: wired.use_cases.context.new_id(),
            title: title.to_owned(),
            description: Some(description.to_owned()),
            image_url: None,
            venue: plan.name.clone(),
        };
        let concert = edit.add_concert(concert, Some(operator)).await?;
        for days in days {
            let draft = draft(concert.id, &plan, evening(now, *days), now, currency);
            edit.add_performance(draft, Some(operator)).await?;
        }
    }
    Ok(())
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
