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
}

impl LiveCampaign {
    pub(super) fn new(record: CampaignRecord) -> Self {
        Self { id: record.campaign.id, known: RwLock::new(Known { record: Arc::new(record), owners: None }) }
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

    /// Takes in what was read; terms that are older than the known ones are passed over, and coupons that were issued stay
    /// issued.
    pub(super) fn put(&self, record: CampaignRecord) {
        let mut known = self.known.write();
        let issued = record.issued.max(known.record.issued);
        let newer = if record.change >= known.record.change { record } else { (*known.record).clone() };
        known.keep(CampaignRecord { issued, ..newer });
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

impl Known {
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
