use std::sync::Arc;

use bytes::{Buf, BufMut, TryGetError};
use chrono::{DateTime, Utc};
use onsale_application::ports::{AllotmentDelta, BusMessage, SeatDelta};
use onsale_domain::allotment::Allotment;
use onsale_domain::ids::{CategoryId, CouponCampaignId, PerformanceId, ReservationId, WaitingRoomId};
use onsale_domain::seat::{SeatNo, SeatState};
use thiserror::Error;
use uuid::Uuid;

/// The way messages are written here; whoever reads another treats it as one that was missed.
const VERSION: u8 = 2;

const BEAT: u8 = 0;
const SEATS: u8 = 1;
const CATALOGUE: u8 = 2;
const ROOM: u8 = 3;
const CAMPAIGN: u8 = 4;

const FREE: u8 = 0;
const HELD: u8 = 1;
const SOLD: u8 = 2;

/// The least that one seat takes.
const SMALLEST_SEAT: usize = 5;

/// What goes from one replica to all others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Envelope {
    /// Which replica, since it started.
    pub(super) sender: Uuid,
    /// Its messages, counted from 1; for a sign of life the last one so far.
    pub(super) sequence: u64,
    /// What it says; nothing for a sign of life.
    pub(super) message: Option<BusMessage>,
}

/// Bytes that are no message of this version.
#[derive(Debug, PartialEq, Eq, Error)]
pub(super) enum EnvelopeError {
    #[error("version {0} is not known here")]
    Version(u8),
    #[error("{0} is no kind")]
    Kind(u8),
    #[error("a number is out of range")]
    Range,
    #[error("it ends too early: {0}")]
    Short(#[from] TryGetError),
}

impl Envelope {
    pub(super) fn write(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(64);
        bytes.put_u8(VERSION);
        put_uuid(&mut bytes, self.sender);
        bytes.put_u64(self.sequence);
        match &self.message {
            None => bytes.put_u8(BEAT),
            Some(BusMessage::Seats(delta)) => {
                bytes.put_u8(SEATS);
                put_seats(&mut bytes, delta);
            }
            Some(BusMessage::Catalogue { generation }) => {
                bytes.put_u8(CATALOGUE);
                bytes.put_i64(*generation);
            }
            Some(BusMessage::Room { room, change }) => {
                bytes.put_u8(ROOM);
                put_uuid(&mut bytes, room.0);
                bytes.put_i64(*change);
            }
            Some(BusMessage::Campaign { campaign, change }) => {
                bytes.put_u8(CAMPAIGN);
                put_uuid(&mut bytes, campaign.0);
                bytes.put_i64(*change);
            }
        }
        bytes
    }

