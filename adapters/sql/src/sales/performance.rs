//! A performance under lock: its version, its terms and the places of its categories.

use std::collections::HashMap;
use std::sync::Arc;

use onsale_domain::ids::{CategoryId, PerformanceId};
use onsale_domain::performance::Performance;
use parking_lot::Mutex;

use crate::catalogue::load_performance;
use crate::database::{Dialect, SqlError, Statement, Transaction};

/// The version of a performance's seats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Version {
    pub(super) epoch: i64,
    pub(super) number: i64,
}

/// Takes the lock that everything takes first that changes a performance's seats, reservations or terms.
pub(super) async fn lock_version(
    transaction: &mut Transaction,
    performance: PerformanceId,
) -> Result<Option<Version>, SqlError> {
    let text = match transaction.dialect() {
        Dialect::MySql => "SELECT epoch, version FROM performance_versions WHERE performance_id = ? FOR UPDATE",
        Dialect::Sqlite => "SELECT epoch, version FROM performance_versions WHERE performance_id = ?",
    };
    let row = transaction.fetch_optional(Statement::new(text).bind(performance)).await?;
    row.map(|row| Ok(Version { epoch: row.get(0)?, number: row.get(1)? })).transpose()
}

/// Writes the version of a group that changed a seat.
pub(super) async fn write_version(
    transaction: &mut Transaction,
    performance: PerformanceId,
    version: Version,
) -> Result<(), SqlError> {
    let text = "UPDATE performance_versions SET version = ? WHERE performance_id = ?";
    transaction.execute(Statement::new(text).bind(version.number).bind(performance)).await?;
    Ok(())
}

/// The categories of a performance by the numbers that its seats' rows have for them.
#[derive(Debug, Default)]
pub(super) struct Places(Vec<(u32, CategoryId)>);

impl Places {
    /// The category of a number.
    pub(super) fn category(&self, place: u32) -> Result<CategoryId, SqlError> {
        let found = self.0.iter().find(|(no, _)| *no == place);
        found
            .map(|(_, id)| *id)
            .ok_or_else(|| SqlError::Row(format!("a seat is of category {place}, which has no price")))
    }

    /// The number of a category.
    pub(super) fn number(&self, category: CategoryId) -> Option<u32> {
        self.0.iter().find(|(_, id)| *id == category).map(|(no, _)| *no)
    }
}

/// What is remembered between groups: places never change once a performance exists.
#[derive(Default)]
pub(super) struct PlacesMemory(Mutex<HashMap<PerformanceId, Arc<Places>>>);

/// The terms of a performance and the places of its categories.
pub(super) struct Terms {
    pub(super) performance: Performance,
    pub(super) places: Arc<Places>,
}

/// Performances whose places are remembered; beyond that, memory starts anew.
const REMEMBERED: usize = 10_000;

impl PlacesMemory {
    /// Loads the terms as they stand under the version's lock, so that a change of the operator's comes before a group
    /// or after it.
    pub(super) async fn load_terms(
        &self,
        transaction: &mut Transaction,
        id: PerformanceId,
    ) -> Result<Option<Terms>, SqlError> {
        let Some(performance) = load_performance(transaction, id).await? else { return Ok(None) };
        let places = self.places(transaction, id).await?;
        Ok(Some(Terms { performance, places }))
    }

    async fn places(&self, transaction: &mut Transaction, id: PerformanceId) -> Result<Arc<Places>, SqlError> {
        let remembered = self.0.lock().get(&id).cloned();
        if let Some(places) = remembered {
            return Ok(places);
        }
        let text = "SELECT position, category_id FROM performance_categories WHERE performance_id = ?";
        let rows = transaction.fetch_all(Statement::new(text).bind(id)).await?;
        let places = rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect::<Result<_, SqlError>>()?;
        let places = Arc::new(Places(places));
        let mut memory = self.0.lock();
        if memory.len() >= REMEMBERED {
            memory.clear();
        }
        memory.insert(id, Arc::clone(&places));
        Ok(places)
    }
}
