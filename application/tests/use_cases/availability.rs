use std::sync::Arc;

use onsale_application::availability::{AvailabilityBoard, AvailabilityError, AvailabilitySnapshot, BoardLimits};
use onsale_domain::ids::{PerformanceId, ReservationId};
use onsale_domain::seat::SeatState;
use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::doubles::{BoxOfficeDouble, BusDouble, CatalogueDouble, TestClock, at, context, performance};

mod images;
mod renewals;

/// How many seats each performance has.
const SEATS: u16 = 20;
/// Past the age from which a snapshot is renewed.
const OLD_MS: i64 = 50;

type Answer = Result<Arc<AvailabilitySnapshot>, AvailabilityError>;

/// A board of three performances that follows the announcements.
struct Watched {
    clock: Arc<TestClock>,
    box_office: Arc<BoxOfficeDouble>,
    bus: Arc<BusDouble>,
    board: Arc<AvailabilityBoard>,
}

impl Watched {
    async fn new() -> Self {
        Self::limited(BoardLimits::default()).await
    }

    async fn limited(limits: BoardLimits) -> Self {
        let clock = TestClock::new();
        let box_office = Arc::new(BoxOfficeDouble::default());
        (0..3).for_each(|index| box_office.lay_out(performance(index)));
        let catalogue = Arc::new(CatalogueDouble::new((0..4).map(performance), SEATS));
        let bus = Arc::new(BusDouble::default());
        let board = AvailabilityBoard::new(catalogue, box_office.clone(), bus.clone(), limits, context(&clock));
        let board = Arc::new(board);
        let following = board.clone();
        tokio::spawn(async move { following.follow().await });
        bus.settle().await;
        Self { clock, box_office, bus, board }
    }

    async fn read(&self) -> Arc<AvailabilitySnapshot> {
        self.read_of(performance(0)).await
    }

    async fn read_of(&self, performance: PerformanceId) -> Arc<AvailabilitySnapshot> {
        self.board.snapshot(performance).await.expect("the stores answer")
    }

    /// Reads at `milliseconds`.
    async fn read_at(&self, milliseconds: i64) -> Arc<AvailabilitySnapshot> {
        self.clock.set(milliseconds);
        self.read().await
    }

    /// Begins to read, beside the test.
    fn start_reading(&self) -> JoinHandle<Answer> {
        let board = self.board.clone();
        tokio::spawn(async move { board.snapshot(performance(0)).await })
    }

    /// Commits a change of the first performance and announces it.
    async fn change(&self, no: u32, state: SeatState) {
        let delta = self.box_office.commit(performance(0), &[(no, state)]);
        self.bus.announce(delta).await;
    }

    /// Commits a change of the first performance that nobody hears of.
    fn change_silently(&self, no: u32, state: SeatState) {
        self.box_office.commit(performance(0), &[(no, state)]);
    }

    /// How often the seats were read.
    fn maps_read(&self) -> usize {
        self.box_office.map_gate.arrived()
    }

    /// How often the version row was read.
    fn versions_read(&self) -> usize {
        self.box_office.version_gate.arrived()
    }
}

fn sold() -> SeatState {
    SeatState::Sold { to: ReservationId(Uuid::nil()) }
}

fn held_until(milliseconds: i64) -> SeatState {
    SeatState::Held { by: ReservationId(Uuid::nil()), until: at(milliseconds) }
}

fn taken(snapshot: &AvailabilitySnapshot) -> Vec<u32> {
    (0..u32::from(SEATS)).filter(|no| !snapshot.is_free(*no)).collect()
}
