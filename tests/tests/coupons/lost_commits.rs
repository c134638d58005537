//! A connection that breaks at the `COMMIT`: the caller hears what really happened, and it happened once.

use futures_util::future::join_all;
use onsale_application::ports::{BusMessage, CampaignChange, Cashier, CouponOffice, IdempotencyKey, StepError};
use onsale_domain::coupon::{CouponState, IssueRefusal};
use onsale_sql::{Database, DatabaseSettings, SqlCoupons};
use onsale_support::lanes::LaneLimits;
use onsale_tests::coupons::{campaign, issue_order, issued, office, office_on, opened, pay_order_with};
use onsale_tests::sales::{assert_sound, customers, customers_with, held, on_sale, refund_order, sales, sales_on};
use onsale_tests::samples::amount;
use onsale_tests::store::Store;

use onsale_tests::proxy::{Cut, Proxy};

const CUTS: [Cut; 2] = [Cut::BeforeCommit, Cut::AfterCommit];

/// A database, reached directly and through a wire that breaks.
async fn wired() -> (Store, Proxy, SqlCoupons, SqlCoupons, Database) {
    let store = Store::mysql().await;
    let proxy = Proxy::to(&store.settings.url).await;
    let database = Database::connect(&DatabaseSettings::new(proxy.url())).await.unwrap();
    let direct = office(&store, LaneLimits::default());
    let through_proxy = office_on(&store, database.clone(), LaneLimits::default());
    (store, proxy, direct, through_proxy, database)
}

#[tokio::test]
async fn a_coupon_is_issued_once() {
    let (store, proxy, direct, wired, _) = wired().await;
    let campaign = opened(&store, &direct, 10).await;
    for (cut, customer) in CUTS.into_iter().zip(customers(&store, 2).await) {
        let mut order = issue_order(&store, campaign, customer);
        order.idempotency = Some(IdempotencyKey::new("once", [1; 32]).unwrap());
        let mut again = order.clone();
        again.issue.coupon = store.context.new_id();
        proxy.arm(cut);
        let done = wired.issue(order).await.unwrap();
        assert!(proxy.has_cut() && !done.replayed, "{cut:?}");
        let second = wired.issue(again).await.unwrap();
        assert!(second.replayed && second.value == done.value);
    }
    assert_eq!(direct.campaigns(&[campaign]).await.unwrap()[0].issued, 2);
    assert_sound(&store).await;
}

#[tokio::test]
async fn a_whole_group_answers_what_happened() {
    const GROUP: usize = 60;
    let (store, proxy, direct, wired, _) = wired().await;
    for cut in CUTS {
        let campaign = opened(&store, &direct, 40).await;
        let customers = customers(&store, GROUP).await;
        proxy.arm(cut);
        let wishes = customers.iter().map(|customer| wired.issue(issue_order(&store, campaign, *customer)));
        let answers = join_all(wishes).await;
        assert!(proxy.has_cut());
        let refused = StepError::Refused(IssueRefusal::Exhausted { total: 40 });
        assert!(answers[..40].iter().all(Result::is_ok), "first come, first served: {answers:?}");
        assert!(answers[40..].iter().all(|answer| answer.as_ref().is_err_and(|error| *error == refused)));
        assert_eq!(direct.campaigns(&[campaign]).await.unwrap()[0].issued, 40);
    }
    assert_sound(&store).await;
}

#[tokio::test]
async fn a_coupon_is_spent_once_and_comes_back_once() {
    let (store, proxy, direct, _, database) = wired().await;
    let (straight, wired) = (sales(&store, LaneLimits::default()), sales_on(&store, database, LaneLimits::default()));
    let performance = on_sale(&store, 10).await;
    for (cut, seat) in CUTS.into_iter().zip(0..) {
        let customer = customers_with(&store, &straight, 1, 1_000).await[0];
        let campaign = opened(&store, &direct, 1).await;
        let coupon = issued(&store, &direct, campaign, customer).await;
        let reservation = held(&store, &straight, &performance, customer, &[seat]).await;
        proxy.arm(cut);
        let (payment, paid) = wired.pay(pay_order_with(&store, &reservation, coupon.id)).await.unwrap().value;
        assert!(proxy.has_cut(), "{cut:?}");
        assert_eq!((payment.discount, payment.coupon), (amount(30), Some(coupon.id)));
        assert_eq!(straight.payment(payment.id).await.unwrap(), Some(payment));
        proxy.arm(cut);
        let (refund, _) = wired.refund(refund_order(&store, &paid)).await.unwrap().value;
        assert!(proxy.has_cut());
        assert_eq!((refund.coupon, refund.balance), (Some(coupon.id), amount(1_000)));
        let kept = direct.coupons_of(customer, None, 1).await.unwrap().items.pop().unwrap().coupon;
        assert_eq!(kept.state, CouponState::Unspent);
    }
    assert_sound(&store).await;
}

#[tokio::test]
async fn a_campaign_is_added_and_changed_once() {
    let (store, proxy, direct, wired, _) = wired().await;
    for cut in CUTS {
        let campaign = campaign(&store, 5);
        proxy.arm(cut);
        let added = wired.create(&campaign, None).await.unwrap();
        assert!(proxy.has_cut() && added.campaign == campaign, "{cut:?}");
        store.bus.heard();
        proxy.arm(cut);
        let change = CampaignChange { total: Some(6), ..Default::default() };
        let changed = wired.change(campaign.id, change, None).await.unwrap();
        assert!(proxy.has_cut());
        assert_eq!(changed.change, added.change + 1);
        assert_eq!(direct.campaigns(&[campaign.id]).await.unwrap(), std::slice::from_ref(&changed));
        let told = BusMessage::Campaign { campaign: campaign.id, change: changed.change };
        assert_eq!(store.bus.heard(), [told]);
    }
}
