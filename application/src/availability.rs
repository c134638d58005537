//! What is free: an image of each watched performance's seats and tickets in memory, checked against SQL and never older than
//! [`MAXIMUM_AGE`].
//!
//! The image follows the announcements of committed changes. An announcement that was missed shows as a gap in the
//! versions, and one that never came shows when the image is next compared with the version row; either way it is read
//! anew. Nothing is ever decided here: holding decides under lock.

mod board;
mod image;
mod snapshot;

pub use board::{AvailabilityBoard, AvailabilityError, BoardLimits, MAXIMUM_AGE};
pub use snapshot::{AvailabilitySnapshot, CategoryAvailability, SeatDifference};
