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
        let (clock, bus) = (TestClock::new(), Arc::new(BusDouble::default()));
        let shared: Arc<dyn CouponOffice> = office.clone();
        let settings = CampaignBoardSettings { look, ..CampaignBoardSettings::default() };
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

    /// Lets the tasks do what they can do now.
    async fn settle(&self) {
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
    }
}

/// An office with one campaign of two coupons, which the first two customers have.
async fn exhausted() -> (Arc<CouponOfficeDouble>, CouponCampaignId, [Coupon; 2], Replica) {
    let office = Arc::new(CouponOfficeDouble::default());
    let id = office.create(&campaign(1, 2), None).await.expect("a campaign").campaign.id;
    let replica = Replica::on(&office, NEVER);
    let coupon = async |who| replica.ask(id, customer(who)).await.expect("a coupon");
    let coupons = [coupon(1).await, coupon(2).await];
    let told = replica.ask(id, customer(3)).await;
    assert_eq!(told, Err(StepError::Refused(IssueRefusal::Exhausted { total: 2 })));
    replica.settle().await;
    (office, id, coupons, replica)
}

#[tokio::test(start_paused = true)]
async fn after_the_last_coupon_nobody_without_one_reaches_the_store() {
    let (office, id, _, replica) = exhausted().await;
    let before = office.wishes();
    for who in 3..100 {
        let told = replica.ask(id, customer(who)).await;
        assert_eq!(told, Err(StepError::Refused(IssueRefusal::Exhausted { total: 2 })));
    }
    assert_eq!(office.wishes(), before);
    office.breaks(true);
    assert_eq!(replica.ask(id, customer(5)).await, Err(StepError::Refused(IssueRefusal::Exhausted { total: 2 })));
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
    assert!(there.ask(id, customer(3)).await.is_err());
    there.settle().await;
    let raised = CampaignChange { total: Some(4), ..CampaignChange::default() };
    let change = here.manage.change(id, raised, None).await.unwrap().record().change;
    assert!(here.ask(id, customer(3)).await.is_ok());
    let refused = there.ask(id, customer(4)).await;
    assert_eq!(refused, Err(StepError::Refused(IssueRefusal::Exhausted { total: 2 })), "it has not heard of it");
    there.bus.publish(BusMessage::Campaign { campaign: id, change });
    there.bus.settle().await;
    assert!(there.ask(id, customer(4)).await.is_ok());
    let told = there.ask(id, customer(5)).await;
    assert_eq!(told, Err(StepError::Refused(IssueRefusal::Exhausted { total: 4 })));
}

#[tokio::test(start_paused = true)]
async fn a_raised_total_nobody_announces_is_known_within_half_a_second() {
    let (office, id, _, _) = exhausted().await;
    let replica = Replica::on(&office, CampaignBoardSettings::default().look);
    assert!(replica.ask(id, customer(3)).await.is_err());
    replica.settle().await;
    office.change(id, CampaignChange { total: Some(3), ..CampaignChange::default() }, None).await.unwrap();
    tokio::time::advance(Duration::from_millis(501)).await;
    replica.settle().await;
    assert!(replica.ask(id, customer(3)).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_late_refusal_does_not_take_a_raised_total_back() {
    let (_, id, _, replica) = exhausted().await;
    let raised = CampaignChange { total: Some(3), ..CampaignChange::default() };
    replica.manage.change(id, raised, None).await.unwrap();
    let known = replica.board.campaign(id).await.unwrap().unwrap();
    assert!(!known.record().is_exhausted());
    assert!(replica.ask(id, customer(3)).await.is_ok(), "two of three were issued when it was refused");
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
    assert!(replica.board.campaign(id).await.unwrap().is_some());
    drop(replica.tasks);
}
