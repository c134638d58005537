//! Passes that tenants present, themselves or by their codes: each is new once.

use std::collections::HashSet;

use onsale_application::ports::{Redemption, Unavailable};
use onsale_support::lanes::Settle;

use super::locked::distinct;
use crate::database::{Database, SizedText, SqlError, Statement, Transaction, in_list, values_rows};
use crate::settling::{self, Failure, Run, Stage, Transact};

/// How many lanes there are; more would mean smaller groups, fewer a longer queue.
const LANES: u8 = 8;

/// Which lane a pass takes.
pub(super) fn lane(redemption: &Redemption) -> u8 {
    redemption.digest[0] % LANES
}

/// Whether it is the first time.
pub(super) type RedemptionAnswer = Result<bool, Unavailable>;

/// Settles what is presented.
pub(super) struct RedemptionSettler {
    pub(super) database: Database,
}

impl Settle<u8> for RedemptionSettler {
    type Command = Redemption;
    type Outcome = RedemptionAnswer;

    async fn settle(&self, _lane: &u8, group: Vec<Redemption>) -> Vec<RedemptionAnswer> {
        settling::settle(self, &group).await
    }
}

impl Transact for RedemptionSettler {
    type Command = Redemption;
    type Answer = RedemptionAnswer;

    const NAME: &'static str = "redemption";

    async fn transact(&self, redemptions: &[Redemption], run: Run) -> Result<Vec<RedemptionAnswer>, Failure> {
        let mut transaction = self.database.begin().await?;
        let digests = distinct(redemptions.iter().map(|redemption| redemption.digest));
        let before = presented(&mut transaction, &digests).await?;
        let mut seen = HashSet::new();
        let new = |one: &&Redemption| !before.contains(&one.digest) && seen.insert(one.digest);
        let mut new: Vec<Redemption> = redemptions.iter().filter(new).copied().collect();
        new.sort_unstable_by_key(|redemption| redemption.digest);
        if new.is_empty() {
            transaction.rollback().await?;
        } else {
            insert(&mut transaction, &new).await?;
            transaction.commit().await.map_err(Failure::at(Stage::Commit))?;
        }
        Ok(answers(redemptions, &before, run))
    }

    fn failed(&self, _redemption: &Redemption, failure: &Failure) -> RedemptionAnswer {
        if failure.error.is_unique_violation() {
            return Ok(false); // another replica was first, twice in a row
        }
        Err(Unavailable::because(&failure.error))
    }
}

/// The first of each digest that was not there `before` is new.
fn answers(redemptions: &[Redemption], before: &HashSet<[u8; 32]>, run: Run) -> Vec<RedemptionAnswer> {
    let mut seen = HashSet::new();
    let answer = |redemption: &Redemption| match before.contains(&redemption.digest) {
        // It may have been written by this very call, or it may be a second use: nobody can tell.
        true if run.may_have_committed => Err(Unavailable::because("a commit went unheard")),
        true => Ok(false),
        false => Ok(seen.insert(redemption.digest)),
    };
    redemptions.iter().map(answer).collect()
}

pub(super) static PRESENTED: SizedText =
    SizedText::new(|_, size| format!("SELECT digest FROM room_redemptions WHERE digest IN {}", in_list(size)));

async fn presented(transaction: &mut Transaction, digests: &[[u8; 32]]) -> Result<HashSet<[u8; 32]>, SqlError> {
    let rows = transaction.fetch_by_keys(&PRESENTED, &[], digests).await?;
    rows.iter().map(|row| row.get(0)).collect()
}

pub(super) static INSERT: SizedText = SizedText::new(|_, rows| {
    format!("INSERT INTO room_redemptions (digest, room_id, expires_at) VALUES {}", values_rows(rows, 3))
});

async fn insert(transaction: &mut Transaction, redemptions: &[Redemption]) -> Result<(), SqlError> {
    let row = |statement: Statement, redemption: &Redemption| {
        statement.bind(redemption.digest).bind(redemption.room).bind(redemption.expires_at)
    };
    transaction.write_rows(&INSERT, redemptions, row).await
}

/// Forgets passes.
pub(super) static DELETE: SizedText =
    SizedText::new(|_, size| format!("DELETE FROM room_redemptions WHERE digest IN {}", in_list(size)));
