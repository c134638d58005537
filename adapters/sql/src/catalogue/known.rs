use std::pin::pin;
use std::task::{Context as Task, Poll, Waker};

use chrono::{DateTime, TimeDelta, Utc};
use onsale_application::ports::{Bus, BusMessage, BusReceiver, Context};
use parking_lot::Mutex;
use tokio::task::unconstrained;

/// For how long the database's word counts. The generation is asked for every half second, so a word this old means that
/// the database is away, and how far a copy lags behind it cannot be told.
const WORD_LIMIT: TimeDelta = TimeDelta::seconds(10);
/// Announcements that are heard at once; whoever is further behind has missed some as well as not.
const MOST_HEARD: usize = 16_384;

/// What a copy must show to be right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Required {
    /// This generation, or a later one.
    pub(super) generation: i64,
    /// When the database was last asked: whoever shows the generation shows everything that was true then.
    pub(super) said_at: DateTime<Utc>,
}

/// A question to the database about its generation.
#[derive(Clone, Copy, Debug)]
pub(super) struct Question {
    known_before: Option<i64>,
    pub(super) asked_at: DateTime<Utc>,
}

/// The latest generation that this process knows of: announced, read from the database, or written here.
pub(super) struct KnownGeneration {
    context: Context,
    known: Mutex<Known>,
}

struct Known {
    announced: Box<dyn BusReceiver>,
    /// Nothing before the database was asked, and after announcements were missed.
    required: Option<Required>,
}

impl KnownGeneration {
    pub(super) fn new(context: Context, bus: &dyn Bus) -> Self {
        Self { context, known: Mutex::new(Known { announced: bus.subscribe(), required: None }) }
    }

    /// What a copy must show now; nothing when only the database itself can tell.
    pub(super) fn required(&self) -> Option<Required> {
        let now = self.context.now();
        let mut known = self.known.lock();
        known.listen();
        known.required.filter(|required| now - required.said_at <= WORD_LIMIT)
    }

    /// To be made before the database is asked.
    pub(super) fn question(&self) -> Question {
        let asked_at = self.context.now();
        let mut known = self.known.lock();
        known.listen();
        Question { known_before: known.required.map(|required| required.generation), asked_at }
    }

    /// The database answered `question` with its generation. One below what was known before it was asked means that the
    /// database was put back to an earlier state, as by restoring a backup.
    pub(super) fn answered(&self, question: Question, generation: i64) {
        let mut known = self.known.lock();
        known.listen();
        known.required = Some(match known.required {
            Some(required) if question.known_before != Some(required.generation) => Required {
                generation: required.generation.max(generation),
                said_at: required.said_at.max(question.asked_at),
            },
            _ => Required { generation, said_at: question.asked_at },
        });
    }

    /// This process wrote that generation.
    pub(super) fn wrote(&self, generation: i64) {
        self.known.lock().raise(generation);
    }
}

impl Known {
    /// Hears every announcement that has arrived.
    fn listen(&mut self) {
        for _ in 0..MOST_HEARD {
            let mut task = Task::from_waker(Waker::noop());
            // What is left unheard would be found out too late, so a task that has done much goes on nevertheless.
            let message = match pin!(unconstrained(self.announced.next())).poll(&mut task) {
                Poll::Ready(message) => message,
                Poll::Pending => return,
            };
            match message {
                Some(BusMessage::Catalogue { generation }) => self.raise(generation),
                Some(BusMessage::Seats(_) | BusMessage::Room { .. } | BusMessage::Campaign { .. }) => {}
                None => self.required = None,
            }
        }
        self.required = None;
    }

    fn raise(&mut self, generation: i64) {
        if let Some(required) = &mut self.required {
            required.generation = required.generation.max(generation);
        }
    }
}
