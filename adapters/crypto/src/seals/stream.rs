use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use onsale_application::ports::{SealError, StreamClaims};
use onsale_domain::box_office::Admission;
use onsale_domain::ids::{PerformanceId, WaitingRoomId};
use subtle::{Choice, ConstantTimeEq};
use uuid::Uuid;

use super::SealSettings;
use crate::secret::{Secret, hmac};

/// The layout below; another layout gets another number.
const VERSION: u8 = 2;
const BODY: usize = 1 + 16 + 16 + 8 + 8;
const TICKET: usize = BODY + 32;

/// Tickets for streams: version, performance, waiting room and number of the admission (0 for none), expiry in microseconds
/// since 1970 (big-endian), HMAC-SHA256 of these; as base64url. The purpose is in the key.
pub(super) struct StreamTickets {
    /// The first one signs, all are accepted.
    keys: Vec<[u8; 32]>,
}

impl StreamTickets {
    pub(super) fn new(settings: &SealSettings) -> Self {
        let key = |secret: &Secret| secret.derive("stream ticket");
        Self { keys: std::iter::once(&settings.secret).chain(&settings.previous_secrets).map(key).collect() }
    }

    pub(super) fn seal(&self, claims: &StreamClaims) -> String {
        let mut ticket = Vec::with_capacity(TICKET);
        ticket.push(VERSION);
        ticket.extend_from_slice(claims.performance.0.as_bytes());
        let (room, number) =
            claims.admission.map_or((Uuid::nil(), 0), |admission| (admission.room.0, admission.number));
        ticket.extend_from_slice(room.as_bytes());
        ticket.extend_from_slice(&number.to_be_bytes());
        ticket.extend_from_slice(&claims.expires_at.timestamp_micros().to_be_bytes());
        let mac = hmac(&self.keys[0], &[&ticket]);
        ticket.extend_from_slice(&mac);
        BASE64_URL_SAFE_NO_PAD.encode(ticket)
    }

    pub(super) fn open(&self, ticket: &str, now: DateTime<Utc>) -> Result<StreamClaims, SealError> {
        // Longer texts are not ours; asking first keeps the work bounded.
        if ticket.len() > TICKET.div_ceil(3) * 4 {
            return Err(SealError::Invalid);
        }
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(ticket).map_err(|_| SealError::Invalid)?;
        let bytes: [u8; TICKET] = bytes.try_into().map_err(|_| SealError::Invalid)?;
        let (body, mac) = bytes.split_at(BODY);
        if !self.is_ours(body, mac) || body[0] != VERSION {
            return Err(SealError::Invalid);
        }
        let claims = read(body).ok_or(SealError::Invalid)?;
        if now < claims.expires_at { Ok(claims) } else { Err(SealError::Expired) }
    }

    /// Takes as long whichever byte differs.
    fn is_ours(&self, body: &[u8], mac: &[u8]) -> bool {
        let matches = |key: &[u8; 32]| hmac(key, &[body]).ct_eq(mac);
        self.keys.iter().map(matches).fold(Choice::from(0), |any, one| any | one).into()
    }
}

fn read(body: &[u8]) -> Option<StreamClaims> {
    let performance = PerformanceId(Uuid::from_slice(&body[1..17]).ok()?);
    let room = WaitingRoomId(Uuid::from_slice(&body[17..33]).ok()?);
    let number = i64::from_be_bytes(body[33..41].try_into().ok()?);
    let expires_at = i64::from_be_bytes(body[41..].try_into().ok()?);
    Some(StreamClaims {
        performance,
        admission: (number > 0).then_some(Admission { room, number }),
        expires_at: DateTime::from_timestamp_micros(expires_at)?,
    })
}
