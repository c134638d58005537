//! Who calls: access tokens, and what their holders may do.
//!
//! The endpoint needs `Arc<UseCases>` in the data of its requests.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use onsale_application::ports::{AccessClaims, SealError, Seals};
use onsale_domain::account::Role;
use onsale_domain::ids::AccountId;
use poem::{Request, RequestBody};
use poem_openapi::auth::Bearer;
use poem_openapi::registry::Registry;
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions, SecurityScheme};

use crate::problem::{Code, Problem};
use crate::state::UseCases;

/// The `access_token` that signing in or refreshing gave.
#[derive(SecurityScheme)]
#[oai(rename = "access_token", ty = "bearer", bearer_format = "JWT", checker = "open")]
pub(crate) struct SignedIn(pub(crate) AccessClaims);

#[expect(clippy::unused_async, reason = "poem-openapi awaits a checker")]
async fn open(request: &Request, bearer: Bearer) -> poem::Result<AccessClaims> {
    let missing = || Problem::internal("the endpoint has no use cases");
    let state = request.data::<Arc<UseCases>>().ok_or_else(missing)?;
    Ok(opened(&*state.seals, &bearer.token, state.context.now())?)
}

/// What an access token states.
///
/// # Errors
/// `sign_in_required` and `access_token_expired`.
pub(crate) fn opened(seals: &dyn Seals, token: &str, now: DateTime<Utc>) -> Result<AccessClaims, Problem> {
    seals.open_access_token(token, now).map_err(|error| match error {
        SealError::Invalid => Problem::new(Code::SignInRequired),
        SealError::Expired => Problem::new(Code::AccessTokenExpired),
    })
}

/// # Errors
/// `forbidden` without the role.
pub(crate) fn require(claims: &AccessClaims, role: Role) -> Result<(), Problem> {
    if claims.roles.contains(&role) {
        return Ok(());
    }
    Err(Problem::new(Code::Forbidden).detail(format!("this takes the role `{}`", role.as_str())))
}

/// Declares an extractor for callers with a role: signed in, or 401; with the role, or 403.
macro_rules! callers {
    ($($(#[$meta:meta])* $name:ident with $role:expr;)*) => {$(
        $(#[$meta])*
        #[derive(Clone, Copy, Debug)]
        pub(crate) struct $name(pub(crate) AccountId);

        impl<'a> ApiExtractor<'a> for $name {
            const TYPES: &'static [ApiExtractorType] = SignedIn::TYPES;

            type ParamType = ();
            type ParamRawType = ();

            fn register(registry: &mut Registry) {
                SignedIn::register(registry);
            }

            fn security_schemes() -> Vec<&'static str> {
                SignedIn::security_schemes()
            }

            async fn from_request(
                request: &'a Request,
                body: &mut RequestBody,
                options: ExtractParamOptions<Self::ParamType>,
            ) -> poem::Result<Self> {
                let SignedIn(claims) = SignedIn::from_request(request, body, options).await?;
                require(&claims, $role)?;
                Ok(Self(claims.account))
            }
        }
    )*};
}

callers! {
    /// A caller who may book and pay.
    Customer with Role::Customer;
    /// A caller who may put concerts on sale.
    Operator with Role::Operator;
}

#[cfg(test)]
mod tests {
    use onsale_application::ports::StreamClaims;
    use onsale_domain::ids::SessionId;
    use uuid::Uuid;

    use super::*;

    /// Seals whose tokens say how they open.
    struct Spoken;

    impl Seals for Spoken {
        fn access_token(&self, _: &AccessClaims) -> String {
            "good".to_owned()
        }

        fn open_access_token(&self, token: &str, now: DateTime<Utc>) -> Result<AccessClaims, SealError> {
            match token {
                "good" => Ok(claims(now)),
                "old" => Err(SealError::Expired),
                _ => Err(SealError::Invalid),
            }
        }

        fn new_refresh_token(&self) -> (String, [u8; 32]) {
            (String::new(), [0; 32])
        }

        fn refresh_token_digest(&self, _: &str) -> [u8; 32] {
            [0; 32]
        }

        fn stream_ticket(&self, _: &StreamClaims) -> String {
            String::new()
        }

        fn open_stream_ticket(&self, _: &str, _: DateTime<Utc>) -> Result<StreamClaims, SealError> {
            Err(SealError::Invalid)
        }
    }

    fn claims(expires_at: DateTime<Utc>) -> AccessClaims {
        let (account, session) = (AccountId(Uuid::nil()), SessionId(Uuid::nil()));
        AccessClaims { account, session, roles: vec![Role::Operator], expires_at }
    }

    #[test]
    fn a_token_is_good_old_or_no_token() {
        let code = |token| opened(&Spoken, token, DateTime::UNIX_EPOCH).map_err(|problem| problem.code());
        assert_eq!(code("good"), Ok(claims(DateTime::UNIX_EPOCH)));
        assert_eq!(code("old"), Err(Code::AccessTokenExpired));
        assert_eq!(code("forged"), Err(Code::SignInRequired));
    }

    #[test]
    fn an_operator_is_no_customer() {
        let claims = claims(DateTime::UNIX_EPOCH);
        assert!(require(&claims, Role::Operator).is_ok());
        assert_eq!(require(&claims, Role::Customer).map_err(|problem| problem.code()), Err(Code::Forbidden));
    }
}
