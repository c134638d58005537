//! In-process adapters: hold timer, event bus, waiting lines, shared cache, test charges. They serve one process, in full, with no
//! service beside it.

mod bus;
mod hold_timer;
mod places;
mod shared_cache;
mod test_charges;

pub use bus::{DEFAULT_BUS_CAPACITY, LocalBus};
pub use hold_timer::{HoldTimerSettings, LocalHoldTimer};
pub use places::LocalPlaces;
pub use shared_cache::LocalSharedCache;
pub use test_charges::TestCharges;
