//! Customers who exist and are signed in before the clock starts: rows and tokens, made without asking the server.

use std::sync::Arc;

use chrono::TimeDelta;
use onsale_application::ports::{AccessClaims, Clock, Seals};
use onsale_crypto::{SealSettings, Secret, SecretError, SystemClock, TokenSeals};
use onsale_domain::{
    account::Role,
    ids::{AccountId, SessionId},
};
use onsale_sql::{Database, SizedText, SqlError, Statement, Transaction, values_rows};
use uuid::Uuid;

use crate::Failure;

/// Customers per transaction: each is two or four rows, and an embedded server must not wait long for its turn.
const AT_ONCE: usize = 8_192;

/// Somebody who is signed in.
#[derive(Clone, Debug)]
pub struct Customer {
    authorization: String,
    key: String,
}

impl Customer {
    /// Their access token.
    #[must_use]
    pub fn authorization(&self) -> &str {
        &self.authorization
    }

    /// Their access token, and a key that no other request has.
    #[must_use]
    pub fn headers(&self) -> [(&str, &str); 2] {
        [("authorization", &self.authorization), ("idempotency-key", &self.key)]
    }
}

/// Makes access tokens as the server does.
pub struct Tokens(TokenSeals);

impl Tokens {
    /// Tokens of a server with this secret.
    ///
    /// # Errors
    /// When the secret is too short.
    pub fn new(secret: &str) -> Result<Self, SecretError> {
        Ok(Self(TokenSeals::new(&seal_settings(secret)?, Arc::new(SystemClock))))
    }

    /// The value of an `Authorization` header, good for a day.
    #[must_use]
    pub fn authorization(&self, account: AccountId, role: Role) -> String {
        let claims = AccessClaims {
            account,
            session: SessionId(Uuid::now_v7()),
            roles: vec![role],
            expires_at: SystemClock.now() + TimeDelta::days(1),
        };
        format!("Bearer {}", self.0.access_token(&claims))
    }

    /// Signs customers in.
    #[must_use]
    pub fn sign_in(&self, accounts: &[AccountId]) -> Vec<Customer> {
        let customer = |account: &AccountId| Customer {
            authorization: self.authorization(*account, Role::Customer),
            key: format!("benchmark-{}", Uuid::now_v7()),
        };
        accounts.iter().map(customer).collect()
    }
}

/// How a server with this secret seals what it gives out.
///
/// # Errors
/// When the secret is too short.
pub fn seal_settings(secret: &str) -> Result<SealSettings, SecretError> {
    let (issuer, audience) = ("onsale".to_owned(), "onsale-api".to_owned());
    Ok(SealSettings { issuer, audience, secret: Secret::new(secret)?, previous_secrets: Vec::new() })
}

/// What every new account has.
#[derive(Clone, Copy, Debug)]
pub struct Kind<'a> {
    /// What it may do.
    pub role: Role,
    /// The hash of its password; without one, nobody can sign in to it with a password.
    pub password_hash: &'a str,
    /// Its points, bought by one charge.
    pub points: i64,
}

impl Kind<'_> {
    /// A customer without points, whose password nobody knows.
    pub const CUSTOMER: Kind<'static> = Kind { role: Role::Customer, password_hash: "none", points: 0 };
}

/// The address that signs in to an account.
#[must_use]
pub fn email(account: AccountId) -> String {
    format!("{}@benchmark.onsale.example", account.0.simple())
}

static ACCOUNTS: SizedText = SizedText::new(|_, rows| {
    format!(
        "INSERT INTO accounts (account_id, email, name, password_hash, is_customer, is_operator, created_at) VALUES {}",
        values_rows(rows, 7)
    )
});

static POINTS: SizedText = SizedText::new(|_, rows| {
    format!("INSERT INTO points_accounts (account_id, balance) VALUES {}", values_rows(rows, 2))
});

static CHARGES: SizedText = SizedText::new(|_, rows| {
    format!(
        "INSERT INTO charges (charge_id, customer_id, amount, method, entry_id, balance_after, completed_at) VALUES {}",
        values_rows(rows, 7)
    )
});

static ENTRIES: SizedText = SizedText::new(|_, rows| {
    format!(
        "INSERT INTO ledger_entries (entry_id, kind, debit, credit, customer_id, amount, balance_after, at, charge_id) \
         VALUES {}",
        values_rows(rows, 9)
    )
});

/// Adds so many accounts straight to the database.
///
/// # Errors
/// When the database refuses.
pub async fn add(database: &Database, count: usize, kind: Kind<'_>) -> Result<Vec<AccountId>, Failure> {
    let accounts: Vec<AccountId> = (0..count).map(|_| AccountId(Uuid::now_v7())).collect();
    for some in accounts.chunks(AT_ONCE) {
        let mut transaction = database.begin().await?;
        add_some(&mut transaction, some, kind).await?;
        transaction.commit().await?;
    }
    Ok(accounts)
}

async fn add_some(transaction: &mut Transaction, accounts: &[AccountId], kind: Kind<'_>) -> Result<(), SqlError> {
    let now = SystemClock.now();
    let is = |role| u8::from(kind.role == role);
    let account = |statement: Statement, account: &AccountId| {
        let statement = statement.bind(*account).bind(email(*account)).bind("A customer").bind(kind.password_hash);
        statement.bind(is(Role::Customer)).bind(is(Role::Operator)).bind(now)
    };
    let points = |statement: Statement, account: &AccountId| statement.bind(*account).bind(kind.points);
    transaction.write_rows(&ACCOUNTS, accounts, account).await?;
    transaction.write_rows(&POINTS, accounts, points).await?;
    if kind.points == 0 {
        return Ok(());
    }
    let charges: Vec<(AccountId, Uuid, Uuid)> =
        accounts.iter().map(|account| (*account, Uuid::now_v7(), Uuid::now_v7())).collect();
    let charge = |statement: Statement, (account, charge, entry): &(AccountId, Uuid, Uuid)| {
        let statement = statement.bind(*charge).bind(*account).bind(kind.points).bind("test");
        statement.bind(*entry).bind(kind.points).bind(now)
    };
    let entry = |statement: Statement, (account, charge, entry): &(AccountId, Uuid, Uuid)| {
        let statement = statement.bind(*entry).bind("charge").bind("outside").bind("customer").bind(*account);
        statement.bind(kind.points).bind(kind.points).bind(now).bind(*charge)
    };
    transaction.write_rows(&CHARGES, &charges, charge).await?;
    transaction.write_rows(&ENTRIES, &charges, entry).await
}
