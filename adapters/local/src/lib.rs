//! In-process adapters: hold timer, event bus, test charges. They serve one process, in full, with no service beside it.

mod bus;
mod hold_timer;
mod test_charges;

pub use bus::{DEFAULT_BUS_CAPACITY, LocalBus};
pub use hold_timer::{HoldTimerSettings, LocalHoldTimer};
pub use test_charges::TestCharges;
