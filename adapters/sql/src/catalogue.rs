//! The catalogue in SQL: concerts, performances and seating plans, and the operators' journal about them.
//!
//! Every change commits together with a higher `catalogue_generation` and its line of the journal, and is announced
//! afterwards. Every read says which generation it saw, from the same snapshot.

mod allotments;
mod concerts;
mod copy;
mod copy_state;
mod edit;
mod editor;
pub(crate) mod journal;
mod known;
mod layout;
mod performances;
mod plans;
mod reader;
mod reads;

use std::sync::Arc;

use onsale_application::ports::{Bus, Context};

pub use self::copy::CatalogueCopy;
pub(crate) use self::performances::load_performance;
pub(crate) use self::plans::load as load_plan;
use crate::database::{Database, Row, SqlError, Statement, Transaction};

/// The catalogue in SQL.
#[derive(Clone)]
pub struct SqlCatalogue {
    database: Database,
    context: Context,
    bus: Arc<dyn Bus>,
    copy: Option<Arc<CatalogueCopy>>,
}

impl SqlCatalogue {
    /// The catalogue of `database`; changes are announced on `bus`.
    #[must_use]
    pub fn new(database: Database, context: Context, bus: Arc<dyn Bus>) -> Self {
        Self { database, context, bus, copy: None }
    }

    /// The same catalogue, read from `copy` where that is as right as reading it from the database itself.
    #[must_use]
    pub fn with_copy(self, copy: Arc<CatalogueCopy>) -> Self {
        Self { copy: Some(copy), ..self }
    }
}

/// Every statement of the catalogue that exists in sizes.
#[cfg(test)]
pub(crate) fn sized_texts() -> Vec<crate::snapshots::NamedText> {
    crate::snapshots::named![
        "catalogue::",
        performances::CATEGORIES_OF_CONCERTS,
        performances::OF_CONCERTS,
        plans::CATEGORIES,
        plans::ZONES,
        plans::AREAS,
        plans::SEATS,
    ]
}

/// A text column, read as what it names.
pub(crate) fn parsed<T>(row: &Row, index: usize, parse: impl FnOnce(&str) -> Option<T>) -> Result<T, SqlError> {
    let text: String = row.get(index)?;
    parse(&text).ok_or_else(|| SqlError::Row(format!("column {index} holds `{text}`")))
}

const GENERATION: &str = "SELECT generation FROM catalogue_generation WHERE id = 1";

/// The catalogue's generation, as `transaction` sees it.
async fn generation(transaction: &mut Transaction) -> Result<i64, SqlError> {
    only(transaction.fetch_optional(Statement::new(GENERATION)).await?)?.get(0)
}

/// The row of a statement that always finds one.
pub(crate) fn only(row: Option<Row>) -> Result<Row, SqlError> {
    row.ok_or_else(|| SqlError::Row("a row that every schema has is missing".to_owned()))
}
