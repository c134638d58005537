use async_trait::async_trait;
use chrono::{DateTime, Utc};
use onsale_domain::ids::{AccountId, ApiKeyId, TenantId};
use onsale_domain::tenant::{ApiKey, Tenant};

use super::Unavailable;

/// Organisations with waiting rooms of their own, and the digests of their API keys.
#[async_trait]
pub trait Tenants: Send + Sync {
    /// Adds a tenant, with a line of the operators' journal.
    ///
    /// # Errors
    /// [`Unavailable`].
    async fn add(&self, tenant: &Tenant, operator: AccountId) -> Result<(), Unavailable>;

    /// A tenant.
    ///
    /// # Errors
    /// [`Unavailable`].
    async fn tenant(&self, id: TenantId) -> Result<Option<Tenant>, Unavailable>;

    /// Adds a key of an existing tenant, with a line of the operators' journal that has neither key nor digest; false
    /// when there is no such tenant.
    ///
    /// # Errors
    /// [`Unavailable`].
    async fn add_key(&self, key: &ApiKey, digest: [u8; 32], operator: AccountId) -> Result<bool, Unavailable>;

    /// Revokes a tenant's key, with a line of the operators' journal; false when it has no such key or it is revoked.
    ///
    /// # Errors
    /// [`Unavailable`].
    async fn revoke_key(
        &self,
        tenant: TenantId,
        key: ApiKeyId,
        at: DateTime<Utc>,
        operator: AccountId,
    ) -> Result<bool, Unavailable>;

    /// The key with that digest, unless it is revoked.
    ///
    /// # Errors
    /// [`Unavailable`].
    async fn by_digest(&self, digest: &[u8; 32]) -> Result<Option<ApiKey>, Unavailable>;
}
