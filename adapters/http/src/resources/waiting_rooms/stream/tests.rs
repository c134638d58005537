//! Streams about places in a room that nothing happens in but what a test says, on paused time.

mod doubles;

use std::net::Ipv4Addr;
use std::time::Duration;

use chrono::{DateTime, TimeDelta};
use futures_util::StreamExt;
use onsale_application::ports::{Clock, RoomChanges, RoomRecord};
use onsale_application::waiting_room::{BoardSettings, RoomBoard};
use onsale_domain::ids::WaitingRoomId;
use onsale_domain::waiting_room::{
    Admit, EndReason, Phase, Progress, QueueNumber, RoomOwner, Tick, TickKind, Visit, VisitorId, WaitingRoom,
};
use parking_lot::Mutex;
use poem::IntoResponse;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::*;
use crate::context::RequestId;
use crate::doubles::{Running, SilentBus};
use crate::settings::HttpLimits;

const ROOM: WaitingRoomId = WaitingRoomId(Uuid::from_u128(1));

/// One room: its stores, the clock and the seals.
struct World {
    changes: Mutex<RoomChanges>,
    drawn: Mutex<Option<QueueNumber>>,
    clock: Running,
}

/// A board on a world, and streams about places in its room.
struct Site {
    world: Arc<World>,
    board: Arc<RoomBoard>,
    streams: PlaceStreams,
    supervisor: Arc<Supervisor>,
    shutdown: CancellationToken,
}

impl World {
    fn new(phase: Phase) -> Arc<Self> {
        let room = WaitingRoom {
            id: ROOM,
            owner: RoomOwner::Operators,
            concert: None,
            name: "Line".to_owned(),
            admit: Admit { count: 10, every_ms: 1_000 },
            capacity: 100,
            max_waiting: 100,
            pass_seconds: 600,
            claim_seconds: 60,
            redirect_url: None,
            opens_at: None,
            message: None,
            phase,
            created_at: DateTime::UNIX_EPOCH,
        };
        let record = RoomRecord { room, progress: Progress::new(DateTime::UNIX_EPOCH), draw: None };
        let changes = RoomChanges { record, ticks: Vec::new(), visits: Vec::new(), blocks: Vec::new() };
        Arc::new(Self { changes: Mutex::new(changes), drawn: Mutex::default(), clock: Running::start() })
    }

    /// Everybody up to `to` is let in.
    fn let_in(&self, to: QueueNumber) {
        let now = self.clock.now();
        self.change(|changes| {
            changes.record.progress.serving = to;
            changes.ticks.push(Tick {
                no: 1,
                kind: TickKind::Scheduled,
                from: 1,
                to,
                at: now,
                claim_until: now + TimeDelta::seconds(60),
                expires_at: now + TimeDelta::seconds(600),
                present: to,
                claimed: 0,
                ended: 0,
                ended_unclaimed: 0,
                settled: false,
                expired: false,
            });
        });
    }

    fn change(&self, change: impl FnOnce(&mut RoomChanges)) {
        let mut changes = self.changes.lock();
        change(&mut changes);
        changes.record.progress.change += 1;
    }
}

impl Site {
    fn open(phase: Phase) -> Self {
        let world = World::new(phase);
        let context = Context::new(Arc::new(world.clock), Arc::new(world.clock));
        let settings = BoardSettings::default();
        let board = Arc::new(RoomBoard::new(world.clone(), Arc::new(SilentBus), context.clone(), settings));
        let looking = board.clone();
        tokio::spawn(async move { looking.follow().await }); // or the store would count as away
        let (rooms, draws, seals) = (world.clone(), world.clone(), world.clone());
        let place = Arc::new(ReadStatus::new(board.clone(), rooms, draws, seals, context.clone()));
        let shutdown = CancellationToken::new();
        let supervisor = Arc::new(Supervisor::new(shutdown.clone()));
        let streams = PlaceStreams {
            hubs: Hubs::new(place.clone(), supervisor.clone()),
            teller: Teller { place, seals: world.clone(), context },
            limit: StreamLimit::new(&HttpLimits { client_event_streams: 2, ..HttpLimits::default() }),
            draining: Draining::new(shutdown.clone()),
        };
        Self { world, board, streams, supervisor, shutdown }
    }

