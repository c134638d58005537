//! Accounts and sessions in SQL.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use onsale_application::ports::{
    AccountWithPassword, Accounts, EndedBecause, NewAccount, NewSession, RegisterError, RotateError, Rotation,
    Unavailable,
};
use onsale_domain::account::{Account, Email, Role};
use onsale_domain::ids::{AccountId, SessionId};

use crate::database::{Database, Row, SizedText, SqlError, Statement, Transaction, in_list};

const COLUMNS: &str = "account_id, email, name, is_customer, is_operator, created_at";
/// How often a rotation is tried when locks of others, or a lost connection, make it fail.
const ATTEMPTS: u32 = 5;
/// Sessions deleted in one statement.
const PURGE_BATCH: u32 = 256;

pub(super) static DELETE_TOKENS: SizedText =
    SizedText::new(|_, size| format!("DELETE FROM refresh_tokens WHERE session_id IN {}", in_list(size)));
pub(super) static DELETE_SESSIONS: SizedText =
    SizedText::new(|_, size| format!("DELETE FROM sessions WHERE session_id IN {}", in_list(size)));

/// Accounts and sessions in SQL.
#[derive(Clone)]
pub struct SqlAccounts {
    database: Database,
}

impl SqlAccounts {
    /// The accounts of `database`.
    #[must_use]
    pub fn new(database: Database) -> Self {
        Self { database }
    }

    async fn insert_account(&self, new: &NewAccount) -> Result<(), SqlError> {
        let account = &new.account;
        let has = |role: Role| account.roles.contains(&role);
        let text = format!("INSERT INTO accounts ({COLUMNS}, password_hash) VALUES (?, ?, ?, ?, ?, ?, ?)");
        let insert_account = Statement::new(text)
            .bind(account.id)
            .bind(account.email.as_str())
            .bind(account.name.as_str())
            .bind(has(Role::Customer))
            .bind(has(Role::Operator))
            .bind(account.created_at)
            .bind(new.password_hash.as_str());
        let insert_points =
            Statement::new("INSERT INTO points_accounts (account_id, balance) VALUES (?, 0)").bind(account.id);
        let mut transaction = self.database.begin().await?;
        transaction.execute(insert_account).await?;
        transaction.execute(insert_points).await?;
        transaction.commit().await
    }

    async fn insert_session(&self, session: &NewSession) -> Result<(), SqlError> {
        let text = "INSERT INTO sessions (session_id, account_id, created_at, expires_at) VALUES (?, ?, ?, ?)";
        let insert_session = Statement::new(text)
            .bind(session.id)
            .bind(session.account)
            .bind(session.created_at)
            .bind(session.expires_at);
        let mut transaction = self.database.begin().await?;
        transaction.execute(insert_session).await?;
        insert_token(&mut transaction, session.id, session.token_digest).await?;
        transaction.commit().await
    }

    /// Exchanges the token in one transaction; a reuse ends the session in it.
    async fn rotate(&self, rotation: &Rotation) -> Result<Result<(SessionId, Account), EndedBecause>, SqlError> {
        let mut transaction = self.database.begin().await?;
        let outcome = exchange(&mut transaction, rotation).await?;
        transaction.commit().await?;
        Ok(outcome)
    }

    async fn purge_batch(&self, before: DateTime<Utc>, limit: u32) -> Result<u64, SqlError> {
        let text = "SELECT session_id FROM sessions WHERE expires_at < ? ORDER BY expires_at LIMIT ?";
        let rows = self.database.fetch_all(Statement::new(text).bind(before).bind(limit)).await?;
        let ids = rows.iter().map(|row| row.get::<SessionId>(0)).collect::<Result<Vec<_>, _>>()?;
        if ids.is_empty() {
            return Ok(0);
        }
        let mut transaction = self.database.begin().await?;
        transaction.write_rows(&DELETE_TOKENS, &ids, |statement, id| statement.bind(*id)).await?;
        transaction.write_rows(&DELETE_SESSIONS, &ids, |statement, id| statement.bind(*id)).await?;
        transaction.commit().await?;
        Ok(ids.len() as u64)
    }
}

async fn insert_token(transaction: &mut Transaction, session: SessionId, digest: [u8; 32]) -> Result<(), SqlError> {
    let text = "INSERT INTO refresh_tokens (token_digest, session_id) VALUES (?, ?)";
    transaction.execute(Statement::new(text).bind(digest).bind(session)).await?;
    Ok(())
}

/// Exchanges the token under its lock, so that of two presentations at once the second finds it used.
async fn exchange(
    transaction: &mut Transaction,
    rotation: &Rotation,
) -> Result<Result<(SessionId, Account), EndedBecause>, SqlError> {
    let for_update = transaction.dialect().for_update();
    let text = format!("SELECT session_id, used_at FROM refresh_tokens WHERE token_digest = ?{for_update}");
    let Some(token) = transaction.fetch_optional(Statement::new(text).bind(rotation.presented)).await? else {
        return Ok(Err(EndedBecause::Unknown));
    };
    let session: SessionId = token.get(0)?;
    let is_used = token.get::<Option<DateTime<Utc>>>(1)?.is_some();
    if is_used && !is_token_of(transaction, session, rotation.next).await? {
        end(transaction, session, rotation.at).await?;
        return Ok(Err(EndedBecause::Reused));
    }
    let Some(account) = live_account(transaction, session, rotation.at).await? else {
        return Ok(Err(EndedBecause::Over));
    };
    if !is_used {
        replace(transaction, session, rotation).await?;
    }
    Ok(Ok((session, account)))
}

