use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use metrics::counter;
use onsale_domain::waiting_room::{QueueNumber, VisitorId};
use tokio::time::sleep;
use tracing::{info, warn};

use super::room::HEALING;
use super::{LiveRoom, RoomBoard};
use crate::ports::{
    CeilingError, Context, Entered, Entry, EntryTerms, EpochStart, Front, LineId, Places, PlacesError, Rooms,
    Unavailable,
};

/// How long another replica may take to make a line anew before this one does.
const PATIENCE: TimeDelta = TimeDelta::seconds(2);
/// The pause before a line that another replica is making is asked again.
const PAUSE: Duration = Duration::from_millis(50);
/// How often one request asks a line that keeps getting lost.
const TRIES: usize = 60;
/// By how much the ceiling is raised: what a loss may skip at most, and a tenth of a second of entries.
const CEILING_STEP: QueueNumber = 4_096;
/// How many visitors are put back at once.
const PUT_BACK: usize = 256;

/// Asks the line of the present epoch; one that is lost is made anew and asked again.
macro_rules! ask {
    ($lines:expr, $room:expr, $line:ident => $question:expr) => {{
        let mut tries = 0;
        loop {
            let $line = $room.line_id();
            match $question.await {
                Err(PlacesError::Lost) => $lines.mend_for($room, $line.epoch, &mut tries).await?,
                answer => {
                    if is_answer(&answer) {
                        $room.line_answered($line.epoch);
                    }
                    break answer;
                }
            }
        }
    }};
}

/// The lines of all rooms: handing out numbers below a ceiling that SQL has, and mending lines that were lost.
pub struct Lines {
    rooms: Arc<dyn Rooms>,
    places: Arc<dyn Places>,
    board: Arc<RoomBoard>,
    context: Context,
}

impl Lines {
    /// On these ports.
    #[must_use]
    pub fn new(rooms: Arc<dyn Rooms>, places: Arc<dyn Places>, board: Arc<RoomBoard>, context: Context) -> Self {
        Self { rooms, places, board, context }
    }

    /// Gives a visitor its place.
    pub(super) async fn enter(&self, room: &LiveRoom, entry: &Entry) -> Result<Entered, PlacesError> {
        loop {
            let entered = ask!(self, room, line => self.places.enter(line, entry.clone(), terms(room)));
            match entered {
                Err(PlacesError::CeilingReached { last }) => self.raise_ceiling(room, last).await?,
                entered => return entered,
            }
        }
    }

    pub(super) async fn leave(
        &self,
        room: &LiveRoom,
        visitor: &VisitorId,
        number: QueueNumber,
    ) -> Result<(), PlacesError> {
        ask!(self, room, line => self.places.leave(line, visitor, number))
    }

    pub(super) async fn front(&self, room: &LiveRoom, count: u32) -> Result<(LineId, QueueNumber, Front), PlacesError> {
        loop {
            let serving = room.record().progress.serving;
            let line = room.line_id();
            let front = ask!(self, room, line => self.places.front(line, serving, count))?;
            if room.line_id() == line {
                return Ok((line, serving, front));
            }
        }
    }

    pub(super) async fn numbers_of(
        &self,
        room: &LiveRoom,
        visitors: &[VisitorId],
    ) -> Result<Vec<Option<QueueNumber>>, PlacesError> {
        ask!(self, room, line => self.places.numbers_of(line, visitors))
    }

    pub(super) async fn put_back(
        &self,
        room: &LiveRoom,
        visitors: &[(VisitorId, QueueNumber)],
    ) -> Result<(), PlacesError> {
        ask!(self, room, line => self.places.put_back(line, visitors))
    }

    /// Looks at a line: puts back who was seen, forgets who was let in long ago, and keeps a copy of what is left.
    ///
    /// # Errors
    /// [`PlacesError`].
    pub async fn look(&self, room: &LiveRoom) -> Result<(), PlacesError> {
        self.return_visitors(room).await?;
        if let Some(number) = room.to_forget(self.context.now()) {
            ask!(self, room, line => self.places.forget(line, number))?;
            room.has_forgotten(number);
        }
        let view = ask!(self, room, line => self.places.view(line, room.record().progress.serving))?;
        room.set_line(view, self.context.now());
        Ok(())
    }

