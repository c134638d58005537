use std::collections::HashSet;
use std::sync::Arc;

use onsale_application::booking::{HoldRequest, HoldSeats, HoldSeatsError, ReleaseHold, WantedItems};
use onsale_application::ports::{Done, HoldAlarm, StepError};
use onsale_domain::box_office::{HoldRefusal, ReleaseRefusal, Released, Wanted};
use onsale_domain::reservation::Reservation;

use crate::doubles::{
    BoxOfficeDouble, CatalogueDouble, HoldTimerDouble, TestClock, category, context, customer, ended, no_rooms,
    performance, reservation,
};

struct Booking {
    box_office: Arc<BoxOfficeDouble>,
    timer: Arc<HoldTimerDouble>,
    hold: HoldSeats,
    release: ReleaseHold,
}

impl Booking {
    async fn new() -> Self {
        let box_office = Arc::new(BoxOfficeDouble::default());
        let timer = Arc::new(HoldTimerDouble::default());
        let catalogue = Arc::new(CatalogueDouble::new([performance(0)], 20));
        let clock = TestClock::new();
        let admissions = no_rooms(&clock).await;
        let hold = HoldSeats::new(catalogue, box_office.clone(), timer.clone(), admissions, context(&clock));
        let release = ReleaseHold::new(box_office.clone(), timer.clone());
        Self { box_office, timer, hold, release }
    }

    async fn hold(&self, seats: &[u32]) -> Result<Done<Reservation>, HoldSeatsError> {
        self.hold.execute(request(seats)).await
    }
}

fn request(seats: &[u32]) -> HoldRequest {
    HoldRequest {
        customer: customer(0),
        performance: performance(0),
        wanted: WantedItems::Seats(seats.to_vec()),
        pass: None,
        idempotency: None,
    }
}

#[tokio::test]
async fn seats_are_ordered_and_each_becomes_an_item_of_its_own() {
    let booking = Booking::new().await;
    booking.hold(&[9, 3, 5]).await.expect("the seats are free");
    let held = booking.box_office.held.lock();
    let (numbers, mut items): (Vec<_>, Vec<_>) = held[0].hold.wanted.seats().iter().copied().unzip();
    assert_eq!(numbers, [3, 5, 9]);
    items.sort_unstable();
    items.dedup();
    assert_eq!(items.len(), 3);
    assert_eq!((held[0].hold.customer, held[0].performance), (customer(0), performance(0)));
}

#[tokio::test]
async fn what_is_not_an_order_reaches_no_lane() {
    let booking = Booking::new().await;
    assert_eq!(booking.hold(&[]).await, Err(HoldSeatsError::NoSeats));
    assert_eq!(booking.hold(&[4, 7, 4]).await, Err(HoldSeatsError::SeatNamedTwice(4)));
    let too_many: Vec<u32> = (0..51).collect();
    let refused = StepError::Refused(HoldRefusal::TooManySeats { limit: 4 });
    assert_eq!(booking.hold(&too_many).await, Err(refused.into()));
    assert_eq!(booking.box_office.held.lock().len(), 0);
}

#[tokio::test]
async fn each_ticket_becomes_an_item_of_its_own() {
    let booking = Booking::new().await;
    let wanted = WantedItems::Tickets { category: category(0), quantity: 3 };
    booking.hold.execute(HoldRequest { wanted, ..request(&[]) }).await.expect("tickets are left");
    let held = booking.box_office.held.lock();
    let Wanted::Tickets { category: wanted, items } = &held[0].hold.wanted else { panic!("tickets were asked for") };
    assert_eq!(*wanted, category(0));
    assert_eq!(items.iter().collect::<HashSet<_>>().len(), 3);
}

#[tokio::test]
async fn no_tickets_or_too_many_reach_no_lane() {
    let booking = Booking::new().await;
    let tickets = |quantity| {
        let wanted = WantedItems::Tickets { category: category(0), quantity };
        booking.hold.execute(HoldRequest { wanted, ..request(&[]) })
    };
    assert_eq!(tickets(0).await, Err(HoldSeatsError::NoQuantity));
    for quantity in [51, u32::MAX] {
        let refused = StepError::Refused(HoldRefusal::TooManySeats { limit: 4 });
        assert_eq!(tickets(quantity).await, Err(refused.into()));
    }
    assert_eq!(booking.box_office.held.lock().len(), 0);
}

#[tokio::test]
async fn an_unknown_performance_opens_no_lane() {
    let booking = Booking::new().await;
    let unknown = HoldRequest { performance: performance(77), ..request(&[1]) };
    let refused = StepError::Refused(HoldRefusal::UnknownPerformance);
    assert_eq!(booking.hold.execute(unknown).await, Err(refused.into()));
    assert_eq!(booking.box_office.held.lock().len(), 0);
}

#[tokio::test]
async fn a_hold_arms_its_alarm() {
    let booking = Booking::new().await;
    let held = booking.hold(&[1]).await.expect("the seat is free").value;
    let alarm = HoldAlarm { reservation: held.id, performance: performance(0), due: held.held_until };
    assert_eq!(*booking.timer.armed.lock(), [alarm]);
}

#[tokio::test]
async fn a_replayed_hold_arms_nothing() {
    let booking = Booking::new().await;
    *booking.box_office.replays.lock() = true;
    assert!(booking.hold(&[1]).await.expect("the seat was free").replayed);
    assert_eq!(*booking.timer.armed.lock(), []);
}

#[tokio::test]
async fn a_refused_hold_arms_nothing() {
    let booking = Booking::new().await;
    let refusal = HoldRefusal::SeatsTaken { conflicts: vec![1] };
    *booking.box_office.hold_refusal.lock() = Some(refusal.clone());
    assert_eq!(booking.hold(&[1]).await, Err(StepError::Refused(refusal).into()));
    assert_eq!(*booking.timer.armed.lock(), []);
}

#[tokio::test]
async fn a_hold_that_is_given_back_takes_its_alarm_away() {
    let booking = Booking::new().await;
    let held = booking.hold(&[1]).await.expect("the seat is free").value;
    let released = Released::Ended(ended(1));
    booking.box_office.expire_answers.lock().insert(held.id, Ok(released.clone()));
    assert_eq!(booking.release.execute(customer(0), held.id).await, Ok(released));
    assert_eq!(*booking.timer.disarmed.lock(), [(performance(0), held.id)]);
}

#[tokio::test]
async fn what_is_not_given_back_keeps_its_alarm() {
    let booking = Booking::new().await;
    let held = booking.hold(&[1]).await.expect("the seat is free").value;
    let paid = StepError::Refused(ReleaseRefusal::AlreadyPaid);
    booking.box_office.expire_answers.lock().insert(held.id, Err(paid.clone()));
    assert_eq!(booking.release.execute(customer(0), held.id).await, Err(paid));
    let unknown = booking.release.execute(customer(0), reservation(77)).await;
    assert_eq!(unknown, Err(StepError::Refused(ReleaseRefusal::Unknown)));
    assert_eq!(*booking.timer.disarmed.lock(), []);
}
