//! Whose API key it is: asked of the store, and remembered for a moment.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use onsale_application::ports::Unavailable;
use onsale_domain::ids::TenantId;
use parking_lot::Mutex;

use crate::state::UseCases;

/// For how long a key is good without asking again: a revoked one is refused everywhere within a second.
const REMEMBERED: TimeDelta = TimeDelta::milliseconds(900);
/// The most keys that are remembered, about 100 bytes each.
const ENTRIES_LIMIT: usize = 1_000;

/// The keys that were good a moment ago, by their digests. Tenants enter thousands of visitors a second with one key.
#[derive(Default)]
pub(crate) struct ApiKeys(Mutex<HashMap<[u8; 32], Known>>);

#[derive(Clone, Copy)]
struct Known {
    tenant: TenantId,
    asked_at: DateTime<Utc>,
}

impl ApiKeys {
    /// Whose key it is.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub(crate) async fn tenant_of(&self, use_cases: &UseCases, key: &str) -> Result<Option<TenantId>, Unavailable> {
        let (digest, now) = (use_cases.queue_seals.digest(key), use_cases.context.now());
        if let Some(tenant) = self.known(&digest, now) {
            return Ok(Some(tenant));
        }
        let tenant = use_cases.tenants.tenant_of(key).await?;
        if let Some(tenant) = tenant {
            self.remember(digest, Known { tenant, asked_at: now });
        }
        Ok(tenant)
    }

    /// A key was revoked through this process.
    pub(crate) fn forget(&self) {
        self.0.lock().clear();
    }

    fn known(&self, digest: &[u8; 32], now: DateTime<Utc>) -> Option<TenantId> {
        let known = *self.0.lock().get(digest)?;
        ((now - known.asked_at).abs() < REMEMBERED).then_some(known.tenant)
    }

    fn remember(&self, digest: [u8; 32], known: Known) {
        let mut keys = self.0.lock();
        if keys.len() >= ENTRIES_LIMIT {
            keys.clear(); // those that are used are soon back
        }
        keys.insert(digest, known);
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const TENANT: TenantId = TenantId(Uuid::from_u128(1));

    fn at(milliseconds: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::milliseconds(milliseconds)
    }

    #[test]
    fn a_key_is_remembered_for_less_than_a_second() {
        let keys = ApiKeys::default();
        keys.remember([1; 32], Known { tenant: TENANT, asked_at: at(0) });
        assert_eq!(keys.known(&[1; 32], at(899)), Some(TENANT));
        assert_eq!(keys.known(&[1; 32], at(900)), None);
        assert_eq!(keys.known(&[2; 32], at(0)), None);
        keys.forget();
        assert_eq!(keys.known(&[1; 32], at(0)), None);
    }

    #[test]
    fn the_table_is_bounded() {
        let keys = ApiKeys::default();
        for number in 0..3_000_u64 {
            let mut digest = [0; 32];
            digest[..8].copy_from_slice(&number.to_be_bytes());
            keys.remember(digest, Known { tenant: TENANT, asked_at: at(0) });
        }
        assert!(keys.0.lock().len() <= ENTRIES_LIMIT);
    }
}
