use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use metrics::{Unit, describe_gauge, gauge};
use onsale_domain::coupon::{CampaignRecord, CampaignState};
use onsale_domain::ids::CouponCampaignId;
use parking_lot::RwLock;
use tokio::sync::Notify;
use tokio::task::spawn_blocking;
use tokio::time::{MissedTickBehavior, interval};
use tracing::warn;

use super::LiveCampaign;
use super::owners::{Owners, fingerprint};
use crate::ports::{Bus, BusMessage, Context, CouponOffice, Unavailable};

/// How long after its end a campaign is kept in memory.
const KEPT_AFTER_END: TimeDelta = TimeDelta::hours(1);
/// How many owners of coupons are read at once.
const OWNERS_AT_ONCE: u32 = 10_000;
const REFUSED_FROM_MEMORY: &str = "onsale_coupon_campaigns_refused_from_memory";

/// The limits of a board of campaigns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CampaignBoardSettings {
    /// How often SQL is asked what has changed; a lost announcement costs no more than this.
    pub look: Duration,
    /// Campaigns that are kept in memory at most; when there are more, one that is of little use makes room.
    pub campaigns: usize,
    /// Owners of coupons that are remembered at most, of all campaigns together, in four bytes each; what a campaign whose
    /// owners would be more is asked, the store answers.
    pub owners: usize,
}

impl Default for CampaignBoardSettings {
    /// Half a second, so that a raised total is known everywhere within a second; a thousand campaigns; 20 million owners,
    /// which are two of the largest campaigns and 80 MB.
    fn default() -> Self {
        Self { look: Duration::from_millis(500), campaigns: 1_000, owners: 20_000_000 }
    }
}

/// The campaigns that somebody has asked for, as this process knows them: what is exhausted is refused from here, without
/// asking the store.
pub struct CampaignBoard {
    office: Arc<dyn CouponOffice>,
    bus: Arc<dyn Bus>,
    context: Context,
    settings: CampaignBoardSettings,
    known: RwLock<HashMap<CouponCampaignId, Arc<LiveCampaign>>>,
    owners_wanted: Notify,
}

impl CampaignBoard {
    /// A board on these ports.
    #[must_use]
    pub fn new(
        office: Arc<dyn CouponOffice>,
        bus: Arc<dyn Bus>,
        context: Context,
        settings: CampaignBoardSettings,
    ) -> Self {
        describe_gauge!(REFUSED_FROM_MEMORY, Unit::Count, "Exhausted coupon campaigns that are refused from memory.");
        Self { office, bus, context, settings, known: RwLock::default(), owners_wanted: Notify::new() }
    }

