//! The least that SQL must do to hold seats: the same rows as Onsale writes, in groups of 256, one transaction after the
//! other on one connection. No HTTP, no limits, no idempotency keys, nobody who asks.

use std::{
    fmt::Write,
    time::{Duration, Instant},
};

use chrono::{NaiveDateTime, TimeDelta, Utc};
use onsale_sql::{SizedText, Statement, values_rows};
use sqlx::{AssertSqlSafe, Connection, MySql, MySqlConnection, Transaction, query};
use uuid::Uuid;

use crate::{Failure, prepared::scattered, report::Row, stage::PRICE, store::Store};

/// Holds of one transaction: as many as Onsale's largest group.
const GROUP: u32 = 256;

/// Seats to hold, and what came of holding them.
pub struct RawHolds {
    store: Store,
    connection: MySqlConnection,
    texts: Texts,
    seats: u32,
    rates: Vec<f64>,
    group_milliseconds: Vec<f64>,
}

/// The multi-row statements, put together once.
struct Texts {
    reservations: String,
    items: String,
    seats: String,
}

/// A group's reservations.
struct Group {
    performance: Uuid,
    holds: Vec<(Uuid, u32)>,
    now: NaiveDateTime,
    held_until: NaiveDateTime,
}

static SEATS: SizedText = SizedText::new(|_, rows| {
    format!("INSERT INTO seats (performance_id, seat_no, category_no, state) VALUES {}", values_rows(rows, 4))
});

impl RawHolds {
    /// Prepares to hold in halls of `seats`.
    ///
    /// # Errors
    /// When the store is not MySQL or cannot be reached.
    pub async fn new(store: Store, seats: u32) -> Result<Self, Failure> {
        let url = store.url().ok_or("raw group commit runs on MySQL")?;
        let mut connection = MySqlConnection::connect(url).await?;
        query("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED").execute(&mut connection).await?;
        let (rates, group_milliseconds) = (Vec::new(), Vec::new());
        Ok(Self { store, connection, texts: Texts::new(), seats, rates, group_milliseconds })
    }

    /// Holds the seats of one more hall, group by group, for `limit` at most.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn measure(&mut self, limit: Duration) -> Result<(), Failure> {
        let performance = self.lay_out().await?;
        let started = Instant::now();
        let mut held = 0;
        while held + GROUP <= self.seats && started.elapsed() < limit {
            let group = Group::new(performance, (held..held + GROUP).map(|number| scattered(number, self.seats)));
            let asked = Instant::now();
            self.hold(&group).await?;
            self.group_milliseconds.push(asked.elapsed().as_secs_f64() * 1e3);
            held += GROUP;
        }
        self.rates.push(f64::from(held) / started.elapsed().as_secs_f64());
        Ok(())
    }

    /// Holds per second of each measurement, in their order.
    #[must_use]
    pub fn rates(&self) -> &[f64] {
        &self.rates
    }

    /// Holds per second, and how long a group took.
    #[must_use]
    pub fn row(&self) -> Row {
        let rate = crate::pairs::median(self.rates.clone());
        Row::of_durations("raw group commit", self.group_milliseconds.clone(), rate)
    }

    async fn lay_out(&self) -> Result<Uuid, Failure> {
        let performance = Uuid::now_v7();
        let mut transaction = self.store.database.begin().await?;
        let text = "INSERT INTO performance_versions (performance_id, epoch, version) VALUES (?, 1, 1)";
        transaction.execute(Statement::new(text).bind(performance)).await?;
        let seat = |statement: Statement, no: &u32| statement.bind(performance).bind(*no).bind(0).bind(0);
        transaction.write_rows(&SEATS, &(0..self.seats).collect::<Vec<_>>(), seat).await?;
        transaction.commit().await?;
        Ok(performance)
    }

    async fn hold(&mut self, group: &Group) -> Result<(), Failure> {
        let mut transaction = self.connection.begin().await?;
        let version = "SELECT version FROM performance_versions WHERE performance_id = ? FOR UPDATE";
        query(version).bind(group.performance.as_bytes().to_vec()).fetch_one(&mut *transaction).await?;
        group.write(&mut transaction, &self.texts).await?;
        let version = "UPDATE performance_versions SET version = version + 1 WHERE performance_id = ?";
        query(version).bind(group.performance.as_bytes().to_vec()).execute(&mut *transaction).await?;
        Ok(transaction.commit().await?)
    }
}

impl Texts {
    fn new() -> Self {
        let values = |columns| values(GROUP, columns);
        Self {
            reservations: format!(
                "INSERT INTO reservations (reservation_id, customer_id, performance_id, status, quantity, amount, \
                 currency, created_at, held_until) VALUES {}",
                values(9)
            ),
            items: format!(
                "INSERT INTO reservation_items (reservation_id, item_no, item_id, category_id, seat_no, price) \
                 VALUES {}",
                values(6)
            ),
            seats: format!(
                "INSERT INTO seats (performance_id, seat_no, category_no, state, reservation_id, held_until) \
                 VALUES {} ON DUPLICATE KEY UPDATE state = VALUES(state), \
                 reservation_id = VALUES(reservation_id), held_until = VALUES(held_until)",
                values(6)
            ),
        }
    }
}

/// `(?, ?), (?, ?)`: so many rows of so many columns.
fn values(rows: u32, columns: usize) -> String {
    let row = format!("({})", vec!["?"; columns].join(", "));
    let mut text = row.clone();
    for _ in 1..rows {
        write!(text, ", {row}").expect("a string can always grow");
    }
    text
}

impl Group {
    fn new(performance: Uuid, seats: impl Iterator<Item = u32>) -> Self {
        let now = Utc::now().naive_utc();
        let holds = seats.map(|seat| (Uuid::now_v7(), seat)).collect();
        Self { performance, holds, now, held_until: now + TimeDelta::hours(1) }
    }

    async fn write(&self, transaction: &mut Transaction<'_, MySql>, texts: &Texts) -> Result<(), sqlx::Error> {
        let performance = self.performance.as_bytes();
        let mut reservations = query(AssertSqlSafe(texts.reservations.as_str()));
        let mut items = query(AssertSqlSafe(texts.items.as_str()));
        let mut seats = query(AssertSqlSafe(texts.seats.as_str()));
        for (reservation, seat) in &self.holds {
            let id = || &reservation.as_bytes()[..];
            reservations = reservations.bind(id()).bind(id()).bind(&performance[..]).bind(0).bind(1).bind(PRICE);
            reservations = reservations.bind("KRW").bind(self.now).bind(self.held_until);
            items = items.bind(id()).bind(0).bind(id()).bind(id()).bind(*seat).bind(PRICE);
            seats = seats.bind(&performance[..]).bind(*seat).bind(0).bind(1).bind(id()).bind(self.held_until);
        }
        seats.execute(&mut **transaction).await?;
        reservations.execute(&mut **transaction).await?;
        items.execute(&mut **transaction).await?;
        Ok(())
    }
}
