//! What the use cases need from the world: one trait for each, with two real adapters or the outside world behind it.
//!
//! A driven port is an atomic step in the language of the business. No transaction handle crosses one.

mod accounts;
mod audit;
mod box_office;
mod bus;
mod cashier;
mod catalogue;
mod context;
mod coupon_office;
mod helper_health;
mod hold_timer;
mod passes;
mod places;
mod rooms;
mod seals;
mod shared_cache;
mod step;
mod store_health;
mod tenants;

pub use accounts::{
    AccountWithPassword, Accounts, EndedBecause, NewAccount, NewSession, RegisterError, RotateError, Rotation,
};
pub use audit::{Audit, AuditReport, Violation};
pub use box_office::{
    AllotmentMap, BoxOffice, HoldOrder, OpenHold, ReleaseOrder, ReservationFilter, SeatMap, TakenSeat,
};
pub use bus::{AllotmentDelta, Bus, BusMessage, BusReceiver, SeatDelta};
pub use cashier::{
    Cashier, ChargeOrder, ChargeProvider, ChargeProviderError, LedgerLine, PayOrder, RefundOrder, StartedCharge,
};
pub use catalogue::{
    AllotmentDraft, CatalogueEditor, CatalogueReader, ConcertChange, ConcertFilter, ConcertListing, EditError,
    OperatorAction, OperatorActionKind, PerformanceChange, PerformanceDraft, Versioned,
};
pub use context::{Clock, Context, Ids};
pub use coupon_office::{CampaignChange, CampaignEditError, CouponOffice, IssueOrder, IssuedCoupon};
pub use helper_health::HelperHealth;
pub use hold_timer::{AlarmTerms, DeadAlarms, HoldAlarm, HoldTimer};
pub use passes::{PassClaims, PassKey, PassKeyError, PassKeys, PublicPassKey, QueueClaims, QueueSeals};
pub use places::{Entered, Entry, EntryTerms, Front, LineId, Places, PlacesError, VIEW_FIRST, VIEW_MARKS};
pub use rooms::{
    CeilingError, DrawRecord, Draws, EpochStart, JoinRefusal, Redemption, RoomChange, RoomChanges, RoomEditError,
    RoomHeadline, RoomRecord, Rooms,
};
pub use seals::{AccessClaims, Passwords, PasswordsError, SealError, Seals, StreamClaims};
pub use shared_cache::{SharedAnswer, SharedCache, SharedCacheError, SharedLease, SharedValue};
pub use step::{Done, IdempotencyKey, IdempotencyKeyError, Page, StepError, Unavailable};
pub use store_health::{StoreHealth, StoreStatus};
pub use tenants::Tenants;
