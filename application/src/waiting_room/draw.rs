use std::sync::Arc;

use onsale_domain::ids::WaitingRoomId;
use onsale_domain::waiting_room::{
    DrawEntry, Phase, Pseudonym, QueueNumber, VisitorId, draw_order, entrants_digest, final_seed, seed_commitment,
};
use thiserror::Error;
use tracing::info;

use super::{Lines, LiveRoom, RoomBoard};
use crate::ports::{Draws, PlacesError, Unavailable};

/// How many numbers are written, and visitors put in line, at once.
const BATCH: usize = 4_096;

/// Opens rooms with their draws. What a process leaves undone another does again: the same draw gives the same numbers.
pub struct OpenDraws {
    draws: Arc<dyn Draws>,
    lines: Arc<Lines>,
    board: Arc<RoomBoard>,
}

struct Entrant {
    visitor: VisitorId,
    pseudonym: Pseudonym,
}

impl DrawEntry for Entrant {
    fn pseudonym(&self) -> &Pseudonym {
        &self.pseudonym
    }
}

impl OpenDraws {
    /// On these ports.
    #[must_use]
    pub fn new(draws: Arc<dyn Draws>, lines: Arc<Lines>, board: Arc<RoomBoard>) -> Self {
        Self { draws, lines, board }
    }

    /// Closes the list, draws, writes the numbers, opens, and puts everybody in line.
    ///
    /// # Errors
    /// [`PlacesError`]; what was done stays, and doing it again goes on from there.
    pub async fn execute(&self, room: &LiveRoom) -> Result<(), PlacesError> {
        self.draws.close(room.id()).await?;
        self.board.refresh(room).await?;
        let Some(draw) = room.record().draw.filter(|_| room.phase() == Phase::Drawing) else { return Ok(()) };
        let entrants = self.draws.entrants(room.id()).await?;
        let mut entrants: Vec<_> =
            entrants.into_iter().map(|(visitor, pseudonym)| Entrant { visitor, pseudonym }).collect();
        let digest = entrants_digest(&mut entrants);
        draw_order(&final_seed(&draw.seed, &digest), &mut entrants);
        let numbered: Vec<(VisitorId, QueueNumber)> =
            entrants.into_iter().map(|entrant| entrant.visitor).zip(1..).collect();
        for batch in numbered.chunks(BATCH) {
            self.draws.number(room.id(), batch).await?;
        }
        let count = QueueNumber::try_from(numbered.len()).unwrap_or(QueueNumber::MAX);
        let opened = self.draws.open(room.id(), digest, count).await?;
        self.board.refresh(room).await?;
        if opened {
            info!(waiting_room_id = %room.id(), entrants = count, "the draw is made and the room is open");
            for batch in numbered.chunks(BATCH) {
                let waiting: Vec<_> = batch.iter().filter(|(_, number)| !room.has_ended(*number)).cloned().collect();
                self.lines.put_back(room, &waiting).await?;
            }
        }
        Ok(())
    }
}

/// Everything that is public about a draw, a page of the list at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DrawPage {
    /// The SHA-256 of the seed, published before anybody joined.
    pub seed_sha256: [u8; 32],
    /// The seed, once the room is open.
    pub seed: Option<[u8; 32]>,
    /// The digest of the list of entrants, once the room is open.
    pub entrants_sha256: Option<[u8; 32]>,
    /// Numbers and who drew them, in the order of numbers.
    pub items: Vec<(QueueNumber, Pseudonym)>,
    /// Where to go on.
    pub next: Option<QueueNumber>,
}

/// Why there is nothing to read about a draw.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ReadDrawError {
    /// There is no such room, or it opened without a draw.
    #[error("there is no such draw")]
    Unknown,
    /// A store is away.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// Shows what is needed to recompute a draw.
pub struct ReadDraw {
    draws: Arc<dyn Draws>,
    board: Arc<RoomBoard>,
}

impl ReadDraw {
    /// On these ports.
    #[must_use]
    pub fn new(draws: Arc<dyn Draws>, board: Arc<RoomBoard>) -> Self {
        Self { draws, board }
    }

    /// A page of a room's draw, after the number `after`.
    ///
    /// # Errors
    /// [`ReadDrawError`].
    pub async fn execute(
        &self,
        room: WaitingRoomId,
        after: QueueNumber,
        limit: u32,
    ) -> Result<DrawPage, ReadDrawError> {
        let room = self.board.room(room).await?.ok_or(ReadDrawError::Unknown)?;
        let draw = room.record().draw.ok_or(ReadDrawError::Unknown)?;
        let hidden = DrawPage {
            seed_sha256: seed_commitment(&draw.seed),
            seed: None,
            entrants_sha256: None,
            items: Vec::new(),
            next: None,
        };
        if draw.entrants.is_none() || matches!(room.phase(), Phase::Gathering | Phase::Drawing) {
            return Ok(hidden);
        }
        let page = self.draws.drawn(room.id(), after, limit).await?;
        Ok(DrawPage {
            seed: Some(draw.seed),
            entrants_sha256: draw.entrants,
            items: page.items,
            next: page.next,
            ..hidden
        })
    }
}
