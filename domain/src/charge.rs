//! Charging points: value from the outside world becomes a customer's balance.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::ids::{AccountId, ChargeId, EntryId};
use crate::money::Amount;
use crate::points::{EntryKind, EntryReferences, LedgerAccount, LedgerEntry};

/// The most points one charge may add: a slip of the finger stays small.
pub const CHARGE_LIMIT: Amount = match Amount::new(100_000_000) {
    Ok(amount) => amount,
    Err(_) => unreachable!(),
};

/// A customer's purchase of points, once its provider has the money.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Charge {
    /// Its identity.
    pub id: ChargeId,
    /// Who buys.
    pub customer: AccountId,
    /// How many points; from 1 to [`CHARGE_LIMIT`].
    pub amount: Amount,
    /// The provider's name.
    pub method: String,
    /// The entry that will record it.
    pub entry: EntryId,
}

/// A charge that has been recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChargeReceipt {
    /// What was charged.
    pub charge: Charge,
    /// The customer's points afterwards.
    pub balance: Amount,
    /// When.
    pub completed_at: DateTime<Utc>,
}

/// Why a charge was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ChargeRefusal {
    /// Zero, or above the limit for one charge.
    #[error("amount must be from 1 to {CHARGE_LIMIT}")]
    AmountOutOfRange,
    /// The balance would pass what an amount can be.
    #[error("the balance would be too large")]
    BalanceTooLarge,
    /// There is no such points account.
    #[error("there is no such account")]
    UnknownAccount,
}

/// Decides one charge on a customer whose balance is `balance`.
///
/// # Errors
/// [`ChargeRefusal`]; nothing has moved then.
pub fn decide(
    balance: Option<Amount>,
    charge: &Charge,
    now: DateTime<Utc>,
) -> Result<(ChargeReceipt, LedgerEntry), ChargeRefusal> {
    let balance = balance.ok_or(ChargeRefusal::UnknownAccount)?;
    if charge.amount == Amount::ZERO || charge.amount > CHARGE_LIMIT {
        return Err(ChargeRefusal::AmountOutOfRange);
    }
    let balance = balance.checked_add(charge.amount).ok_or(ChargeRefusal::BalanceTooLarge)?;
    let entry = LedgerEntry {
        id: charge.entry,
        kind: EntryKind::Charge,
        debit: LedgerAccount::Outside,
        credit: LedgerAccount::Customer(charge.customer),
        amount: charge.amount,
        balance_after: Some(balance),
        at: now,
        references: EntryReferences { charge: Some(charge.id), ..EntryReferences::default() },
    };
    Ok((ChargeReceipt { charge: charge.clone(), balance, completed_at: now }, entry))
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use uuid::Uuid;

    use super::{CHARGE_LIMIT, Charge, ChargeRefusal, decide};
    use crate::ids::{AccountId, ChargeId, EntryId};
    use crate::money::Amount;

    fn charge(amount: Amount) -> Charge {
        Charge {
            id: ChargeId(Uuid::from_u128(1)),
            customer: AccountId(Uuid::from_u128(2)),
            amount,
            method: "test".to_owned(),
            entry: EntryId(Uuid::from_u128(3)),
        }
    }

    #[test]
    fn a_charge_moves_its_amount_from_outside_to_the_customer() {
        let amount = Amount::new(500).unwrap();
        let (receipt, entry) = decide(Some(amount), &charge(amount), DateTime::UNIX_EPOCH).unwrap();
        assert_eq!(receipt.balance.units(), 1_000);
        assert_eq!((entry.signed_amount(), entry.balance_after), (500, Some(receipt.balance)));
    }

    #[test]
    fn a_charge_outside_its_limits_moves_nothing() {
        let now = DateTime::UNIX_EPOCH;
        let over = CHARGE_LIMIT.checked_add(Amount::new(1).unwrap()).unwrap();
        for amount in [Amount::ZERO, over] {
            assert_eq!(decide(Some(Amount::ZERO), &charge(amount), now), Err(ChargeRefusal::AmountOutOfRange));
        }
        let full = decide(Some(Amount::MAX), &charge(CHARGE_LIMIT), now);
        assert_eq!(full, Err(ChargeRefusal::BalanceTooLarge));
        assert_eq!(decide(None, &charge(CHARGE_LIMIT), now), Err(ChargeRefusal::UnknownAccount));
    }
}
