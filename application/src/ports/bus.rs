use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use onsale_domain::allotment::Allotment;
use onsale_domain::ids::{CouponCampaignId, PerformanceId, WaitingRoomId};
use onsale_domain::seat::{SeatNo, SeatState};

/// What one group of commands changed on an allotment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllotmentDelta {
    /// The allotment as it is now.
    pub allotment: Allotment,
    /// By how many the tickets that are held until each moment have risen or fallen.
    pub ends: Vec<(DateTime<Utc>, i64)>,
}

/// What one group of commands changed on the seats and allotments of a performance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeatDelta {
    /// Of which performance.
    pub performance: PerformanceId,
    /// Names the sequence of versions.
    pub epoch: i64,
    /// The version after the change; the one before it is one less.
    pub version: i64,
    /// Each changed seat as it is now.
    pub seats: Vec<(SeatNo, SeatState)>,
    /// Each changed allotment.
    pub allotments: Vec<AllotmentDelta>,
}

/// Something that replicas tell each other. Losing one makes nothing wrong, only slower.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BusMessage {
    /// Seats or allotments changed.
    Seats(Arc<SeatDelta>),
    /// The catalogue changed and has this generation now.
    Catalogue {
        /// The number in the catalogue's generation row.
        generation: i64,
    },
    /// A waiting room changed: its ticks, visits, blocks or terms.
    Room {
        /// Which room.
        room: WaitingRoomId,
        /// Its number of changes by now.
        change: i64,
    },
    /// The terms of a coupon campaign changed.
    Campaign {
        /// Which campaign.
        campaign: CouponCampaignId,
        /// Its number of changes by now.
        change: i64,
    },
}

/// What a receiver hears.
#[async_trait]
pub trait BusReceiver: Send {
    /// The next message; nothing when some were missed, so that the receiver must reload what it keeps.
    async fn next(&mut self) -> Option<BusMessage>;
}

/// Announcements between everything that keeps a copy of what SQL says.
pub trait Bus: Send + Sync {
    /// Tells every receiver, on this replica and on others, without waiting.
    fn publish(&self, message: BusMessage);

    /// Hears every message from now on.
    fn subscribe(&self) -> Box<dyn BusReceiver>;
}
