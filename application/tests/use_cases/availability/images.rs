//! What the image of a performance shows, whatever is announced, missed or late.

use onsale_application::availability::{AvailabilityError, BoardLimits};
use onsale_domain::seat::SeatState;

use super::{OLD_MS, SEATS, Watched, held_until, sold, taken};
use crate::doubles::{category, performance};

#[tokio::test(start_paused = true)]
async fn what_is_free_is_shown_by_seat_and_by_category() {
    let watched = Watched::new().await;
    watched.change_silently(2, sold());
    watched.change_silently(4, held_until(1_000));
    watched.change_silently(5, sold());
    let shown = watched.read().await;
    assert_eq!(taken(&shown), [2, 4, 5]);
    let left: Vec<_> = shown.categories.iter().map(|left| (left.category, left.available)).collect();
    assert_eq!(left, [(category(0), 8), (category(1), 9)]);
    assert_eq!((shown.version, shown.seats, shown.free.len()), (3, u32::from(SEATS), 3));
}

#[tokio::test(start_paused = true)]
async fn an_announced_change_is_shown_without_reading_the_seats_again() {
    let watched = Watched::new().await;
    watched.read().await;
    watched.change(7, sold()).await;
    watched.change(8, sold()).await;
    watched.change(7, SeatState::Free).await;
    assert_eq!(taken(&*watched.read_at(OLD_MS).await), [8]);
    assert_eq!(watched.maps_read(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_gap_in_the_announcements_reads_the_seats_again() {
    let watched = Watched::new().await;
    watched.read().await;
    watched.change_silently(7, sold());
    watched.change(8, sold()).await;
    assert_eq!(taken(&*watched.read_at(OLD_MS).await), [7, 8]);
    assert_eq!(watched.maps_read(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_announcement_that_never_comes_is_noticed_by_the_version_row() {
    let watched = Watched::new().await;
    watched.read().await;
    watched.change_silently(7, sold());
    assert_eq!(taken(&*watched.read_at(OLD_MS).await), [7]);
    assert_eq!(watched.maps_read(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_announcement_that_is_under_way_is_waited_for() {
    let watched = Watched::new().await;
    watched.read().await;
    let delta = watched.box_office.commit(performance(0), &[(7, sold())]);
    watched.clock.set(OLD_MS);
    watched.box_office.version_gate.close();
    let reader = watched.start_reading();
    watched.box_office.version_gate.wait_for(2).await;
    watched.box_office.version_gate.open();
    watched.bus.announce(delta).await;
    let shown = reader.await.expect("the reader lives").expect("the stores answer");
    assert_eq!(taken(&shown), [7]);
    assert_eq!(watched.maps_read(), 1);
}

#[tokio::test(start_paused = true)]
async fn missed_messages_have_the_seats_read_again() {
    let watched = Watched::new().await;
    watched.read().await;
    watched.bus.miss().await;
    watched.read_at(OLD_MS).await;
    assert_eq!(watched.maps_read(), 2);
}

#[tokio::test(start_paused = true)]
async fn another_epoch_has_the_seats_read_again() {
    let watched = Watched::new().await;
    watched.read().await;
    watched.change(7, sold()).await;
    watched.box_office.begin_epoch(performance(0));
    watched.change(8, sold()).await;
    let shown = watched.read_at(OLD_MS).await;
    assert_eq!((shown.epoch, shown.version, taken(&shown)), (2, 1, vec![7, 8]));
    assert_eq!(watched.maps_read(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_database_that_went_back_to_an_earlier_moment_has_the_seats_read_again() {
    let watched = Watched::new().await;
    watched.read().await;
    watched.change(7, sold()).await;
    watched.change(8, sold()).await;
    watched.box_office.restore(performance(0));
    watched.change_silently(3, sold());
    let shown = watched.read_at(OLD_MS).await;
    assert_eq!((shown.version, taken(&shown)), (1, vec![3]));
    assert_eq!(watched.maps_read(), 2);
    watched.change(4, sold()).await;
    assert_eq!(taken(&*watched.read_at(2 * OLD_MS).await), [3, 4]);
    assert_eq!(watched.maps_read(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_announcement_that_overtakes_the_version_row_is_followed() {
    let watched = Watched::new().await;
    watched.read().await;
    watched.clock.set(OLD_MS);
    watched.box_office.version_gate.close();
    let reader = watched.start_reading();
    watched.box_office.version_gate.wait_for(2).await;
    watched.change(7, sold()).await;
    watched.box_office.version_gate.open();
    let shown = reader.await.expect("the reader lives").expect("the stores answer");
    assert_eq!((shown.version, taken(&shown)), (1, vec![7]));
    assert_eq!(watched.maps_read(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_change_that_is_announced_while_the_seats_are_read_is_not_lost() {
    let watched = Watched::new().await;
    watched.box_office.map_gate.close();
    let reader = watched.start_reading();
    watched.box_office.map_gate.wait_for(1).await;
    watched.change(7, sold()).await;
    watched.change(8, sold()).await;
    watched.box_office.map_gate.open();
    let first = reader.await.expect("the reader lives").expect("the stores answer");
    assert_eq!((first.version, taken(&first)), (0, Vec::new()));
    let second = watched.read_at(OLD_MS).await;
    assert_eq!((second.version, taken(&second)), (2, vec![7, 8]));
    assert_eq!(watched.maps_read(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_gap_while_the_seats_are_read_has_them_read_again() {
    let watched = Watched::new().await;
    watched.box_office.map_gate.close();
    let reader = watched.start_reading();
    watched.box_office.map_gate.wait_for(1).await;
    watched.change_silently(7, sold());
    watched.change(8, sold()).await;
    watched.box_office.map_gate.open();
    reader.await.expect("the reader lives").expect("the stores answer");
    assert_eq!(taken(&*watched.read_at(OLD_MS).await), [7, 8]);
    assert_eq!(watched.maps_read(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_late_announcement_of_what_was_read_already_changes_nothing() {
    let watched = Watched::new().await;
    let late = watched.box_office.commit(performance(0), &[(7, sold())]);
    watched.change_silently(7, SeatState::Free);
    watched.read().await;
    watched.bus.announce(late).await;
    let shown = watched.read_at(OLD_MS).await;
    assert_eq!((shown.version, taken(&shown)), (2, Vec::new()));
    assert_eq!(watched.maps_read(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_reader_who_leaves_while_the_seats_are_read_harms_nobody() {
    let watched = Watched::new().await;
    watched.box_office.map_gate.close();
    let reader = watched.start_reading();
    watched.box_office.map_gate.wait_for(1).await;
    reader.abort();
    assert!(reader.await.expect_err("the reader has left").is_cancelled());
    watched.change(7, sold()).await;
    watched.box_office.map_gate.open();
    assert_eq!(taken(&*watched.read().await), [7]);
    watched.change(8, sold()).await;
    assert_eq!(taken(&*watched.read_at(OLD_MS).await), [7, 8]);
    assert_eq!(watched.maps_read(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_hold_past_its_end_shows_free_though_nothing_announces_it() {
    let watched = Watched::new().await;
    watched.change_silently(7, held_until(1_000));
    assert_eq!(taken(&*watched.read_at(1_000 - OLD_MS).await), [7]);
    assert_eq!(taken(&*watched.read_at(1_000).await), []);
    assert_eq!(watched.maps_read(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_least_recently_read_image_makes_room() {
    let two_images = BoardLimits { seats: 2 * (usize::from(SEATS) + 1) };
    let watched = Watched::limited(two_images).await;
    for (moment, index) in [(0, 0), (1, 1), (2, 0), (3, 2)] {
        watched.clock.set(moment);
        watched.read_of(performance(index)).await;
    }
    assert_eq!(watched.maps_read(), 3);
    assert_eq!(watched.board.known_sold_out(performance(1)), None);
    watched.clock.set(OLD_MS + 3);
    watched.read_of(performance(0)).await;
    watched.read_of(performance(2)).await;
    assert_eq!(watched.maps_read(), 3);
    watched.read_of(performance(1)).await;
    assert_eq!(watched.maps_read(), 4);
}

#[tokio::test(start_paused = true)]
async fn an_unknown_performance_asks_no_box_office() {
    let watched = Watched::new().await;
    let answer = watched.board.snapshot(performance(77)).await;
    assert_eq!(answer, Err(AvailabilityError::UnknownPerformance));
    assert_eq!((watched.versions_read(), watched.maps_read()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_performance_that_only_the_catalogue_knows_is_unknown() {
    let watched = Watched::new().await;
    let answer = watched.board.snapshot(performance(3)).await;
    assert_eq!(answer, Err(AvailabilityError::UnknownPerformance));
}

#[tokio::test(start_paused = true)]
async fn a_performance_that_somebody_looks_at_is_known_to_be_sold_out() {
    let watched = Watched::new().await;
    assert_eq!(watched.board.known_sold_out(performance(0)), None);
    (1..SEATS).for_each(|no| watched.change_silently(no.into(), sold()));
    watched.read().await;
    assert_eq!(watched.board.known_sold_out(performance(0)), Some(false));
    watched.change(0, sold()).await;
    watched.read_at(OLD_MS).await;
    assert_eq!(watched.board.known_sold_out(performance(0)), Some(true));
}
