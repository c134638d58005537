use std::future::pending;
use std::sync::Once;

use async_trait::async_trait;
use metrics::{Counter, Unit, counter, describe_counter};
use onsale_application::ports::{Bus, BusMessage, BusReceiver};
use tokio::sync::broadcast::{self, Receiver, Sender, error::RecvError};

/// How many messages a receiver may be behind unless its owner says otherwise: a second of the busiest sale, in about
/// 200 KB.
pub const DEFAULT_BUS_CAPACITY: usize = 4_096;

const MISSED: &str = "onsale_bus_missed_total";

/// Announcements within one process. Publishing never waits: a receiver that falls further behind than the capacity
/// misses the oldest messages and is told so.
pub struct LocalBus {
    sender: Sender<BusMessage>,
    missed: Counter,
}

struct LocalReceiver {
    receiver: Receiver<BusMessage>,
    missed: Counter,
}

impl LocalBus {
    /// A bus on which receivers may be `capacity` messages behind, rounded up to a power of two. A recorder of metrics
    /// must be installed before, or nothing is recorded.
    ///
    /// # Panics
    /// When `capacity` is 0 or more than half of `usize`.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        static DESCRIBED: Once = Once::new();
        DESCRIBED.call_once(|| {
            describe_counter!(MISSED, Unit::Count, "Messages that receivers were too slow to hear.");
        });
        Self { sender: broadcast::Sender::new(capacity), missed: counter!(MISSED) }
    }
}

impl Bus for LocalBus {
    fn publish(&self, message: BusMessage) {
        // An error means that nobody listens now, which is not the publisher's concern.
        self.sender.send(message).ok();
    }

    fn subscribe(&self) -> Box<dyn BusReceiver> {
        Box::new(LocalReceiver { receiver: self.sender.subscribe(), missed: self.missed.clone() })
    }
}

#[async_trait]
impl BusReceiver for LocalReceiver {
    /// Once the bus is gone nothing can be said and nothing is missed: then this waits for ever, so that a loop over it
    /// rests instead of spinning, until its task is ended from outside.
    async fn next(&mut self) -> Option<BusMessage> {
        match self.receiver.recv().await {
            Ok(message) => Some(message),
            Err(RecvError::Lagged(count)) => {
                self.missed.increment(count);
                None
            }
            Err(RecvError::Closed) => pending().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use onsale_application::ports::{Bus, BusMessage};
    use tokio::time::timeout;

    use super::LocalBus;

    fn generation(generation: i64) -> BusMessage {
        BusMessage::Catalogue { generation }
    }

    #[tokio::test]
    async fn every_receiver_hears_every_message_in_order() {
        let bus = LocalBus::new(8);
        bus.publish(generation(0));
        let (mut first, mut second) = (bus.subscribe(), bus.subscribe());
        bus.publish(generation(1));
        bus.publish(generation(2));
        for receiver in [&mut first, &mut second] {
            assert_eq!(receiver.next().await, Some(generation(1)), "from the subscription on");
            assert_eq!(receiver.next().await, Some(generation(2)));
        }
    }

    #[tokio::test]
    async fn a_slow_receiver_learns_that_it_missed_something_and_goes_on() {
        let bus = LocalBus::new(2);
        let mut receiver = bus.subscribe();
        (1..=5).for_each(|number| bus.publish(generation(number)));
        assert_eq!(receiver.next().await, None);
        assert_eq!(receiver.next().await, Some(generation(4)));
        assert_eq!(receiver.next().await, Some(generation(5)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_receiver_of_a_bus_that_is_gone_hears_the_rest_and_then_rests() {
        let bus = LocalBus::new(2);
        let mut receiver = bus.subscribe();
        bus.publish(generation(1));
        drop(bus);
        assert_eq!(receiver.next().await, Some(generation(1)));
        assert!(timeout(Duration::from_hours(1), receiver.next()).await.is_err());
    }
}
