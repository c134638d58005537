//! Coupons of one campaign, issued together.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use onsale_application::ports::{Context, Done, IssueOrder, StepError};
use onsale_domain::coupon::{self, Coupon, IssueCoupon, IssueFacts, IssueRefusal, Issued};
use onsale_domain::ids::{AccountId, CouponCampaignId};
use onsale_support::lanes::Settle;

use super::{campaign, piece};
use crate::database::{Database, SqlError, Transaction};
use crate::sales::{Recall, RequestName, Requests, Step, commit, failed};
use crate::settling::{self, Failure, Run, Transact};

/// Somebody's wish, and what the caller calls it.
#[derive(Clone, Debug)]
pub(super) struct IssueCommand {
    issue: IssueCoupon,
    name: Option<RequestName>,
}

impl From<IssueOrder> for IssueCommand {
    fn from(order: IssueOrder) -> Self {
        let (account, subject) = (order.issue.customer, Some(order.campaign.0));
        let name = order.idempotency.map(|key| RequestName { account, step: Step::Issue, subject, key });
        Self { issue: order.issue, name }
    }
}

/// The answer to a wish.
pub(super) type IssueAnswer = Result<Done<Coupon>, StepError<IssueRefusal>>;

/// Issues the coupons of any campaign.
pub(super) struct IssueSettler {
    pub(super) database: Database,
    pub(super) context: Context,
}

impl Settle<CouponCampaignId> for IssueSettler {
    type Command = IssueCommand;
    type Outcome = IssueAnswer;

    async fn settle(&self, campaign: &CouponCampaignId, group: Vec<IssueCommand>) -> Vec<IssueAnswer> {
        settling::settle(&Issuing { settler: self, campaign: *campaign }, &group).await
    }
}

/// The wishes for one campaign's coupons.
struct Issuing<'a> {
    settler: &'a IssueSettler,
    campaign: CouponCampaignId,
}

impl Transact for Issuing<'_> {
    type Command = IssueCommand;
    type Answer = IssueAnswer;

    const NAME: &'static str = "coupon";

    /// Which coupons exist is asked in every run, so that one whose commit nobody heard of is found.
    async fn transact(&self, commands: &[IssueCommand], _run: Run) -> Result<Vec<IssueAnswer>, Failure> {
        let mut transaction = self.settler.database.begin().await?;
        let Some(record) = campaign::lock(&mut transaction, self.campaign).await? else {
            transaction.rollback().await?;
            return Ok(commands.iter().map(|_| Err(StepError::Refused(IssueRefusal::UnknownCampaign))).collect());
        };
        let customers: BTreeSet<AccountId> = commands.iter().map(|command| command.issue.customer).collect();
        let customers: Vec<AccountId> = customers.into_iter().collect();
        let coupons = piece::of_customers(&mut transaction, self.campaign, &customers).await?;
        let names: Vec<&RequestName> = commands.iter().filter_map(|command| command.name.as_ref()).collect();
        let requests = Requests::load(&mut transaction, &names).await?;
        let now = self.settler.context.now(); // once nobody else can come in between
        let facts = IssueFacts { record, coupons };
        let group = Group { facts, requests, new: Vec::new(), answers: Vec::with_capacity(commands.len()) };
        let group = group.decide_all(commands, now)?;
        if group.new.is_empty() {
            transaction.rollback().await?;
        } else {
            group.write(&mut transaction).await?;
            group.requests.write(&mut transaction, now).await?;
            commit(transaction, Self::NAME).await?;
        }
        Ok(group.answers)
    }

    fn failed(&self, command: &IssueCommand, failure: &Failure) -> IssueAnswer {
        Err(failed(command.name.as_ref(), failure))
    }
}

/// A group while it is being decided.
struct Group {
    facts: IssueFacts,
    requests: Requests,
    new: Vec<Coupon>,
    answers: Vec<IssueAnswer>,
}

impl Group {
    /// Decides the wishes in their order, each seeing what those before it took.
    fn decide_all(mut self, commands: &[IssueCommand], now: DateTime<Utc>) -> Result<Self, SqlError> {
        for command in commands {
            let answer = self.decide(command, now)?;
            self.answers.push(answer);
        }
        Ok(self)
    }

    fn decide(&mut self, command: &IssueCommand, now: DateTime<Utc>) -> Result<IssueAnswer, SqlError> {
        let recalled = command.name.as_ref().map_or(Ok(Recall::Unknown), |name| self.requests.recall(name))?;
        match recalled {
            Recall::Answered(coupon) => return Ok(Ok(answered(coupon, command.issue))),
            Recall::Reused => return Ok(Err(StepError::IdempotencyKeyReused)),
            Recall::Unknown => {}
        }
        let issued = match coupon::decide(&self.facts, command.issue, now) {
            Ok(issued) => issued,
            Err(refusal) => return Ok(Err(StepError::Refused(refusal))),
        };
        self.facts.apply(&issued);
        let coupon = issued.coupon();
        if let Issued::New(coupon) = issued {
            self.new.push(coupon);
            if let Some(name) = &command.name {
                self.requests.remember(name, &coupon)?;
            }
        }
        Ok(Ok(Done { value: coupon, replayed: false }))
    }

    async fn write(&self, transaction: &mut Transaction) -> Result<(), SqlError> {
        let record = &self.facts.record;
        campaign::write_issued(transaction, record.campaign.id, record.issued).await?;
        piece::insert(transaction, &self.new).await
    }
}

/// A stored answer; it is no replay when it is this very run's, whose commit nobody heard of.
fn answered(coupon: Coupon, issue: IssueCoupon) -> Done<Coupon> {
    Done { replayed: coupon.id != issue.coupon, value: coupon }
}
