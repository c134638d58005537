//! What runs beside the requests.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use onsale_application::coupons::CampaignBoard;
use onsale_application::ports::{Accounts, ConcertFilter, Context, Unavailable};
use onsale_application::tidying::{SweepHolds, TidyHolds};
use onsale_cache::CachedCatalogue;
use onsale_sql::{Database, PoolUse, SqlPurge};
use onsale_support::supervise::Supervisor;
use onsale_telemetry::{MetricsHandle, pool_connections};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::configuration::Configuration;
use crate::room_figures;
use crate::wiring::{RoomTasks, Wired};

/// How often readiness is looked at.
const LOOK: Duration = Duration::from_secs(1);
/// The size of the page that visitors ask for first.
const FIRST_PAGE: u32 = 20;
/// How often metrics are kept up.
const UPKEEP: Duration = Duration::from_secs(1);
/// How often keys for passes are looked at: a replica knows a new one long before it signs.
const KEYS: Duration = Duration::from_secs(10);
/// How often old rows are purged.
const PURGE: Duration = Duration::from_mins(1);
/// Rows purged in one transaction: small, so that nobody waits.
const PURGE_BATCH: u32 = 500;
/// Answering alarms with two hands: one leases while the other tidies.
const TIDIERS: [&str; 2] = ["tidy_holds_1", "tidy_holds_2"];

/// Starts everything that runs beside the requests.
pub(crate) fn start(supervisor: &Supervisor, wired: &Wired, configuration: &Configuration, metrics: &MetricsHandle) {
    for name in TIDIERS {
        let tidier = Arc::new(TidyHolds::new(wired.alarms.timer.clone(), wired.box_office.clone()));
        supervisor.run(name, move |shutdown| {
            let tidier = tidier.clone();
            async move { tidier.run(shutdown.cancelled()).await }
        });
    }
    start_hearing_alarms(supervisor, wired);
    start_sweep(supervisor, wired, Duration::from_secs(configuration.holds.sweep_seconds.into()));
    start_following(supervisor, wired);
    start_catalogue(supervisor, &wired.catalogue);
    start_readiness(supervisor, wired);
    start_campaigns(supervisor, &wired.campaigns);
    start_rooms(supervisor, wired);
    start_purge(supervisor, wired.purge.clone(), wired.accounts.clone(), wired.use_cases.context.clone());
    start_upkeep(supervisor, wired.databases(), metrics.clone());
}

fn start_upkeep(supervisor: &Supervisor, (database, copy): (Database, Option<Database>), metrics: MetricsHandle) {
    every(supervisor, "metrics_upkeep", UPKEEP, move || {
        if let Some([_, PoolUse { open, idle, limit, .. }]) = copy.as_ref().map(Database::pools) {
            pool_connections("read_only", open, idle, limit);
        }
        for PoolUse { pool, open, idle, limit } in database.pools() {
            pool_connections(pool, open, idle, limit);
        }
        metrics.upkeep();
        async { Ok::<(), Infallible>(()) }
    });
}

/// Alarms that other replicas set wake this one.
fn start_hearing_alarms(supervisor: &Supervisor, wired: &Wired) {
    if let Some(timer) = wired.alarms.redis.clone() {
        supervisor.run("hear_alarms", move |shutdown| {
            let timer = timer.clone();
            async move { timer.run(shutdown).await }
        });
    }
}

/// Arms what ends before the next sweep but one, at start and from then on, and at once when alarms were lost.
fn start_sweep(supervisor: &Supervisor, wired: &Wired, pause: Duration) {
    let context = wired.use_cases.context.clone();
    let timer = wired.alarms.timer.clone();
    let sweep = Arc::new(SweepHolds::new(timer.clone(), wired.box_office.clone(), context));
    let horizon = TimeDelta::from_std(pause * 2).unwrap_or(TimeDelta::hours(1));
    let lost = move || {
        let timer = timer.clone();
        async move { timer.lost().await }
    };
    every_or_when(supervisor, "sweep_holds", pause, lost, move || {
        let sweep = sweep.clone();
        async move { sweep.execute(horizon).await.map(|_| ()) }
    });
}

fn start_following(supervisor: &Supervisor, wired: &Wired) {
    let board = wired.use_cases.availability.clone();
    supervisor.run("follow_seats", move |shutdown| {
        let board = board.clone();
        async move {
            shutdown.run_until_cancelled(board.follow()).await;
            Ok::<(), Infallible>(())
        }
    });
}

fn start_catalogue(supervisor: &Supervisor, catalogue: &Arc<CachedCatalogue>) {
    let catalogue = catalogue.clone();
    supervisor.run("follow_catalogue", move |shutdown| {
        let catalogue = catalogue.clone();
        async move {
            catalogue.run(shutdown).await;
            Ok::<(), Infallible>(())
        }
    });
}

