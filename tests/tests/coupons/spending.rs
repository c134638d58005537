//! Coupons in payments: spent with them, back with their refunds, and never twice.

use chrono::TimeDelta;
use futures_util::future::join_all;
use onsale_application::ports::{CampaignChange, Cashier, CouponOffice, IdempotencyKey, StepError};
use onsale_domain::box_office::{CouponRefusal, PayRefusal};
use onsale_domain::coupon::{Coupon, CouponCampaign, CouponState, Discount};
use onsale_domain::ids::AccountId;
use onsale_domain::points::EntryKind;
use onsale_sql::{SqlCoupons, SqlSales};
use onsale_support::lanes::LaneLimits;
use onsale_tests::coupons::{campaign, issued, office, opened, pay_order_with};
use onsale_tests::sales::{
    SINGLY, assert_sound, customers_with, held, on_sale, pay_order, refund_order, replica, sales,
};
use onsale_tests::samples::amount;
use onsale_tests::store::Store;

onsale_tests::contracts!(
    a_coupon_is_spent_with_its_payment,
    a_refund_brings_the_coupon_back,
    a_coupon_that_is_worth_the_price_pays_all_of_it,
    a_coupon_for_two_concerts_at_once_is_spent_once,
    a_coupon_that_cannot_be_spent_pays_nothing,
    a_payment_with_a_coupon_is_replayed_with_it,
    coupons_are_spent_while_others_are_issued,
);

struct Sale {
    sales: SqlSales,
    office: SqlCoupons,
    customer: AccountId,
}

impl Sale {
    async fn open(store: &Store) -> Self {
        let sales = sales(store, LaneLimits::default());
        let customer = customers_with(store, &sales, 1, 1_000).await[0];
        Self { sales, office: office(store, LaneLimits::default()), customer }
    }

    /// A coupon of 30 of a campaign of its own.
    async fn coupon(&self, store: &Store) -> Coupon {
        let campaign = opened(store, &self.office, 1).await;
        issued(store, &self.office, campaign, self.customer).await
    }

    /// The customer's newest coupon.
    async fn newest(&self) -> Coupon {
        self.office.coupons_of(self.customer, None, 1).await.unwrap().items[0].coupon
    }
}

fn refused<T>(refusal: CouponRefusal) -> Result<T, StepError<PayRefusal>> {
    Err(StepError::Refused(PayRefusal::Coupon(refusal)))
}

async fn a_coupon_is_spent_with_its_payment(store: Store) {
    let (sale, performance) = (Sale::open(&store).await, on_sale(&store, 10).await);
    let coupon = sale.coupon(&store).await;
    let reservation = held(&store, &sale.sales, &performance, sale.customer, &[2, 3]).await;
    let order = pay_order_with(&store, &reservation, coupon.id);
    let (payment, paid) = sale.sales.pay(order).await.unwrap().value;
    assert_eq!((payment.amount, payment.discount, payment.balance), (amount(270), amount(30), amount(730)));
    assert_eq!((paid.amount, payment.coupon), (amount(300), Some(coupon.id)));
    assert_eq!(sale.sales.payment(payment.id).await.unwrap().unwrap(), payment);
    assert_eq!(sale.sales.balance(sale.customer).await.unwrap(), Some(amount(730)));
    let state = CouponState::Spent { payment: payment.id, at: payment.paid_at };
    assert_eq!(sale.newest().await, Coupon { state, ..coupon });
    let kinds = sale.sales.entries(sale.customer, None, 10).await.unwrap().items;
    let kinds: Vec<_> = kinds.iter().map(|entry| entry.kind).collect();
    assert_eq!(kinds, [EntryKind::Payment, EntryKind::Charge], "what promotion paid is no entry of the customer's");
    assert_sound(&store).await;
}

async fn a_refund_brings_the_coupon_back(store: Store) {
    let (sale, performance) = (Sale::open(&store).await, on_sale(&store, 10).await);
    let coupon = sale.coupon(&store).await;
    for _ in 0..2 {
        let reservation = held(&store, &sale.sales, &performance, sale.customer, &[2]).await;
        sale.sales.pay(pay_order_with(&store, &reservation, coupon.id)).await.unwrap();
        let (refund, _) = sale.sales.refund(refund_order(&store, &reservation)).await.unwrap().value;
        assert_eq!((refund.amount, refund.balance, refund.coupon), (amount(70), amount(1_000), Some(coupon.id)));
        assert_eq!(sale.newest().await, coupon);
        assert_sound(&store).await;
    }
}

async fn a_coupon_that_is_worth_the_price_pays_all_of_it(store: Store) {
    let (sale, performance) = (Sale::open(&store).await, on_sale(&store, 10).await);
    let large = CouponCampaign { discount: Discount::Amount { amount: amount(500) }, ..campaign(&store, 1) };
    sale.office.create(&large, None).await.unwrap();
    let coupon = issued(&store, &sale.office, large.id, sale.customer).await;
    for _ in 0..2 {
        let reservation = held(&store, &sale.sales, &performance, sale.customer, &[2]).await;
        let paid = sale.sales.pay(pay_order_with(&store, &reservation, coupon.id)).await.unwrap().value.0;
        assert_eq!((paid.amount, paid.discount, paid.balance), (amount(0), amount(100), amount(1_000)));
        let state = CouponState::Spent { payment: paid.id, at: paid.paid_at };
        assert_eq!(sale.newest().await, Coupon { state, ..coupon });
        assert_sound(&store).await;
        let (refund, _) = sale.sales.refund(refund_order(&store, &reservation)).await.unwrap().value;
        assert_eq!((refund.amount, refund.balance, refund.coupon), (amount(0), amount(1_000), Some(coupon.id)));
        assert_eq!(sale.newest().await, coupon);
        assert_sound(&store).await;
    }
    assert_eq!(
        sale.sales.entries(sale.customer, None, 10).await.unwrap().items.len(),
        1,
        "only the charge moved points"
    );
}

