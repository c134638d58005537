//! Followers and answers on a board over a hall of eight or 50,000 seats, on paused time.

mod doubles;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, TimeDelta};
use futures_util::{Stream, StreamExt};
use onsale_application::availability::{AvailabilityBoard, BoardLimits};
use onsale_application::ports::{Context, PassClaims, SeatMap, StreamClaims, TakenSeat};
use onsale_domain::ids::{CategoryId, ConcertId, PassId, PerformanceId, ReservationId, SeatingPlanId, WaitingRoomId};
use onsale_domain::money::{Amount, Currency};
use onsale_domain::performance::{CategoryKind, Performance, PricedCategory, SalesStatus};
use onsale_domain::plan::{PlanCategory, PlanSeat, Point, SeatingPlan, Size};
use onsale_domain::seat::{SeatNo, SeatState};
use onsale_domain::waiting_room::VisitorId;
use onsale_support::supervise::Supervisor;
use parking_lot::Mutex;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::bodies::AvailabilityBodies;
use super::objects::SeatStatus;
use super::seats::{Hall, SeatFilter};
use super::stream::{Follower, IsAdmitted};
use super::watch::{Following, Watch};
use crate::doubles::{Running, SilentBus};
use crate::rendered::RenderedBody;
use crate::settings::HttpLimits;
use crate::stream_limit::{StreamLimit, StreamPermit};

const PERFORMANCE: PerformanceId = PerformanceId(Uuid::from_u128(1));
const PLAN: SeatingPlanId = SeatingPlanId(Uuid::from_u128(2));
const CATEGORIES: [CategoryId; 2] = [CategoryId(Uuid::from_u128(3)), CategoryId(Uuid::from_u128(4))];

/// A hall with one performance: both stores, the clock and the seals.
struct World {
    plan: Arc<SeatingPlan>,
    performance: Arc<Performance>,
    seats: Mutex<SeatMap>,
    clock: Running,
}

impl World {
    fn with_seats(seats: u32) -> Arc<Self> {
        let plan = Arc::new(plan(seats));
        let seats = Mutex::new(SeatMap { epoch: 5, version: 1, taken: Vec::new(), allotments: Vec::new() });
        Arc::new(Self { plan, performance: Arc::new(performance()), seats, clock: Running::start() })
    }

    fn sell(&self, no: SeatNo) {
        let mut seats = self.seats.lock();
        seats.version += 1;
        seats.taken.push(TakenSeat { no, state: SeatState::Sold { to: ReservationId(Uuid::nil()) } });
    }

    fn board(self: &Arc<Self>) -> Arc<AvailabilityBoard> {
        let limits = BoardLimits::default();
        Arc::new(AvailabilityBoard::new(self.clone(), self.clone(), Arc::new(SilentBus), limits, self.context()))
    }

    fn watch(self: &Arc<Self>) -> Watch {
        Watch::new(self.board(), Arc::new(Supervisor::new(CancellationToken::new())))
    }

    fn context(self: &Arc<Self>) -> Context {
        Context::new(Arc::new(self.clock), Arc::new(self.clock))
    }
}

fn plan(seats: u32) -> SeatingPlan {
    let seat = |no: u32| PlanSeat {
        guid: format!("guid-{no}").into(),
        zone: u16::from(no % 2 == 1),
        row: "A".into(),
        number: no.to_string().into(),
        category: u16::from(no >= 4),
        position: Point { x: f64::from(no), y: 0.0 },
    };
    let category = |id| PlanCategory { id, name: "Category".to_owned(), color: String::new() };
    SeatingPlan {
        id: PLAN,
        name: "Hall".to_owned(),
        size: Size::default(),
        categories: CATEGORIES.map(category).to_vec(),
        zones: vec!["Left".to_owned(), "Right".to_owned()],
        areas: Vec::new(),
        seats: (0..seats).map(seat).collect(),
    }
}