fn start_readiness(supervisor: &Supervisor, wired: &Wired) {
    let readiness = wired.use_cases.readiness.clone();
    let catalogue = wired.catalogue.clone();
    supervisor.run("warm_caches", move |_| {
        let (readiness, catalogue) = (readiness.clone(), catalogue.clone());
        async move {
            catalogue.warm(&ConcertFilter { limit: FIRST_PAGE, ..ConcertFilter::default() }).await?;
            readiness.caches_are_warm();
            info!("caches are warm");
            Ok::<(), Unavailable>(())
        }
    });
    let readiness = wired.use_cases.readiness.clone();
    every(supervisor, "readiness", LOOK, move || {
        let readiness = readiness.clone();
        async move {
            readiness.look().await;
            Ok::<(), Infallible>(())
        }
    });
}

/// Follows what changes about coupon campaigns, and learns who has the coupons of exhausted ones.
fn start_campaigns(supervisor: &Supervisor, board: &Arc<CampaignBoard>) {
    let followed = board.clone();
    supervisor.run("follow_campaigns", move |shutdown| {
        let board = followed.clone();
        async move {
            shutdown.run_until_cancelled(board.follow()).await;
            Ok::<(), Infallible>(())
        }
    });
    let remembered = board.clone();
    supervisor.run("remember_coupon_owners", move |shutdown| {
        let board = remembered.clone();
        async move {
            shutdown.run_until_cancelled(board.remember_owners()).await;
            Ok::<(), Infallible>(())
        }
    });
}

/// Follows, lets in, signs, and tidies.
fn start_rooms(supervisor: &Supervisor, wired: &Wired) {
    let RoomTasks { board, ticking, keys, rooms } = wired.rooms.clone();
    room_figures::describe();
    let (followed, figures) = (board.clone(), board);
    supervisor.run("follow_rooms", move |shutdown| {
        let board = followed.clone();
        async move {
            board.look().await?;
            shutdown.run_until_cancelled(board.follow()).await;
            Ok::<(), Unavailable>(())
        }
    });
    supervisor.run("tick_rooms", move |shutdown| {
        let ticking = ticking.clone();
        async move {
            shutdown.run_until_cancelled(ticking.run()).await;
            Ok::<(), Infallible>(())
        }
    });
    every(supervisor, "pass_keys", KEYS, move || {
        let keys = keys.clone();
        async move { keys.execute().await }
    });
    let context = wired.use_cases.context.clone();
    let now = context.clone();
    every(supervisor, "purge_rooms", PURGE, move || {
        let (rooms, now) = (rooms.clone(), now.now());
        async move {
            while rooms.purge(now, PURGE_BATCH).await? > 0 {}
            Ok::<(), Unavailable>(())
        }
    });
    every(supervisor, "room_figures", UPKEEP, move || {
        room_figures::publish(&figures, context.now());
        async { Ok::<(), Infallible>(()) }
    });
    if let Some(bus) = wired.redis_bus.clone() {
        supervisor.run("hear_replicas", move |shutdown| {
            let bus = bus.clone();
            async move { bus.run(shutdown).await }
        });
    }
}

fn start_purge(supervisor: &Supervisor, purge: SqlPurge, accounts: Arc<dyn Accounts>, context: Context) {
    every(supervisor, "purge", PURGE, move || {
        let (purge, accounts, context) = (purge.clone(), accounts.clone(), context.clone());
        async move {
            let now = context.now();
            while purge.idempotency_keys(PURGE_BATCH).await? > 0 {}
            while accounts.purge_sessions(now, PURGE_BATCH).await? > 0 {}
            Ok::<(), Unavailable>(())
        }
    });
}

/// Does `work` now and then after every `pause`. Work that fails is logged and done again after the next pause.
fn every<F, R, E>(supervisor: &Supervisor, name: &'static str, pause: Duration, work: F)
where
    F: Fn() -> R + Send + Sync + 'static,
    R: Future<Output = Result<(), E>> + Send,
    E: std::fmt::Display + Send,
{
    every_or_when(supervisor, name, pause, std::future::pending, work);
}

/// The same, and without waiting for the end of a pause in which `call` is over.
fn every_or_when<F, R, E, C, W>(supervisor: &Supervisor, name: &'static str, pause: Duration, call: C, work: F)
where
    F: Fn() -> R + Send + Sync + 'static,
    R: Future<Output = Result<(), E>> + Send,
    E: std::fmt::Display + Send,
    C: Fn() -> W + Send + Sync + 'static,
    W: Future<Output = ()> + Send,
{
    let (work, call) = (Arc::new(work), Arc::new(call));
    supervisor.run(name, move |shutdown: CancellationToken| {
        let (work, call) = (work.clone(), call.clone());
        async move {
            loop {
                if let Err(error) = work().await {
                    warn!(task = name, %error, "the work will be done again");
                }
                tokio::select! {
                    () = shutdown.cancelled() => return Ok::<(), Infallible>(()),
                    () = tokio::time::sleep(pause) => {}
                    () = call() => {}
                }
            }
        }
    });
}
