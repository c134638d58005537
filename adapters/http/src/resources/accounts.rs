//! Accounts: making one, and who one is.

use std::sync::Arc;

use onsale_application::accounts::{self, RegisterAccountError};
use onsale_domain::account::{self, Role};
use poem_openapi::payload::Json;
use poem_openapi::types::Password;
use poem_openapi::{ApiResponse, Enum, Object, OpenApi};
use uuid::Uuid;

use super::Tag;
use crate::auth::SignedIn;
use crate::context::RequestContext;
use crate::input::{EmailText, JsonBody, Text};
use crate::password_limit::PasswordLimit;
use crate::problem::{BODY, Code, Problem, SIGNED_IN};
use crate::refusals::busy;
use crate::state::UseCases;

/// Who wants an account.
#[derive(Object)]
struct Registration {
    /// The address to sign in with; unique, whatever its case.
    #[oai(validator(max_length = 254))]
    email: EmailText,
    /// At least 8 characters, at most 256 bytes.
    #[oai(validator(min_length = 8, max_length = 256))]
    password: Password,
    /// How to be addressed.
    #[oai(validator(min_length = 1, max_length = 100))]
    name: Text,
}

/// The account that was made.
#[derive(Object)]
struct RegisteredAccount {
    /// Its identity.
    account_id: Uuid,
}

/// What an account may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[oai(rename = "Role", rename_all = "snake_case")]
enum RoleName {
    /// Books and pays.
    Customer,
    /// Puts concerts on sale.
    Operator,
}

impl From<Role> for RoleName {
    fn from(role: Role) -> Self {
        match role {
            Role::Customer => Self::Customer,
            Role::Operator => Self::Operator,
        }
    }
}

/// Somebody who signs in.
#[derive(Object)]
#[oai(rename = "Account")]
struct AccountBody {
    /// Its identity.
    account_id: Uuid,
    /// The address to sign in with, in lower case.
    email: EmailText,
    /// How to be addressed.
    name: Text,
    /// What it may do.
    roles: Vec<RoleName>,
}

impl From<account::Account> for AccountBody {
    fn from(account: account::Account) -> Self {
        Self {
            account_id: account.id.0,
            email: EmailText(account.email.as_str().to_owned()),
            name: Text(account.name),
            roles: account.roles.into_iter().map(RoleName::from).collect(),
        }
    }
}

crate::problems! {
    /// Why nobody was registered.
    enum RegisterProblem includes [BODY] { EmailTaken }
}

impl From<RegisterAccountError> for RegisterProblem {
    fn from(error: RegisterAccountError) -> Self {
        match error {
            RegisterAccountError::Invalid(invalid) => Problem::invalid(invalid.field(), invalid.to_string()).into(),
            RegisterAccountError::EmailTaken => Self::EmailTaken,
            RegisterAccountError::Busy => busy().into(),
            RegisterAccountError::Unavailable(unavailable) => Problem::from(unavailable).into(),
        }
    }
}

crate::problems! {
    /// Why an account is not shown.
    enum ShowAccountProblem includes [SIGNED_IN] {}
}

#[derive(ApiResponse)]
enum Registered {
    /// The account was made; sign in next.
    #[oai(status = 201)]
    Registered(Json<RegisteredAccount>),
}

/// The accounts.
pub(crate) struct AccountsApi {
    state: Arc<UseCases>,
    passwords: Arc<PasswordLimit>,
}

impl AccountsApi {
    /// On these use cases.
    pub(crate) fn new(state: Arc<UseCases>, passwords: Arc<PasswordLimit>) -> Self {
        Self { state, passwords }
    }
}

#[OpenApi(prefix_path = "/v1/accounts", tag = "Tag::Accounts")]
impl AccountsApi {
    /// Register a customer
    ///
    /// The password is hashed slowly, and only so many at once: beyond that, the answer is `busy`. Registrations and
    /// sign-ins are limited per client address together (`rate_limited`).
    #[oai(path = "/", method = "post", operation_id = "register_account")]
    async fn register(
        &self,
        context: RequestContext,
        body: JsonBody<Registration>,
    ) -> Result<Registered, RegisterProblem> {
        self.passwords.check(context.client)?;
        let Registration { email, password, name } = body.0;
        let registration =
            accounts::Registration { email: email.0, password: password.0, name: name.0, roles: vec![Role::Customer] };
        let account_id = self.state.register.execute(registration).await?.0;
        Ok(Registered::Registered(Json(RegisteredAccount { account_id })))
    }

    /// Show the account that is signed in
    #[oai(path = "/me", method = "get", operation_id = "get_my_account")]
    async fn me(&self, caller: SignedIn) -> Result<Json<AccountBody>, ShowAccountProblem> {
        let account = self.state.sessions.account(caller.0.account).await.map_err(Problem::from)?;
        let account = account.ok_or_else(|| Problem::new(Code::SignInRequired))?; // its token outlived it
        Ok(Json(account.into()))
    }
}

#[cfg(test)]
mod tests {
    use onsale_application::ports::Unavailable;
    use onsale_domain::account::AccountError;

    use super::*;

    #[test]
    fn every_refusal_has_its_code() {
        let expected = [
            (RegisterAccountError::Invalid(AccountError::Password), Code::InvalidRequest),
            (RegisterAccountError::EmailTaken, Code::EmailTaken),
            (RegisterAccountError::Busy, Code::Busy),
            (RegisterAccountError::Unavailable(Unavailable::because("down")), Code::Unavailable),
        ];
        for (error, code) in expected {
            assert_eq!(Problem::from(RegisterProblem::from(error)).code(), code);
        }
    }
}
