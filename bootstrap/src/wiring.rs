//! Which adapter stands behind which port.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use onsale_application::accounts::{RegisterAccount, Sessions, TokenLifetimes};
use onsale_application::availability::{AvailabilityBoard, BoardLimits};
use onsale_application::booking::{
    DescribeReservations, HoldSeats, PayReservation, ReadBookings, RefundReservation, ReleaseHold,
};
use onsale_application::catalogue::{Browse, EditCatalogue};
use onsale_application::coupons::CampaignBoard;
use onsale_application::points::{ChargePoints, ReadPoints};
use onsale_application::ports::{
    Accounts, BoxOffice, Bus, Cashier, CatalogueEditor, CatalogueReader, ChargeProvider, Clock, Context, CouponOffice,
    HelperHealth, HoldTimer, Passwords, QueueSeals, Seals,
};
use onsale_application::readiness::Readiness;
use onsale_cache::{CacheSettings, CachedCatalogue};
use onsale_crypto::{
    ArgonPasswords, PasswordSettings, QueueTokenSeals, SealSettings, SystemClock, TokenSeals, UuidIds,
};
use onsale_domain::box_office::Limits;
use onsale_http::UseCases;
use onsale_local::TestCharges;
use onsale_redis::RedisBus;
use onsale_sql::{
    CatalogueCopy, Database, DatabaseSettings, SqlAccounts, SqlAudit, SqlCatalogue, SqlCoupons, SqlError, SqlHealth,
    SqlPassKeys, SqlPurge, SqlRooms, SqlSales, SqlTenants,
};
use onsale_support::lanes::LaneLimits;
use tracing::warn;

use crate::configuration::Configuration;
use crate::failure::Failure;
use crate::keys;

mod alarms;
mod coupons;
mod rooms;
mod shared;

use alarms::Alarms;
use coupons::Coupons;
use rooms::RoomStores;
pub(crate) use rooms::RoomTasks;
use shared::{Shared, redis};

/// Who signs access tokens, and for whom.
const ISSUER: &str = "onsale";
const AUDIENCE: &str = "onsale-api";

/// Everything, put together.
pub(crate) struct Wired {
    /// What the API can be asked to do.
    pub(crate) use_cases: Arc<UseCases>,
    /// The catalogue's cache, which must run.
    pub(crate) catalogue: Arc<CachedCatalogue>,
    /// The alarm clock of holds.
    pub(crate) alarms: Alarms,
    /// The seats.
    pub(crate) box_office: Arc<dyn BoxOffice>,
    /// The accounts.
    pub(crate) accounts: Arc<dyn Accounts>,
    /// What removes old rows.
    pub(crate) purge: SqlPurge,
    /// The coupon campaigns.
    pub(crate) campaigns: Arc<CampaignBoard>,
    /// What keeps waiting rooms going.
    pub(crate) rooms: RoomTasks,
    /// What hears other replicas, when there is a Redis.
    pub(crate) redis_bus: Option<Arc<RedisBus>>,
    sql_rooms: Arc<SqlRooms>,
    sql_coupons: Arc<SqlCoupons>,
    sales: Arc<SqlSales>,
    database: Database,
    /// The read-only database, when there is one.
    copy: Option<Arc<CatalogueCopy>>,
}

impl Wired {
    /// The databases, to look at their connections: the one that is written, and the one that is only read.
    #[must_use]
    pub(crate) fn databases(&self) -> (Database, Option<Database>) {
        (self.database.clone(), self.copy.as_ref().map(|copy| copy.database().clone()))
    }

    /// Flushes the lanes and closes the connections, for `limit` at most.
    pub(crate) async fn close(&self, limit: Duration) {
        let closing = async {
            tokio::join!(self.sales.drain(), self.sql_coupons.drain(), self.sql_rooms.drain());
            self.alarms.drain().await;
            if let Some(copy) = &self.copy {
                copy.database().close().await;
            }
            self.database.close().await;
        };
        if tokio::time::timeout(limit, closing).await.is_err() {
            warn!(?limit, "lanes and connections did not close in time");
        }
    }
}

/// Connects to the database; the embedded one is made when it is missing.
///
/// # Errors
/// [`Failure`].
pub(crate) async fn database(configuration: &Configuration) -> Result<Database, Failure> {
    let url = if configuration.is_embedded() {
        keys::make_data_folder(&configuration.data_folder)?;
        format!("sqlite://{}", configuration.embedded_database().display())
    } else {
        configuration.database_url.reveal().to_owned()
    };
    let settings = database_settings(configuration, url);
    let connected = Database::connect(&settings).await;
    connected.map_err(|error| if configuration.is_embedded() { error.into() } else { wrong_url("database_url", error) })
}

/// The read-only copy of the database, which is connected to when it is needed.
fn copy(
    configuration: &Configuration,
    context: &Context,
    bus: &dyn Bus,
) -> Result<Option<Arc<CatalogueCopy>>, Failure> {
    let url = configuration.database_read_url.reveal();
    if url.is_empty() {
        return Ok(None);
    }
    let settings = database_settings(configuration, url.to_owned());
    let database = Database::read_only(&settings).map_err(|error| wrong_url("database_read_url", error))?;
    Ok(Some(Arc::new(CatalogueCopy::new(database, context.clone(), bus))))
}

