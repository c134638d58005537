use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use onsale_application::ports::{Bus, Context, HelperHealth, Unavailable, Versioned};
use onsale_domain::ids::SeatingPlanId;
use onsale_domain::plan::SeatingPlan;
use tokio::time::timeout;

use super::copy_state::{CopyState, Outcome};
use super::generation;
use super::known::{KnownGeneration, Required};
use super::plans;
use super::reads::Read;
use crate::database::{Database, SqlError};

/// How long a read from a copy may take: the database itself must still have time to answer.
const LIMIT: Duration = Duration::from_secs(2);

/// A read-only copy of the database, which may lag behind it or be away: then the database itself is asked.
///
/// It is used for the catalogue only, and only when what it shows includes every change that this process knows of. A
/// copy that fails is left alone for a while and tried beside the requests, so that no request waits for it twice.
pub struct CatalogueCopy {
    database: Database,
    pub(super) known: KnownGeneration,
    pub(super) state: CopyState,
}

impl CatalogueCopy {
    /// The copy at `database` of a catalogue whose changes are announced on `bus`. A recorder of metrics must be installed
    /// before, or nothing is recorded.
    #[must_use]
    pub fn new(database: Database, context: Context, bus: &dyn Bus) -> Self {
        Self { database, known: KnownGeneration::new(context, bus), state: CopyState::new() }
    }

    /// The copy itself, to look at its connections.
    #[must_use]
    pub const fn database(&self) -> &Database {
        &self.database
    }

    /// What `read` finds; nothing when the database itself must be asked.
    pub(super) async fn read<R: Read>(self: &Arc<Self>, read: &R) -> Option<Versioned<R::Value>> {
        let Some(required) = self.known.required() else {
            self.state.count(Outcome::Unknown);
            return None;
        };
        if !self.is_there() {
            return None;
        }
        match timeout(LIMIT, self.try_read(read, required)).await {
            Ok(Ok(value)) => value,
            Ok(Err(error)) => self.state.fail(&error.to_string()),
            Err(_) => self.state.fail("it gave no answer in time"),
        }
    }

    async fn try_read<R: Read>(&self, read: &R, required: Required) -> Result<Option<Versioned<R::Value>>, SqlError> {
        let mut transaction = self.database.begin_read().await?;
        let generation = generation(&mut transaction).await?;
        if generation < required.generation {
            transaction.rollback().await?;
            self.state.lag(generation, required.generation);
            return Ok(None);
        }
        let value = read.load(&mut transaction).await?;
        transaction.commit().await?;
        self.state.show();
        Ok(Some(Versioned { value, generation, read_at: required.said_at }))
    }

    /// The plan of that identity. A plan never changes, and one that is missing here may only not have arrived yet.
    pub(super) async fn plan(self: &Arc<Self>, id: SeatingPlanId) -> Option<SeatingPlan> {
        if !self.is_there() {
            return None;
        }
        match timeout(LIMIT, plans::load(&self.database, id)).await {
            Ok(Ok(plan)) => {
                self.state.count(if plan.is_some() { Outcome::Used } else { Outcome::Behind });
                plan
            }
            Ok(Err(error)) => self.state.fail(&error.to_string()),
            Err(_) => self.state.fail("it gave no answer in time"),
        }
    }

    /// Whether it answered the last time. When it did not, it is tried again beside the requests.
    fn is_there(self: &Arc<Self>) -> bool {
        if self.state.is_there() {
            return true;
        }
        self.state.count(Outcome::Away);
        if self.state.begin_trial() {
            let copy = Arc::clone(self);
            tokio::spawn(async move { copy.try_again().await });
        }
        false
    }

    /// Asks it for its generation, and remembers whether it answered.
    pub(super) async fn try_again(&self) {
        let asking = async {
            let mut transaction = self.database.begin_read().await?;
            let generation = generation(&mut transaction).await?;
            transaction.rollback().await?;
            Ok::<_, SqlError>(generation)
        };
        match timeout(LIMIT, asking).await {
            Ok(Ok(generation)) => {
                self.state.succeed();
                if let Some(required) = self.known.required() {
                    self.state.compare(generation, required.generation);
                }
            }
            Ok(Err(error)) => self.state.give_up(&error.to_string()),
            Err(_) => self.state.give_up("it gave no answer in time"),
        }
    }
}

#[async_trait]
impl HelperHealth for CatalogueCopy {
    fn name(&self) -> &'static str {
        "read_only_database"
    }

    async fn status(&self) -> Result<String, Unavailable> {
        self.try_again().await;
        let trouble = self.state.trouble().map(Unavailable::because);
        trouble.map_or_else(|| Ok("answers, and shows every change that is known".to_owned()), Err)
    }
}
