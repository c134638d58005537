use chrono::{DateTime, Utc};
use onsale_application::ports::{PassClaims, SealError};

use super::statement::{Members, Purpose, Statements, moment_bytes};
use crate::random;
use crate::seals::SealSettings;

/// Random bytes that make each code another: 128 bits.
const NONCE: usize = 16;
/// Nonce, the code's expiry, pass, room, number, when the pass was issued and when it expires.
const FIXED: usize = NONCE + 8 + 16 + 16 + 8 + 8 + 8;

/// One-time codes: all that a pass states, under a nonce and an expiry of their own. Who has redeemed one is remembered
/// elsewhere, by its digest.
pub(super) struct PassCodes(Statements);

impl PassCodes {
    pub(super) fn new(settings: &SealSettings) -> Self {
        Self(Statements::new(settings, Purpose::PassCode, FIXED))
    }

    pub(super) fn seal(&self, pass: &PassClaims, expires_at: DateTime<Utc>) -> String {
        self.0.seal(&pass.visitor, |bytes| {
            bytes.extend_from_slice(&random::bytes::<NONCE>());
            bytes.extend_from_slice(&moment_bytes(expires_at));
            bytes.extend_from_slice(pass.id.0.as_bytes());
            bytes.extend_from_slice(pass.room.0.as_bytes());
            bytes.extend_from_slice(&pass.number.to_be_bytes());
            bytes.extend_from_slice(&moment_bytes(pass.issued_at));
            bytes.extend_from_slice(&moment_bytes(pass.expires_at));
        })
    }

    pub(super) fn open(&self, code: &str, now: DateTime<Utc>) -> Result<PassClaims, SealError> {
        let (claims, code_expires_at) = self.0.open(code, read)?;
        if now < code_expires_at { Ok(claims) } else { Err(SealError::Expired) }
    }
}

/// The pass, and until when the code is good.
fn read(members: &mut Members<'_>) -> Option<(PassClaims, DateTime<Utc>)> {
    members.skip::<NONCE>()?;
    let code_expires_at = members.moment()?;
    let (id, room, number) = (members.id()?, members.id()?, members.number()?);
    let (issued_at, expires_at) = (members.moment()?, members.moment()?);
    let claims = PassClaims { id, room, visitor: members.visitor()?, number, issued_at, expires_at };
    Some((claims, code_expires_at))
}
