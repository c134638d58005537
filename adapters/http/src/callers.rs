//! Who calls about a waiting room: operators and customers by access token, tenants by API key.

use std::sync::Arc;

use onsale_application::ports::AccessClaims;
use onsale_domain::account::Role;
use onsale_domain::ids::{AccountId, TenantId};
use onsale_domain::waiting_room::{RoomOwner, WaitingRoom};
use poem::{Request, RequestBody};
use poem_openapi::auth::{Bearer, BearerAuthorization};
use poem_openapi::registry::{MetaParamIn, MetaSchemaRef, Registry};
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};

use crate::api_keys::ApiKeys;
use crate::auth::{SignedIn, opened, require};
use crate::headers::{opaque, sent};
use crate::problem::{Code, Problem};
use crate::state::UseCases;

const X_API_KEY: &str = "X-Api-Key";

/// Who may change rooms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manager {
    /// An operator, who may act on every room.
    Operator(AccountId),
    /// A tenant, who may act on its own.
    Tenant(TenantId),
}

impl Manager {
    /// Whose rooms this caller makes.
    pub(crate) fn owner(self) -> RoomOwner {
        match self {
            Self::Operator(_) => RoomOwner::Operators,
            Self::Tenant(tenant) => RoomOwner::Tenant(tenant),
        }
    }

    /// The operator, for the operators' journal.
    pub(crate) fn operator(self) -> Option<AccountId> {
        match self {
            Self::Operator(operator) => Some(operator),
            Self::Tenant(_) => None,
        }
    }

    /// Whether the room is one of this caller's.
    pub(crate) fn may_change(self, room: &WaitingRoom) -> bool {
        match self {
            Self::Operator(_) => true,
            Self::Tenant(tenant) => room.owner == RoomOwner::Tenant(tenant),
        }
    }
}

/// Anybody; who may change rooms is shown more.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Viewer(pub(crate) Option<Manager>);

/// Who gives a visitor a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Usher {
    /// A customer, who is the visitor.
    Customer(AccountId),
    /// A tenant, whose visitor it is.
    Tenant(TenantId),
}

/// A tenant's server.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TenantServer(pub(crate) TenantId);

/// Who has shown what.
enum Identity {
    Account(AccessClaims),
    Tenant(TenantId),
}

/// A tenant by its key, or else an account by its token.
async fn identified(request: &Request) -> Result<Option<Identity>, Problem> {
    if let Some(tenant) = tenant(request).await? {
        return Ok(Some(Identity::Tenant(tenant)));
    }
    let Some(token) = bearer(request) else { return Ok(None) };
    let state = use_cases(request)?;
    Ok(Some(Identity::Account(opened(&*state.seals, &token, state.context.now())?)))
}

async fn tenant(request: &Request) -> Result<Option<TenantId>, Problem> {
    let Some(key) = sent(request, X_API_KEY)? else { return Ok(None) };
    let missing = || Problem::internal("the endpoint has no API keys");
    let keys = request.data::<Arc<ApiKeys>>().ok_or_else(missing)?;
    let tenant = keys.tenant_of(use_cases(request)?, key).await?;
    tenant.map(Some).ok_or_else(|| Problem::new(Code::ApiKeyInvalid))
}

fn bearer(request: &Request) -> Option<String> {
    <Bearer as BearerAuthorization>::from_request(request).ok().map(|bearer| bearer.token)
}

fn use_cases(request: &Request) -> Result<&Arc<UseCases>, Problem> {
    request.data::<Arc<UseCases>>().ok_or_else(|| Problem::internal("the endpoint has no use cases"))
}

fn manager(identity: Option<Identity>) -> Result<Manager, Problem> {
    match identity {
        Some(Identity::Tenant(tenant)) => Ok(Manager::Tenant(tenant)),
        Some(Identity::Account(claims)) => {
            require(&claims, Role::Operator)?;
            Ok(Manager::Operator(claims.account))
        }
        None => Err(Problem::new(Code::SignInRequired)),
    }
}

#[expect(clippy::unnecessary_wraps, reason = "every caller is made the same way")]
fn viewer(identity: Option<Identity>) -> Result<Viewer, Problem> {
    Ok(Viewer(match identity {
        Some(Identity::Account(claims)) if !claims.roles.contains(&Role::Operator) => None,
        Some(Identity::Account(claims)) => Some(Manager::Operator(claims.account)),
        Some(Identity::Tenant(tenant)) => Some(Manager::Tenant(tenant)),
        None => None,
    }))
}

fn usher(identity: Option<Identity>) -> Result<Usher, Problem> {
    match identity {
        Some(Identity::Tenant(tenant)) => Ok(Usher::Tenant(tenant)),
        Some(Identity::Account(claims)) => {
            require(&claims, Role::Customer)?;
            Ok(Usher::Customer(claims.account))
        }
        None => Err(Problem::new(Code::SignInRequired)),
    }
}

