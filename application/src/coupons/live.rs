use std::sync::Arc;

use chrono::{DateTime, Utc};
use onsale_domain::coupon::{CampaignRecord, IssueRefusal};
use onsale_domain::ids::{AccountId, CouponCampaignId};
use parking_lot::RwLock;

use super::owners::Owners;

/// One campaign as this process knows it.
#[derive(Debug)]
pub struct LiveCampaign {
    id: CouponCampaignId,
    known: RwLock<Known>,
}

#[derive(Debug)]
struct Known {
    record: Arc<CampaignRecord>,
    /// Who has a coupon, once every coupon is issued.
    owners: Option<Arc<Owners>>,
    /// What was known when the last look read less than that.
    doubted: Option<Arc<CampaignRecord>>,
}

impl LiveCampaign {
    pub(super) fn new(record: CampaignRecord) -> Self {
        let id = record.campaign.id;
        Self { id, known: RwLock::new(Known { record: Arc::new(record), owners: None, doubted: None }) }
    }

    /// Its identity.
    #[must_use]
    pub const fn id(&self) -> CouponCampaignId {
        self.id
    }

    /// Its terms and how far it has come, as of the last look.
    #[must_use]
    pub fn record(&self) -> Arc<CampaignRecord> {
        self.known.read().record.clone()
    }

    /// Why `customer` gets no coupon at `now`, as far as that is certain without asking the store: before the beginning, and
    /// after the last coupon for everybody who has none.
    pub(super) fn refusal(&self, customer: AccountId, now: DateTime<Utc>) -> Option<IssueRefusal> {
        let known = self.known.read();
        let CampaignRecord { campaign, issued, .. } = &*known.record;
        if *issued == 0 && now < campaign.starts_at {
            return Some(IssueRefusal::NotOpen);
        }
        let has_none = known.complete_owners().is_some_and(|owners| !owners.may_have(customer));
        let refusal = if campaign.is_open(now) {
            IssueRefusal::Exhausted { total: campaign.total }
        } else {
            IssueRefusal::NotOpen
        };
        has_none.then_some(refusal)
    }

    /// Whether everybody who has no coupon is refused without asking the store, as every coupon is issued.
    #[must_use]
    pub fn is_refused_from_memory(&self) -> bool {
        self.known.read().complete_owners().is_some()
    }

    /// How many owners are remembered.
    pub(super) fn remembered(&self) -> usize {
        self.known.read().owners.as_ref().map_or(0, |owners| owners.count())
    }

    /// Takes in what was read; terms that are older than the known ones are passed over, and coupons that were issued stay
    /// issued.
    pub(super) fn put(&self, record: CampaignRecord) {
        self.known.write().take_in(record);
    }

    /// Takes in what one of the looks has read. What is less than the look before could have known is a store that has gone
    /// back, as after a failover that lost the last group: it is the truth.
    pub(super) fn look_at(&self, record: CampaignRecord) {
        let mut known = self.known.write();
        let doubted = known.doubted.take();
        if doubted.is_some_and(|doubted| is_behind(&record, &doubted)) {
            known.owners = None;
            known.record = Arc::new(record);
            return;
        }
        // once, it may have been read before what is known now was committed
        known.doubted = is_behind(&record, &known.record).then(|| known.record.clone());
        known.take_in(record);
    }

    /// Takes in that `issued` coupons are issued, as a refusal told: a total that has been raised since stands.
    pub(super) fn put_issued(&self, issued: u32) {
        let mut known = self.known.write();
        if issued > known.record.issued {
            let record = CampaignRecord { issued, ..(*known.record).clone() };
            known.keep(record);
        }
    }

    /// Whether every coupon is issued and it is not known to whom.
    pub(super) fn wants_owners(&self) -> bool {
        let known = self.known.read();
        known.record.is_exhausted() && known.complete_owners().is_none()
    }

    /// Takes in who has a coupon.
    pub(super) fn put_owners(&self, owners: Owners) {
        let mut known = self.known.write();
        if known.record.is_exhausted() {
            known.owners = Some(Arc::new(owners));
        }
    }
}

/// Whether `record` was read before `known` was so, or the store has lost something.
fn is_behind(record: &CampaignRecord, known: &CampaignRecord) -> bool {
    record.issued < known.issued || record.change < known.change
}

impl Known {
    fn take_in(&mut self, record: CampaignRecord) {
        let issued = record.issued.max(self.record.issued);
        let newer = if record.change >= self.record.change { record } else { (*self.record).clone() };
        self.keep(CampaignRecord { issued, ..newer });
    }

    fn keep(&mut self, record: CampaignRecord) {
        if !record.is_exhausted() {
            self.owners = None;
        }
        self.record = Arc::new(record);
    }

    /// Everybody who has a coupon; nothing while some coupons are left or their customers are not known.
    fn complete_owners(&self) -> Option<&Owners> {
        let total = self.record.campaign.total as usize;
        let owners = self.owners.as_deref().filter(|owners| owners.count() >= total);
        owners.filter(|_| self.record.is_exhausted())
    }
}
