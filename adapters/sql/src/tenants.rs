//! Tenants and the digests of their API keys in SQL.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use onsale_application::ports::{Context, OperatorActionKind, Tenants, Unavailable};
use onsale_domain::ids::{AccountId, ApiKeyId, TenantId};
use onsale_domain::tenant::{ApiKey, Tenant};
use serde::Serialize;
use uuid::Uuid;

use crate::catalogue::journal::{self, Line};
use crate::database::{Database, Row, SqlError, Statement, Transaction};
use crate::settling::attempt;

const KEY_COLUMNS: &str = "key_id, tenant_id, name, created_at";

/// Tenants and the digests of their API keys in SQL.
#[derive(Clone)]
pub struct SqlTenants {
    database: Database,
    context: Context,
}

impl SqlTenants {
    /// The tenants of `database`.
    #[must_use]
    pub fn new(database: Database, context: Context) -> Self {
        Self { database, context }
    }

    async fn try_add(&self, tenant: &Tenant, operator: AccountId) -> Result<(), SqlError> {
        let mut transaction = self.database.begin().await?;
        if is_there(&mut transaction, "SELECT 1 FROM tenants WHERE tenant_id = ?", tenant.id.0).await? {
            return Ok(()); // by an earlier run
        }
        let text = "INSERT INTO tenants (tenant_id, name, created_at) VALUES (?, ?, ?)";
        let statement = Statement::new(text).bind(tenant.id).bind(tenant.name.as_str()).bind(tenant.created_at);
        transaction.execute(statement).await?;
        let line = Line::added(OperatorActionKind::TenantCreated, tenant.id.0, tenant);
        journal::write(&mut transaction, &self.context, Some(operator), line).await?;
        transaction.commit().await
    }

    async fn try_add_key(&self, key: &ApiKey, digest: [u8; 32], operator: AccountId) -> Result<bool, SqlError> {
        let mut transaction = self.database.begin().await?;
        if !is_there(&mut transaction, "SELECT 1 FROM tenants WHERE tenant_id = ?", key.tenant.0).await? {
            return Ok(false);
        }
        if is_there(&mut transaction, "SELECT 1 FROM api_keys WHERE key_id = ?", key.id.0).await? {
            return Ok(true); // by an earlier run
        }
        let text = format!("INSERT INTO api_keys ({KEY_COLUMNS}, digest) VALUES (?, ?, ?, ?, ?)");
        let statement = Statement::new(text).bind(key.id).bind(key.tenant).bind(key.name.as_str());
        transaction.execute(statement.bind(key.created_at).bind(digest)).await?;
        let line = Line::added(OperatorActionKind::ApiKeyCreated, key.id.0, key);
        journal::write(&mut transaction, &self.context, Some(operator), line).await?;
        transaction.commit().await?;
        Ok(true)
    }

    async fn try_revoke_key(
        &self,
        (tenant, id): (TenantId, ApiKeyId),
        at: DateTime<Utc>,
        operator: AccountId,
    ) -> Result<bool, SqlError> {
        let mut transaction = self.database.begin().await?;
        let for_update = transaction.dialect().for_update();
        let text =
            format!("SELECT {KEY_COLUMNS}, revoked_at FROM api_keys WHERE key_id = ? AND tenant_id = ?{for_update}");
        let found = transaction.fetch_optional(Statement::new(text).bind(id).bind(tenant)).await?;
        let Some(found) = found else { return Ok(false) };
        if let Some(revoked_at) = found.get::<Option<DateTime<Utc>>>(4)? {
            return Ok(revoked_at == at); // by an earlier run, or long before
        }
        let before = key(&found)?;
        let revoke = Statement::new("UPDATE api_keys SET revoked_at = ? WHERE key_id = ?").bind(at).bind(id);
        transaction.execute(revoke).await?;
        let after = Revoked { key: &before, revoked_at: at };
        let line = Line::changed(OperatorActionKind::ApiKeyRevoked, id.0, &before, &after);
        journal::write(&mut transaction, &self.context, Some(operator), line).await?;
        transaction.commit().await?;
        Ok(true)
    }
}

/// A key that was revoked, for the journal.
#[derive(Serialize)]
struct Revoked<'a> {
    #[serde(flatten)]
    key: &'a ApiKey,
    revoked_at: DateTime<Utc>,
}

/// Whether `text` finds a row of that id.
async fn is_there(transaction: &mut Transaction, text: &'static str, id: Uuid) -> Result<bool, SqlError> {
    Ok(transaction.fetch_optional(Statement::new(text).bind(id)).await?.is_some())
}

fn key(row: &Row) -> Result<ApiKey, SqlError> {
    Ok(ApiKey { id: row.get(0)?, tenant: row.get(1)?, name: row.get(2)?, created_at: row.get(3)? })
}

#[async_trait]
impl Tenants for SqlTenants {
    async fn add(&self, tenant: &Tenant, operator: AccountId) -> Result<(), Unavailable> {
        Ok(attempt(|| self.try_add(tenant, operator)).await?)
    }

    async fn tenant(&self, id: TenantId) -> Result<Option<Tenant>, Unavailable> {
        let statement = Statement::new("SELECT tenant_id, name, created_at FROM tenants WHERE tenant_id = ?").bind(id);
        let row = self.database.fetch_optional(statement).await?;
        let tenant = |row: Row| Ok(Tenant { id: row.get(0)?, name: row.get(1)?, created_at: row.get(2)? });
        Ok(row.map(tenant).transpose().map_err(|error: SqlError| error)?)
    }

    async fn add_key(&self, key: &ApiKey, digest: [u8; 32], operator: AccountId) -> Result<bool, Unavailable> {
        Ok(attempt(|| self.try_add_key(key, digest, operator)).await?)
    }

    async fn revoke_key(
        &self,
        tenant: TenantId,
        key: ApiKeyId,
        at: DateTime<Utc>,
        operator: AccountId,
    ) -> Result<bool, Unavailable> {
        Ok(attempt(|| self.try_revoke_key((tenant, key), at, operator)).await?)
    }

    async fn by_digest(&self, digest: &[u8; 32]) -> Result<Option<ApiKey>, Unavailable> {
        let text = format!("SELECT {KEY_COLUMNS} FROM api_keys WHERE digest = ? AND revoked_at IS NULL");
        let row = self.database.fetch_optional(Statement::new(text).bind(*digest)).await?;
        Ok(row.as_ref().map(key).transpose()?)
    }
}
