use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use onsale_application::ports::SealError;
use onsale_domain::waiting_room::VisitorId;
use subtle::{Choice, ConstantTimeEq};
use uuid::Uuid;

use super::keys_of;
use crate::seals::SealSettings;
use crate::secret::hmac;

/// The layout of every kind; another layout gets another number.
const VERSION: u8 = 1;
/// Version and kind.
const HEAD: usize = 2;
const MAC: usize = 32;
/// The most bytes a visitor's name has.
const VISITOR_LIMIT: usize = 64;

/// What a statement is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To hold a place in line.
    QueueToken = 1,
    /// To watch a place in line.
    QueueTicket = 2,
    /// To stand for a pass once.
    PassCode = 3,
}

impl Purpose {
    /// The name that its key is derived by.
    pub(super) const fn key_name(self) -> &'static str {
        match self {
            Self::QueueToken => "queue token",
            Self::QueueTicket => "queue ticket",
            Self::PassCode => "pass code",
        }
    }
}

/// Signed statements of one purpose: version, kind, members of fixed length, a visitor's name, and HMAC-SHA256 of all
/// these; as base64url. The purpose is in the key, and in the kind as well.
pub(super) struct Statements {
    purpose: Purpose,
    /// Bytes of the members before the visitor's name.
    fixed: usize,
    /// The first one signs, all are accepted.
    keys: Vec<[u8; 32]>,
}

impl Statements {
    pub(super) fn new(settings: &SealSettings, purpose: Purpose, fixed: usize) -> Self {
        Self { purpose, fixed, keys: keys_of(settings, purpose.key_name()) }
    }

    /// The statement whose members `write` appends, followed by the visitor's name.
    pub(super) fn seal(&self, visitor: &VisitorId, write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut bytes = Vec::with_capacity(self.limit());
        bytes.extend_from_slice(&[VERSION, self.purpose as u8]);
        write(&mut bytes);
        debug_assert_eq!(bytes.len(), HEAD + self.fixed, "the length of the members of {:?}", self.purpose);
        bytes.extend_from_slice(visitor.as_str().as_bytes());
        let mac = hmac(&self.keys[0], &[&bytes]);
        bytes.extend_from_slice(&mac);
        BASE64_URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The members of a statement that is ours, read by `read`.
    pub(super) fn open<T>(&self, text: &str, read: impl FnOnce(&mut Members<'_>) -> Option<T>) -> Result<T, SealError> {
        // Longer texts are not ours; asking first keeps the work bounded.
        if text.len() > self.limit().div_ceil(3) * 4 {
            return Err(SealError::Invalid);
        }
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).map_err(|_| SealError::Invalid)?;
        let (body, mac) = bytes.split_last_chunk::<MAC>().ok_or(SealError::Invalid)?;
        if !self.is_ours(body, mac) {
            return Err(SealError::Invalid);
        }
        let members = body.strip_prefix(&[VERSION, self.purpose as u8]).ok_or(SealError::Invalid)?;
        read(&mut Members(members)).ok_or(SealError::Invalid)
    }

    const fn limit(&self) -> usize {
        HEAD + self.fixed + VISITOR_LIMIT + MAC
    }

    /// Takes as long whichever byte differs.
    fn is_ours(&self, body: &[u8], mac: &[u8; MAC]) -> bool {
        let matches = |key: &[u8; 32]| hmac(key, &[body]).ct_eq(mac);
        self.keys.iter().map(matches).fold(Choice::from(0), |any, one| any | one).into()
    }
}

/// The members of a statement that are still to be read, in the order in which they were written.
pub(super) struct Members<'a>(&'a [u8]);

impl Members<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*taken)
    }

    /// Passes over `N` bytes.
    pub(super) fn skip<const N: usize>(&mut self) -> Option<()> {
        self.take::<N>().map(|_| ())
    }

    pub(super) fn id<T: From<Uuid>>(&mut self) -> Option<T> {
        self.take().map(|bytes| Uuid::from_bytes(bytes).into())
    }

    pub(super) fn number(&mut self) -> Option<i64> {
        self.take().map(i64::from_be_bytes)
    }

    pub(super) fn moment(&mut self) -> Option<DateTime<Utc>> {
        self.number().and_then(DateTime::from_timestamp_micros)
    }

    /// What is left is a visitor's name.
    pub(super) fn visitor(&mut self) -> Option<VisitorId> {
        let name = std::str::from_utf8(std::mem::take(&mut self.0)).ok()?;
        VisitorId::new(name).ok()
    }
}

/// A moment as statements keep it: microseconds since 1970, big-endian.
pub(super) fn moment_bytes(moment: DateTime<Utc>) -> [u8; 8] {
    moment.timestamp_micros().to_be_bytes()
}
