//! What is read from one consistent view of the catalogue.

use std::sync::Arc;

use async_trait::async_trait;
use onsale_application::ports::{ConcertFilter, ConcertListing, Page};
use onsale_domain::ids::{ConcertId, PerformanceId};
use onsale_domain::performance::Performance;

use super::{concerts, load_performance};
use crate::database::{SqlError, Transaction};

/// One reading, from whichever database shows it.
#[async_trait]
pub(super) trait Read: Sync {
    type Value: Send;

    async fn load(&self, transaction: &mut Transaction) -> Result<Self::Value, SqlError>;
}

/// The concerts that a filter asks for.
pub(super) struct ListConcerts<'a>(pub(super) &'a ConcertFilter);

#[async_trait]
impl Read for ListConcerts<'_> {
    type Value = Arc<Page<Arc<ConcertListing>, ConcertId>>;

    async fn load(&self, transaction: &mut Transaction) -> Result<Self::Value, SqlError> {
        concerts::list(transaction, self.0).await.map(Arc::new)
    }
}

/// A concert with its performances.
pub(super) struct FindConcert(pub(super) ConcertId);

#[async_trait]
impl Read for FindConcert {
    type Value = Option<Arc<ConcertListing>>;

    async fn load(&self, transaction: &mut Transaction) -> Result<Self::Value, SqlError> {
        concerts::load(transaction, self.0).await
    }
}

/// A performance.
pub(super) struct FindPerformance(pub(super) PerformanceId);

#[async_trait]
impl Read for FindPerformance {
    type Value = Option<Arc<Performance>>;

    async fn load(&self, transaction: &mut Transaction) -> Result<Self::Value, SqlError> {
        Ok(load_performance(transaction, self.0).await?.map(Arc::new))
    }
}