    pub(super) fn read(mut bytes: &[u8]) -> Result<Self, EnvelopeError> {
        let version = bytes.try_get_u8()?;
        if version != VERSION {
            return Err(EnvelopeError::Version(version));
        }
        let sender = uuid(&mut bytes)?;
        let sequence = bytes.try_get_u64()?;
        let message = match bytes.try_get_u8()? {
            BEAT => None,
            SEATS => Some(BusMessage::Seats(Arc::new(seats(&mut bytes)?))),
            CATALOGUE => Some(BusMessage::Catalogue { generation: bytes.try_get_i64()? }),
            ROOM => Some(BusMessage::Room { room: WaitingRoomId(uuid(&mut bytes)?), change: bytes.try_get_i64()? }),
            CAMPAIGN => Some(BusMessage::Campaign {
                campaign: CouponCampaignId(uuid(&mut bytes)?),
                change: bytes.try_get_i64()?,
            }),
            kind => return Err(EnvelopeError::Kind(kind)),
        };
        Ok(Self { sender, sequence, message })
    }
}

fn put_uuid(bytes: &mut Vec<u8>, id: Uuid) {
    bytes.put_slice(id.as_bytes());
}

fn uuid(bytes: &mut &[u8]) -> Result<Uuid, EnvelopeError> {
    Ok(Uuid::from_u128(bytes.try_get_u128()?))
}

fn put_seats(bytes: &mut Vec<u8>, delta: &SeatDelta) {
    put_uuid(bytes, delta.performance.0);
    bytes.put_i64(delta.epoch);
    bytes.put_i64(delta.version);
    put_length(bytes, delta.allotments.len());
    for change in &delta.allotments {
        put_allotment(bytes, change);
    }
    for (seat, state) in &delta.seats {
        bytes.put_u32(*seat);
        match state {
            SeatState::Free => bytes.put_u8(FREE),
            SeatState::Held { by, until } => {
                bytes.put_u8(HELD);
                put_uuid(bytes, by.0);
                bytes.put_i64(until.timestamp_micros());
            }
            SeatState::Sold { to } => {
                bytes.put_u8(SOLD);
                put_uuid(bytes, to.0);
            }
        }
    }
}

fn put_length(bytes: &mut Vec<u8>, length: usize) {
    bytes.put_u32(u32::try_from(length).expect("what one group changed is far less"));
}

fn put_allotment(bytes: &mut Vec<u8>, AllotmentDelta { allotment, ends }: &AllotmentDelta) {
    put_uuid(bytes, allotment.category.0);
    bytes.put_u32(allotment.capacity);
    bytes.put_u32(allotment.taken);
    put_length(bytes, ends.len());
    for (until, change) in ends {
        bytes.put_i64(until.timestamp_micros());
        bytes.put_i64(*change);
    }
}

fn allotment(bytes: &mut &[u8]) -> Result<AllotmentDelta, EnvelopeError> {
    let category = CategoryId(uuid(bytes)?);
    let allotment = Allotment { category, capacity: bytes.try_get_u32()?, taken: bytes.try_get_u32()? };
    let mut ends = Vec::new(); // a length that is not true ends at the end of the bytes
    for _ in 0..bytes.try_get_u32()? {
        ends.push((moment(bytes)?, bytes.try_get_i64()?));
    }
    Ok(AllotmentDelta { allotment, ends })
}

fn moment(bytes: &mut &[u8]) -> Result<DateTime<Utc>, EnvelopeError> {
    DateTime::from_timestamp_micros(bytes.try_get_i64()?).ok_or(EnvelopeError::Range)
}

/// Seats go on to the end.
fn seats(bytes: &mut &[u8]) -> Result<SeatDelta, EnvelopeError> {
    let performance = PerformanceId(uuid(bytes)?);
    let (epoch, version) = (bytes.try_get_i64()?, bytes.try_get_i64()?);
    let mut allotments = Vec::new();
    for _ in 0..bytes.try_get_u32()? {
        allotments.push(allotment(bytes)?);
    }
    let mut seats = Vec::with_capacity(bytes.remaining() / SMALLEST_SEAT);
    while bytes.has_remaining() {
        seats.push(seat(bytes)?);
    }
    Ok(SeatDelta { performance, epoch, version, seats, allotments })
}

fn seat(bytes: &mut &[u8]) -> Result<(SeatNo, SeatState), EnvelopeError> {
    let seat = bytes.try_get_u32()?;
    let state = match bytes.try_get_u8()? {
        FREE => SeatState::Free,
        HELD => {
            let by = ReservationId(uuid(bytes)?);
            SeatState::Held { by, until: moment(bytes)? }
        }
        SOLD => SeatState::Sold { to: ReservationId(uuid(bytes)?) },
        kind => return Err(EnvelopeError::Kind(kind)),
    };
    Ok((seat, state))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn moment() -> impl Strategy<Value = DateTime<Utc>> {
        (-60_000_000_000_000_i64..4_000_000_000_000_000).prop_filter_map("in range", DateTime::from_timestamp_micros)
    }

    fn allotment() -> impl Strategy<Value = AllotmentDelta> {
        let ends = prop::collection::vec((moment(), any::<i64>()), 0..5);
        (any::<u128>(), any::<u32>(), any::<u32>(), ends).prop_map(|(category, capacity, taken, ends)| AllotmentDelta {
            allotment: Allotment { category: CategoryId(Uuid::from_u128(category)), capacity, taken },
            ends,
        })
    }

    fn state() -> impl Strategy<Value = SeatState> {
        let id = || any::<u128>().prop_map(|id| ReservationId(Uuid::from_u128(id)));
        prop_oneof![
            Just(SeatState::Free),
            (id(), moment()).prop_map(|(by, until)| SeatState::Held { by, until }),
            id().prop_map(|to| SeatState::Sold { to }),
        ]
    }

    fn message() -> impl Strategy<Value = Option<BusMessage>> {
        let seats = prop::collection::vec((any::<u32>(), state()), 0..20);
        let allotments = prop::collection::vec(allotment(), 0..3);
        let delta = (any::<u128>(), any::<i64>(), any::<i64>(), seats, allotments).prop_map(
            |(performance, epoch, version, seats, allotments)| {
                let performance = PerformanceId(Uuid::from_u128(performance));
                BusMessage::Seats(Arc::new(SeatDelta { performance, epoch, version, seats, allotments }))
            },
        );
        let room = (any::<u128>(), any::<i64>())
            .prop_map(|(room, change)| BusMessage::Room { room: WaitingRoomId(Uuid::from_u128(room)), change });
        let campaign = (any::<u128>(), any::<i64>()).prop_map(|(campaign, change)| {
            let campaign = CouponCampaignId(Uuid::from_u128(campaign));
            BusMessage::Campaign { campaign, change }
        });
        let catalogue = any::<i64>().prop_map(|generation| BusMessage::Catalogue { generation });
        prop::option::of(prop_oneof![delta, room, campaign, catalogue])
    }

    proptest! {
        #[test]
        fn what_is_read_is_what_was_written(sender: u128, sequence: u64, message in message()) {
            let envelope = Envelope { sender: Uuid::from_u128(sender), sequence, message };
            prop_assert_eq!(Envelope::read(&envelope.write()), Ok(envelope));
        }

        #[test]
        fn no_bytes_make_reading_fail_hard(bytes: Vec<u8>) {
            drop(Envelope::read(&bytes));
            drop(Envelope::read(&[&[VERSION; 26], bytes.as_slice()].concat()));
        }
    }

    #[test]
    fn a_seat_that_is_held_takes_29_bytes() {
        let held = SeatState::Held { by: ReservationId(Uuid::from_u128(7)), until: DateTime::from_timestamp_nanos(0) };
        let performance = PerformanceId(Uuid::from_u128(1));
        let delta = |seats| SeatDelta { performance, epoch: 1, version: 1, seats, allotments: Vec::new() };
        let length = |seats| {
            let message = Some(BusMessage::Seats(Arc::new(delta(seats))));
            Envelope { sender: Uuid::nil(), sequence: 1, message }.write().len()
        };
        assert_eq!(length(vec![(1, held)]) - length(Vec::new()), 29);
    }

    #[test]
    fn another_version_is_told_apart() {
        assert_eq!(Envelope::read(&[1, 0]), Err(EnvelopeError::Version(1)));
    }
}
