use async_trait::async_trait;
use chrono::{DateTime, Utc};
use onsale_application::ports::{
    AccessClaims, AccountWithPassword, Accounts, EndedBecause, NewAccount, NewSession, Passwords, PasswordsError,
    RegisterError, RotateError, Rotation, SealError, Seals, StreamClaims, Unavailable,
};
use onsale_domain::account::{Account, Email};
use onsale_domain::ids::{AccountId, SessionId};
use parking_lot::Mutex;

/// Accounts in memory.
#[derive(Default)]
pub(crate) struct AccountsDouble {
    pub(crate) registered: Mutex<Vec<NewAccount>>,
    pub(crate) opened: Mutex<Vec<NewSession>>,
    pub(crate) rotations: Mutex<Vec<Rotation>>,
    pub(crate) ended: Mutex<Vec<(SessionId, DateTime<Utc>)>>,
}

#[async_trait]
impl Accounts for AccountsDouble {
    async fn register(&self, account: NewAccount) -> Result<(), RegisterError> {
        let mut registered = self.registered.lock();
        if registered.iter().any(|known| known.account.email == account.account.email) {
            return Err(RegisterError::EmailTaken);
        }
        registered.push(account);
        Ok(())
    }

    async fn by_email(&self, email: &Email) -> Result<Option<AccountWithPassword>, Unavailable> {
        let registered = self.registered.lock();
        let known = registered.iter().find(|known| known.account.email == *email).cloned();
        Ok(known.map(|known| AccountWithPassword { account: known.account, password_hash: known.password_hash }))
    }

    async fn by_id(&self, id: AccountId) -> Result<Option<Account>, Unavailable> {
        let registered = self.registered.lock();
        Ok(registered.iter().find(|known| known.account.id == id).map(|known| known.account.clone()))
    }

    async fn open_session(&self, session: NewSession) -> Result<(), Unavailable> {
        self.opened.lock().push(session);
        Ok(())
    }

    async fn rotate_session(&self, rotation: Rotation) -> Result<(SessionId, Account), RotateError> {
        let opened = self.opened.lock();
        let session = opened.iter().find(|session| session.token_digest == rotation.presented);
        let session = session.ok_or(RotateError::Ended(EndedBecause::Unknown))?;
        self.rotations.lock().push(rotation);
        let account = self.registered.lock().iter().find(|known| known.account.id == session.account).cloned();
        Ok((session.id, account.expect("a session has an account").account))
    }

    async fn end_session(&self, id: SessionId, at: DateTime<Utc>) -> Result<(), Unavailable> {
        self.ended.lock().push((id, at));
        Ok(())
    }

    async fn purge_sessions(&self, _before: DateTime<Utc>, _limit: u32) -> Result<u64, Unavailable> {
        Ok(0)
    }
}

/// Hashes a password to `hash of …`, and counts how often it was asked to.
#[derive(Default)]
pub(crate) struct PasswordsDouble {
    pub(crate) hashed: Mutex<usize>,
    /// The hash that each comparison was given.
    pub(crate) verified: Mutex<Vec<Option<String>>>,
    pub(crate) failure: Mutex<Option<PasswordsError>>,
}

impl PasswordsDouble {
    fn check(&self) -> Result<(), PasswordsError> {
        self.failure.lock().clone().map_or(Ok(()), Err)
    }
}

fn hash_of(password: &str) -> String {
    format!("hash of {password}")
}

#[async_trait]
impl Passwords for PasswordsDouble {
    async fn hash(&self, password: String) -> Result<String, PasswordsError> {
        *self.hashed.lock() += 1;
        self.check()?;
        Ok(hash_of(&password))
    }

    async fn verify(&self, password: String, hash: Option<String>) -> Result<bool, PasswordsError> {
        self.verified.lock().push(hash.clone());
        self.check()?;
        Ok(hash == Some(hash_of(&password)))
    }
}

/// Writes tokens in plain text: `refresh 1`, `refresh 2`, and access tokens as the claims they state.
#[derive(Default)]
pub(crate) struct SealsDouble {
    refresh_tokens: Mutex<u32>,
}

/// The digest of a refresh token: its bytes, cut or filled up to 32.
pub(crate) fn digest(token: &str) -> [u8; 32] {
    let mut digest = [0; 32];
    digest.iter_mut().zip(token.bytes()).for_each(|(place, byte)| *place = byte);
    digest
}

impl Seals for SealsDouble {
    fn access_token(&self, claims: &AccessClaims) -> String {
        format!("{claims:?}")
    }

    fn open_access_token(&self, _token: &str, _now: DateTime<Utc>) -> Result<AccessClaims, SealError> {
        Err(SealError::Invalid)
    }

    fn new_refresh_token(&self) -> (String, [u8; 32]) {
        let mut refresh_tokens = self.refresh_tokens.lock();
        *refresh_tokens += 1;
        let token = format!("refresh {refresh_tokens}");
        let digest = digest(&token);
        (token, digest)
    }

    fn refresh_token_digest(&self, token: &str) -> [u8; 32] {
        digest(token)
    }

    fn stream_ticket(&self, claims: &StreamClaims) -> String {
        format!("{claims:?}")
    }

    fn open_stream_ticket(&self, _ticket: &str, _now: DateTime<Utc>) -> Result<StreamClaims, SealError> {
        Err(SealError::Invalid)
    }
}
