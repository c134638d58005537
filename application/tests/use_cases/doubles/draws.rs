use async_trait::async_trait;
use onsale_application::ports::{Draws, JoinRefusal, Page, StepError, Unavailable};
use onsale_domain::ids::WaitingRoomId;
use onsale_domain::waiting_room::{EntrantsDigest, Phase, Pseudonym, QueueNumber, VisitorId};

use super::out_of_order;

/// An opening draw that can be left, in which everybody has the same number; everything else is out of order.
#[derive(Default)]
pub(crate) struct DrawsDouble {
    /// Where its room is.
    pub(crate) phase: Option<Phase>,
    pub(crate) number: Option<QueueNumber>,
}

#[async_trait]
impl Draws for DrawsDouble {
    async fn join(&self, _: WaitingRoomId, _: &VisitorId, _: Pseudonym, _: u32) -> Result<(), StepError<JoinRefusal>> {
        Err(out_of_order().into())
    }

    async fn withdraw(&self, _: WaitingRoomId, _: &VisitorId) -> Result<Phase, Unavailable> {
        self.phase.ok_or_else(out_of_order)
    }

    async fn close(&self, _: WaitingRoomId) -> Result<(), Unavailable> {
        Err(out_of_order())
    }

    async fn entrants(&self, _: WaitingRoomId) -> Result<Vec<(VisitorId, Pseudonym)>, Unavailable> {
        Err(out_of_order())
    }

    async fn number(&self, _: WaitingRoomId, _: &[(VisitorId, QueueNumber)]) -> Result<(), Unavailable> {
        Err(out_of_order())
    }

    async fn open(&self, _: WaitingRoomId, _: EntrantsDigest, _: QueueNumber) -> Result<bool, Unavailable> {
        Err(out_of_order())
    }

    async fn number_of(&self, _: WaitingRoomId, _: &VisitorId) -> Result<Option<QueueNumber>, Unavailable> {
        Ok(self.number)
    }

    async fn drawn(
        &self,
        _: WaitingRoomId,
        _: QueueNumber,
        _: u32,
    ) -> Result<Page<(QueueNumber, Pseudonym), QueueNumber>, Unavailable> {
        Err(out_of_order())
    }
}
