//! The contract of accounts and sessions.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use chrono::TimeDelta;
use onsale_application::ports::{
    Accounts, EndedBecause, NewSession, RegisterError, RotateError, Rotation, StoreHealth,
};
use onsale_domain::account::{Account, Email, Role};
use onsale_domain::ids::SessionId;
use onsale_sql::{SqlAccounts, SqlHealth, SqlPurge, Statement};
use onsale_tests::samples::customer;
use onsale_tests::store::Store;
use uuid::Uuid;

onsale_tests::contracts!(
    an_account_is_read_as_it_was_registered,
    an_address_has_one_account,
    of_registrations_of_one_address_at_once_one_wins,
    a_refresh_token_is_exchanged_once,
    presenting_a_used_token_ends_the_session,
    of_two_presentations_at_once_one_wins_and_the_other_is_a_reuse,
    a_session_ends_in_time_and_by_signing_out,
    sessions_that_are_over_are_purged,
    old_idempotency_keys_are_purged,
    the_store_says_how_it_is,
);

fn accounts(store: &Store) -> SqlAccounts {
    SqlAccounts::new(store.database.clone())
}

async fn registered(store: &Store) -> Account {
    let new = customer(&store.context, "minji@example.com");
    accounts(store).register(new.clone()).await.unwrap();
    new.account
}

/// A session whose first token is `[1; 32]`, good for an hour.
async fn signed_in(store: &Store) -> (SessionId, Account) {
    let account = registered(store).await;
    let session = NewSession {
        id: store.context.new_id(),
        account: account.id,
        token_digest: [1; 32],
        created_at: store.context.now(),
        expires_at: store.context.now() + TimeDelta::hours(1),
    };
    accounts(store).open_session(session.clone()).await.unwrap();
    (session.id, account)
}

fn rotation(store: &Store, presented: u8, next: u8) -> Rotation {
    let at = store.context.now();
    Rotation { presented: [presented; 32], next: [next; 32], at, expires_at: at + TimeDelta::hours(1) }
}

async fn count(store: &Store, text: &'static str) -> i64 {
    store.database.fetch_optional(Statement::new(text)).await.unwrap().unwrap().get(0).unwrap()
}

async fn an_account_is_read_as_it_was_registered(store: Store) {
    let accounts = accounts(&store);
    let mut new = customer(&store.context, "Minji@Example.com");
    new.account.roles = vec![Role::Customer, Role::Operator];
    accounts.register(new.clone()).await.unwrap();
    assert_eq!(accounts.by_id(new.account.id).await.unwrap(), Some(new.account.clone()));
    let found = accounts.by_email(&Email::parse("minji@example.com").unwrap()).await.unwrap().unwrap();
    assert_eq!((found.account, found.password_hash), (new.account.clone(), new.password_hash));
    assert_eq!(accounts.by_id(store.context.new_id()).await.unwrap(), None);
    assert!(accounts.by_email(&Email::parse("other@example.com").unwrap()).await.unwrap().is_none());
    assert_eq!(count(&store, "SELECT balance FROM points_accounts").await, 0);
}

async fn an_address_has_one_account(store: Store) {
    registered(&store).await;
    let refused = accounts(&store).register(customer(&store.context, "MINJI@example.com")).await;
    assert_eq!(refused, Err(RegisterError::EmailTaken));
    assert_eq!(count(&store, "SELECT COUNT(*) FROM points_accounts").await, 1);
}

async fn of_registrations_of_one_address_at_once_one_wins(store: Store) {
    let registrations = (0..8).map(|_| {
        let (accounts, new) = (accounts(&store), customer(&store.context, "minji@example.com"));
        async move { accounts.register(new).await }
    });
    let outcomes = futures_util::future::join_all(registrations).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    let taken = |outcome: &&Result<(), _>| **outcome == Err(RegisterError::EmailTaken);
    assert_eq!(outcomes.iter().filter(taken).count(), 7);
}

async fn a_refresh_token_is_exchanged_once(store: Store) {
    let accounts = accounts(&store);
    let (session, account) = signed_in(&store).await;
    store.clock.advance(TimeDelta::minutes(59));
    assert_eq!(accounts.rotate_session(rotation(&store, 1, 2)).await, Ok((session, account.clone())));
    store.clock.advance(TimeDelta::minutes(59)); // beyond the first hour: the exchange made the session longer
    assert_eq!(accounts.rotate_session(rotation(&store, 2, 3)).await, Ok((session, account)));
    let unknown = accounts.rotate_session(rotation(&store, 9, 4)).await;
    assert_eq!(unknown, Err(RotateError::Ended(EndedBecause::Unknown)));
}

async fn presenting_a_used_token_ends_the_session(store: Store) {
    let accounts = accounts(&store);
    let (session, account) = signed_in(&store).await;
    let first = rotation(&store, 1, 2);
    assert_eq!(accounts.rotate_session(first.clone()).await, Ok((session, account.clone())));
    // the same exchange again, as after a commit that nobody heard of, is no reuse
    assert_eq!(accounts.rotate_session(first).await, Ok((session, account)));
    let reused = accounts.rotate_session(rotation(&store, 1, 3)).await;
    assert_eq!(reused, Err(RotateError::Ended(EndedBecause::Reused)));
    let afterwards = accounts.rotate_session(rotation(&store, 2, 4)).await;
    assert_eq!(afterwards, Err(RotateError::Ended(EndedBecause::Over)));
}

