use std::sync::Arc;

use onsale_application::ports::{Unavailable, Versioned};
use tokio::sync::watch;

use super::Shelf;
use crate::kinds::Kind;

/// What a reading brings.
pub(super) type Answer<V> = Result<Versioned<V>, Unavailable>;

/// A reading under way, as those see it who wait.
pub(super) struct Flight<V>(watch::Receiver<Option<Answer<V>>>);

impl<V> Clone for Flight<V> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<V: Clone> Flight<V> {
    pub(super) async fn answer(mut self) -> Answer<V> {
        let landed = self.0.wait_for(Option::is_some).await;
        let answer = landed.ok().and_then(|answer| answer.clone());
        answer.unwrap_or_else(|| Err(Unavailable::because("reading the catalogue ended without an answer")))
    }
}

/// The end of a reading. However it ends, by a panic too, nobody waits for it any longer: first the next one may begin,
/// then those who wait are answered, so whoever finds the answer too old begins a new reading.
pub(super) struct Landing<K: Kind> {
    pub(super) shelf: Arc<Shelf<K>>,
    pub(super) key: K::Key,
    pub(super) answer: Option<Answer<K::Value>>,
    waiting: watch::Sender<Option<Answer<K::Value>>>,
}

impl<K: Kind> Landing<K> {
    pub(super) fn new(shelf: Arc<Shelf<K>>, key: K::Key) -> (Self, Flight<K::Value>) {
        let (waiting, flight) = watch::channel(None);
        (Self { shelf, key, answer: None, waiting }, Flight(flight))
    }
}

impl<K: Kind> Drop for Landing<K> {
    fn drop(&mut self) {
        self.shelf.flights.lock().remove(&self.key);
        self.waiting.send_replace(self.answer.take());
    }
}
