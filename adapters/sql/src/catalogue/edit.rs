//! What every change of the catalogue does: its own work, its line of the journal, a higher generation, all at once.

use async_trait::async_trait;
use onsale_application::ports::{BusMessage, EditError};
use onsale_domain::ids::AccountId;

use super::journal::{self, Line};
use super::{SqlCatalogue, generation};
use crate::database::{SqlError, Statement, Transaction};

/// How often a change is tried when locks of others make it fail.
const ATTEMPTS: u32 = 5;

/// The work of one change, inside its transaction.
#[async_trait]
pub(super) trait Edit: Sync {
    /// What the operator gets back.
    type Outcome: Send;

    /// Does the work; says what came of it and what the journal shall say.
    async fn apply(&self, transaction: &mut Transaction) -> Result<(Self::Outcome, Line), EditFailure>;
}

/// Why the work of a change failed: refused for good, or by the database, which may be worth another attempt.
#[derive(Debug)]
pub(super) enum EditFailure {
    Refused(EditError),
    Sql(SqlError),
}

impl From<EditError> for EditFailure {
    fn from(error: EditError) -> Self {
        Self::Refused(error)
    }
}

impl From<SqlError> for EditFailure {
    fn from(error: SqlError) -> Self {
        Self::Sql(error)
    }
}

impl From<EditFailure> for EditError {
    fn from(failure: EditFailure) -> Self {
        match failure {
            EditFailure::Refused(error) => error,
            EditFailure::Sql(error) => Self::Unavailable(error.into()),
        }
    }
}

impl EditFailure {
    /// Whether nothing was committed and another attempt may succeed. After a lost connection a COMMIT may have
    /// happened, so that is for the operator to look at.
    fn is_worth_another_attempt(&self) -> bool {
        matches!(self, Self::Sql(error) if error.is_transient() && !error.is_connection_lost())
    }
}

impl SqlCatalogue {
    /// Does `edit` in one transaction and announces it.
    pub(super) async fn edit<E: Edit>(&self, edit: &E, operator: Option<AccountId>) -> Result<E::Outcome, EditError> {
        for _ in 1..ATTEMPTS {
            match self.try_edit(edit, operator).await {
                Err(failure) if failure.is_worth_another_attempt() => {}
                settled => return Ok(settled?),
            }
        }
        Ok(self.try_edit(edit, operator).await?)
    }

    async fn try_edit<E: Edit>(&self, edit: &E, operator: Option<AccountId>) -> Result<E::Outcome, EditFailure> {
        let mut transaction = self.database.begin().await?;
        let (outcome, line) = edit.apply(&mut transaction).await?;
        journal::write(&mut transaction, &self.context, operator, line).await?;
        let generation = raise_generation(&mut transaction).await?;
        transaction.commit().await?;
        if let Some(copy) = &self.copy {
            copy.known.wrote(generation);
        }
        self.bus.publish(BusMessage::Catalogue { generation });
        Ok(outcome)
    }
}

/// Raises the generation, last of all in a transaction: from here on other changes wait for the commit.
async fn raise_generation(transaction: &mut Transaction) -> Result<i64, SqlError> {
    let statement = Statement::new("UPDATE catalogue_generation SET generation = generation + 1 WHERE id = 1");
    transaction.execute(statement).await?;
    generation(transaction).await
}
