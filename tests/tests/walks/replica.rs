//! Two replicas in front of one room.

use std::sync::Arc;

use chrono::TimeDelta;
use onsale_application::ports::{Places, QueueSeals, Rooms};
use onsale_application::waiting_room::{
    AdmitByHand, BoardSettings, EnterLine, KeepTicking, LeaveLine, Lines, LiveRoom, OpenDraws, ReadStatus, RoomBoard,
    RotatePassKeys,
};
use onsale_crypto::{QueueTokenSeals, SealSettings, Secret};
use onsale_domain::ids::WaitingRoomId;
use onsale_domain::waiting_room::{Admit, Phase, RoomOwner, WaitingRoom};
use onsale_sql::{SqlPassKeys, SqlRooms};
use onsale_support::lanes::LaneLimits;
use onsale_tests::store::{Store, TestClock};

/// Visitors let in at once.
pub(crate) const COUNT: u32 = 3;
/// Seconds between two ticks.
pub(crate) const EVERY_SECONDS: i64 = 10;
/// Visitors inside at most.
pub(crate) const CAPACITY: u32 = 8;
/// Seconds to use a pass.
pub(crate) const CLAIM_SECONDS: i64 = 15;
/// Seconds a pass is good.
pub(crate) const PASS_SECONDS: i64 = 60;

/// How long a replica waits for another that has begun a new epoch.
const MENDED_WITHIN: TimeDelta = TimeDelta::seconds(2);

/// One replica.
pub(crate) struct Replica {
    pub(crate) board: Arc<RoomBoard>,
    pub(crate) lines: Arc<Lines>,
    pub(crate) rooms: Arc<SqlRooms>,
    pub(crate) enter: EnterLine,
    pub(crate) leave: LeaveLine,
    pub(crate) status: Arc<ReadStatus>,
    pub(crate) ticking: Arc<KeepTicking>,
    pub(crate) by_hand: AdmitByHand,
    clock: Arc<TestClock>,
}

impl Replica {
    /// A replica that has just started.
    pub(crate) async fn start(store: &Store, places: Arc<dyn Places>) -> Self {
        let context = store.context.clone();
        let rooms =
            Arc::new(SqlRooms::new(store.database.clone(), context.clone(), store.bus.clone(), LaneLimits::default()));
        let settings = SealSettings {
            issuer: "onsale".to_owned(),
            audience: "onsale-api".to_owned(),
            secret: Secret::new(*b"a secret that is 32 bytes long..").expect("32 bytes"),
            previous_secrets: Vec::new(),
        };
        let seals: Arc<dyn QueueSeals> = Arc::new(QueueTokenSeals::new(&settings));
        let keys =
            RotatePassKeys::new(Arc::new(SqlPassKeys::new(store.database.clone())), seals.clone(), context.clone());
        keys.execute().await.expect("keys can be made");
        let board =
            Arc::new(RoomBoard::new(rooms.clone(), store.bus.clone(), context.clone(), BoardSettings::default()));
        let lines = Arc::new(Lines::new(rooms.clone(), places, board.clone(), context.clone()));
        let status =
            Arc::new(ReadStatus::new(board.clone(), rooms.clone(), rooms.clone(), seals.clone(), context.clone()));
        let draws = Arc::new(OpenDraws::new(rooms.clone(), lines.clone(), board.clone()));
        let ticking = Arc::new(KeepTicking::new(board.clone(), lines.clone(), rooms.clone(), draws, context.clone()));
        Self {
            enter: EnterLine::new(board.clone(), lines.clone(), rooms.clone(), status.clone(), seals, context.clone()),
            leave: LeaveLine::new(board.clone(), lines.clone(), rooms.clone(), rooms.clone(), context),
            by_hand: AdmitByHand::new(board.clone(), lines.clone(), rooms.clone(), ticking.clone()),
            board,
            lines,
            rooms,
            status,
            ticking,
            clock: store.clock.clone(),
        }
    }

    /// The room as this replica knows it after asking. It gives whoever began a new epoch the time to make the line.
    pub(crate) async fn room(&self, id: WaitingRoomId) -> Arc<LiveRoom> {
        let room = self.board.room(id).await.expect("SQL answers").expect("the room exists");
        let epoch = room.record().progress.epoch;
        self.board.refresh(&room).await.expect("SQL answers");
        if room.record().progress.epoch != epoch {
            self.clock.advance(MENDED_WITHIN);
        }
        room
    }
}

/// A room that is open.
pub(crate) async fn open_room(store: &Store, replica: &Replica) -> WaitingRoomId {
    let room = WaitingRoom {
        id: store.context.new_id(),
        owner: RoomOwner::Operators,
        concert: None,
        name: "Line".to_owned(),
        admit: Admit { count: COUNT, every_ms: u32::try_from(EVERY_SECONDS * 1_000).expect("small") },
        capacity: CAPACITY,
        max_waiting: 1_000,
        pass_seconds: u32::try_from(PASS_SECONDS).expect("small"),
        claim_seconds: u32::try_from(CLAIM_SECONDS).expect("small"),
        redirect_url: None,
        opens_at: None,
        message: None,
        phase: Phase::Open,
        created_at: store.context.now(),
    };
    replica.rooms.create(&room, None, None).await.expect("the room can be made");
    room.id
}
