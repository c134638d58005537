//! What is exhausted is refused from memory, everywhere, until the total is raised.

use std::sync::Arc;
use std::time::Duration;

use onsale_application::coupons::{CampaignBoard, CampaignBoardSettings, IssueCoupon, IssueRequest, ManageCampaigns};
use onsale_application::ports::{Bus, BusMessage, CampaignChange, CouponOffice, StepError};
use onsale_domain::coupon::{Coupon, IssueRefusal};
use onsale_domain::ids::{AccountId, CouponCampaignId};
use tokio::task::JoinSet;

use crate::doubles::{BusDouble, CouponOfficeDouble, TestClock, campaign, context, customer};

/// So seldom that only announcements tell of changes.
const NEVER: Duration = Duration::from_hours(1);

/// One replica on a shared office.
struct Replica {
    office: Arc<CouponOfficeDouble>,
    clock: Arc<TestClock>,
    bus: Arc<BusDouble>,
    board: Arc<CampaignBoard>,
    issue: IssueCoupon,
    manage: ManageCampaigns,
    tasks: JoinSet<()>,
}

impl Replica {
    fn on(office: &Arc<CouponOfficeDouble>, look: Duration) -> Self {
        Self::with(office, CampaignBoardSettings { look, ..CampaignBoardSettings::default() })
    }

    fn with(office: &Arc<CouponOfficeDouble>, settings: CampaignBoardSettings) -> Self {
        let (clock, bus) = (TestClock::new(), Arc::new(BusDouble::default()));
        let shared: Arc<dyn CouponOffice> = office.clone();
        let board = Arc::new(CampaignBoard::new(shared.clone(), bus.clone(), context(&clock), settings));
        let issue = IssueCoupon::new(shared.clone(), board.clone(), context(&clock));
        let manage = ManageCampaigns::new(shared, board.clone(), context(&clock));
        let mut tasks = JoinSet::new();
        let (followed, remembered) = (board.clone(), board.clone());
        tasks.spawn(async move { followed.follow().await });
        tasks.spawn(async move { remembered.remember_owners().await });
        Self { office: office.clone(), clock, bus, board, issue, manage, tasks }
    }

    async fn ask(&self, campaign: CouponCampaignId, who: AccountId) -> Result<Coupon, StepError<IssueRefusal>> {
        let request = IssueRequest { customer: who, campaign, idempotency: None };
        self.issue.execute(request).await.map(|(done, _)| done.value)
    }

    /// Asks for a coupon of an exhausted campaign, and waits until it is known who has its coupons.
    async fn refuses(&self, campaign: CouponCampaignId, who: AccountId, total: u32) {
        assert_eq!(self.ask(campaign, who).await, exhausted_at(total));
        let known = self.board.campaign(campaign).await.expect("the office works").expect("a campaign");
        for _ in 0..1_000_000 {
            if known.is_refused_from_memory() {
                return;
            }
            tokio::task::yield_now().await; // a thread of its own sorts them
        }
        panic!("it is not known who has the coupons");
    }

    /// Lets the tasks do what they can do now.
    async fn settle(&self) {
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
    }
}

fn exhausted_at(total: u32) -> Result<Coupon, StepError<IssueRefusal>> {
    Err(StepError::Refused(IssueRefusal::Exhausted { total }))
}

/// An office with one campaign of two coupons, which the first two customers have.
async fn exhausted() -> (Arc<CouponOfficeDouble>, CouponCampaignId, [Coupon; 2], Replica) {
    let office = Arc::new(CouponOfficeDouble::default());
    let replica = Replica::on(&office, NEVER);
    let (id, coupons) = issued_all(&replica, 1).await;
    (office, id, coupons, replica)
}

/// One more campaign of two coupons, which the first two customers have; and that is known.
async fn issued_all(replica: &Replica, index: u128) -> (CouponCampaignId, [Coupon; 2]) {
    let (id, coupons) = issued_two(replica, index).await;
    replica.refuses(id, customer(3), 2).await;
    (id, coupons)
}

/// One more campaign of two coupons, which the first two customers have.
async fn issued_two(replica: &Replica, index: u128) -> (CouponCampaignId, [Coupon; 2]) {
    let id = replica.office.create(&campaign(index, 2), None).await.expect("a campaign").campaign.id;
    let coupon = async |who| replica.ask(id, customer(who)).await.expect("a coupon");
    (id, [coupon(1).await, coupon(2).await])
}

