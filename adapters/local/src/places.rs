use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use onsale_application::ports::{Entered, Entry, EntryTerms, Front, LineId, Places, PlacesError};
use onsale_domain::ids::WaitingRoomId;
use onsale_domain::waiting_room::{LineView, QueueNumber, VisitorId};
use parking_lot::{Mutex, RwLock};
use tokio::task::{spawn_blocking, yield_now};

mod line;
mod name;
mod order;

use line::Line;

/// How many visitors are put back or forgotten under one lock: about a millisecond, in which nobody can enter.
const SLICE: usize = 2_048;

/// Lines in this process's memory, about 100 bytes for each visitor whose name is a UUID. A restart forgets them, and
/// the next epoch makes them anew.
#[derive(Default)]
pub struct LocalPlaces {
    lines: RwLock<HashMap<WaitingRoomId, Arc<Mutex<Line>>>>,
}

impl LocalPlaces {
    fn with<T>(&self, id: LineId, act: impl FnOnce(&mut Line) -> T) -> Result<T, PlacesError> {
        let line = self.lines.read().get(&id.room).map(Arc::clone).ok_or(PlacesError::Lost)?;
        let mut line = line.lock();
        if line.is_of(id.epoch) { Ok(act(&mut line)) } else { Err(PlacesError::Lost) }
    }
}

#[async_trait]
impl Places for LocalPlaces {
    async fn enter(&self, line: LineId, entry: Entry, terms: EntryTerms) -> Result<Entered, PlacesError> {
        self.with(line, |line| line.enter(&entry, terms))?
    }

    async fn leave(&self, line: LineId, visitor: &VisitorId, number: QueueNumber) -> Result<(), PlacesError> {
        self.with(line, |line| line.leave(visitor, number))
    }

    async fn put_back(&self, line: LineId, visitors: &[(VisitorId, QueueNumber)]) -> Result<(), PlacesError> {
        for slice in visitors.chunks(SLICE) {
            self.with(line, |line| slice.iter().for_each(|(visitor, number)| line.put_back(visitor, *number)))?;
            yield_now().await;
        }
        Ok(())
    }

    async fn front(&self, line: LineId, serving: QueueNumber, count: u32) -> Result<Front, PlacesError> {
        self.with(line, |line| line.front(serving, count))
    }

    async fn view(&self, line: LineId, serving: QueueNumber) -> Result<LineView, PlacesError> {
        self.with(line, |line| line.view(serving))
    }

    async fn numbers_of(&self, line: LineId, visitors: &[VisitorId]) -> Result<Vec<Option<QueueNumber>>, PlacesError> {
        self.with(line, |line| visitors.iter().map(|visitor| line.number_of(visitor)).collect())
    }

    async fn forget(&self, line: LineId, up_to: QueueNumber) -> Result<(), PlacesError> {
        while self.with(line, |line| line.forget(up_to, SLICE))? == SLICE {
            yield_now().await;
        }
        Ok(())
    }

    async fn begin(&self, line: LineId, last: QueueNumber) -> Result<(), PlacesError> {
        let mut lines = self.lines.write();
        let made = lines.entry(line.room).or_default();
        if made.lock().begin(line.epoch, last) { Ok(()) } else { Err(PlacesError::Lost) }
    }

    async fn clear(&self, room: WaitingRoomId) -> Result<(), PlacesError> {
        let line = self.lines.write().remove(&room);
        // Freeing a million places takes longer than a task may hold a thread up.
        spawn_blocking(move || drop(line));
        Ok(())
    }
}
