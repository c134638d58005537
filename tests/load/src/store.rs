//! The databases that benchmarks run on, and what is asked of them directly.

use std::{path::Path, time::Duration};

use clap::ValueEnum;
use onsale_domain::{
    account::Role,
    ids::{AccountId, WaitingRoomId},
};
use onsale_sql::{Database, DatabaseSettings, Statement};
use onsale_test_servers::{self as servers, MysqlServer};
use tempfile::TempDir;
use uuid::Uuid;

use crate::{
    Failure, commit_delay,
    customers::{self, Customer, Kind, Tokens},
    visitors::PlaceTokens,
};

/// Settings of a server, as variables of its environment.
pub type Settings = Vec<(&'static str, String)>;

/// Which database a benchmark runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum StoreKind {
    /// A MySQL or MariaDB server, durable with every commit.
    Mysql,
    /// The embedded SQLite.
    Sqlite,
}

impl StoreKind {
    /// Its name in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mysql => "mysql",
            Self::Sqlite => "sqlite",
        }
    }
}

/// Where databases come from.
pub struct Stores {
    mysql: Option<MysqlServer>,
    commit_delay: Duration,
}

impl Stores {
    /// Starts a database server if `kind` needs one. Each commit on it takes `commit_delay` longer.
    ///
    /// # Errors
    /// When there is no database server; the message says what to install.
    pub async fn start(kind: StoreKind, commit_delay: Duration) -> Result<Self, Failure> {
        let mysql = match kind {
            StoreKind::Mysql => Some(servers::start_mysql().await?),
            StoreKind::Sqlite => None,
        };
        Ok(Self { mysql, commit_delay })
    }

    /// An empty database with the current schema and an operator.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn create(&self) -> Result<Store, Failure> {
        let folder = tempfile::tempdir()?;
        let mut settings = embedded(folder.path());
        let (mysql, url) = match &self.mysql {
            Some(server) => {
                let database = server.fresh_database().await;
                let url = database.url().to_owned();
                let seen = if self.commit_delay.is_zero() {
                    url.clone()
                } else {
                    commit_delay::open(&url, self.commit_delay)?
                };
                settings.push(("ONSALE_DATABASE_URL", seen));
                (Some(database), url)
            }
            None => (None, format!("sqlite://{}", folder.path().join("onsale.sqlite").display())),
        };
        let database = Database::connect(&DatabaseSettings::new(url)).await?;
        database.migrate().await?;
        let operator = customers::add(&database, 1, Kind { role: Role::Operator, ..Kind::CUSTOMER }).await?[0];
        let tokens = Tokens::new(SECRET)?;
        let operator = tokens.authorization(operator, Role::Operator);
        Ok(Store { settings, database, tokens, operator, _mysql: mysql, _folder: folder })
    }
}

/// The tokens' secret of every measured server; what it protects lives for minutes.
const SECRET: &str = "the secret of a server that lives as long as its benchmark";

/// What every measured server is told: any free ports, no limit per client address, and the embedded database in
/// `folder`.
#[must_use]
pub fn embedded(folder: &Path) -> Settings {
    vec![
        ("ONSALE_HTTP__LISTEN", "127.0.0.1:0".to_owned()),
        ("ONSALE_HTTP__ADMIN_LISTEN", "127.0.0.1:0".to_owned()),
        ("ONSALE_HTTP__LIMITS__CLIENT_CONNECTIONS", "20000".to_owned()),
        ("ONSALE_HTTP__LIMITS__CLIENT_REQUESTS_PER_SECOND", "0".to_owned()),
        ("ONSALE_HTTP__LIMITS__CLIENT_PASSWORD_REQUESTS_PER_MINUTE", "0".to_owned()),
        ("ONSALE_DATA_FOLDER", folder.display().to_string()),
        ("ONSALE_TOKENS__SECRET", SECRET.to_owned()),
    ]
}

/// One database.
pub struct Store {
    /// How a server uses it.
    pub settings: Settings,
    /// The database itself.
    pub database: Database,
    /// Tokens that its servers accept.
    pub tokens: Tokens,
    /// The `Authorization` of its operator.
    pub operator: String,
    _mysql: Option<servers::Database>,
    _folder: TempDir,
}

impl Store {
    /// The database's address as its servers use it.
    #[must_use]
    pub fn url(&self) -> Option<&str> {
        self.settings.iter().find(|(name, _)| *name == "ONSALE_DATABASE_URL").map(|(_, url)| url.as_str())
    }

    /// Tokens for places in a waiting room, as its servers make them.
    ///
    /// # Errors
    /// When the secret is too short.
    pub fn place_tokens(&self, room: WaitingRoomId) -> Result<PlaceTokens, Failure> {
        Ok(PlaceTokens::new(SECRET, room)?)
    }

    /// How far a waiting room has come: one of the numbers of its row.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn room_number(&self, room: WaitingRoomId, column: &str) -> Result<u64, Failure> {
        self.first(Statement::new(format!("SELECT {column} FROM waiting_rooms WHERE room_id = ?")).bind(room)).await
    }

    /// How many visitors of a waiting room have used their pass.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn claimed_of(&self, room: WaitingRoomId) -> Result<u64, Failure> {
        let text = "SELECT COUNT(*) FROM room_visits WHERE room_id = ? AND claimed_at IS NOT NULL";
        self.first(Statement::new(text).bind(room)).await
    }

    /// Adds so many customers without points.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn add_customers(&self, count: usize) -> Result<Vec<AccountId>, Failure> {
        customers::add(&self.database, count, Kind::CUSTOMER).await
    }

    /// Adds so many customers and signs them in.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn signed_in(&self, count: usize) -> Result<Vec<Customer>, Failure> {
        Ok(self.tokens.sign_in(&self.add_customers(count).await?))
    }

    /// How many reservations of a performance there are.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn reservations_of(&self, performance: &str) -> Result<u64, Failure> {
        self.count_of("SELECT COUNT(*) FROM reservations WHERE performance_id = ?", performance).await
    }

    /// How many reservations of a performance were tidied after their end.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn expired_of(&self, performance: &str) -> Result<u64, Failure> {
        self.count_of("SELECT COUNT(*) FROM reservations WHERE performance_id = ? AND status = 3", performance).await
    }

    /// How many coupons of a campaign there are, and how many it has counted.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn coupons_of(&self, campaign: &str) -> Result<(u64, u64), Failure> {
        let rows = self.count_of("SELECT COUNT(*) FROM coupons WHERE campaign_id = ?", campaign).await?;
        let issued = self.count_of("SELECT issued FROM coupon_campaigns WHERE campaign_id = ?", campaign).await?;
        Ok((rows, issued))
    }

    /// Transactions that the database server has committed so far, of all databases; MySQL only.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn commits(&self) -> Result<u64, Failure> {
        let row = self.database.fetch_optional(Statement::new("SHOW GLOBAL STATUS LIKE 'Com_commit'")).await?;
        let count: String = row.ok_or("a server counts its commits")?.get(1)?;
        Ok(count.parse()?)
    }

    /// How many rows a table has.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn rows(&self, table: &str) -> Result<u64, Failure> {
        self.first(Statement::new(format!("SELECT COUNT(*) FROM {table}"))).await
    }

    async fn count_of(&self, text: &'static str, id: &str) -> Result<u64, Failure> {
        self.first(Statement::new(text).bind(Uuid::parse_str(id)?)).await
    }

    async fn first(&self, statement: Statement) -> Result<u64, Failure> {
        let row = self.database.fetch_optional(statement).await?.ok_or("a count has a row")?;
        Ok(u64::try_from(row.get::<i64>(0)?)?)
    }
}
