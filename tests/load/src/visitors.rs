//! Visitors who stand in line before the clock starts, and what proves it: made without asking the server.

use chrono::{TimeDelta, Utc};
use onsale_application::ports::{QueueClaims, QueueSeals};
use onsale_crypto::{QueueTokenSeals, SecretError};
use onsale_domain::{
    ids::{AccountId, WaitingRoomId},
    waiting_room::{QueueNumber, VisitorId},
};
use uuid::Uuid;

use crate::customers::seal_settings;

/// Somebody in line.
#[derive(Clone, Debug)]
pub struct Place {
    /// Who.
    pub visitor: VisitorId,
    /// With which number.
    pub number: QueueNumber,
}

/// A visitor whom nobody has seen yet, whose name is a UUID.
#[must_use]
pub fn newcomer() -> VisitorId {
    VisitorId::from(AccountId(Uuid::now_v7()))
}

/// Makes the tokens of one room's places as the server does.
pub struct PlaceTokens {
    seals: QueueTokenSeals,
    room: WaitingRoomId,
}

impl PlaceTokens {
    /// Tokens of a server with this secret.
    ///
    /// # Errors
    /// When the secret is too short.
    pub fn new(secret: &str, room: WaitingRoomId) -> Result<Self, SecretError> {
        Ok(Self { seals: QueueTokenSeals::new(&seal_settings(secret)?), room })
    }

    /// The room.
    #[must_use]
    pub fn room(&self) -> WaitingRoomId {
        self.room
    }

    /// The value of an `X-Queue-Token` header, good for a day.
    #[must_use]
    pub fn token(&self, place: &Place) -> String {
        self.seals.queue_token(&self.claims(place))
    }

    /// The ticket in the address of a place's event stream, good for a day.
    #[must_use]
    pub fn ticket(&self, place: &Place) -> String {
        self.seals.queue_ticket(&self.claims(place))
    }

    fn claims(&self, place: &Place) -> QueueClaims {
        let expires_at = Utc::now() + TimeDelta::days(1);
        QueueClaims { room: self.room, visitor: place.visitor.clone(), number: place.number, expires_at }
    }
}
