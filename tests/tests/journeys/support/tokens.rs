//! Access tokens, made as the servers make them: thousands of passwords would take minutes to hash.

use std::sync::Arc;

use chrono::TimeDelta;
use onsale_application::ports::{AccessClaims, Clock, Seals};
use onsale_crypto::{SealSettings, Secret, SystemClock, TokenSeals};
use onsale_domain::account::Role;
use onsale_domain::ids::{AccountId, SessionId};
use onsale_tests::server::SECRET;
use uuid::Uuid;

/// Signs customers in.
pub(crate) struct Tokens(TokenSeals);

impl Tokens {
    pub(crate) fn new() -> Self {
        let (issuer, audience) = ("onsale".to_owned(), "onsale-api".to_owned());
        let secret = Secret::new(SECRET).unwrap();
        let settings = SealSettings { issuer, audience, secret, previous_secrets: Vec::new() };
        Self(TokenSeals::new(&settings, Arc::new(SystemClock)))
    }

    /// A customer's token, good for an hour.
    pub(crate) fn of(&self, account: AccountId) -> String {
        let session = SessionId(Uuid::now_v7());
        let expires_at = SystemClock.now() + TimeDelta::hours(1);
        self.0.access_token(&AccessClaims { account, session, roles: vec![Role::Customer], expires_at })
    }
}
