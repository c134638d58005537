//! Waiting rooms: entering, knowing, being let in, and proving it.
//!
//! The truth about admissions is behind [`Rooms`](crate::ports::Rooms), the line itself behind
//! [`Places`](crate::ports::Places). Each process keeps a copy of every live room on its [`RoomBoard`], follows its changes,
//! and answers most questions from that copy alone.

mod board;
mod by_hand;
mod draw;
mod enter;
mod guard;
mod keys;
mod lines;
mod manage;
mod room;
mod shown;
mod silence;
mod state;
mod status;
mod tick;
mod verify;
mod visits;

pub use board::{BoardSettings, RoomBoard};
pub use by_hand::{AdmitByHand, AdmittedByHand, ByHandError};
pub use draw::{DrawPage, OpenDraws, ReadDraw, ReadDrawError};
pub use enter::{EnterError, EnterLine, Entrance, LeaveLine};
pub use guard::{AdmissionError, Admissions};
pub use keys::{RotateKeysError, RotatePassKeys};
pub use lines::Lines;
pub use manage::{ManageRoomError, ManageRooms, ManageTenantError, ManageTenants, NewApiKey, NewRoom};
pub use room::{LiveRoom, RoomFigures};
pub use status::{Glance, PlaceState, ReadStatus, StatusError, StatusReport};
pub use tick::KeepTicking;
pub use verify::{EndPass, Presented, Verified, VerifyError, VerifyPass};
