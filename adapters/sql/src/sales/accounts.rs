//! Customers' points accounts: their balances, and the locks on everything of theirs.

use std::collections::HashMap;

use onsale_domain::ids::AccountId;
use onsale_domain::money::Amount;

use crate::database::{SizedText, SqlError, Statement, Transaction, in_list, values_rows};
use crate::settling::{Failure, Stage};

pub(super) static LOCK: SizedText = SizedText::new(|dialect, size| {
    format!(
        "SELECT account_id, balance FROM points_accounts{} WHERE account_id IN {} ORDER BY account_id{}",
        dialect.by_primary_key(),
        in_list(size),
        dialect.for_update()
    )
});

/// Locks the accounts of `customers` and reads their balances. They are locked in ascending order, as everybody does:
/// two groups that share customers wait for each other and never deadlock.
pub(super) async fn lock(
    transaction: &mut Transaction,
    mut customers: Vec<AccountId>,
) -> Result<HashMap<AccountId, Amount>, Failure> {
    customers.sort_unstable();
    customers.dedup();
    let rows = transaction.fetch_by_keys(&LOCK, &[], &customers).await.map_err(Failure::at(Stage::Accounts))?;
    Ok(rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect::<Result<_, SqlError>>()?)
}

pub(super) static UPDATE: SizedText = SizedText::new(|dialect, rows| {
    let update = dialect.on_duplicate(&["account_id"], &["balance"]);
    format!("INSERT INTO points_accounts (account_id, balance) VALUES {}{update}", values_rows(rows, 2))
});

/// Writes new balances of accounts that exist and are locked.
pub(super) async fn write(
    transaction: &mut Transaction,
    balances: impl IntoIterator<Item = (AccountId, Amount)>,
) -> Result<(), SqlError> {
    let balances: Vec<_> = balances.into_iter().collect();
    let row = |statement: Statement, (account, balance): &(AccountId, Amount)| statement.bind(*account).bind(*balance);
    transaction.write_rows(&UPDATE, &balances, row).await
}
