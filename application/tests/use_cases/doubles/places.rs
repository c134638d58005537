use std::collections::VecDeque;

use async_trait::async_trait;
use onsale_application::ports::{Entered, Entry, EntryTerms, Front, LineId, Places, PlacesError};
use onsale_domain::ids::WaitingRoomId;
use onsale_domain::waiting_room::{LineView, QueueNumber, VisitorId};
use parking_lot::Mutex;

use super::out_of_order;

/// Lines that can be looked at, and in which `waiting` visitors stand; everything else is out of order.
#[derive(Default)]
pub(crate) struct PlacesDouble {
    pub(crate) waiting: u64,
    /// What the next looks come to instead.
    pub(crate) failures: Mutex<VecDeque<PlacesError>>,
}

#[async_trait]
impl Places for PlacesDouble {
    async fn enter(&self, _: LineId, _: Entry, _: EntryTerms) -> Result<Entered, PlacesError> {
        Err(out_of_order().into())
    }

    async fn leave(&self, _: LineId, _: &VisitorId, _: QueueNumber) -> Result<(), PlacesError> {
        Err(out_of_order().into())
    }

    async fn put_back(&self, _: LineId, _: &[(VisitorId, QueueNumber)]) -> Result<(), PlacesError> {
        Err(out_of_order().into())
    }

    async fn front(&self, _: LineId, serving: QueueNumber, _: u32) -> Result<Front, PlacesError> {
        let present = i64::try_from(self.waiting).expect("a few");
        Ok(Front { to: serving + present, present, last: serving + present })
    }

    async fn view(&self, _: LineId, serving: QueueNumber) -> Result<LineView, PlacesError> {
        match self.failures.lock().pop_front() {
            Some(failure) => Err(failure),
            None => Ok(LineView { serving, waiting: self.waiting, ..LineView::default() }),
        }
    }

    async fn numbers_of(&self, _: LineId, _: &[VisitorId]) -> Result<Vec<Option<QueueNumber>>, PlacesError> {
        Err(out_of_order().into())
    }

    async fn forget(&self, _: LineId, _: QueueNumber) -> Result<(), PlacesError> {
        Err(out_of_order().into())
    }

    async fn begin(&self, _: LineId, _: QueueNumber) -> Result<(), PlacesError> {
        Err(out_of_order().into())
    }

    async fn clear(&self, _: WaitingRoomId) -> Result<(), PlacesError> {
        Err(out_of_order().into())
    }
}
