use std::sync::Arc;

use chrono::TimeDelta;
use thiserror::Error;
use tracing::info;

use crate::ports::{Context, PassKey, PassKeyError, PassKeys, QueueSeals, Unavailable};

/// How long a key signs before the next one does.
const ROTATION: TimeDelta = TimeDelta::days(30);
/// How long a key is published before it signs, so that whoever checks offline has it by then.
const PUBLISHED_AHEAD: TimeDelta = TimeDelta::hours(1);
/// How long a key is kept after the next one has begun to sign: longer than any pass.
const KEPT: TimeDelta = TimeDelta::days(2);

/// Why keys were not rotated.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RotateKeysError {
    /// A stored key cannot be opened.
    #[error(transparent)]
    Key(#[from] PassKeyError),
    /// The store failed.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// Makes, follows and removes the keys that sign passes; every replica does so, and each key is added once.
pub struct RotatePassKeys {
    keys: Arc<dyn PassKeys>,
    seals: Arc<dyn QueueSeals>,
    context: Context,
}

impl RotatePassKeys {
    /// On these ports.
    #[must_use]
    pub fn new(keys: Arc<dyn PassKeys>, seals: Arc<dyn QueueSeals>, context: Context) -> Self {
        Self { keys, seals, context }
    }

    /// Adds the next key when it is time, removes those that no pass needs, and installs what there is.
    ///
    /// # Errors
    /// [`RotateKeysError`]; the keys that were installed stay.
    pub async fn execute(&self) -> Result<(), RotateKeysError> {
        let mut keys = self.keys.all().await?;
        if let Some(key) = self.next(&keys) {
            if self.keys.add(&key).await? {
                info!(sequence = key.sequence, active_from = %key.active_from, "a key for passes was added");
            }
            keys = self.keys.all().await?;
        }
        self.seals.install_pass_keys(&keys)?;
        if let Some(needed) = self.first_needed(&keys) {
            self.keys.remove_before(needed).await?;
        }
        Ok(())
    }

    fn next(&self, keys: &[PassKey]) -> Option<PassKey> {
        let now = self.context.now();
        let Some(newest) = keys.last() else { return Some(self.seals.new_pass_key(1, now, now)) };
        let due = newest.active_from + ROTATION <= now + PUBLISHED_AHEAD;
        due.then(|| self.seals.new_pass_key(newest.sequence + 1, now, now + PUBLISHED_AHEAD))
    }

    /// The first key that a pass may still need, when there are keys before it.
    fn first_needed(&self, keys: &[PassKey]) -> Option<i64> {
        let now = self.context.now();
        let superseded = keys.iter().skip(1).rfind(|key| key.active_from + KEPT <= now)?;
        Some(superseded.sequence)
    }
}
