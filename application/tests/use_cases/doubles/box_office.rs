use std::collections::{BTreeMap, HashMap, HashSet};

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use onsale_application::ports::{
    BoxOffice, Done, HoldOrder, OpenHold, Page, ReleaseOrder, ReservationFilter, SeatDelta, SeatMap, StepError,
    TakenSeat, Unavailable,
};
use onsale_domain::box_office::{Hold, HoldRefusal, ReleaseRefusal, Released, Wanted};
use onsale_domain::ids::{CategoryId, PerformanceId, ReservationId};
use onsale_domain::money::{Amount, Currency};
use onsale_domain::reservation::{Item, Reservation, ReservationState};
use onsale_domain::seat::{SeatNo, SeatState};
use parking_lot::Mutex;
use uuid::Uuid;

use super::{Gate, at, customer, out_of_order, performance};

type ExpireAnswer = Result<Released, StepError<ReleaseRefusal>>;

/// The seats of one performance that somebody has or had.
#[derive(Clone, Default)]
struct Seats {
    epoch: i64,
    version: i64,
    states: BTreeMap<SeatNo, SeatState>,
}

impl Seats {
    fn map(self) -> SeatMap {
        let taken = self.states.into_iter().filter(|(_, state)| *state != SeatState::Free);
        let taken = taken.map(|(no, state)| TakenSeat { no, state }).collect();
        SeatMap { epoch: self.epoch, version: self.version, taken, allotments: Vec::new() }
    }
}

/// A box office that says what it is told to say and remembers what it was asked.
#[derive(Default)]
pub(crate) struct BoxOfficeDouble {
    seats: Mutex<HashMap<PerformanceId, Seats>>,
    /// Passed by whoever reads a version, with the version already in hand.
    pub(crate) version_gate: Gate,
    /// Passed by whoever reads a map, with the map already in hand.
    pub(crate) map_gate: Gate,
    pub(crate) fails: Mutex<bool>,
    pub(crate) held: Mutex<Vec<HoldOrder>>,
    pub(crate) hold_refusal: Mutex<Option<HoldRefusal>>,
    pub(crate) replays: Mutex<bool>,
    pub(crate) expire_answers: Mutex<HashMap<ReservationId, ExpireAnswer>>,
    /// Holds whose tidying is never answered.
    pub(crate) stuck: Mutex<HashSet<ReservationId>>,
    pub(crate) open: Mutex<Vec<OpenHold>>,
}

impl BoxOfficeDouble {
    /// Lays out a performance whose seats are all free, as version 0.
    pub(crate) fn lay_out(&self, performance: PerformanceId) {
        self.seats.lock().insert(performance, Seats { epoch: 1, ..Seats::default() });
    }

    /// Commits a change of seats, and returns what would be announced.
    pub(crate) fn commit(&self, performance: PerformanceId, seats: &[(SeatNo, SeatState)]) -> SeatDelta {
        let mut known = self.seats.lock();
        let known = known.get_mut(&performance).expect("the performance is laid out");
        known.states.extend(seats.iter().copied());
        known.version += 1;
        let (epoch, version) = (known.epoch, known.version);
        SeatDelta { performance, epoch, version, seats: seats.to_vec(), allotments: Vec::new() }
    }

    /// Goes back to the moment when it was laid out, in the same sequence of versions, as a restored backup does.
    pub(crate) fn restore(&self, performance: PerformanceId) {
        let mut known = self.seats.lock();
        let known = known.get_mut(&performance).expect("the performance is laid out");
        *known = Seats { epoch: known.epoch, ..Seats::default() };
    }

    /// Begins another sequence of versions.
    pub(crate) fn begin_epoch(&self, performance: PerformanceId) {
        let mut known = self.seats.lock();
        let known = known.get_mut(&performance).expect("the performance is laid out");
        known.epoch += 1;
        known.version = 0;
    }

