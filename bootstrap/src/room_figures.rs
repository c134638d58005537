//! What metrics say about waiting rooms.

use chrono::{DateTime, Utc};
use metrics::gauge;
use onsale_application::waiting_room::RoomBoard;

/// Rooms with figures of their own at most; what more there are is in the sums of none.
const ROOMS_LIMIT: usize = 100;

/// Publishes the figures of every live room.
pub(crate) fn publish(board: &RoomBoard, now: DateTime<Utc>) {
    for room in board.all().into_iter().take(ROOMS_LIMIT) {
        let figures = room.figures(now);
        let id = room.id().to_string();
        let set = |name: &'static str, value: f64| gauge!(name, "waiting_room_id" => id.clone()).set(value);
        #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
        {
            set("onsale_waiting_room_waiting", figures.waiting as f64);
            set("onsale_waiting_room_alive", figures.alive as f64);
            set("onsale_waiting_room_serving", figures.serving as f64);
            set("onsale_waiting_room_epoch", figures.epoch as f64);
        }
        set("onsale_waiting_room_healing", f64::from(u8::from(figures.healing)));
    }
}
