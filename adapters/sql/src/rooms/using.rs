//! Using and ending passes: thousands at once in one room, settled together.

use onsale_application::ports::{StepError, Unavailable};
use onsale_domain::ids::WaitingRoomId;
use onsale_domain::waiting_room::{ClaimRefusal, EndReason, QueueNumber, Visit, VisitorId};
use onsale_support::lanes::Settle;

use super::desk::{Desk, unknown_room};
use super::locked::{LockedRoom, distinct};
use crate::database::{SqlError, Transaction};
use crate::settling::{self, Failure, Run, Transact};

/// What somebody does with a number.
#[derive(Clone, Debug)]
pub(super) struct UseCommand {
    pub(super) visitor: VisitorId,
    pub(super) number: QueueNumber,
    pub(super) what: Use,
}

/// Uses a pass, or ends the visit or the place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    Claim,
    End(EndReason),
}

/// The visit; for an ending nothing when it had ended already.
pub(super) type UseAnswer = Result<Option<Visit>, StepError<ClaimRefusal>>;

/// Settles what is done with the numbers of any room.
pub(super) struct UseSettler {
    pub(super) desk: Desk,
}

impl Settle<WaitingRoomId> for UseSettler {
    type Command = UseCommand;
    type Outcome = UseAnswer;

    async fn settle(&self, room: &WaitingRoomId, group: Vec<UseCommand>) -> Vec<UseAnswer> {
        settling::settle(&Uses { desk: &self.desk, room: *room }, &group).await
    }
}

/// What is done with the numbers of one room.
struct Uses<'a> {
    desk: &'a Desk,
    room: WaitingRoomId,
}

impl Transact for Uses<'_> {
    type Command = UseCommand;
    type Answer = UseAnswer;

    const NAME: &'static str = "room_use";

    async fn transact(&self, commands: &[UseCommand], run: Run) -> Result<Vec<UseAnswer>, Failure> {
        let mut transaction = self.desk.database.begin().await?;
        let Some(mut room) = LockedRoom::open(&mut transaction, &self.desk.context, self.room).await? else {
            return Ok(commands.iter().map(|_| Err(unknown_room(self.room).into())).collect());
        };
        load(&mut transaction, &mut room, commands).await?;
        let answers = commands.iter().map(|command| decide(&mut room, command, run)).collect();
        let before = room.record.progress.change;
        match room.save(transaction).await? {
            Some(change) => self.desk.announce(self.room, change),
            None if run.may_have_committed => self.desk.announce(self.room, before),
            None => {}
        }
        Ok(answers)
    }

    fn failed(&self, _command: &UseCommand, failure: &Failure) -> UseAnswer {
        Err(StepError::Unavailable(Unavailable::because(&failure.error)))
    }
}

/// Loads what `commands` need to know. Everything of the room changes under its lock only, so nothing here needs one of its
/// own.
async fn load(transaction: &mut Transaction, room: &mut LockedRoom, commands: &[UseCommand]) -> Result<(), SqlError> {
    let numbers = distinct(commands.iter().map(|command| command.number));
    let claims = commands.iter().filter(|command| command.what == Use::Claim);
    let claiming = distinct(claims.map(|command| &command.visitor));
    room.load_visits(transaction, &numbers, &claiming).await?;
    room.load_blocks(transaction, &claiming).await?;
    room.load_ticks(transaction, &numbers).await
}

fn decide(room: &mut LockedRoom, command: &UseCommand, run: Run) -> UseAnswer {
    let UseCommand { visitor, number, what } = command;
    match what {
        Use::Claim => room.claim(visitor, *number).map(Some).map_err(StepError::Refused),
        Use::End(reason) => {
            let by_an_earlier_run = || {
                let ended =
                    |visit: &&Visit| visit.visitor == *visitor && visit.ended.is_some_and(|end| end.1 == *reason);
                room.visits.get(*number).filter(ended).filter(|_| run.may_have_committed).cloned()
            };
            let unheard = by_an_earlier_run();
            Ok(room.end(visitor, *number, *reason).or(unheard))
        }
    }
}