/// A URL that the configuration's own checks took and the database does not.
fn wrong_url(setting: &str, error: SqlError) -> Failure {
    match error {
        SqlError::Settings(reason) => Failure::because(format!("setting `{setting}`: {reason}")),
        error => error.into(),
    }
}

fn database_settings(configuration: &Configuration, url: String) -> DatabaseSettings {
    let defaults = DatabaseSettings::new(url);
    let chosen = |wanted: u32, default: u32| if wanted == 0 { default } else { wanted };
    let limits = &configuration.database;
    DatabaseSettings {
        lane_connections: limits.lane_connections,
        read_connections: chosen(limits.read_connections, defaults.read_connections),
        sqlite_readers: chosen(limits.read_connections, defaults.sqlite_readers),
        acquire_timeout: Duration::from_millis(limits.acquire_timeout_ms),
        ..defaults
    }
}

/// Time and identities of this machine.
#[must_use]
pub(crate) fn context() -> Context {
    Context::new(Arc::new(SystemClock), Arc::new(UuidIds))
}

/// What proves the invariants.
#[must_use]
pub(crate) fn audit(database: &Database, configuration: &Configuration) -> SqlAudit {
    let time_limit = Duration::from_secs(configuration.audit.seconds.into());
    SqlAudit::new(database.clone(), context(), limits(configuration), time_limit)
}

/// The alarm clock that replicas share, if there is one: that of a single process is in its memory.
///
/// # Errors
/// [`Failure`] when `redis_url` is wrong.
pub(crate) fn shared_timer(configuration: &Configuration) -> Result<Option<Arc<dyn HoldTimer>>, Failure> {
    let timer = |redis| Alarms::new(configuration, Some(redis), Arc::new(SystemClock), context()).timer;
    Ok(redis(configuration)?.map(timer))
}

fn limits(configuration: &Configuration) -> Limits {
    Limits { open_holds_per_customer: configuration.holds.open_per_customer }
}

/// Puts everything together on `database`.
///
/// # Errors
/// [`Failure`] when a secret cannot be read or threads cannot be started.
pub(crate) fn wire(configuration: &Configuration, database: Database) -> Result<Wired, Failure> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let context = context();
    let redis = redis(configuration)?;
    let Shared { places, bus, cache, redis_bus, redis_health } = Shared::new(redis.clone());
    let copy = copy(configuration, &context, &*bus)?;
    let sql_catalogue = SqlCatalogue::new(database.clone(), context.clone(), bus.clone());
    let sql_catalogue = Arc::new(match &copy {
        Some(copy) => sql_catalogue.with_copy(copy.clone()),
        None => sql_catalogue,
    });
    let settings = CacheSettings { l1: configuration.cache.l1, ..CacheSettings::default() };
    let catalogue = Arc::new(CachedCatalogue::new(sql_catalogue.clone(), bus.clone(), cache, &clock, settings));
    let sales = Arc::new(SqlSales::new(
        database.clone(),
        context.clone(),
        bus.clone(),
        limits(configuration),
        lane_limits(configuration),
    ));
    let alarms = Alarms::new(configuration, redis, clock.clone(), context.clone());
    let stores = Stores {
        catalogue: catalogue.clone(),
        editor: sql_catalogue,
        box_office: sales.clone(),
        cashier: sales.clone(),
        accounts: Arc::new(SqlAccounts::new(database.clone())),
        timer: alarms.timer.clone(),
        bus: bus.clone(),
        context: context.clone(),
    };
    let sql_coupons =
        Arc::new(SqlCoupons::new(database.clone(), context.clone(), bus.clone(), lane_limits(configuration)));
    let office: Arc<dyn CouponOffice> = sql_coupons.clone();
    let coupons = coupons::wire(&office, bus.clone(), &context);
    let campaigns = coupons.board.clone();
    let sql_rooms = Arc::new(SqlRooms::new(database.clone(), context.clone(), bus.clone(), lane_limits(configuration)));
    let queue_seals: Arc<dyn QueueSeals> = Arc::new(QueueTokenSeals::new(&seal_settings(configuration)?));
    let room_stores = RoomStores {
        rooms: sql_rooms.clone(),
        draws: sql_rooms.clone(),
        tenants: Arc::new(SqlTenants::new(database.clone(), context.clone())),
        keys: Arc::new(SqlPassKeys::new(database.clone())),
        places,
        seals: queue_seals,
        catalogue: catalogue.clone(),
        bus,
        context: context.clone(),
    };
    let copy_health = copy.clone().map(|copy| copy as Arc<dyn HelperHealth>);
    let helpers = redis_health.into_iter().chain(copy_health).collect();
    let store_health = Arc::new(SqlHealth::new(database.clone(), context.clone()));
    let readiness = Arc::new(Readiness::new(store_health, helpers, context.clone()));
    let (use_cases, rooms) = use_cases(configuration, &stores, &room_stores, coupons, readiness, clock)?;
    Ok(Wired {
        use_cases: Arc::new(use_cases),
        campaigns,
        rooms,
        redis_bus,
        sql_rooms,
        sql_coupons,
        catalogue,
        alarms,
        box_office: sales.clone(),
        accounts: stores.accounts,
        purge: SqlPurge::new(database.clone(), context),
        sales,
        database,
        copy,
    })
}

