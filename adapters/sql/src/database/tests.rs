//! Each test runs on SQLite and on MySQL.

use std::time::Duration;

use chrono::{DateTime, Utc};
use onsale_test_servers as servers;
use tempfile::TempDir;
use tokio::time::timeout;
use uuid::Uuid;

use super::{Database, DatabaseSettings, Dialect, Row, SizedText, SqlError, Statement, Value, values_rows};

static INSERT_SEATS: SizedText = SizedText::new(|dialect, rows| {
    let columns = "(performance_id, seat_no, category_no, state, reservation_id, held_until)";
    let update = dialect.on_duplicate(&["performance_id", "seat_no"], &["state", "reservation_id", "held_until"]);
    format!("INSERT INTO seats {columns} VALUES {}{update}", values_rows(rows, 6))
});

static SEATS: SizedText = SizedText::new(|dialect, keys| {
    format!(
        "SELECT seat_no, state, reservation_id, held_until FROM seats{} WHERE performance_id = ? AND seat_no IN {} \
         ORDER BY seat_no{}",
        dialect.by_primary_key(),
        super::in_list(keys),
        dialect.for_update()
    )
});

async fn on_both<F: Future<Output = ()>>(test: impl Fn(Database) -> F) {
    let folder = TempDir::new().unwrap();
    let file = format!("sqlite:{}", folder.path().join("onsale.db").display());
    let mysql = servers::mysql().await.fresh_database().await;
    for url in [file.as_str(), mysql.url()] {
        let database = Database::connect(&DatabaseSettings::new(url)).await.unwrap();
        database.migrate().await.unwrap();
        test(database.clone()).await;
        database.close().await;
    }
}