async fn of_two_presentations_at_once_one_wins_and_the_other_is_a_reuse(store: Store) {
    signed_in(&store).await;
    let accounts = accounts(&store);
    let (one, other) =
        tokio::join!(accounts.rotate_session(rotation(&store, 1, 2)), accounts.rotate_session(rotation(&store, 1, 3)),);
    let outcomes = [one, other];
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1, "{outcomes:?}");
    assert!(outcomes.contains(&Err(RotateError::Ended(EndedBecause::Reused))), "{outcomes:?}");
    assert_eq!(count(&store, "SELECT COUNT(*) FROM sessions WHERE ended_at IS NOT NULL").await, 1);
}

async fn a_session_ends_in_time_and_by_signing_out(store: Store) {
    let accounts = accounts(&store);
    let (session, _) = signed_in(&store).await;
    accounts.end_session(session, store.context.now()).await.unwrap();
    accounts.end_session(session, store.context.now()).await.unwrap();
    let over = Err(RotateError::Ended(EndedBecause::Over));
    assert_eq!(accounts.rotate_session(rotation(&store, 1, 2)).await, over);

    let again = NewSession {
        id: store.context.new_id(),
        account: store.context.new_id(),
        token_digest: [5; 32],
        created_at: store.context.now(),
        expires_at: store.context.now() + TimeDelta::hours(1),
    };
    accounts.open_session(again).await.unwrap();
    store.clock.advance(TimeDelta::hours(1));
    assert_eq!(accounts.rotate_session(rotation(&store, 5, 6)).await, over);
}

async fn sessions_that_are_over_are_purged(store: Store) {
    let accounts = accounts(&store);
    let account = registered(&store).await;
    let start = store.context.now();
    for number in 0..300u16 {
        let session = NewSession {
            id: store.context.new_id(),
            account: account.id,
            token_digest: std::array::from_fn(|index| number.to_be_bytes()[index % 2]),
            created_at: start,
            expires_at: start + TimeDelta::hours(if number < 290 { 1 } else { 9 }),
        };
        accounts.open_session(session.clone()).await.unwrap();
        if number == 299 {
            accounts.end_session(session.id, start + TimeDelta::minutes(5)).await.unwrap();
        }
    }
    assert_eq!(accounts.purge_sessions(start + TimeDelta::minutes(5), 1_000).await, Ok(0));
    assert_eq!(accounts.purge_sessions(start + TimeDelta::hours(2), 7).await, Ok(7));
    assert_eq!(accounts.purge_sessions(start + TimeDelta::hours(2), 1_000).await, Ok(284));
    assert_eq!(accounts.purge_sessions(start + TimeDelta::hours(2), 1_000).await, Ok(0));
    assert_eq!(count(&store, "SELECT COUNT(*) FROM sessions").await, 9);
    assert_eq!(count(&store, "SELECT COUNT(*) FROM refresh_tokens").await, 9);
}

async fn old_idempotency_keys_are_purged(store: Store) {
    let start = store.context.now();
    let mut transaction = store.database.begin().await.unwrap();
    for hours in 0..30i64 {
        let text = "INSERT INTO idempotency_keys \
                    (account_id, step, subject_id, idempotency_key, request_digest, outcome, created_at) \
                    VALUES (?, 1, ?, ?, ?, ?, ?)";
        let statement = Statement::new(text)
            .bind(Uuid::from_u128(7))
            .bind(Uuid::nil())
            .bind(hours.to_string().into_bytes())
            .bind([0; 32])
            .bind(vec![1u8])
            .bind(start - TimeDelta::hours(hours));
        transaction.execute(statement).await.unwrap();
    }
    transaction.commit().await.unwrap();
    let purge = SqlPurge::new(store.database.clone(), store.context.clone());
    assert_eq!(purge.idempotency_keys(3).await, Ok(3));
    assert_eq!(purge.idempotency_keys(3).await, Ok(2));
    assert_eq!(purge.idempotency_keys(3).await, Ok(0));
    assert_eq!(count(&store, "SELECT COUNT(*) FROM idempotency_keys").await, 25);
}

async fn the_store_says_how_it_is(store: Store) {
    let health = SqlHealth::new(store.database.clone(), store.context.clone());
    let status = health.status().await.unwrap();
    assert!(status.schema_current);
    // the clock of the tests stands in 2030; SQLite has no clock of its own
    let is_sqlite = store.settings.url.starts_with("sqlite");
    assert_eq!((status.clock_skew == TimeDelta::zero(), status.round_trip), (is_sqlite, TimeDelta::zero()));
    let change = async |text: &'static str| {
        let mut transaction = store.database.begin().await.unwrap();
        transaction.execute(Statement::new(text)).await.unwrap();
        transaction.commit().await.unwrap();
    };
    // as a newer program leaves it, while this one still serves
    change(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
         SELECT version + 1000, description, success, checksum, execution_time FROM _sqlx_migrations",
    )
    .await;
    assert!(health.status().await.unwrap().schema_current);
    store.database.migrate().await.unwrap();
    change("UPDATE _sqlx_migrations SET success = 0 WHERE version = 1").await;
    assert!(!health.status().await.unwrap().schema_current);
    change("DELETE FROM _sqlx_migrations WHERE version = 1").await;
    assert!(!health.status().await.unwrap().schema_current);
}
