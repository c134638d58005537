//! What every bus does.

use std::sync::Arc;

use chrono::DateTime;
use onsale_application::ports::{AllotmentDelta, BusMessage, SeatDelta};
use onsale_domain::allotment::Allotment;
use onsale_domain::ids::{PerformanceId, WaitingRoomId};
use onsale_domain::seat::SeatState;
use onsale_tests::on_every_kind;
use uuid::Uuid;

use super::replicas::{Wire, generation, next};

on_every_kind!(
    super::Wire::local(), super::Wire::redis().await, super::Wire::cluster().await;
    two_replicas_hear_each_other_in_order,
    replicas_that_speak_at_once_are_each_heard_in_order,
    whoever_cannot_keep_up_is_told,
);

async fn two_replicas_hear_each_other_in_order(wire: Wire) {
    let (first, second, mut heard) = wire.two().await;
    let mut own = first.bus.subscribe();
    for number in 1..=500 {
        first.bus.publish(generation(number));
    }
    let delta = SeatDelta {
        performance: PerformanceId(Uuid::now_v7()),
        epoch: 3,
        version: 7,
        seats: vec![(4, SeatState::Free), (9, SeatState::Sold { to: Uuid::now_v7().into() })],
        allotments: vec![AllotmentDelta {
            allotment: Allotment { category: Uuid::now_v7().into(), capacity: 5, taken: 3 },
            ends: vec![(DateTime::UNIX_EPOCH, -2)],
        }],
    };
    first.bus.publish(BusMessage::Seats(Arc::new(delta.clone())));
    for number in 1..=500 {
        assert_eq!(next(&mut heard).await, Some(generation(number)));
        assert_eq!(next(&mut own).await, Some(generation(number)));
    }
    assert_eq!(next(&mut heard).await, Some(BusMessage::Seats(Arc::new(delta.clone()))));
    assert_eq!(next(&mut own).await, Some(BusMessage::Seats(Arc::new(delta))));
    second.bus.publish(generation(501));
    assert_eq!(next(&mut own).await, Some(generation(501)), "the other way, and nothing of its own twice");
    assert_eq!(next(&mut heard).await, Some(generation(501)));
    first.end().await;
    second.end().await;
}

/// A room stands for each speaker, and its changes count what it says.
async fn replicas_that_speak_at_once_are_each_heard_in_order(wire: Wire) {
    const CHANGES: i64 = 200;
    let (first, second, mut receiver) = wire.two().await;
    let rooms = [WaitingRoomId(Uuid::now_v7()), WaitingRoomId(Uuid::now_v7())];
    for change in 1..=CHANGES {
        first.bus.publish(BusMessage::Room { room: rooms[0], change });
        second.bus.publish(BusMessage::Room { room: rooms[1], change });
    }
    let mut last = [0; 2];
    while last != [CHANGES; 2] {
        let message = next(&mut receiver).await;
        let Some(BusMessage::Room { room, change }) = message else { panic!("{message:?} was heard") };
        let speaker = usize::from(room == rooms[1]);
        assert_eq!(change, last[speaker] + 1);
        last[speaker] = change;
    }
    first.end().await;
    second.end().await;
}

async fn whoever_cannot_keep_up_is_told(wire: Wire) {
    const BURST: i64 = 20_000;
    let (first, second, mut receiver) = wire.two_with(8).await;
    for number in 1..=BURST {
        first.bus.publish(generation(number));
    }
    let mut count = 0;
    while next(&mut receiver).await.is_some() {
        count += 1;
    }
    assert!(count < BURST, "{count} were heard, so nothing was missed");
    let last = generation(i64::MAX);
    first.bus.publish(last.clone());
    loop {
        match next(&mut receiver).await {
            Some(message) if message == last => break,
            None if wire.may_lose() => first.bus.publish(last.clone()), // it may have been the one that was missed
            _ => {}
        }
    }
    first.end().await;
    second.end().await;
}
