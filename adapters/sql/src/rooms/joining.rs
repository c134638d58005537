//! Joining opening draws: everybody at once, settled together.

use std::collections::HashSet;

use onsale_application::ports::{JoinRefusal, StepError, Unavailable};
use onsale_domain::ids::WaitingRoomId;
use onsale_domain::waiting_room::{Phase, Pseudonym, VisitorId};
use onsale_support::lanes::Settle;

use super::desk::unknown_room;
use super::entrants;
use super::locked::distinct;
use crate::database::Database;
use crate::settling::{self, Failure, Run, Stage, Transact};

/// Somebody who joins a draw.
#[derive(Clone, Debug)]
pub(super) struct JoinCommand {
    pub(super) visitor: VisitorId,
    pub(super) pseudonym: Pseudonym,
    /// How many may join.
    pub(super) limit: u32,
}

/// Whether it has joined, now or before.
pub(super) type JoinAnswer = Result<(), StepError<JoinRefusal>>;

/// Settles who joins the draw of any room.
pub(super) struct JoinSettler {
    pub(super) database: Database,
}

impl Settle<WaitingRoomId> for JoinSettler {
    type Command = JoinCommand;
    type Outcome = JoinAnswer;

    async fn settle(&self, room: &WaitingRoomId, group: Vec<JoinCommand>) -> Vec<JoinAnswer> {
        settling::settle(&Joins { database: &self.database, room: *room }, &group).await
    }
}

/// Who joins the draw of one room.
struct Joins<'a> {
    database: &'a Database,
    room: WaitingRoomId,
}

impl Transact for Joins<'_> {
    type Command = JoinCommand;
    type Answer = JoinAnswer;

    const NAME: &'static str = "room_join";

    async fn transact(&self, commands: &[JoinCommand], _run: Run) -> Result<Vec<JoinAnswer>, Failure> {
        let mut transaction = self.database.begin().await?;
        let Some((phase, before)) = entrants::lock(&mut transaction, self.room).await? else {
            return Ok(commands.iter().map(|_| Err(unknown_room(self.room).into())).collect());
        };
        let visitors = distinct(commands.iter().map(|command| &command.visitor));
        let joined = entrants::joined(&mut transaction, self.room, &visitors).await?;
        let mut list = List { phase, joined: joined.iter().collect(), count: before, new: Vec::new() };
        let answers = commands.iter().map(|command| list.join(command)).collect();
        let List { count, mut new, .. } = list;
        if new.is_empty() {
            transaction.rollback().await?;
        } else {
            new.sort_unstable_by_key(|(visitor, _)| *visitor);
            entrants::insert(&mut transaction, self.room, &new).await?;
            entrants::write_count(&mut transaction, self.room, count).await?;
            transaction.commit().await.map_err(Failure::at(Stage::Commit))?;
        }
        Ok(answers)
    }

    fn failed(&self, _command: &JoinCommand, failure: &Failure) -> JoinAnswer {
        Err(StepError::Unavailable(Unavailable::because(&failure.error)))
    }
}

/// The list of entrants, as far as a group needs it.
struct List<'a> {
    phase: Phase,
    joined: HashSet<&'a VisitorId>,
    count: u32,
    new: Vec<(&'a VisitorId, Pseudonym)>,
}

impl<'a> List<'a> {
    /// Whoever is on the list stays there until the draw is made; afterwards there are numbers instead.
    fn join(&mut self, command: &'a JoinCommand) -> JoinAnswer {
        let is_listed = self.joined.contains(&command.visitor);
        match self.phase {
            Phase::Gathering | Phase::Drawing if is_listed => Ok(()),
            Phase::Gathering if self.count >= command.limit => Err(StepError::Refused(JoinRefusal::Full)),
            Phase::Gathering => {
                self.joined.insert(&command.visitor);
                self.count += 1;
                self.new.push((&command.visitor, command.pseudonym));
                Ok(())
            }
            Phase::Drawing | Phase::Open | Phase::Paused | Phase::Closed => {
                Err(StepError::Refused(JoinRefusal::Closed))
            }
        }
    }
}
