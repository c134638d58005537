//! Registering, signing in, staying signed in and signing out.

use std::sync::Arc;

use chrono::TimeDelta;
use onsale_domain::account::{self, Account, AccountError, Email, Role};
use onsale_domain::ids::{AccountId, SessionId};
use thiserror::Error;

use crate::ports::{
    AccessClaims, Accounts, Context, NewAccount, NewSession, Passwords, PasswordsError, RegisterError, RotateError,
    Rotation, Seals, Unavailable,
};

/// How long tokens are good.
#[derive(Clone, Copy, Debug)]
pub struct TokenLifetimes {
    /// An access token: short, since it is checked without asking a store.
    pub access: TimeDelta,
    /// A session that nobody refreshes: longer than any queue.
    pub session: TimeDelta,
}

/// Who wants an account.
#[derive(Clone)]
pub struct Registration {
    /// The address, as typed.
    pub email: String,
    /// The password.
    pub password: String,
    /// The name, as typed.
    pub name: String,
    /// What the account may do.
    pub roles: Vec<Role>,
}

/// Why nobody was registered.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RegisterAccountError {
    /// The registration is not valid.
    #[error(transparent)]
    Invalid(#[from] AccountError),
    /// Another account has the address.
    #[error("the address has an account already")]
    EmailTaken,
    /// Too many passwords are waiting to be hashed.
    #[error("too many are registering")]
    Busy,
    /// A store failed.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

impl From<PasswordsError> for RegisterAccountError {
    fn from(error: PasswordsError) -> Self {
        match error {
            PasswordsError::Busy => Self::Busy,
            PasswordsError::Failed(_) => Self::Unavailable(Unavailable::because(error)),
        }
    }
}

impl From<RegisterError> for RegisterAccountError {
    fn from(error: RegisterError) -> Self {
        match error {
            RegisterError::EmailTaken => Self::EmailTaken,
            RegisterError::Unavailable(cause) => Self::Unavailable(cause),
        }
    }
}

/// Makes an account.
pub struct RegisterAccount {
    accounts: Arc<dyn Accounts>,
    passwords: Arc<dyn Passwords>,
    context: Context,
}

impl RegisterAccount {
    /// On these ports.
    #[must_use]
    pub fn new(accounts: Arc<dyn Accounts>, passwords: Arc<dyn Passwords>, context: Context) -> Self {
        Self { accounts, passwords, context }
    }

    /// Makes the account and says which.
    ///
    /// # Errors
    /// [`RegisterAccountError`]; no account was made.
    pub async fn execute(&self, registration: Registration) -> Result<AccountId, RegisterAccountError> {
        let email = Email::parse(&registration.email)?;
        let name = account::checked_name(&registration.name)?;
        account::check_password(&registration.password)?;
        let password_hash = self.passwords.hash(registration.password).await?;
        let account = Account {
            id: self.context.new_id(),
            email,
            name,
            roles: registration.roles,
            created_at: self.context.now(),
        };
        let id = account.id;
        self.accounts.register(NewAccount { account, password_hash }).await?;
        Ok(id)
    }
}

/// What signing in or refreshing gives.
#[derive(Clone)]
pub struct Tokens {
    /// Proves who calls, for a short time.
    pub access_token: String,
    /// Exchanges for the next pair, once.
    pub refresh_token: String,
    /// How long the access token is good, in seconds.
    pub expires_in: i64,
}

/// Why nobody was signed in.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SignInError {
    /// No account has this address and password; which of the two is nobody's business.
    #[error("the address or the password is wrong")]
    BadCredentials,
    /// Too many passwords are waiting to be compared.
    #[error("too many are signing in")]
    Busy,
    /// A store failed.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

impl From<PasswordsError> for SignInError {
    fn from(error: PasswordsError) -> Self {
        match error {
            PasswordsError::Busy => Self::Busy,
            PasswordsError::Failed(_) => Self::Unavailable(Unavailable::because(error)),
        }
    }
}

/// Sessions: signing in, staying signed in, signing out.
pub struct Sessions {
    accounts: Arc<dyn Accounts>,
    passwords: Arc<dyn Passwords>,
    seals: Arc<dyn Seals>,
    lifetimes: TokenLifetimes,
    context: Context,
}

impl Sessions {
    /// On these ports.
    #[must_use]
    pub fn new(
        accounts: Arc<dyn Accounts>,
        passwords: Arc<dyn Passwords>,
        seals: Arc<dyn Seals>,
        lifetimes: TokenLifetimes,
        context: Context,
    ) -> Self {
        Self { accounts, passwords, seals, lifetimes, context }
    }

    /// Signs in; as slow for an unknown address as for a wrong password.
    ///
    /// # Errors
    /// [`SignInError`].
    pub async fn sign_in(&self, email: &str, password: String) -> Result<Tokens, SignInError> {
        let known = match Email::parse(email) {
            Ok(email) => self.accounts.by_email(&email).await?,
            Err(_) => None,
        };
        let hash = known.as_ref().map(|known| known.password_hash.clone());
        if !self.passwords.verify(password, hash).await? {
            return Err(SignInError::BadCredentials);
        }
        let account = known.ok_or(SignInError::BadCredentials)?.account;
        let (refresh_token, token_digest) = self.seals.new_refresh_token();
        let now = self.context.now();
        let session = NewSession {
            id: self.context.new_id(),
            account: account.id,
            token_digest,
            created_at: now,
            expires_at: now + self.lifetimes.session,
        };
        let id = session.id;
        self.accounts.open_session(session).await?;
        Ok(self.tokens(id, &account, refresh_token))
    }

    /// Exchanges a refresh token for the next pair.
    ///
    /// # Errors
    /// [`RotateError`]; presenting a token a second time ends its session.
    pub async fn refresh(&self, refresh_token: &str) -> Result<Tokens, RotateError> {
        let (next_token, next) = self.seals.new_refresh_token();
        let at = self.context.now();
        let presented = self.seals.refresh_token_digest(refresh_token);
        let rotation = Rotation { presented, next, at, expires_at: at + self.lifetimes.session };
        let (session, account) = self.accounts.rotate_session(rotation).await?;
        Ok(self.tokens(session, &account, next_token))
    }

    /// Ends the session: its refresh token is worthless from now on, its access tokens when their short time is over.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub async fn sign_out(&self, session: SessionId) -> Result<(), Unavailable> {
        self.accounts.end_session(session, self.context.now()).await
    }

    /// The account that has signed in.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub async fn account(&self, id: AccountId) -> Result<Option<Account>, Unavailable> {
        self.accounts.by_id(id).await
    }

    fn tokens(&self, session: SessionId, account: &Account, refresh_token: String) -> Tokens {
        let claims = AccessClaims {
            account: account.id,
            session,
            roles: account.roles.clone(),
            expires_at: self.context.now() + self.lifetimes.access,
        };
        Tokens {
            access_token: self.seals.access_token(&claims),
            refresh_token,
            expires_in: self.lifetimes.access.num_seconds(),
        }
    }
}
