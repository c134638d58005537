//! `onsale audit` in SQL: every invariant is one named statement that finds what breaks it.
//!
//! All statements read one snapshot. Tables are walked in slices of some thousand rows by primary key, so each statement
//! is short however much has been sold, and the walk can stop at its time limit: what was not finished by then is named.

mod allotments;
mod coupons;
mod customers;
mod invariant;
mod ledger;
mod payments;
mod reservations;
mod rooms;
mod seats;

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use onsale_application::ports::{Audit, AuditReport, Context, Unavailable, Violation};
use onsale_domain::box_office::Limits;
use tokio::time::{Instant, timeout_at};

use self::invariant::{Invariant, Slice, Subject};
use crate::database::{Database, SqlError, Transaction};

/// Everything that is proved.
const SUBJECTS: [&Subject; 17] = [
    &seats::SEATS,
    &allotments::ALLOTMENTS,
    &allotments::CATEGORIES,
    &reservations::RESERVATIONS,
    &payments::PAYMENTS,
    &payments::REFUNDS,
    &payments::CHARGES,
    &coupons::CAMPAIGNS,
    &coupons::COUPONS,
    &ledger::ENTRIES,
    &ledger::LEDGER,
    &customers::CUSTOMERS,
    &customers::ACCOUNTS,
    &rooms::ROOMS,
    &rooms::TICKS,
    &rooms::VISITS,
    &rooms::API_KEYS,
];

/// A hold counts as live only while it has this long to go: replicas may disagree about the present moment by a quarter
/// of a second, and a hold that one of them has let go of already breaks nothing.
const CLOCK_TOLERANCE: TimeDelta = TimeDelta::seconds(1);

/// Proves every invariant on live data.
#[derive(Clone)]
pub struct SqlAudit {
    database: Database,
    context: Context,
    limits: Limits,
    time_limit: Duration,
}

impl SqlAudit {
    /// An audit of `database` under `limits` that stops after `time_limit`. A hold made before the limits were lowered
    /// counts as a violation until it ends.
    #[must_use]
    pub fn new(database: Database, context: Context, limits: Limits, time_limit: Duration) -> Self {
        Self { database, context, limits, time_limit }
    }
}

#[async_trait]
impl Audit for SqlAudit {
    async fn audit(&self, limit: u32) -> Result<AuditReport, Unavailable> {
        let deadline = Instant::now() + self.time_limit;
        let mut report = AuditReport::default();
        let mut transaction = self.database.begin_read().await?;
        // After the snapshot, so that what is live now was live in it.
        let facts = Facts {
            live_after: self.context.now() + CLOCK_TOLERANCE,
            open_holds: self.limits.open_holds_per_customer,
            violations: limit.max(1),
        };
        let mut subjects = SUBJECTS.iter();
        for subject in subjects.by_ref() {
            let walk = Walk { transaction: &mut transaction, facts: &facts, report: &mut report };
            if let Ok(walked) = timeout_at(deadline, walk.through(subject)).await {
                walked?;
            } else {
                report.unfinished.extend(subject.names());
                break;
            }
        }
        report.unfinished.extend(subjects.flat_map(|subject| subject.names()));
        drop(transaction); // its last statement may still be running, so there is no waiting for an end
        Ok(report)
    }
}

/// What the statements compare with.
struct Facts {
    /// A hold that ends later is live.
    live_after: DateTime<Utc>,
    /// How many live holds a customer may have.
    open_holds: u32,
    /// How many violations of one invariant are named.
    violations: u32,
}

/// A walk through a subject's rows.
struct Walk<'a> {
    transaction: &'a mut Transaction,
    facts: &'a Facts,
    report: &'a mut AuditReport,
}

impl Walk<'_> {
    async fn through(mut self, subject: &Subject) -> Result<(), SqlError> {
        let mut rows = 0;
        let mut slice = Some(Slice::first(self.transaction, subject).await?);
        while let Some(current) = slice {
            rows += current.rows(self.transaction, subject).await?;
            for invariant in subject.invariants {
                self.check(invariant, &current).await?;
            }
            slice = current.next(self.transaction, subject).await?;
        }
        self.report.checked.extend(subject.names().map(|name| (name, rows)));
        Ok(())
    }

    async fn check(&mut self, invariant: &Invariant, slice: &Slice) -> Result<(), SqlError> {
        let named = self.report.violations.iter().filter(|violation| violation.invariant == invariant.name).count();
        let left = self.facts.violations.saturating_sub(u32::try_from(named).unwrap_or(u32::MAX));
        if left == 0 {
            return Ok(());
        }
        for row in self.transaction.fetch_all(invariant.statement(slice, self.facts, left)).await? {
            self.report.violations.push(Violation { invariant: invariant.name, detail: invariant.describe(&row)? });
        }
        Ok(())
    }
}
