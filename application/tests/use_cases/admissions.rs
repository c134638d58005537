//! Who may see and take seats of a concert with a waiting room.

use std::sync::Arc;

use chrono::TimeDelta;
use onsale_application::ports::{PassClaims, QueueSeals, RoomChanges, RoomRecord};
use onsale_application::waiting_room::{AdmissionError, Admissions, BoardSettings, RoomBoard};
use onsale_domain::box_office::Admission;
use onsale_domain::waiting_room::{ClaimRefusal, EndReason, Phase, Progress, Visit, VisitorId, pass_id};

use crate::doubles::{
    BusDouble, CONCERT, QueueSealsDouble, ROOM, RoomsDouble, TestClock, context, customer, waiting_room,
};

struct Gate {
    clock: Arc<TestClock>,
    rooms: Arc<RoomsDouble>,
    seals: Arc<QueueSealsDouble>,
    board: Arc<RoomBoard>,
    admissions: Admissions,
}

impl Gate {
    /// In front of a concert with a room, whose first visitor was let in.
    async fn guarded() -> Self {
        let gate = Self::unread();
        *gate.rooms.room.lock() = Some(gate.room(Vec::new()));
        gate.board.look().await.expect("the room can be read");
        *gate.rooms.claim.lock() = Some(Ok(gate.visit(None)));
        gate
    }

    fn unread() -> Self {
        let clock = TestClock::new();
        let (rooms, seals) = (Arc::new(RoomsDouble::default()), Arc::new(QueueSealsDouble::default()));
        let bus = Arc::new(BusDouble::default());
        let board = Arc::new(RoomBoard::new(rooms.clone(), bus, context(&clock), BoardSettings::default()));
        let admissions = Admissions::new(board.clone(), rooms.clone(), seals.clone(), context(&clock));
        Self { clock, rooms, seals, board, admissions }
    }

    fn room(&self, visits: Vec<Visit>) -> RoomChanges {
        let now = context(&self.clock).now();
        let room = waiting_room(Phase::Open, now);
        let progress = Progress { serving: 1, change: if visits.is_empty() { 1 } else { 2 }, ..Progress::new(now) };
        RoomChanges { record: RoomRecord { room, progress, draw: None }, ticks: Vec::new(), visits, blocks: Vec::new() }
    }

    fn visit(&self, ended: Option<EndReason>) -> Visit {
        let now = context(&self.clock).now();
        Visit {
            number: 1,
            visitor: visitor(),
            tick: 1,
            let_in_at: now,
            claimed_at: Some(now),
            expires_at: now + TimeDelta::seconds(600),
            ended: ended.map(|reason| (now, reason)),
        }
    }

    fn pass(&self) -> String {
        let now = context(&self.clock).now();
        let claims = PassClaims {
            id: pass_id(ROOM, 1, 1),
            room: ROOM,
            visitor: visitor(),
            number: 1,
            issued_at: now,
            expires_at: now + TimeDelta::seconds(600),
        };
        self.seals.pass(&claims, now).expect("a key")
    }

    async fn require(&self, pass: Option<&str>) -> Result<Option<Admission>, AdmissionError> {
        self.admissions.require(CONCERT, pass, Some(customer(0))).await
    }
}

fn visitor() -> VisitorId {
    customer(0).into()
}

const INSIDE: Admission = Admission { room: ROOM, number: 1 };

#[tokio::test]
async fn a_pass_is_used_once_and_then_checked_from_memory() {
    let gate = Gate::guarded().await;
    let pass = gate.pass();
    for _ in 0..3 {
        assert_eq!(gate.require(Some(&pass)).await, Ok(Some(INSIDE)));
    }
    assert_eq!(*gate.rooms.claims.lock(), [1]);
}

#[tokio::test]
async fn a_guarded_concert_wants_the_callers_own_live_pass() {
    let gate = Gate::guarded().await;
    let pass = gate.pass();
    let required = Err(AdmissionError::PassRequired { room: ROOM });
    assert_eq!(gate.require(None).await, required);
    assert_eq!(gate.require(Some("invented")).await, required);
    let stranger = gate.admissions.require(CONCERT, Some(&pass), Some(customer(1))).await;
    assert_eq!(stranger, Err(AdmissionError::PassNotYours));
    let nobody = gate.admissions.require(CONCERT, Some(&pass), None).await;
    assert_eq!(nobody, Err(AdmissionError::PassNotYours));
    gate.clock.set(600_000);
    assert_eq!(gate.require(Some(&pass)).await, Err(AdmissionError::PassExpired));
}

#[tokio::test]
async fn a_pass_whose_visit_has_ended_is_refused() {
    let gate = Gate::guarded().await;
    let pass = gate.pass();
    assert!(gate.require(Some(&pass)).await.is_ok());
    let ended = gate.visit(Some(EndReason::Finished));
    *gate.rooms.room.lock() = Some(gate.room(vec![ended]));
    gate.board.look().await.expect("the room can be read");
    assert_eq!(gate.require(Some(&pass)).await, Err(AdmissionError::PassExpired));
}

#[tokio::test]
async fn a_pass_that_was_not_used_in_time_is_refused() {
    let gate = Gate::guarded().await;
    *gate.rooms.claim.lock() = Some(Err(ClaimRefusal::Expired));
    assert_eq!(gate.require(Some(&gate.pass())).await, Err(AdmissionError::PassExpired));
}

#[tokio::test]
async fn paying_ends_the_visit() {
    let gate = Gate::guarded().await;
    assert!(gate.require(Some(&gate.pass())).await.is_ok());
    gate.admissions.paid(CONCERT, customer(0)).await;
    assert_eq!(*gate.rooms.ends.lock(), [(1, EndReason::Paid)]);
}

#[tokio::test]
async fn nobody_passes_before_the_rooms_are_read() {
    let gate = Gate::unread();
    assert!(matches!(gate.require(None).await, Err(AdmissionError::Unavailable(_))), "it may have a room");
    gate.board.look().await.expect("the rooms can be read");
    assert_eq!(gate.require(None).await, Ok(None), "it has none");
}