#[tokio::test(start_paused = true)]
async fn after_the_last_coupon_nobody_without_one_reaches_the_store() {
    let (office, id, _, replica) = exhausted().await;
    let before = office.wishes();
    for who in 3..100 {
        let told = replica.ask(id, customer(who)).await;
        assert_eq!(told, exhausted_at(2));
    }
    assert_eq!(office.wishes(), before);
    office.breaks(true);
    assert_eq!(replica.ask(id, customer(5)).await, exhausted_at(2));
}

#[tokio::test(start_paused = true)]
async fn who_has_a_coupon_is_told_which_also_after_the_last_one() {
    let (_, id, coupons, replica) = exhausted().await;
    for (who, coupon) in [(1, coupons[0]), (2, coupons[1])] {
        let told = replica.ask(id, customer(who)).await;
        assert_eq!(told, Err(StepError::Refused(IssueRefusal::AlreadyIssued(coupon))));
    }
}

#[tokio::test(start_paused = true)]
async fn a_raised_total_is_known_at_once_where_it_was_raised_and_by_announcement_elsewhere() {
    let (office, id, _, here) = exhausted().await;
    let there = Replica::on(&office, NEVER);
    there.refuses(id, customer(3), 2).await;
    let raised = CampaignChange { total: Some(4), ..CampaignChange::default() };
    let change = here.manage.change(id, raised, None).await.unwrap().record().change;
    assert!(here.ask(id, customer(3)).await.is_ok());
    let refused = there.ask(id, customer(4)).await;
    assert_eq!(refused, exhausted_at(2), "it has not heard of it");
    there.bus.publish(BusMessage::Campaign { campaign: id, change });
    there.bus.settle().await;
    assert!(there.ask(id, customer(4)).await.is_ok());
    let told = there.ask(id, customer(5)).await;
    assert_eq!(told, exhausted_at(4));
}