    /// A campaign, read now when it is not known yet.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub async fn campaign(&self, id: CouponCampaignId) -> Result<Option<Arc<LiveCampaign>>, Unavailable> {
        if let Some(campaign) = self.known(id) {
            return Ok(Some(campaign));
        }
        let found = self.office.campaigns(&[id]).await?.pop();
        Ok(found.map(|record| self.keep(LiveCampaign::new(record))))
    }

    /// Takes in that a campaign has issued as many coupons as it had.
    pub(super) fn exhausted(&self, campaign: &LiveCampaign, total: u32) {
        campaign.put_issued(total);
        self.want_owners(campaign);
    }

    /// Takes in a campaign as it was stored by this process.
    pub(super) fn put(&self, record: CampaignRecord) -> Arc<LiveCampaign> {
        match self.known(record.campaign.id) {
            Some(campaign) => {
                campaign.put(record);
                self.want_owners(&campaign);
                self.measure();
                campaign
            }
            None => self.keep(LiveCampaign::new(record)),
        }
    }

    /// Follows announcements and looks into SQL now and then, for ever.
    pub async fn follow(&self) {
        let mut announcements = self.bus.subscribe();
        let mut looks = interval(self.settings.look);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let looked = tokio::select! {
                message = announcements.next() => match message {
                    Some(BusMessage::Campaign { campaign, change }) => self.hear(campaign, change).await,
                    Some(_) => Ok(()),
                    None => self.look().await,
                },
                _ = looks.tick() => self.look().await,
            };
            if let Err(error) = looked {
                warn!(%error, "the coupon campaigns could not be read; what is known stands");
            }
        }
    }

    /// Reads every campaign that is known anew, and forgets those that are over.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub async fn look(&self) -> Result<(), Unavailable> {
        self.known.write().retain(|_, campaign| !self.is_over(campaign));
        let ids: Vec<CouponCampaignId> = self.known.read().keys().copied().collect();
        let records = if ids.is_empty() { Vec::new() } else { self.office.campaigns(&ids).await? };
        for record in records {
            if let Some(campaign) = self.known(record.campaign.id) {
                campaign.look_at(record);
                self.want_owners(&campaign);
            }
        }
        self.measure();
        Ok(())
    }

    /// Learns who has the coupons of exhausted campaigns, for ever. Until it is known, the store answers.
    pub async fn remember_owners(&self) {
        loop {
            self.owners_wanted.notified().await;
            let campaigns: Vec<_> = self.known.read().values().cloned().collect();
            for campaign in campaigns.into_iter().filter(|campaign| self.lacks_owners(campaign)) {
                match self.owners(&campaign).await {
                    Ok(owners) => campaign.put_owners(owners),
                    // the next look at the campaign asks again
                    Err(error) => warn!(campaign_id = %campaign.id(), %error, "who has its coupons is not known yet"),
                }
            }
            self.measure();
        }
    }

    /// Whether it is of use to know who has its coupons, and there is room to remember it.
    fn lacks_owners(&self, campaign: &LiveCampaign) -> bool {
        let remembered = || self.known.read().values().map(|campaign| campaign.remembered()).sum::<usize>();
        let fits = || remembered() + campaign.record().issued as usize <= self.settings.owners;
        campaign.wants_owners() && !self.is_over(campaign) && fits()
    }

    async fn owners(&self, campaign: &LiveCampaign) -> Result<Owners, Unavailable> {
        let mut fingerprints = Vec::with_capacity(campaign.record().issued as usize);
        let mut last = None;
        loop {
            let part = self.office.owners(campaign.id(), last, OWNERS_AT_ONCE).await?;
            let is_last = part.len() < OWNERS_AT_ONCE as usize;
            last = part.last().copied();
            fingerprints.extend(part.into_iter().map(fingerprint));
            if is_last {
                // not here, where ten million of them would hold up other tasks
                return spawn_blocking(|| Owners::of(fingerprints)).await.map_err(Unavailable::because);
            }
        }
    }

    async fn hear(&self, id: CouponCampaignId, change: i64) -> Result<(), Unavailable> {
        let Some(campaign) = self.known(id).filter(|campaign| campaign.record().change < change) else {
            return Ok(());
        };
        for record in self.office.campaigns(&[id]).await? {
            campaign.put(record);
        }
        self.measure();
        Ok(())
    }

    fn known(&self, id: CouponCampaignId) -> Option<Arc<LiveCampaign>> {
        self.known.read().get(&id).cloned()
    }

    fn keep(&self, campaign: LiveCampaign) -> Arc<LiveCampaign> {
        let mut known = self.known.write();
        if known.len() >= self.settings.campaigns
            && !known.contains_key(&campaign.id())
            && let Some(least) = known.values().min_by_key(|campaign| self.usefulness(campaign)).map(|least| least.id())
        {
            known.remove(&least);
        }
        let campaign = known.entry(campaign.id()).or_insert_with(|| Arc::new(campaign)).clone();
        drop(known);
        self.want_owners(&campaign);
        campaign
    }

    /// How much the store is spared by remembering a campaign: least after its end, most when it is exhausted.
    fn usefulness(&self, campaign: &LiveCampaign) -> u8 {
        let record = campaign.record();
        match record.state(self.context.now()) {
            CampaignState::Ended => 0,
            CampaignState::Announced | CampaignState::Open => 1,
            CampaignState::Exhausted => 2,
        }
    }

    /// Whether its end is so long ago that it is forgotten.
    fn is_over(&self, campaign: &LiveCampaign) -> bool {
        campaign.record().campaign.ends_at <= self.context.now() - KEPT_AFTER_END
    }

    fn want_owners(&self, campaign: &LiveCampaign) {
        if campaign.wants_owners() {
            self.owners_wanted.notify_one();
        }
    }

    fn measure(&self) {
        let refused = self.known.read().values().filter(|campaign| campaign.is_refused_from_memory()).count();
        gauge!(REFUSED_FROM_MEMORY).set(u32::try_from(refused).unwrap_or(u32::MAX));
    }
}
