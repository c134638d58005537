use chrono::{DateTime, Utc};
use onsale_application::ports::{QueueClaims, SealError};

use super::statement::{Members, Purpose, Statements, moment_bytes};
use crate::seals::SealSettings;

/// Room, number, expiry.
const FIXED: usize = 16 + 8 + 8;

/// Places in line: room, number, expiry, visitor. Tokens and the tickets of event streams state the same for two purposes.
pub(super) struct QueueTokens(Statements);

impl QueueTokens {
    pub(super) fn new(settings: &SealSettings, purpose: Purpose) -> Self {
        Self(Statements::new(settings, purpose, FIXED))
    }

    pub(super) fn seal(&self, claims: &QueueClaims) -> String {
        self.0.seal(&claims.visitor, |bytes| {
            bytes.extend_from_slice(claims.room.0.as_bytes());
            bytes.extend_from_slice(&claims.number.to_be_bytes());
            bytes.extend_from_slice(&moment_bytes(claims.expires_at));
        })
    }

    pub(super) fn open(&self, token: &str, now: DateTime<Utc>) -> Result<QueueClaims, SealError> {
        let claims = self.0.open(token, read)?;
        if now < claims.expires_at { Ok(claims) } else { Err(SealError::Expired) }
    }
}

fn read(members: &mut Members<'_>) -> Option<QueueClaims> {
    let (room, number, expires_at) = (members.id()?, members.number()?, members.moment()?);
    Some(QueueClaims { room, visitor: members.visitor()?, number, expires_at })
}