fn id(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

fn moment() -> DateTime<Utc> {
    DateTime::from_timestamp_micros(1_800_000_000_123_456).unwrap()
}

#[tokio::test]
async fn migrations_apply_once_however_many_replicas_start() {
    on_both(async |first| {
        let again = tokio::join!(first.migrate(), first.migrate(), first.migrate());
        assert!(matches!(again, (Ok(()), Ok(()), Ok(()))), "{again:?}");
        assert!(first.is_migrated().await.unwrap());
    })
    .await;
}

#[tokio::test]
async fn several_replicas_migrate_an_empty_database_at_once() {
    let folder = TempDir::new().unwrap();
    let file = format!("sqlite:{}", folder.path().join("onsale.db").display());
    let mysql = servers::mysql().await.fresh_database().await;
    for url in [file.as_str(), mysql.url()] {
        let mut replicas = Vec::new();
        for _ in 0..4 {
            replicas.push(Database::connect(&DatabaseSettings::new(url)).await.unwrap());
        }
        assert!(!replicas[0].is_migrated().await.unwrap());
        let (a, b, c, d) =
            tokio::join!(replicas[0].migrate(), replicas[1].migrate(), replicas[2].migrate(), replicas[3].migrate());
        for migrated in [a, b, c, d] {
            migrated.unwrap();
        }
        assert!(replicas[3].is_migrated().await.unwrap());
    }
}

#[tokio::test]
async fn what_is_written_is_read_again() {
    on_both(async |database| {
        let rows: Vec<u32> = (0..300).collect();
        let mut transaction = database.begin().await.unwrap();
        let held =
            |statement: Statement, no: &u32| statement.bind(id(1)).bind(*no).bind(0).bind(1).bind(id(2)).bind(moment());
        transaction.write_rows(&INSERT_SEATS, &rows, held).await.unwrap();
        let free = |statement: Statement, no: &u32| {
            statement.bind(id(1)).bind(*no).bind(0).bind(0).bind(None::<Uuid>).bind(None::<DateTime<Utc>>)
        };
        transaction.write_rows(&INSERT_SEATS, &rows[7..8], free).await.unwrap();
        transaction.commit().await.unwrap();

        let mut transaction = database.begin().await.unwrap();
        let keys = [5_u32, 6, 7, 299, 1_000];
        let found = transaction.fetch_by_keys(&SEATS, &[Value::from(id(1))], &keys).await.unwrap();
        let seat = |row: &Row| (row.get(0).unwrap(), row.get(1).unwrap(), row.get(2).unwrap(), row.get(3).unwrap());
        let found: Vec<_> = found.iter().map(seat).collect();
        let held = |no: u32| (no, 1_i64, Some(id(2)), Some(moment()));
        assert_eq!(found, [held(5), held(6), (7, 0, None, None), held(299)]);
        assert!(matches!(
            transaction
                .fetch_all(Statement::new("SELECT seat_no, held_until FROM seats WHERE seat_no = 7"))
                .await
                .unwrap()[0]
                .get::<DateTime<Utc>>(1),
            Err(SqlError::Row(_))
        ));
    })
    .await;
}

#[tokio::test]
async fn a_transaction_that_is_dropped_leaves_nothing() {
    on_both(async |database| {
        let mut transaction = database.begin().await.unwrap();
        let insert = "INSERT INTO points_accounts (account_id, balance) VALUES (?, ?)";
        transaction.execute(Statement::new(insert).bind(id(1)).bind(5)).await.unwrap();
        drop(transaction);
        let rows = database.fetch_all(Statement::new("SELECT balance FROM points_accounts")).await.unwrap();
        assert!(rows.is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_transaction_that_is_given_up_in_the_middle_takes_its_connection_with_it() {
    let mysql = servers::mysql().await.fresh_database().await;
    let settings = DatabaseSettings { lane_connections: 1, ..DatabaseSettings::new(mysql.url()) };
    let database = Database::connect(&settings).await.unwrap();
    let mut transaction = database.begin().await.unwrap();
    let silent = transaction.fetch_all(Statement::new("SELECT SLEEP(20)"));
    assert!(timeout(Duration::from_millis(50), silent).await.is_err(), "the answer is on its way");
    drop(transaction);
    let mut next = database.begin().await.expect("the only connection is replaced and not waited for");
    let row = next.fetch_optional(Statement::new("SELECT 5")).await.unwrap().unwrap();
    assert_eq!(row.get::<i64>(0).unwrap(), 5);
}

#[tokio::test]
async fn errors_are_told_apart() {
    on_both(async |database| {
        let mut transaction = database.begin().await.unwrap();
        let account = |number, balance: i64| {
            Statement::new("INSERT INTO points_accounts (account_id, balance) VALUES (?, ?)").bind(id(number)).bind(balance)
        };
        transaction.execute(account(1, 5)).await.unwrap();
        let twice = transaction.execute(account(1, 5)).await.unwrap_err();
        assert!(twice.is_unique_violation() && twice.is_of_the_data(), "{twice}");
        let negative = transaction.execute(account(2, -5)).await.unwrap_err();
        assert!(matches!(negative, SqlError::Data(_)), "{negative}");
        let charge = "INSERT INTO charges (charge_id, customer_id, amount, method, entry_id, balance_after, completed_at) \
                      VALUES (?, ?, ?, ?, ?, ?, ?)";
        let charge = Statement::new(charge).bind(id(3)).bind(id(1)).bind(1).bind("x".repeat(65));
        let too_long = transaction.execute(charge.bind(id(4)).bind(1).bind(moment())).await.unwrap_err();
        assert!(matches!(too_long, SqlError::Data(_)), "{too_long}");
        let matched = transaction
            .execute(Statement::new("UPDATE points_accounts SET balance = ? WHERE account_id = ?").bind(5).bind(id(1)))
            .await
            .unwrap();
        assert_eq!(matched, 1, "rows are counted when they match, changed or not");
        transaction.commit().await.unwrap();
        assert!(matches!(
            database.fetch_all(Statement::new("SELECT nothing FROM nowhere")).await.unwrap_err(),
            SqlError::Failed(_)
        ));
    })
    .await;
}

#[tokio::test]
async fn a_reading_transaction_sees_one_moment() {
    on_both(async |database| {
        let generation = || Statement::new("SELECT generation FROM catalogue_generation");
        let mut reading = database.begin_read().await.unwrap();
        let before: i64 = reading.fetch_optional(generation()).await.unwrap().unwrap().get(0).unwrap();
        let mut writing = database.begin().await.unwrap();
        writing.execute(Statement::new("UPDATE catalogue_generation SET generation = generation + 1")).await.unwrap();
        writing.commit().await.unwrap();
        let still: i64 = reading.fetch_optional(generation()).await.unwrap().unwrap().get(0).unwrap();
        let after: i64 = database.fetch_optional(generation()).await.unwrap().unwrap().get(0).unwrap();
        assert_eq!((still, after), (before, before + 1));
        let refused = reading.execute(Statement::new("UPDATE catalogue_generation SET generation = 0")).await;
        assert!(refused.is_err(), "a reading transaction writes nothing");
    })
    .await;
}

#[tokio::test]
async fn a_lock_that_does_not_become_free_is_given_up() {
    let mysql = servers::mysql().await.fresh_database().await;
    let database = Database::connect(&DatabaseSettings::new(mysql.url())).await.unwrap();
    database.migrate().await.unwrap();
    assert_eq!(database.dialect(), Dialect::MySql);
    let locked = format!("SELECT generation FROM catalogue_generation{}", Dialect::MySql.for_update());
    let mut first = database.begin().await.unwrap();
    first.fetch_all(Statement::new(locked.clone())).await.unwrap();
    let mut second = database.begin().await.unwrap();
    let error = second.fetch_all(Statement::new(locked)).await.unwrap_err();
    assert!(error.is_lock_timeout() && error.is_transient(), "{error}");
}

#[tokio::test]
async fn only_databases_that_can_be_used_are_accepted() {
    for url in ["postgres://localhost/x", "sqlite::memory:", "", "sqlite:"] {
        let error = Database::connect(&DatabaseSettings::new(url)).await.unwrap_err();
        assert!(matches!(error, SqlError::Settings(_)), "{url}: {error}");
    }
    let secret = format!("{:?}", DatabaseSettings::new("mysql://root:secret@localhost/x"));
    assert!(!secret.contains("secret"), "{secret}");
}