/// Declares callers by token or key: an access token as the security scheme, which a key makes superfluous.
macro_rules! by_token_or_key {
    ($($name:ident from $from:path;)*) => {$(
        impl<'a> ApiExtractor<'a> for $name {
            const TYPES: &'static [ApiExtractorType] =
                &[ApiExtractorType::Parameter, ApiExtractorType::SecurityScheme];

            type ParamType = String;
            type ParamRawType = String;

            fn register(registry: &mut Registry) {
                SignedIn::register(registry);
            }

            fn security_schemes() -> Vec<&'static str> {
                SignedIn::security_schemes()
            }

            fn has_security_fallback() -> bool {
                true
            }

            fn param_in() -> Option<MetaParamIn> {
                Some(MetaParamIn::Header)
            }

            fn param_schema_ref() -> Option<MetaSchemaRef> {
                Some(opaque())
            }

            async fn from_request(
                request: &'a Request,
                _body: &mut RequestBody,
                _options: ExtractParamOptions<Self::ParamType>,
            ) -> poem::Result<Self> {
                Ok($from(identified(request).await?)?)
            }
        }
    )*};
}

by_token_or_key! {
    Manager from manager;
    Viewer from viewer;
    Usher from usher;
}

impl<'a> ApiExtractor<'a> for TenantServer {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::Parameter];
    const PARAM_IS_REQUIRED: bool = true;

    type ParamType = String;
    type ParamRawType = String;

    fn param_in() -> Option<MetaParamIn> {
        Some(MetaParamIn::Header)
    }

    fn param_schema_ref() -> Option<MetaSchemaRef> {
        Some(opaque())
    }

    async fn from_request(
        request: &'a Request,
        _body: &mut RequestBody,
        _options: ExtractParamOptions<Self::ParamType>,
    ) -> poem::Result<Self> {
        Ok(tenant(request).await?.map(Self).ok_or(Problem::new(Code::ApiKeyInvalid))?)
    }
}

/// Somebody who may be signed in, and must be only sometimes: the token is not looked at before that is known.
pub(crate) struct MaybeSignedIn(Option<String>);

impl MaybeSignedIn {
    /// Who it is; nothing for somebody who is not signed in.
    ///
    /// # Errors
    /// `sign_in_required` and `access_token_expired` for a token that is not good.
    pub(crate) fn account(&self, state: &UseCases) -> Result<Option<AccountId>, Problem> {
        let Some(token) = &self.0 else { return Ok(None) };
        Ok(Some(opened(&*state.seals, token, state.context.now())?.account))
    }
}

impl<'a> ApiExtractor<'a> for MaybeSignedIn {
    const TYPES: &'static [ApiExtractorType] = SignedIn::TYPES;

    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        SignedIn::register(registry);
    }

    fn security_schemes() -> Vec<&'static str> {
        SignedIn::security_schemes()
    }

    fn has_security_fallback() -> bool {
        true
    }

    async fn from_request(
        request: &'a Request,
        _body: &mut RequestBody,
        _options: ExtractParamOptions<Self::ParamType>,
    ) -> poem::Result<Self> {
        Ok(Self(bearer(request)))
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use onsale_domain::ids::SessionId;
    use uuid::Uuid;

    use super::*;

    const ACCOUNT: AccountId = AccountId(Uuid::from_u128(1));
    const TENANT: TenantId = TenantId(Uuid::from_u128(2));

    fn account(role: Role) -> Identity {
        let session = SessionId(Uuid::nil());
        let claims =
            AccessClaims { account: ACCOUNT, session, roles: vec![role], expires_at: DateTime::<chrono::Utc>::MAX_UTC };
        Identity::Account(claims)
    }

    fn code<T>(refused: Result<T, Problem>) -> Option<Code> {
        refused.err().map(|problem| problem.code())
    }

    #[test]
    fn operators_and_tenants_change_rooms() {
        assert_eq!(manager(Some(account(Role::Operator))).ok(), Some(Manager::Operator(ACCOUNT)));
        assert_eq!(manager(Some(Identity::Tenant(TENANT))).ok(), Some(Manager::Tenant(TENANT)));
        assert_eq!(code(manager(Some(account(Role::Customer)))), Some(Code::Forbidden));
        assert_eq!(code(manager(None)), Some(Code::SignInRequired));
    }

    #[test]
    fn customers_and_tenants_give_places() {
        assert_eq!(usher(Some(account(Role::Customer))).ok(), Some(Usher::Customer(ACCOUNT)));
        assert_eq!(usher(Some(Identity::Tenant(TENANT))).ok(), Some(Usher::Tenant(TENANT)));
        assert_eq!(code(usher(Some(account(Role::Operator)))), Some(Code::Forbidden));
        assert_eq!(code(usher(None)), Some(Code::SignInRequired));
    }

    #[test]
    fn a_customer_sees_what_anybody_sees() {
        let seen = |identity| viewer(identity).expect("anybody may look").0;
        assert_eq!(seen(Some(account(Role::Operator))), Some(Manager::Operator(ACCOUNT)));
        assert_eq!((seen(Some(account(Role::Customer))), seen(None)), (None, None));
    }
}
