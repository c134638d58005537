//! Adding and changing campaigns.

use onsale_application::ports::{BusMessage, CampaignChange, CampaignEditError, OperatorActionKind, Unavailable};
use onsale_domain::coupon::{CampaignRecord, CouponCampaign};
use onsale_domain::ids::{AccountId, ConcertId, CouponCampaignId};

use super::{SqlCoupons, campaign};
use crate::catalogue::journal::{self, Line};
use crate::database::{SqlError, Statement, Transaction};
use crate::settling::attempt;

type Edited = Result<CampaignRecord, CampaignEditError>;

impl SqlCoupons {
    /// Adds a campaign.
    pub(super) async fn add(&self, campaign: &CouponCampaign, operator: Option<AccountId>) -> Edited {
        let record = CampaignRecord::new(campaign.clone().checked()?);
        attempt(|| self.try_add(&record, operator)).await.map_err(Unavailable::from)?
    }

    async fn try_add(&self, record: &CampaignRecord, operator: Option<AccountId>) -> Result<Edited, SqlError> {
        let mut transaction = self.database.begin().await?;
        let campaign = &record.campaign;
        if let Some(known) = campaign::lock(&mut transaction, campaign.id).await? {
            return Ok(Ok(known)); // by an earlier run
        }
        if let Some(concert) = campaign.concert
            && !has_concert(&mut transaction, concert).await?
        {
            return Ok(Err(CampaignEditError::UnknownConcert));
        }
        campaign::insert(&mut transaction, record).await?;
        let line = Line::added(OperatorActionKind::CouponCampaignCreated, campaign.id.0, campaign);
        journal::write(&mut transaction, &self.context, operator, line).await?;
        transaction.commit().await?;
        Ok(Ok(record.clone()))
    }

    /// Changes a campaign under its lock.
    pub(super) async fn edit(
        &self,
        id: CouponCampaignId,
        change: &CampaignChange,
        operator: Option<AccountId>,
    ) -> Edited {
        let edited = attempt(|| self.try_edit(id, change, operator)).await.map_err(Unavailable::from)?;
        edited.inspect(|record| {
            self.bus.publish(BusMessage::Campaign { campaign: id, change: record.change });
        })
    }

    async fn try_edit(
        &self,
        id: CouponCampaignId,
        change: &CampaignChange,
        operator: Option<AccountId>,
    ) -> Result<Edited, SqlError> {
        let mut transaction = self.database.begin().await?;
        let Some(before) = campaign::lock(&mut transaction, id).await? else {
            return Ok(Err(CampaignEditError::UnknownCampaign));
        };
        let wanted = change.clone().applied_to(before.campaign.clone());
        let after = match before.clone().changed_to(wanted) {
            Ok(after) => after,
            Err(refusal) => return Ok(Err(refusal.into())),
        };
        if after.change != before.change {
            campaign::write_terms(&mut transaction, &after).await?;
            let kind = OperatorActionKind::CouponCampaignChanged;
            let line = Line::changed(kind, id.0, &before.campaign, &after.campaign);
            journal::write(&mut transaction, &self.context, operator, line).await?;
            transaction.commit().await?;
        }
        Ok(Ok(after))
    }
}

async fn has_concert(transaction: &mut Transaction, concert: ConcertId) -> Result<bool, SqlError> {
    let statement = Statement::new("SELECT 1 FROM concerts WHERE concert_id = ?").bind(concert);
    Ok(transaction.fetch_optional(statement).await?.is_some())
}
