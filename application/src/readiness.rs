//! Whether this process should be sent requests, and what it depends on.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::{join, join_all};
use metrics::gauge;
use parking_lot::RwLock;

use crate::ports::{Context, HelperHealth, StoreHealth, StoreStatus, Unavailable};

/// How far this replica's clock may be off the database's: clocks decide when holds end.
pub const CLOCK_SKEW_LIMIT: TimeDelta = TimeDelta::milliseconds(250);

const CHECK_OK: &str = "onsale_check_ok";

/// One thing that this process depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// Its name.
    pub name: &'static str,
    /// Whether it is well.
    pub ok: bool,
    /// Whether no request can be served while it is not well.
    pub required: bool,
    /// What is known about it, for operators.
    pub detail: String,
    /// Since when it is not well, as far as this process saw.
    pub down_since: Option<DateTime<Utc>>,
}

/// What this process found when it last looked.
pub struct Readiness {
    store: Arc<dyn StoreHealth>,
    helpers: Vec<Arc<dyn HelperHealth>>,
    context: Context,
    found: RwLock<Found>,
}

#[derive(Default)]
struct Found {
    store: Vec<Check>,
    helpers: Vec<Check>,
    warm: bool,
    draining: bool,
}

impl Readiness {
    /// Not ready until [`Readiness::look`] has found everything that is required well, and caches are warm.
    #[must_use]
    pub fn new(store: Arc<dyn StoreHealth>, helpers: Vec<Arc<dyn HelperHealth>>, context: Context) -> Self {
        Self { store, helpers, context, found: RwLock::default() }
    }

    /// Caches hold what the first visitors ask for.
    pub fn caches_are_warm(&self) {
        self.found.write().warm = true;
    }

    /// No more requests, please.
    pub fn start_draining(&self) {
        self.found.write().draining = true;
    }

    /// Looks at everything that this process depends on. What is found of the store counts at once, however long the
    /// rest takes.
    pub async fn look(&self) {
        join(self.look_at_store(), self.look_at_helpers()).await;
    }

    /// Whether requests should be sent here.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        let found = self.found.read();
        let mut required = found.store.iter().chain(&found.helpers).filter(|check| check.required);
        found.warm && !found.draining && !found.store.is_empty() && required.all(|check| check.ok)
    }

    /// Each dependency by name, as it was last found.
    #[must_use]
    pub fn checks(&self) -> Vec<Check> {
        let found = self.found.read();
        let warm = required("caches", found.warm, said(found.warm, "warm", "not warm yet"));
        let draining = required("draining", !found.draining, said(!found.draining, "no", "yes"));
        found.store.iter().chain(&found.helpers).cloned().chain([warm, draining]).collect()
    }

    /// For how long a check has not been well.
    #[must_use]
    pub fn down_for(&self, check: &Check) -> Option<TimeDelta> {
        check.down_since.map(|since| (self.context.now() - since).max(TimeDelta::zero()))
    }

    async fn look_at_store(&self) {
        let mut checks = self.store_checks().await;
        let now = self.context.now();
        let mut found = self.found.write();
        note(&found.store, &mut checks, now);
        found.store = checks;
    }

    async fn look_at_helpers(&self) {
        let looking = self.helpers.iter().map(async |helper| {
            let (ok, detail) = match helper.status().await {
                Ok(detail) => (true, detail),
                Err(Unavailable { cause }) => (false, cause),
            };
            Check { required: false, ..required(helper.name(), ok, detail) }
        });
        let mut checks = join_all(looking).await;
        let now = self.context.now();
        let mut found = self.found.write();
        note(&found.helpers, &mut checks, now);
        found.helpers = checks;
    }

    async fn store_checks(&self) -> Vec<Check> {
        match self.store.status().await {
            Ok(status) => {
                let schema = status.schema_current;
                let schema_said = said(schema, "current", "not the one this program needs; run `onsale migrate`");
                vec![
                    required("database", true, "answers".to_owned()),
                    required("schema", schema, schema_said),
                    clock_check(&status),
                ]
            }
            Err(Unavailable { cause }) => vec![required("database", false, cause)],
        }
    }
}

fn required(name: &'static str, ok: bool, detail: String) -> Check {
    Check { name, ok, required: true, detail, down_since: None }
}

/// Notes since when checks are not well, and publishes them.
fn note(before: &[Check], checks: &mut [Check], now: DateTime<Utc>) {
    for check in checks {
        if !check.ok {
            let earlier = before.iter().find(|earlier| earlier.name == check.name);
            check.down_since = earlier.and_then(|earlier| earlier.down_since).or(Some(now));
        }
        gauge!(CHECK_OK, "check" => check.name).set(u8::from(check.ok));
    }
}

/// Not well only when the clock is certainly off: an answer that took long says little about clocks, and a slow store
/// must not take every replica away at once.
fn clock_check(status: &StoreStatus) -> Check {
    let uncertain = status.round_trip / 2;
    let (ahead_ms, uncertain_ms) = (status.clock_skew.num_milliseconds(), uncertain.num_milliseconds());
    let ok = status.clock_skew.abs() - uncertain <= CLOCK_SKEW_LIMIT;
    required("clock", ok, format!("the database's clock is {ahead_ms} ms ahead, give or take {uncertain_ms} ms"))
}

fn said(well: bool, yes: &str, no: &str) -> String {
    if well { yes.to_owned() } else { no.to_owned() }
}