    fn check(&self) -> Result<(), Unavailable> {
        if *self.fails.lock() { Err(out_of_order()) } else { Ok(()) }
    }
}

/// An expired reservation.
pub(crate) fn ended(index: u128) -> Reservation {
    let wanted = Wanted::Seats(Vec::new());
    let hold = Hold { reservation: super::reservation(index), customer: customer(0), wanted, admission: None };
    let order = HoldOrder { performance: performance(0), hold, idempotency: None };
    Reservation { state: ReservationState::Expired, ..reservation(&order) }
}

fn reservation(order: &HoldOrder) -> Reservation {
    let item = |(no, id): &(SeatNo, _)| Item {
        id: *id,
        category: CategoryId(Uuid::nil()),
        price: Amount::ZERO,
        seat: Some(*no),
    };
    Reservation {
        id: order.hold.reservation,
        customer: order.hold.customer,
        performance: order.performance,
        items: order.hold.wanted.seats().iter().map(item).collect(),
        amount: Amount::ZERO,
        currency: Currency::parse("KRW").expect("three capital letters"),
        created_at: at(0),
        held_until: at(0) + TimeDelta::seconds(300),
        state: ReservationState::Held,
    }
}

#[async_trait]
impl BoxOffice for BoxOfficeDouble {
    async fn hold(&self, order: HoldOrder) -> Result<Done<Reservation>, StepError<HoldRefusal>> {
        self.check()?;
        self.held.lock().push(order.clone());
        match self.hold_refusal.lock().clone() {
            Some(refusal) => Err(StepError::Refused(refusal)),
            None => Ok(Done { value: reservation(&order), replayed: *self.replays.lock() }),
        }
    }

    async fn release(&self, order: ReleaseOrder) -> Result<Released, StepError<ReleaseRefusal>> {
        self.expire(order.performance, order.reservation).await
    }

    async fn expire(
        &self,
        _performance: PerformanceId,
        reservation: ReservationId,
    ) -> Result<Released, StepError<ReleaseRefusal>> {
        if self.stuck.lock().contains(&reservation) {
            std::future::pending::<()>().await;
        }
        let answer = self.expire_answers.lock().get(&reservation).cloned();
        answer.unwrap_or(Err(StepError::Refused(ReleaseRefusal::Unknown)))
    }

    async fn reservation(&self, id: ReservationId) -> Result<Option<Reservation>, Unavailable> {
        let held = self.held.lock();
        Ok(held.iter().map(reservation).find(|reservation| reservation.id == id))
    }

    async fn reservations(
        &self,
        _filter: ReservationFilter,
        _before: Option<ReservationId>,
        _limit: u32,
    ) -> Result<Page<Reservation, ReservationId>, Unavailable> {
        Ok(Page { items: Vec::new(), next: None })
    }

    async fn seat_map(&self, performance: PerformanceId) -> Result<Option<SeatMap>, Unavailable> {
        let known = self.seats.lock().get(&performance).cloned();
        self.map_gate.pass().await;
        self.check()?;
        Ok(known.map(Seats::map))
    }

    async fn seat_version(&self, performance: PerformanceId) -> Result<Option<(i64, i64)>, Unavailable> {
        let known = self.seats.lock().get(&performance).map(|known| (known.epoch, known.version));
        self.version_gate.pass().await;
        self.check()?;
        Ok(known)
    }

    async fn open_holds(
        &self,
        until: DateTime<Utc>,
        after: Option<(DateTime<Utc>, ReservationId)>,
        limit: u32,
    ) -> Result<Vec<OpenHold>, Unavailable> {
        self.check()?;
        let place = |hold: &OpenHold| (hold.held_until, hold.reservation);
        let mut due: Vec<_> = self.open.lock().iter().filter(|hold| hold.held_until <= until).copied().collect();
        due.sort_by_key(place);
        due.retain(|hold| after.is_none_or(|after| place(hold) > after));
        due.truncate(usize::try_from(limit).expect("a limit is small"));
        Ok(due)
    }
}
