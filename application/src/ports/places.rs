use async_trait::async_trait;
use onsale_domain::ids::WaitingRoomId;
use onsale_domain::waiting_room::{LineView, QueueNumber, VisitorId};
use thiserror::Error;

use super::Unavailable;

/// How many numbers at the front a [`LineView`] shows exactly.
pub const VIEW_FIRST: usize = 1_000;
/// How many marks a [`LineView`] has further back, evenly by rank over the whole line; the last visitor is one.
pub const VIEW_MARKS: usize = 256;

/// The line that a caller means. A line of another epoch, or none at all, answers [`PlacesError::Lost`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LineId {
    /// Which room.
    pub room: WaitingRoomId,
    /// Which epoch, as SQL says.
    pub epoch: i64,
}

/// Somebody who takes a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Who.
    pub visitor: VisitorId,
    /// A number of the visitor's that is worth nothing any more: when the line has this one, or a smaller one, it is
    /// replaced by a new one at the end.
    pub instead_of: Option<QueueNumber>,
}

/// What holds for handing out numbers at this moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EntryTerms {
    /// No number above it may be handed out; SQL has it.
    pub ceiling: QueueNumber,
    /// The highest number let in: who is above it waits.
    pub serving: QueueNumber,
    /// Visitors that may wait.
    pub max_waiting: u32,
}

/// A place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entered {
    /// Its number.
    pub number: QueueNumber,
    /// Whether it was handed out now.
    pub new: bool,
}

/// The front of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Front {
    /// The number of the last of `present` visitors; the serving number when there are none.
    pub to: QueueNumber,
    /// How many visitors stand from the front up to `to`, at most as many as were asked for.
    pub present: i64,
    /// The highest number handed out.
    pub last: QueueNumber,
}

/// Why a line did not answer.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PlacesError {
    /// The line is not there, is of another epoch, or its server is another than the one it was made on, so that its
    /// last writes may be missing.
    #[error("the line is lost")]
    Lost,
    /// The next number would be above the ceiling: raise it first.
    #[error("the ceiling is reached")]
    CeilingReached {
        /// The highest number handed out.
        last: QueueNumber,
    },
    /// As many wait as may.
    #[error("the line is full")]
    Full,
    /// Too many entries are waiting to be made.
    #[error("too many are entering")]
    Busy,
    /// The server of the line cannot be reached.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// Lines of visitors, ordered by number. A line is a shock absorber: it may be lost at any moment, and is made anew from
/// the tokens of those who stand in it.
#[async_trait]
pub trait Places: Send + Sync {
    /// Hands out the next number, once for each visitor: asking again gives the same place.
    ///
    /// # Errors
    /// [`PlacesError`].
    async fn enter(&self, line: LineId, entry: Entry, terms: EntryTerms) -> Result<Entered, PlacesError>;

    /// Takes a visitor out of the line if it stands there with this number.
    ///
    /// # Errors
    /// [`PlacesError`].
    async fn leave(&self, line: LineId, visitor: &VisitorId, number: QueueNumber) -> Result<(), PlacesError>;

    /// Puts visitors back with the numbers that their tokens state; who stands there with a smaller number keeps it.
    ///
    /// # Errors
    /// [`PlacesError`].
    async fn put_back(&self, line: LineId, visitors: &[(VisitorId, QueueNumber)]) -> Result<(), PlacesError>;

    /// The first `count` visitors with numbers above `serving`.
    ///
    /// # Errors
    /// [`PlacesError`].
    async fn front(&self, line: LineId, serving: QueueNumber, count: u32) -> Result<Front, PlacesError>;

    /// A copy of the line above `serving`: its first [`VIEW_FIRST`] numbers and [`VIEW_MARKS`] marks.
    ///
    /// # Errors
    /// [`PlacesError`].
    async fn view(&self, line: LineId, serving: QueueNumber) -> Result<LineView, PlacesError>;

    /// The numbers with which visitors stand in the line.
    ///
    /// # Errors
    /// [`PlacesError`].
    async fn numbers_of(&self, line: LineId, visitors: &[VisitorId]) -> Result<Vec<Option<QueueNumber>>, PlacesError>;

    /// Forgets everybody with a number up to `up_to`: they were let in long enough ago.
    ///
    /// # Errors
    /// [`PlacesError`].
    async fn forget(&self, line: LineId, up_to: QueueNumber) -> Result<(), PlacesError>;

    /// Makes the line of an epoch that the caller has won in SQL, counting on from `last`; visitors that an older line of
    /// this room still has stay. Sent once and never again: after an error another epoch must begin.
    ///
    /// # Errors
    /// [`PlacesError`]; [`PlacesError::Lost`] when a newer epoch is there.
    async fn begin(&self, line: LineId, last: QueueNumber) -> Result<(), PlacesError>;

    /// Removes the line of a room that is closed.
    ///
    /// # Errors
    /// [`PlacesError`].
    async fn clear(&self, room: WaitingRoomId) -> Result<(), PlacesError>;
}
