use async_trait::async_trait;
use onsale_domain::ids::WaitingRoomId;
use onsale_domain::waiting_room::{EntrantsDigest, Phase, Pseudonym, QueueNumber, VisitorId};
use thiserror::Error;

use crate::ports::{Page, StepError, Unavailable};

/// Why somebody does not join a draw.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum JoinRefusal {
    /// It is being made or was made.
    #[error("the draw is closed")]
    Closed,
    /// As many have joined as may wait.
    #[error("as many have joined as may wait")]
    Full,
}

/// The opening draws of rooms: who joined, and which numbers they drew.
#[async_trait]
pub trait Draws: Send + Sync {
    /// Joins a draw; joining again changes nothing. At most `limit` may join.
    ///
    /// # Errors
    /// [`StepError::Refused`] with a [`JoinRefusal`].
    async fn join(
        &self,
        room: WaitingRoomId,
        visitor: &VisitorId,
        pseudonym: Pseudonym,
        limit: u32,
    ) -> Result<(), StepError<JoinRefusal>>;

    /// Leaves a draw whose list is not closed. Says where the room was in its life: after [`Phase::Gathering`] it changes
    /// nothing.
    ///
    /// # Errors
    /// [`Unavailable`].
    async fn withdraw(&self, room: WaitingRoomId, visitor: &VisitorId) -> Result<Phase, Unavailable>;

    /// Closes the list of entrants: from now on nobody joins. Nothing when it is closed already.
    ///
    /// # Errors
    /// [`Unavailable`].
    async fn close(&self, room: WaitingRoomId) -> Result<(), Unavailable>;

    /// Everybody who joined, in any order.
    ///
    /// # Errors
    /// [`Unavailable`].
    async fn entrants(&self, room: WaitingRoomId) -> Result<Vec<(VisitorId, Pseudonym)>, Unavailable>;

    /// Writes drawn numbers of a closed draw, as often as need be: the same draw gives the same numbers.
    ///
    /// # Errors
    /// [`Unavailable`].
    async fn number(&self, room: WaitingRoomId, numbers: &[(VisitorId, QueueNumber)]) -> Result<(), Unavailable>;

    /// Opens a room whose `count` entrants all have their numbers; true for the one that opened it.
    ///
    /// # Errors
    /// [`Unavailable`].
    async fn open(
        &self,
        room: WaitingRoomId,
        entrants: EntrantsDigest,
        count: QueueNumber,
    ) -> Result<bool, Unavailable>;

    /// The number that a visitor drew.
    ///
    /// # Errors
    /// [`Unavailable`].
    async fn number_of(&self, room: WaitingRoomId, visitor: &VisitorId) -> Result<Option<QueueNumber>, Unavailable>;

    /// Drawn numbers with the pseudonyms that drew them, in the order of numbers, those after `after`.
    ///
    /// # Errors
    /// [`Unavailable`].
    async fn drawn(
        &self,
        room: WaitingRoomId,
        after: QueueNumber,
        limit: u32,
    ) -> Result<Page<(QueueNumber, Pseudonym), QueueNumber>, Unavailable>;
}
