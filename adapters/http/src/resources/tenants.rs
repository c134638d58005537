//! Tenants, and their API keys.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use onsale_application::waiting_room::{ManageTenantError, NewApiKey};
use onsale_domain::ids::{ApiKeyId, TenantId};
use onsale_domain::tenant::Tenant;
use poem_openapi::param::Path;
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Object, OpenApi};
use uuid::Uuid;

use super::Tag;
use super::operator::Added;
use crate::api_keys::ApiKeys;
use crate::auth::Operator;
use crate::input::{JsonBody, Text};
use crate::problem::{BODY, OPERATOR, Problem};
use crate::state::UseCases;

/// A tenant to add.
#[derive(Object)]
struct NewTenant {
    /// What it is called.
    #[oai(validator(min_length = 1, max_length = 100))]
    name: Text,
}

/// An organisation that uses waiting rooms for its own site.
#[derive(Object)]
#[oai(rename = "Tenant")]
struct TenantObject {
    /// Names the tenant.
    tenant_id: Uuid,
    /// What it is called.
    name: String,
    /// Since when it is there.
    created_at: DateTime<Utc>,
}

/// A key to give.
#[derive(Object)]
#[oai(rename = "NewApiKey")]
struct NewKey {
    /// What it is called, so that it can be told apart from others.
    #[oai(validator(min_length = 1, max_length = 100))]
    name: Text,
}

/// A key that was given.
#[derive(Object)]
struct ApiKeyObject {
    /// Names the key, for revoking it.
    key_id: Uuid,
    /// Whose it is.
    tenant_id: Uuid,
    /// What it is called.
    name: String,
    /// The key, for `X-Api-Key`. It is shown this once: only its digest is kept.
    key: String,
    /// Since when it is good.
    created_at: DateTime<Utc>,
}

#[derive(ApiResponse)]
enum Given {
    /// The key, shown this once.
    #[oai(status = 201)]
    Given(
        Json<ApiKeyObject>,
        /// Nobody keeps it: it is a secret.
        #[oai(header = "Cache-Control")]
        String,
    ),
}

#[derive(ApiResponse)]
enum Revoked {
    /// The key is refused from now on, everywhere within a second.
    #[oai(status = 204)]
    Revoked,
}

crate::problems! {
    /// Why a tenant was not added.
    enum AddTenantProblem includes [OPERATOR, BODY] {}
}

crate::problems! {
    /// Why no key was given.
    enum AddKeyProblem includes [OPERATOR, BODY] { NotFound }
}

crate::problems! {
    /// Why a key was not revoked.
    enum RevokeProblem includes [OPERATOR] { NotFound }
}

impl From<ManageTenantError> for AddKeyProblem {
    fn from(error: ManageTenantError) -> Self {
        match error {
            ManageTenantError::UnknownTenant => Self::NotFound,
            ManageTenantError::Name(error) => Problem::invalid(error.field(), error.to_string()).into(),
            ManageTenantError::Unavailable(unavailable) => Problem::from(unavailable).into(),
        }
    }
}

impl From<ManageTenantError> for AddTenantProblem {
    fn from(error: ManageTenantError) -> Self {
        Problem::from(AddKeyProblem::from(error)).into()
    }
}

impl From<Tenant> for TenantObject {
    fn from(tenant: Tenant) -> Self {
        Self { tenant_id: tenant.id.0, name: tenant.name, created_at: tenant.created_at }
    }
}

impl From<NewApiKey> for ApiKeyObject {
    fn from(NewApiKey { kept, key }: NewApiKey) -> Self {
        Self { key_id: kept.id.0, tenant_id: kept.tenant.0, name: kept.name, key, created_at: kept.created_at }
    }
}

/// Tenants and their keys.
pub(crate) struct TenantsApi {
    use_cases: Arc<UseCases>,
    keys: Arc<ApiKeys>,
}

impl TenantsApi {
    pub(crate) fn new(use_cases: Arc<UseCases>, keys: Arc<ApiKeys>) -> Self {
        Self { use_cases, keys }
    }
}

#[OpenApi(tag = "Tag::Operators")]
impl TenantsApi {
    /// Add a tenant
    #[oai(path = "/v1/tenants", method = "post", operation_id = "create_tenant")]
    async fn create_tenant(
        &self,
        operator: Operator,
        tenant: JsonBody<NewTenant>,
    ) -> Result<Added<TenantObject>, AddTenantProblem> {
        let tenant = self.use_cases.tenants.add(&tenant.0.name.0, operator.0).await?;
        Ok(Added::Added(Json(tenant.into())))
    }

    /// Give a tenant a key
    ///
    /// Beside those it has, so that keys can be changed without a pause.
    #[oai(path = "/v1/tenants/:id/keys", method = "post", operation_id = "create_api_key")]
    async fn create_api_key(
        &self,
        operator: Operator,
        /// Names the tenant.
        id: Path<Uuid>,
        key: JsonBody<NewKey>,
    ) -> Result<Given, AddKeyProblem> {
        let key = self.use_cases.tenants.add_key(TenantId(id.0), &key.0.name.0, operator.0).await?;
        Ok(Given::Given(Json(key.into()), "no-store".to_owned()))
    }

    /// Revoke a tenant's key
    #[oai(path = "/v1/tenants/:id/keys/:key_id", method = "delete", operation_id = "revoke_api_key")]
    async fn revoke_api_key(
        &self,
        operator: Operator,
        /// Names the tenant.
        id: Path<Uuid>,
        /// Names the key.
        key_id: Path<Uuid>,
    ) -> Result<Revoked, RevokeProblem> {
        let (tenant, key) = (TenantId(id.0), ApiKeyId(key_id.0));
        let revoked = self.use_cases.tenants.revoke_key(tenant, key, operator.0).await.map_err(Problem::from)?;
        self.keys.forget();
        if revoked { Ok(Revoked::Revoked) } else { Err(RevokeProblem::NotFound) }
    }
}