/// Whether the session has this token. The next token is known to this rotation only: when it is there already, an
/// earlier run was committed without anybody hearing of it, and that is no reuse.
async fn is_token_of(transaction: &mut Transaction, session: SessionId, digest: [u8; 32]) -> Result<bool, SqlError> {
    let text = "SELECT 1 FROM refresh_tokens WHERE token_digest = ? AND session_id = ?";
    Ok(transaction.fetch_optional(Statement::new(text).bind(digest).bind(session)).await?.is_some())
}

/// The account of a session that is live at `at`, with the session's row locked.
async fn live_account(
    transaction: &mut Transaction,
    session: SessionId,
    at: DateTime<Utc>,
) -> Result<Option<Account>, SqlError> {
    let for_update = transaction.dialect().for_update();
    let text = format!(
        "SELECT account_id FROM sessions WHERE session_id = ? AND ended_at IS NULL AND expires_at > ?{for_update}"
    );
    let Some(row) = transaction.fetch_optional(Statement::new(text).bind(session).bind(at)).await? else {
        return Ok(None);
    };
    let text = format!("SELECT {COLUMNS} FROM accounts WHERE account_id = ?");
    let statement = Statement::new(text).bind(row.get::<AccountId>(0)?);
    transaction.fetch_optional(statement).await?.as_ref().map(account).transpose()
}

async fn replace(transaction: &mut Transaction, session: SessionId, rotation: &Rotation) -> Result<(), SqlError> {
    let used = Statement::new("UPDATE refresh_tokens SET used_at = ? WHERE token_digest = ?");
    transaction.execute(used.bind(rotation.at).bind(rotation.presented)).await?;
    insert_token(transaction, session, rotation.next).await?;
    let longer = Statement::new("UPDATE sessions SET expires_at = ? WHERE session_id = ?");
    transaction.execute(longer.bind(rotation.expires_at).bind(session)).await?;
    Ok(())
}

/// Ends a live session. Its `expires_at` moves to that moment, so that one index finds everything that is over.
async fn end(transaction: &mut Transaction, session: SessionId, at: DateTime<Utc>) -> Result<(), SqlError> {
    let text = "UPDATE sessions SET ended_at = ?, expires_at = ? \
                WHERE session_id = ? AND ended_at IS NULL AND expires_at > ?";
    transaction.execute(Statement::new(text).bind(at).bind(at).bind(session).bind(at)).await?;
    Ok(())
}

fn account(row: &Row) -> Result<Account, SqlError> {
    let email: String = row.get(1)?;
    let roles = [(Role::Customer, row.get(3)?), (Role::Operator, row.get(4)?)];
    Ok(Account {
        id: row.get(0)?,
        email: Email::parse(&email).map_err(|_| SqlError::Row(format!("`{email}` is not an address")))?,
        name: row.get(2)?,
        roles: roles.into_iter().filter(|(_, has): &(_, bool)| *has).map(|(role, _)| role).collect(),
        created_at: row.get(5)?,
    })
}

#[async_trait]
impl Accounts for SqlAccounts {
    async fn register(&self, account: NewAccount) -> Result<(), RegisterError> {
        self.insert_account(&account).await.map_err(|error| {
            if error.is_unique_violation() {
                RegisterError::EmailTaken
            } else {
                RegisterError::Unavailable(error.into())
            }
        })
    }

    async fn by_email(&self, email: &Email) -> Result<Option<AccountWithPassword>, Unavailable> {
        let text = format!("SELECT {COLUMNS}, password_hash FROM accounts WHERE email = ?");
        let Some(row) = self.database.fetch_optional(Statement::new(text).bind(email.as_str())).await? else {
            return Ok(None);
        };
        Ok(Some(AccountWithPassword { account: account(&row)?, password_hash: row.get(6)? }))
    }

    async fn by_id(&self, id: AccountId) -> Result<Option<Account>, Unavailable> {
        let text = format!("SELECT {COLUMNS} FROM accounts WHERE account_id = ?");
        let row = self.database.fetch_optional(Statement::new(text).bind(id)).await?;
        Ok(row.as_ref().map(account).transpose()?)
    }

    async fn open_session(&self, session: NewSession) -> Result<(), Unavailable> {
        Ok(self.insert_session(&session).await?)
    }

    async fn rotate_session(&self, rotation: Rotation) -> Result<(SessionId, Account), RotateError> {
        let mut failures = 0;
        loop {
            match self.rotate(&rotation).await {
                Ok(outcome) => return outcome.map_err(RotateError::Ended),
                Err(error) if error.is_transient() && failures + 1 < ATTEMPTS => failures += 1,
                Err(error) => return Err(RotateError::Unavailable(error.into())),
            }
        }
    }

    async fn end_session(&self, id: SessionId, at: DateTime<Utc>) -> Result<(), Unavailable> {
        let mut transaction = self.database.begin().await?;
        end(&mut transaction, id, at).await?;
        Ok(transaction.commit().await?)
    }

    async fn purge_sessions(&self, before: DateTime<Utc>, limit: u32) -> Result<u64, Unavailable> {
        let mut deleted = 0;
        let mut left = limit;
        while left > 0 {
            let batch = left.min(PURGE_BATCH);
            let purged = self.purge_batch(before, batch).await?;
            deleted += purged;
            if purged < u64::from(batch) {
                break;
            }
            left -= batch;
        }
        Ok(deleted)
    }
}
