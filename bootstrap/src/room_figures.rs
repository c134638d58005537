//! What metrics say about waiting rooms.

use chrono::{DateTime, Utc};
use metrics::{Unit, describe_counter, describe_gauge, describe_histogram, gauge};
use onsale_application::waiting_room::RoomBoard;

/// Rooms with figures of their own at most.
const ROOMS_LIMIT: usize = 100;

/// Says what the figures mean.
pub(crate) fn describe() {
    describe_gauge!("onsale_waiting_room_waiting", Unit::Count, "Visitors in line.");
    describe_gauge!("onsale_waiting_room_alive", Unit::Count, "Visitors inside.");
    describe_gauge!("onsale_waiting_room_serving", Unit::Count, "The highest number let in.");
    describe_gauge!("onsale_waiting_room_epoch", Unit::Count, "How often the line was made.");
    describe_gauge!("onsale_waiting_room_healing", Unit::Count, "1 while a line that was lost fills again.");
    describe_counter!("onsale_waiting_room_let_in_total", Unit::Count, "Visitors that this process let in.");
    describe_counter!("onsale_waiting_room_epochs_total", Unit::Count, "Lines that this process made anew.");
    describe_counter!("onsale_waiting_room_returned_total", Unit::Count, "Visitors put back into lines.");
    describe_counter!("onsale_waiting_room_unclaimed_total", Unit::Count, "Visitors let in who never came.");
    describe_counter!("onsale_waiting_room_expired_total", Unit::Count, "Visits that ended with their pass.");
    describe_histogram!(
        "onsale_waiting_room_announcement_delay_seconds",
        Unit::Seconds,
        "How long after a tick this process knew of it."
    );
    describe_histogram!(
        "onsale_waiting_room_tick_delay_seconds",
        Unit::Seconds,
        "How late ticks were while somebody waited and there was room."
    );
}

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
