use onsale_application::ports::BusMessage;
use parking_lot::Mutex;
use tokio::sync::Semaphore;
use tokio::sync::mpsc::{self, Receiver, Sender};
use uuid::Uuid;

use super::message::Envelope;
use crate::metrics::BusMetrics;

/// Messages on their way out, counted.
pub(super) struct Outbox {
    sender: Uuid,
    queue: Sender<Envelope>,
    /// How many messages there were, dropped ones included. Locked while one is put into the queue, so that they stand
    /// there in order.
    sequence: Mutex<u64>,
    metrics: BusMetrics,
}

impl Outbox {
    pub(super) fn new(sender: Uuid, capacity: usize, metrics: BusMetrics) -> (Self, Receiver<Envelope>) {
        let (queue, receiver) = mpsc::channel(capacity.min(Semaphore::MAX_PERMITS));
        (Self { sender, queue, sequence: Mutex::new(0), metrics }, receiver)
    }

    /// Puts a message in. When there is no room it is dropped, and whoever counts learns of it from the next one.
    pub(super) fn put(&self, message: BusMessage) {
        let mut sequence = self.sequence.lock();
        *sequence += 1;
        let envelope = Envelope { sender: self.sender, sequence: *sequence, message: Some(message) };
        if self.queue.try_send(envelope).is_err() {
            self.metrics.dropped.increment(1);
        }
    }

    /// How far the messages go, unless some of them wait.
    pub(super) fn beat(&self, queue: &Receiver<Envelope>) -> Option<Envelope> {
        let sequence = self.sequence.lock();
        queue.is_empty().then(|| Envelope { sender: self.sender, sequence: *sequence, message: None })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_was_dropped_is_counted_and_told() {
        let (outbox, mut queue) = Outbox::new(Uuid::from_u128(1), 2, BusMetrics::new());
        for generation in 1..=5 {
            outbox.put(BusMessage::Catalogue { generation });
        }
        assert_eq!(outbox.beat(&queue), None, "while messages wait");
        assert_eq!(queue.recv().await.unwrap().sequence, 1);
        assert_eq!(queue.recv().await.unwrap().sequence, 2);
        assert_eq!(outbox.beat(&queue).unwrap().sequence, 5);
        outbox.put(BusMessage::Catalogue { generation: 6 });
        assert_eq!(queue.recv().await.unwrap().sequence, 6);
    }
}
