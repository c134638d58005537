use std::sync::Arc;

use async_trait::async_trait;
use onsale_application::points::{ChargePoints, ChargePointsError, ChargeRequest};
use onsale_application::ports::{
    Cashier, ChargeOrder, ChargeProvider, ChargeProviderError, Done, IdempotencyKey, LedgerLine, Page, PayOrder,
    RefundOrder, StartedCharge, StepError, Unavailable,
};
use onsale_domain::box_office::{PayRefusal, RefundRefusal};
use onsale_domain::charge::{Charge, ChargeReceipt, ChargeRefusal};
use onsale_domain::ids::{AccountId, ChargeId, EntryId, PaymentId};
use onsale_domain::money::Amount;
use onsale_domain::payment::{Payment, Refund};
use onsale_domain::reservation::Reservation;
use parking_lot::Mutex;

use crate::doubles::{TestClock, at, context, customer, out_of_order};

/// A provider that remembers what it was asked for.
#[derive(Default)]
struct Asked(Mutex<Vec<Charge>>);

#[async_trait]
impl ChargeProvider for Asked {
    fn method(&self) -> &'static str {
        "card"
    }

    async fn start(&self, charge: &Charge) -> Result<StartedCharge, ChargeProviderError> {
        self.0.lock().push(charge.clone());
        Ok(StartedCharge::Completed)
    }
}

/// A cashier that is out of order until it is repaired.
#[derive(Default)]
struct Fragile {
    repaired: Mutex<bool>,
}

#[async_trait]
impl Cashier for Fragile {
    async fn charge(&self, order: ChargeOrder) -> Result<Done<ChargeReceipt>, StepError<ChargeRefusal>> {
        if !*self.repaired.lock() {
            return Err(out_of_order().into());
        }
        let receipt = ChargeReceipt { balance: order.charge.amount, charge: order.charge, completed_at: at(0) };
        Ok(Done { value: receipt, replayed: false })
    }

    async fn pay(&self, _order: PayOrder) -> Result<Done<(Payment, Reservation)>, StepError<PayRefusal>> {
        Err(out_of_order().into())
    }

    async fn refund(&self, _order: RefundOrder) -> Result<Done<(Refund, Reservation)>, StepError<RefundRefusal>> {
        Err(out_of_order().into())
    }

    async fn payment(&self, _id: PaymentId) -> Result<Option<Payment>, Unavailable> {
        Ok(None)
    }

    async fn charge_receipt(&self, _id: ChargeId) -> Result<Option<ChargeReceipt>, Unavailable> {
        Ok(None)
    }

    async fn balance(&self, _customer: AccountId) -> Result<Option<Amount>, Unavailable> {
        Ok(None)
    }

    async fn entries(
        &self,
        _customer: AccountId,
        _before: Option<EntryId>,
        _limit: u32,
    ) -> Result<Page<LedgerLine, EntryId>, Unavailable> {
        Ok(Page { items: Vec::new(), next: None })
    }
}

fn request(buyer: u128, key: &str, points: i64) -> ChargeRequest {
    let digest = [u8::try_from(points).expect("few points"); 32];
    ChargeRequest {
        customer: customer(buyer),
        amount: Amount::new(points).expect("an amount"),
        method: "card".to_owned(),
        idempotency: IdempotencyKey::new(key, digest).expect("visible ASCII"),
    }
}

#[tokio::test]
async fn a_repeated_request_asks_the_provider_for_the_same_charge() {
    let (provider, cashier) = (Arc::new(Asked::default()), Arc::new(Fragile::default()));
    let charge = ChargePoints::new(cashier.clone(), vec![provider.clone()], context(&TestClock::new()));
    let failed = charge.execute(request(1, "order-7", 5)).await;
    assert_eq!(failed, Err(ChargePointsError::Step(StepError::Unavailable(out_of_order()))));
    *cashier.repaired.lock() = true;
    let bought = charge.execute(request(1, "order-7", 5)).await.expect("the cashier is repaired").value;
    let asked = provider.0.lock();
    assert_eq!(asked.iter().map(|charge| charge.id).collect::<Vec<_>>(), [bought.charge.id; 2]);
}

#[tokio::test]
async fn another_customer_key_or_request_is_another_charge() {
    let provider = Arc::new(Asked::default());
    let charge = ChargePoints::new(Arc::new(Fragile::default()), vec![provider.clone()], context(&TestClock::new()));
    for (buyer, key, points) in [(1, "order-7", 5), (2, "order-7", 5), (1, "order-8", 5), (1, "order-7", 6)] {
        charge.execute(request(buyer, key, points)).await.expect_err("the cashier is out of order");
    }
    let mut ids: Vec<ChargeId> = provider.0.lock().iter().map(|charge| charge.id).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 4);
}
