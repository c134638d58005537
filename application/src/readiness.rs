//! Whether this process should be sent requests, and what it depends on.

use std::sync::Arc;

use chrono::TimeDelta;
use parking_lot::RwLock;

use crate::ports::{StoreHealth, StoreStatus, Unavailable};

/// How far this replica's clock may be off the database's: clocks decide when holds end.
pub const CLOCK_SKEW_LIMIT: TimeDelta = TimeDelta::milliseconds(250);

/// One thing that must be well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// Its name.
    pub name: &'static str,
    /// Whether it is well.
    pub ok: bool,
    /// What is known about it, for operators.
    pub detail: String,
}

/// What this process found when it last looked.
pub struct Readiness {
    store: Arc<dyn StoreHealth>,
    found: RwLock<Found>,
}

#[derive(Default)]
struct Found {
    checks: Vec<Check>,
    warm: bool,
    draining: bool,
}

impl Readiness {
    /// Not ready until [`Readiness::look`] has found everything well and caches are warm.
    #[must_use]
    pub fn new(store: Arc<dyn StoreHealth>) -> Self {
        Self { store, found: RwLock::default() }
    }

    /// Caches hold what the first visitors ask for.
    pub fn caches_are_warm(&self) {
        self.found.write().warm = true;
    }

    /// No more requests, please.
    pub fn start_draining(&self) {
        self.found.write().draining = true;
    }

    /// Looks at everything that this process depends on.
    pub async fn look(&self) {
        let checks = self.store_checks().await;
        self.found.write().checks = checks;
    }

    /// Whether requests should be sent here.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        let found = self.found.read();
        found.warm && !found.draining && !found.checks.is_empty() && found.checks.iter().all(|check| check.ok)
    }

    /// Each dependency by name, as it was last found.
    #[must_use]
    pub fn checks(&self) -> Vec<Check> {
        let found = self.found.read();
        let warm = Check { name: "caches", ok: found.warm, detail: said(found.warm, "warm", "not warm yet") };
        let draining = Check { name: "draining", ok: !found.draining, detail: said(!found.draining, "no", "yes") };
        found.checks.iter().cloned().chain([warm, draining]).collect()
    }

    async fn store_checks(&self) -> Vec<Check> {
        match self.store.status().await {
            Ok(status) => vec![
                Check { name: "database", ok: true, detail: "answers".to_owned() },
                Check {
                    name: "schema",
                    ok: status.schema_current,
                    detail: said(
                        status.schema_current,
                        "current",
                        "not the one this program needs; run `onsale migrate`",
                    ),
                },
                clock_check(&status),
            ],
            Err(Unavailable { cause }) => vec![Check { name: "database", ok: false, detail: cause }],
        }
    }
}

/// Not well only when the clock is certainly off: an answer that took long says little about clocks, and a slow store
/// must not take every replica away at once.
fn clock_check(status: &StoreStatus) -> Check {
    let uncertain = status.round_trip / 2;
    let (ahead_ms, uncertain_ms) = (status.clock_skew.num_milliseconds(), uncertain.num_milliseconds());
    Check {
        name: "clock",
        ok: status.clock_skew.abs() - uncertain <= CLOCK_SKEW_LIMIT,
        detail: format!("the database's clock is {ahead_ms} ms ahead, give or take {uncertain_ms} ms"),
    }
}

fn said(well: bool, yes: &str, no: &str) -> String {
    if well { yes.to_owned() } else { no.to_owned() }
}