fn performance() -> Performance {
    let category = |id| PricedCategory {
        id,
        name: "Category".to_owned(),
        color: String::new(),
        price: Amount::new(9_000).expect("an amount"),
        kind: CategoryKind::Seats,
    };
    let at = DateTime::UNIX_EPOCH;
    Performance {
        id: PERFORMANCE,
        concert: ConcertId(Uuid::nil()),
        starts_at: at,
        time_zone: chrono_tz::UTC,
        venue: "Hall".to_owned(),
        seating_plan: Some(PLAN),
        sales_open_at: at,
        sales_close_at: at + TimeDelta::days(1),
        refundable_until: at,
        hold_seconds: 300,
        max_seats_per_customer: 4,
        currency: Currency::parse("KRW").expect("a currency"),
        status: SalesStatus::Scheduled,
        categories: CATEGORIES.map(category).to_vec(),
    }
}

fn permit() -> StreamPermit {
    let limits = StreamLimit::new(&HttpLimits::default());
    limits.permit(std::net::Ipv4Addr::LOCALHOST.into()).expect("there is room")
}

type Events = std::pin::Pin<Box<dyn Stream<Item = Bytes>>>;

async fn follow(world: &Arc<World>, watch: &Watch, life: TimeDelta) -> Events {
    let following = watch.follow(PERFORMANCE, Arc::new(|| false)).await.expect("it can be followed");
    events_of(world, watch, following, life, Box::new(|| true))
}

/// Follows a performance of a guarded concert until `admitted` is false.
async fn follow_while(world: &Arc<World>, watch: &Watch, admitted: Arc<AtomicBool>) -> Events {
    let following = watch.follow(PERFORMANCE, Arc::new(|| true)).await.expect("it can be followed");
    let is_admitted = Box::new(move || admitted.load(Ordering::Relaxed));
    events_of(world, watch, following, TimeDelta::hours(1), is_admitted)
}

fn events_of(
    world: &Arc<World>,
    watch: &Watch,
    following: Following,
    life: TimeDelta,
    is_admitted: IsAdmitted,
) -> Events {
    let claims = StreamClaims { performance: PERFORMANCE, admission: None, expires_at: DateTime::UNIX_EPOCH + life };
    let follower = Follower::new((claims, is_admitted), following, permit(), watch.clone(), world.context());
    Box::pin(follower.into_events().map(|event| event.expect("events never fail")))
}

fn text(event: Option<Bytes>) -> String {
    String::from_utf8(event.expect("an event").to_vec()).expect("text")
}