    async fn room(&self) -> Arc<LiveRoom> {
        self.board.room(ROOM).await.expect("the store answers").expect("the room")
    }

    /// What the store has is known to this process.
    async fn hear(&self) {
        self.board.refresh(&*self.room().await).await.expect("the store answers");
    }

    async fn try_follow(&self, number: QueueNumber, life: TimeDelta) -> Result<Told, Problem> {
        let request = RequestContext { id: RequestId::make(), client: Ipv4Addr::LOCALHOST.into(), is_https: false };
        let expires_at = DateTime::UNIX_EPOCH + life;
        let claims = QueueClaims { room: ROOM, visitor: visitor(number), number, expires_at };
        let stream = self.streams.open(&self.room().await, claims, &request)?;
        Ok(Told(Box::pin(stream.into_response().into_body().into_bytes_stream())))
    }

    async fn follow(&self, number: QueueNumber, life: TimeDelta) -> Told {
        self.try_follow(number, life).await.expect("there is room")
    }
}

/// What a stream has told.
struct Told(std::pin::Pin<Box<dyn Stream<Item = io::Result<Bytes>> + Send>>);

impl Told {
    async fn next(&mut self) -> Option<String> {
        let event = self.0.next().await?.expect("events never fail");
        Some(String::from_utf8(event.to_vec()).expect("text"))
    }

    /// The next event that is no sign of life: its name and its data.
    async fn event(&mut self) -> Option<(String, serde_json::Value)> {
        loop {
            let text = self.next().await?;
            let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
            if let Some(data) = field("data") {
                assert!(field("id").is_some(), "{text}");
                let name = field("event").expect("a name").to_owned();
                return Some((name, serde_json::from_str(data).expect("JSON")));
            }
        }
    }
}

fn visitor(number: QueueNumber) -> VisitorId {
    VisitorId::new(&format!("visitor-{number}")).expect("a name")
}

#[tokio::test(start_paused = true)]
async fn a_quiet_stream_beats_until_its_ticket_expires() {
    let site = Site::open(Phase::Paused);
    let mut told = site.follow(1, TimeDelta::seconds(40)).await;
    let first = told.next().await.expect("a status");
    assert!(first.starts_with("retry: ") && first.contains("\nevent: status\nid: 0\ndata: {"), "{first}");
    let started = Instant::now();
    for _ in 0..2 {
        assert_eq!(told.next().await.as_deref(), Some(": heartbeat\n\n"));
    }
    assert!(started.elapsed() <= Duration::from_secs(30), "{:?}", started.elapsed());
    assert!(started.elapsed() > Duration::from_secs(20), "{:?}", started.elapsed());
    assert_eq!(told.next().await, None);
    assert!(started.elapsed() >= Duration::from_secs(40));
}

#[tokio::test(start_paused = true)]
async fn whoever_is_let_in_hears_of_it_at_once_and_the_next_in_line_in_turn() {
    let site = Site::open(Phase::Open);
    let (mut first, mut second) =
        (site.follow(1, TimeDelta::hours(1)).await, site.follow(2, TimeDelta::hours(1)).await);
    let (_, waiting) = first.event().await.expect("a status");
    assert_eq!((&waiting["status"], &waiting["number"]), (&"waiting".into(), &1.into()));
    second.event().await.expect("a status");
    let started = Instant::now();
    site.world.let_in(1);
    site.hear().await;
    let (name, admitted) = first.event().await.expect("a pass");
    assert!(started.elapsed() <= Duration::from_millis(200), "{:?}", started.elapsed());
    assert_eq!((name.as_str(), &admitted["pass"]), ("admitted", &"pass-1".into()));
    let (name, moved) = second.event().await.expect("a status");
    assert_eq!((name.as_str(), &moved["position"]), ("status", &1.into()));
    let took = started.elapsed();
    assert!((Duration::from_millis(1_750)..Duration::from_secs(4)).contains(&took), "{took:?}");
    let quiet = tokio::time::timeout(Duration::from_secs(10), second.next()).await;
    assert!(quiet.is_err(), "{quiet:?}");
}