struct Stores {
    catalogue: Arc<dyn CatalogueReader>,
    editor: Arc<dyn CatalogueEditor>,
    box_office: Arc<dyn BoxOffice>,
    cashier: Arc<dyn Cashier>,
    accounts: Arc<dyn Accounts>,
    timer: Arc<dyn HoldTimer>,
    bus: Arc<dyn Bus>,
    context: Context,
}

fn use_cases(
    configuration: &Configuration,
    stores: &Stores,
    room_stores: &RoomStores,
    coupons: Coupons,
    readiness: Arc<Readiness>,
    clock: Arc<dyn Clock>,
) -> Result<(UseCases, RoomTasks), Failure> {
    let Stores { catalogue, editor, box_office, cashier, accounts, timer, bus, context } = stores;
    let (catalogue, box_office, cashier) = (|| catalogue.clone(), || box_office.clone(), || cashier.clone());
    let (accounts, timer, context) = (|| accounts.clone(), || timer.clone(), || context.clone());
    let passwords = passwords(configuration)?;
    let seals = seals(configuration, clock)?;
    let (rooms, tasks, admissions) = rooms::wire(room_stores);
    let use_cases = UseCases {
        register: RegisterAccount::new(accounts(), passwords.clone(), context()),
        sessions: Sessions::new(accounts(), passwords, seals.clone(), lifetimes(configuration), context()),
        browse: Browse::new(catalogue()),
        edit: EditCatalogue::new(editor.clone(), catalogue(), configuration.currency, context()),
        availability: Arc::new(AvailabilityBoard::new(
            catalogue(),
            box_office(),
            bus.clone(),
            BoardLimits::default(),
            context(),
        )),
        hold: HoldSeats::new(catalogue(), box_office(), timer(), admissions.clone(), context()),
        release: ReleaseHold::new(box_office(), timer()),
        pay: PayReservation::new(box_office(), cashier(), timer(), catalogue(), admissions.clone(), context()),
        refund: RefundReservation::new(box_office(), cashier(), context()),
        bookings: ReadBookings::new(box_office(), cashier()),
        describe: DescribeReservations::new(catalogue(), context()),
        charge: ChargePoints::new(cashier(), charge_providers(configuration), context()),
        points: ReadPoints::new(cashier()),
        campaigns: coupons.manage,
        issue_coupon: coupons.issue,
        coupons: coupons.read,
        readiness,
        seals,
        context: context(),
        currency: configuration.currency,
        rooms: rooms.manage,
        tenants: rooms.tenants,
        enter: rooms.enter,
        leave: rooms.leave,
        place: rooms.place,
        by_hand: rooms.by_hand,
        verify: rooms.verify,
        end_pass: rooms.end_pass,
        draw: rooms.draw,
        admissions,
        board: tasks.board.clone(),
        queue_seals: room_stores.seals.clone(),
    };
    Ok((use_cases, tasks))
}

fn lane_limits(configuration: &Configuration) -> LaneLimits {
    let lanes = &configuration.lanes;
    LaneLimits { group: lanes.group, in_flight: lanes.in_flight, queue: lanes.queue, lanes: lanes.lanes }
}

fn lifetimes(configuration: &Configuration) -> TokenLifetimes {
    TokenLifetimes {
        access: TimeDelta::seconds(configuration.tokens.access_seconds.into()),
        session: TimeDelta::days(configuration.tokens.session_days.into()),
    }
}

fn charge_providers(configuration: &Configuration) -> Vec<Arc<dyn ChargeProvider>> {
    if configuration.charges.test { vec![Arc::new(TestCharges)] } else { Vec::new() }
}

fn passwords(configuration: &Configuration) -> Result<Arc<dyn Passwords>, Failure> {
    let settings = PasswordSettings {
        threads: not_zero(configuration.passwords.threads),
        queue: configuration.passwords.queue,
        ..PasswordSettings::default()
    };
    Ok(Arc::new(ArgonPasswords::new(settings).map_err(Failure::because)?))
}

fn seals(configuration: &Configuration, clock: Arc<dyn Clock>) -> Result<Arc<dyn Seals>, Failure> {
    Ok(Arc::new(TokenSeals::new(&seal_settings(configuration)?, clock)))
}

fn seal_settings(configuration: &Configuration) -> Result<SealSettings, Failure> {
    let (secret, previous_secrets) = keys::token_secrets(configuration)?;
    Ok(SealSettings { issuer: ISSUER.to_owned(), audience: AUDIENCE.to_owned(), secret, previous_secrets })
}

/// The configuration was checked: such a number is never zero.
fn not_zero(number: usize) -> NonZeroUsize {
    NonZeroUsize::new(number).unwrap_or(NonZeroUsize::MIN)
}
