//! In-memory doubles of the ports, and what the tests hand to them.

mod accounts;
mod box_office;
mod bus;
mod catalogue;
mod catalogue_editor;
mod coupon_office;
mod draws;
mod gate;
mod hold_timer;
mod places;
mod rooms;
mod time;

pub(crate) use accounts::{AccountsDouble, PasswordsDouble, SealsDouble, digest};
pub(crate) use box_office::{BoxOfficeDouble, ended};
pub(crate) use bus::BusDouble;
pub(crate) use catalogue::{CatalogueDouble, category, terms};
pub(crate) use catalogue_editor::CatalogueEditorDouble;
pub(crate) use coupon_office::{CouponOfficeDouble, campaign};
pub(crate) use draws::DrawsDouble;
use gate::Gate;
pub(crate) use hold_timer::HoldTimerDouble;
pub(crate) use places::PlacesDouble;
pub(crate) use rooms::{CONCERT, QueueSealsDouble, ROOM, RoomsDouble, waiting_room};
pub(crate) use time::{TestClock, at, context};

use std::sync::Arc;

use onsale_application::ports::Unavailable;
use onsale_application::waiting_room::{Admissions, BoardSettings, RoomBoard};
use onsale_domain::ids::{AccountId, PerformanceId, ReservationId};
use uuid::Uuid;

pub(crate) fn performance(index: u128) -> PerformanceId {
    PerformanceId(Uuid::from_u128(1_000 + index))
}

pub(crate) fn customer(index: u128) -> AccountId {
    AccountId(Uuid::from_u128(2_000 + index))
}

pub(crate) fn reservation(index: u128) -> ReservationId {
    ReservationId(Uuid::from_u128(3_000_000 + index))
}

pub(crate) fn out_of_order() -> Unavailable {
    Unavailable::because("out of order")
}

/// Admissions in a world without waiting rooms.
pub(crate) async fn no_rooms(clock: &Arc<TestClock>) -> Arc<Admissions> {
    let rooms = Arc::new(RoomsDouble::default());
    let bus = Arc::new(BusDouble::default());
    let board = Arc::new(RoomBoard::new(rooms.clone(), bus, context(clock), BoardSettings::default()));
    board.look().await.expect("there is nothing to read");
    Arc::new(Admissions::new(board, rooms, Arc::new(QueueSealsDouble::default()), context(clock)))
}