#[tokio::test(start_paused = true)]
async fn followers_get_a_snapshot_and_then_each_change_encoded_once() {
    let world = World::with_seats(8);
    let watch = world.watch();
    let mut one = follow(&world, &watch, TimeDelta::hours(1)).await;
    let mut other = follow(&world, &watch, TimeDelta::hours(1)).await;
    assert!(text(one.next().await).starts_with("event: snapshot\nid: 5:1\n"));
    assert!(text(other.next().await).contains(r#""seats":"/w==""#));
    world.sell(3);
    world.sell(6);
    let (event, same) = (one.next().await.expect("a change"), other.next().await.expect("a change"));
    assert_eq!(event.as_ptr(), same.as_ptr(), "the same bytes in memory");
    let event = text(Some(event));
    assert!(event.starts_with("event: delta\nid: 5:3\n"), "{event}");
    assert!(event.contains(r#""previous_version":1,"taken":[3,6],"version":3"#), "{event}");
}

#[tokio::test(start_paused = true)]
async fn a_quiet_stream_beats_every_fifteen_seconds_until_its_ticket_expires() {
    let world = World::with_seats(8);
    let mut events = follow(&world, &world.watch(), TimeDelta::seconds(40)).await;
    let started = Instant::now();
    assert!(text(events.next().await).starts_with("event: snapshot"));
    assert_eq!(text(events.next().await), ": heartbeat\n\n");
    assert_eq!(text(events.next().await), ": heartbeat\n\n");
    assert_eq!(started.elapsed().as_secs(), 30);
    assert_eq!(events.next().await, None);
    assert_eq!(started.elapsed().as_secs(), 45);
}

#[tokio::test(start_paused = true)]
async fn a_quiet_stream_ends_within_a_second_of_the_visit() {
    let world = World::with_seats(8);
    let admitted = Arc::new(AtomicBool::new(true));
    let mut events = follow_while(&world, &world.watch(), Arc::clone(&admitted)).await;
    assert!(text(events.next().await).starts_with("event: snapshot"));
    assert_eq!(text(events.next().await), ": heartbeat\n\n");
    admitted.store(false, Ordering::Relaxed);
    let ended_at = Instant::now();
    assert_eq!(events.next().await, None);
    assert!(ended_at.elapsed() < Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn a_follower_who_fell_behind_begins_anew() {
    let world = World::with_seats(64);
    let watch = world.watch();
    let mut slow = follow(&world, &watch, TimeDelta::hours(1)).await;
    let mut quick = follow(&world, &watch, TimeDelta::hours(1)).await;
    slow.next().await;
    quick.next().await;
    for no in 0..40 {
        world.sell(no);
        assert!(text(quick.next().await).starts_with("event: delta"));
    }
    let anew = text(slow.next().await);
    assert!(anew.starts_with("event: snapshot\nid: 5:41\n"), "{anew}");
    world.sell(50);
    assert!(text(slow.next().await).contains(r#""previous_version":41"#));
}

#[tokio::test(start_paused = true)]
async fn nobody_is_told_after_the_last_follower_has_left() {
    let world = World::with_seats(8);
    let supervisor = Arc::new(Supervisor::new(CancellationToken::new()));
    let watch = Watch::new(world.board(), Arc::clone(&supervisor));
    let events = follow(&world, &watch, TimeDelta::hours(1)).await;
    assert!(watch.rejoin(PERFORMANCE).is_some());
    drop(events);
    tokio::time::advance(Duration::from_secs(1)).await;
    supervisor.shutdown(Duration::from_secs(1)).await.expect("the task has ended");
    assert!(watch.rejoin(PERFORMANCE).is_none());
}

#[tokio::test(start_paused = true)]
async fn what_is_free_of_50_000_seats_fits_in_twelve_kilobytes() {
    let world = World::with_seats(50_000);
    let board = world.board();
    for no in (0..50_000).step_by(7) {
        world.sell(no);
    }
    let bodies = AvailabilityBodies::new(world.clone());
    let snapshot = board.snapshot(PERFORMANCE).await.expect("a snapshot");
    let body = bodies.body(&snapshot).into_response("application/json").into_body().into_string().await.expect("text");
    assert!(body.len() <= 12_000, "{} bytes", body.len());
    let body: serde_json::Value = serde_json::from_str(&body).expect("JSON");
    assert_eq!((&body["epoch"], &body["version"]), (&"5".into(), &7_144.into()));
    let url = format!("/v1/performances/{PERFORMANCE}/availability/events?ticket=until-43200");
    assert_eq!(body["events_url"], url);
}

#[tokio::test(start_paused = true)]
async fn whoever_was_let_in_follows_no_longer_than_the_pass_is_good() {
    let world = World::with_seats(64);
    let bodies = AvailabilityBodies::new(world.clone());
    let snapshot = world.board().snapshot(PERFORMANCE).await.expect("a snapshot");
    let shown = async |body: RenderedBody| {
        let body = body.into_response("application/json").into_body().into_string().await.expect("text");
        serde_json::from_str::<serde_json::Value>(&body).expect("JSON")
    };
    let mut public = shown(bodies.body(&snapshot)).await;
    let pass = |number, seconds| PassClaims {
        id: PassId(Uuid::nil()),
        room: WaitingRoomId(Uuid::nil()),
        visitor: VisitorId::new("min").expect("a name"),
        number,
        issued_at: DateTime::UNIX_EPOCH,
        expires_at: DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds),
    };
    let mut guarded = shown(bodies.body_of(&snapshot, &pass(1, 600))).await;
    let address = guarded["events_url"].take();
    assert!(address.as_str().is_some_and(|address| address.ends_with("?ticket=1-until-600")), "{address}");
    public["events_url"].take();
    assert_eq!(guarded, public);
    let other = shown(bodies.body_of(&snapshot, &pass(2, 900))).await;
    assert!(other["events_url"].as_str().is_some_and(|address| address.ends_with("2-until-900")), "{other}");
    let etag = |body: RenderedBody| body.into_response("application/json").header("etag").map(str::to_owned);
    let [one, same] = [0, 0].map(|_| etag(bodies.body_of(&snapshot, &pass(1, 600))));
    assert_eq!(one, same);
}

#[tokio::test(start_paused = true)]
async fn answers_that_show_the_same_are_the_same_bytes() {
    let world = World::with_seats(8);
    let board = world.board();
    let bodies = AvailabilityBodies::new(world.clone());
    let etag = |snapshot| bodies.body(snapshot).into_response("application/json").header("etag").map(str::to_owned);
    let first = board.snapshot(PERFORMANCE).await.expect("a snapshot");
    tokio::time::advance(Duration::from_secs(1)).await;
    let second = board.snapshot(PERFORMANCE).await.expect("a snapshot");
    assert!(!Arc::ptr_eq(&first, &second));
    assert_eq!(etag(&first), etag(&second));
    world.sell(1);
    tokio::time::advance(Duration::from_secs(1)).await;
    let third = board.snapshot(PERFORMANCE).await.expect("a snapshot");
    assert_ne!(etag(&second), etag(&third));
}

#[tokio::test(start_paused = true)]
async fn seats_are_listed_by_number_and_filtered() {
    let world = World::with_seats(8);
    for no in [1, 2, 5] {
        world.sell(no);
    }
    let snapshot = world.board().snapshot(PERFORMANCE).await.expect("a snapshot");
    let hall = Hall { performance: &world.performance, plan: &world.plan, snapshot: &snapshot };
    let numbers = |filter: &SeatFilter, limit| {
        let mut pages = Vec::new();
        let mut cursor = None;
        loop {
            let page = hall.page(filter, cursor, limit);
            pages.push(page.items.iter().map(|seat| seat.seat_no).collect::<Vec<_>>());
            cursor = page.next_cursor;
            if cursor.is_none() {
                return pages;
            }
        }
    };
    let all = SeatFilter::default();
    assert_eq!(numbers(&all, 3), [vec![0, 1, 2], vec![3, 4, 5], vec![6, 7]]);
    assert_eq!(numbers(&all, 4), [vec![0, 1, 2, 3], vec![4, 5, 6, 7]]);
    let right = SeatFilter { zone: Some("Right".to_owned()), ..SeatFilter::default() };
    assert_eq!(numbers(&right, 10), [vec![1, 3, 5, 7]]);
    let taken = SeatFilter { status: Some(SeatStatus::Taken), ..SeatFilter::default() };
    assert_eq!(numbers(&taken, 10), [vec![1, 2, 5]]);
    let cheap = SeatFilter { category: Some(CATEGORIES[0]), status: Some(SeatStatus::Free), ..SeatFilter::default() };
    assert_eq!(numbers(&cheap, 10), [vec![0, 3]]);
    let nowhere = SeatFilter { zone: Some("Roof".to_owned()), ..SeatFilter::default() };
    assert_eq!(numbers(&nowhere, 10), [Vec::<SeatNo>::new()]);
    let seat = hall.page(&all, None, 6).items.remove(5);
    assert_eq!((seat.seat_guid.as_str(), seat.zone.as_str(), seat.price), ("guid-5", "Right", Some(9_000)));
}