    /// Removes the line of a room that is closed.
    ///
    /// # Errors
    /// [`PlacesError`].
    pub async fn clear(&self, room: &LiveRoom) -> Result<(), PlacesError> {
        self.places.clear(room.id()).await
    }

    async fn return_visitors(&self, room: &LiveRoom) -> Result<(), PlacesError> {
        while let Some(visitors) = room.take_returning(PUT_BACK, self.context.now()) {
            let epoch = room.line_id().epoch;
            if let Err(error) = self.put_back(room, &visitors).await {
                room.not_returned(epoch, &visitors);
                return Err(error);
            }
            counter!("onsale_waiting_room_returned_total").increment(visitors.len() as u64);
        }
        Ok(())
    }

    /// Mends a line that was lost, for a question that has been asked `tries` times.
    async fn mend_for(&self, room: &LiveRoom, lost: i64, tries: &mut usize) -> Result<(), PlacesError> {
        *tries += 1;
        if *tries > TRIES {
            return Err(Unavailable::because("the line keeps getting lost").into());
        }
        self.mend(room, lost).await
    }

    /// Begins a new epoch, or waits for the one that another replica has begun. The line may be made only by whoever won
    /// its epoch in SQL, and only once; counting goes on above everything ever handed out, because the first number of an
    /// epoch needs a higher ceiling, and SQL raises that for the present epoch alone.
    async fn mend(&self, room: &LiveRoom, lost: i64) -> Result<(), PlacesError> {
        let _one_at_a_time = room.mending.lock().await;
        let news = room.epoch_news();
        if news.epoch != lost {
            return Ok(());
        }
        let now = self.context.now();
        if !news.answered && news.begun_at.is_some_and(|begun_at| now - begun_at < PATIENCE) {
            sleep(PAUSE).await;
            return Ok(self.board.refresh(room).await?);
        }
        match self.rooms.begin_epoch(room.id(), lost, now + HEALING).await? {
            EpochStart::Won { epoch, resumed_at } => self.begin(room, epoch, resumed_at).await?,
            EpochStart::Taken { .. } => {}
            EpochStart::NoLine => {
                self.board.refresh(room).await?;
                return Err(Unavailable::because("the room has no line").into());
            }
        }
        Ok(self.board.refresh(room).await?)
    }

    async fn begin(&self, room: &LiveRoom, epoch: i64, resumed_at: QueueNumber) -> Result<(), PlacesError> {
        counter!("onsale_waiting_room_epochs_total").increment(1);
        info!(waiting_room_id = %room.id(), epoch, resumed_at, "the line is made anew");
        let line = LineId { room: room.id(), epoch };
        match self.places.begin(line, resumed_at).await {
            Ok(()) => Ok(()),
            Err(error) => {
                warn!(waiting_room_id = %room.id(), epoch, %error, "the line was not made; another epoch will begin");
                self.board.refresh(room).await?;
                Err(error)
            }
        }
    }

    async fn raise_ceiling(&self, room: &LiveRoom, last: QueueNumber) -> Result<(), PlacesError> {
        let _one_at_a_time = room.mending.lock().await;
        if room.ceiling() > last {
            return Ok(());
        }
        match self.rooms.raise_ceiling(room.id(), room.line_id().epoch, last + CEILING_STEP).await {
            Ok(ceiling) => {
                room.raise_ceiling(ceiling);
                Ok(())
            }
            // Another epoch has begun: what this one handed out stays below its ceiling, and no number follows.
            Err(CeilingError::Moved) => Ok(self.board.refresh(room).await?),
            Err(CeilingError::Unavailable(error)) => Err(error.into()),
        }
    }
}

/// Whether the line itself has said something: a server that is away says nothing about whether it has the line.
const fn is_answer<T>(answer: &Result<T, PlacesError>) -> bool {
    match answer {
        Ok(_) | Err(PlacesError::Full | PlacesError::CeilingReached { .. }) => true,
        Err(PlacesError::Lost | PlacesError::Busy | PlacesError::Unavailable(_)) => false,
    }
}

/// What holds for handing out numbers in `room` now.
fn terms(room: &LiveRoom) -> EntryTerms {
    let state = room.state.read();
    EntryTerms {
        ceiling: room.ceiling(),
        serving: state.record.progress.serving,
        max_waiting: state.record.room.max_waiting,
    }
}
