use std::path::PathBuf;

use onsale_domain::money::Currency;
use onsale_http::HttpSettings;
use onsale_telemetry::LogSettings;
use serde::{Deserialize, Serialize};

use super::Hidden;

/// The embedded database's file within the data folder.
const EMBEDDED_DATABASE_FILE: &str = "onsale.sqlite";

/// Everything an operator can set.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Configuration {
    /// Folder of the embedded database and of the keys that are made for it. Default `onsale-data`.
    pub(crate) data_folder: PathBuf,
    /// `mysql://user:password@host:port/database`; empty for the embedded SQLite database in the data folder.
    pub(crate) database_url: Hidden,
    /// `mysql://user:password@host:port/database` of a read-only copy of the database, for reading the catalogue while it
    /// is no further behind than what this process knows. Empty when there is none.
    pub(crate) database_read_url: Hidden,
    /// `redis://host:port`, for several replicas on one MySQL: where the lines of waiting rooms and the alarms of holds are
    /// kept, and what replicas tell each other. Empty for one process, which keeps all of it in its memory.
    pub(crate) redis_url: Hidden,
    /// A file with the certificates, in PEM, of the authorities that a `rediss://` Redis is signed by. Empty for those
    /// that this machine trusts.
    pub(crate) redis_ca_file: PathBuf,
    /// The currency of points, an ISO 4217 code. Default `KRW`. Prices of performances must be in it.
    pub(crate) currency: Currency,
    /// The listeners.
    pub(crate) http: HttpSettings,
    /// Connections to the database.
    pub(crate) database: Database,
    /// Where concurrent commands on the same hot rows meet.
    pub(crate) lanes: Lanes,
    /// Access tokens and sessions.
    pub(crate) tokens: Tokens,
    /// Hashing of passwords.
    pub(crate) passwords: Passwords,
    /// Holds.
    pub(crate) holds: Holds,
    /// Buying points.
    pub(crate) charges: Charges,
    /// `onsale audit`.
    pub(crate) audit: Audit,
    /// Log lines, on standard error.
    pub(crate) log: LogSettings,
}

impl Default for Configuration {
    fn default() -> Self {
        Self {
            data_folder: PathBuf::from("onsale-data"),
            database_url: Hidden::default(),
            database_read_url: Hidden::default(),
            redis_url: Hidden::default(),
            redis_ca_file: PathBuf::new(),
            currency: Currency::parse("KRW").expect("an ISO 4217 code"),
            http: HttpSettings::default(),
            database: Database::default(),
            lanes: Lanes::default(),
            tokens: Tokens::default(),
            passwords: Passwords::default(),
            holds: Holds::default(),
            charges: Charges::default(),
            audit: Audit::default(),
            log: LogSettings::default(),
        }
    }
}

impl Configuration {
    /// Whether the database is the embedded one.
    #[must_use]
    pub(crate) fn is_embedded(&self) -> bool {
        self.database_url.is_empty()
    }

    /// The file of the embedded database.
    #[must_use]
    pub(crate) fn embedded_database(&self) -> PathBuf {
        self.data_folder.join(EMBEDDED_DATABASE_FILE)
    }
}

/// Connections to the database.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Database {
    /// Connections of the lanes to MySQL: how many groups commit at once. Default 16; SQLite always has one writer.
    pub(crate) lane_connections: u32,
    /// Connections that read. Default 16 on MySQL and 4 on SQLite when 0.
    pub(crate) read_connections: u32,
    /// Milliseconds to wait for a free connection. Default 5,000: longer than any group, shorter than a client's
    /// patience.
    pub(crate) acquire_timeout_ms: u64,
}

impl Default for Database {
    fn default() -> Self {
        Self { lane_connections: 16, read_connections: 0, acquire_timeout_ms: 5_000 }
    }
}

/// Where concurrent commands on the same hot rows meet and commit as a group.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::struct_field_names, reason = "the settings are called `lanes.lanes` and so on")]
pub(crate) struct Lanes {
    /// Commands of one group at most. Default 256: beyond it statements grow without committing cheaper.
    pub(crate) group: usize,
    /// Groups of one lane that are settled at once. Default 1; more only makes sense to measure groups of one.
    pub(crate) in_flight: usize,
    /// Commands that wait in one lane at most; beyond it the answer is `busy`. Default 16,384: about a second's work.
    pub(crate) queue: usize,
    /// Lanes that live at once. Default 4,096: a lane lives only while it has work.
    pub(crate) lanes: usize,
}

impl Default for Lanes {
    fn default() -> Self {
        Self { group: 256, in_flight: 1, queue: 16_384, lanes: 4_096 }
    }
}

/// Access tokens and sessions.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Tokens {
    /// The secret that keys are derived from, 32 bytes or more, the same on every replica. Empty only with the embedded
    /// database, which makes its own and keeps it in the data folder with mode 0600.
    pub(crate) secret: Hidden,
    /// Earlier secrets, whose tokens are still accepted; for changing the secret without signing anybody out.
    pub(crate) previous_secrets: Vec<Hidden>,
    /// Seconds an access token is good. Default 900: it cannot be taken back, so it is short.
    pub(crate) access_seconds: u32,
    /// Days a session lives without being refreshed. Default 30: longer than any queue.
    pub(crate) session_days: u32,
}

impl Default for Tokens {
    fn default() -> Self {
        Self { secret: Hidden::default(), previous_secrets: Vec::new(), access_seconds: 900, session_days: 30 }
    }
}

/// Hashing of passwords with argon2id.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Passwords {
    /// Threads that hash. Default 1: one hash costs 11 ms of a core, and everything else must stay fast.
    pub(crate) threads: usize,
    /// Passwords that wait at most; beyond it the answer is `busy`. Default 256: about three seconds of one thread.
    pub(crate) queue: usize,
}

impl Default for Passwords {
    fn default() -> Self {
        Self { threads: 1, queue: 256 }
    }
}

/// Holds.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Holds {
    /// Live holds of one customer at most, over all performances. Default 2: against hoarding.
    pub(crate) open_per_customer: u32,
    /// Seconds between sweeps that re-arm from SQL what the alarm clock has lost. Default 30.
    pub(crate) sweep_seconds: u32,
    /// Alarms kept in memory at most, without `redis_url`. Default 2,000,000: about 200 MB; the sweep arms what did not fit.
    pub(crate) alarms: usize,
}

impl Default for Holds {
    fn default() -> Self {
        Self { open_per_customer: 2, sweep_seconds: 30, alarms: 2_000_000 }
    }
}

/// Buying points.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Charges {
    /// Whether the method `test`, which gives points for nothing, is allowed. Default false; `--demo` allows it.
    pub(crate) test: bool,
}

/// `onsale audit`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Audit {
    /// Seconds for all invariants together; what is not proved by then is reported as unfinished. Default 600.
    pub(crate) seconds: u32,
    /// Violations of one invariant to name. Default 100.
    pub(crate) violations: u32,
}

impl Default for Audit {
    fn default() -> Self {
        Self { seconds: 600, violations: 100 }
    }
}
