//! Tenants: organisations that use waiting rooms for their own sites.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::ids::{ApiKeyId, TenantId};
use crate::text::{self, TextError};

/// The most characters a tenant's or a key's name may have.
pub const TENANT_NAME_LIMIT: usize = 100;

/// An organisation that uses waiting rooms for its own site.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tenant {
    /// Its identity.
    pub id: TenantId,
    /// What it is called.
    pub name: String,
    /// Since when.
    pub created_at: DateTime<Utc>,
}

/// What is kept of an API key: never the key itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiKey {
    /// Its identity.
    pub id: ApiKeyId,
    /// Whose.
    pub tenant: TenantId,
    /// What its owner calls it.
    pub name: String,
    /// Since when.
    pub created_at: DateTime<Utc>,
}

/// A tenant's or a key's name, trimmed and checked.
///
/// # Errors
/// [`TextError`].
pub fn checked_name(name: &str) -> Result<String, TextError> {
    text::checked("name", name, TENANT_NAME_LIMIT)
}