#[tokio::test(start_paused = true)]
async fn the_end_of_a_visit_is_the_last_word() {
    let site = Site::open(Phase::Open);
    site.world.let_in(1);
    let mut told = site.follow(1, TimeDelta::hours(1)).await;
    assert_eq!(told.event().await.expect("a pass").0, "admitted");
    let now = site.world.clock.now();
    let ended = Visit {
        number: 1,
        visitor: visitor(1),
        tick: 1,
        let_in_at: now,
        claimed_at: Some(now),
        expires_at: now + TimeDelta::seconds(600),
        ended: Some((now, EndReason::Finished)),
    };
    site.world.change(|changes| changes.visits.push(ended));
    site.hear().await;
    let (name, over) = told.event().await.expect("the end");
    assert_eq!((name.as_str(), &over["status"]), ("status", &"finished".into()));
    assert_eq!(told.next().await, None);
    drop(told);
    tokio::time::sleep(TURNS_OF_A_HUB).await;
    assert!(site.streams.hubs.is_empty(), "nobody looks at a room that nobody follows");
}

/// Every follower has had its turn.
const TURNS_OF_A_HUB: Duration = Duration::from_secs(3);

#[tokio::test(start_paused = true)]
async fn a_token_from_before_the_draw_is_exchanged() {
    let site = Site::open(Phase::Gathering);
    let mut told = site.follow(0, TimeDelta::hours(1)).await;
    assert_eq!(told.event().await.expect("a status").1["status"], "gathering");
    *site.world.drawn.lock() = Some(7);
    site.world.change(|changes| changes.record.room.phase = Phase::Open);
    site.hear().await;
    let (_, drawn) = told.event().await.expect("a number");
    assert_eq!((&drawn["number"], &drawn["queue_token"]), (&7.into(), &"token-7".into()));
    site.world.change(|changes| changes.record.room.phase = Phase::Paused);
    site.hear().await;
    let (_, paused) = told.event().await.expect("a pause");
    assert_eq!((&paused["room_state"], paused.get("queue_token")), (&"paused".into(), None));
}

#[tokio::test(start_paused = true)]
async fn whoever_was_not_in_the_draw_hears_it_once() {
    let site = Site::open(Phase::Open);
    let mut told = site.follow(0, TimeDelta::hours(1)).await;
    let last = told.next().await.expect("a status");
    assert!(last.starts_with("retry: 3600000\n") && last.contains(r#""status":"expired""#), "{last}");
    assert_eq!(told.next().await, None);
}

#[tokio::test(start_paused = true)]
async fn streams_are_bounded_and_end_when_the_server_stops() {
    let site = Site::open(Phase::Open);
    let mut told = site.follow(1, TimeDelta::hours(1)).await;
    let _other = site.follow(2, TimeDelta::hours(1)).await;
    let refused = site.try_follow(3, TimeDelta::hours(1)).await.err().map(|problem| problem.code());
    assert_eq!(refused, Some(crate::problem::Code::Busy));
    told.event().await.expect("a status");
    site.shutdown.cancel();
    assert_eq!(told.next().await, None);
    site.supervisor.shutdown(Duration::from_secs(1)).await.expect("the hub has ended");
    let late = site.try_follow(3, TimeDelta::hours(1)).await.err().map(|problem| problem.code());
    assert_eq!(late, Some(crate::problem::Code::Busy));
}