async fn a_coupon_for_two_concerts_at_once_is_spent_once(store: Store) {
    for lanes in [LaneLimits::default(), SINGLY] {
        let sale = Sale::open(&store).await;
        let performances = [on_sale(&store, 4).await, on_sale(&store, 4).await];
        let replicas = [sales(&store, lanes), replica(&store, lanes).await];
        let coupon = sale.coupon(&store).await;
        let mut orders = Vec::new();
        for performance in &performances {
            let reservation = held(&store, &sale.sales, performance, sale.customer, &[0]).await;
            orders.push(pay_order_with(&store, &reservation, coupon.id));
        }
        let [one, other] = <[_; 2]>::try_from(orders).unwrap();
        let answers = tokio::join!(replicas[0].pay(one), replicas[1].pay(other));
        let spent = refused(CouponRefusal::Spent);
        assert!((answers.0.is_ok() && answers.1 == spent) || (answers.1.is_ok() && answers.0 == spent), "{answers:?}");
        assert_eq!(sale.sales.balance(sale.customer).await.unwrap(), Some(amount(930)));
        assert_sound(&store).await;
    }
}

async fn a_coupon_that_cannot_be_spent_pays_nothing(store: Store) {
    let (sale, performance) = (Sale::open(&store).await, on_sale(&store, 10).await);
    let elsewhere = on_sale(&store, 4).await;
    let other = customers_with(&store, &sale.sales, 1, 1_000).await[0];
    let shared = opened(&store, &sale.office, 2).await;
    let strangers = issued(&store, &sale.office, shared, other).await;
    let expired = issued(&store, &sale.office, shared, sale.customer).await;
    let small = CouponCampaign { discount: Discount::Percent { percent: 1, at_most: None }, ..campaign(&store, 1) };
    let of_another = CouponCampaign { concert: Some(elsewhere.concert), ..campaign(&store, 1) };
    let of_this = CouponCampaign { concert: Some(performance.concert), ..campaign(&store, 1) };
    let mut coupons = vec![(strangers.id, CouponRefusal::Unknown), (store.context.new_id(), CouponRefusal::Unknown)];
    coupons.push((expired.id, CouponRefusal::Expired));
    for (campaign, refusal) in [(&small, None), (&of_another, Some(CouponRefusal::OtherConcert)), (&of_this, None)] {
        sale.office.create(campaign, None).await.unwrap();
        let coupon = issued(&store, &sale.office, campaign.id, sale.customer).await;
        coupons.extend(refusal.map(|refusal| (coupon.id, refusal)));
    }
    let soon = store.context.now() + TimeDelta::seconds(1);
    let ended = CampaignChange { ends_at: Some(soon), expires_at: Some(soon), ..Default::default() };
    sale.office.change(shared, ended, None).await.unwrap();
    store.clock.advance(TimeDelta::seconds(1));
    let reservation = held(&store, &sale.sales, &performance, sale.customer, &[0]).await;
    for (coupon, refusal) in coupons {
        let answer = sale.sales.pay(pay_order_with(&store, &reservation, coupon)).await;
        assert_eq!(answer, refused(refusal));
    }
    assert_eq!(sale.sales.balance(sale.customer).await.unwrap(), Some(amount(1_000)));
    let own = sale.newest().await;
    let paid = sale.sales.pay(pay_order_with(&store, &reservation, own.id)).await.unwrap().value.0;
    assert_eq!((own.campaign, paid.coupon), (of_this.id, Some(own.id)), "a coupon of this concert is good for it");
    assert_sound(&store).await;
}

async fn a_payment_with_a_coupon_is_replayed_with_it(store: Store) {
    let (sale, performance) = (Sale::open(&store).await, on_sale(&store, 10).await);
    let coupon = sale.coupon(&store).await;
    let reservation = held(&store, &sale.sales, &performance, sale.customer, &[2]).await;
    let pay = || {
        let mut order = pay_order_with(&store, &reservation, coupon.id);
        order.idempotency = Some(IdempotencyKey::new("k", [1; 32]).unwrap());
        sale.sales.pay(order)
    };
    let first = pay().await.unwrap();
    let second = pay().await.unwrap();
    assert!(!first.replayed && second.replayed);
    assert_eq!(second.value, first.value);
    assert_sound(&store).await;
}

/// Payments lock accounts, coupons and seats, issuing locks the campaign: neither waits for the other for ever.
async fn coupons_are_spent_while_others_are_issued(store: Store) {
    const BUYERS: usize = 40;
    let (sale, performance) = (Sale::open(&store).await, on_sale(&store, 100).await);
    let campaign = opened(&store, &sale.office, 60).await;
    let customers = customers_with(&store, &sale.sales, BUYERS, 1_000).await;
    let buyers = (0..).zip(&customers).map(async |(seat, customer)| {
        let coupon = issued(&store, &sale.office, campaign, *customer).await;
        let reservation = held(&store, &sale.sales, &performance, *customer, &[seat]).await;
        if customer.0.as_bytes()[15] % 2 == 0 {
            sale.sales.pay(pay_order(&store, &reservation)).await.unwrap();
        } else {
            let order = pay_order_with(&store, &reservation, coupon.id);
            assert_eq!(sale.sales.pay(order).await.unwrap().value.0.discount, amount(30));
            sale.sales.refund(refund_order(&store, &reservation)).await.unwrap();
        }
    });
    join_all(buyers).await;
    assert_sound(&store).await;
}