#[tokio::test(start_paused = true)]
async fn a_raised_total_nobody_announces_is_known_within_half_a_second() {
    let (office, id, _, _) = exhausted().await;
    let replica = Replica::on(&office, CampaignBoardSettings::default().look);
    replica.refuses(id, customer(3), 2).await;
    office.change(id, CampaignChange { total: Some(3), ..CampaignChange::default() }, None).await.unwrap();
    tokio::time::advance(Duration::from_millis(501)).await;
    replica.settle().await;
    assert!(replica.ask(id, customer(3)).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_late_refusal_does_not_take_a_raised_total_back() {
    let office = Arc::new(CouponOfficeDouble::default());
    let replica = Replica::on(&office, NEVER);
    let (id, _) = issued_two(&replica, 1).await;
    office.refusals.close();
    let late = replica.ask(id, customer(3));
    let raised = async {
        office.refusals.wait_for(1).await; // it was refused as two of two were issued
        let raised = CampaignChange { total: Some(3), ..CampaignChange::default() };
        replica.manage.change(id, raised, None).await.unwrap();
        office.refusals.open();
    };
    let (refused, ()) = tokio::join!(late, raised);
    assert_eq!(refused, exhausted_at(2));
    let known = replica.board.campaign(id).await.unwrap().unwrap();
    assert_eq!((known.record().campaign.total, known.record().issued), (3, 2));
    assert!(replica.ask(id, customer(3)).await.is_ok(), "two of three were issued when it was refused");
}

#[tokio::test(start_paused = true)]
async fn a_store_that_went_back_is_believed_at_the_second_look() {
    let (office, id, _, replica) = exhausted().await;
    office.loses(id, customer(2));
    replica.board.look().await.unwrap();
    assert_eq!(replica.ask(id, customer(4)).await, exhausted_at(2), "it may have been read too early");
    replica.board.look().await.unwrap();
    assert!(replica.ask(id, customer(4)).await.is_ok(), "one of two is left");
    replica.refuses(id, customer(2), 2).await;
    assert!(matches!(replica.ask(id, customer(4)).await, Err(StepError::Refused(IssueRefusal::AlreadyIssued(_)))));
}

#[tokio::test(start_paused = true)]
async fn a_look_that_read_too_early_takes_nothing_back() {
    let (office, id, _, replica) = exhausted().await;
    office.loses(id, customer(2));
    replica.board.look().await.unwrap();
    let other = Replica::on(&office, NEVER);
    assert!(other.ask(id, customer(2)).await.is_ok()); // and so it was only late
    replica.board.look().await.unwrap();
    let before = office.wishes();
    assert_eq!(replica.ask(id, customer(4)).await, exhausted_at(2));
    assert_eq!(office.wishes(), before);
}

#[tokio::test(start_paused = true)]
async fn owners_are_remembered_part_by_part() {
    const TOTAL: u32 = 10_001; // one more than are read at once
    let office = Arc::new(CouponOfficeDouble::default());
    let id = office.create(&campaign(1, TOTAL), None).await.unwrap().campaign.id;
    let replica = Replica::on(&office, NEVER);
    for who in 1..=u128::from(TOTAL) {
        assert!(replica.ask(id, customer(who)).await.is_ok());
    }
    replica.refuses(id, customer(0), TOTAL).await;
    let before = office.wishes();
    assert_eq!(replica.ask(id, customer(0)).await, exhausted_at(TOTAL));
    assert_eq!((office.wishes(), office.owner_reads()), (before, 2));
    for who in [1, 10_000, 10_001] {
        let told = replica.ask(id, customer(who)).await;
        assert!(matches!(told, Err(StepError::Refused(IssueRefusal::AlreadyIssued(_)))), "{told:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_campaign_that_ended_makes_room_first_and_then_one_that_has_coupons() {
    let office = Arc::new(CouponOfficeDouble::default());
    let settings = CampaignBoardSettings { look: NEVER, campaigns: 2, ..CampaignBoardSettings::default() };
    let replica = Replica::with(&office, settings);
    let (exhausted, _) = issued_all(&replica, 1).await;
    let open = office.create(&campaign(2, 2), None).await.unwrap().campaign.id;
    let ended = onsale_domain::coupon::CouponCampaign { ends_at: crate::doubles::at(1), ..campaign(3, 2) };
    let ended = office.create(&ended, None).await.unwrap().campaign.id;
    replica.clock.set(1);
    let (next, last) = (campaign(4, 2), campaign(5, 2));
    for new in [ended, open] {
        assert!(replica.board.campaign(new).await.unwrap().is_some());
    }
    office.breaks(true);
    assert!(replica.board.campaign(ended).await.is_err(), "it made room for the open one");
    assert_eq!(replica.ask(exhausted, customer(4)).await, exhausted_at(2));
    office.breaks(false);
    for new in [next, last] {
        let new = office.create(&new, None).await.unwrap().campaign.id;
        assert!(replica.board.campaign(new).await.unwrap().is_some());
    }
    office.breaks(true);
    assert!(replica.board.campaign(open).await.is_err(), "it made room for the next ones");
    assert_eq!(replica.ask(exhausted, customer(4)).await, exhausted_at(2));
}

#[tokio::test(start_paused = true)]
async fn a_campaign_whose_owners_are_too_many_is_left_to_the_store() {
    let office = Arc::new(CouponOfficeDouble::default());
    let settings = CampaignBoardSettings { look: NEVER, campaigns: 2, owners: 3 };
    let replica = Replica::with(&office, settings);
    let (first, _) = issued_all(&replica, 1).await;
    let (second, _) = issued_two(&replica, 2).await;
    assert_eq!(replica.ask(second, customer(3)).await, exhausted_at(2));
    replica.settle().await;
    let wishes = office.wishes();
    assert_eq!(replica.ask(second, customer(3)).await, exhausted_at(2));
    replica.settle().await;
    assert_eq!((office.wishes(), office.owner_reads()), (wishes + 1, 1), "the store answers");
    replica.manage.change(first, CampaignChange { total: Some(3), ..CampaignChange::default() }, None).await.unwrap();
    replica.refuses(second, customer(3), 2).await; // there is room again
}

#[tokio::test(start_paused = true)]
async fn nobody_reaches_the_store_before_the_campaign_begins_or_without_one() {
    let office = Arc::new(CouponOfficeDouble::default());
    let early = campaign(1, 2);
    let later = onsale_domain::coupon::CouponCampaign { starts_at: crate::doubles::at(5_000), ..early };
    let id = office.create(&later, None).await.unwrap().campaign.id;
    let replica = Replica::on(&office, NEVER);
    assert_eq!(replica.ask(id, customer(1)).await, Err(StepError::Refused(IssueRefusal::NotOpen)));
    let unknown = CouponCampaignId(uuid::Uuid::nil());
    assert_eq!(replica.ask(unknown, customer(1)).await, Err(StepError::Refused(IssueRefusal::UnknownCampaign)));
    assert_eq!(replica.office.wishes(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_campaign_that_is_over_for_an_hour_is_forgotten_and_read_again_when_asked_for() {
    let (office, id, _, replica) = exhausted().await;
    replica.clock.set(10_000 + 3_600_001);
    replica.board.look().await.unwrap();
    office.breaks(true);
    assert!(replica.board.campaign(id).await.is_err(), "it is not in memory any more");
    office.breaks(false);
    let reads = office.owner_reads();
    assert!(replica.board.campaign(id).await.unwrap().is_some());
    replica.settle().await;
    assert_eq!(office.owner_reads(), reads, "nobody needs to know who had its coupons");
    drop(replica.tasks);
}
