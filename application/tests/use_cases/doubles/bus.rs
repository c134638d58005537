use std::collections::VecDeque;
use std::sync::Arc;

use async_trait::async_trait;
use onsale_application::ports::{Bus, BusMessage, BusReceiver, SeatDelta};
use tokio::sync::watch;

/// What waits to be heard; nothing in place of a message says that some were missed.
#[derive(Default)]
struct Heard {
    waiting: VecDeque<Option<BusMessage>>,
    /// Whether the receiver has dealt with everything and asks for more.
    idle: bool,
}

/// A bus with one receiver.
#[derive(Default)]
pub(crate) struct BusDouble {
    heard: Arc<watch::Sender<Heard>>,
}

impl BusDouble {
    /// Announces `delta` and waits until the receiver has dealt with it.
    pub(crate) async fn announce(&self, delta: SeatDelta) {
        self.publish(BusMessage::Seats(Arc::new(delta)));
        self.settle().await;
    }

    /// Tells the receiver that messages were missed, and waits until it has dealt with that.
    pub(crate) async fn miss(&self) {
        self.send(None);
        self.settle().await;
    }

    /// Waits until the receiver has dealt with everything.
    pub(crate) async fn settle(&self) {
        let mut heard = self.heard.subscribe();
        heard.wait_for(|heard| heard.idle && heard.waiting.is_empty()).await.expect("the bus stands");
    }

    fn send(&self, message: Option<BusMessage>) {
        self.heard.send_modify(|heard| {
            heard.waiting.push_back(message);
            heard.idle = false;
        });
    }
}

impl Bus for BusDouble {
    fn publish(&self, message: BusMessage) {
        self.send(Some(message));
    }

    fn subscribe(&self) -> Box<dyn BusReceiver> {
        Box::new(Receiver { heard: self.heard.clone() })
    }
}

struct Receiver {
    heard: Arc<watch::Sender<Heard>>,
}

#[async_trait]
impl BusReceiver for Receiver {
    async fn next(&mut self) -> Option<BusMessage> {
        let mut changes = self.heard.subscribe();
        loop {
            let mut next = None;
            self.heard.send_modify(|heard| {
                next = heard.waiting.pop_front();
                heard.idle = next.is_none();
            });
            if let Some(message) = next {
                return message;
            }
            changes.wait_for(|heard| !heard.waiting.is_empty()).await.expect("the bus stands");
        }
    }
}
